"""People: what they are called, and who is there."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Frame, Name, Request, Result, RoomName
from protocol.frames.session import LoginResult


class Nick(Request[LoginResult], tag="nick", frozen=True):
    """Be called `name` from now on."""

    result = LoginResult
    name: Name


class WatchResult(Result, frozen=True):
    """For each watched room the names of the members who are online; `more` counts those left out.

    `roles`: for each of them the members, online or not, who are more than that.
    """

    online: dict[str, list[str]]
    more: dict[str, int] = {}
    roles: dict[str, dict[str, str]] = {}


class Watch(Request[WatchResult], tag="watch", frozen=True):
    """From now on tell who comes and goes in these rooms, and no longer in others."""

    result = WatchResult
    rooms: Annotated[list[RoomName], Meta(max_length=limits.WATCHED_ROOMS)]


class Presence(Frame, tag="presence", frozen=True):
    """Someone came online or went, in a room that this session watches."""

    room: str
    name: str
    online: bool


class PersonInfo(Result, frozen=True):
    """Someone who is online, and the rooms in which the asker can meet them."""

    name: str
    rooms: list[str]


class OnlineResult(Result, frozen=True):
    """People by rising name; `total` also counts those that did not fit."""

    people: list[PersonInfo]
    total: int


class Online(Request[OnlineResult], tag="online", frozen=True):
    """Who is there, and where?"""

    result = OnlineResult
