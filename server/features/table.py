"""Loads the handlers of all areas, so that they stand in the registry."""

from server.features.account_data import handlers as account_data
from server.features.accounts import handlers as accounts
from server.features.admin_rooms import handlers as admin_rooms
from server.features.admin_users import handlers as admin_users
from server.features.admin_users import invitations
from server.features.login import handlers as login
from server.features.messages import handlers as messages
from server.features.moderation import handlers as moderation
from server.features.presence import handlers as presence
from server.features.registry import HANDLERS
from server.features.rooms import handlers as rooms
from server.features.rooms import sync
from server.features.search import handlers as search

AREAS = (
    account_data, accounts, admin_rooms, admin_users, invitations, login, messages, moderation, presence,
    rooms, search, sync,
)  # fmt: skip

__all__ = ["AREAS", "HANDLERS"]
