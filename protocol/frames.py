"""The frames of the wire, one class each, and the results of requests.

A frame is one msgpack map with string keys; key `t` names its type. Classes validate when a map
is converted to them (see `codec`): types, lengths and ranges are checked here and nowhere else.
Requests carry an `id` that the client chooses; each gets exactly one answer, `ok` or `error`,
with `re` equal to it. Fields not listed are ignored, so both sides can add some later.
"""

from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.limits import Limits

Id = Annotated[int, Meta(ge=1, le=2**53)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Name = Annotated[str, Meta(min_length=1, max_length=4 * limits.NAME)]
RoomName = Annotated[str, Meta(min_length=1, max_length=4 * limits.ROOM)]
Cid = Annotated[str, Meta(min_length=1, max_length=limits.CID)]
Word = Annotated[str, Meta(max_length=128)]

MESSAGE = "message"
ACTION = "action"
CREATE = "create"
JOIN = "join"
LEAVE = "leave"
TOPIC = "topic"
NICK = "nick"
SPOKEN = frozenset({MESSAGE, ACTION})
"""The kinds of event that people send. The server never looks into their bodies, and they are what
unread counts count. The other kinds are made by the server, in answer to other requests."""


class Frame(msgspec.Struct, tag_field="t", omit_defaults=True, frozen=True):
    """What every frame is: a struct whose map carries its type under `t`."""


# --- bodies of events -----------------------------------------------------------------------------


class Body(msgspec.Struct, omit_defaults=True, frozen=True):
    """The body of an event: packed on its own, opaque to the server's core."""


class TextBody(Body, frozen=True):
    """Of `message` and `action`."""

    text: str


class TopicBody(Body, frozen=True):
    """Of `topic`."""

    topic: str


class NickBody(Body, frozen=True):
    """Of `nick`: `from` is the old name."""

    name: str


# --- results of requests --------------------------------------------------------------------------


class Result(msgspec.Struct, omit_defaults=True, frozen=True):
    """What `ok` carries. A request without anything to tell has this empty one."""


class Event(Frame, tag="event", rename={"sender": "from"}, frozen=True):
    """One thing that happened in a room and lasts.

    `seq` counts 1, 2, 3 … in its room without a gap. `user` is the sender's lasting id, `from` the
    name it had then; `time` is the server's clock in ms since 1970, for display only. `cid` is there
    for sends only.
    """

    room: str
    seq: Annotated[int, Meta(ge=1, le=2**53)]
    user: int
    sender: str
    kind: str
    time: int
    body: bytes = b""
    cid: str | None = None


class LoginResult(Result, frozen=True):
    """`user` is the lasting id, `name` the name as the server writes it."""

    user: int
    name: str


class RoomState(Result, frozen=True):
    """A room as one member sees it: how it is now, and the events asked for.

    `events` are in rising `seq`, end at `head`, and begin right after the cursor if `complete`.
    `read` is the read marker, `unread` counts the messages of others after it (at most 1,000).
    """

    room: str
    head: int
    topic: str = ""
    members: int = 0
    read: int = 0
    unread: int = 0
    events: list[Event] = msgspec.field(default_factory=list)
    complete: bool = True


class SyncResult(Result, frozen=True):
    """`reset`: the store is another one (a restored backup); what was known before is void."""

    epoch: str
    rooms: list[RoomState]
    reset: bool = False


class JoinResult(Result, frozen=True):
    """The room, with its newest events."""

    room: RoomState


class SendResult(Result, frozen=True):
    """Where the message stands for ever. `dup`: this cid was stored before, nothing was now."""

    seq: int
    time: int
    dup: bool = False


class HistoryResult(Result, frozen=True):
    """Events in rising `seq`; `complete`: nothing lies beyond them in the asked direction."""

    events: list[Event]
    complete: bool = False


class WatchResult(Result, frozen=True):
    """For each watched room the names of the members who are online; `more` counts those left out."""

    online: dict[str, list[str]]
    more: dict[str, int] = {}


class RoomInfo(Result, frozen=True):
    """A line of the list of rooms."""

    room: str
    topic: str = ""
    members: int = 0
    joined: bool = False


class RoomsResult(Result, frozen=True):
    """Rooms by rising name; `total` also counts those that did not fit."""

    rooms: list[RoomInfo]
    total: int


class PersonInfo(Result, frozen=True):
    """Someone who is online, and the rooms in which the asker can meet them."""

    name: str
    rooms: list[str]


class OnlineResult(Result, frozen=True):
    """People by rising name; `total` also counts those that did not fit."""

    people: list[PersonInfo]
    total: int


# --- from client to server ------------------------------------------------------------------------

R = TypeVar("R", bound=Result)


class Hello(Frame, tag="hello", frozen=True):
    """The first frame: versions the client speaks, features it knows, what it is."""

    v: Annotated[list[int], Meta(min_length=1, max_length=16)]
    client: Word = ""
    features: Annotated[list[Word], Meta(max_length=32)] = []


class Request(Frame, Generic[R], frozen=True):
    """A frame that gets exactly one answer."""

    result: ClassVar[type[Result]] = Result
    id: Id


class Login(Request[LoginResult], tag="login", frozen=True):
    """Come in as `name`. `device` is the installation's own random id; `key` opens a server that is
    one person's (see `denied`)."""

    result = LoginResult
    name: Name
    device: Word = ""
    key: Word = ""


class Sync(Request[SyncResult], tag="sync", frozen=True):
    """First load and resume in one: for each room the last `seq` that the client has."""

    result = SyncResult
    epoch: Word = ""
    cursors: Annotated[dict[RoomName, Seq], Meta(max_length=limits.CURSORS)] = {}
    limit: Annotated[int, Meta(ge=0, le=limits.PAGE)] = 50


class Join(Request[JoinResult], tag="join", frozen=True):
    """Become a member; makes the room if it is new. Nothing changes for who is one already."""

    result = JoinResult
    room: RoomName
    limit: Annotated[int, Meta(ge=0, le=limits.PAGE)] = 50


class Leave(Request[Result], tag="leave", frozen=True):
    """Be a member no longer."""

    room: RoomName


class Topic(Request[Result], tag="topic", frozen=True):
    """Set a room's topic; empty removes it."""

    room: RoomName
    topic: Annotated[str, Meta(max_length=4 * limits.TOPIC)]


class Nick(Request[LoginResult], tag="nick", frozen=True):
    """Be called `name` from now on."""

    result = LoginResult
    name: Name


class Send(Request[SendResult], tag="send", frozen=True):
    """Say something; repeatable for ever under the same `cid`."""

    result = SendResult
    room: RoomName
    cid: Cid
    body: bytes
    kind: Word = MESSAGE


class History(Request[HistoryResult], tag="history", frozen=True):
    """The events with `seq` < `before` (newest of them), or > `after` (oldest of them)."""

    result = HistoryResult
    room: RoomName
    before: Seq | None = None
    after: Seq | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE)] = 50


class Read(Request[Result], tag="read", frozen=True):
    """Move the read marker; it only rises."""

    room: RoomName
    seq: Seq


class Watch(Request[WatchResult], tag="watch", frozen=True):
    """From now on tell who comes and goes in these rooms, and no longer in others."""

    result = WatchResult
    rooms: Annotated[list[RoomName], Meta(max_length=limits.WATCHED_ROOMS)]


class Rooms(Request[RoomsResult], tag="rooms", frozen=True):
    """Which rooms are there?"""

    result = RoomsResult


class Online(Request[OnlineResult], tag="online", frozen=True):
    """Who is there, and where?"""

    result = OnlineResult


# --- both ways ------------------------------------------------------------------------------------


class Ping(Frame, tag="ping", frozen=True):
    """Answered by `pong` with the same `n`.

    The server's carries `heads`: the highest `seq` of each of the client's rooms that changed since
    it last told, so that a lost last event is noticed.
    """

    n: Seq = 0
    heads: dict[str, int] = {}


class Pong(Frame, tag="pong", frozen=True):
    """The answer to `ping`."""

    n: Seq = 0


class Bye(Frame, tag="bye", frozen=True):
    """The last frame. `reconnect`: come back, `after` ms later if given (at most `limits.RETURN_SECONDS`)."""

    code: Word
    text: str = ""
    reconnect: bool = True
    after: int | None = None


# --- from server to client ------------------------------------------------------------------------


class Welcome(Frame, tag="welcome", frozen=True):
    """The answer to `hello`."""

    v: int
    epoch: str
    time: int
    server: str = ""
    features: list[str] = []
    auth: list[str] = []
    limits: Limits = Limits()


class Ok(Frame, tag="ok", frozen=True):
    """The request was carried out; `result` depends on its type."""

    re: Id
    result: dict[str, Any] = {}


class Error(Frame, tag="error", frozen=True):
    """The request was not carried out. Without `re` it is about a frame that had no id.

    `retry_after` in ms, where trying again later makes sense.
    """

    code: Word
    text: str
    re: Id | None = None
    retry_after: int | None = None


class Presence(Frame, tag="presence", frozen=True):
    """Someone came online or went, in a room that this session watches."""

    room: str
    name: str
    online: bool


class Marker(Frame, tag="marker", frozen=True):
    """Another session of this user has read so far."""

    room: str
    seq: int


class Heads(Frame, tag="heads", frozen=True):
    """The session fell behind and events were left out: where each of its rooms stands now."""

    heads: dict[str, int]


REQUESTS: tuple[type[Request[Any]], ...] = (
    Login, Sync, Join, Leave, Topic, Nick, Send, History, Read, Watch, Rooms, Online,
)  # fmt: skip
FROM_CLIENT: tuple[type[Frame], ...] = (Hello, Ping, Pong, Bye, *REQUESTS)
FROM_SERVER: tuple[type[Frame], ...] = (
    Welcome, Ok, Error, Event, Presence, Marker, Heads, Ping, Pong, Bye,
)  # fmt: skip
