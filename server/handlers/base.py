"""What handlers have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import errors, names
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
        raise RefusedError(errors.BAD_NAME, str(error)) from error
