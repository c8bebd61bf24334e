"""The server's users, for its administrators."""

from protocol import errors, frames, limits, names
from protocol.frames import Result, UserInfo
from server.errors import RefusedError
from server.features.accounts.operations import EndDevicesOperation, SetPasswordOperation, check_free
from server.features.admin_users.operations import SetAccountRoleOperation
from server.features.checks import checked, checked_password, require_administrator, require_private
from server.features.login.operations import RegisterOperation
from server.features.registry import Answer, FinalResult, RequestContext, handler
from server.state import permissions
from server.state.model import User

USER_BYTES = 96
"""What a user counts for in PAGE_BYTES beside the name."""

_LOGGED_OUT = "an administrator logged you out: log in again"
_DISABLED = "an administrator has switched this account off"


@handler(frames.Users, for_operator=True)
def users(context: RequestContext, request: frames.Users) -> Result:  # noqa: ARG001
    """All accounts, as many as fit into an answer."""
    require_administrator(context)
    state = context.server.state
    here = {one.user.id for one in context.server.sessions if one.ready}
    left = limits.PAGE_BYTES
    listed = []
    for user in sorted(state.users.values(), key=lambda user: names.fold(user.name)):
        left -= len(user.name.encode()) + USER_BYTES
        if left < 0:
            break
        listed.append(_info(user, online=user.id in here))
    return frames.UsersResult(listed, len(state.users))


def _info(user: User, *, online: bool) -> UserInfo:
    return UserInfo(
        user.id,
        user.name,
        registered=bool(user.password),
        admin=user.admin,
        disabled=user.disabled,
        online=online,
        devices=len(user.devices),
        seen=max((device.seen for device in user.devices.values()), default=0),
    )


@handler(frames.AddUser, for_operator=True)
async def add_user(context: RequestContext, request: frames.AddUser) -> Result:
    """Make an account."""
    require_administrator(context)
    require_private(context)
    server = context.server
    name = checked(names.check_new_user_name, request.name)
    password = checked_password(request.password)
    check_free(server.state, name)
    hashed = await server.accounts.hasher.hash(password)
    made = await server.store(RegisterOperation(context.user.id, name, hashed))
    return _result(context, server.state.users[made.user])


@handler(frames.SetPassword, for_operator=True)
async def set_password(context: RequestContext, request: frames.SetPassword) -> Answer:
    """Give somebody a password."""
    require_administrator(context)
    require_private(context)
    server = context.server
    user = permissions.require_user(server.state, request.name)
    hashed = await server.accounts.hasher.hash(checked_password(request.password))
    await server.store(SetPasswordOperation(context.user.id, user.id, hashed, None))
    return _log_out(context, user, errors.LOGGED_OUT, _LOGGED_OUT)


@handler(frames.SetAdmin, for_operator=True)
async def set_admin(context: RequestContext, request: frames.SetAdmin) -> Answer:
    """Make somebody an administrator, or no longer."""
    require_administrator(context)
    user = permissions.require_user(context.server.state, request.name)
    proved = user.password or user.uid is not None or context.server.accounts.embedded
    if request.admin and not proved:
        text = f"{user.name} has no password, so anybody could be them: set one first"
        raise RefusedError(errors.DENIED, text)
    return await _set_role(context, user, SetAccountRoleOperation(context.user.id, user.id, request.admin))


@handler(frames.SetDisabled, for_operator=True)
async def set_disabled(context: RequestContext, request: frames.SetDisabled) -> Answer:
    """Let somebody in no longer, or again."""
    require_administrator(context)
    user = permissions.require_user(context.server.state, request.name)
    operation = SetAccountRoleOperation(context.user.id, user.id, disabled=request.disabled)
    return await _set_role(context, user, operation)


async def _set_role(context: RequestContext, user: User, operation: SetAccountRoleOperation) -> Answer:
    await context.server.store(operation)
    if user.disabled:
        return _log_out(context, user, errors.DENIED, _DISABLED)
    return _result(context, user)


@handler(frames.EndDevices, for_operator=True)
async def end_devices(context: RequestContext, request: frames.EndDevices) -> Answer:
    """Log somebody out everywhere."""
    require_administrator(context)
    user = permissions.require_user(context.server.state, request.name)
    await context.server.store(EndDevicesOperation(context.user.id, user.id, None))
    return _log_out(context, user, errors.LOGGED_OUT, _LOGGED_OUT)


def _log_out(context: RequestContext, user: User, code: str, text: str) -> Answer:
    """End all sessions of the user, also the one that asked for it: that one behind its answer."""
    context.server.end_sessions(user, code, text, lambda one: one is not context)
    result = _result(context, user)
    return FinalResult(result, code, text) if context.user is user else result


def _result(context: RequestContext, user: User) -> Result:
    online = any(one.ready and one.user is user for one in context.server.sessions)
    return frames.UserResult(_info(user, online=online))
