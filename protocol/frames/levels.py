"""How much of a room's talk calls the user: their own choice, the same on all of their devices."""

from typing import Literal

from protocol.frames.base import Request, Result, RoomName

Level = Literal["all", "mentions", "none"]

EVERYTHING: Level = "all"
MENTIONS: Level = "mentions"
MUTED: Level = "none"


class SetLevel(Request[Result], tag="set_level", frozen=True):
    """From now on everything that is said in the room calls the user, or what names them, or nothing."""

    room: RoomName
    level: Level
