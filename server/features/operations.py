"""The operations that sessions hand to the writer: what each request stores.

Each checks its request against the state when its batch is planned, not when it arrived, so two people
who make the same room at once, or a send right behind its join, need no locks. Knows the state and the log's
drafts; of sessions only how to answer.
"""

from server.features.account_data.ignoring import StoreIgnore
from server.features.account_data.operations import StoreLevel
from server.features.accounts.nick import StoreNick
from server.features.accounts.operations import (
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
from server.features.admin_users.operations import MakeInvite, StopInvite
from server.features.messages.operations import StoreChange, StoreRead, StoreSend, same_message
from server.features.moderation.operations import (
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
from server.features.operation import Store, user_called
from server.features.presence.operations import StoreAway, StoreSeen
from server.features.rooms.operations import (
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
