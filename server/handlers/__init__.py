"""What each request of a client does: one function a request, by area.

A handler checks what can be checked at once, then submits an operation to the writer, asks the log, or
answers from the state. Knows sessions and what they share (`core`); nothing of sockets.
"""

from typing import Any

from protocol.frames import Request
from server.handlers import entering, messages, moderation, people, rooms
from server.handlers.base import Handler

HANDLERS: dict[type[Request[Any]], Handler] = {
    **entering.HANDLERS,
    **rooms.HANDLERS,
    **messages.HANDLERS,
    **people.HANDLERS,
    **moderation.HANDLERS,
}
