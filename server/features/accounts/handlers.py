"""What users do about their own accounts: passwords and devices."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from protocol import errors, frames, names, passwords
from protocol.frames import DeviceInfo, Request, Result
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler, checked_password, private

if TYPE_CHECKING:
    from server.session import Session

LOGGED_OUT = "this device was logged out: log in again"
CHANGED = "the password was changed on another device: log in again"


def change_password(session: "Session", request: frames.ChangePassword) -> None:
    """Have another password, or the first one."""
    private(session)
    session.work(request, _change_password(session, request))


async def _change_password(session: "Session", request: frames.ChangePassword) -> Result:
    core, user = session.core, session.user
    new = checked_password(request.new)
    old = user.password
    if old:
        guess = core.accounts.guesses.guess(session.address, names.fold(user.name), core.monotonic())
        if not await core.accounts.hasher.matches(passwords.prepare(request.old) or "", old):
            raise RefusedError(errors.BAD_LOGIN, "that is not the password you have now")
        guess.right()
    hashed = await core.accounts.hasher.hash(new)
    change = operations.SetPassword(user, hashed, old=old, kept=session.device, actor=user.id)
    await core.store(change)
    core.end_sessions(
        user, errors.LOGGED_OUT, CHANGED, lambda one: one is not session and not _same(one, session)
    )
    return Result()


def _same(one: "Session", other: "Session") -> bool:
    """Whether two sessions are of the same device; some are of none."""
    return bool(one.device) and one.device == other.device


def logout(session: "Session", request: frames.Logout) -> None:
    """Log this device out."""
    session.work(request, _end(session, session.device))


def devices(session: "Session", request: frames.Devices) -> None:
    """Where the user is logged in."""
    user = session.user
    online = session.core.online_devices(user)
    latest = sorted(
        user.devices.values(), key=lambda device: (device.id in online, device.seen), reverse=True
    )
    listed = [
        DeviceInfo(one.id, one.client, one.created, one.seen, one.id in online, one.id == session.device)
        for one in latest
    ]
    session.answer(request, frames.DevicesResult(listed))


def end_device(session: "Session", request: frames.EndDevice) -> None:
    """Log one of the user's devices out."""
    session.work(request, _end(session, request.device))


async def _end(session: "Session", device: str) -> Result:
    core, user = session.core, session.user
    if device:
        await core.store(operations.EndDevices(user, device, actor=user.id))
    core.end_sessions(
        user, errors.LOGGED_OUT, LOGGED_OUT, lambda one: one is not session and one.device == device
    )
    if session.device == device:  # itself last: it gets its answer first
        end = partial(session.close, errors.LOGGED_OUT, LOGGED_OUT, reconnect=False)
        asyncio.get_running_loop().call_soon(end)
    return Result()


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.ChangePassword: change_password,
    frames.Logout: logout,
    frames.Devices: devices,
    frames.EndDevice: end_device,
}
