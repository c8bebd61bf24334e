"""Messages: sending, reading back, what has been read, and what was left out."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Cid, Frame, Request, Result, RoomName, Seq, Time, Word
from protocol.frames.events import MESSAGE, Event, Place


class SendResult(Result, frozen=True):
    """Where the message stands for ever. `dup`: this cid was stored before, nothing was now."""

    seq: Seq
    time: Time
    dup: bool = False


class Send(Request[SendResult], tag="send", frozen=True):
    """Say something, or change what was said; repeatable for ever under the same `cid`.

    `target` is there for the kinds in `CHANGES` and for no other; `reply` may be there for others.
    """

    result = SendResult
    room: RoomName
    cid: Cid
    body: bytes
    kind: Word = MESSAGE
    target: Place | None = None
    reply: Place | None = None


class HistoryResult(Result, frozen=True):
    """Events in rising `seq`; `complete`: nothing lies beyond them in the asked direction.

    `floor` as in `RoomState`.
    """

    events: list[Event]
    complete: bool = False
    floor: Seq = 0


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


class Marker(Frame, tag="marker", frozen=True):
    """Another session of this user has read so far."""

    room: str
    seq: Seq


class Heads(Frame, tag="heads", frozen=True):
    """The session fell behind and events were left out: where each of its rooms stands now."""

    heads: dict[str, Seq]
