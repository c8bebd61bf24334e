"""Who may be and speak in a room, and who may come in at all: asking, and having it changed."""

import heapq

from protocol import errors, frames, limits, names
from protocol.frames import Result
from server.errors import RefusedError
from server.features.checks import checked_reason
from server.features.moderation.operations import (
    BanOperation,
    InviteMemberOperation,
    KickOperation,
    MuteOperation,
    ServerBanOperation,
    ServerUnbanOperation,
    SetRoomRoleOperation,
    UnbanOperation,
    UnmuteOperation,
)
from server.features.registry import RequestContext, handler
from server.state import permissions
from server.state.model import Penalty, Room, User
from server.state.networks import bannable, network, problem
from server.state.permissions import Action


def _other(context: RequestContext, name: str) -> int:
    """The id of whom it is about."""
    return permissions.require_user(context.server.state, name).id


@handler(frames.Invite)
def invite(context: RequestContext, request: frames.Invite) -> InviteMemberOperation:
    """Let somebody in, and tell them."""
    return InviteMemberOperation(context.user.id, request.room, _other(context, request.name))


@handler(frames.Kick)
def kick(context: RequestContext, request: frames.Kick) -> KickOperation:
    """Remove somebody."""
    other, reason = _other(context, request.name), checked_reason(request.reason)
    return KickOperation(context.user.id, request.room, other, reason)


@handler(frames.Ban)
def ban(context: RequestContext, request: frames.Ban) -> BanOperation:
    """Remove somebody, and keep them out."""
    other, reason = _other(context, request.name), checked_reason(request.reason)
    return BanOperation(context.user.id, request.room, other, request.seconds, reason)


@handler(frames.Unban)
def unban(context: RequestContext, request: frames.Unban) -> UnbanOperation:
    """Let somebody come back."""
    return UnbanOperation(context.user.id, request.room, _other(context, request.name))


@handler(frames.Mute)
def mute(context: RequestContext, request: frames.Mute) -> MuteOperation:
    """Let somebody say nothing."""
    other, reason = _other(context, request.name), checked_reason(request.reason)
    return MuteOperation(context.user.id, request.room, other, request.seconds, reason)


@handler(frames.Unmute)
def unmute(context: RequestContext, request: frames.Unmute) -> UnmuteOperation:
    """Let somebody speak again."""
    return UnmuteOperation(context.user.id, request.room, _other(context, request.name))


@handler(frames.Role, for_operator=True)
def role(context: RequestContext, request: frames.Role) -> SetRoomRoleOperation:
    """Give a role."""
    if request.role not in frames.ROLES:
        raise RefusedError(
            errors.BAD_FRAME, f"{request.role!r} is no role: {', '.join(frames.ROLES)} are", field="role"
        )
    other = _other(context, request.name)
    return SetRoomRoleOperation(context.user.id, request.room, other, request.role)


@handler(frames.Members, for_operator=True)
def members(context: RequestContext, request: frames.Members) -> Result:
    """A page of the list of members."""
    room = permissions.require(context.server.state, context.user, request.room, Action.MEMBERS)
    page, complete = _page(context, list(room.members), request.after, request.limit)
    online = context.server.hub.is_online
    listed = [frames.MemberInfo(user.name, permissions.role(room, user), online(user)) for user in page]
    return frames.MembersResult(listed, len(room.members), complete)


@handler(frames.Bans, for_operator=True)
def bans(context: RequestContext, request: frames.Bans) -> Result:
    """A page of the list of who is banned or muted."""
    room = permissions.require(context.server.state, context.user, request.room, Action.BANS)
    now = context.server.clock()
    holding = {
        number
        for penalties in (room.bans, room.mutes)
        for number, penalty in penalties.items()
        if penalty.holds(now)
    }
    page, complete = _page(context, list(holding), request.after, request.limit)
    people = [_sanctioned(context, room, user, now) for user in page]
    return frames.BansResult(people, complete)


def _page(context: RequestContext, numbers: list[int], after: str, limit: int) -> tuple[list[User], bool]:
    """The users among these whose names come next, and whether they are the last ones."""
    begin = names.fold(after)
    found = [(names.fold(user.name), user) for user in map(context.server.state.users.__getitem__, numbers)]
    found = heapq.nsmallest(limit + 1, (one for one in found if one[0] > begin), key=lambda one: one[0])
    return [user for _, user in found[:limit]], len(found) <= limit


def _sanctioned(context: RequestContext, room: Room, user: User, now: int) -> frames.Punished:
    ban, mute = (
        _term(context, penalties[user.id]) if user.id in penalties and penalties[user.id].holds(now) else None
        for penalties in (room.bans, room.mutes)
    )
    return frames.Punished(user.name, ban, mute)


def _term(context: RequestContext, penalty: Penalty) -> frames.Term:
    by = context.server.state.users.get(penalty.by)  # None: the local administrator
    return frames.Term(by.name if by is not None else "", penalty.time, penalty.until, penalty.reason)


# --- the whole server


@handler(frames.ServerBan, for_operator=True)
async def server_ban(context: RequestContext, request: frames.ServerBan) -> Result:
    """Keep somebody, or a network, out of the server."""
    user, banned = _banned(context, request)
    if banned and (text := problem(network(banned), context.address)):
        raise RefusedError(errors.DENIED, text, field="address")
    reason = checked_reason(request.reason)
    other = user.id if user is not None else 0
    await context.server.store(ServerBanOperation(context.user.id, other, banned, request.seconds, reason))
    addresses = _addresses(context, user) if user is not None else []
    _expel(context, user, banned)
    return frames.ServerBanResult(addresses)


@handler(frames.ServerUnban, for_operator=True)
def server_unban(context: RequestContext, request: frames.ServerUnban) -> ServerUnbanOperation:
    """Let them in again."""
    user, banned = _banned(context, request)
    return ServerUnbanOperation(context.user.id, user.id if user is not None else 0, banned)


def _banned(
    context: RequestContext, request: frames.ServerBan | frames.ServerUnban
) -> tuple[User | None, str]:
    """The user, or else the network, that is meant; raises `RefusedError`."""
    permissions.require_admin(context.user, Action.SERVER_BAN)
    if bool(request.name) == bool(request.address):
        raise RefusedError(errors.BAD_FRAME, "either name or address, one of the two", field="name")
    if request.name:
        return permissions.require_user(context.server.state, request.name), ""
    return None, _network(request.address)


def _addresses(context: RequestContext, user: User) -> list[str]:
    """Where somebody is connected from, as far as it can be banned."""
    here = {one.address for one in context.server.sessions if one.ready and one.user is user}
    return sorted(host for host in here if bannable(host))[: limits.DEVICES]


def _network(text: str) -> str:
    try:
        return str(network(text))
    except ValueError as error:
        example = "192.0.2.7, 192.0.2.0/24 or 2001:db8::/48"
        raise RefusedError(
            errors.BAD_NAME, f"{text!r} is no address and no network, as in {example}", field="address"
        ) from error


def _expel(context: RequestContext, user: User | None, banned: str) -> None:
    server = context.server
    if user is None:
        ban = server.state.banned_networks.get(banned)
        if ban is not None:  # else it was lifted right behind
            server.expel_network(banned, ban)
    elif (ban := server.state.banned_users.get(user.id)) is not None:
        text = "you are banned from this server"
        server.end_sessions(user, errors.DENIED, text, lambda _: True, **permissions.term(ban))


@handler(frames.ServerBans, for_operator=True)
def server_bans(context: RequestContext, request: frames.ServerBans) -> Result:  # noqa: ARG001
    """Who is kept out."""
    permissions.require_admin(context.user, Action.SERVER_BAN)
    state, now = context.server.state, context.server.clock()
    users = [
        frames.Banned(_term(context, penalty), name=state.users[number].name)
        for number, penalty in state.banned_users.items()
        if penalty.holds(now)
    ]
    networks = [
        frames.Banned(_term(context, penalty), address=text)
        for text, penalty in sorted(state.banned_networks.items())
        if penalty.holds(now)
    ]
    found = [*sorted(users, key=lambda ban: names.fold(ban.name)), *networks]
    fits = limits.PAGE_BYTES // (limits.EVENT_BYTES + 4 * limits.REASON)
    return frames.ServerBansResult(found[:fits], len(found))
