"""What the sessions of one server share: the state, the hub, the writer, the log, the clock.

Knows no sockets and no signals (see `app`). All of it runs on one event loop; only the log's two
ends run in a thread each, so the loop never waits for a disk.
"""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, Unpack

from protocol import errors, limits
from protocol.errors import Details
from server import __version__
from server.auth.credentials import Accounts, Registration
from server.counters import Counters
from server.delivery.checkpoints import Checkpoints
from server.delivery.fair_queue import FairThread
from server.delivery.hub import Hub
from server.delivery.last_seen import RecordLastSeenOperation
from server.delivery.search import Searching
from server.delivery.subscriber import Connection
from server.delivery.writer import Writer
from server.errors import RefusedError, StorageError
from server.limits.buffers import MEMORY, Buffers
from server.limits.quotas import NO_QUOTAS, QuotaLimits, Quotas
from server.limits.throttle import NO_LIMITS, ConnectionLimiter, RateLimits
from server.limits.turns import NO_FRAME_LIMITS, FrameLimits, Principal, Turns
from server.state import permissions
from server.state.model import Penalty, User
from server.state.networks import covers, network
from server.state.operation import SERVER, Operation, R
from server.store.base import Log

T = TypeVar("T")

logger = logging.getLogger(__name__)

PURGE = 250
"""Events of a deleted room removed at once: 4 to 9 ms of SQLite's time."""

STALL_SECONDS = 30
"""A peer that takes nothing at all for so long is gone."""

RETURNS_PER_SECOND = 200
"""Clients that are asked back in a second when the server ends, each at a moment of its own: one that comes
back costs a login and a sync, some ms, and those who stayed shall not notice it."""

NETWORK_BANNED = "your network is banned from this server"

SEEN_MS = 3_600_000
"""When somebody was seen last is stored when they go. Should the server be killed before, it is no more wrong
than this and the time of their visit: a login stores it too if what is known is older."""


def now_ms() -> int:
    """The wall clock in ms since 1970."""
    return time.time_ns() // 1_000_000


def moment(seconds: float) -> int:
    """A moment within so many seconds, in ms: those who are sent away shall not all come back at once."""
    return round(random.uniform(0, seconds) * 1000)  # noqa: S311  # no secret


class ServerContext:
    """See the module. `key` and `admin_key`: see `Accounts`. `rate_limits`, `frame_limits` and `quotas`:
    what each may ask for, and have stored; `memory`: see `buffers`."""

    def __init__(
        self,
        log: Log,
        *,
        key: str | None = None,
        admin_key: str = "",
        registration: Registration = "open",
        rate_limits: RateLimits = NO_LIMITS,
        quotas: QuotaLimits = NO_QUOTAS,
        frame_limits: FrameLimits = NO_FRAME_LIMITS,
        memory: int = MEMORY,
        clock: Callable[[], int] = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self.epoch = log.epoch
        self.accounts = Accounts(registration, rate_limits, key, admin_key)
        self.clock = clock
        self.monotonic = monotonic
        self.title = f"chat-server/{__version__}"
        self.state = log.load()
        self.counters = Counters()
        self.hub = Hub(self.state, self.counters, self._came, self._gone, clock)
        self.writer = Writer(log, self.state, self.hub.publish, clock, self.counters)
        self.sessions: set[Connection] = set()
        self.turns = Turns(frame_limits, lambda: self.monotonic())
        self.buffers = Buffers(memory)
        self._working: set[asyncio.Future[Any]] = set()
        self._reads: set[asyncio.Future[Any]] = set()
        self.connection_limiter = ConnectionLimiter(rate_limits)
        self.quotas = Quotas(quotas)
        self.housekeepers: set[Callable[[float], None]] = set()
        self.searching = Searching(log, self.writer, self.state, self.counters, lambda: self.monotonic())
        self.searching.limited = quotas.messages is not None
        self.housekeepers.add(self.searching.look)
        self.checkpoints = Checkpoints(log, self.writer)
        self.housekeepers.add(self.checkpoints.look)
        self.left: Callable[[], None] = lambda: None
        self._closing = False
        self._purging: asyncio.Task[None] | None = None
        self._reader = FairThread("reader")
        self._loop = asyncio.get_running_loop()

    def begin(self, session: Connection) -> None:
        """A session has come."""
        self.sessions.add(session)
        self.counters.connections += 1
        if self._closing:  # it was accepted before the listeners closed
            self._send_away(session, "the server stops", len(self.sessions))

    def check_full(self) -> None:
        """Raise `RefusedError` if there is no place for the connection that came last."""
        most = self.buffers.connections
        if len(self.sessions) > most:
            text = f"there are {most} connections, and no room for more"
            raise RefusedError(errors.RATE_LIMITED, text, limit=most)

    def forget(self, session: Connection) -> None:
        """The session has ended."""
        self.sessions.discard(session)
        self.left()

    def end_sessions(
        self,
        user: User,
        code: str,
        text: str,
        which: Callable[[Connection], bool],
        **details: Unpack[Details],
    ) -> None:
        """Close connections of a user, for good."""
        for session in tuple(self.sessions):
            if session.ready and session.user is user and which(session):
                session.close(code, text, reconnect=False, **details)

    def online_devices(self, user: User) -> frozenset[str]:
        """The devices of a user that are connected."""
        return frozenset(one.device for one in self.sessions if one.ready and one.user is user)

    # --- work that takes its time

    def finish(self, task: "asyncio.Future[Any]") -> None:
        """The server does not end before this is done."""
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    def store(self, operation: Operation[R]) -> "asyncio.Future[R]":
        """Have it stored; the future gives the result, or raises `RefusedError`."""
        future: asyncio.Future[R] = self._loop.create_future()
        self.writer.submit(operation, partial(_resolve, future))
        return future

    def record(self, operation: Operation[Any]) -> None:
        """Have something stored that nobody waits for."""
        self.writer.submit(operation, lambda _: None)

    def _came(self, user: User) -> None:
        if self.clock() - user.seen > SEEN_MS:
            self.record(RecordLastSeenOperation(user.id, (user.id,)))

    def _gone(self, user: User) -> None:
        if not self._closing:
            self.record(RecordLastSeenOperation(user.id, (user.id,)))

    async def close(self, text: str) -> None:
        """Store what was sent, say bye to everybody, let go of the store."""
        self._closing = True
        for session in self.sessions:
            session.pause_reading()
        self.record(RecordLastSeenOperation(SERVER, tuple(user.id for user in self.hub.online())))
        while self._working or self._reads:  # what was read of the log may have to be stored yet
            await asyncio.wait(self._working | self._reads)
        if self._purging is not None:
            await self._purging
        await self.searching.close()
        await self.checkpoints.close()
        await self.writer.close()
        self.accounts.hasher.close()
        gone = asyncio.Event()
        self.left = lambda: None if self.sessions else gone.set()
        count = len(self.sessions)
        for session in tuple(self.sessions):
            self._send_away(session, text, count)
        if self.sessions:
            await gone.wait()  # a transport takes no longer than tcp.CLOSE_SECONDS to end
        self._reader.shutdown()
        self.log.close()

    def _send_away(self, session: Connection, text: str, count: int) -> None:
        """Say bye to one of `count` sessions; they come back spread over a while that grows with them."""
        seconds = min(count / RETURNS_PER_SECOND, limits.RETURN_SECONDS)
        session.close(errors.SHUTDOWN, text, retry_after=moment(seconds))

    def banned_network(self, host: str) -> Penalty | None:
        """The ban of the network that this address is in."""
        now = self.clock()
        for text, penalty in self.state.banned_networks.items():
            if penalty.holds(now) and covers(network(text), host):
                return penalty
        return None

    def expel_network(self, banned: str, ban: Penalty) -> None:
        """Close the sessions that come from a network that has just been banned."""
        for session in [one for one in self.sessions if covers(network(banned), one.address)]:
            session.close(errors.DENIED, NETWORK_BANNED, reconnect=False, **permissions.term(ban))

    def purge_soon(self) -> None:
        """Remove what is left of deleted rooms, little by little, between what people send."""
        if self._purging is None or self._purging.done():
            self._purging = asyncio.create_task(self._purge())

    async def _purge(self) -> None:
        try:
            while not self._closing and await self.writer.aside(partial(self.log.purge, PURGE)):
                pass
            while not self._closing and await self.writer.aside(self.log.tidy):
                pass
        except StorageError as error:
            logger.error("deleted rooms are still stored: %s", error)  # noqa: TRY400

    # --- time passing

    def housekeeping(self) -> None:
        """Once a second or so: end sessions that took too long for something, ping the quiet ones.

        Who has put a method into `housekeepers` looks after its own.
        """
        now = self.monotonic()
        for look in tuple(self.housekeepers):
            look(now)
        if len(self.sessions) > self.buffers.connections * 7 // 8:
            self._make_room()
        for session in tuple(self.sessions):
            session.check(now)

    def _make_room(self) -> None:
        """There are nearly too many connections: close those that have not logged in, the longest there
        first, of the address that has most of them."""
        strangers: defaultdict[Principal, list[Connection]] = defaultdict(list)
        for session in self.sessions:
            if session.stranger:
                strangers[session.principal].append(session)
        left = len(self.sessions) - self.buffers.connections * 3 // 4
        for own in sorted(strangers.values(), key=len, reverse=True):
            for session in sorted(own, key=lambda one: one.began)[: max(0, left)]:
                session.close(errors.RATE_LIMITED, "too many connections that have not logged in")
                left -= 1

    # --- reading the log, in its own thread

    def read(self, user: int, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Do `work` in the reader's thread, when it is this user's turn."""
        future = self._reader.run(user, partial(self._timed, work))
        self._reads.add(future)
        future.add_done_callback(self._have_read)
        return future

    def _timed(self, work: Callable[[], T]) -> T:
        began = time.perf_counter()
        try:
            return work()
        except StorageError as error:
            raise RefusedError(errors.STORAGE, str(error)) from error
        finally:
            self.counters.read_seconds.add(time.perf_counter() - began)

    def _have_read(self, future: "asyncio.Future[Any]") -> None:
        self._reads.discard(future)
        if not future.cancelled() and isinstance(error := future.exception(), RefusedError):
            self.counters.store_failures += 1
            logger.error("a read failed: %s", error)


def _resolve(future: "asyncio.Future[R]", outcome: R | RefusedError) -> None:
    if future.cancelled():  # who waited for it has gone
        return
    if isinstance(outcome, RefusedError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
