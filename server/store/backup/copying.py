"""Copies of a store's file: taken while a server writes to it, verified, put in place whole or not at all.

Knows SQLite and files; of the tables only what tells a chat's database from any other.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from common import database, private_files
from server.errors import OperatorError

STEP_PAGES = 1024
"""Copied at once: 4 MiB, which a disk takes in some 10 ms."""

PAUSE_SECONDS = 0.005
"""Between two steps, so that a server's fsync does not queue behind all of a copy."""

TABLES = frozenset({"meta", "rooms", "users", "members", "reads", "events"})
"""What a chat's database has had since the first version."""


class Summary(NamedTuple):
    """What a copy holds."""

    epoch: str
    size: int
    rooms: int
    users: int
    events: int

    def __str__(self) -> str:
        return (
            f"{self.size / 1e6:,.1f} MB, rooms: {self.rooms:,}, users: {self.users:,}, "
            f"events: {self.events:,}"
        )


@contextmanager
def reading(path: Path) -> Iterator[database.Connection]:
    """A database to read from, beside who writes to it; raises `OperatorError` if it can't be read."""
    if not path.is_file():
        raise OperatorError(f"there is no database {path}")
    try:
        # Not read-only: that would leave an empty write-ahead log behind.
        with closing(database.connect(path, create=False)) as source:
            source.execute("PRAGMA query_only = ON")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            yield source
    except database.Error as error:
        raise OperatorError(f"cannot read {path}: {error}") from error


def copy(source: database.Connection, target: Path) -> Summary:
    """Copy a database as it is now to `target`, verified and on the disk; replaces what is there.

    Raises `OperatorError`; `target` is as it was then.
    """
    with draft(target) as path:
        fill(path, source)
        summary = inspect(path, target)
        private_files.place(path, target)
    return summary


@contextmanager
def draft(target: Path) -> Iterator[Path]:
    """An empty file beside `target` that only its owner may read; it goes if it was not put in place."""
    try:
        with private_files.draft(target) as path:
            try:
                yield path
            finally:
                for suffix in ("-journal", "-wal", "-shm"):  # SQLite's own
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
    except (OSError, database.Error) as error:
        raise _cannot(target, error) from error


def _cannot(target: Path, error: Exception) -> OperatorError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return OperatorError(f"cannot make {target}: {reason}")


def fill(path: Path, source: database.Connection) -> None:
    """Make `path` a copy of the database as it is now."""
    with closing(database.connect(path)) as target:
        target.execute("PRAGMA synchronous = OFF")  # `place` syncs it once
        database.copy(source, target, STEP_PAGES, PAUSE_SECONDS)
        # One file that can be read anywhere, also where nothing can be written beside it.
        target.execute("PRAGMA journal_mode = DELETE").fetchall()


def inspect(path: Path, name: Path) -> Summary:
    """Read a database through, and count what it holds.

    Raises `OperatorError` if it is damaged, or no chat's; to people it is called `name`.
    """
    with closing(database.connect(path)) as copied:
        tables = {table for (table,) in copied.execute("SELECT name FROM sqlite_schema")}
        if not tables >= TABLES:
            raise OperatorError(f"{name} is no database of a chat-server")
        ((verdict,),) = copied.execute("PRAGMA integrity_check(1)").fetchall()
        if verdict != "ok":
            raise OperatorError(f"{name} is damaged: {verdict.splitlines()[-1]}")
        epoch = copied.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        if epoch is None:
            raise OperatorError(f"{name} has no epoch: no chat-server has ever used it")

        def count(what: str) -> int:
            ((number,),) = copied.execute(f"SELECT count(*) FROM {what}").fetchall()  # noqa: S608
            return int(number)

        return Summary(
            epoch=epoch[0],
            size=path.stat().st_size,
            rooms=count("rooms WHERE name <> ''"),
            users=count("users"),
            events=count("events WHERE kind <> '' AND room IN (SELECT id FROM rooms WHERE name <> '')"),
        )


def copy_file(source: Path, target: Path) -> None:
    """Copy a small file, such as a key, that only its owner may read. Raises `OperatorError`."""
    with draft(target) as path:
        path.write_bytes(private_files.read(source))
        private_files.place(path, target)


def compact(path: Path) -> None:
    """Give the room that removed events have left in the file back to the disk; nobody may have it open."""
    try:
        with closing(database.connect(path)) as pruned:
            pruned.execute("VACUUM")
    except database.Error as error:
        raise OperatorError(
            f"the events are removed, but {path} could not be made smaller ({error}); "
            "new events will take the room that is free in it"
        ) from error
