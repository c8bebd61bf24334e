"""Argon2id, in threads of its own and never more of it at once than the machine can bear.

Knows hashes and passwords, nothing of users. A guess must not tell by its time whether there is a user, so
whoever has no hash is compared with one that nobody has the password of.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from protocol import errors
from server.errors import RefusedError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

R = TypeVar("R")

MEMORY, TIME, LANES = 19 * 1024, 2, 1
"""KiB, passes, lanes: OWASP's floor for Argon2id, some 30 ms of a processor. When they rise, each hash is
made anew at its user's next login."""

THREADS = min(2, os.cpu_count() or 1)
"""Two at once are hardly faster than one after the other, and each takes its MEMORY."""

NICE = 10
"""How much these threads stand back: a tenth of what the others get of a processor that both want.
Guesses would take two thirds of it otherwise, from those who are in."""

QUEUE = 64
"""Passwords that wait or are being worked on: a second's work. Who comes then is told to come again."""

BUSY_MS = 1000


class Hasher:
    """See the module. All but the work itself runs on the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "passwords", _stand_back)
        self._waiting = 0
        self._nobody = ""

    @cached_property
    def _argon(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # 40 ms that a chat without passwords never pays

        return PasswordHasher(time_cost=TIME, memory_cost=MEMORY, parallelism=LANES)

    async def hash(self, password: str) -> str:
        """A new hash. Raises `RefusedError` if there is too much to do, as the others do."""
        return await self._work(lambda: self._argon.hash(password))

    async def matches(self, password: str, known: str) -> bool:
        """Whether this is the password of that hash; no hash has none."""
        return await self._work(lambda: self._verify(password, known))

    def outdated(self, known: str) -> bool:
        """Whether the hash was made with less work than is asked for today."""
        return self._argon.check_needs_rehash(known)

    def _verify(self, password: str, known: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        if not self._nobody:
            self._nobody = self._argon.hash(secrets.token_urlsafe())
        try:
            self._argon.verify(known or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(known)

    async def _work(self, work: Callable[[], R]) -> R:
        if self._waiting >= QUEUE:
            text = "too many people are logging in at this moment"
            raise RefusedError(errors.RATE_LIMITED, text, limit=QUEUE, retry_after=BUSY_MS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads, when nothing is being worked on any more."""
        self._threads.shutdown()


def _stand_back() -> None:
    """Let this thread give way to the event loop and the writer. Only Linux has priorities of threads."""
    if sys.platform == "linux":
        os.nice(NICE)
