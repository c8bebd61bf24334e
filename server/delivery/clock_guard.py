"""Whether the clock can be believed, before anything is removed because of its age.

A clock that is set 200 days ahead makes everything old. The server notes the time whenever it looks at what
is old, every hour; if the next time is more than a day later, either the clock was set or the server was not
running, and nothing tells which. So nothing is removed for a week, in which somebody can set the clock right
(then it goes on at once) or leave it. Knows nothing of where the note is kept.
"""

import logging
from datetime import UTC, datetime

import msgspec

logger = logging.getLogger(__name__)

DAY_MS = 86_400_000

GAP_MS = DAY_MS
"""Longer than between two looks, and than most restarts and corrections of a clock."""

HOLD_MS = 7 * DAY_MS
"""Long enough for an operator to see the log."""


class Note(msgspec.Struct, frozen=True):
    """When one looked last (ms since 1970), what the time was before it jumped, and when it did; 0: it did
    not."""

    seen: int = 0
    before: int = 0
    jumped: int = 0


def look(note: Note, now: int) -> Note:
    """The note for the next time; nothing may be removed while its `jumped` is not 0."""
    if note.jumped and now < note.jumped:
        logger.info("the clock was set back to %s: old events are removed again", _date(now))
        return Note(now)
    if note.seen and now - note.seen > GAP_MS:
        before = note.before or note.seen
        logger.error(
            "the clock says %s, and an hour ago or when the server last ran it was %s: nothing is removed "
            "because of its age until %s. Set the clock right if it is wrong; `chat-server prune` "
            "removes at once",
            _date(now), _date(before), _date(now + HOLD_MS),
        )  # fmt: skip
        return Note(now, before, now)
    if note.jumped and now - note.jumped >= HOLD_MS:
        logger.info("the clock has gone on for a week: old events are removed again")
        return Note(now)
    return Note(now, note.before, note.jumped)


def _date(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M} UTC"
