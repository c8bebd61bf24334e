"""Rows of a log as the text that can be selected and copied."""

from datetime import date

from chat_tui.markup.wrapping import displayable
from chat_tui.timeline.rows import Activity, DayLine, Message, Row
from chat_tui.timeline.timeline import Timeline

DELETED = "message deleted"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def text_of(row: Row) -> str:
    """The text of a row, as it was written."""
    if isinstance(row, Message):
        if row.deleted:
            return displayable(f"{DELETED} by {row.deleted_by}" if row.deleted_by else DELETED)
        return displayable(f"{row.name} {row.text}" if row.action else row.text)
    if isinstance(row, DayLine):
        return day_name(row.day)
    return displayable(row.text() if isinstance(row, Activity) else row.text)


def copied(row: Row, timeline: Timeline, text: str) -> str:
    """`text`, which is of this row, as it is copied together with other rows."""
    if isinstance(row, Message):
        begin = "* " if row.action and not row.deleted else f"{row.name}: "
        return f"[{timeline.clock(row)}] {begin}{text}"
    return f"— {text} —" if isinstance(row, DayLine) else text


def day_name(day: date) -> str:
    """`Monday, 23 November 2026`."""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
