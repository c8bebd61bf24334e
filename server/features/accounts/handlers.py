"""What users do about their own accounts: their name, passwords and devices."""

from protocol import errors, frames, names, passwords
from protocol.frames import DeviceInfo, Result
from server.delivery.subscriber import Connection
from server.errors import RefusedError
from server.features.accounts.operations import (
    EndDevicesOperation,
    RenameUserOperation,
    SetPasswordOperation,
)
from server.features.checks import check_not_a_local_user, checked, checked_password, require_private
from server.features.registry import Answer, FinalResult, RequestContext, Returned, handler

LOGGED_OUT = "this device was logged out: log in again"
CHANGED = "the password was changed on another device: log in again"


@handler(frames.Nick)
def nick(context: RequestContext, request: frames.Nick) -> Returned:
    """Take another name."""
    name = checked(names.check_user_name, request.name)
    if name != context.user.name:  # whoever has an old name may keep it
        name = checked(names.check_new_user_name, name)
        if context.server.accounts.local_users:
            return _rename(context, name)
    return RenameUserOperation(context.user.id, name)


async def _rename(context: RequestContext, name: str) -> Result:
    await check_not_a_local_user(context, name, context.user)
    return await context.server.store(RenameUserOperation(context.user.id, name))


@handler(frames.ChangePassword)
async def change_password(context: RequestContext, request: frames.ChangePassword) -> Result:
    """Have another password, or the first one."""
    require_private(context)
    server, user = context.server, context.user
    new = checked_password(request.new)
    old = user.password
    if old:
        attempt = server.accounts.login_attempts.begin(
            context.address, names.fold(user.name), server.monotonic()
        )
        if not await server.accounts.hasher.matches(passwords.prepare(request.old) or "", old):
            raise RefusedError(errors.BAD_LOGIN, "that is not the password you have now")
        attempt.succeeded()
    hashed = await server.accounts.hasher.hash(new)
    await server.store(SetPasswordOperation(user.id, user.id, hashed, old, context.device))

    def on_another_device(one: Connection) -> bool:
        return one is not context and not (one.device and one.device == context.device)

    server.end_sessions(user, errors.LOGGED_OUT, CHANGED, on_another_device)
    return Result()


@handler(frames.Logout)
async def logout(context: RequestContext, request: frames.Logout) -> Answer:  # noqa: ARG001
    """Log this device out."""
    return await _end(context, context.device)


@handler(frames.Devices)
def devices(context: RequestContext, request: frames.Devices) -> Result:  # noqa: ARG001
    """Where the user is logged in."""
    user = context.user
    online = context.server.online_devices(user)
    latest = sorted(
        user.devices.values(), key=lambda device: (device.id in online, device.seen), reverse=True
    )
    listed = [
        DeviceInfo(one.id, one.client, one.created, one.seen, one.id in online, one.id == context.device)
        for one in latest
    ]
    return frames.DevicesResult(listed)


@handler(frames.EndDevice)
async def end_device(context: RequestContext, request: frames.EndDevice) -> Answer:
    """Log one of the user's devices out."""
    return await _end(context, request.device)


async def _end(context: RequestContext, device: str) -> Answer:
    server, user = context.server, context.user
    if device:
        await server.store(EndDevicesOperation(user.id, user.id, device))
    server.end_sessions(
        user, errors.LOGGED_OUT, LOGGED_OUT, lambda one: one is not context and one.device == device
    )
    if context.device == device:
        return FinalResult(Result(), errors.LOGGED_OUT, LOGGED_OUT)
    return Result()
