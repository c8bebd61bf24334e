"""Searching what was said."""

from typing import TYPE_CHECKING, Any

from protocol import frames
from protocol.frames import Request
from server.features.checks import Handler

if TYPE_CHECKING:
    from server.session import Session


def search(session: "Session", request: frames.Search) -> None:
    """Find messages in the rooms that one is in."""
    session.work(request, session.core.searching.search(session.user, session.address, request))


HANDLERS: dict[type[Request[Any]], Handler] = {frames.Search: search}
