"""One session: a state machine over the frames of one connection.

Every request is answered exactly once, `ok` or `error` with a code, and in one place: `_finish`, with what
its handler in `features` gave, what came of its operation, or what was raised. Knows the wire, the state, the
hub and the writer; of the transport only what `Transport` has, and nothing of sockets, files or clocks."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, Protocol, TypeVar, Unpack

from protocol import VERSION, codec, errors, frames, limits
from protocol.codec import Rejected
from protocol.errors import Details
from protocol.frames import Frame, Request, Result
from protocol.text import clean_line
from server import eager
from server.context import ServerContext
from server.delivery.subscriber import Phase
from server.errors import RefusedError
from server.features.registry import Answer, FinalResult, Registered, Returned
from server.features.table import HANDLERS
from server.limits.turns import Principal
from server.state.model import User
from server.state.operation import Operation
from server.state.visibility import rooms_of

T = TypeVar("T")

logger = logging.getLogger(__name__)

_BUG = RefusedError(errors.INTERNAL, "the server failed at this; it goes on")
TYPING_SECONDS = limits.TYPING_SECONDS - 1
"""Between two signs of typing that are passed on: a second less than clients keep to, for networks delay."""

TYPED = 16
"""Rooms in which one session types at once: that is remembered of each, and nobody types in more."""

FEATURES = [
    "watch", "read-markers", "accounts", "away", "typing", "whois", "ignore", "levels",
    "private-rooms", "direct-rooms", "moderation", "changes", "replies", "search",
]  # fmt: skip


class Transport(Protocol):
    """What carries a session's bytes."""

    @property
    def private(self) -> bool:
        """Whether nobody on the way can read along: only then is a secret taken, or told."""

    @property
    def peer(self) -> int | None:
        """The user of this computer whose process it is, by id, where the system says so."""

    @property
    def address(self) -> str:
        """The host it comes from, or whose process it is; empty where neither is known."""

    def write(self, data: bytes, *, keep: bool = True) -> None:
        """Send frames; never waits. Not `keep`: the peer can fetch or ask for all of it anew."""

    def allow(self, frame_bytes: int) -> None:
        """From the next frame on, take frames of that size."""

    def pause(self, *, reading: bool) -> None:
        """Stop taking frames in (True), or go on (False)."""

    def close(self) -> None:
        """Send what is queued, then close."""


class Session:
    """See the module. The transport sets `congested` while its peer takes no more, `lagging` when it is left
    out for that, and `reading_paused`. `principal` has to answer for what it costs. `unsent` counts the bytes
    of answers that wait for the end of the tick; `entering`: a login is under way. `local`: it is for the
    local administrator. `device` is the id of the device that came in, `client` its program. `idle`: nobody
    has touched it for a while."""

    def __init__(self, server: ServerContext, transport: Transport, *, local: bool = False) -> None:
        self.server = server
        self.local = local
        self.device = self.client = ""
        self._transport = transport
        self._user: User | None = None
        self._open = 0
        self.entering = self._reading_stopped = False
        self._reads: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()
        self._reading = False
        self.phase = Phase.HELLO
        self.lagging = self.congested = self.reading_paused = self.idle = False
        self.principal = Principal() if local else server.turns.of_address(transport.address)
        self.unsent = 0
        self._typed: dict[str, tuple[bool, float]] = {}
        self.began = self.heard = self.pinged = server.monotonic()
        self.announced_heads: dict[str, int] = {}

    @property
    def user(self) -> User:
        """Whose session it is; only after login."""
        if self._user is None:
            raise AssertionError("nobody has logged in here yet")
        return self._user

    @property
    def address(self) -> str:
        """Where its peer is."""
        return self._transport.address

    @property
    def peer(self) -> int | None:
        """See `Transport`."""
        return self._transport.peer

    @property
    def private(self) -> bool:
        """See `Transport`."""
        return self._transport.private

    @property
    def ready(self) -> bool:
        """Somebody has logged in, and it goes on."""
        return self.phase is Phase.READY

    @property
    def stranger(self) -> bool:
        """Nobody has logged in yet."""
        return self.phase in (Phase.HELLO, Phase.LOGIN)

    @property
    def held(self) -> bool:
        """Nothing is read from its peer now, so the peer's silence says nothing."""
        return self.congested or self.reading_paused or self._open >= limits.IN_FLIGHT

    # --- what the transport calls

    def receive(self, frame: Frame | Rejected) -> None:
        """Act on one frame. Never raises: what a frame can't have, it gets told."""
        if self.phase is Phase.CLOSED:
            return
        if isinstance(frame, Rejected):
            self.server.counters.errors[frame.code] += 1
            self.send(frames.Error(frame.code, clean_line(frame.text, 300), frame.id, field=frame.field))
        elif isinstance(frame, Request):
            self._request(frame)
        else:
            self._other(frame)

    def writable(self) -> None:
        """The peer has taken what was queued. If it fell behind, tell it how far its rooms are."""
        self.congested = False
        self.heard = self.server.monotonic()
        if self.lagging:
            self.lagging = False
            if self._user is not None:
                rooms = self.server.state.rooms
                self.send(frames.Heads({room: rooms[room].head for room in rooms_of(self._user)}))
        self._next_read()

    def lost(self) -> None:
        """The connection is gone."""
        self.phase = Phase.CLOSED
        for _, future in self._reads:
            future.cancel()
        self._reads.clear()
        if self._user is not None:
            self.server.hub.exit(self)
        self.server.forget(self)

    # --- what the hub and the server call

    def write(self, data: bytes) -> None:
        """Put bytes on the socket; for the hub. Nothing comes behind a `bye`."""
        answers, self.unsent = self.unsent > 0, 0
        if self.phase is not Phase.CLOSED:
            self._transport.write(data, keep=answers)

    def send(self, frame: Frame) -> None:
        """Queue one frame for the end of this tick."""
        if self.phase is not Phase.CLOSED:
            data = codec.encode(frame)
            self.unsent += len(data)
            self.principal.charge_answer(len(data))
            self.server.hub.queue(self, data)

    def pause_reading(self) -> None:
        """Take no more frames in: the server is about to close."""
        self._reading_stopped = True
        self._transport.pause(reading=True)

    def close(self, code: str, text: str, *, reconnect: bool = True, **details: Unpack[Details]) -> None:
        """Say `bye` and close."""
        if self.phase is Phase.CLOSED:
            return
        self.server.counters.byes[code] += 1
        self.send(frames.Bye(code, text, reconnect, **details))
        self.server.hub.flush()
        self.phase = Phase.CLOSED
        self._transport.close()

    def ping(self) -> None:
        """Ask for a sign of life, and tell the heads that changed since this was done last."""
        heads: dict[str, int] = {}
        if self._user is not None and not self.lagging:
            rooms = self.server.state.rooms
            now = {name: rooms[name].head for name in rooms_of(self._user)}
            heads = dict(now.items() - self.announced_heads.items())
            self.announced_heads = now
        self.send(frames.Ping(0, heads))

    def check(self, now: float) -> None:
        """See `Connection`."""
        age, silence = now - self.began, now - self.heard
        if self.phase is Phase.HELLO and age > limits.HANDSHAKE_SECONDS:
            self.close(errors.TIMEOUT, f"no hello within {limits.HANDSHAKE_SECONDS} s")
        elif self.phase is Phase.LOGIN and age > limits.LOGIN_SECONDS:
            self.close(errors.TIMEOUT, f"no login within {limits.LOGIN_SECONDS} s")
        elif silence > limits.SILENCE_SECONDS and not self.held:
            self.close(errors.TIMEOUT, f"nothing heard for {limits.SILENCE_SECONDS} s")
        elif self.phase is Phase.READY and now - self.pinged > limits.PING_SECONDS:
            self.pinged = now
            self.ping()

    # --- frames

    def _other(self, frame: Frame) -> None:
        match frame:
            case frames.Hello() if self.phase is Phase.HELLO:
                self._hello(frame)
            case frames.Hello():
                self.send(frames.Error(errors.OUT_OF_ORDER, "hello comes once, first"))
            case frames.Ping():
                self.send(frames.Pong(frame.n))
            case frames.Typing() if self.phase is Phase.READY and frame.room in self.user.rooms:
                self._typing(frame.room, on=frame.on)
            case frames.Bye():
                self.server.hub.flush()
                self.phase = Phase.CLOSED
                self._transport.close()

    def _request(self, request: Request[Any]) -> None:
        self._open += 1
        if self._open == limits.IN_FLIGHT:
            self._transport.pause(reading=True)
        registered = HANDLERS.get(type(request))
        self._run(request, partial(self._handle, request, registered), registered)

    def _handle(self, request: Request[Any], registered: Registered | None) -> Returned:
        if registered is None or not self._in_order(registered):
            raise RefusedError(errors.OUT_OF_ORDER, self._order())
        if self.local and not registered.for_operator:
            raise RefusedError(errors.DENIED, "only a user can do that")
        if self.ready:
            self.server.quotas.check(self.user, request, self.heard)
        return registered.handle(self, request)

    def _run(
        self, request: Request[Any], step: Callable[[], Returned], registered: Registered | None
    ) -> None:
        """Take a step towards the answer, and see to it that there will be one."""
        try:
            returned = step()
        except Exception as error:  # noqa: BLE001  # one session's request must never end the others
            self._finish(request, error)
            return
        if isinstance(returned, Operation):
            self.server.writer.submit(returned, partial(self._stored, request, registered))
        elif isinstance(returned, Result | FinalResult):
            self._finish(request, returned)
        else:
            self._follow(self._wait(request, returned))

    def _follow(self, answering: Coroutine[Any, Any, None]) -> None:
        try:
            task = eager.start(answering)
        except asyncio.CancelledError:  # the connection is lost: there is nobody to answer
            return
        if isinstance(task, asyncio.Task):
            self.server.finish(task)

    async def _wait(self, request: Request[Any], answer: Awaitable[Answer]) -> None:
        """What comes of a coroutine. It is cancelled where the connection is lost."""
        outcome: Answer | Exception
        try:
            outcome = await answer
        except Exception as error:  # noqa: BLE001  # as above
            outcome = error
        self._finish(request, outcome)

    def _stored(
        self, request: Request[Any], registered: Registered | None, outcome: Result | RefusedError
    ) -> None:
        """What came of the operation that the handler gave."""
        if isinstance(outcome, RefusedError) and registered is not None and registered.recover is not None:
            self._run(request, partial(registered.recover, self, request, outcome), None)
        else:
            self._finish(request, outcome)

    def _finish(self, request: Request[Any], outcome: Answer | Exception) -> None:
        """The one answer."""
        if isinstance(outcome, FinalResult):
            self._finish(request, outcome.result)
            self.close(outcome.code, outcome.text, reconnect=False)
            return
        if isinstance(outcome, Result):
            self.send(frames.Ok(request.id, codec.result_map(outcome)))
        else:
            self._refuse(request, outcome)
        self._open -= 1
        if self._open == limits.IN_FLIGHT - 1 and not self._reading_stopped:
            self.heard = self.server.monotonic()
            self._transport.pause(reading=False)

    def _refuse(self, request: Request[Any], error: Exception) -> None:
        if not isinstance(error, RefusedError):
            logger.error("a %s request failed", type(request).__name__, exc_info=error)
            error = _BUG
        self.server.counters.errors[error.code] += 1
        if isinstance(request, frames.Login):
            self.server.counters.logins_refused += 1
            logger.info("login refused", extra={"code": error.code, "address": self._transport.address})
        self.send(frames.Error(error.code, error.text, request.id, **error.details))

    def _in_order(self, registered: Registered) -> bool:
        return self.phase is (Phase.LOGIN if registered.before_login else Phase.READY)

    def _order(self) -> str:
        """What is wrong with a request that has no place now."""
        match self.phase:
            case Phase.HELLO:
                return "say hello first"
            case Phase.LOGIN:
                return "log in first"
        return "you are logged in already"

    def _typing(self, room: str, *, on: bool) -> None:
        """Pass on that the user types; what comes too often or says nothing new is dropped."""
        if room not in self._typed and len(self._typed) >= TYPED:
            self._typed = {
                one: sign for one, sign in self._typed.items() if self.heard - sign[1] < limits.TYPING_LASTS
            }
            if len(self._typed) >= TYPED:
                return
        was_on, at = self._typed.get(room, (False, -limits.TYPING_LASTS))
        if on:
            at, last = self.heard, at
            if at - last < TYPING_SECONDS:
                return
        elif not was_on:
            return
        self._typed[room] = (on, at)
        self.server.hub.presence.type(self, room, on=on)

    # --- coming in

    def _hello(self, hello: frames.Hello) -> None:
        if VERSION not in hello.v:
            text = f"this server speaks version {VERSION} of the wire, not {hello.v}: update the older one"
            self.close(errors.BAD_VERSION, text, reconnect=False)
            return
        self.phase = Phase.LOGIN
        self.client = clean_line(hello.client)
        self.send(
            frames.Welcome(
                v=VERSION,
                epoch=self.server.epoch,
                time=self.server.clock(),
                server=self.server.title,
                features=FEATURES,
                auth=["key"] if self.local else self.server.accounts.methods,
            )
        )

    def enter(self, user: User, device: str) -> None:
        """It is this user's from now on. Raises `RefusedError` if it is somebody's, or over, already."""
        if self.phase is not Phase.LOGIN:
            raise RefusedError(errors.OUT_OF_ORDER, self._order())
        self.phase = Phase.READY
        self._user = user
        if not self.local:
            self.principal = self.server.turns.of_user(user.id)
        self.device = device
        self.server.counters.logins += 1
        logger.info("login", extra={"user": user.name, "address": self._transport.address})
        self._transport.allow(limits.FRAME)

    # --- reading the log

    def read(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """See `RequestContext`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self.phase is Phase.CLOSED:
            future.cancel()
        else:
            self._reads.append((work, future))
            self._next_read()
        return future

    def _next_read(self) -> None:
        """Read one thing at a time, so that nobody's many reads keep the others waiting, and only while the
        peer takes the answers."""
        if self._reading or self.congested or not self._reads:
            return
        work, future = self._reads.popleft()
        self._reading = True
        self.server.read(self.user.id, work).add_done_callback(partial(self._have_read, future))

    def _have_read(self, future: "asyncio.Future[Any]", done: "asyncio.Future[Any]") -> None:
        self._reading = False
        if not future.cancelled():
            error = done.exception()
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())
        # Behind the answer to this: it may be as much as the peer takes.
        asyncio.get_running_loop().call_soon(self._next_read)
