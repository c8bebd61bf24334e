"""Rooms that one comes into without having asked here, and what comes of a room before it is known.

Joined from another device, written to by somebody for the first time: the server simply sends what happens
there. That is kept aside until `sync` has told of the room. (A `join` would too, but it might bring back who
was removed a moment later.) Knows how to ask and whom to tell; of rooms only which there are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container

from chat_tui.client.errors import ClientError
from protocol import frames

EARLY = 10_000
"""Events kept aside; beyond it they are fetched again."""


class Arrivals:
    """See the module. `joining`: rooms for whose answer we wait anyway; `@` stands for a direct one."""

    def __init__(
        self,
        rooms: Container[str],
        sync: Callable[[], Awaitable[frames.SyncResult]],
        met: Callable[[frames.SyncResult, Container[str]], None],
        replay: Callable[[], None],
        later: Callable[["asyncio._CoroutineLike[None]"], None],
    ) -> None:
        """`sync` asks; `met` gets the answer, and which rooms have gone meanwhile; `replay` looks at what was
        put aside."""
        self._rooms = rooms
        self._sync = sync
        self._met = met
        self._replay = replay
        self._later = later
        self._early: list[frames.Event] = []
        self._gone: set[str] = set()
        self._busy = self._again = False
        self.joining: set[str] = set()

    def keep(self, event: frames.Event) -> None:
        """Put an event aside whose room is not known yet."""
        if len(self._early) < EARLY:
            self._early.append(event)

    def take(self) -> list[frames.Event]:
        """What was put aside; it is to be looked at again."""
        early, self._early = self._early, []
        return early

    def clear(self) -> None:
        """The connection is lost."""
        self._early.clear()

    def gone(self, room: str) -> None:
        """We are in that room no longer: an answer that is on its way may not know it."""
        self._gone.add(room)

    def meet(self) -> None:
        """Ask which rooms we are in, for there is one that we don't know, or something was left out."""
        self._again = True
        if not self._busy:
            self._busy = True
            self._later(self._meet())

    def awaits(self, room: str) -> bool:
        """Whether an answer that tells of the room is on its way anyway."""
        return room in self.joining or (room.startswith("@") and "@" in self.joining)

    async def _meet(self) -> None:
        try:
            while self._again:
                self._again = False
                self._gone.clear()
                known = {id(event) for event in self._early}
                result = await self._sync()
                self._met(result, frozenset(self._gone))
                # What came before we asked is of a room that we know now, or of one we are in no longer.
                self._early = [
                    event
                    for event in self._early
                    if event.room in self._rooms or id(event) not in known or self.awaits(event.room)
                ]
                self._replay()
        except ClientError:
            pass  # the next sync tells of it
        finally:
            self._busy = False
