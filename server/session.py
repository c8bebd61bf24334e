"""One session: a state machine over the frames of one connection.

Knows the wire, the state, the hub and the writer; of the transport only what `Transport` has, and
nothing of sockets, files or clocks. Every request is answered exactly once: `ok`, or `error` with a code.
"""

import enum
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from protocol import VERSION, codec, errors, frames, limits, names
from protocol.codec import Rejected
from protocol.frames import Frame, Request, Result
from protocol.text import clean_line
from server import operations
from server.errors import RefusedError
from server.state import User

if TYPE_CHECKING:
    from server.core import Core

logger = logging.getLogger(__name__)

Question = Callable[[], Callable[[], None]]
"""What is asked of the log, in the reader's thread; it gives the answer, for the loop."""


class Phase(enum.Enum):
    """How far a session has come. Only these frames are taken in each (pings always are):
    `hello` → `login` → every other request."""

    HELLO = enum.auto()
    LOGIN = enum.auto()
    READY = enum.auto()
    CLOSED = enum.auto()


class Transport(Protocol):
    """What carries a session's bytes."""

    @property
    def address(self) -> str:
        """The host it comes from, for the log."""

    def write(self, data: bytes) -> None:
        """Send bytes; never waits."""

    def allow(self, frame_bytes: int) -> None:
        """From the next frame on, take frames of that size."""

    def pause(self, *, reading: bool) -> None:
        """Stop taking frames in (True), or go on (False)."""

    def close(self) -> None:
        """Send what is queued, then close."""


class Session:
    """See the module. `behind` is set by the transport while its peer takes no more; `unsent` counts the
    bytes of answers that wait for the end of the tick."""

    def __init__(self, core: "Core", transport: Transport) -> None:
        self._core = core
        self._transport = transport
        self._user: User | None = None
        self._open = 0
        self._entering = self._hushed = False
        self._questions: deque[tuple[Request[Any], Question]] = deque()
        self._reading = False
        self.phase = Phase.HELLO
        self.behind = False
        self.unsent = 0
        self.began = self.heard = self.pinged = core.monotonic()
        self.told: dict[str, int] = {}

    @property
    def user(self) -> User:
        """Whose session it is; only after login."""
        if self._user is None:
            raise AssertionError("nobody has logged in here yet")
        return self._user

    @property
    def held(self) -> bool:
        """Nothing is read from its peer now, so the peer's silence says nothing."""
        return self.behind or self._open >= limits.IN_FLIGHT

    # --- what the transport calls

    def receive(self, frame: Frame | Rejected) -> None:
        """Act on one frame. Never raises: what a frame can't have, it gets told."""
        self.heard = self._core.monotonic()
        if self.phase is Phase.CLOSED:
            return
        if isinstance(frame, Rejected):
            self._core.counters.errors[frame.code] += 1
            self.send(frames.Error(frame.code, clean_line(frame.text, 300), frame.id))
        elif isinstance(frame, Request):
            self._request(frame)
        else:
            self._other(frame)

    def writable(self) -> None:
        """The peer has taken what was queued. If it fell behind, tell it how far its rooms are."""
        if self.behind:
            self.behind = False
            self.heard = self._core.monotonic()
            if self._user is not None:
                rooms = self._core.state.rooms
                self.send(frames.Heads({room: rooms[room].head for room in self._user.rooms}))
            self._next_question()

    def lost(self) -> None:
        """The connection is gone."""
        self.phase = Phase.CLOSED
        self._questions.clear()
        if self._user is not None:
            self._core.hub.exit(self)
        self._core.forget(self)

    # --- what the hub and the server call

    def write(self, data: bytes) -> None:
        """Put bytes on the socket; for the hub. Nothing comes behind a `bye`."""
        self.unsent = 0
        if self.phase is not Phase.CLOSED:
            self._transport.write(data)

    def send(self, frame: Frame) -> None:
        """Queue one frame for the end of this tick."""
        if self.phase is not Phase.CLOSED:
            data = codec.encode(frame)
            self.unsent += len(data)
            self._core.hub.queue(self, data)

    def hush(self) -> None:
        """Take no more frames in: the server is about to close."""
        self._hushed = True
        self._transport.pause(reading=True)

    def close(self, code: str, text: str, *, reconnect: bool = True, after: int | None = None) -> None:
        """Say `bye` and close."""
        if self.phase is Phase.CLOSED:
            return
        self._core.counters.byes[code] += 1
        self.send(frames.Bye(code, text, reconnect, after))
        self._core.hub.flush()
        self.phase = Phase.CLOSED
        self._transport.close()

    def ping(self) -> None:
        """Ask for a sign of life, and tell the heads that changed since this was done last."""
        heads: dict[str, int] = {}
        if self._user is not None and not self.behind:
            rooms = self._core.state.rooms
            now = {name: rooms[name].head for name in self._user.rooms}
            heads = dict(now.items() - self.told.items())
            self.told = now
        self.send(frames.Ping(0, heads))

    # --- frames

    def _other(self, frame: Frame) -> None:
        match frame:
            case frames.Hello() if self.phase is Phase.HELLO:
                self._hello(frame)
            case frames.Hello():
                self.send(frames.Error(errors.OUT_OF_ORDER, "hello comes once, first"))
            case frames.Ping():
                self.send(frames.Pong(frame.n))
            case frames.Bye():
                self._core.hub.flush()
                self.phase = Phase.CLOSED
                self._transport.close()

    def _request(self, request: Request[Any]) -> None:
        handler = self._handlers.get(type(request))
        self._open += 1
        if self._open == limits.IN_FLIGHT:
            self._transport.pause(reading=True)
        try:
            if handler is not None and self._in_order(request):
                handler(self, request)
            else:
                self._refuse(request, RefusedError(errors.OUT_OF_ORDER, self._order()))
        except RefusedError as error:
            self._refuse(request, error)
        except Exception:  # one session's request must never end the others, whatever bug it met
            logger.exception("a %s request failed", type(request).__name__)
            self._refuse(request, RefusedError(errors.INTERNAL, "the server failed at this; it goes on"))

    def _in_order(self, request: Request[Any]) -> bool:
        return self.phase is (Phase.LOGIN if isinstance(request, frames.Login) else Phase.READY)

    def _order(self) -> str:
        match self.phase:
            case Phase.HELLO:
                return "say hello first"
            case Phase.LOGIN:
                return "log in first"
        return "you are logged in already"

    def _answer(self, request: Request[Any], result: Result) -> None:
        self.send(frames.Ok(request.id, codec.result_map(result)))
        self._closed_one()

    def _refuse(self, request: Request[Any], error: RefusedError) -> None:
        self._core.counters.errors[error.code] += 1
        if isinstance(request, frames.Login):
            self._core.counters.logins_refused += 1
            logger.info("login refused", extra={"code": error.code, "address": self._transport.address})
        self.send(frames.Error(error.code, error.text, request.id, error.retry_after))
        self._closed_one()

    def _closed_one(self) -> None:
        self._open -= 1
        if self._open == limits.IN_FLIGHT - 1 and not self._hushed:
            self.heard = self._core.monotonic()
            self._transport.pause(reading=False)

    # --- coming in

    def _hello(self, hello: frames.Hello) -> None:
        if VERSION not in hello.v:
            text = f"this server speaks version {VERSION} of the wire, not {hello.v}: update the older one"
            self.close(errors.BAD_VERSION, text, reconnect=False)
            return
        self.phase = Phase.LOGIN
        self.send(
            frames.Welcome(
                v=VERSION,
                epoch=self._core.epoch,
                time=self._core.clock(),
                server=self._core.title,
                features=["watch", "read-markers"],
                auth=["open"] if self._core.key is None else ["key"],
            )
        )

    def _login(self, request: frames.Login) -> None:
        if not self._core.admits(request.key):
            raise RefusedError(errors.DENIED, "this chat belongs to one person, and the key is not theirs")
        name = _checked(names.check_user_name, request.name)
        if self._entering:
            raise RefusedError(errors.OUT_OF_ORDER, "a login is under way")
        user = self._core.state.user_called(name)
        # Who is in no room comes into the first one: a kill may have come between the two transactions below.
        if user is not None and user.rooms:
            self._enter(request, user)
            return

        def refused(error: RefusedError) -> None:
            self._entering = False
            self._refuse(request, error)

        def made() -> None:
            user = self._core.state.user_called(name)
            if user is None:
                raise AssertionError(f"{name} was made, and is not there")
            join = operations.StoreJoin(
                user,
                frames.Join(request.id, names.FIRST_ROOM, 0),
                lambda _, __: self._enter(request, user),
                lambda _, error: refused(error),
            )
            self._core.writer.submit(join)

        self._entering = True
        self._core.writer.submit(operations.MakeUser(name, made, refused))

    def _enter(self, request: frames.Login, user: User) -> None:
        if self.phase is Phase.LOGIN:
            self.phase = Phase.READY
            self._user = user
            self._core.counters.logins += 1
            logger.info("login", extra={"user": user.name, "address": self._transport.address})
            self._transport.allow(limits.FRAME)
            self._answer(request, frames.LoginResult(user.id, user.name))
        else:
            self._refuse(request, RefusedError(errors.OUT_OF_ORDER, self._order()))

    # --- requests of one who is in

    def _sync(self, request: frames.Sync) -> None:
        self._core.hub.enter(self)
        reset = bool(request.epoch) and request.epoch != self._core.epoch
        cursors = {} if reset else request.cursors
        questions = [
            self._core.question(self.user, room, cursors.get(room), request.limit)
            for room in sorted(self.user.rooms)
        ]

        def answer() -> Callable[[], None]:
            left = limits.PAGE_BYTES
            rooms = []
            for question in questions:
                state, left = self._core.room_state(question, left)
                rooms.append(state)
            result = frames.SyncResult(self._core.epoch, rooms, reset)
            return lambda: self._answer(request, result)

        self._read(request, answer)

    def _join(self, request: frames.Join) -> None:
        name = _checked(names.check_room_name, request.room)

        def joined(_: Request[Any], __: Result) -> None:
            question = self._core.question(self.user, name, None, request.limit)

            def answer() -> Callable[[], None]:
                state, _ = self._core.room_state(question, limits.PAGE_BYTES)
                return lambda: self._answer(request, frames.JoinResult(state))

            self._read(request, answer)

        join = frames.Join(request.id, name, request.limit)
        self._core.writer.submit(operations.StoreJoin(self.user, join, joined, self._refuse))

    def _leave(self, request: frames.Leave) -> None:
        self._submit(operations.StoreLeave, request)

    def _topic(self, request: frames.Topic) -> None:
        topic = clean_line(request.topic)
        if len(topic) > limits.TOPIC:
            raise RefusedError(errors.TOO_LARGE, f"a topic has at most {limits.TOPIC} characters")
        self._submit(operations.StoreTopic, frames.Topic(request.id, request.room, topic))

    def _nick(self, request: frames.Nick) -> None:
        name = _checked(names.check_user_name, request.name)
        self._submit(operations.StoreNick, frames.Nick(request.id, name))

    def _say(self, request: frames.Send) -> None:
        if len(request.body) > limits.BODY:
            raise RefusedError(
                errors.TOO_LARGE,
                f"a message has at most {limits.BODY:,} bytes, this one {len(request.body):,}: "
                "send it in parts",
            )
        if request.kind not in frames.SPOKEN:
            raise RefusedError(errors.BAD_FRAME, f"{request.kind!r} is nothing that a client can send")
        self._core.spend(self.user)
        self._submit(operations.StoreSend, request)

    def _history(self, request: frames.History) -> None:
        room = operations.member_room(self._core.state, self.user, request.room)
        before = room.head + 1 if request.before is None and request.after is None else request.before

        def answer() -> Callable[[], None]:
            events = self._core.log.read(
                room.name, after=request.after, before=before, limit=request.limit, size=limits.PAGE_BYTES
            )
            if not events:
                complete = True
            elif before is None:
                complete = events[-1].seq >= room.head
            else:
                complete = events[0].seq <= (request.after or 0) + 1
            return lambda: self._answer(request, frames.HistoryResult(events, complete))

        self._read(request, answer)

    def _mark(self, request: frames.Read) -> None:
        def stored(_: Request[Any], result: Result) -> None:
            seq = self.user.reads.get(request.room, 0)
            if self.phase is Phase.READY:
                self._core.hub.mark(self, request.room, seq)
            self._answer(request, result)

        self._core.writer.submit(operations.StoreRead(self.user, request, stored, self._refuse))

    def _watch(self, request: frames.Watch) -> None:
        rooms = [
            operations.member_room(self._core.state, self.user, room).name
            for room in dict.fromkeys(request.rooms)
        ]
        self._core.hub.watch(self, rooms)
        self._answer(request, self._core.online_in(rooms))

    def _rooms(self, request: frames.Rooms) -> None:
        self._answer(request, self._core.rooms_list(self.user))

    def _online(self, request: frames.Online) -> None:
        self._answer(request, self._core.online_list())

    def _submit(self, operation: type[operations.Store], request: Request[Any]) -> None:
        self._core.writer.submit(operation(self.user, request, self._answer, self._refuse))

    def _read(self, request: Request[Any], question: Question) -> None:
        self._questions.append((request, question))
        self._next_question()

    def _next_question(self) -> None:
        """Ask one thing at a time, so that nobody's many questions keep the others waiting, and only
        while the peer takes the answers."""
        if self._reading or self.behind or not self._questions:
            return
        request, question = self._questions.popleft()
        self._reading = True

        def asked(answer: Callable[[], None]) -> None:
            self._reading = False
            answer()
            self._next_question()

        self._core.read(question, asked, lambda error: self._refuse(request, error))

    _handlers: ClassVar[dict[type[Request[Any]], Callable[["Session", Any], None]]] = {
        frames.Login: _login,
        frames.Sync: _sync,
        frames.Join: _join,
        frames.Leave: _leave,
        frames.Topic: _topic,
        frames.Nick: _nick,
        frames.Send: _say,
        frames.History: _history,
        frames.Read: _mark,
        frames.Watch: _watch,
        frames.Rooms: _rooms,
        frames.Online: _online,
    }


def _checked(check: Callable[[str], str], name: str) -> str:
    try:
        return check(name)
    except names.BadNameError as error:
        raise RefusedError(errors.BAD_NAME, str(error)) from error
