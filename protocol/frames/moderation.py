"""Who may be and speak in a room: invitations, roles, kicks, bans, mutes; and who may come in at all."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Frame, Name, Number, Request, Result, RoomName, Time, Word

OWNER = "owner"
MODERATOR = "moderator"
MEMBER = "member"
ROLES = (OWNER, MODERATOR, MEMBER)
"""What a member can be in a room, the highest first."""

Seconds = Annotated[int, Meta(ge=1, le=limits.PENALTY_SECONDS)]
Reason = Annotated[str, Meta(max_length=4 * limits.REASON)]
After = Annotated[str, Meta(max_length=4 * limits.NAME)]
PageSize = Annotated[int, Meta(ge=1, le=limits.PAGE)]


class Invite(Request[Result], tag="invite", frozen=True):
    """Let somebody join, and tell them so."""

    room: RoomName
    name: Name


class Invited(Frame, tag="invited", frozen=True):
    """`by` has invited this session's user to the room."""

    room: str
    by: str
    time: Time


class Kick(Request[Result], tag="kick", frozen=True):
    """Have a member be one no longer; of somebody who is only invited, take the invitation back."""

    room: RoomName
    name: Name
    reason: Reason = ""


class Ban(Request[Result], tag="ban", frozen=True):
    """Kick somebody and keep them out, for so long or for good; they need not be a member."""

    room: RoomName
    name: Name
    seconds: Seconds | None = None
    reason: Reason = ""


class Unban(Request[Result], tag="unban", frozen=True):
    """Let somebody in again."""

    room: RoomName
    name: Name


class Mute(Request[Result], tag="mute", frozen=True):
    """Have somebody say nothing here, for so long or for good."""

    room: RoomName
    name: Name
    seconds: Seconds | None = None
    reason: Reason = ""


class Unmute(Request[Result], tag="unmute", frozen=True):
    """Let somebody speak again."""

    room: RoomName
    name: Name


class Role(Request[Result], tag="role", frozen=True):
    """Make a member an owner, a moderator, or a plain member."""

    room: RoomName
    name: Name
    role: Word


class MemberInfo(Result, frozen=True):
    """A line of a room's list of members."""

    name: str
    role: str = MEMBER
    online: bool = False


class MembersResult(Result, frozen=True):
    """Members by rising name; `complete`: these are the last ones; `total` counts all there are."""

    members: list[MemberInfo]
    total: Number
    complete: bool = False


class Members(Request[MembersResult], tag="members", frozen=True):
    """Who is in the room? Those whose names come after `after`."""

    result = MembersResult
    room: RoomName
    after: After = ""
    limit: PageSize = limits.PAGE


class Term(Result, frozen=True):
    """Of a ban or a mute: by whom, since when, until when (ms; nil: for good), why."""

    by: str
    time: Time
    until: Time | None = None
    reason: str = ""


class Punished(Result, frozen=True):
    """Somebody who is banned, muted, or both."""

    name: str
    ban: Term | None = None
    mute: Term | None = None


class BansResult(Result, frozen=True):
    """People by rising name; `complete`: these are the last ones."""

    people: list[Punished]
    complete: bool = False


class Bans(Request[BansResult], tag="bans", frozen=True):
    """Who is banned or muted here? Those whose names come after `after`."""

    result = BansResult
    room: RoomName
    after: After = ""
    limit: PageSize = limits.PAGE


class ServerBanResult(Result, frozen=True):
    """From where the user was connected: who is banned by name may come back under another one."""

    addresses: list[str]


class ServerBan(Request[ServerBanResult], tag="server_ban", frozen=True):
    """Keep a user (`name`) or a network (`address`) out of this server; one of the two is given."""

    result = ServerBanResult

    name: After = ""
    address: Word = ""
    seconds: Seconds | None = None
    reason: Reason = ""


class ServerUnban(Request[Result], tag="server_unban", frozen=True):
    """Let a user or a network in again."""

    name: After = ""
    address: Word = ""


class Banned(Result, frozen=True):
    """A user or a network that is kept out."""

    term: Term
    name: str = ""
    address: str = ""


class ServerBansResult(Result, frozen=True):
    """Users by rising name, then networks; `total` also counts those that did not fit."""

    bans: list[Banned]
    total: Number


class ServerBans(Request[ServerBansResult], tag="server_bans", frozen=True):
    """Who is kept out of this server?"""

    result = ServerBansResult
