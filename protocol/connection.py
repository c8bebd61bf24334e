"""One connection as a state machine: which frame may be sent when, and which answer is to which request.

For both ends, in the way of h11: bytes that came go into `receive_data` and come out of `next_event` as
what they mean; `send` gives the bytes of a frame. What the peer may not do raises `RemoteProtocolError`, what
we may not do `LocalProtocolError`. Knows the frames and their order (`TRANSITIONS`); nothing of sockets,
clocks, asyncio, or of what frames are about.
"""

import enum
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec

from protocol import VERSION, codec, errors, frames, limits
from protocol.codec import FrameReader, Rejected
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frames import Error, Frame, Ok, Request, Result

Q = TypeVar("Q", bound=Request[Any])


class Role(enum.Enum):
    """One of the two ends."""

    CLIENT = "client"
    SERVER = "server"


class State(enum.Enum):
    """How far the two have come."""

    NEW = "new"
    HELLO = "hello"
    HELLO_AND_LOGIN = "hello and login"
    LOGIN = "login"
    LOGGING_IN = "logging in"
    READY = "ready"
    CLOSED = "closed"


class Kind(enum.Enum):
    """Frames that may be sent at the same times, and mean the same for what may follow."""

    HELLO = "`hello`"
    LOGIN = "`login`, `register`"
    REQUEST = "other requests"
    TYPING = "`typing`"
    WELCOME = "`welcome`"
    LOGIN_OK = "`ok` to `login`, `register`"
    LOGIN_ERROR = "`error` to these"
    ANSWER = "other `ok`, `error`"
    NEWS = "`event` and others"
    PING = "`ping`, `pong`"
    BYE = "`bye`"


_OPEN = tuple(state for state in State if state is not State.CLOSED)


def _stay(sender: Role, kind: Kind, *states: State) -> dict[tuple[Role, State, Kind], State]:
    return {(sender, state, kind): state for state in states}


TRANSITIONS: dict[tuple[Role, State, Kind], State] = {
    (Role.CLIENT, State.NEW, Kind.HELLO): State.HELLO,
    (Role.CLIENT, State.HELLO, Kind.LOGIN): State.HELLO_AND_LOGIN,
    (Role.CLIENT, State.LOGIN, Kind.LOGIN): State.LOGGING_IN,
    **_stay(Role.CLIENT, Kind.REQUEST, State.READY),
    **_stay(Role.CLIENT, Kind.TYPING, *_OPEN),
    **_stay(Role.CLIENT, Kind.PING, *_OPEN),
    **{(Role.CLIENT, state, Kind.BYE): State.CLOSED for state in _OPEN},
    (Role.SERVER, State.HELLO, Kind.WELCOME): State.LOGIN,
    (Role.SERVER, State.HELLO_AND_LOGIN, Kind.WELCOME): State.LOGGING_IN,
    (Role.SERVER, State.HELLO_AND_LOGIN, Kind.LOGIN_ERROR): State.HELLO,
    (Role.SERVER, State.LOGGING_IN, Kind.LOGIN_OK): State.READY,
    (Role.SERVER, State.LOGGING_IN, Kind.LOGIN_ERROR): State.LOGIN,
    **_stay(Role.SERVER, Kind.ANSWER, *_OPEN),
    **_stay(Role.SERVER, Kind.NEWS, State.READY),
    **_stay(Role.SERVER, Kind.PING, *_OPEN),
    **{(Role.SERVER, state, Kind.BYE): State.CLOSED for state in _OPEN},
}
"""Who sends which kind of frame in which state, and the state after it. What is not there is out of order."""

LOGINS = (frames.Login, frames.Register)

_KINDS: dict[type[Frame], Kind] = {
    frames.Hello: Kind.HELLO,
    frames.Welcome: Kind.WELCOME,
    frames.Ping: Kind.PING,
    frames.Pong: Kind.PING,
    frames.Bye: Kind.BYE,
    Ok: Kind.ANSWER,
    Error: Kind.ANSWER,
    **dict.fromkeys(frames.REQUESTS, Kind.REQUEST),
    **dict.fromkeys(LOGINS, Kind.LOGIN),
}


def kind_of(sender: Role, frame: type[Frame]) -> Kind:
    """The kind of such a frame; of an answer, if it is to no login."""
    if frame is frames.Typing and sender is Role.CLIENT:
        return Kind.TYPING
    return _KINDS.get(frame, Kind.NEWS)


def _states_after(sender: Role, kinds: Iterable[type[Frame]]) -> dict[State, dict[type[Frame], State]]:
    """The table again, by the class of the frame, so that the way of a frame is one look-up."""
    return {
        state: {
            frame: after
            for frame in kinds
            if (after := TRANSITIONS.get((sender, state, kind_of(sender, frame)))) is not None
        }
        for state in State
    }


_FRAMES = {Role.CLIENT: frames.FROM_CLIENT, Role.SERVER: frames.FROM_SERVER}
_AFTER = {role: _states_after(role, kinds) for role, kinds in _FRAMES.items()}

_UNDER_WAY = "a login is under way: wait for its answer"
_ORDER = {
    State.NEW: "say hello first",
    State.HELLO: "log in first",
    State.HELLO_AND_LOGIN: _UNDER_WAY,
    State.LOGIN: "log in first",
    State.LOGGING_IN: _UNDER_WAY,
    State.READY: "you are logged in already",
    State.CLOSED: "the connection has ended",
}
"""What is wrong with a frame that has no place in that state."""


class Answer(NamedTuple):
    """What came of a request of ours."""

    request: Request[Any]
    outcome: Result | Error


class WireConnection:
    """See the module. `state` is how far it has come, `open_requests` the number of those without an answer,
    theirs in a server and ours in a client."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.state = State.NEW
        self.open_requests = 0
        client = role is Role.CLIENT
        self._peer = Role.SERVER if client else Role.CLIENT
        self._reader = FrameReader(
            _FRAMES[self._peer], limits.ANSWER if client else limits.FRAME_BEFORE_LOGIN
        )
        self._most = limits.FRAME_BEFORE_LOGIN if client else limits.ANSWER
        self._frame_limit = limits.FRAME
        self._versions: list[int] = []
        self._login: int | None = None
        self._last_id = 0
        self._ours: dict[int, Request[Any]] = {}
        self._theirs: dict[int, int] = {}
        self._failed: RemoteProtocolError | None = None

    # --- receiving

    def receive_data(self, data: bytes | memoryview) -> None:
        """Bytes came; `next_event` gives what they mean. Behind the last frame nothing is kept."""
        if self.state is not State.CLOSED:
            self._reader.add(data)

    @property
    def buffered(self) -> int:
        """Bytes that came and have not come out of `next_event`."""
        return self._reader.buffered

    @property
    def start(self) -> bytes:
        """The first few of these."""
        return self._reader.start

    @property
    def ready(self) -> bool:
        """`next_event` has something to give, or to raise."""
        return self.state is not State.CLOSED and (self._failed is not None or self._reader.ready)

    def next_event(self) -> Frame | Answer | Rejected | None:
        """What came next; None: nothing, for now or (`CLOSED`) for ever.

        A client gets `Answer` to its requests, and `Rejected` for a frame of a newer server, which it
        ignores. A server gets `Rejected` for what it has to answer with an error: no valid frame, or one out
        of order. Raises `RemoteProtocolError` where the connection can't go on, and then each time.
        """
        if self.state is State.CLOSED:
            return None
        if self._failed is not None:
            raise self._failed
        try:
            frame = self._reader.next_frame()
            if frame is None:
                return None
            return self._from_client(frame) if self.role is Role.SERVER else self._from_server(frame)
        except RemoteProtocolError as error:
            self._failed = error
            raise

    def _from_client(self, frame: Frame | Rejected) -> Frame | Rejected:
        if isinstance(frame, Rejected):
            return self._reject(frame.code, frame.text, frame.id, frame.field)
        after = _AFTER[Role.CLIENT][self.state].get(type(frame))
        if after is None:
            hello = isinstance(frame, frames.Hello)
            text = "hello comes once, first" if hello else _ORDER[self.state]
            return self._reject(errors.OUT_OF_ORDER, text, frame.id if isinstance(frame, Request) else None)
        if isinstance(frame, Request):
            self._opened(frame.id)
        if after is not self.state:
            if isinstance(frame, frames.Hello):
                _check_version(frame)
            elif isinstance(frame, Request):
                self._login = frame.id
            self.state = after
        return frame

    def _reject(self, code: str, text: str, number: int | None, field: str = "") -> Rejected:
        """To be answered with an error. One that named a login under way would be taken for the login's."""
        if number is not None and number == self._login:
            number = None
        if number is not None:
            self._opened(number)
        return Rejected(code, text, number, field)

    def _opened(self, number: int) -> None:
        # Who uses an id twice at a time gets as many answers as there were requests, and has to tell which is
        # which.
        self._theirs[number] = self._theirs.get(number, 0) + 1
        self.open_requests += 1

    def _from_server(self, frame: Frame | Rejected) -> Frame | Answer | Rejected:
        match frame:
            case Ok():
                return self._answered(frame.re, frame)
            case Error(re=int(number)):
                return self._answered(number, frame)
            case Rejected():
                if frame.id is not None and frame.id in self._ours:
                    return self._answered(frame.id, _nonsense(frame.id, frame.code, frame.text))
                if frame.code != errors.UNKNOWN_TYPE:
                    # What we know and can't read is never right, and who left it out would show another room
                    # than the server has.
                    raise RemoteProtocolError(frame.code, frame.text)
                return frame
        after = _AFTER[Role.SERVER][self.state].get(type(frame))
        if after is None:
            raise RemoteProtocolError(errors.OUT_OF_ORDER, f"{_tag(frame)} has no place here")
        if isinstance(frame, frames.Welcome):
            if frame.v not in self._versions:
                raise RemoteProtocolError(errors.BAD_VERSION, f"version {frame.v} was not offered")
            self._frame_limit = max(frame.limits.frame, limits.FRAME_BEFORE_LOGIN)
        self.state = after
        return frame

    def _answered(self, number: int, answer: Ok | Error) -> Answer:
        request = self._ours.pop(number, None)
        if request is None:
            raise RemoteProtocolError(errors.OUT_OF_ORDER, f"an answer to no request ({number})")
        self.open_requests -= 1
        if number == self._login:
            after = self._after_login(answer)
            if after is None:
                raise RemoteProtocolError(errors.OUT_OF_ORDER, "the login was answered before the hello")
            self._login_answered(after)
        if isinstance(answer, Error):
            return Answer(request, answer)
        try:
            return Answer(request, codec.convert(answer.result, request.result))
        except msgspec.ValidationError as error:
            return Answer(request, _nonsense(number, errors.BAD_FRAME, str(error)))

    # --- sending

    def numbered(self, request: Q) -> Q:
        """The request under an id of its own, to be sent."""
        self._last_id += 1
        return msgspec.structs.replace(request, id=self._last_id)

    def send(self, frame: Frame) -> bytes:
        """The frame's bytes, and it counts as sent. Raises `LocalProtocolError` if it has no place now,
        answers no request, has another's id, or is too large; then nothing has changed."""
        after = _AFTER[self.role][self.state].get(type(frame))
        if isinstance(frame, Ok | Error) and frame.re is not None:
            if frame.re not in self._theirs:
                raise LocalProtocolError(errors.OUT_OF_ORDER, f"an answer to no request ({frame.re})")
            if frame.re == self._login:
                after = self._after_login(frame)
        elif isinstance(frame, Request) and frame.id in self._ours:
            raise LocalProtocolError(errors.OUT_OF_ORDER, f"request {frame.id} has no answer yet")
        if after is None:
            raise LocalProtocolError(
                errors.OUT_OF_ORDER, f"{_tag(frame)} has no place in the state {self.state.value!r}"
            )
        data = codec.encode(frame)
        size = len(data) - codec.LENGTH_BYTES
        if size > self._most:
            raise LocalProtocolError(
                errors.TOO_LARGE, f"a frame of {size:,} bytes; at most {self._most:,} are allowed here"
            )
        self._sent(frame, after)
        return data

    def _sent(self, frame: Frame, after: State) -> None:
        match frame:
            case Ok(re=number) | Error(re=int(number)):
                self._answer_sent(number, after)
                return
            case Request():
                self._ours[frame.id] = frame
                self.open_requests += 1
                if isinstance(frame, LOGINS):
                    self._login = frame.id
            case frames.Hello():
                self._versions = list(frame.v)
        self.state = after

    def _answer_sent(self, number: int, after: State) -> None:
        left = self._theirs[number] - 1
        if left:
            self._theirs[number] = left
        else:
            del self._theirs[number]
        self.open_requests -= 1
        if number == self._login:
            self._login_answered(after)

    def close(self) -> None:
        """Nothing is sent or comes any more: the stream has ended, or is about to."""
        self.state = State.CLOSED

    # --- both

    def _after_login(self, answer: Ok | Error) -> State | None:
        kind = Kind.LOGIN_OK if isinstance(answer, Ok) else Kind.LOGIN_ERROR
        return TRANSITIONS.get((Role.SERVER, self.state, kind))

    def _login_answered(self, after: State) -> None:
        self._login = None
        self.state = after
        if after is State.READY:
            if self.role is Role.SERVER:
                self._reader.limit = limits.FRAME
            else:
                self._most = self._frame_limit


def _check_version(hello: frames.Hello) -> None:
    if VERSION not in hello.v:
        text = f"this server speaks version {VERSION} of the wire, not {hello.v}: update the older one"
        raise RemoteProtocolError(errors.BAD_VERSION, text)


def _nonsense(number: int, code: str, text: str) -> Error:
    return Error(code, f"the server's answer makes no sense: {text}", number)


def _tag(frame: Frame) -> str:
    return str(type(frame).__struct_config__.tag)
