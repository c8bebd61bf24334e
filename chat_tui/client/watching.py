"""Knowing who is in the rooms in view: which lists the server keeps for us, and how long they are.

Knows how to ask; of rooms only their people. A list is short where many are in the room, and grows when
somebody wants to see more of it.
"""

from collections.abc import Callable
from contextlib import suppress

from chat_tui.client import updates
from chat_tui.client.errors import ClientError
from chat_tui.client.events import NAME
from chat_tui.client.requests import Ask, Later
from chat_tui.client.room import Room
from protocol import frames, limits
from protocol.text import clean_line

FEW, MANY, MOST = limits.LISTS
"""People listed: to fill a screen, to have all of a large team, and at most."""


class Watching:
    """See the module."""

    def __init__(
        self, ask: Ask, later: Later, rooms: dict[str, Room], tell: Callable[[updates.Update], None]
    ) -> None:
        self._ask = ask
        self._later = later
        self._rooms = rooms
        self._tell = tell
        self._watched: list[str] = []
        self._wanted = FEW
        self._answered = 0

    def watch(self, rooms: list[str]) -> None:
        """Know from now on who is online in these rooms."""
        if rooms != self._watched:
            self._watched = rooms
            self._wanted = FEW
            self._answered = 0
            self._later(self.send())

    def more(self) -> None:
        """Somebody wants to see more of the lists."""
        longer = [size for size in limits.LISTS if size > self._wanted]
        asking = self._answered != self._wanted
        if longer and not asking and any(room.people.beyond for room in self._known()):
            self._wanted = longer[0]
            self._later(self.send())

    def _known(self) -> list[Room]:
        return [self._rooms[name] for name in self._watched if name in self._rooms]

    async def send(self) -> None:
        """Tell the server; it is asked again after each sync."""
        rooms = self._known()
        large = any(room.members > MANY for room in rooms)
        wanted = self._wanted
        limit = wanted if large else max(wanted, MANY)

        def watched(result: frames.WatchResult) -> None:
            self._answered = wanted
            for room in rooms:
                if room.name in result.online:
                    room.people.restart(room.name, result)
                    for one in room.people.names:
                        room.calls.know(one)
                    given = result.roles.get(room.name, {}).items()
                    room.roles = {clean_line(person, NAME): role for person, role in given}
                    self._tell(updates.RoomChanged(room.name))

        with suppress(ClientError):
            await self._ask(frames.Watch(1, [room.name for room in rooms], limit), watched)

    def receive(self, frame: frames.Presence | frames.People | frames.RoleChanged) -> None:
        """Something has changed in a list, or in its numbers."""
        room = self._rooms.get(frame.room)
        if room is None:
            return
        if isinstance(frame, frames.Presence):
            room.people.change(frame)
        elif isinstance(frame, frames.People):
            room.people.count(frame)
        else:
            room.give_role(clean_line(frame.name, NAME), frame.role)
        self._tell(updates.RoomChanged(room.name))

    def lost(self) -> None:
        """There is no connection: nobody knows who is there."""
        for room in self._rooms.values():
            if room.people.forget():
                self._tell(updates.RoomChanged(room.name))
