"""Whose search is next: one at a time, and first that of who has used least of the searcher's time lately.

Counted by address, and at one address by user, so that neither many searches nor many accounts make somebody
else wait for more than the search that runs. When too many wait, those give way who have used most. What was
used is forgotten by and by. Knows users and addresses by their keys only.
"""

import asyncio
import itertools
import math
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from protocol import errors
from server.errors import RefusedError
from server.limits.throttle import FORGET

WAITING = 16
"""Searches that wait for their turn, at most: the last of them is answered after as many times `SECONDS`."""

OWN = 2
"""Searches of one user that wait or run, at most."""

HALF_LIFE = 30.0
"""Seconds after which half of what was used is forgotten."""

EXPECTED = 1.0
"""Seconds that a search which waits or runs is taken to use."""

LEAST = 0.001
"""Seconds that a search counts for, at least."""


class Usage:
    """Seconds that each key has used lately; of FORGET keys at most, those that used something last."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._used: OrderedDict[int | str, tuple[float, float]] = OrderedDict()

    def of(self, key: int | str) -> float:
        """How much of what this key has used is not forgotten."""
        used, at = self._used.get(key, (0.0, 0.0))
        return used * math.exp2((at - self._monotonic()) / HALF_LIFE)

    def add(self, key: int | str, seconds: float) -> None:
        """This key has used so much."""
        self._used[key] = (self.of(key) + seconds, self._monotonic())
        self._used.move_to_end(key)
        if len(self._used) > FORGET:
            self._used.popitem(last=False)


@dataclass(slots=True, eq=False)
class _Waiting:
    user: int
    address: str
    number: int
    turn: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class SearchQueue:
    """See the module."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._users = Usage(monotonic)
        self._addresses = Usage(monotonic)
        self._waiting: list[_Waiting] = []
        self._running: _Waiting | None = None
        self._numbers = itertools.count()

    @asynccontextmanager
    async def turn(self, user: int, address: str) -> AsyncIterator[None]:
        """Have the searcher to oneself. Raises `RefusedError` if too many wait who come before."""
        one = _Waiting(user, address, next(self._numbers))
        self._enter(one)
        await one.turn
        began = time.perf_counter()
        try:
            yield
        finally:
            seconds = max(LEAST, time.perf_counter() - began)
            self._users.add(user, seconds)
            self._addresses.add(address, seconds)
            self._running = None
            self._next()

    def _enter(self, one: _Waiting) -> None:
        present = [*self._waiting, *([self._running] if self._running is not None else [])]
        if sum(other.user == one.user for other in present) >= OWN:
            raise RefusedError(errors.RATE_LIMITED, "you search already", retry_after=1000)
        self._waiting.append(one)
        if self._running is None:
            self._next()
        elif len(self._waiting) > WAITING:
            last = self._ranked()[-1]
            self._waiting.remove(last)
            busy = RefusedError(errors.RATE_LIMITED, "many people search at the moment", retry_after=1000)
            if last is one:
                raise busy
            last.turn.set_exception(busy)

    def _next(self) -> None:
        if self._waiting:
            self._running = self._ranked()[0]
            self._waiting.remove(self._running)
            self._running.turn.set_result(None)

    def _ranked(self) -> list[_Waiting]:
        """Those who wait, in the order in which their turns would come if nobody else asked."""
        planned: Counter[int | str] = Counter()
        if self._running is not None:
            planned.update((self._running.user, self._running.address))
        used = {one: (self._addresses.of(one.address), self._users.of(one.user)) for one in self._waiting}

        def order(one: _Waiting) -> tuple[float, float, int]:
            address, user = used[one]
            return (
                address + EXPECTED * planned[one.address],
                user + EXPECTED * planned[one.user],
                one.number,
            )

        ranked = []
        left = set(self._waiting)
        while left:
            ranked.append(first := min(left, key=order))
            left.remove(first)
            planned.update((first.user, first.address))
        return ranked
