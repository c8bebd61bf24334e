"""The log as a port with two ends: append a batch, read a page.

What stands behind it gives each event its `seq` and keeps it until its room is deleted; it never looks into a
body that a client made. The SQLite one is embedded; a cluster puts a replicated stream there, and nothing
above changes. All methods block and may be called from any one thread at a time per end: `append` and `purge`
from the writer's, the reading ones from the reader's.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from protocol.frames import Event
from server.state import State


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event that has no place in its room yet."""

    room: str
    user: int
    sender: str
    kind: str
    time: int
    body: bytes = b""
    cid: str | None = None


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A user has read a room up to `seq`. No event: nobody else needs to see it."""

    room: str
    user: int
    seq: int


class Audit(msgspec.Struct, frozen=True, gc=False):
    """Who (an id; 0: nobody in particular) did what, for those who have to know it later; see `audit`."""

    time: int
    actor: int
    action: str
    target: str = ""
    room: str = ""
    detail: str = ""


Entry = Draft | Mark | Audit
"""What a batch is made of."""

GONE = ""
"""The kind of an event whose room was deleted: nothing is left of it but its place, its time and its cid."""


class Appended(NamedTuple):
    """The event as it is stored. `dup`: it was before, under the same user and cid; it may be `GONE`."""

    event: Event
    dup: bool


class Unread(NamedTuple):
    """A question for `unread`: how many messages of others are after `seq`?"""

    room: str
    user: int
    seq: int


class Log(Protocol):
    """The port."""

    @property
    def epoch(self) -> str:
        """A random id of this store."""

    def load(self) -> State:
        """The state after all events so far. Called once, before anything else."""

    def append(self, batch: Sequence[Entry]) -> list[Appended | None]:
        """Store the batch, all or nothing, so that it survives kill -9; one answer each, None for no event.

        Gives each new event the next `seq` of its room, 1, 2, 3 … A room that was deleted begins with 1 again
        if it is made anew. Raises `StorageError`: nothing of the batch is stored then.
        """

    def purge(self, limit: int) -> bool:
        """Remove events of deleted rooms for good, `limit` at most; whether there may be more of them.

        Their cids stay known: none of them can be stored again. Raises `StorageError`.
        """

    def read(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int, size: int
    ) -> list[Event]:
        """Events of a room in rising `seq`: the oldest after `after`, or the newest before `before`.

        At most `limit` of them and, but for the first, `size` bytes (see `limits.EVENT_BYTES`). With both
        given: the newest between them. Raises `StorageError`.
        """

    def find(self, user: int, cid: str) -> Event | None:
        """The event that this user has stored under that cid; it may be `GONE`. Raises `StorageError`."""

    def unread(self, question: Unread, limit: int) -> int:
        """How many spoken events of other users come after a `seq`, counted up to `limit`."""

    def audit(self, since: int, limit: int) -> list[Audit]:
        """The newest `limit` records from a time on (ms), oldest first. Raises `StorageError`."""

    def close(self) -> None:
        """Let go of the store."""
