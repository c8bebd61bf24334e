"""What the sessions of one server share: the state, the hub, the writer, the log, the clock.

Knows no sockets and no signals (see `app`). All of it runs on one event loop; only the log's two
ends run in a thread each, so the loop never waits for a disk.
"""

import asyncio
import heapq
import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Unpack

import msgspec

from protocol import errors, frames, limits, names
from protocol.errors import Details
from server import __version__
from server.counters import Counters
from server.delivery.checkpoints import Checkpoints
from server.delivery.fair_queue import FairThread
from server.delivery.hub import Hub
from server.delivery.writer import Writer
from server.errors import RefusedError, StorageError
from server.features import operations
from server.features.login.credentials import Accounts, Entrance
from server.features.operations import Awaited
from server.features.search.service import Searching
from server.limits.buffers import MEMORY, Buffers
from server.limits.quotas import NO_QUOTAS, QuotaLimits, Quotas
from server.limits.throttle import NO_LIMITS, Allowance, Door
from server.limits.turns import NO_FRAME_LIMITS, FrameLimits, Principal, Turns
from server.net.networks import covers, network
from server.session import Phase, Session
from server.state import permissions
from server.state.model import Penalty, Room, User
from server.state.visibility import invited_to, may_see, rooms_told
from server.store.base import Log, Unread

logger = logging.getLogger(__name__)

UNREAD_CAP = 1000
"""Nobody reads the difference between 1,000 and 5,000 unread, but counting costs the same per message."""

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

Answer = Callable[[], None]


def now_ms() -> int:
    """The wall clock in ms since 1970."""
    return time.time_ns() // 1_000_000


def moment(seconds: float) -> int:
    """A moment within so many seconds, in ms: those who are sent away shall not all come back at once."""
    return round(random.uniform(0, seconds) * 1000)  # noqa: S311  # no secret


@dataclass(slots=True, frozen=True)
class RoomQuestion:
    """A room as it is at one moment, to be completed with events from the log in another thread."""

    state: frames.RoomState
    unread: Unread
    cursor: int | None
    limit: int


class Core:
    """See the module. `key` and `admin_key`: see `Accounts`. `allowance`, `frame_limits` and `quotas`:
    what each may ask for, and have stored; `memory`: see `buffers`."""

    def __init__(
        self,
        log: Log,
        *,
        key: str | None = None,
        admin_key: str = "",
        entrance: Entrance = "open",
        allowance: Allowance = NO_LIMITS,
        quotas: QuotaLimits = NO_QUOTAS,
        frame_limits: FrameLimits = NO_FRAME_LIMITS,
        memory: int = MEMORY,
        clock: Callable[[], int] = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self.epoch = log.epoch
        self.accounts = Accounts(entrance, allowance, key, admin_key)
        self.clock = clock
        self.monotonic = monotonic
        self.title = f"chat-server/{__version__}"
        self.state = log.load()
        self.counters = Counters()
        self.hub = Hub(self.state, self.counters, self._came, self._gone, clock)
        self.writer = Writer(log, self.state, self.hub.publish, clock, self.counters)
        self.sessions: set[Session] = set()
        self.turns = Turns(frame_limits, lambda: self.monotonic())
        self.buffers = Buffers(memory)
        self._working: set[asyncio.Task[None]] = set()
        self._asked: set[asyncio.Future[Any]] = set()
        self.door = Door(allowance)
        self.quotas = Quotas(quotas)
        self.sweeps: set[Callable[[float], None]] = set()
        self.searching = Searching(log, self.writer, self.state, self.counters, lambda: self.monotonic())
        self.searching.limited = quotas.messages is not None
        self.sweeps.add(self.searching.look)
        self.checkpoints = Checkpoints(log, self.writer)
        self.sweeps.add(self.checkpoints.look)
        self.left: Callable[[], None] = lambda: None
        self._closing = False
        self._purging: asyncio.Task[None] | None = None
        self._reader = FairThread("reader")
        self._loop = asyncio.get_running_loop()

    def begin(self, session: Session) -> None:
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

    def forget(self, session: Session) -> None:
        """The session has ended."""
        self.sessions.discard(session)
        self.left()

    def end_sessions(
        self, user: User, code: str, text: str, which: Callable[[Session], bool], **details: Unpack[Details]
    ) -> None:
        """Close connections of a user, for good."""
        for session in tuple(self.sessions):
            if session.ready and session.user is user and which(session):
                session.close(code, text, reconnect=False, **details)

    def online_devices(self, user: User) -> frozenset[str]:
        """The devices of a user that are connected."""
        return frozenset(one.device for one in self.sessions if one.ready and one.user is user)

    # --- work that takes its time

    def work(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the rest; the server does not end before it is done. It must not raise."""
        task = self._loop.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def store(self, operation: Awaited) -> None:
        """Have it stored; raises `RefusedError`."""
        self.writer.submit(operation)
        await operation.outcome

    def _came(self, user: User) -> None:
        if self.clock() - user.seen > SEEN_MS:
            self.writer.submit(operations.StoreSeen([user]))

    def _gone(self, user: User) -> None:
        if not self._closing:
            self.writer.submit(operations.StoreSeen([user]))

    async def close(self, text: str) -> None:
        """Store what was sent, say bye to everybody, let go of the store."""
        self._closing = True
        for session in self.sessions:
            session.hush()
        self.writer.submit(operations.StoreSeen(self.hub.online()))
        while self._working or self._asked:  # what was asked of the log may have to be stored yet
            await asyncio.wait(self._working | self._asked)
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

    def _send_away(self, session: Session, text: str, count: int) -> None:
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

    def sweep(self) -> None:
        """Once a second or so: end sessions that took too long for something, ping the quiet ones.

        Who has put a method into `sweeps` looks after its own.
        """
        now = self.monotonic()
        for look in tuple(self.sweeps):
            look(now)
        if len(self.sessions) > self.buffers.connections * 7 // 8:
            self._make_room()
        for session in tuple(self.sessions):
            age, silence = now - session.began, now - session.heard
            if session.phase is Phase.HELLO and age > limits.HANDSHAKE_SECONDS:
                session.close(errors.TIMEOUT, f"no hello within {limits.HANDSHAKE_SECONDS} s")
            elif session.phase is Phase.LOGIN and age > limits.LOGIN_SECONDS:
                session.close(errors.TIMEOUT, f"no login within {limits.LOGIN_SECONDS} s")
            elif silence > limits.SILENCE_SECONDS and not session.held:
                session.close(errors.TIMEOUT, f"nothing heard for {limits.SILENCE_SECONDS} s")
            elif session.phase is Phase.READY and now - session.pinged > limits.PING_SECONDS:
                session.pinged = now
                session.ping()

    def _make_room(self) -> None:
        """There are nearly too many connections: close those that have not logged in, the longest there
        first, of the address that has most of them."""
        strangers: defaultdict[Principal, list[Session]] = defaultdict(list)
        for session in self.sessions:
            if session.phase in (Phase.HELLO, Phase.LOGIN):
                strangers[session.principal].append(session)
        left = len(self.sessions) - self.buffers.connections * 3 // 4
        for own in sorted(strangers.values(), key=len, reverse=True):
            for session in sorted(own, key=lambda one: one.began)[: max(0, left)]:
                session.close(errors.RATE_LIMITED, "too many connections that have not logged in")
                left -= 1

    # --- reading the log, in its own thread

    def read(
        self,
        user: User,
        question: Callable[[], Answer],
        asked: Callable[[Answer], None],
        refuse: Callable[[RefusedError], None],
    ) -> None:
        """Run `question` in the reader's thread, when it is this user's turn; then, on the loop, `asked` gets
        the answer, or a refusal."""

        def done(future: "asyncio.Future[Answer]") -> None:
            try:
                answer = future.result()
            except StorageError as error:
                self.counters.store_failures += 1
                logger.error("a read failed: %s", error)  # noqa: TRY400  # the text says it all
                answer = partial(refuse, RefusedError(errors.STORAGE, str(error)))
            except Exception:  # whatever bug a question met, its asker gets an answer
                logger.exception("a read failed")
                answer = partial(
                    refuse, RefusedError(errors.INTERNAL, "the server failed at this; it goes on")
                )
            asked(answer)

        def timed() -> Answer:
            began = time.perf_counter()
            try:
                return question()
            finally:
                self.counters.read_seconds.add(time.perf_counter() - began)

        future = self._reader.run(user.id, timed)
        self._asked.add(future)
        future.add_done_callback(self._asked.discard)
        future.add_done_callback(done)

    def question(self, user: User, name: str, cursor: int | None, limit: int) -> RoomQuestion:
        """The room as it is now for `user`, who has its events up to `cursor`."""
        room = permissions.visible(self.state, user, name)
        unread = Unread(name, user.id, user.reads.get(name, 0), room.head, frozenset(user.ignored))
        if cursor is not None and cursor > room.head:
            cursor = None  # it counts events of another store
        state = frames.RoomState(
            room=name,
            head=room.head,
            topic=room.topic,
            members=len(room.members),
            read=unread.seq,
            kind=frames.DIRECT if room.direct else frames.CHANNEL,
            partner=self._partner(room, user),
            private=room.private,
            role=permissions.role(room, user),
            born=room.born,
        )
        return RoomQuestion(state, unread, cursor, limit)

    def _partner(self, room: Room, user: User) -> str:
        pair = names.direct_pair(room.name)
        if pair is None:
            return ""
        one, other = pair
        return self.state.users[other if one == user.id else one].name

    def room_state(self, question: RoomQuestion, size: int) -> tuple[frames.RoomState, int]:
        """Complete a question from the log; in the reader's thread.

        The events take at most `size` bytes. Returns the state and how many bytes are left.
        """
        cursor = question.cursor or 0
        room, head = question.state.room, question.state.head
        events: list[frames.Event] = []
        if size > 0 and question.limit and cursor < head:
            events = self.log.read(room, after=cursor, before=head + 1, limit=question.limit, size=size)
        floor = self.log.floor(room)
        first = events[0].seq if events else head + 1
        state = msgspec.structs.replace(
            question.state,
            unread=self.log.unread(question.unread, UNREAD_CAP),
            events=events,
            complete=first <= max(cursor, floor) + 1,
            floor=floor,
        )
        return state, size - sum(len(event.body) + limits.EVENT_BYTES for event in events)

    # --- lists

    def rooms_list(
        self, user: User, after: str = "", limit: int = limits.PAGE, *, every: bool = False
    ) -> frames.RoomsResult:
        """The channels whose names come after `after`, as many as fit into an answer, that `user` may know of
        and is in, is invited to or could join; `every`: all channels."""
        left = limits.PAGE_BYTES
        state = self.state
        asked = {room.name for room in invited_to(state, user)}
        shown = state.channels if every else state.public
        own = [] if every else [name for name in user.rooms | asked if self._own(name)]
        listed: list[frames.RoomInfo] = []
        for name in heapq.merge(shown.after(after), sorted(one for one in own if one > after)):
            room = state.rooms[name]
            left -= len(name.encode()) + len(room.topic.encode()) + 64
            if len(listed) == limit or left < 0:
                return frames.RoomsResult(listed, len(shown) + len(own))
            joined, invited = user.id in room.members, name in asked
            listed.append(frames.RoomInfo(name, room.topic, len(room.members), joined, room.private, invited))
        return frames.RoomsResult(listed, len(shown) + len(own), complete=True)

    def _own(self, name: str) -> bool:
        """Whether a room of somebody's is a channel that others may not know of."""
        room = self.state.rooms[name]
        return room.private and not room.direct

    def invitations(self, user: User) -> list[frames.Invitation]:
        """To which rooms `user` is invited."""
        found = []
        for room in invited_to(self.state, user):
            invitation = room.invited[user.id]
            found.append(frames.Invitation(room.name, self.state.users[invitation.by].name, invitation.time))
        return found

    def online_list(self, viewer: User) -> frames.OnlineResult:
        """Everybody who is online, as many as fit into an answer, and where `viewer` can meet them."""
        left = limits.PAGE_BYTES
        online = [user for user in self.hub.online() if may_see(viewer, user)]
        listed = []
        for user in sorted(online, key=lambda user: user.name.casefold()):
            rooms = rooms_told(self.state, viewer, user)
            away = self.hub.presence.away(user.id)
            left -= len(user.name.encode()) + sum(len(room.encode()) + 2 for room in rooms) + 32
            left -= len((away or "").encode())
            if left < 0:
                break
            listed.append(frames.PersonInfo(user.name, rooms, away is not None, away or ""))
        return frames.OnlineResult(listed, len(online))
