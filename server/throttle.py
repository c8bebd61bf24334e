"""How much one address and one user may ask for: token buckets and counts.

A token bucket, with an answer that says when to come back, and not a sleeping reader as on IRC servers: there
pings stall with everything else, and a client that is told nothing looks dead. Pure: time is given in
seconds by the caller.
"""

import ipaddress
from dataclasses import dataclass

FORGET = 10_000
"""Addresses remembered before full buckets, which say nothing, are thrown out."""


@dataclass(slots=True, frozen=True)
class Allowance:
    """What is allowed; `None` is no limit. `config.Limits` has the usual numbers.

    `sessions` at once and `connects` in `connect_seconds` count per address (an IPv6 network of /64 is one:
    that is what one household gets). Loopback is not counted unless `loopback`: behind a tunnel or a proxy
    everybody comes from there. `sends` is a user's burst, `sends_per_second` what it is refilled with.
    """

    sessions: int | None = None
    connects: int | None = None
    connect_seconds: float = 600.0
    sends: int | None = None
    sends_per_second: float = 10.0
    loopback: bool = False


NO_LIMITS = Allowance()


class Bucket:
    """A token bucket: `size` at once, `rate` more per second."""

    __slots__ = ("_at", "_left", "_rate", "_size")

    def __init__(self, size: float, rate: float, now: float) -> None:
        self._size = size
        self._rate = rate
        self._left = size
        self._at = now

    def take(self, now: float) -> float:
        """Take one token; returns 0, or the seconds until there is one (nothing was taken then)."""
        self._left = min(self._size, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate

    def full(self, now: float) -> bool:
        """Whether it is as good as new."""
        return self._left + (now - self._at) * self._rate >= self._size


def address_key(host: str) -> str | None:
    """What an address counts as: itself, its /64 for IPv6; None for loopback and for what is no address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return None if address.is_loopback else str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
        address = address.ipv4_mapped
    return None if address.is_loopback else str(address)


class Door:
    """Counts the connections of each address."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._inside: dict[str, int] = {}
        self._knocks: dict[str, Bucket] = {}

    def knock(self, host: str, now: float) -> tuple[str | None, str]:
        """A connection has come: the key to `leave` with, and what is wrong if it may not stay."""
        key = address_key(host) or ("loopback" if self._allowance.loopback else None)
        if key is None:
            return None, ""
        inside = self._inside.get(key, 0)
        if self._allowance.sessions is not None and inside >= self._allowance.sessions:
            return None, f"there are {inside} connections from your address already"
        if (wait := self._bucket(key, now)) > 0:
            return None, f"too many connections from your address: try again in {wait:.0f} s"
        self._inside[key] = inside + 1
        return key, ""

    def _bucket(self, key: str, now: float) -> float:
        connects = self._allowance.connects
        if connects is None:
            return 0.0
        bucket = self._knocks.get(key)
        if bucket is None:
            if len(self._knocks) >= FORGET:
                self._knocks = {one: kept for one, kept in self._knocks.items() if not kept.full(now)}
            bucket = self._knocks[key] = Bucket(connects, connects / self._allowance.connect_seconds, now)
        return bucket.take(now)

    def leave(self, key: str | None) -> None:
        """A connection that could stay has ended."""
        if key is not None:
            left = self._inside.pop(key) - 1
            if left:
                self._inside[key] = left
