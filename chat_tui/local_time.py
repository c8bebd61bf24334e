"""Days and times of day where the reader is, by this computer's time zone as it is now.

The C library reads the zone once, and a program that runs for weeks sees the computer travel. So the zone's
file is read here, and again when `TZ` or that file has changed. Knows times in ms since 1970 and one time
zone; nothing of what happened then.
"""

import os
import time as clocks
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SYSTEM = Path("/etc/localtime")

# Times beyond these can't be shown in every time zone (or not at all, on Windows).
_EARLIEST = 2 * 86_400_000
_LATEST = 253_402_300_799_000 - 2 * 86_400_000

# Every offset from UTC is a multiple of this, so all its moments are of one local day.
_QUARTER_MS = 15 * 60_000


def clamped(time: int) -> int:
    """The nearest time that can be shown everywhere."""
    return min(max(time, _EARLIEST), _LATEST)


class Zone:
    """This computer's time zone. `info` is None where only the C library can tell; `changes` counts."""

    def __init__(self, system: Path = SYSTEM) -> None:
        self._system = system
        self._known: object = None
        self.info: tzinfo | None = None
        self.changes = 0
        self.look_again()

    def look_again(self) -> bool:
        """Find out whether it is another one now."""
        name = os.environ.get("TZ")
        path = self._path(name)
        try:
            file = path.stat() if path is not None else None
        except OSError:
            file = None
        known = (name, file and (file.st_dev, file.st_ino, file.st_mtime_ns, file.st_size))
        if known == self._known:
            return False
        self._known = known
        self.info = self._read(name, path)
        self.changes += 1
        return True

    def _path(self, name: str | None) -> Path | None:
        """The file that says what the zone is, if it is not one of the known names."""
        if name is None:
            return self._system
        path = Path(name.removeprefix(":"))
        return path if path.is_absolute() else None

    def _read(self, name: str | None, path: Path | None) -> tzinfo | None:
        try:
            if path is not None:
                with path.open("rb") as file:
                    return ZoneInfo.from_file(file)
            return ZoneInfo(name.removeprefix(":")) if name else UTC
        except (OSError, ValueError, ZoneInfoNotFoundError):
            if hasattr(clocks, "tzset"):
                clocks.tzset()  # `TZ` may be a rule, such as CET-1CEST: only C reads those
            return None


ZONE = Zone()


def local(time: int) -> datetime:
    """A time where the reader is now."""
    ZONE.look_again()
    return _local(time, ZONE.info)


def moment(time: int) -> str:
    """Day and time of day, to the minute."""
    return f"{local(clamped(time)):%Y-%m-%d %H:%M}"


class LocalTime:
    """The clock and the calendar of a time zone (None: this computer's)."""

    def __init__(self, tz: tzinfo | None) -> None:
        self._tz = tz
        self._quarter = (-1, -1)
        self._quarter_day = date.min
        ZONE.look_again()

    def clock(self, time: int) -> str:
        """`HH:MM`."""
        return self._local(time).strftime("%H:%M")

    def day(self, time: int) -> date:
        """The day; quick for times that are near the one asked for before."""
        quarter = (time // _QUARTER_MS, ZONE.changes)
        if quarter != self._quarter:
            self._quarter = quarter
            self._quarter_day = self._local(quarter[0] * _QUARTER_MS).date()
        return self._quarter_day

    def _local(self, time: int) -> datetime:
        return _local(time, self._tz or ZONE.info)


def _local(time: int, tz: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(time / 1000, tz=UTC).astimezone(tz)
