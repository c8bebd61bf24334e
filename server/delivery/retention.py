"""How long the events of a room are kept, and removing what is older a little at a time while a server runs.

Knows the log's `prune` and the writer, between whose batches it is done; nothing of SQL, sessions or clients.
"""

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from protocol import names
from server.delivery import clock_guard
from server.errors import StorageError

if TYPE_CHECKING:
    from server.context import Core

logger = logging.getLogger(__name__)

STEP = 250
"""Events removed in one transaction: 4 to 9 ms, in which the sends of others gather."""

ROUND_SECONDS = 3600
"""Between two looks. Nobody counts the hours of what is kept for weeks."""

_FOREVER = "forever"
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


@dataclass(slots=True, frozen=True)
class Retention:
    """Seconds for which events are kept, None for ever: `usual`, and that of single rooms; and the records of
    the audit."""

    usual: int | None = None
    rooms: Mapping[str, int | None] = field(default_factory=dict)
    audit: int | None = None

    def seconds(self, room: str) -> int | None:
        """For how long the events of this room are kept."""
        return self.rooms.get(room, self.usual)

    @property
    def forever(self) -> bool:
        """Nothing is ever removed."""
        return self.usual is None and not any(self.rooms.values()) and self.audit is None


FOREVER = Retention()
"""All of it is kept."""


def parse_age(text: str) -> int:
    """`90d` in seconds; raises `ValueError` with what would be right."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhdwy])", text)
    if found is None:
        raise ValueError(f"{text!r} is no age: a number and m, h, d, w or y, as in 90d")
    return int(found[1]) * _UNITS[found[2]]


class Age(str):
    """`90d`, or `forever`."""

    __slots__ = ()

    @property
    def seconds(self) -> int | None:
        """The same in seconds, None for ever."""
        return None if self == _FOREVER else parse_age(self)


def check_age(text: str) -> Age:
    """An age that makes sense; raises `ValueError` for others."""
    if text != _FOREVER:
        parse_age(text)
    return Age(text)


class Rule(str):
    """`90d` for all rooms, `#room=7d` or `#room=forever` for one."""

    __slots__ = ()


def parse_rule(text: str) -> Rule:
    """A rule that makes sense; raises `ValueError` for others."""
    parse([Rule(text)])
    return Rule(text)


def parse(rules: Sequence[Rule]) -> Retention:
    """What the rules say together; the later ones count more. Raises `ValueError`, as above."""
    usual: int | None = None
    rooms: dict[str, int | None] = {}
    for rule in rules:
        room, equals, age = rule.rpartition("=")
        seconds = None if age == _FOREVER else parse_age(age)
        if equals:
            rooms[names.check_room_name(room)] = seconds
        else:
            usual = seconds
    return Retention(usual, rooms)


async def prune(core: "Core", retention: Retention) -> int:
    """Remove what is too old now; returns how many events that were. Raises `StorageError`."""
    removed = 0
    for room in tuple(core.state.rooms):
        seconds = retention.seconds(room)
        if seconds is not None:
            before = core.clock() - seconds * 1000
            while count := await core.writer.aside(partial(core.log.prune, room, before, STEP)):
                removed += count
    if retention.audit is not None:
        before = core.clock() - retention.audit * 1000
        while await core.writer.aside(partial(core.log.prune_audit, before, STEP)):
            pass
    while await core.writer.aside(core.log.tidy):
        pass
    return removed


async def clock_is_believed(core: "Core") -> bool:
    """Whether what seems old is old; see `clock_guard`. Raises `StorageError`."""
    stored = await core.writer.between(core.log.clock_note)
    note = clock_guard.look(msgspec.json.decode(stored or b"{}", type=clock_guard.Note), core.clock())
    await core.writer.between(partial(core.log.keep_clock_note, msgspec.json.encode(note)))
    return not note.jumped


async def keep_pruned(core: "Core", retention: Retention) -> None:
    """Remove what is too old, now and every hour, until cancelled."""
    while not retention.forever:
        try:
            if await clock_is_believed(core):
                await prune(core, retention)
        except StorageError as error:
            logger.warning("old events could not be removed: %s", error)
        await asyncio.sleep(ROUND_SECONDS)
