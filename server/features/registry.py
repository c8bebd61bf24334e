"""What each request of a client does: one function a request, by area.

A handler checks what can be checked at once, then submits an operation to the writer, asks the log, or
answers from the state. Knows sessions and what they share (`core`); nothing of sockets.
"""

from typing import Any

from protocol.frames import Request
from server.features.account_data import handlers as account_data
from server.features.accounts import handlers as accounts
from server.features.admin_rooms import handlers as admin_rooms
from server.features.admin_users import handlers as admin_users
from server.features.admin_users import invitations
from server.features.checks import Handler
from server.features.login import handlers as login
from server.features.messages import handlers as messages
from server.features.moderation import handlers as moderation
from server.features.presence import handlers as presence
from server.features.presence import people
from server.features.rooms import handlers as rooms
from server.features.search import handlers as search

HANDLERS: dict[type[Request[Any]], Handler] = {
    **accounts.HANDLERS,
    **admin_users.HANDLERS,
    **invitations.HANDLERS,
    **login.HANDLERS,
    **messages.HANDLERS,
    **account_data.HANDLERS,
    **people.HANDLERS,
    **moderation.HANDLERS,
    **presence.HANDLERS,
    **rooms.HANDLERS,
    **admin_rooms.HANDLERS,
    **search.HANDLERS,
}

ENTERING = frozenset(login.HANDLERS)
"""What is taken before there is a user, and only then."""

FOR_LOCAL_ADMIN = frozenset(
    (
        *ENTERING,
        *admin_users.HANDLERS,
        *invitations.HANDLERS,
        *admin_rooms.HANDLERS,
        *moderation.FOR_OPERATOR,
        *rooms.FOR_OPERATOR,
    )
)
"""What the local administrator may ask for. It is no user: it is in no room, and says nothing there."""
