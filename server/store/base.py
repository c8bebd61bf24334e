"""The log as a port with two ends: append a batch, read a page.

What stands behind it gives each event its `seq` and keeps it until it is pruned; it never looks into a body
that a client made. The SQLite one is embedded; a cluster puts a replicated stream there, and nothing above
changes. All methods block and may be called from any one thread at a time per end: `append`, `probe` and
`prune` from the
writer's, the reading ones from the reader's.
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

    def apply(self, state: State) -> None:
        """Change the state by it, as `state.apply` does by an event."""
        state.mark(self.user, self.room, self.seq)


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A user's last session has gone, at `time`."""

    user: int
    time: int

    def apply(self, state: State) -> None:
        """See `Mark.apply`."""
        state.users[self.user].seen = self.time


class Away(msgspec.Struct, frozen=True, gc=False):
    """A user has said that they are away (`text`), or back (None)."""

    user: int
    text: str | None

    def apply(self, state: State) -> None:
        """See `Mark.apply`."""
        state.users[self.user].away = self.text


class Ignored(msgspec.Struct, frozen=True, gc=False):
    """A user ignores another one from now on, or no longer."""

    user: int
    other: int
    on: bool

    def apply(self, state: State) -> None:
        """See `Mark.apply`."""
        ignored = state.users[self.user].ignored
        (ignored.add if self.on else ignored.discard)(self.other)


Record = Mark | Seen | Away | Ignored
"""What is stored beside events, in the same transactions: nobody sees it again in a room's log."""

Entry = Draft | Record


class Appended(NamedTuple):
    """The event as it is stored. `dup`: it was before, under the same user and cid; it may be `GONE`."""

    event: Event
    dup: bool


class Unread(NamedTuple):
    """A question for `unread`: how many messages of others, but for `ignored` ones, are after `seq`?"""

    room: str
    user: int
    seq: int
    ignored: frozenset[int] = frozenset()


GONE = ""
"""The kind of a pruned event: nothing is left of it but its place, its time and its cid."""


class Log(Protocol):
    """The port."""

    @property
    def epoch(self) -> str:
        """A random id of this store."""

    def load(self) -> State:
        """The state after all events so far. Called once, before anything else."""

    def append(self, batch: Sequence[Entry]) -> list[Appended | None]:
        """Store the batch, all or nothing, so that it survives kill -9; one answer each, None for a record.

        Gives each new event the next `seq` of its room, 1, 2, 3 … Raises `StorageError`: nothing of the
        batch is stored then.
        """

    def probe(self) -> None:
        """Store something that nobody sees, to find out whether `append` could; raises `StorageError`.

        From the writer's thread.
        """

    def read(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int, size: int
    ) -> list[Event]:
        """Events of a room in rising `seq`: the oldest after `after`, or the newest before `before`.

        At most `limit` of them and, but for the first, `size` bytes (see `limits.EVENT_BYTES`). With both
        given: the newest between them. None at or below the floor. Raises `StorageError`.
        """

    def floor(self, room: str) -> int:
        """Up to this `seq` a room's events were pruned. Raises `StorageError`.

        Asked after `read`, what lies between it and the first event of the page is in the room.
        """

    def unread(self, question: Unread, limit: int) -> int:
        """How many spoken events of other users, none of them ignored, come after a `seq`; up to `limit`."""

    def prune(self, room: str, before: int, limit: int) -> int:
        """Remove the room's oldest events, up to the first that is not older than `before` (ms since 1970).

        At most `limit` of them; returns how many. Heads, cids and read markers stay as they are: nothing is
        counted again and no cid can be stored again. Raises `StorageError`; nothing was removed then.
        """

    def close(self) -> None:
        """Let go of the store."""
