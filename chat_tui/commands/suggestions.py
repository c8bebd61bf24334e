"""The rooms and people that one may mean, those most likely meant first: for completion and for the switcher.

Knows what the client holds, and remembers which rooms were in view. Asks nobody.
"""

from collections.abc import Iterable

from chat_tui.client.client import Client
from chat_tui.client.events import ROOM, TOPIC
from chat_tui.client.people import Person
from chat_tui.client.room import Room
from chat_tui.commands.completion import AWAY, ONLINE, PersonCandidate, RoomCandidate
from protocol import frames
from protocol.names import fold
from protocol.text import clean_line

FRESH_SECONDS = 60.0
"""The server is asked again for its rooms after so long."""

PAGES = 8
"""Pages of the server's rooms that are kept, those that came last."""

RECENT, FEW = 200, 20
"""Messages whose senders are known: of the room in view, and of each of the others."""


class Suggestions:
    """See the module."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._visited: dict[str, None] = {}  # the room in view last
        self._asked: dict[str, float] = {}  # after which names, and when
        self._few = True  # all rooms of the server fit into one page
        self._places: dict[str, list[RoomCandidate]] = {}  # pages, by the name that they come after

    # --- rooms

    def visit(self, room: str) -> None:
        """This room is in view now."""
        self._visited.pop(room, None)
        self._visited[room] = None

    def rooms(self, order: Iterable[str]) -> list[Room]:
        """Those one was in last, the last one first; then the others, in this order."""
        names = dict.fromkeys([*reversed(self._visited), *order])
        return [self._client.rooms[name] for name in names if name in self._client.rooms]

    def visited(self, room: Room) -> bool:
        """Whether it was in view since the start."""
        return room.name in self._visited

    def next_question(self, now: float, name: str) -> str | None:
        """After which name the server should be asked for its rooms now, where `name` is being typed; None:
        it need not be asked. Who is told so does it."""
        after = "" if self._few else fold(f"#{name.removeprefix('#')}")
        asked = self._asked.get(after)
        if asked is not None and now - asked < FRESH_SECONDS:
            return None
        self._asked[after] = now
        return after

    def learn(self, after: str, result: frames.RoomsResult) -> None:
        """The server has told which rooms it has."""
        if not after:
            self._few = result.complete
        self._places.pop(after, None)
        self._places[after] = [
            RoomCandidate(clean_line(info.room, ROOM), clean_line(info.topic, TOPIC) or "you are not in it")
            for info in result.rooms
        ]
        while len(self._places) > PAGES:
            forgotten = next(iter(self._places))
            del self._places[forgotten]
            self._asked.pop(forgotten, None)

    def other_rooms(self) -> list[RoomCandidate]:
        """Those of the server that one is not in, as far as it has told."""
        found = {place.title: place for page in reversed(self._places.values()) for place in page}
        return [place for title, place in found.items() if title not in self._client.rooms]

    # --- people

    def people(self, room: Room | None) -> list[PersonCandidate]:
        """Those of a room: who spoke last first, then all who are there."""
        if room is None:
            return []
        spoke = (event.sender for event in reversed(room.events[-RECENT:]) if event.spoken)
        there = {person.name: person for person in room.people.listed}
        names = dict.fromkeys([*spoke, *there])
        names.pop(self._client.name, None)
        return [_candidate(name, there.get(name)) for name in names]

    def strangers(self, here: Room | None) -> list[PersonCandidate]:
        """Whom one knows from other rooms only."""
        names: dict[str, Person | None] = {}
        for room in self._client.rooms.values():
            if room.direct:
                names.setdefault(room.partner, None)
            names.update((person.name, person) for person in room.people.listed)
            for event in room.events[-FEW:]:
                names.setdefault(event.sender, None)
        for name in (self._client.name, *(being.name for being in self.people(here))):
            names.pop(name, None)
        return [_candidate(name, person) for name, person in names.items()]


def _candidate(name: str, person: Person | None) -> PersonCandidate:
    if person is None:
        return PersonCandidate(name)
    if person.away:
        return PersonCandidate(name, AWAY, f"away: {person.text}" if person.text else "away")
    return PersonCandidate(name, ONLINE, "online")
