"""What the sessions of one server share: the state, the hub, the writer, the log, the clock.

Knows no sockets and no signals (see `app`). All of it runs on one event loop; only the log's two
ends run in a thread each, so the loop never waits for a disk.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import msgspec

from protocol import errors, frames, limits, names
from server import __version__, permissions
from server.errors import RefusedError, StorageError
from server.hub import Hub
from server.networks import covers, network
from server.session import Phase, Session
from server.state import Room, User
from server.store.base import Log, Unread
from server.throttle import FORGET, NO_LIMITS, Allowance, Bucket, Door
from server.writer import Writer

logger = logging.getLogger(__name__)

UNREAD_CAP = 1000
"""Nobody reads the difference between 1,000 and 5,000 unread, but counting costs the same per message."""

PURGE = 2000
"""Events of a deleted room removed at once: some 10 ms of SQLite's time."""

STALL_SECONDS = 30
"""A peer that takes nothing at all for so long is gone."""

Answer = Callable[[], None]


def now_ms() -> int:
    """The wall clock in ms since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True, frozen=True)
class RoomQuestion:
    """A room as it is at one moment, to be completed with events from the log in another thread."""

    state: frames.RoomState
    unread: Unread
    cursor: int | None
    limit: int


class Core:
    """See the module. `key`: who does not give it can't come in. `allowance`: what each may ask for."""

    def __init__(
        self,
        log: Log,
        *,
        key: str | None = None,
        allowance: Allowance = NO_LIMITS,
        clock: Callable[[], int] = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log
        self.epoch = log.epoch
        self.key = key
        self.clock = clock
        self.monotonic = monotonic
        self.title = f"chat-server/{__version__}"
        self.state = log.load()
        self.hub = Hub(self.state)
        self.writer = Writer(log, self.state, self.hub.publish, clock)
        self.sessions: set[Session] = set()
        self.door = Door(allowance)
        self._allowance = allowance
        self._sends: dict[int, Bucket] = {}
        self.left: Callable[[], None] = lambda: None
        self._closing = False
        self._purging: asyncio.Task[None] | None = None
        self._reader = ThreadPoolExecutor(1, "reader")
        self._loop = asyncio.get_running_loop()

    def admits(self, key: str) -> bool:
        """Whether somebody with this key may come in."""
        return self.key is None or hmac.compare_digest(key.encode(), self.key.encode())

    def spend(self, user: User) -> None:
        """Count a send of this user; raises `RefusedError` if it is one too many for now."""
        if self._allowance.sends is None:
            return
        now = self.monotonic()
        bucket = self._sends.get(user.id)
        if bucket is None:
            if len(self._sends) >= FORGET:
                self._sends = {one: kept for one, kept in self._sends.items() if not kept.full(now)}
            bucket = Bucket(self._allowance.sends, self._allowance.sends_per_second, now)
            self._sends[user.id] = bucket
        if (wait := bucket.take(now)) > 0:
            text = f"that is faster than {self._allowance.sends_per_second:g} messages a second"
            raise RefusedError(errors.RATE_LIMITED, text, retry_after=int(wait * 1000) + 1)

    def begin(self, session: Session) -> None:
        """A session has come."""
        self.sessions.add(session)
        if self._closing:  # it was accepted before the listeners closed
            session.close(errors.SHUTDOWN, "the server stops")

    def forget(self, session: Session) -> None:
        """The session has ended."""
        self.sessions.discard(session)
        self.left()

    async def close(self, text: str) -> None:
        """Store what was sent, say bye to everybody, let go of the store."""
        self._closing = True
        for session in self.sessions:
            session.hush()
        if self._purging is not None:
            await self._purging
        await self.writer.close()
        gone = asyncio.Event()
        self.left = lambda: None if self.sessions else gone.set()
        for session in tuple(self.sessions):
            session.close(errors.SHUTDOWN, text)
        if self.sessions:
            await gone.wait()  # a transport takes no longer than tcp.CLOSE_SECONDS to end
        self._reader.shutdown()
        self.log.close()

    def bar(self, host: str) -> str:
        """Why nobody may connect from this address; empty if they may."""
        now = self.clock()
        for text, penalty in self.state.banned_networks.items():
            if penalty.holds(now) and covers(network(text), host):
                return f"your network is banned from this server{permissions.term(penalty, now)}"
        return ""

    def expel(self, condition: Callable[[Session], bool], text: str) -> None:
        """Close the sessions of those who are not wanted here any more."""
        for session in [session for session in self.sessions if condition(session)]:
            session.close(errors.DENIED, text, reconnect=False)

    def purge_soon(self) -> None:
        """Remove what is left of deleted rooms, little by little, between what people send."""
        if self._purging is None or self._purging.done():
            self._purging = asyncio.create_task(self._purge())

    async def _purge(self) -> None:
        try:
            while not self._closing and await self.writer.between(partial(self.log.purge, PURGE)):
                pass
        except StorageError as error:
            logger.error("deleted rooms are still stored: %s", error)  # noqa: TRY400

    # --- time passing

    def sweep(self) -> None:
        """Once a second or so: end sessions that took too long for something, ping the quiet ones."""
        now = self.monotonic()
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

    # --- reading the log, in its own thread

    def read(
        self,
        question: Callable[[], Answer],
        asked: Callable[[Answer], None],
        refuse: Callable[[RefusedError], None],
    ) -> None:
        """Run `question` in the reader's thread; then, on the loop, `asked` gets the answer, or a refusal."""

        def done(future: "asyncio.Future[Answer]") -> None:
            try:
                answer = future.result()
            except StorageError as error:
                answer = partial(refuse, RefusedError(errors.STORAGE, str(error)))
            except Exception:  # whatever bug a question met, its asker gets an answer
                logger.exception("a read failed")
                answer = partial(
                    refuse, RefusedError(errors.INTERNAL, "the server failed at this; it goes on")
                )
            asked(answer)

        self._loop.run_in_executor(self._reader, question).add_done_callback(done)

    def question(self, user: User, name: str, cursor: int | None, limit: int) -> RoomQuestion:
        """The room as it is now for `user`, who has its events up to `cursor`."""
        room = permissions.visible(self.state, user, name)
        unread = Unread(name, user.id, user.reads.get(name, 0))
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
        first = events[0].seq if events else head + 1
        state = msgspec.structs.replace(
            question.state,
            unread=self.log.unread(question.unread, UNREAD_CAP),
            events=events,
            complete=first == cursor + 1,
        )
        return state, size - sum(len(event.body) + limits.EVENT_BYTES for event in events)

    # --- lists

    def online_in(self, rooms: list[str]) -> frames.WatchResult:
        """Who is online in these rooms, as many as fit into an answer."""
        left = limits.PAGE_BYTES
        online: dict[str, list[str]] = {}
        more: dict[str, int] = {}
        for room in rooms:
            people = self.hub.online_in(room)
            shown = 0
            while shown < len(people) and left > 0:
                left -= len(people[shown].encode()) + 2
                shown += 1
            online[room] = people[:shown]
            if shown < len(people):
                more[room] = len(people) - shown
        roles = {room: self._roles(room) for room in rooms}
        return frames.WatchResult(online, more, {room: given for room, given in roles.items() if given})

    def _roles(self, name: str) -> dict[str, str]:
        """Who in the room is more than a member; the first `limits.PAGE` of them."""
        room = self.state.rooms[name]
        roles: dict[str, str] = {}
        for number in room.members:
            user = self.state.users[number]
            role = permissions.role(room, user)
            if role != frames.MEMBER:
                roles[user.name] = role
                if len(roles) == limits.PAGE:
                    break
        return roles

    def rooms_list(self, user: User, *, every: bool = False) -> frames.RoomsResult:
        """The channels that `user` may know of and is in, is invited to or could join, as many as fit into an
        answer; `every`: all channels."""
        left = limits.PAGE_BYTES
        listed = []
        found = [room for room in self.state.rooms.values() if not room.direct]
        if not every:
            found = [
                room
                for room in found
                if not room.private or user.id in room.members or user.id in room.invited
            ]
        for room in sorted(found, key=lambda room: room.name):
            left -= len(room.name.encode()) + len(room.topic.encode()) + 64
            if left < 0:
                break
            joined, invited = user.id in room.members, user.id in room.invited
            listed.append(
                frames.RoomInfo(room.name, room.topic, len(room.members), joined, room.private, invited)
            )
        return frames.RoomsResult(listed, len(found))

    def invitations(self, user: User) -> list[frames.Invitation]:
        """To which rooms `user` is invited."""
        found = []
        for room in sorted(user.invited):
            invitation = self.state.rooms[room].invited[user.id]
            found.append(frames.Invitation(room, self.state.users[invitation.by].name, invitation.time))
        return found

    def online_list(self, asker: User) -> frames.OnlineResult:
        """Everybody who is online, as many as fit into an answer, and where `asker` can meet them."""
        left = limits.PAGE_BYTES
        online = sorted(self.hub.online(), key=lambda user: user.name.casefold())
        listed = []
        for user in online:
            rooms = sorted(room for room in user.rooms if self._meets(asker, room))
            left -= len(user.name.encode()) + sum(len(room.encode()) + 2 for room in rooms) + 32
            if left < 0:
                break
            listed.append(frames.PersonInfo(user.name, rooms))
        return frames.OnlineResult(listed, len(online))

    def _meets(self, user: User, name: str) -> bool:
        room = self.state.rooms[name]
        return not room.direct and (not room.private or user.id in room.members)
