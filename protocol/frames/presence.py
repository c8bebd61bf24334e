"""Who is there: coming and going, being away, typing."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Frame, Number, Request, Result, RoomName


class Count(Result, frozen=True):
    """How many of a room's members are online, `away` ones included; and how many are away."""

    total: Number
    away: Number = 0


class WatchResult(Result, frozen=True):
    """The list of each watched room: members who are online, those who are away last.

    `away` says for whom of them that is so, and the text they left; `more` counts those beyond the list.
    `roles`: the members, online or not, who are more than that.
    """

    online: dict[str, list[str]]
    more: dict[str, Number] = {}
    away: dict[str, dict[str, str]] = {}
    counts: dict[str, Count] = {}
    roles: dict[str, dict[str, str]] = {}


class Watch(Request[WatchResult], tag="watch", frozen=True):
    """From now on tell who comes and goes in these rooms, and no longer in others.

    `limit`: how many people of each room to list; of those beyond only the number is told.
    """

    result = WatchResult
    rooms: Annotated[list[RoomName], Meta(max_length=limits.WATCHED_ROOMS)]
    limit: Annotated[int, Meta(ge=1, le=limits.LISTS[-1])] = 200


class Presence(Frame, tag="presence", frozen=True):
    """Someone is in the list of a watched room now, or no longer, or their state has changed."""

    room: str
    name: str
    online: bool
    away: bool = False
    text: str = ""


class People(Frame, tag="people", frozen=True):
    """How many are in a watched room now, whether or not they are in the list."""

    room: str
    total: Number
    away: Number = 0


class RoleChanged(Frame, tag="role_changed", frozen=True):
    """Somebody has another role in a watched room, without an event there: the first room belongs to the
    administrators."""

    room: str
    name: str
    role: str


class Away(Request[Result], tag="away", frozen=True):
    """The user is away, or back: on all devices, until they say otherwise."""

    on: bool = True
    text: Annotated[str, Meta(max_length=4 * limits.AWAY)] = ""


class Idle(Request[Result], tag="idle", frozen=True):
    """Nobody has touched this session for a while, or somebody does again.

    A user whose sessions all are idle is shown as away.
    """

    on: bool


class Typing(Frame, tag="typing", frozen=True):
    """Somebody writes a message in a room, or has stopped. `user` and `name` are the server's to fill in."""

    room: RoomName
    on: bool = True
    user: Number = 0
    name: str = ""
