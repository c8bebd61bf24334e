"""Notices that the computer was asleep: a laptop that is opened again is a normal case.

While it sleeps the loop's clock stands still (as CLOCK_MONOTONIC does on Linux), the wall clock does not. A
clock that somebody sets forward looks the same, which costs one ping.
"""

import asyncio
import time
from collections.abc import Callable

LOOK_SECONDS = 2.0
SLEPT_SECONDS = 10.0
"""More than a busy machine ever delays a timer, less than it takes a server to give somebody up."""


class Wakeups:
    """Calls `woke` after each sleep, from `start` to `stop`."""

    def __init__(self, woke: Callable[[], None], wall: Callable[[], float] = time.time) -> None:
        self._woke = woke
        self._wall = wall
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._ahead = 0.0

    def start(self) -> None:
        """Begin to look."""
        self._ahead = self._wall() - self._loop.time()
        self._timer = self._loop.call_later(LOOK_SECONDS, self.look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Compare the clocks, now and again in a while."""
        self.stop()
        slept = self._wall() - self._loop.time() - self._ahead
        self.start()
        if slept > SLEPT_SECONDS:
            self._woke()
