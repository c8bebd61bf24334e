"""What the log stores: drafts of events, and records that are none.

Made by the plans of operations, and brought into the state by `apply` and `records.keep`. Knows
nothing of where they are kept.
"""

import msgspec

from protocol.frames import Event
from server.state.model import Device, ServerInvite

NEW = 0
"""As a record's user: the one whom the draft before it in the batch makes, and whose id nobody knows yet."""


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event that has no place in its room yet. `audit` is recorded if it gets one: not of a repetition."""

    room: str
    user: int
    sender: str
    kind: str
    time: int
    body: bytes = b""
    cid: str | None = None
    target: int | None = None
    reply: int | None = None
    audit: "AuditRecord | None" = None


class StoredReadMarker(msgspec.Struct, frozen=True, gc=False):
    """A user has read a room up to `seq`. No event: nobody else needs to see it."""

    room: str
    user: int
    seq: int


class LastSeen(msgspec.Struct, frozen=True, gc=False):
    """A user's last session has gone, at `time`."""

    user: int
    time: int


class AwayRecord(msgspec.Struct, frozen=True, gc=False):
    """A user has said that they are away (`text`), or back (None)."""

    user: int
    text: str | None


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A user ignores another one from now on, or no longer."""

    user: int
    other: int
    on: bool


class ChosenLevel(msgspec.Struct, frozen=True, gc=False):
    """A user has chosen how much of a room calls them; empty: what is usual there."""

    room: str
    user: int
    level: str


class Password(msgspec.Struct, frozen=True, gc=False):
    """A user has another password; this is its hash. No event: those stay for ever."""

    user: int
    hash: str


class Bound(msgspec.Struct, frozen=True, gc=False):
    """An account belongs to a user of the server's computer, by the id that the system gives."""

    user: int
    uid: int


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A device was there."""

    user: int
    device: str
    time: int


class EndDeviceRecord(msgspec.Struct, frozen=True, gc=False):
    """A device is let in no longer."""

    user: int
    device: str


class EndInviteRecord(msgspec.Struct, frozen=True, gc=False):
    """Nobody registers with this invitation any more."""

    id: str


class AuditRecord(msgspec.Struct, frozen=True, gc=False):
    """Who (an id; 0: nobody in particular) did what, for those who have to know it later; see `audit`."""

    time: int
    actor: int
    action: str
    target: str = ""
    room: str = ""
    detail: str = ""


Presence = LastSeen | AwayRecord | Ignored
"""What is stored of who was there, and whom they want to read."""

Account = Password | Bound | Device | Seen | EndDeviceRecord
"""What is stored of who may come in as a user."""

Record = StoredReadMarker | ChosenLevel | Account | ServerInvite | EndInviteRecord | AuditRecord | Presence
"""What is stored in the same transaction as events, and is none. `records.keep` brings it into the state.
A `Device` or an `Invite` takes the place of the one with its id."""

Entry = Draft | Record

GONE = ""
"""The kind of an event that was pruned, or whose room was deleted: nothing is left of it but its place, its
time and its cid."""


def gone(event: Event) -> Event:
    """What is left of an event that was removed."""
    return msgspec.structs.replace(event, sender="", kind=GONE, body=b"", target=None, reply=None)
