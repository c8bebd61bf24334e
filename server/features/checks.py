"""What handlers have in common."""

import asyncio
from collections.abc import Callable

from common import private_files
from protocol import errors, limits, names, passwords
from protocol.errors import Details
from protocol.text import clean_line
from server.errors import RefusedError
from server.features.registry import RequestContext
from server.state.model import User


def checked(check: Callable[[str], str], name: str) -> str:
    """The name as `check` of `protocol.names` gives it; raises `RefusedError`."""
    try:
        return check(name)
    except names.BadNameError as error:
        details = Details(field="room" if check is names.check_room_name else "name")
        if error.limit is not None:
            details["limit"] = error.limit
        raise RefusedError(errors.BAD_NAME, str(error), **details) from error


def checked_password(password: str) -> str:
    """A new password in the form that is hashed; raises `RefusedError`."""
    try:
        return passwords.check_password(password)
    except passwords.BadPasswordError as error:
        raise RefusedError(errors.BAD_PASSWORD, str(error), field="password") from error


def require_private(context: RequestContext) -> None:
    """Raise `RefusedError` unless a secret may be sent on this connection."""
    if not context.private:
        text = "others can listen in here, so no password and no token is taken: connect with TLS"
        raise RefusedError(errors.NOT_PRIVATE, text)


async def check_not_a_local_user(context: RequestContext, name: str, user: User | None = None) -> None:
    """Raise `RefusedError` if somebody is about to take the name of a user of this computer who comes in
    under it, and is not that user; `user` is who they are already."""
    server = context.server
    if not server.accounts.local_users or server.state.user_called(name) is not None:
        return
    own = (None, context.peer, user.uid if user is not None else None)
    for called in (name, names.fold(name)):
        # Names are looked up in threads: a system may ask a directory on the network for them.
        if await asyncio.to_thread(private_files.user_number, called) not in own:
            text = f"{name} is a user of the server's computer, and comes in there: choose another name"
            raise RefusedError(errors.NAME_TAKEN, text, field="name")


def require_administrator(context: RequestContext) -> None:
    """Raise `RefusedError` unless this is an administrator of the server."""
    if not context.user.admin:
        raise RefusedError(errors.DENIED, "only an administrator of the server can do that")


def checked_reason(text: str) -> str:
    """A reason as it is stored and shown; raises `RefusedError` if it is too long."""
    reason = clean_line(text)
    if len(reason) > limits.REASON:
        what = f"a reason has at most {limits.REASON} characters"
        raise RefusedError(errors.TOO_LARGE, what, limit=limits.REASON, field="reason")
    return reason
