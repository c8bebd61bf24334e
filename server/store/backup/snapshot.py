"""The store's file, read beside the server that writes to it.

Each room is read up to where it was when it was asked for, a page at a time. There is no transaction around
all of it: while one is open, nothing that was deleted since can be removed from the write-ahead log, and who
reads an export may take hours for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from common import database
from protocol.frames import Event
from server.errors import OperatorError
from server.state.entries import GONE
from server.store import schema
from server.store.backup import copying

PAGE = 1000
"""Events that are read at once."""


class RoomRow(NamedTuple):
    """A room of the store."""

    id: int
    name: str
    floor: int
    head: int


class Snapshot:
    """See the module; `opened` makes one."""

    def __init__(self, connection: database.Connection) -> None:
        self._database = connection

    def rooms(self) -> list[RoomRow]:
        """All rooms, by rising name."""
        rows = self._database.execute(
            "SELECT id, name, floor, head FROM rooms WHERE name <> '' ORDER BY name"
        )
        return [RoomRow(*row) for row in rows]

    def events(self, room: RoomRow) -> Iterator[Event]:
        """The room's events in rising `seq`, read from the disk as they are asked for; what is removed
        meanwhile is not among them."""
        after = room.floor
        while rows := self._page(room, after):
            events = [Event(room.name, *row) for row in rows]
            yield from (event for event in events if event.kind != GONE)
            after = events[-1].seq

    def _page(self, room: RoomRow, after: int) -> list[tuple[Any, ...]]:
        return self._database.execute(
            "SELECT seq, user, sender, kind, time, body, cid, target, reply FROM events "
            "WHERE room = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (room.id, after, room.head, PAGE),
        ).fetchall()

    def older(self, room: RoomRow, before: int) -> int:
        """How many events `Log.prune` would remove in all."""
        (kept,) = self._database.execute(
            "SELECT seq FROM events WHERE room = ? AND seq > ? AND time >= ? ORDER BY seq LIMIT 1",
            (room.id, room.floor, before),
        ).fetchone() or (room.head + 1,)
        return int(kept) - 1 - room.floor


@contextmanager
def opened(path: Path) -> Iterator[Snapshot]:
    """The store as it is now; raises `OperatorError`."""
    with copying.reading(path) as connection:
        if schema.check(connection, path) < schema.VERSION:
            raise OperatorError(f"the database {path} is of an older chat-server: start this one on it first")
        yield Snapshot(connection)
