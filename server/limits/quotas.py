"""What one user and one address may have stored: how often, how much a day, how many rooms and accounts.

One table says what each request that is stored counts for. A session looks there before it acts on a request,
so no handler can forget it; that the table names every request there is, is tested. Administrators keep the
server in order, so of them only the messages are counted. Pure: time is given in seconds by the caller. Knows
requests, users, how many there are, and whether the disk has room; nothing of sessions or the store.
"""

import math
from dataclasses import dataclass
from typing import Any

from protocol import errors, frames
from protocol.frames import Request
from protocol.limits import EVENT_BYTES
from server.errors import RefusedError
from server.limits.disk_space import DiskSpace
from server.limits.throttle import Buckets, address_key
from server.state.model import User
from server.state.room_quota import RoomQuota

DAY = 86_400
HOUR = 3600

ROOM_COST = 10
"""What making a room counts for, in changes: it stays until somebody deletes it, and everybody sees it."""

DISK_RETRY_MS = 30_000
"""When to try again once the disk is nearly full: until somebody has made room it helps nobody."""

DIRECT_COST = 5
"""The same for a room of two, which only these two see."""

INDEXED = 3
"""Bytes of the disk for each byte of a message: the index of its words takes twice as much, measured with
words that are all different."""

RECORD = 2 * EVENT_BYTES
"""Bytes that a change takes for good, about: its event, and its record in the audit with its reason."""


@dataclass(slots=True, frozen=True)
class QuotaLimits:
    """What is allowed; `None` is no limit. `config.Limits` has the usual numbers.

    `messages` and `changes` are a user's burst, `…_per_second` what they are refilled with. `bytes_per_day`
    is what one user may have stored, `rooms_per_user` the channels one has made that are still there,
    `users_per_hour` the accounts made from one address without an invitation. `rooms` and `users` are all
    that there may be.
    """

    messages: int | None = None
    messages_per_second: float = 10.0
    changes: int | None = None
    changes_per_second: float = 1.0
    bytes_per_day: int | None = None
    rooms_per_user: int | None = None
    users_per_hour: int | None = None
    rooms: int | None = None
    users: int | None = None


NO_QUOTAS = QuotaLimits()


@dataclass(slots=True, frozen=True)
class Cost:
    """What a request counts for: so many messages or changes, and about so many bytes that stay.

    `frees`: it makes the store no larger, so it is carried out also when the disk is nearly full.
    """

    messages: float = 0
    changes: float = 0
    stored: int = 0
    frees: bool = False


_IN_PLACE = Cost(changes=1)  # what takes the place of what was there before

COSTS: dict[type[Request[Any]], Cost] = {
    frames.Send: Cost(messages=1, stored=EVENT_BYTES),
    # These reach somebody else, as a message does.
    frames.Dm: Cost(messages=1, stored=EVENT_BYTES),
    frames.Invite: Cost(messages=1, stored=RECORD),
    # A client gathers what is read for half a second, over all rooms.
    frames.Read: Cost(changes=0.125),
    frames.SetLevel: _IN_PLACE,
    frames.Ignore: _IN_PLACE,
    frames.Away: _IN_PLACE,
    frames.ChangePassword: _IN_PLACE,
    frames.Logout: Cost(changes=1, frees=True),
    frames.EndDevice: Cost(changes=1, frees=True),
    # One event in each room of the user.
    frames.Nick: Cost(changes=20, stored=EVENT_BYTES),
    frames.Join: Cost(changes=1, stored=RECORD),
    frames.Leave: Cost(changes=1, stored=EVENT_BYTES, frees=True),
    frames.Create: Cost(changes=1, stored=RECORD),
    frames.Topic: Cost(changes=2, stored=RECORD),
    frames.Visibility: Cost(changes=5, stored=RECORD),
    frames.DeleteRoom: Cost(changes=5, stored=RECORD, frees=True),
    frames.Role: Cost(changes=1, stored=RECORD),
    frames.Kick: Cost(changes=1, stored=RECORD),
    frames.Ban: Cost(changes=1, stored=RECORD),
    frames.Unban: Cost(changes=1, stored=RECORD),
    frames.Mute: Cost(changes=1, stored=RECORD),
    frames.Unmute: Cost(changes=1, stored=RECORD),
}
"""What each request counts for that members may have stored."""

UNCOUNTED: frozenset[type[Request[Any]]] = frozenset((
    # Coming in; what that may make is counted by `check_new_user`.
    frames.Login, frames.Register,
    # Nothing of these is stored.
    frames.Sync, frames.History, frames.Rooms, frames.Members, frames.Bans, frames.Online, frames.Whois,
    frames.Watch, frames.Idle, frames.Mine, frames.Devices, frames.Search,
    # For administrators only.
    frames.Users, frames.AddUser, frames.SetPassword, frames.SetAdmin, frames.SetDisabled, frames.EndDevices,
    frames.MakeInvite, frames.Invites, frames.EndInvite, frames.RoomDetails, frames.MakeRoom, frames.Audit,
    frames.ServerBan, frames.ServerUnban, frames.ServerBans,
))  # fmt: skip
"""The requests that need no entry in `COSTS`."""


class Quotas:
    """Counts what users and addresses have had stored lately, in memory: a restart begins anew. `disk` says
    whether there is room for it."""

    def __init__(self, limits: QuotaLimits) -> None:
        self.disk: DiskSpace | None = None
        self.rooms = RoomQuota(limits.rooms, limits.rooms_per_user)
        self._limits = limits
        self._messages = _buckets(limits.messages, limits.messages_per_second)
        self._changes = _buckets(limits.changes, limits.changes_per_second)
        self._bytes = _buckets(limits.bytes_per_day, (limits.bytes_per_day or 0) / DAY)
        self._users = _buckets(limits.users_per_hour, (limits.users_per_hour or 0) / HOUR)

    def check(self, user: User, request: Request[Any], now: float) -> None:
        """Count a request of this user; raises `RefusedError` if it is one too many for now."""
        cost = COSTS.get(type(request))
        if cost is None:
            return
        if not (cost.frees or (isinstance(request, frames.Send) and request.kind == frames.DELETE)):
            self._check_disk(user)
        if self._messages is self._changes is self._bytes is None:
            return
        taken: list[tuple[Buckets, float]] = []
        for buckets, amount in (
            (self._messages, cost.messages),
            (self._changes, 0 if user.admin else cost.changes),
            (self._bytes, 0 if self._bytes is None or user.admin else _size(user, request, cost)),
        ):
            if buckets is None or not amount:
                continue
            if (wait := buckets.take(user.id, now, amount)) > 0:
                for other, given in taken:
                    other.give_back(user.id, given)
                raise _too_fast(self._text(buckets), wait)
            taken.append((buckets, amount))

    def _text(self, buckets: Buckets) -> str:
        if buckets is self._messages:
            return f"that is faster than {self._limits.messages_per_second:g} messages a second"
        if buckets is self._changes:
            return "that is faster than a person makes changes"
        stored = (self._limits.bytes_per_day or 0) / 2**20
        return f"you have had {stored:,.3g} MiB stored, as much as may be stored in a day"

    def _check_disk(self, user: User | None) -> None:
        """Raise `RefusedError` if there is no room for what this user, or a stranger, wants stored."""
        if self.disk is not None and self.disk.low and not (user is not None and user.admin):
            text = "the server's disk is nearly full, and nothing was stored: tell its administrator"
            raise RefusedError(errors.STORAGE, text, retry_after=DISK_RETRY_MS)

    def check_new_room(self, user: User, rooms: int, now: float, *, direct: bool = False) -> None:
        """Count a room that this user is about to make where there are so many; raises `RefusedError`."""
        self.rooms.check(user, rooms, direct=direct)
        if user.admin:
            return
        cost = DIRECT_COST if direct else ROOM_COST
        if self._changes is not None and (wait := self._changes.take(user.id, now, cost)) > 0:
            raise _too_fast("that is faster than a person makes rooms", wait)

    def check_new_user(self, host: str, users: int, now: float) -> None:
        """Count an account that is about to be made from this address without an invitation, where there are
        so many; raises `RefusedError`. Loopback is an address like others."""
        limits = self._limits
        self._check_disk(None)
        if limits.users is not None and users >= limits.users:
            text = f"there are {users:,} accounts, as many as this server takes: tell its administrator"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.users)
        if self._users is not None and (wait := self._users.take(address_key(host), now)) > 0:
            text = f"{limits.users_per_hour} accounts were made from your address within an hour"
            raise _too_fast(text, wait)


def _buckets(size: int | None, rate: float) -> Buckets | None:
    return Buckets(size, rate) if size is not None else None


def _too_fast(text: str, wait: float) -> RefusedError:
    seconds = math.ceil(wait)
    return RefusedError(
        errors.RATE_LIMITED, f"{text}: try again in {seconds:,} s", retry_after=int(wait * 1000) + 1
    )


def _size(user: User, request: Request[Any], cost: Cost) -> int:
    """About how many bytes of the disk the request takes for good."""
    match request:
        case frames.Send():
            return cost.stored + INDEXED * len(request.body)
        case frames.Nick():
            return cost.stored * (1 + len(user.rooms))
    return cost.stored
