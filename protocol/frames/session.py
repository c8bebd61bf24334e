"""Coming in, staying in touch, going; and the answers that every request gets."""

from typing import Annotated, Any

from msgspec import Meta

from protocol.errors import Details
from protocol.frames.base import Frame, Id, Name, Number, Request, Result, Secret, Seq, Time, Word
from protocol.limits import Limits


class Hello(Frame, tag="hello", frozen=True):
    """The first frame: versions the client speaks, features it knows, what it is."""

    v: Annotated[list[Number], Meta(min_length=1, max_length=16)]
    client: Word = ""
    features: Annotated[list[Word], Meta(max_length=32)] = []


class Welcome(Frame, tag="welcome", frozen=True):
    """The answer to `hello`."""

    v: Number
    epoch: str
    time: Time
    server: str = ""
    features: list[str] = []
    auth: list[str] = []
    limits: Limits = Limits()


class LoginResult(Result, frozen=True):
    """`user` is the lasting id, `name` the name as the server writes it.

    `token` is there for who came without one: it lets this `device` in from now on. `registered`: the user
    has a password; `admin`: they are an administrator of the server.
    """

    user: Number
    name: str
    device: str = ""
    token: str = ""
    registered: bool = False
    admin: bool = False


class Login(Request[LoginResult], tag="login", frozen=True):
    """Come in as `name`, with the `token` of this device, the `password`, or (where that is enough) the name.

    `key` opens a server that is one person's (see `denied`).
    """

    result = LoginResult
    name: Name
    token: Secret = ""
    password: Secret = ""
    key: Word = ""


class Ping(Frame, tag="ping", frozen=True):
    """Answered by `pong` with the same `n`.

    The server's carries `heads`: the highest `seq` of each of the client's rooms that changed since
    it last told, so that a lost last event is noticed.
    """

    n: Seq = 0
    heads: dict[str, Seq] = {}


class Pong(Frame, tag="pong", frozen=True):
    """The answer to `ping`."""

    n: Seq = 0


class Refusal(Frame, frozen=True, kw_only=True):
    """What `error` and `bye` tell a program beside their code; the text is for people, and repeats none of it
    but how long to wait.

    `until` and `reason`: of the ban or the mute. `limit`: how many, or how long, it may be. `field`: which
    field of the request is wrong. `retry_after`: in ms, where trying again later makes sense.
    """

    until: Time | None = None
    reason: str = ""
    limit: Number | None = None
    field: Word = ""
    retry_after: Number | None = None

    @property
    def details(self) -> Details:
        """Those that are there."""
        found = Details()
        if self.until is not None:
            found["until"] = self.until
        if self.reason:
            found["reason"] = self.reason
        if self.limit is not None:
            found["limit"] = self.limit
        if self.field:
            found["field"] = self.field
        if self.retry_after is not None:
            found["retry_after"] = self.retry_after
        return found


class Bye(Refusal, tag="bye", frozen=True):
    """The last frame. `reconnect`: come back, `retry_after` ms later if given (at most
    `limits.RETURN_SECONDS`)."""

    code: Word
    text: str = ""
    reconnect: bool = True


class Ok(Frame, tag="ok", frozen=True):
    """The request was carried out; `result` depends on its type."""

    re: Id
    result: dict[str, Any] = {}


class Error(Refusal, tag="error", frozen=True):
    """The request was not carried out. Without `re` it is about a frame that had no id."""

    code: Word
    text: str
    re: Id | None = None
