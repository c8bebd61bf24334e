"""Rooms: being brought up to date, making, entering, leaving them, what they are about."""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.frames.base import Name, Number, Request, Result, RoomName, Seq, Time, Word
from protocol.frames.events import Event
from protocol.frames.mine import MineResult
from protocol.frames.moderation import MEMBER, PageSize

CHANNEL = "channel"
DIRECT = "direct"

Newest = Annotated[int, Meta(ge=0, le=limits.PAGE)]
"""How many of a room's newest events are wanted."""


class RoomState(Result, frozen=True, rename={"partner": "with"}):
    """A room as one member sees it: how it is now, and the events asked for.

    `events` are in rising `seq`, end at `head`, and begin right after the cursor, or the floor if that
    is higher, if `complete`. `read` is the read marker, `unread` counts the messages of others after it, up
    to `head` (at most 1,000). `floor`: the events up to this `seq` are gone from the server. `role` is the
    member's own. `partner` is the other one's name, in a direct room. `born` differs from that of an earlier
    room with the same name, whose events are not this one's.
    """

    room: str
    head: Seq
    topic: str = ""
    members: Number = 0
    read: Seq = 0
    unread: Number = 0
    events: list[Event] = msgspec.field(default_factory=list)
    complete: bool = True
    floor: Seq = 0
    kind: str = CHANNEL
    partner: str = ""
    private: bool = False
    role: str = MEMBER
    born: str = ""


class Invitation(Result, frozen=True):
    """A room that the user may join because `by` has invited them."""

    room: str
    by: str
    time: Time


class SyncResult(Result, frozen=True):
    """`reset`: the store is another one (a restored backup); what was known before is void."""

    epoch: str
    rooms: list[RoomState]
    reset: bool = False
    mine: MineResult = MineResult()
    invitations: list[Invitation] = []


class Sync(Request[SyncResult], tag="sync", frozen=True):
    """First load and resume in one: for each room the last `seq` that the client has."""

    result = SyncResult
    epoch: Word = ""
    cursors: Annotated[dict[RoomName, Seq], Meta(max_length=limits.CURSORS)] = {}
    limit: Newest = 50


class JoinResult(Result, frozen=True):
    """The room, with its newest events."""

    room: RoomState


class Join(Request[JoinResult], tag="join", frozen=True):
    """Become a member; makes the room if it is new, unless it has to be `existing`.

    Nothing changes for who is one already.
    """

    result = JoinResult
    room: RoomName
    limit: Newest = 50
    existing: bool = False


class Create(Request[JoinResult], tag="create", frozen=True):
    """Make a room, and become its owner; refused if there is one of that name."""

    result = JoinResult
    room: RoomName
    private: bool = False
    limit: Newest = 50


class Dm(Request[JoinResult], tag="dm", frozen=True):
    """The room of this user and the one called `name`, made if it is new."""

    result = JoinResult
    name: Name
    limit: Newest = 50


class Leave(Request[Result], tag="leave", frozen=True):
    """Be a member no longer; of a room that one is invited to, decline."""

    room: RoomName


class Topic(Request[Result], tag="topic", frozen=True):
    """Set a room's topic; empty removes it."""

    room: RoomName
    topic: Annotated[str, Meta(max_length=4 * limits.TOPIC)]


class Visibility(Request[Result], tag="visibility", frozen=True):
    """Make a room private, or public."""

    room: RoomName
    private: bool


class DeleteRoom(Request[Result], tag="delete_room", frozen=True):
    """Delete a room and all that was said in it."""

    room: RoomName


class RoomInfo(Result, frozen=True):
    """A line of the list of rooms."""

    room: str
    topic: str = ""
    members: Number = 0
    joined: bool = False
    private: bool = False
    invited: bool = False


class RoomsResult(Result, frozen=True):
    """Rooms by rising name; `complete`: these are the last ones; `total` counts all there are."""

    rooms: list[RoomInfo]
    total: Number
    complete: bool = False


class Rooms(Request[RoomsResult], tag="rooms", frozen=True):
    """Which channels are there? Those whose names come after `after`. `every`: also the private ones of
    others; for administrators."""

    result = RoomsResult
    every: bool = False
    after: Annotated[str, Meta(max_length=4 * limits.ROOM)] = ""
    limit: PageSize = limits.PAGE
