"""Who may be and speak in a room, and who may come in at all: asking, and having it changed."""

import heapq
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from protocol import errors, frames, limits, names
from protocol.frames import Request, Result
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler, cleaned_reason
from server.net.networks import bannable, network, problem
from server.state import permissions
from server.state.model import Penalty, Room, User
from server.state.permissions import Action

if TYPE_CHECKING:
    from server.session import Session


def _about(operation: type[operations.StoreAbout], session: "Session", request: Any) -> None:  # noqa: ANN401
    """Do to somebody what the operation says."""
    other = operations.user_called(session.core.state, request.name)
    if hasattr(request, "reason"):
        request = msgspec.structs.replace(request, reason=cleaned_reason(request.reason))
    done = operation(session.user, other, request, session.answer, session.refuse)
    session.core.writer.submit(done)


def invite(session: "Session", request: frames.Invite) -> None:
    """Let somebody in, and tell them."""
    _about(operations.StoreInvite, session, request)


def role(session: "Session", request: frames.Role) -> None:
    """Give a role."""
    if request.role not in frames.ROLES:
        raise RefusedError(
            errors.BAD_FRAME, f"{request.role!r} is no role: {', '.join(frames.ROLES)} are", field="role"
        )
    _about(operations.StoreRole, session, request)


def members(session: "Session", request: frames.Members) -> None:
    """A page of the list of members."""
    state = session.core.state
    room = permissions.require(state, session.user, request.room, Action.MEMBERS)
    page, complete = _page(session, list(room.members), request.after, request.limit)
    online = session.core.hub.is_online
    listed = [frames.MemberInfo(user.name, permissions.role(room, user), online(user)) for user in page]
    session.answer(request, frames.MembersResult(listed, len(room.members), complete))


def bans(session: "Session", request: frames.Bans) -> None:
    """A page of the list of who is banned or muted."""
    core = session.core
    room = permissions.require(core.state, session.user, request.room, Action.BANS)
    now = core.clock()
    holding = {
        number
        for penalties in (room.bans, room.mutes)
        for number, penalty in penalties.items()
        if penalty.holds(now)
    }
    page, complete = _page(session, list(holding), request.after, request.limit)
    people = [_punished(session, room, user, now) for user in page]
    session.answer(request, frames.BansResult(people, complete))


def _page(session: "Session", numbers: list[int], after: str, limit: int) -> tuple[list[User], bool]:
    """The users among these whose names come next, and whether they are the last ones."""
    begin = names.fold(after)
    found = [(names.fold(user.name), user) for user in map(session.core.state.users.__getitem__, numbers)]
    found = heapq.nsmallest(limit + 1, (one for one in found if one[0] > begin), key=lambda one: one[0])
    return [user for _, user in found[:limit]], len(found) <= limit


def _punished(session: "Session", room: Room, user: User, now: int) -> frames.Punished:
    ban, mute = (
        _term(session, penalties[user.id]) if user.id in penalties and penalties[user.id].holds(now) else None
        for penalties in (room.bans, room.mutes)
    )
    return frames.Punished(user.name, ban, mute)


def _term(session: "Session", penalty: Penalty) -> frames.Term:
    by = session.core.state.users.get(penalty.by)  # None: the local administrator
    return frames.Term(by.name if by is not None else "", penalty.time, penalty.until, penalty.reason)


# --- the whole server


def server_ban(session: "Session", request: frames.ServerBan | frames.ServerUnban) -> None:
    """Keep somebody, or a network, out of the server, or let them in again."""
    permissions.require_admin(session.user, Action.SERVER_BAN)
    if bool(request.name) == bool(request.address):
        raise RefusedError(errors.BAD_FRAME, "either name or address, one of the two", field="name")
    target: User | str
    target = (
        operations.user_called(session.core.state, request.name)
        if request.name
        else _network(request.address)
    )
    if isinstance(request, frames.ServerBan):
        if isinstance(target, str) and (text := problem(network(target), session.address)):
            raise RefusedError(errors.DENIED, text, field="address")
        request = msgspec.structs.replace(request, reason=cleaned_reason(request.reason))

    def stored(_: Request[Any], result: Result) -> None:
        if isinstance(request, frames.ServerBan):
            result = frames.ServerBanResult(_addresses(session, target))
        session.answer(request, result)
        if isinstance(request, frames.ServerBan):
            _expel(session, target)

    session.core.writer.submit(
        operations.StoreServerBan(session.user, target, request, stored, session.refuse)
    )


def _addresses(session: "Session", target: User | str) -> list[str]:
    """Where somebody is connected from, as far as it can be banned."""
    here = {one.address for one in session.core.sessions if one.ready and one.user is target}
    return sorted(host for host in here if bannable(host))[: limits.DEVICES]


def _network(text: str) -> str:
    try:
        return str(network(text))
    except ValueError as error:
        example = "192.0.2.7, 192.0.2.0/24 or 2001:db8::/48"
        raise RefusedError(
            errors.BAD_NAME, f"{text!r} is no address and no network, as in {example}", field="address"
        ) from error


def _expel(session: "Session", target: User | str) -> None:
    core = session.core
    state = core.state
    ban = state.banned_networks.get(target) if isinstance(target, str) else state.banned_users.get(target.id)
    if ban is None:  # it was lifted right behind
        return
    if isinstance(target, str):
        core.expel_network(target, ban)
    else:
        text = "you are banned from this server"
        core.end_sessions(target, errors.DENIED, text, lambda _: True, **permissions.term(ban))


def server_bans(session: "Session", request: frames.ServerBans) -> None:
    """Who is kept out."""
    permissions.require_admin(session.user, Action.SERVER_BAN)
    state, now = session.core.state, session.core.clock()
    users = [
        frames.Banned(_term(session, penalty), name=state.users[number].name)
        for number, penalty in state.banned_users.items()
        if penalty.holds(now)
    ]
    networks = [
        frames.Banned(_term(session, penalty), address=text)
        for text, penalty in sorted(state.banned_networks.items())
        if penalty.holds(now)
    ]
    found = [*sorted(users, key=lambda ban: names.fold(ban.name)), *networks]
    fits = limits.PAGE_BYTES // (limits.EVENT_BYTES + 4 * limits.REASON)
    session.answer(request, frames.ServerBansResult(found[:fits], len(found)))


FOR_SERVER: dict[type[Request[Any]], Handler] = {
    frames.ServerBan: server_ban,
    frames.ServerUnban: server_ban,
    frames.ServerBans: server_bans,
}

FOR_OPERATOR: dict[type[Request[Any]], Handler] = {
    **FOR_SERVER,
    frames.Role: role,
    frames.Members: members,
    frames.Bans: bans,
}

HANDLERS: dict[type[Request[Any]], Handler] = {
    **FOR_OPERATOR,
    frames.Invite: invite,
    frames.Kick: partial(_about, operations.StoreKick),
    frames.Ban: partial(_about, operations.StoreBan),
    frames.Unban: partial(_about, operations.StoreUnban),
    frames.Mute: partial(_about, operations.StoreMute),
    frames.Unmute: partial(_about, operations.StoreUnmute),
}
