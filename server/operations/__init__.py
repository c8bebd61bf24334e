"""The operations that sessions hand to the writer: what each request stores.

Each checks its request against the state when its batch is planned, not when it arrived, so two people
who make the same room at once, or a send right behind its join, need no locks. Knows the state and the log's
drafts; of sessions only how to answer.
"""

from server.operations.base import Store
from server.operations.messages import StoreRead, StoreSend, same_message
from server.operations.moderation import (
    StoreAbout,
    StoreBan,
    StoreInvite,
    StoreKick,
    StoreMute,
    StoreRole,
    StoreServerBan,
    StoreUnban,
    StoreUnmute,
)
from server.operations.people import MakeUser, StoreNick
from server.operations.rooms import (
    StoreCreate,
    StoreDeleteRoom,
    StoreDm,
    StoreJoin,
    StoreLeave,
    StoreTopic,
    StoreVisibility,
)

__all__ = [
    "MakeUser",
    "Store",
    "StoreAbout",
    "StoreBan",
    "StoreCreate",
    "StoreDeleteRoom",
    "StoreDm",
    "StoreInvite",
    "StoreJoin",
    "StoreKick",
    "StoreLeave",
    "StoreMute",
    "StoreNick",
    "StoreRead",
    "StoreRole",
    "StoreSend",
    "StoreServerBan",
    "StoreTopic",
    "StoreUnban",
    "StoreUnmute",
    "StoreVisibility",
    "same_message",
]
