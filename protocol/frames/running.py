"""Running a server: its rooms, and what was done to whom. For administrators."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Number, Request, Result, RoomName, Seq, Time, Word
from protocol.frames.moderation import After, PageSize


class RoomDetailsResult(Result, frozen=True):
    """A channel, and what is stored of it: so many `events`, whose bodies have so many `bytes`."""

    room: str
    topic: str = ""
    private: bool = False
    members: Number = 0
    invited: Number = 0
    head: Seq = 0
    floor: Seq = 0
    events: Number = 0
    bytes: Number = 0


class RoomDetails(Request[RoomDetailsResult], tag="room_details", frozen=True):
    """How large is a channel?"""

    result = RoomDetailsResult
    room: RoomName


class MakeRoom(Request[Result], tag="make_room", frozen=True):
    """Make a channel for others. It belongs to `owner`, or else to who comes in first."""

    room: RoomName
    private: bool = False
    owner: After = ""


class AuditInfo(Result, frozen=True):
    """What was done, by whom, to whom. `n` counts the records."""

    n: Number
    time: Time
    action: str
    user: Number = 0
    by: str = ""
    target: str = ""
    room: str = ""
    detail: str = ""


class AuditResult(Result, frozen=True):
    """Records by rising `n`; `complete`: there are no older ones."""

    records: list[AuditInfo]
    complete: bool = False


class Audit(Request[AuditResult], tag="audit", frozen=True):
    """What was done? The newest records: `since` a time, `before` one of them, by or to one user, in one
    room, of one kind."""

    result = AuditResult
    since: Time = 0
    before: Seq | None = None
    name: After = ""
    room: Annotated[str, Meta(max_length=4 * limits.ROOM)] = ""
    action: Word = ""
    limit: PageSize = limits.PAGE
