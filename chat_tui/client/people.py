"""The people of a watched room, as far as the server lists them: a pure model, no connection and no clock.

Text of the network is sanitized here, on its way in.
"""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec

from chat_tui.client.events import NAME
from protocol import frames, limits
from protocol.text import clean_line

REASON = 4 * limits.AWAY
"""Characters of what somebody said when they went away, at most."""

LISTED = limits.LISTS[-1]
"""People in the list, at most: no server has to list more."""

_Key = tuple[bool, str, str]


class Person(msgspec.Struct, frozen=True):
    """Somebody who is online. `text`: what they said when they went away."""

    name: str
    away: bool = False
    text: str = ""


class People:
    """`listed` are those in the list: who is not away first, by name.

    `total` counts all who are online in the room, also those beyond the list, `away` how many are away. The
    list is kept in order: who comes and goes costs the same whatever its length.
    """

    def __init__(self) -> None:
        self.listed: list[Person] = []
        self._keys: list[_Key] = []  # theirs, in the same order
        self._by_name: dict[str, Person] = {}
        self._count: frames.Count | None = None

    @property
    def names(self) -> list[str]:
        """Of those in the list."""
        return [person.name for person in self.listed]

    @property
    def total(self) -> int:
        """All who are online; without the server's word for it, those in the list."""
        return self._count.total if self._count is not None else len(self.listed)

    @property
    def away(self) -> int:
        """How many of them are away."""
        return self._count.away if self._count is not None else sum(person.away for person in self.listed)

    @property
    def beyond(self) -> int:
        """How many are not in the list."""
        return max(0, self.total - len(self.listed))

    @property
    def summary(self) -> str:
        """How many there are, in words."""
        here = f"{self.total - self.away} online"
        return f"{here}, {self.away} away" if self.away else here

    def restart(self, room: str, result: frames.WatchResult) -> None:
        """Take the list of a room from the answer to `watch`."""
        away = result.away.get(room, {})
        self._set(
            Person(clean_line(name, NAME), name in away, clean_line(away.get(name, ""), REASON))
            for name in result.online.get(room, ())[:LISTED]
        )
        self._count = result.counts.get(room)

    def change(self, told: frames.Presence) -> None:
        """Somebody came into the list, changed, or is in it no longer."""
        name = clean_line(told.name, NAME)
        before = self._by_name.pop(name, None)
        if before is not None:
            self._take_out(before)
        if told.online:
            self._put_in(Person(name, told.away, clean_line(told.text, REASON)))

    def count(self, told: frames.People) -> None:
        """So many are there now."""
        self._count = frames.Count(told.total, told.away)

    def forget(self) -> bool:
        """Nothing is known any more; returns whether something was."""
        known = bool(self.listed or self._count)
        self._set(())
        self._count = None
        return known

    def _set(self, people: Iterable[Person]) -> None:
        self._by_name = {person.name: person for person in people}
        self.listed = sorted(self._by_name.values(), key=_key)
        self._keys = [_key(person) for person in self.listed]

    def _put_in(self, person: Person) -> None:
        key = _key(person)
        at = bisect_left(self._keys, key)
        self._keys.insert(at, key)
        self.listed.insert(at, person)
        self._by_name[person.name] = person
        if len(self.listed) > LISTED:
            self._take_out(last := self.listed[-1])
            del self._by_name[last.name]

    def _take_out(self, person: Person) -> None:
        at = bisect_left(self._keys, _key(person))
        del self._keys[at], self.listed[at]


def _key(person: Person) -> _Key:
    """By what they are put in order."""
    return person.away, person.name.casefold(), person.name
