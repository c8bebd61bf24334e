"""The operations that sessions hand to the writer: what each request stores.

Each checks its request against the state when its batch is planned, not when it arrived, so two people
who make the same room at once, or a send right behind its join, need no locks. Knows the state and the log's
drafts; of sessions only how to answer.
"""

from server.operations.accounts import (
    Awaited,
    ComeAsLocalUser,
    ComeByName,
    ComeByPassword,
    EndDevices,
    Keep,
    MakeAccount,
    SetPassword,
    SetRole,
    check_free,
    check_invite,
    require_name_alone,
)
from server.operations.base import Store, user_called
from server.operations.ignoring import StoreIgnore
from server.operations.invitations import MakeInvite, StopInvite
from server.operations.levels import StoreLevel
from server.operations.messages import StoreChange, StoreRead, StoreSend, same_message
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
from server.operations.people import StoreNick
from server.operations.presence import StoreAway, StoreSeen
from server.operations.rooms import (
    StoreCreate,
    StoreDeleteRoom,
    StoreDm,
    StoreJoin,
    StoreLeave,
    StoreMakeRoom,
    StoreTopic,
    StoreVisibility,
)

__all__ = [
    "Awaited",
    "ComeAsLocalUser",
    "ComeByName",
    "ComeByPassword",
    "EndDevices",
    "Keep",
    "MakeAccount",
    "MakeInvite",
    "SetPassword",
    "SetRole",
    "StopInvite",
    "Store",
    "StoreAbout",
    "StoreAway",
    "StoreBan",
    "StoreChange",
    "StoreCreate",
    "StoreDeleteRoom",
    "StoreDm",
    "StoreIgnore",
    "StoreInvite",
    "StoreJoin",
    "StoreKick",
    "StoreLeave",
    "StoreLevel",
    "StoreMakeRoom",
    "StoreMute",
    "StoreNick",
    "StoreRead",
    "StoreRole",
    "StoreSeen",
    "StoreSend",
    "StoreServerBan",
    "StoreTopic",
    "StoreUnban",
    "StoreUnmute",
    "StoreVisibility",
    "check_free",
    "check_invite",
    "require_name_alone",
    "same_message",
    "user_called",
]
