"""Notices that nobody has touched this program for a while, and tells the server.

The server shows a person as away when all of their sessions are idle. What a person says themself (see
`mine`) is another thing: a touch does not take it back. Knows how to ask; nothing of keys or screens.
"""

import asyncio
from contextlib import suppress

from chat_tui.client.errors import ClientError
from chat_tui.client.requests import Ask, Later
from protocol import frames


class Idling:
    """`touched` at each key press. Who never calls `after` is never idle: a bot is there as long as it runs.

    `told` is what the server knows of this session.
    """

    def __init__(self, ask: Ask, later: Later) -> None:
        self._ask = ask
        self._later = later
        self._loop = asyncio.get_running_loop()
        self._seconds = 0.0
        self._touched = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.idle = False
        self.told = False

    def after(self, seconds: float) -> None:
        """Be idle after so many seconds without a touch, beginning now; never if there are none."""
        if self._timer is not None:
            self._timer.cancel()
        self._seconds = seconds
        self._touched = self._loop.time()
        if seconds:
            self._look()
        elif self.idle:
            self.idle = False
            self.say_soon()

    def unattended(self) -> None:
        """Nobody sits here at all."""
        self.idle = True

    def touched(self) -> None:
        """Somebody has touched a key."""
        self._touched = self._loop.time()
        if self.idle and self._seconds:
            self.idle = False
            self.say_soon()
            self._look()

    def _look(self) -> None:
        left = self._touched + self._seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self.idle = True
            self.say_soon()

    def say_soon(self) -> None:
        """Tell the server how it is, if it does not know."""
        if self.told != self.idle:
            self._later(self._say())

    async def _say(self) -> None:
        with suppress(ClientError):  # not connected: said when we are
            while self.told != self.idle:
                idle = self.idle
                await self._ask(frames.Idle(1, idle))
                self.told = idle

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
