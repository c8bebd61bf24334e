"""How the parts of a client ask the server, without knowing the connection."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from protocol.frames import Request, Result

R = TypeVar("R", bound=Result)


class Ask(Protocol):
    """Sends a request and waits for its answer; raises `ClientError`."""

    async def __call__(self, request: Request[R], taken: Callable[[R], None] | None = None) -> R:
        """The request's `id` does not matter. `taken` gets the answer before any frame that came behind it
        is looked at: for answers that such frames change."""


Later = Callable[[Coroutine[Any, Any, None]], None]
"""Runs work beside the rest."""
