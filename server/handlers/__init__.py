"""What each request of a client does: one function a request, by area.

A handler checks what can be checked at once, then submits an operation to the writer, asks the log, or
answers from the state. Knows sessions and what they share (`core`); nothing of sockets.
"""

from typing import Any

from protocol.frames import Request
from server.handlers import (
    accounts,
    administration,
    entering,
    invitations,
    messages,
    mine,
    moderation,
    people,
    presence,
    rooms,
    running,
    search,
)
from server.handlers.base import Handler

HANDLERS: dict[type[Request[Any]], Handler] = {
    **entering.HANDLERS,
    **accounts.HANDLERS,
    **invitations.HANDLERS,
    **administration.HANDLERS,
    **rooms.HANDLERS,
    **messages.HANDLERS,
    **people.HANDLERS,
    **presence.HANDLERS,
    **mine.HANDLERS,
    **moderation.HANDLERS,
    **search.HANDLERS,
    **running.HANDLERS,
}

ENTERING = frozenset(entering.HANDLERS)
"""What is taken before there is a user, and only then."""

FOR_LOCAL_ADMIN = frozenset(
    (
        *ENTERING,
        *administration.HANDLERS,
        *invitations.HANDLERS,
        *running.HANDLERS,
        *moderation.FOR_OPERATOR,
        *rooms.FOR_OPERATOR,
    )
)
"""What the local administrator may ask for. It is no user: it is in no room, and says nothing there."""
