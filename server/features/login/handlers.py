"""Coming in: with a token, with a password, with a name alone, or as somebody new."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from common import private_files
from protocol import errors, frames, names, passwords
from protocol.frames import LoginResult, Request
from server.errors import RefusedError
from server.features import operations
from server.features.accounts.operations import NO_MATCH
from server.features.checks import Handler, check_not_a_local_user, checked, checked_password, private, stored
from server.features.login import credentials
from server.state import permissions
from server.state.model import Device, Invite, User
from server.store.base import NEW, Audit, Seen

if TYPE_CHECKING:
    from server.session import Session

SEEN_MS = 10 * 60 * 1000
"""How exactly it is kept when a device was there: not everybody who comes and goes is written each time."""

_NOT_FOR_THEM = frozenset({errors.DENIED, errors.NO_SUCH_ROOM, errors.NAME_TAKEN})
"""Why somebody comes in and is not in the room where they would begin: they are banned, it is private, or
another one that looks like it was made since they were invited."""

_NEEDED = "this server asks for a password"


def login(session: "Session", request: frames.Login) -> None:
    """Come in."""
    core = session.core
    if session.local:
        if not core.accounts.administers(request.key, session.peer):
            raise RefusedError(errors.DENIED, "this is where the administrator comes in, and nobody else")
        session.enter(credentials.local_admin(), "")
        session.answer(request, LoginResult(credentials.LOCAL_ADMIN, request.name, admin=True))
        return
    _begin(session, request.key)
    if request.token or request.password:
        private(session)
    if request.token:
        _by_token(session, request)
    elif request.password:
        _work(session, request, _by_password(session, request))
    else:
        _by_name(session, request)


def register(session: "Session", request: frames.Register) -> None:
    """Make an account, and come in."""
    if session.local:
        raise RefusedError(errors.DENIED, "this is where the administrator comes in, and nobody else")
    _begin(session, request.key)
    private(session)
    _work(session, request, _register(session, request))


def _begin(session: "Session", key: str) -> None:
    if not session.core.accounts.admits(key, session.peer):
        raise RefusedError(errors.DENIED, "this chat belongs to one person, and that is somebody else")
    if session.entering:
        raise RefusedError(errors.OUT_OF_ORDER, "a login is under way")


def _work(session: "Session", request: Request[Any], work: Coroutine[Any, Any, LoginResult]) -> None:
    async def entering() -> LoginResult:
        try:
            return await work
        finally:
            session.entering = False

    session.entering = True
    session.work(request, entering())


# --- with a token


def _by_token(session: "Session", request: frames.Login) -> None:
    core = session.core
    device = core.state.tokens.get(credentials.digest(request.token))
    if device is None:
        raise RefusedError(errors.TOKEN_ENDED, "this device is not logged in any more: log in again")
    user = core.state.users[device.user]
    _check_welcome(session, user)
    if not user.password and user.uid is None and core.accounts.entrance != "open":
        raise RefusedError(errors.BAD_LOGIN, f"{_NEEDED}, and {user.name} has none: ask its administrator")
    core.accounts.guesses.know(session.address, names.fold(user.name))
    if core.clock() - device.seen > SEEN_MS:
        core.writer.submit(operations.Keep(Seen(user.id, device.id, 0)))
    if user.rooms and not (core.accounts.embedded and not user.admin):
        # The way of everybody who comes back, and they may be thousands: no task, nothing to wait for.
        session.enter(user, device.id)
        session.answer(request, _result(user, device.id, ""))
    else:
        _work(session, request, _settle(session, user, device.id, ""))


def _check_welcome(session: "Session", user: User) -> None:
    if user.disabled:
        raise RefusedError(errors.DENIED, f"the account {user.name} is switched off: ask an administrator")
    permissions.require_not_banned(session.core.state, user, session.core.clock())


# --- with a password


async def _by_password(session: "Session", request: frames.Login) -> LoginResult:
    core = session.core
    guess = core.accounts.guesses.guess(session.address, names.fold(request.name), core.monotonic())
    user = core.state.user_called(request.name)
    proved = user.password if user is not None else ""
    given = passwords.prepare(request.password)
    # The same work and the same answer, whether there is such a user or not.
    if not await core.accounts.hasher.matches(given or "", proved) or user is None or given is None:
        if user is not None:
            _record_refusal(session, user, "password")
        raise RefusedError(errors.BAD_LOGIN, NO_MATCH)
    guess.right()
    try:
        _check_welcome(session, user)
    except RefusedError:
        _record_refusal(session, user, "switched off" if user.disabled else "banned")
        raise
    hasher = core.accounts.hasher
    renewed = await hasher.hash(given) if hasher.outdated(proved) else ""
    device, token = _new_device(session)
    online = core.online_devices(user)
    uid = session.peer
    if uid is not None and names.fold(await asyncio.to_thread(private_files.user_name, uid)) != names.fold(
        user.name
    ):
        uid = None
    come = operations.ComeByPassword(user, proved, renewed, device, online, uid)
    if await _stored(session, come):
        return await _settle(session, user, device.id, token)
    return await _settle(session, user, "", "")


def _record_refusal(session: "Session", user: User, why: str) -> None:
    """Only where a password was looked at: that is slow, so nobody fills the audit."""
    detail = f"{why}, from {session.address}"
    session.core.writer.submit(operations.Keep(Audit(0, 0, "login refused", user.name, "", detail)))


# --- with a name


def _by_name(session: "Session", request: frames.Login) -> None:
    name = checked(names.check_user_name, request.name)
    if session.peer is not None:
        _work(session, request, _by_system_name(session, session.peer, name))
    else:
        _work(session, request, _by_any_name(session, name))


def _by_any_name(session: "Session", name: str) -> Coroutine[Any, Any, LoginResult]:
    """Look at once, before anything waits."""
    core = session.core
    if core.accounts.entrance != "open":
        raise RefusedError(errors.BAD_LOGIN, _NEEDED)
    user = core.state.user_called(name)
    if user is None:
        name = checked(names.check_new_user_name, name)
        operations.check_free(core.state, name)  # as below
        _check_new_user(session)
    else:
        operations.require_name_alone(user)
        _check_welcome(session, user)
    return _come(session, name, user)


async def _by_system_name(session: "Session", peer: int, name: str) -> LoginResult:
    """Over a Unix socket the system says who comes: under their name there they need nothing else. Another
    user's name there is not for them; any other one is as it is for everybody."""
    core = session.core
    # Names are looked up in threads: a system may ask a directory on the network for them.
    if names.fold(await asyncio.to_thread(private_files.user_name, peer)) != names.fold(name):
        return await _by_any_name(session, name)
    user = core.state.by_uid.get(peer) or core.state.user_called(name)
    if user is None:
        name = checked(names.check_new_user_name, name)
    elif user.uid is None and core.accounts.entrance != "open" and not user.password:
        raise RefusedError(errors.BAD_LOGIN, f"{user.name} has no password: ask the administrator for one")
    else:
        _check_welcome(session, user)
    device, token = _new_device(session)
    admin = core.accounts.owned_by(peer)
    come = operations.ComeAsLocalUser(peer, name, device, core.online_devices, admin=admin)
    if user is None or user.uid is None:
        await core.store(come)
    elif not await _stored(session, come):
        return await _settle(session, user, "", "")
    user = core.state.users[come.user]
    if come.ended:
        text = f"{user.name} belongs to a user of the server's computer from now on"
        core.end_sessions(user, errors.LOGGED_OUT, text, lambda one: one is not session)
    return await _settle(session, user, device.id, token)


async def _come(session: "Session", name: str, user: User | None) -> LoginResult:
    core = session.core
    if user is None:
        await check_not_a_local_user(session, name)
    device, token = _new_device(session) if session.private else (None, "")
    online = core.online_devices(user) if user is not None else frozenset()
    come = operations.ComeByName(name, device, online)
    if user is None:
        await core.store(come)
    elif not await _stored(session, come):
        return await _settle(session, user, "", "")
    return await _settle(session, core.state.users[come.user], device.id if device is not None else "", token)


async def _stored(session: "Session", coming: operations.Awaited) -> bool:
    """Store that somebody known has come. If the disk refuses they come in without a token: who only reads
    needs none."""
    try:
        await session.core.store(coming)
    except RefusedError as error:
        if error.code != errors.STORAGE:
            raise
        return False
    return True


# --- as somebody new


async def _register(session: "Session", request: frames.Register) -> LoginResult:
    core = session.core
    invite = _invite(session, request)
    name = checked(names.check_new_user_name, request.name)
    password = checked_password(request.password)
    operations.check_free(core.state, name)  # again when it is stored; before it costs anything
    await check_not_a_local_user(session, name)
    if invite is None:
        _check_new_user(session)
    device, token = _new_device(session)
    hashed = await core.accounts.hasher.hash(password)
    made = operations.MakeAccount(name, hashed, device=device, invite=invite)
    await core.store(made)
    core.accounts.guesses.know(session.address, names.fold(name))
    user = core.state.users[made.user]
    rooms = [invite.room] if invite is not None and invite.room else []
    return await _settle(session, user, device.id, token, rooms)


def _invite(session: "Session", request: frames.Register) -> Invite | None:
    """The invitation that was given, if one is needed. A wrong one counts as a guess."""
    core = session.core
    if core.accounts.entrance == "open" and not request.invite:
        return None
    closed = core.accounts.entrance == "closed"
    if not request.invite and closed:
        raise RefusedError(errors.DENIED, "accounts are made by the administrator here: ask for one")
    if not request.invite:
        raise RefusedError(
            errors.BAD_INVITE,
            "who registers here needs an invitation: ask somebody who is in",
            field="invite",
        )
    guess = core.accounts.guesses.guess(session.address, "", core.monotonic())
    found = core.state.invite_with(credentials.digest(request.invite.lower()))
    found = operations.check_invite(
        found if found is not None and found.first >= closed else None, core.clock()
    )
    guess.right()
    return found


# --- for all of them


def _check_new_user(session: "Session") -> None:
    core = session.core
    core.quotas.check_new_user(session.address, len(core.state.users), core.monotonic())


def _new_device(session: "Session") -> tuple[Device, str]:
    """A device for who is coming in, and the token that it is told."""
    token = credentials.new_token()
    return Device(NEW, credentials.new_id(), credentials.digest(token), session.client, 0, 0), token


async def _settle(
    session: "Session", user: User, device: str, token: str, rooms: Sequence[str] = ()
) -> LoginResult:
    """Let the user in. Who is in no room comes into the first one: a kill may have come between the making of
    the user and this."""
    core = session.core
    if not user.rooms:
        for room in (names.FIRST_ROOM, *rooms):
            try:
                await _join(session, user, room)
            except RefusedError as error:
                if error.code not in _NOT_FOR_THEM:
                    raise
    if core.accounts.embedded and not any(one.admin for one in core.state.users.values()):
        await core.store(operations.SetRole(user, admin=True, actor=credentials.LOCAL_ADMIN))
    _check_welcome(session, user)  # all this took its time
    session.enter(user, device)
    return _result(user, device, token)


async def _join(session: "Session", user: User, room: str) -> None:
    await stored(session, user, operations.StoreJoin, frames.Join(1, room, 0))


def _result(user: User, device: str, token: str) -> LoginResult:
    return LoginResult(user.id, user.name, device, token, registered=bool(user.password), admin=user.admin)


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Login: login,
    frames.Register: register,
}
