"""One session: a state machine over the frames of one connection.

Knows the wire, the state, the hub and the writer; of the transport only what `Transport` has, and
nothing of sockets, files or clocks. Every request is answered exactly once: `ok`, or `error` with a code.
What each request does stands in `handlers`.
"""

import enum
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, Unpack

from protocol import VERSION, codec, errors, frames, limits
from protocol.codec import Rejected
from protocol.errors import Details
from protocol.frames import Frame, Request, Result
from protocol.text import clean_line
from server.errors import RefusedError
from server.features import operations
from server.features.registry import ENTERING, FOR_LOCAL_ADMIN, HANDLERS
from server.limits.turns import Principal
from server.state.model import User
from server.state.visibility import rooms_of

if TYPE_CHECKING:
    from server.context import Core

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
    """See the module. The transport sets `congested` while its peer takes no more, `behind` when it is left
    out for that, and `reading_paused`. `principal` has to answer for what it costs. `unsent` counts the bytes
    of answers that wait for the end of the tick; `entering`: a login is under way. `local`: it is for the
    local administrator. `device` is the id of the device that came in, `client` its program. `idle`: nobody
    has touched it for a while."""

    def __init__(self, core: "Core", transport: Transport, *, local: bool = False) -> None:
        self.core = core
        self.local = local
        self.device = self.client = ""
        self._transport = transport
        self._user: User | None = None
        self._open = 0
        self.entering = self._hushed = False
        self._questions: deque[tuple[Request[Any], Question]] = deque()
        self._reading = False
        self.phase = Phase.HELLO
        self.behind = self.congested = self.reading_paused = self.idle = False
        self.principal = Principal() if local else core.turns.of_address(transport.address)
        self.unsent = 0
        self._typed: dict[str, tuple[bool, float]] = {}
        self.began = self.heard = self.pinged = core.monotonic()
        self.told: dict[str, int] = {}

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
    def held(self) -> bool:
        """Nothing is read from its peer now, so the peer's silence says nothing."""
        return self.congested or self.reading_paused or self._open >= limits.IN_FLIGHT

    # --- what the transport calls

    def receive(self, frame: Frame | Rejected) -> None:
        """Act on one frame. Never raises: what a frame can't have, it gets told."""
        if self.phase is Phase.CLOSED:
            return
        if isinstance(frame, Rejected):
            self.core.counters.errors[frame.code] += 1
            self.send(frames.Error(frame.code, clean_line(frame.text, 300), frame.id, field=frame.field))
        elif isinstance(frame, Request):
            self._request(frame)
        else:
            self._other(frame)

    def writable(self) -> None:
        """The peer has taken what was queued. If it fell behind, tell it how far its rooms are."""
        self.congested = False
        self.heard = self.core.monotonic()
        if self.behind:
            self.behind = False
            if self._user is not None:
                rooms = self.core.state.rooms
                self.send(frames.Heads({room: rooms[room].head for room in rooms_of(self._user)}))
        self._next_question()

    def lost(self) -> None:
        """The connection is gone."""
        self.phase = Phase.CLOSED
        self._questions.clear()
        if self._user is not None:
            self.core.hub.exit(self)
        self.core.forget(self)

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
            self.core.hub.queue(self, data)

    def hush(self) -> None:
        """Take no more frames in: the server is about to close."""
        self._hushed = True
        self._transport.pause(reading=True)

    def close(self, code: str, text: str, *, reconnect: bool = True, **details: Unpack[Details]) -> None:
        """Say `bye` and close."""
        if self.phase is Phase.CLOSED:
            return
        self.core.counters.byes[code] += 1
        self.send(frames.Bye(code, text, reconnect, **details))
        self.core.hub.flush()
        self.phase = Phase.CLOSED
        self._transport.close()

    def ping(self) -> None:
        """Ask for a sign of life, and tell the heads that changed since this was done last."""
        heads: dict[str, int] = {}
        if self._user is not None and not self.behind:
            rooms = self.core.state.rooms
            now = {name: rooms[name].head for name in rooms_of(self._user)}
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
            case frames.Typing() if self.phase is Phase.READY and frame.room in self.user.rooms:
                self._typing(frame.room, on=frame.on)
            case frames.Bye():
                self.core.hub.flush()
                self.phase = Phase.CLOSED
                self._transport.close()

    def _request(self, request: Request[Any]) -> None:
        handler = HANDLERS.get(type(request))
        self._open += 1
        if self._open == limits.IN_FLIGHT:
            self._transport.pause(reading=True)
        try:
            if handler is None or not self._in_order(request):
                self.refuse(request, RefusedError(errors.OUT_OF_ORDER, self._order()))
            elif self.local and type(request) not in FOR_LOCAL_ADMIN:
                self.refuse(request, RefusedError(errors.DENIED, "only a user can do that"))
            else:
                if self.ready:
                    self.core.quotas.check(self.user, request, self.heard)
                handler(self, request)
        except RefusedError as error:
            self.refuse(request, error)
        except Exception:  # one session's request must never end the others, whatever bug it met
            logger.exception("a %s request failed", type(request).__name__)
            self.refuse(request, _BUG)

    def _in_order(self, request: Request[Any]) -> bool:
        return self.phase is (Phase.LOGIN if type(request) in ENTERING else Phase.READY)

    def _order(self) -> str:
        """What is wrong with a request that has no place now."""
        match self.phase:
            case Phase.HELLO:
                return "say hello first"
            case Phase.LOGIN:
                return "log in first"
        return "you are logged in already"

    def answer(self, request: Request[Any], result: Result) -> None:
        """Carried out: this is what it gave."""
        self.send(frames.Ok(request.id, codec.result_map(result)))
        self._closed_one()

    def refuse(self, request: Request[Any], error: RefusedError) -> None:
        """Not carried out."""
        self.core.counters.errors[error.code] += 1
        if isinstance(request, frames.Login):
            self.core.counters.logins_refused += 1
            logger.info("login refused", extra={"code": error.code, "address": self._transport.address})
        self.send(frames.Error(error.code, error.text, request.id, **error.details))
        self._closed_one()

    def _closed_one(self) -> None:
        self._open -= 1
        if self._open == limits.IN_FLIGHT - 1 and not self._hushed:
            self.heard = self.core.monotonic()
            self._transport.pause(reading=False)

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
        self.core.hub.presence.type(self, room, on=on)

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
                epoch=self.core.epoch,
                time=self.core.clock(),
                server=self.core.title,
                features=FEATURES,
                auth=["key"] if self.local else self.core.accounts.told,
            )
        )

    def enter(self, user: User, device: str) -> None:
        """It is this user's from now on. Raises `RefusedError` if it is somebody's, or over, already."""
        if self.phase is not Phase.LOGIN:
            raise RefusedError(errors.OUT_OF_ORDER, self._order())
        self.phase = Phase.READY
        self._user = user
        if not self.local:
            self.principal = self.core.turns.of_user(user.id)
        self.device = device
        self.core.counters.logins += 1
        logger.info("login", extra={"user": user.name, "address": self._transport.address})
        self._transport.allow(limits.FRAME)

    # --- for the handlers

    def submit(self, operation: type[operations.Store], request: Request[Any]) -> None:
        """Have it stored; it is answered when it is."""
        self.core.writer.submit(operation(self.user, request, self.answer, self.refuse))

    def work(self, request: Request[Any], work: Coroutine[Any, Any, Result]) -> None:
        """Answer the request with what the work gives, or with why it was refused."""

        async def watched() -> None:
            try:
                result = await work
            except RefusedError as error:
                self.refuse(request, error)
            except Exception:  # as in `_request`
                logger.exception("a %s request failed", type(request).__name__)
                self.refuse(request, _BUG)
            else:
                self.answer(request, result)

        self.core.work(watched())

    def read(self, request: Request[Any], question: Question) -> None:
        """Answer the request from the log."""
        self._questions.append((request, question))
        self._next_question()

    def _next_question(self) -> None:
        """Ask one thing at a time, so that nobody's many questions keep the others waiting, and only
        while the peer takes the answers."""
        if self._reading or self.congested or not self._questions:
            return
        request, question = self._questions.popleft()
        self._reading = True

        def asked(answer: Callable[[], None]) -> None:
            self._reading = False
            answer()
            self._next_question()

        self.core.read(self.user, question, asked, lambda error: self.refuse(request, error))
