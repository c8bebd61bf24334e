"""Invitations to the server, for its administrators."""

from typing import TYPE_CHECKING, Any

from protocol import errors, frames, names
from protocol.frames import InviteInfo, Request, Result
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler, administrator, checked
from server.features.login import credentials
from server.state.model import Invite

if TYPE_CHECKING:
    from server.session import Session


def make_invite(session: "Session", request: frames.MakeInvite) -> None:
    """Let some people register."""
    administrator(session)
    if session.core.accounts.embedded:
        raise RefusedError(errors.DENIED, "this chat belongs to one person, and nobody else comes in")
    if session.core.accounts.entrance == "closed":
        raise RefusedError(errors.DENIED, "nobody registers on a closed server: chat-server user add NAME")
    room = checked(names.check_room_name, request.room) if request.room else ""
    known = session.core.state.rooms.get(room)
    if known is not None and known.private:
        text = f"{room} is private: /invite people there once they have come, or make it /public"
        raise RefusedError(errors.DENIED, text)
    session.work(request, _make(session, request, room))


async def _make(session: "Session", request: frames.MakeInvite, room: str) -> Result:
    code = credentials.new_code()
    invite = Invite(
        credentials.new_id(),
        credentials.digest(code),
        session.user.id,
        0,
        0,
        request.uses,
        request.uses,
        room,
    )
    made = operations.MakeInvite(invite, request.days)
    await session.core.store(made)
    return frames.MakeInviteResult(code, invite.id, made.expires)


def invites(session: "Session", request: frames.Invites) -> None:
    """Those that have not ended."""
    administrator(session)
    state, now = session.core.state, session.core.clock()
    alive = [invite for invite in state.invites.values() if invite.expires > now]
    listed = [
        InviteInfo(
            one.id,
            state.users[one.maker].name if one.maker in state.users else "",
            one.created,
            one.expires,
            one.uses,
            one.left,
            one.room,
        )
        for one in sorted(alive, key=lambda invite: invite.created, reverse=True)
    ]
    session.answer(request, frames.InvitesResult(listed))


def end_invite(session: "Session", request: frames.EndInvite) -> None:
    """Nobody registers with it any more."""
    administrator(session)
    session.work(request, _end(session, request.invite))


async def _end(session: "Session", identity: str) -> Result:
    await session.core.store(operations.StopInvite(identity, actor=session.user.id))
    return Result()


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.MakeInvite: make_invite,
    frames.Invites: invites,
    frames.EndInvite: end_invite,
}
