"""Coming in: with a token, with a password, with a name alone, or as somebody new."""

import asyncio
from collections.abc import Sequence

from common import private_files
from protocol import errors, frames, names, passwords
from protocol.frames import LoginResult, Result
from server.auth import credentials
from server.errors import RefusedError
from server.features.accounts.operations import check_free
from server.features.admin_users.operations import SetAccountRoleOperation
from server.features.checks import check_not_a_local_user, checked, checked_password, require_private
from server.features.login.operations import (
    NO_MATCH,
    LoginByNameOperation,
    LoginByPasswordOperation,
    LoginLocalUserOperation,
    RecordDeviceSeenOperation,
    RecordRefusedLoginOperation,
    RegisterOperation,
    check_invite,
    require_name_alone,
)
from server.features.registry import RequestContext, handler
from server.features.rooms.operations import JoinRoomOperation, new_birth
from server.state import permissions
from server.state.entries import NEW
from server.state.model import LOCAL_ADMIN, Device, ServerInvite, User, local_admin
from server.state.operation import NEWCOMERS, SERVER, Operation, R

SEEN_MS = 10 * 60 * 1000
"""How exactly it is kept when a device was there: not everybody who comes and goes is written each time."""

_NOT_FOR_THEM = frozenset({errors.DENIED, errors.NO_SUCH_ROOM, errors.NAME_TAKEN})
"""Why somebody comes in and is not in the room where they would begin: they are banned, it is private, or
another one that looks like it was made since they were invited."""

_NEEDED = "this server asks for a password"


@handler(frames.Login, before_login=True, for_operator=True)
async def login(context: RequestContext, request: frames.Login) -> Result:
    """Come in."""
    accounts = context.server.accounts
    if context.local:
        if not accounts.administers(request.key, context.peer):
            raise RefusedError(errors.DENIED, "this is where the administrator comes in, and nobody else")
        context.enter(local_admin(), "")
        return LoginResult(LOCAL_ADMIN, request.name, admin=True)
    _check_may_begin(context, request.key)
    if request.token or request.password:
        require_private(context)
    context.entering = True
    try:
        if request.token:
            return await _by_token(context, request)
        if request.password:
            return await _by_password(context, request)
        return await _by_name(context, request)
    finally:
        context.entering = False


@handler(frames.Register, before_login=True, for_operator=True)
async def register(context: RequestContext, request: frames.Register) -> Result:
    """Make an account, and come in."""
    if context.local:
        raise RefusedError(errors.DENIED, "this is where the administrator comes in, and nobody else")
    _check_may_begin(context, request.key)
    require_private(context)
    context.entering = True
    try:
        return await _register(context, request)
    finally:
        context.entering = False


def _check_may_begin(context: RequestContext, key: str) -> None:
    if not context.server.accounts.admits(key, context.peer):
        raise RefusedError(errors.DENIED, "this chat belongs to one person, and that is somebody else")
    if context.entering:
        raise RefusedError(errors.OUT_OF_ORDER, "a login is under way")


# --- with a token


async def _by_token(context: RequestContext, request: frames.Login) -> LoginResult:
    server = context.server
    accounts = server.accounts
    device = server.state.tokens.get(credentials.digest(request.token))
    if device is None:
        raise RefusedError(errors.TOKEN_ENDED, "this device is not logged in any more: log in again")
    user = server.state.users[device.user]
    _check_welcome(context, user)
    if not user.password and user.uid is None and accounts.registration != "open":
        raise RefusedError(errors.BAD_LOGIN, f"{_NEEDED}, and {user.name} has none: ask its administrator")
    accounts.login_attempts.know(context.address, names.fold(user.name))
    if server.clock() - device.seen > SEEN_MS:
        server.record(RecordDeviceSeenOperation(user.id, device.id))
    if user.rooms and not (accounts.embedded and not user.admin):
        # The way of everybody who comes back, and they may be thousands: nothing to wait for.
        context.enter(user, device.id)
        return _result(user, device.id, "")
    return await _settle(context, user, device.id, "")


def _check_welcome(context: RequestContext, user: User) -> None:
    if user.disabled:
        raise RefusedError(errors.DENIED, f"the account {user.name} is switched off: ask an administrator")
    permissions.require_not_banned(context.server.state, user, context.server.clock())


# --- with a password


async def _by_password(context: RequestContext, request: frames.Login) -> LoginResult:
    server = context.server
    hasher = server.accounts.hasher
    attempt = server.accounts.login_attempts.begin(
        context.address, names.fold(request.name), server.monotonic()
    )
    user = server.state.user_called(request.name)
    proved = user.password if user is not None else ""
    given = passwords.prepare(request.password)
    # The same work and the same answer, whether there is such a user or not.
    if not await hasher.matches(given or "", proved) or user is None or given is None:
        if user is not None:
            _record_refusal(context, user, "password")
        raise RefusedError(errors.BAD_LOGIN, NO_MATCH)
    attempt.succeeded()
    try:
        _check_welcome(context, user)
    except RefusedError:
        _record_refusal(context, user, "switched off" if user.disabled else "banned")
        raise
    renewed = await hasher.hash(given) if hasher.outdated(proved) else ""
    device, token = _new_device(context)
    online = server.online_devices(user)
    uid = context.peer
    if uid is not None and names.fold(await asyncio.to_thread(private_files.user_name, uid)) != names.fold(
        user.name
    ):
        uid = None
    operation = LoginByPasswordOperation(user.id, proved, renewed, device, online, uid)
    if await _stored(context, operation) is None:
        return await _settle(context, user, "", "")
    return await _settle(context, user, device.id, token)


def _record_refusal(context: RequestContext, user: User, why: str) -> None:
    """Only where a password was looked at: that is slow, so nobody fills the audit."""
    context.server.record(RecordRefusedLoginOperation(SERVER, user.name, f"{why}, from {context.address}"))


# --- with a name


async def _by_name(context: RequestContext, request: frames.Login) -> LoginResult:
    name = checked(names.check_user_name, request.name)
    if context.peer is not None:
        return await _by_system_name(context, context.peer, name)
    return await _by_any_name(context, name)


async def _by_any_name(context: RequestContext, name: str) -> LoginResult:
    server = context.server
    if server.accounts.registration != "open":
        raise RefusedError(errors.BAD_LOGIN, _NEEDED)
    user = server.state.user_called(name)
    if user is None:
        name = checked(names.check_new_user_name, name)
        check_free(server.state, name)  # as when it is planned
        server.quotas.check_new_user(context.address, len(server.state.users), server.monotonic())
        await check_not_a_local_user(context, name)
    else:
        require_name_alone(user)
        _check_welcome(context, user)
    device, token = _new_device(context) if context.private else (None, "")
    online = server.online_devices(user) if user is not None else frozenset()
    operation = LoginByNameOperation(NEWCOMERS, name, device, online)
    if user is None:
        entered = await server.store(operation)
    elif (stored := await _stored(context, operation)) is not None:
        entered = stored
    else:
        return await _settle(context, user, "", "")
    user = server.state.users[entered.user]
    return await _settle(context, user, device.id if device is not None else "", token)


async def _by_system_name(context: RequestContext, peer: int, name: str) -> LoginResult:
    """Over a Unix socket the system says who comes: under their name there they need nothing else. Another
    user's name there is not for them; any other one is as it is for everybody."""
    server = context.server
    # Names are looked up in threads: a system may ask a directory on the network for them.
    if names.fold(await asyncio.to_thread(private_files.user_name, peer)) != names.fold(name):
        return await _by_any_name(context, name)
    user = server.state.by_uid.get(peer) or server.state.user_called(name)
    if user is None:
        name = checked(names.check_new_user_name, name)
    elif user.uid is None and server.accounts.registration != "open" and not user.password:
        raise RefusedError(errors.BAD_LOGIN, f"{user.name} has no password: ask the administrator for one")
    else:
        _check_welcome(context, user)
    device, token = _new_device(context)
    admin = server.accounts.owned_by(peer)
    online = server.online_devices(user) if user is not None else frozenset()
    operation = LoginLocalUserOperation(NEWCOMERS, peer, name, device, online, admin)
    if user is None or user.uid is None:
        entered = await server.store(operation)
    elif (stored := await _stored(context, operation)) is not None:
        entered = stored
    else:
        return await _settle(context, user, "", "")
    user = server.state.users[entered.user]
    if entered.bound:
        text = f"{user.name} belongs to a user of the server's computer from now on"
        server.end_sessions(user, errors.LOGGED_OUT, text, lambda one: one is not context)
    return await _settle(context, user, device.id, token)


async def _stored(context: RequestContext, operation: Operation[R]) -> R | None:
    """Store that somebody known has come. If the disk refuses they come in without a token: who only reads
    needs none."""
    try:
        return await context.server.store(operation)
    except RefusedError as error:
        if error.code != errors.STORAGE:
            raise
        return None


# --- as somebody new


async def _register(context: RequestContext, request: frames.Register) -> LoginResult:
    server = context.server
    invite = _invite(context, request)
    name = checked(names.check_new_user_name, request.name)
    password = checked_password(request.password)
    check_free(server.state, name)  # again when it is stored; before it costs anything
    await check_not_a_local_user(context, name)
    if invite is None:
        server.quotas.check_new_user(context.address, len(server.state.users), server.monotonic())
    device, token = _new_device(context)
    hashed = await server.accounts.hasher.hash(password)
    used = invite.id if invite is not None else None
    made = await server.store(RegisterOperation(NEWCOMERS, name, hashed, device, used))
    server.accounts.login_attempts.know(context.address, names.fold(name))
    rooms = [invite.room] if invite is not None and invite.room else []
    return await _settle(context, server.state.users[made.user], device.id, token, rooms)


def _invite(context: RequestContext, request: frames.Register) -> ServerInvite | None:
    """The invitation that was given, if one is needed. A wrong one counts as a guess."""
    server = context.server
    registration = server.accounts.registration
    if registration == "open" and not request.invite:
        return None
    closed = registration == "closed"
    if not request.invite and closed:
        raise RefusedError(errors.DENIED, "accounts are made by the administrator here: ask for one")
    if not request.invite:
        raise RefusedError(
            errors.BAD_INVITE,
            "who registers here needs an invitation: ask somebody who is in",
            field="invite",
        )
    attempt = server.accounts.login_attempts.begin(context.address, "", server.monotonic())
    found = server.state.invite_with(credentials.digest(request.invite.lower()))
    found = check_invite(found if found is not None and found.first >= closed else None, server.clock())
    attempt.succeeded()
    return found


# --- for all of them


def _new_device(context: RequestContext) -> tuple[Device, str]:
    """A device for who is coming in, and the token that it is told."""
    token = credentials.new_token()
    return Device(NEW, credentials.new_id(), credentials.digest(token), context.client, 0, 0), token


async def _settle(
    context: RequestContext, user: User, device: str, token: str, rooms: Sequence[str] = ()
) -> LoginResult:
    """Let the user in. Who is in no room comes into the first one: a kill may have come between the making of
    the user and this."""
    server = context.server
    if not user.rooms:
        for room in (names.FIRST_ROOM, *rooms):
            try:
                await server.store(JoinRoomOperation(user.id, room, new_birth()))
            except RefusedError as error:
                if error.code not in _NOT_FOR_THEM:
                    raise
    if server.accounts.embedded and not any(one.admin for one in server.state.users.values()):
        await server.store(SetAccountRoleOperation(LOCAL_ADMIN, user.id, admin=True))
    _check_welcome(context, user)  # all this took its time
    context.enter(user, device)
    return _result(user, device, token)


def _result(user: User, device: str, token: str) -> LoginResult:
    return LoginResult(user.id, user.name, device, token, registered=bool(user.password), admin=user.admin)
