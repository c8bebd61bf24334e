"""Invitations: who has the code of one may register. For administrators."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Number, Request, Result, Time, Word


class MakeInviteResult(Result, frozen=True):
    """`code` is told only here: the server keeps its hash."""

    code: str
    id: str
    expires: Time


class MakeInvite(Request[MakeInviteResult], tag="make_invite", frozen=True):
    """Let `uses` people register within so many `days`; they are in `room` then, if one is given."""

    result = MakeInviteResult
    uses: Annotated[int, Meta(ge=1, le=limits.INVITE_USES)] = 1
    days: Annotated[int, Meta(ge=1, le=limits.INVITE_DAYS)] = 7
    room: Annotated[str, Meta(max_length=4 * limits.ROOM)] = ""


class InviteInfo(Result, frozen=True):
    """An invitation that has not ended. `by` made it; `left` of its `uses` are left until `expires`."""

    id: str
    by: str
    created: Time
    expires: Time
    uses: Number
    left: Number
    room: str = ""


class InvitesResult(Result, frozen=True):
    """The newest first."""

    invites: list[InviteInfo]


class Invites(Request[InvitesResult], tag="invites", frozen=True):
    """Which invitations are there?"""

    result = InvitesResult


class EndInvite(Request[Result], tag="end_invite", frozen=True):
    """Nobody registers with this invitation any more."""

    invite: Word
