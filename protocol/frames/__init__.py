"""The frames of the wire, one class each, and the results of requests.

A frame is one msgpack map with string keys; key `t` names its type. Classes validate when a map
is converted to them (see `codec`): types, lengths and ranges are checked here and nowhere else.
Requests carry an `id` that the client chooses; each gets exactly one answer, `ok` or `error`,
with `re` equal to it. Fields not listed are ignored, so both sides can add some later.
"""

from typing import Any

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
from protocol.frames.messages import Heads, History, HistoryResult, Marker, Read, Send, SendResult
from protocol.frames.mine import Ignore, Mine, MineChanged, MineResult, Person
from protocol.frames.people import Nick, Online, OnlineResult, PersonInfo, Whois, WhoisResult
from protocol.frames.presence import Away, Count, Idle, People, Presence, Typing, Watch, WatchResult
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
    Away, Idle, Whois, Ignore, Mine,
)  # fmt: skip
FROM_CLIENT: tuple[type[Frame], ...] = (Hello, Ping, Pong, Bye, Typing, *REQUESTS)
FROM_SERVER: tuple[type[Frame], ...] = (
    Welcome, Ok, Error, Event, Presence, People, Typing, Marker, MineChanged, Heads, Ping, Pong, Bye,
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
    "Away",
    "Body",
    "Bye",
    "Cid",
    "Count",
    "Error",
    "Event",
    "Frame",
    "Heads",
    "Hello",
    "History",
    "HistoryResult",
    "Id",
    "Idle",
    "Ignore",
    "Join",
    "JoinResult",
    "Leave",
    "Login",
    "LoginResult",
    "Marker",
    "Mine",
    "MineChanged",
    "MineResult",
    "Name",
    "Nick",
    "NickBody",
    "Ok",
    "Online",
    "OnlineResult",
    "People",
    "Person",
    "PersonInfo",
    "Ping",
    "Pong",
    "Presence",
    "Read",
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
    "Sync",
    "SyncResult",
    "TextBody",
    "Topic",
    "TopicBody",
    "Typing",
    "Watch",
    "WatchResult",
    "Welcome",
    "Whois",
    "WhoisResult",
    "Word",
]
