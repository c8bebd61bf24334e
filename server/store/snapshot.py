"""The store's file at one moment, read beside the server that writes to it.

One read transaction: what comes meanwhile is not in it, and nobody waits for it. But while it is open, SQLite
can't fold the write-ahead log into the file, so it should not be kept for hours under load.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from protocol.frames import Event
from server.errors import OperatorError
from server.store import copies, schema


class RoomRow(NamedTuple):
    """A room of the store."""

    id: int
    name: str
    floor: int
    head: int


class Snapshot:
    """See the module; `opened` makes one."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def rooms(self) -> list[RoomRow]:
        """All rooms, by rising name."""
        rows = self._database.execute(
            "SELECT id, name, floor, head FROM rooms WHERE name <> '' ORDER BY name"
        )
        return [RoomRow(*row) for row in rows]

    def events(self, room: RoomRow) -> Iterator[Event]:
        """The room's events in rising `seq`, read from the disk as they are asked for."""
        rows = self._database.execute(
            "SELECT seq, user, sender, kind, time, body, cid, target, reply FROM events "
            "WHERE room = ? AND seq > ? ORDER BY seq",
            (room.id, room.floor),
        )
        for row in rows:
            yield Event(room.name, *row)

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
    with copies.reading(path) as database:
        if schema.check(database, path) < schema.VERSION:
            raise OperatorError(f"the database {path} is of an older chat-server: start this one on it first")
        database.execute("BEGIN")
        yield Snapshot(database)
