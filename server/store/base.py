"""The log as a port with two ends: append a batch, read a page.

What stands behind it gives each event its `seq` and keeps it until it is pruned or its room is deleted; it
never looks into a body that a client made. The SQLite one is embedded; a cluster puts a replicated stream
there, and nothing above changes. All methods block and may be called from any one thread at a time per end:
`append`, `probe`, `prune`, `prune_audit`, `purge`, `index` and `tidy` from the writer's, `search` from the
searcher's, the other reading ones from the reader's.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from protocol import limits
from protocol.frames import Event
from protocol.words import Term
from server.state.entries import AuditRecord, Entry
from server.state.model import State


class RepeatedError(Exception):
    """A batch was not stored, for something in it is stored already: `known`, by user and cid. What was
    removed since is `GONE`."""

    def __init__(self, known: dict[tuple[int, str], Event]) -> None:
        super().__init__(f"{len(known)} cids are known")
        self.known = known


class Unread(NamedTuple):
    """A question for `unread`: how many messages of others, but for `ignored` ones, are after `seq` and up to
    `head`? What is stored behind that while the question waits is told as an event, and counted as one."""

    room: str
    user: int
    seq: int
    head: int
    ignored: frozenset[int] = frozenset()


class SearchCursor(NamedTuple):
    """Where a message stands among those that were found: newest first, then by room."""

    age: int
    room: str
    back: int


class SearchQuery(NamedTuple):
    """A question for `search`: messages in `rooms` that hold all `terms`, or those of `user` (0: anybody's).

    At least one of the two is given. `after` and `before` are times (ms); `begin` is where the page before
    ended; what `ignored` users said is left out.
    """

    rooms: Sequence[str]
    terms: Sequence[Term]
    limit: int
    user: int = 0
    after: int | None = None
    before: int | None = None
    begin: SearchCursor | None = None
    ignored: frozenset[int] = frozenset()

    def wants(self, user: int, time: int) -> bool:
        """Whether a message by this user and of this time is wanted, if it holds the terms."""
        return (
            user not in self.ignored
            and self.user in (0, user)
            and (self.after is None or time >= self.after)
            and (self.before is None or time < self.before)
        )


class Found(NamedTuple):
    """The newest messages that match, as they were sent, newest first; `edits`: what those of them that were
    edited say now. `end`: where they end, if there are more. `stopped`: there was no time to look at all."""

    events: list[Event]
    edits: list[Event]
    end: SearchCursor | None = None
    stopped: bool = False


Hit = tuple[SearchCursor, Event, Event | None]
"""Where a message stands among those that match, the message, and its last edit."""


def fill(found: Found, hits: Iterable[Hit], limit: int) -> Found:
    """Put as many of the hits into what was found as may be there, and say where it ends if there are more.

    Should the hits break off, what there was so far is in `found`.
    """
    size, end = limits.PAGE_BYTES, None
    for spot, event, edit in hits:
        size -= sum(len(one.body) + limits.EVENT_BYTES for one in (event, edit) if one is not None)
        if len(found.events) == limit or (found.events and size < 0):
            return found._replace(end=end)
        found.events.append(event)
        if edit is not None:
            found.edits.append(edit)
        end = spot
    return found


class AuditFilter(NamedTuple):
    """What is asked of the audit: records since a time (ms), before one of them (a number), by or to one
    user (an id, and what others call them), in one room, of one action. Empty: of all of them."""

    since: int = 0
    before: int | None = None
    user: tuple[int, str] | None = None
    room: str = ""
    action: str = ""


class Recorded(NamedTuple):
    """A record of the audit. Numbers rise with the time in which records were stored."""

    number: int
    audit: AuditRecord


class Size(NamedTuple):
    """How many events are stored of a room, and how many bytes their bodies have."""

    events: int
    bytes: int


class Log(Protocol):
    """The port."""

    @property
    def epoch(self) -> str:
        """A random id of this store."""

    def load(self) -> State:
        """The state after all events so far. Called once, before anything else."""

    def append(self, batch: Sequence[Entry]) -> list[Event | None]:
        """Store the batch, all or nothing, so that it survives kill -9; one answer each, None for a record.

        Gives each event the next `seq` of its room, 1, 2, 3 … A room that was deleted begins with 1 again
        if it is made anew. A `delete` empties the bodies of its target and of that one's edits for good, and
        an `edit` that comes behind it is stored empty: nobody gets to read again what was deleted. No cid
        may stand twice in a batch. Raises `RepeatedError` if some are stored already, with all of those, and
        `StorageError`: nothing of the batch is stored then.
        """

    def purge(self, limit: int) -> bool:
        """Remove events of deleted rooms for good, `limit` at most; whether there may be more of them.

        Their cids stay known: none of them can be stored again. Raises `StorageError`.
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

    def find(self, user: int, cid: str) -> Event | None:
        """The event that this user has stored under that cid; it may be `GONE`. Raises `StorageError`."""

    def get_message(self, room: str, seq: int) -> Event | None:
        """What was said there, if it is still to be read: not pruned, not deleted. Raises `StorageError`."""

    def unread(self, question: Unread, limit: int) -> int:
        """How many spoken events of other users, none of them ignored, come after a `seq`; up to `limit`."""

    def prune(self, room: str, before: int, limit: int) -> int:
        """Remove the room's oldest events, up to the first that is not older than `before` (ms since 1970).

        At most `limit` of them; returns how many. Heads, cids and read markers stay as they are: nothing is
        counted again and no cid can be stored again. Raises `StorageError`; nothing was removed then.
        """

    def index(self, limit: int) -> bool:
        """Make some more of what was said findable, `limit` events at most; whether there may be more.

        From the writer's thread. Raises `StorageError`.
        """

    def clock_note(self) -> bytes:
        """What `keep_clock_note` has kept; empty: nothing. Both from the writer's thread. Raises
        `StorageError`."""

    def keep_clock_note(self, note: bytes) -> None:
        """Keep this; see `clock_guard`. Raises `StorageError`."""

    def tidy(self) -> bool:
        """Remove from the index of words, by a step, what `prune` and `purge` have removed; whether there
        may be more of it. From the writer's thread. Raises `StorageError`."""

    def search(self, wanted: SearchQuery, seconds: float) -> Found:
        """What was said and matches, as far as it is indexed; takes no longer than some `seconds`.

        From a thread of its own. Raises `StorageError`.
        """

    def write_ahead_bytes(self) -> int:
        """How much stands in the write-ahead log: what was removed may still be in there. From any thread."""

    def checkpoint(self) -> None:
        """Bring most of what stands there to where it stays, beside who writes and reads. From a thread of
        its own. Raises `StorageError`."""

    def empty_write_ahead(self) -> bool:
        """Bring the rest there too, and empty it; False, and at once, if somebody reads what was before. From
        the writer's thread. Raises `StorageError`."""

    def pause_reading(self) -> None:
        """Wait until nobody reads, and let those who want to wait for `resume_reading`. From a thread of its
        own."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""

    def audit(self, searched: AuditFilter, limit: int) -> list[Recorded]:
        """The newest `limit` records of those, oldest first. Raises `StorageError`."""

    def prune_audit(self, before: int, limit: int) -> int:
        """Remove the oldest records, up to the first that is not older than `before` (ms since 1970): `limit`
        at most; returns how many. From the writer's thread. Raises `StorageError`."""

    def size(self, room: str) -> Size:
        """How much is stored of a room. Walks over all of it. Raises `StorageError`."""

    def close(self) -> None:
        """Let go of the store."""
