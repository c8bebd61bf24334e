"""The server's users, for its administrators."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from protocol import errors, frames, limits, names
from protocol.frames import Request, Result, UserInfo
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler, administrator, checked, checked_password, private
from server.state.model import User

if TYPE_CHECKING:
    from server.session import Session

USER_BYTES = 96
"""What a user counts for in PAGE_BYTES beside the name."""

_LOGGED_OUT = "an administrator logged you out: log in again"
_DISABLED = "an administrator has switched this account off"


def users(session: "Session", request: frames.Users) -> None:
    """All accounts, as many as fit into an answer."""
    administrator(session)
    state = session.core.state
    here = {one.user.id for one in session.core.sessions if one.ready}
    left = limits.PAGE_BYTES
    listed = []
    for user in sorted(state.users.values(), key=lambda user: names.fold(user.name)):
        left -= len(user.name.encode()) + USER_BYTES
        if left < 0:
            break
        listed.append(_info(user, online=user.id in here))
    session.answer(request, frames.UsersResult(listed, len(state.users)))


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


def add_user(session: "Session", request: frames.AddUser) -> None:
    """Make an account."""
    administrator(session)
    private(session)
    name = checked(names.check_new_user_name, request.name)
    session.work(request, _add(session, name, checked_password(request.password)))


async def _add(session: "Session", name: str, password: str) -> Result:
    core = session.core
    operations.check_free(core.state, name)
    hashed = await core.accounts.hasher.hash(password)
    made = operations.MakeAccount(name, hashed, actor=session.user.id)
    await core.store(made)
    return _told(session, core.state.users[made.user])


def set_password(session: "Session", request: frames.SetPassword) -> None:
    """Give somebody a password."""
    administrator(session)
    private(session)
    user = operations.user_called(session.core.state, request.name)
    session.work(request, _set_password(session, user, checked_password(request.password)))


async def _set_password(session: "Session", user: User, password: str) -> Result:
    core = session.core
    hashed = await core.accounts.hasher.hash(password)
    await core.store(operations.SetPassword(user, hashed, old=None, actor=session.user.id))
    _end_sessions(session, user, errors.LOGGED_OUT, _LOGGED_OUT)
    return _told(session, user)


def set_admin(session: "Session", request: frames.SetAdmin) -> None:
    """Make somebody an administrator, or no longer."""
    administrator(session)
    user = operations.user_called(session.core.state, request.name)
    proved = user.password or user.uid is not None or session.core.accounts.embedded
    if request.admin and not proved:
        text = f"{user.name} has no password, so anybody could be them: set one first"
        raise RefusedError(errors.DENIED, text)
    session.work(request, _set_role(session, user, admin=request.admin))


def set_disabled(session: "Session", request: frames.SetDisabled) -> None:
    """Let somebody in no longer, or again."""
    administrator(session)
    user = operations.user_called(session.core.state, request.name)
    session.work(request, _set_role(session, user, disabled=request.disabled))


async def _set_role(
    session: "Session", user: User, *, admin: bool | None = None, disabled: bool | None = None
) -> Result:
    core = session.core
    await core.store(operations.SetRole(user, admin=admin, disabled=disabled, actor=session.user.id))
    if user.disabled:
        _end_sessions(session, user, errors.DENIED, _DISABLED)
    return _told(session, user)


def _end_sessions(session: "Session", user: User, code: str, text: str) -> None:
    """All of the user's, also the one that asked for it: that one last, when it has its answer."""
    session.core.end_sessions(user, code, text, lambda one: one is not session)
    if session.user is user:
        end = partial(session.close, code, text, reconnect=False)
        asyncio.get_running_loop().call_soon(end)


def end_devices(session: "Session", request: frames.EndDevices) -> None:
    """Log somebody out everywhere."""
    administrator(session)
    session.work(request, _end_devices(session, operations.user_called(session.core.state, request.name)))


async def _end_devices(session: "Session", user: User) -> Result:
    core = session.core
    await core.store(operations.EndDevices(user, None, actor=session.user.id))
    _end_sessions(session, user, errors.LOGGED_OUT, _LOGGED_OUT)
    return _told(session, user)


def _told(session: "Session", user: User) -> Result:
    online = any(one.ready and one.user is user for one in session.core.sessions)
    return frames.UserResult(_info(user, online=online))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Users: users,
    frames.AddUser: add_user,
    frames.SetPassword: set_password,
    frames.SetAdmin: set_admin,
    frames.SetDisabled: set_disabled,
    frames.EndDevices: end_devices,
}
