"""Taking turns: who asks for much waits behind their own, and others hardly notice.

What waits stands in one line for each user, and the users take turns, one thing at a time. So whoever comes
with a single thing has it done when everybody else who waits has had one done, however many things they
have brought, over however many connections. Each user's own things keep their order. Knows nothing of what
is done.
"""

import asyncio
import heapq
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class FairQueue(Generic[T]):
    """See the module. Users are numbers; what is put in for one of them comes out in that order."""

    def __init__(self) -> None:
        self._lines: dict[int, deque[T]] = {}
        self._turns: deque[int] = deque()
        self._held: set[int] = set()
        self._aside: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, user: int, thing: T) -> None:
        """Behind all that waits for this user already."""
        line = self._lines.get(user)
        if line is None:
            line = self._line(user)
        line.append(thing)
        self._count += 1

    def take(self) -> tuple[int, T] | None:
        """The first thing of the user whose turn it is, who then stands behind the others; None if nothing
        waits but for those who are held."""
        while self._turns:
            user = self._turns.popleft()
            if user in self._held:
                self._aside.append(user)
                continue
            line = self._lines[user]
            thing = line.popleft()
            self._count -= 1
            if line:
                self._turns.append(user)
            else:
                del self._lines[user]
            return user, thing
        return None

    def put_back(self, user: int, thing: T) -> None:
        """It was taken too early: before all that waits for this user."""
        self._line(user).appendleft(thing)
        self._count += 1

    def shed(self, much: int, size: Callable[[T], int], spared: int) -> list[T]:
        """Take out, for good, what came last for those for whom most waits, until it adds up to so much; but
        of nobody the first thing that waits, and nothing of the one who is spared."""
        waiting = [
            (-sum(map(size, line)), user)
            for user, line in self._lines.items()
            if user != spared and len(line) > 1
        ]
        heapq.heapify(waiting)
        gone: list[T] = []
        while much > 0 and waiting:
            held, user = heapq.heappop(waiting)
            line = self._lines[user]
            gone.append(thing := line.pop())
            self._count -= 1
            much -= size(thing)
            if len(line) > 1:
                heapq.heappush(waiting, (held + size(thing), user))
        return gone

    def hold(self, user: int) -> None:
        """The user gets no turn until `release`."""
        self._held.add(user)

    def release(self) -> None:
        """Those who missed a turn because they were held come first now."""
        self._turns.extendleft(reversed(self._aside))
        self._aside.clear()
        self._held.clear()

    def _line(self, user: int) -> deque[T]:
        line = self._lines.get(user)
        if line is None:
            line = self._lines[user] = deque()
            self._turns.append(user)
        return line


class FairThread:
    """One thread, whose work is done in the order of a `FairQueue`."""

    def __init__(self, name: str) -> None:
        self._waiting: FairQueue[Callable[[], None]] = FairQueue()
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, name)

    @property
    def waiting(self) -> int:
        """How much has not begun yet."""
        with self._lock:
            return len(self._waiting)

    def run(self, user: int, work: Callable[[], R]) -> "asyncio.Future[R]":
        """Have `work` done when it is this user's turn. From the event loop."""
        done: Future[R] = Future()
        with self._lock:
            self._waiting.put(user, partial(_carry_out, done, work))
        # Not this piece of work: as many steps as there are pieces, and each does what is next then.
        self._thread.submit(self._step)
        return asyncio.wrap_future(done)

    def _step(self) -> None:
        with self._lock:
            taken = self._waiting.take()
        if taken is not None:
            taken[1]()

    def shutdown(self) -> None:
        """Do what waits, then end the thread."""
        self._thread.shutdown()


def _carry_out(done: "Future[R]", work: Callable[[], R]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  # as `ThreadPoolExecutor` does: it is for who waits
        done.set_exception(error)
    else:
        done.set_result(result)
