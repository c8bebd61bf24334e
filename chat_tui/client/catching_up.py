"""What is unread and was never fetched: got in the background, so that it is known what in it is a mention,
and where the new begins.

After a long absence, or on a new device, a room holds its newest page only. Its older events come by
`load_older`, as if one scrolled up: a page at a time, one room after the other, and no more than `REACH` of a
room. Knows a client and what it tells; who keeps no events has no use for this.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

from chat_tui.client import updates
from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from protocol import limits

REACH = 1_000
"""Events of a room, as many as the server counts."""

PAUSE_SECONDS = 0.05
"""Between two pages: what the person does meanwhile goes first."""


class CatchingUp:
    """See the module. `later` runs work beside the rest."""

    def __init__(self, client: Client, later: Callable[[Coroutine[None, None, None]], object]) -> None:
        self._client = client
        self._later = later
        self._got: Counter[str] = Counter()
        self._busy = False

    def hear(self, update: updates.Update) -> None:
        """Begin if what the client tells may leave something to fetch."""
        match update:
            case updates.Restarted(room):
                del self._got[room]
            case updates.StatusChanged(status) if status.phase == "online":
                self._got.clear()
            case updates.RoomsChanged():
                pass
            case _:
                return
        if not self._busy and self._client.status.phase == "online" and self._next() is not None:
            self._busy = True
            self._later(self._work())

    def _next(self) -> Room | None:
        rooms = self._client.rooms.values()
        return next((room for room in rooms if room.behind and self._got[room.name] < REACH), None)

    async def _work(self) -> None:
        try:
            while room := self._next():
                base = room.base
                await self._client.load_older(room, limits.PAGE)
                got = base - room.base
                self._got[room.name] += got or REACH  # nothing: there is none to be had
                await asyncio.sleep(PAUSE_SECONDS)
        except ClientError:
            pass  # not connected: it begins again with the next connection
        finally:
            self._busy = False
