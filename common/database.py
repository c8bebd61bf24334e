"""SQLite databases in which what is deleted is gone; how the server and the client open, copy and empty them.

`secure_delete` overwrites what is deleted, but that is not all of it. The write-ahead log has pages as they
were before, until it is emptied. And when a page is split, rows that moved to another page stay in the part
of the old one that is not in use any more, where no statement reaches them (`rebuildPage` in SQLite's
btree.c: of 6,000 deleted texts 30 were still there). So the file is written through `_Cleaning`, which
blanks the unused part of each page on its way, and whoever has the database open empties the log in time
(`checkpoint`, `empty_log`).

The only module that imports apsw, which brings its own SQLite: Python's may be older than FTS5's
`secure-delete` (3.42). Python's `sqlite3` must not open the same file in the same process: two SQLites there
take each other's locks away. Knows nothing of what is in a database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import apsw

if TYPE_CHECKING:

    class Cursor(apsw.Cursor):
        """Its rows are as the tables are, which no type checker knows."""

        def fetchone(self) -> Any: ...  # noqa: ANN401
        def fetchall(self) -> list[Any]: ...
        def __iter__(self) -> Iterator[Any]: ...  # type: ignore[override]

    class Connection(apsw.Connection):
        """Likewise."""

        def execute(self, statements: str, bindings: object = None) -> Cursor: ...  # type: ignore[override]

else:
    Cursor = apsw.Cursor
    Connection = apsw.Connection

Error = apsw.Error
ConstraintError = apsw.ConstraintError
CorruptError = apsw.CorruptError
InterruptError = apsw.InterruptError

BUSY_MS = 5_000
"""How long one waits for another program that writes to the same file."""

_REFUSALS = (
    apsw.PermissionsError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.ReadOnlyError,
    apsw.IOError,
    apsw.FullError,
    apsw.CantOpenError,
)

_TREE_PAGES = (2, 5, 10, 13)
"""The first byte of a page with rows or keys. That of any other page is the top byte of a page's number, and
none of these in a file of less than `_MOST` pages."""

_MOST = 2**25
"""137 GB; of what is behind that the unused parts stay as they are."""


def connect(path: Path | str, *, create: bool = True, busy_ms: int = BUSY_MS) -> Connection:
    """Open a database, or make it: what is deleted through it is overwritten."""
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    return _prepared(apsw.Connection(str(path), flags, _CLEANING.name), busy_ms)


def connect_to_log(path: Path | str, busy_ms: int = BUSY_MS) -> Connection:
    """A connection that only ever writes to the database's write-ahead log, and so is the fastest. Another
    one, by `connect`, has to bring that into the file now and then, and to be the last one that is closed."""
    connection = _prepared(apsw.Connection(str(path)), busy_ms)
    use_log(connection)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.wal_autocheckpoint(0)
    return connection


def _prepared(connection: apsw.Connection, busy_ms: int) -> Connection:
    try:
        connection.set_busy_timeout(busy_ms)
        connection.execute("PRAGMA secure_delete = ON").fetchall()
    except BaseException:
        connection.close()
        raise
    return cast("Connection", connection)


def use_log(connection: Connection, synchronous: str = "FULL") -> None:
    """Use a write-ahead log: readers never wait for who writes. FULL: a commit survives a power cut; NORMAL:
    only the end of this process."""
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute(f"PRAGMA synchronous = {synchronous}").fetchall()


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends some by itself
            connection.execute("ROLLBACK")
        raise


def check(connection: Connection) -> None:
    """Look for damage; raises `CorruptError`."""
    ((found,),) = connection.execute("PRAGMA quick_check (1)").fetchall()
    if found != "ok":
        raise CorruptError("it is damaged")


def checkpoint(connection: Connection) -> None:
    """Bring what is in the write-ahead log into the file, as far as nobody reads what was before. Nobody
    waits."""
    _checkpoint(connection, "PASSIVE")


def empty_log(connection: Connection) -> bool:
    """The same, and empty the log, so that nothing is left of what was before. Who writes waits for it.
    False if somebody still reads what was before, and this connection waits for nobody or has waited in
    vain."""
    return _checkpoint(connection, "TRUNCATE")


def _checkpoint(connection: Connection, mode: str) -> bool:
    ((busy, *_),) = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
    return not busy


def copy(source: Connection, target: Connection, pages: int, pause: float) -> None:
    """Make `target` what `source` is now, some pages at a time."""
    # One snapshot for all steps: without it each commit of another process would begin the copy anew, and
    # under load it would never end. With a write-ahead log it holds nobody up who writes.
    source.execute("BEGIN")
    try:
        source.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        with target.backup("main", source, "main") as backup:
            while not backup.step(pages):
                time.sleep(pause)
    finally:
        source.execute("ROLLBACK")


def is_refusal(error: Exception) -> bool:
    """Whether it is the disk, or another program, that refuses: the database may be as good as ever then.
    With any other error of SQLite's it is damaged."""
    return isinstance(error, _REFUSALS)


class _Cleaning(apsw.VFS):
    """The operating system's files; of databases only the parts of pages that are in use are written."""

    def __init__(self) -> None:
        self.name = "chat-tui-cleaning"
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        kind = _CleanedFile if flags[0] & apsw.SQLITE_OPEN_MAIN_DB else apsw.VFSFile
        return kind("", name, flags)


class _CleanedFile(apsw.VFSFile):
    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(cleaned(data, offset), offset)


def cleaned(page: bytes, offset: int) -> bytes:
    """The page of a database that stands there in the file, with nothing in its unused middle."""
    header = 0 if offset else 100  # the file's own header comes first
    if len(page) < 512 or page[header] not in _TREE_PAGES or offset >= _MOST * len(page):
        return page
    rows = int.from_bytes(page[header + 3 : header + 5], "big")
    end = int.from_bytes(page[header + 5 : header + 7], "big") or 65536
    begin = header + (8 if page[header] > 5 else 12) + 2 * rows
    return page[:begin] + bytes(end - begin) + page[end:] if begin < end <= len(page) else page


_CLEANING = _Cleaning()
