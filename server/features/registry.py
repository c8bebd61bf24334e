"""The handlers of all requests, in one table: each area's handlers enter themselves.

`handler(context, request)` gives a result, an operation whose result is the answer once it is stored, or is a
coroutine that gives a result; or it raises `RefusedError`. Nothing else can come of a request, and no handler
answers by itself: that is the session's, once. What a handler does before it waits for anything is done in
the order in which requests came. Knows what a handler is given; nothing of sessions, sockets or areas."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from protocol.frames import Request, Result
from server.context import ServerContext
from server.delivery.subscriber import Connection
from server.errors import RefusedError
from server.state.model import User
from server.state.operation import Operation

T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class FinalResult:
    """The last answer of a session: it is closed behind it, for good."""

    result: Result
    code: str
    text: str


class RequestContext(Connection, Protocol):
    """A session, as handlers see it. `server` is what all sessions share; `heard`: when its peer was heard
    last; `client`: what program it is; `local`: it is for the local administrator; `entering`: a login is
    under way."""

    idle: bool
    entering: bool
    heard: float

    @property
    def server(self) -> ServerContext:
        """What all sessions share."""

    @property
    def client(self) -> str:
        """The program at the other end, as it calls itself."""

    @property
    def local(self) -> bool:
        """It is for the local administrator."""

    @property
    def peer(self) -> int | None:
        """The user of this computer whose process it is, by id, where the system says so."""

    @property
    def private(self) -> bool:
        """Whether nobody on the way can read along: only then is a secret taken, or told."""

    def enter(self, user: User, device: str) -> None:
        """It is this user's from now on. Raises `RefusedError` if it is somebody's, or over, already."""

    def read(self, work: Callable[[], T]) -> Awaitable[T]:
        """Do `work`, which reads the log, in the reader's thread: one at a time for each session, in turn
        with other users, and only while the peer takes answers. Raises `RefusedError`."""


Answer = Result | FinalResult
"""What a request ends with."""

Returned = Answer | Operation[Any] | Awaitable[Answer]
"""What a handler gives."""

Handler = Callable[[RequestContext, Any], Returned]
Recovery = Callable[[RequestContext, Any, RefusedError], Awaitable[Answer]]


@dataclass(slots=True)
class Registered:
    """What is done about one kind of request. `before_login`: it is taken before there is a user, and only
    then; `for_operator`: the local administrator may ask for it, who is no user: in no room, and saying
    nothing there. `recover`: what is asked where its operation was refused, and gives the answer or
    raises."""

    handle: Handler
    before_login: bool
    for_operator: bool
    recover: Recovery | None = None


HANDLERS: dict[type[Request[Any]], Registered] = {}

H = TypeVar("H", bound=Handler)
V = TypeVar("V", bound=Recovery)


def handler(
    *requests: type[Request[Any]], before_login: bool = False, for_operator: bool = False
) -> Callable[[H], H]:
    """The decorated function handles these requests; see `Registered`."""

    def register(function: H) -> H:
        for request in requests:
            if request in HANDLERS:
                raise AssertionError(f"{request.__name__} has two handlers")
            HANDLERS[request] = Registered(function, before_login, for_operator)
        return function

    return register


def recovery(request: type[Request[Any]]) -> Callable[[V], V]:
    """The decorated function is asked where the operation of such a request was refused."""

    def register(function: V) -> V:
        HANDLERS[request].recover = function
        return function

    return register
