"""Read markers on their way to the server: gathered, so that reading a room is one request and not fifty.

Knows how to ask; of rooms only their names. What is not sent in time is told again after the next sync.
"""

import asyncio
from collections.abc import Awaitable, Callable

from chat_tui.client.errors import LostError, RequestError
from protocol import frames
from protocol.frames import Result

READ_SECONDS = 0.5
"""How long markers are gathered."""


class ReadMarkers:
    """See the module. `ask` sends a request; `later` runs work beside the rest."""

    def __init__(
        self,
        ask: Callable[[frames.Read], Awaitable[Result]],
        later: Callable[["asyncio._CoroutineLike[None]"], None],
    ) -> None:
        self._ask = ask
        self._later = later
        self._unsent: dict[str, int] = {}
        self._sending = False

    def put(self, room: str, seq: int) -> None:
        """The server has to know of this one."""
        self._unsent[room] = seq

    def drop(self, room: str) -> None:
        """We are no longer in that room."""
        self._unsent.pop(room, None)

    def clear(self) -> None:
        """What was to be told is void."""
        self._unsent.clear()

    def send_soon(self) -> None:
        """Tell the server in a moment, if there is something to tell."""

        async def work() -> None:
            try:
                await asyncio.sleep(READ_SECONDS)
            finally:
                self._sending = False
            await self.send()

        if self._unsent and not self._sending:
            self._sending = True
            self._later(work())

    async def send(self) -> None:
        """Tell the server now."""
        while self._unsent:
            name, seq = next(iter(self._unsent.items()))
            try:
                await self._ask(frames.Read(1, name, seq))
            except LostError:
                return  # sent after the next sync
            except RequestError as error:
                if error.retry_after is not None:
                    await asyncio.sleep(error.retry_after / 1000)
                    continue
                # a room we are no longer in
            if self._unsent.get(name) == seq:
                del self._unsent[name]
