"""What all connections together may hold in memory, and who gives way when it is too much.

Each connection has bounds of its own (see `net.tcp`); many connections at their bounds would still
fill the memory. So what waits on them is summed up. Too much to be sent: the fullest queues are dropped, as
for any slow reader, whose session is told how far its rooms are. If answers alone are too much, or what has
come and can't be worked off: the connections of who holds most are closed, for nobody else can give it back.
Knows connections by the few things of `Holder`; nothing of sockets or frames.
"""

from collections import defaultdict
from typing import Protocol

from server.limits.turns import Principal

MEMORY = 512 * 1024 * 1024
"""Bytes that a server may use, about, unless set."""

SHARE = 4
"""A quarter of the memory may be waiting on connections; the state, the store's cache and the code need the
rest."""

INPUT_SHARE = 4
"""A quarter of that for what has come: frames are small, and are worked off at once but for who has spent a
budget."""

CONNECTION_BYTES = 64 * 1024
"""Memory for each connection that may be open: some 20 KiB with TLS, and what usually waits on it."""


class Holder(Protocol):
    """A connection on which something waits."""

    @property
    def principal(self) -> Principal:
        """Whose it is."""

    def drop_output(self) -> None:
        """Forget what its peer has not taken, but for answers."""

    def cut(self, why: str) -> None:
        """Close it at once, with all that waits; it forgets itself."""


class Buffers:
    """What waits, by connection: `received` and not worked off, `unsent`. `memory` is the setting, in
    bytes."""

    def __init__(self, memory: int) -> None:
        self.connections = memory // CONNECTION_BYTES
        self.received = Held(memory // SHARE // INPUT_SHARE)
        self.unsent = Held(memory // SHARE - memory // SHARE // INPUT_SHARE)

    def set_received(self, holder: Holder, size: int) -> None:
        """So much has come on this connection and waits to be worked off."""
        if not self.received.set(holder, size):
            self.received.cut("it sends more than can be worked off, and memory is short")

    def set_unsent(self, holder: Holder, size: int) -> None:
        """So much waits to be sent on this connection."""
        if not self.unsent.set(holder, size):
            self.unsent.drop()
            if self.unsent.too_much:
                self.unsent.cut("it asks for more than it takes, and memory is short")

    def forget(self, holder: Holder) -> None:
        """The connection is gone."""
        self.received.set(holder, 0)
        self.unsent.set(holder, 0)


class Held:
    """One kind of it. What gives way does so until a quarter is free, so that it is not looked for again and
    again."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._sizes: dict[Holder, int] = {}

    @property
    def too_much(self) -> bool:
        """It is over the bound."""
        return self.total > self.most

    def set(self, holder: Holder, size: int) -> bool:
        """Take note; returns whether all is within the bound."""
        before = self._sizes.get(holder, 0)
        if size != before:
            self.total += size - before
            if size:
                self._sizes[holder] = size
            else:
                del self._sizes[holder]
        return self.total <= self.most

    def drop(self) -> None:
        """Have the fullest queues dropped."""
        for holder in sorted(self._sizes, key=self._sizes.__getitem__, reverse=True):
            if self.total <= self.most * 3 // 4:
                return
            holder.drop_output()

    def cut(self, why: str) -> None:
        """Have the connections closed of those who hold most."""
        owned: defaultdict[Principal, list[Holder]] = defaultdict(list)
        sums: defaultdict[Principal, int] = defaultdict(int)
        for holder, size in self._sizes.items():
            owned[holder.principal].append(holder)
            sums[holder.principal] += size
        for principal in sorted(sums, key=sums.__getitem__, reverse=True):
            for holder in sorted(owned[principal], key=self._sizes.__getitem__, reverse=True):
                if self.total <= self.most * 3 // 4:
                    return
                holder.cut(why)
