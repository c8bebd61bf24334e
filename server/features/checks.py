"""What handlers have in common."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common import private_files
from protocol import errors, limits, names, passwords
from protocol.errors import Details
from protocol.frames import Request, Result
from protocol.text import clean_line
from server.errors import RefusedError
from server.features import operations
from server.state.model import User

if TYPE_CHECKING:
    from server.session import Session

Handler = Callable[["Session", Any], None]
"""Acts on one request: answers it, or hands it to somebody who will. May raise `RefusedError`."""


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


def private(session: "Session") -> None:
    """Raise `RefusedError` unless a secret may be sent on this connection."""
    if not session.private:
        text = "others can listen in here, so no password and no token is taken: connect with TLS"
        raise RefusedError(errors.NOT_PRIVATE, text)


async def stored(
    session: "Session", user: User, operation: type[operations.Store], request: Request[Any]
) -> Result:
    """Have it stored by that user, and wait until it is; raises `RefusedError`."""
    outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    session.core.writer.submit(
        operation(
            user,
            request,
            lambda _, result: outcome.set_result(result),
            lambda _, error: outcome.set_exception(error),
        )
    )
    return await outcome


async def check_not_a_local_user(session: "Session", name: str, user: User | None = None) -> None:
    """Raise `RefusedError` if somebody is about to take the name of a user of this computer who comes in
    under it, and is not that user; `user` is who they are already."""
    core = session.core
    if not core.accounts.local_users or core.state.user_called(name) is not None:
        return
    own = (None, session.peer, user.uid if user is not None else None)
    for called in (name, names.fold(name)):
        # Names are looked up in threads: a system may ask a directory on the network for them.
        if await asyncio.to_thread(private_files.user_number, called) not in own:
            text = f"{name} is a user of the server's computer, and comes in there: choose another name"
            raise RefusedError(errors.NAME_TAKEN, text, field="name")


def administrator(session: "Session") -> None:
    """Raise `RefusedError` unless this is an administrator of the server."""
    if not session.user.admin:
        raise RefusedError(errors.DENIED, "only an administrator of the server can do that")


def cleaned_reason(text: str) -> str:
    """A reason as it is stored and shown; raises `RefusedError` if it is too long."""
    reason = clean_line(text)
    if len(reason) > limits.REASON:
        what = f"a reason has at most {limits.REASON} characters"
        raise RefusedError(errors.TOO_LARGE, what, limit=limits.REASON, field="reason")
    return reason
