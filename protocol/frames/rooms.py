"""Rooms: being brought up to date, entering, leaving, what they are about."""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol import limits
from protocol.frames.base import Request, Result, RoomName, Seq, Word
from protocol.frames.events import Event
from protocol.frames.mine import MineResult


class RoomState(Result, frozen=True):
    """A room as one member sees it: how it is now, and the events asked for.

    `events` are in rising `seq`, end at `head`, and begin right after the cursor, or the floor if that
    is higher, if `complete`. `read` is the read marker, `unread` counts the messages of others after it (at
    most 1,000). `floor`: the events up to this `seq` are gone from the server.
    """

    room: str
    head: int
    topic: str = ""
    members: int = 0
    read: int = 0
    unread: int = 0
    events: list[Event] = msgspec.field(default_factory=list)
    complete: bool = True
    floor: Seq = 0


class SyncResult(Result, frozen=True):
    """`reset`: the store is another one (a restored backup); what was known before is void."""

    epoch: str
    rooms: list[RoomState]
    reset: bool = False
    mine: MineResult = MineResult()


class Sync(Request[SyncResult], tag="sync", frozen=True):
    """First load and resume in one: for each room the last `seq` that the client has."""

    result = SyncResult
    epoch: Word = ""
    cursors: Annotated[dict[RoomName, Seq], Meta(max_length=limits.CURSORS)] = {}
    limit: Annotated[int, Meta(ge=0, le=limits.PAGE)] = 50


class JoinResult(Result, frozen=True):
    """The room, with its newest events."""

    room: RoomState


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


class Rooms(Request[RoomsResult], tag="rooms", frozen=True):
    """Which rooms are there?"""

    result = RoomsResult
