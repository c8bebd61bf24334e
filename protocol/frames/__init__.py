"""The frames of the wire, one class each, and the results of requests.

A frame is one msgpack map with string keys; key `t` names its type. Classes validate when a map
is converted to them (see `codec`): types, lengths and ranges are checked here and nowhere else.
Requests carry an `id` that the client chooses; each gets exactly one answer, `ok` or `error`,
with `re` equal to it. Fields not listed are ignored, so both sides can add some later.
"""

from typing import Any

from protocol.frames.accounts import (
    ChangePassword,
    DeviceInfo,
    Devices,
    DevicesResult,
    EndDevice,
    Logout,
    Register,
)
from protocol.frames.administration import (
    AddUser,
    EndDevices,
    SetAdmin,
    SetDisabled,
    SetPassword,
    UserInfo,
    UserResult,
    Users,
    UsersResult,
)
from protocol.frames.base import Body, Cid, Frame, Id, Name, Request, Result, RoomName, Seq, Word
from protocol.frames.events import (
    ACTION,
    CREATE,
    JOIN,
    LEAVE,
    MESSAGE,
    NICK,
    SPOKEN,
    TOPIC,
    Event,
    NickBody,
    TextBody,
    TopicBody,
)
from protocol.frames.invitations import (
    EndInvite,
    InviteInfo,
    Invites,
    InvitesResult,
    MakeInvite,
    MakeInviteResult,
)
from protocol.frames.messages import Heads, History, HistoryResult, Marker, Read, Send, SendResult
from protocol.frames.people import Nick, Online, OnlineResult, PersonInfo, Presence, Watch, WatchResult
from protocol.frames.rooms import (
    Join,
    JoinResult,
    Leave,
    RoomInfo,
    Rooms,
    RoomsResult,
    RoomState,
    Sync,
    SyncResult,
    Topic,
)
from protocol.frames.session import Bye, Error, Hello, Login, LoginResult, Ok, Ping, Pong, Welcome

REQUESTS: tuple[type[Request[Any]], ...] = (
    Login, Sync, Join, Leave, Topic, Nick, Send, History, Read, Watch, Rooms, Online,
    Register, ChangePassword, Logout, Devices, EndDevice,
    MakeInvite, Invites, EndInvite,
    Users, AddUser, SetPassword, SetAdmin, SetDisabled, EndDevices,
)  # fmt: skip
FROM_CLIENT: tuple[type[Frame], ...] = (Hello, Ping, Pong, Bye, *REQUESTS)
FROM_SERVER: tuple[type[Frame], ...] = (
    Welcome, Ok, Error, Event, Presence, Marker, Heads, Ping, Pong, Bye,
)  # fmt: skip

__all__ = [
    "ACTION",
    "CREATE",
    "FROM_CLIENT",
    "FROM_SERVER",
    "JOIN",
    "LEAVE",
    "MESSAGE",
    "NICK",
    "REQUESTS",
    "SPOKEN",
    "TOPIC",
    "AddUser",
    "Body",
    "Bye",
    "ChangePassword",
    "Cid",
    "DeviceInfo",
    "Devices",
    "DevicesResult",
    "EndDevice",
    "EndDevices",
    "EndInvite",
    "Error",
    "Event",
    "Frame",
    "Heads",
    "Hello",
    "History",
    "HistoryResult",
    "Id",
    "InviteInfo",
    "Invites",
    "InvitesResult",
    "Join",
    "JoinResult",
    "Leave",
    "Login",
    "LoginResult",
    "Logout",
    "MakeInvite",
    "MakeInviteResult",
    "Marker",
    "Name",
    "Nick",
    "NickBody",
    "Ok",
    "Online",
    "OnlineResult",
    "PersonInfo",
    "Ping",
    "Pong",
    "Presence",
    "Read",
    "Register",
    "Request",
    "Result",
    "RoomInfo",
    "RoomName",
    "RoomState",
    "Rooms",
    "RoomsResult",
    "Send",
    "SendResult",
    "Seq",
    "SetAdmin",
    "SetDisabled",
    "SetPassword",
    "Sync",
    "SyncResult",
    "TextBody",
    "Topic",
    "TopicBody",
    "UserInfo",
    "UserResult",
    "Users",
    "UsersResult",
    "Watch",
    "WatchResult",
    "Welcome",
    "Word",
]
