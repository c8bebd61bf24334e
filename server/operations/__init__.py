"""The operations that sessions hand to the writer: what each request stores.

Each checks its request against the state when its batch is planned, not when it arrived, so two people
who make the same room at once, or a send right behind its join, need no locks. Knows the state and the log's
drafts; of sessions only how to answer.
"""

from server.operations.accounts import (
    Awaited,
    ComeByName,
    ComeByPassword,
    EndDevices,
    Keep,
    MakeAccount,
    SetPassword,
    SetRole,
    check_free,
    check_invite,
)
from server.operations.base import Store, member_room
from server.operations.ignoring import StoreIgnore, user_called
from server.operations.invitations import MakeInvite, StopInvite
from server.operations.messages import StoreRead, StoreSend
from server.operations.people import StoreNick
from server.operations.presence import StoreAway, StoreSeen
from server.operations.rooms import StoreJoin, StoreLeave, StoreTopic

__all__ = [
    "Awaited",
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
    "StoreAway",
    "StoreIgnore",
    "StoreJoin",
    "StoreLeave",
    "StoreNick",
    "StoreRead",
    "StoreSeen",
    "StoreSend",
    "StoreTopic",
    "check_free",
    "check_invite",
    "member_room",
    "user_called",
]
