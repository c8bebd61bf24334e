"""How much one address and one user may ask for: token buckets and counts.

A token bucket, with an answer that says when to come back, and not a sleeping reader as on IRC servers: there
pings stall with everything else, and a client that is told nothing looks dead. Pure: time is given in
seconds by the caller.
"""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

from protocol import errors
from server.errors import RefusedError

FORGET = 10_000
"""Addresses or users remembered before full buckets, which say nothing, are thrown out."""


@dataclass(slots=True, frozen=True)
class RateLimits:
    """What is allowed; `None` is no limit. `config.Limits` has the usual numbers.

    `sessions` at once and `connects` in `connect_seconds` count per address (an IPv6 network of /64 is one:
    that is what one household gets). This computer is not counted unless `loopback`: behind a tunnel or a
    proxy everybody comes from there. `guesses` are wrong passwords and invitations at once; then one more
    every `guess_seconds`. Those are counted here as well: others than the owner are there too.
    """

    sessions: int | None = None
    connects: int | None = None
    connect_seconds: float = 600.0
    loopback: bool = False
    guesses: int | None = None
    guess_seconds: float = 10.0


NO_LIMITS = RateLimits()


class Bucket:
    """A token bucket: `size` at once, `rate` more per second."""

    __slots__ = ("_at", "_left", "_rate", "_size")

    def __init__(self, size: float, rate: float, now: float) -> None:
        self._size = size
        self._rate = rate
        self._left = size
        self._at = now

    def take(self, now: float, amount: float = 1.0) -> float:
        """Take so much, or all there can be; returns 0, or the seconds until there is as much (nothing was
        taken then)."""
        amount = min(amount, self._size)
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= amount:
            self._left -= amount
            return 0.0
        return (amount - self._left) / self._rate

    def give_back(self, amount: float = 1.0) -> None:
        """What was taken last was not used."""
        self._left = min(self._size, self._left + amount)

    def full(self, now: float) -> bool:
        """Whether it is as good as new."""
        return self._left + (now - self._at) * self._rate >= self._size


class Buckets:
    """A bucket for each user or address that has asked for something lately, FORGET of them at most."""

    def __init__(self, size: float, rate: float) -> None:
        self._size = size
        self._rate = rate
        self._buckets: OrderedDict[int | str, Bucket] = OrderedDict()

    def take(self, key: int | str, now: float, amount: float = 1.0) -> float:
        """See `Bucket.take`."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(self._size, self._rate, now)
            if len(self._buckets) > FORGET:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket.take(now, amount)

    def give_back(self, key: int | str, amount: float = 1.0) -> None:
        """See `Bucket.give_back`."""
        if (bucket := self._buckets.get(key)) is not None:
            bucket.give_back(amount)


LOOPBACK = "loopback"


def address_key(host: str) -> str:
    """What an address counts as: itself, its /64 for IPv6, each user of this computer over a Unix socket; and
    all of loopback as one, with what is no address."""
    if host.startswith("user "):
        return host
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return LOOPBACK
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None and not address.is_loopback:
            return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped or address
    return LOOPBACK if address.is_loopback else str(address)


class ConnectionLimiter:
    """Counts the connections of each address."""

    def __init__(self, rate_limits: RateLimits) -> None:
        self._allowance = rate_limits
        self._inside: dict[str, int] = {}
        self._connects: dict[str, Bucket] = {}

    def acquire(self, host: str, now: float) -> str | None:
        """A connection has come: the key to `leave` with. Raises `RefusedError` if it may not stay."""
        key = address_key(host)
        if not self._allowance.loopback and (key == LOOPBACK or key.startswith("user ")):
            return None
        inside = self._inside.get(key, 0)
        if self._allowance.sessions is not None and inside >= self._allowance.sessions:
            text = f"there are {inside} connections from your address already"
            raise RefusedError(errors.RATE_LIMITED, text, limit=self._allowance.sessions)
        if (wait := self._bucket(key, now)) > 0:
            text = "too many connections from your address in a short time"
            raise RefusedError(errors.RATE_LIMITED, text, retry_after=math.ceil(wait * 1000))
        self._inside[key] = inside + 1
        return key

    def _bucket(self, key: str, now: float) -> float:
        connects = self._allowance.connects
        if connects is None:
            return 0.0
        bucket = self._connects.get(key)
        if bucket is None:
            if len(self._connects) >= FORGET:
                self._connects = {one: kept for one, kept in self._connects.items() if not kept.full(now)}
            bucket = self._connects[key] = Bucket(connects, connects / self._allowance.connect_seconds, now)
        return bucket.take(now)

    def release(self, key: str | None) -> None:
        """A connection that could stay has ended."""
        if key is not None:
            left = self._inside.pop(key) - 1
            if left:
                self._inside[key] = left


class LoginAttempts:
    """Slows those who guess passwords and invitations: by address, and by the account that is guessed at.

    By account alone, anybody could lock a person out. So an address from which the account's owner has come
    in lately is counted by itself, for that account, and nothing that others do makes it wait. Which
    these are is forgotten with the process: every device that comes back with its token says so anew.
    """

    def __init__(self, rate_limits: RateLimits) -> None:
        self._allowance = rate_limits
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, host: str, account: str, now: float) -> "LoginAttempt":
        """Somebody is about to try. `account` is the folded name, empty for an invitation.

        Raises `RefusedError` if they have to wait. They are taken to be wrong until `LoginAttempt.right`.
        """
        where = address_key(host)
        if self._allowance.guesses is None:
            return LoginAttempt(self, host, account, [])
        if (where, account) in self._known:
            keys = [(where, account)]
        else:
            keys = [(where, "")] + ([("", account)] if account else [])
        taken: list[Bucket] = []
        for key in keys:
            bucket = self._bucket(key, now)
            if (wait := bucket.take(now)) > 0:
                for other in taken:
                    other.give_back()
                text = f"too many attempts that were wrong: try again in {math.ceil(wait)} s"
                raise RefusedError(errors.RATE_LIMITED, text, retry_after=math.ceil(wait * 1000))
            taken.append(bucket)
        return LoginAttempt(self, host, account, taken)

    def _bucket(self, key: tuple[str, str], now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= FORGET:
                self._buckets = {one: kept for one, kept in self._buckets.items() if not kept.full(now)}
            size = self._allowance.guesses or 1
            bucket = self._buckets[key] = Bucket(size, 1 / self._allowance.guess_seconds, now)
        return bucket

    def know(self, host: str, account: str) -> None:
        """The account's owner came in from there."""
        pair = (address_key(host), account)
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > FORGET:
            self._known.popitem(last=False)


class LoginAttempt:
    """One attempt."""

    def __init__(self, guesses: LoginAttempts, host: str, account: str, taken: list[Bucket]) -> None:
        self._guesses = guesses
        self._host = host
        self._account = account
        self._taken = taken

    def succeeded(self) -> None:
        """It was right, so it does not count."""
        for bucket in self._taken:
            bucket.give_back()
        if self._account:
            self._guesses.know(self._host, self._account)
