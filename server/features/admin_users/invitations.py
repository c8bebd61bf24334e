"""Invitations to the server, for its administrators."""

from protocol import errors, frames, names
from protocol.frames import InviteInfo, Result
from server.auth import credentials
from server.errors import RefusedError
from server.features.admin_users.operations import CreateInviteOperation, RevokeInviteOperation
from server.features.checks import checked, require_administrator
from server.features.registry import RequestContext, handler


@handler(frames.MakeInvite, for_operator=True)
async def make_invite(context: RequestContext, request: frames.MakeInvite) -> Result:
    """Let some people register."""
    require_administrator(context)
    accounts, state = context.server.accounts, context.server.state
    if accounts.embedded:
        raise RefusedError(errors.DENIED, "this chat belongs to one person, and nobody else comes in")
    if accounts.registration == "closed":
        raise RefusedError(errors.DENIED, "nobody registers on a closed server: chat-server user add NAME")
    room = checked(names.check_room_name, request.room) if request.room else ""
    known = state.rooms.get(room)
    if known is not None and known.private:
        text = f"{room} is private: /invite people there once they have come, or make it /public"
        raise RefusedError(errors.DENIED, text)
    code, identity = credentials.new_code(), credentials.new_id()
    operation = CreateInviteOperation(
        context.user.id, identity, credentials.digest(code), request.uses, request.days, room
    )
    made = await context.server.store(operation)
    return frames.MakeInviteResult(code, identity, made.expires)


@handler(frames.Invites, for_operator=True)
def invites(context: RequestContext, request: frames.Invites) -> Result:  # noqa: ARG001
    """Those that have not ended."""
    require_administrator(context)
    state, now = context.server.state, context.server.clock()
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
    return frames.InvitesResult(listed)


@handler(frames.EndInvite, for_operator=True)
def end_invite(context: RequestContext, request: frames.EndInvite) -> RevokeInviteOperation:
    """Nobody registers with it any more."""
    require_administrator(context)
    return RevokeInviteOperation(context.user.id, request.invite)
