"""Days and times of day where the reader is.

Knows times in ms since 1970 and one time zone; nothing of what happened then.
"""

from datetime import UTC, date, datetime, tzinfo

# Times beyond these can't be shown in every time zone (or not at all, on Windows).
_EARLIEST = 2 * 86_400_000
_LATEST = 253_402_300_799_000 - 2 * 86_400_000

# Every offset from UTC is a multiple of this, so all its moments are of one local day.
_QUARTER_MS = 15 * 60_000


def clamped(time: int) -> int:
    """The nearest time that can be shown everywhere."""
    return min(max(time, _EARLIEST), _LATEST)


class LocalTime:
    """The clock and the calendar of a time zone (None: this computer's)."""

    def __init__(self, tz: tzinfo | None) -> None:
        self._tz = tz
        self._quarter = -1
        self._quarter_day = date.min

    def clock(self, time: int) -> str:
        """`HH:MM`."""
        return self._local(time).strftime("%H:%M")

    def day(self, time: int) -> date:
        """The day; quick for times that are near the one asked for before."""
        quarter = time // _QUARTER_MS
        if quarter != self._quarter:
            self._quarter = quarter
            self._quarter_day = self._local(quarter * _QUARTER_MS).date()
        return self._quarter_day

    def _local(self, time: int) -> datetime:
        return datetime.fromtimestamp(time / 1000, tz=UTC).astimezone(self._tz)
