"""What handlers have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import errors, limits, names
from protocol.text import clean_line
from server.errors import RefusedError
from server.state import User

if TYPE_CHECKING:
    from server.session import Session

Handler = Callable[["Session", Any], None]
"""Acts on one request: answers it, or hands it to somebody who will. May raise `RefusedError`."""


def checked(check: Callable[[str], str], name: str) -> str:
    """The name as `check` of `protocol.names` gives it; raises `RefusedError`."""
    try:
        return check(name)
    except names.BadNameError as error:
        raise RefusedError(errors.BAD_NAME, str(error)) from error


def user_called(session: "Session", name: str) -> User:
    """The user of that name; raises `RefusedError`."""
    user = session.core.state.user_called(name)
    if user is None:
        raise RefusedError(errors.NO_SUCH_USER, f"nobody here is called {name}")
    return user


def cleaned_reason(text: str) -> str:
    """A reason as it is stored and shown; raises `RefusedError` if it is too long."""
    reason = clean_line(text)
    if len(reason) > limits.REASON:
        raise RefusedError(errors.TOO_LARGE, f"a reason has at most {limits.REASON} characters")
    return reason
