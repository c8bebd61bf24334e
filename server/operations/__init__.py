"""The operations that sessions hand to the writer: what each request stores.

Each checks its request against the state when its batch is planned, not when it arrived, so two people
who make the same room at once, or a send right behind its join, need no locks. Knows the state and the log's
drafts; of sessions only how to answer.
"""

from server.operations.base import Store, member_room
from server.operations.ignoring import StoreIgnore, user_called
from server.operations.messages import StoreRead, StoreSend
from server.operations.people import MakeUser, StoreNick
from server.operations.presence import StoreAway, StoreSeen
from server.operations.rooms import StoreJoin, StoreLeave, StoreTopic

__all__ = [
    "MakeUser",
    "Store",
    "StoreAway",
    "StoreIgnore",
    "StoreJoin",
    "StoreLeave",
    "StoreNick",
    "StoreRead",
    "StoreSeen",
    "StoreSend",
    "StoreTopic",
    "member_room",
    "user_called",
]
