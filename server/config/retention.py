"""How long events and records are kept, as people write it. Knows nothing of how they are removed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from protocol import names

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
