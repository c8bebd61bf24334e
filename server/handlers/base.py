"""What handlers have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import errors, limits, names, passwords
from protocol.errors import Details
from protocol.text import clean_line
from server.errors import RefusedError

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
