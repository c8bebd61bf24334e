"""People: what they are called, and what others may know of them."""

from protocol.frames.base import Name, Number, Request, Result, Time
from protocol.frames.session import LoginResult


class Nick(Request[LoginResult], tag="nick", frozen=True):
    """Be called `name` from now on."""

    result = LoginResult
    name: Name


class PersonInfo(Result, frozen=True):
    """Someone who is online, and the rooms in which the asker can meet them."""

    name: str
    rooms: list[str]
    away: bool = False
    text: str = ""


class OnlineResult(Result, frozen=True):
    """People by rising name; `total` also counts those that did not fit."""

    people: list[PersonInfo]
    total: Number


class Online(Request[OnlineResult], tag="online", frozen=True):
    """Who is there, and where?"""

    result = OnlineResult


class WhoisResult(Result, frozen=True):
    """What anybody may know of somebody.

    `state` is `online`, `away` (with `text`) or `offline` (then `seen` says since when). `since` is when the
    user was made; times in ms since 1970, 0 if nobody knows. `rooms` are those that the asker is in as well.
    """

    user: Number
    name: str
    state: str
    text: str = ""
    seen: Time = 0
    since: Time = 0
    role: str = ""
    rooms: list[str] = []


class Whois(Request[WhoisResult], tag="whois", frozen=True):
    """Who is that?"""

    result = WhoisResult
    name: Name
