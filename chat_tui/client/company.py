"""The people, for a client: who is there, who writes, whom one does not want to read, being away and called.

Puts these parts together with the client's connection, rooms and cache. Each is a small thing of its own;
here stands only what has to happen to all of them when.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from chat_tui.client import updates
from chat_tui.client.cache import Cache
from chat_tui.client.connection import Connection
from chat_tui.client.errors import RequestError
from chat_tui.client.idling import Idling
from chat_tui.client.mentions import MentionMatcher
from chat_tui.client.mine import Mine
from chat_tui.client.requests import Ask, Later
from chat_tui.client.room import Room
from chat_tui.client.typing import Typing
from chat_tui.client.watching import Watching
from protocol import frames
from protocol.frames import Frame


class Company:
    """See the module. `watching`, `typing`, `mine` and `idling` are the parts; `calls` is by what the user is
    called."""

    def __init__(
        self,
        ask: Ask,
        later: Later,
        listen: Callable[[updates.Update], None],
        rooms: dict[str, Room],
        cache: Cache | None,
        resync: Callable[[], None],
        name: str,
    ) -> None:
        """`listen` gets updates; `resync` has the server count anew what is unread; `name` is the user's."""
        self._later = later
        self._listen = listen
        self._rooms = rooms
        self._cache = cache
        self._resync = resync
        self._connection: Connection | None = None
        self.mine = Mine(ask, later, self._hear)
        self.calls = MentionMatcher(name)
        self.idling = Idling(ask, later)
        self.typing = Typing(self._send_typing, listen, self.mine.ignored)
        self.watching = Watching(ask, later, rooms, listen)
        if cache is not None:
            self.mine.ignored |= cache.held.ignored
            self.mine.levels |= cache.held.levels
        for room in rooms.values():
            self.meet(room)
            room.judge_anew()  # the cache counted without knowing whom

    def meet(self, room: Room) -> None:
        """A room that the client has now: what ignored people say in it does not count, what calls does."""
        room.ignored, room.levels, room.calls = self.mine.ignored, self.mine.levels, self.calls

    def receive(self, frame: Frame) -> None:
        """A frame that came unasked; those of others are nothing to us."""
        match frame:
            case frames.Presence() | frames.People() | frames.RoleChanged():
                self.watching.receive(frame)
            case frames.Typing():
                self.typing.receive(frame)
            case frames.MineChanged():
                self.mine.take(frame)

    # --- what happens to the connection

    async def entered(self, connection: Connection) -> None:
        """We are in, before `sync`: if nobody sits here, nobody shall think so for a moment."""
        self._connection = connection
        self.idling.told = False
        if self.idling.idle and "away" in connection.features:
            with suppress(RequestError):
                await connection.request(frames.Idle(1, on=True))
                self.idling.told = True

    def resume(self) -> None:
        """All is as before the connection was lost: say what had to wait."""
        self.mine.resume()
        if self._can("away"):
            self.idling.say_soon()
        self._later(self.watching.send())

    def missed(self) -> None:
        """The server has left something out."""
        self._later(self.watching.send())
        self._later(self.mine.refresh())

    def lost(self) -> None:
        """There is no connection."""
        self._connection = None
        self.watching.lost()
        self.typing.lost()

    def stop(self) -> None:
        """The client ends."""
        self.idling.stop()
        self.typing.lost()

    def _can(self, feature: str) -> bool:
        return self._connection is not None and feature in self._connection.features

    # --- what is said

    def said(self) -> None:
        """Our person has said something: that they wrote is told by it, and they are away no more."""
        self.typing.sent()
        self.mine.spoke()

    def heard(self, room: str, users: set[int]) -> None:
        """These have said something in the room: they have written what they wrote."""
        for user in users:
            self.typing.spoke(room, user)

    def _send_typing(self, frame: frames.Typing) -> None:
        if self._connection is not None and self._can("typing"):
            self._connection.tell(frame)

    # --- whom one does not want to read

    def hides(self, user: int) -> bool:
        """Whether nobody wants to read what that user says."""
        return user in self.mine.ignored

    # --- being called

    def renamed(self, name: str) -> None:
        """The user is called that now."""
        self.calls.name = name
        self._look_for_calls()

    def call_by(self, words: Iterable[str]) -> None:
        """These words call the user too."""
        self.calls.by(words)
        self._look_for_calls()

    def _look_for_calls(self) -> None:
        for room in self._rooms.values():
            room.look_for_calls()

    def _hear(self, update: updates.Update) -> None:
        if isinstance(update, updates.LevelsChanged) and self._cache is not None:
            self._cache.keep_levels(self.mine.levels)
        if isinstance(update, updates.IgnoredChanged):
            if self._cache is not None:
                self._cache.ignore(self.mine.ignored)
            counted = [room.judge_anew() for room in self._rooms.values()]
            for name in self._rooms:
                self._listen(updates.RoomChanged(name))
            if not all(counted):
                self._resync()
        self._listen(update)
