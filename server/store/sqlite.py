"""The embedded store: one SQLite file, written by one thread, read by another.

WAL, so readers never wait for the writer; `synchronous=FULL`, so a commit is an fsync and survives more than
kill -9. The caller gathers batches (see `writer`), so one fsync serves many messages. Knows SQL and
the events that change rooms and users; nothing of sessions or frames on a wire.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from protocol import codec, frames, limits, names
from protocol.frames import DELETE_ROOM, Event
from server.errors import StartError, StorageError
from server.state import SERVER_LOG, USER, NetworkBody, Room, State, User, read
from server.store import schema, sums
from server.store.base import GONE, Appended, Audit, Draft, Entry, Mark, Unread

FILE_NAME = "chat.sqlite3"

_INSERT = (
    "INSERT INTO events (room, seq, user, sender, kind, time, cid, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
# An id is never given twice: the events of a deleted room still have it.
_NEW_ROOM = (
    "INSERT INTO rooms (id, name, head, topic) SELECT 1 + max("
    "coalesce((SELECT max(id) FROM rooms), 0), coalesce((SELECT max(id) FROM graves), 0)), ?, 0, '' "
    "RETURNING id"
)
_COLUMNS = "seq, user, sender, kind, time, cid, body"
_SPOKEN = ", ".join(f"'{kind}'" for kind in sorted(frames.SPOKEN))


class SqliteLog:
    """See `base.Log`. Raises `StartError` if the file can't be opened or is from a newer program."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._room_ids: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._heads_known = False
        try:
            self._writing = self._connect()
            # What is removed is overwritten, and not only let go of.
            self._writing.execute("PRAGMA secure_delete = ON")
            _migrate(self._writing, self._path)
            self._reading = self._connect()
            self._reading.execute("PRAGMA query_only = ON")
            self.epoch = self._epoch()
        except sqlite3.Error as error:
            raise StartError(f"cannot open the database {self._path}: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _epoch(self) -> str:
        epoch = secrets.token_hex(8)
        self._writing.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (epoch,))
        (stored,) = self._writing.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return str(stored)

    def load(self) -> State:
        """See the port. Raises `StartError` if the file is damaged."""
        try:
            return self._load()
        except sqlite3.Error as error:
            raise StartError(f"cannot read the database {self._path}: {error}") from error

    def _load(self) -> State:
        state = State()
        query = self._reading.execute
        rooms: dict[int, Room] = {}
        sql = "SELECT id, name, head, topic, private, born FROM rooms"
        for number, name, head, topic, private, born in query(sql):
            if name != SERVER_LOG:
                room = Room(name, head, topic, private=bool(private), born=born)
                rooms[number] = state.rooms[name] = room
        for number, name in query("SELECT id, name FROM users"):
            state.add_user(User(number, name))
        sums.load(query, state, rooms)
        for user, number, seq in query("SELECT user, room, seq FROM reads"):
            state.users[user].reads[rooms[number].name] = seq
        return state

    def append(self, batch: Sequence[Entry]) -> list[Appended | None]:
        """See the port.

        First all drafts at once, in the hope that no cid is known yet; if one is, one by one.
        """
        try:
            try:
                with self._transaction():
                    return self._append_new(batch)
            except sqlite3.IntegrityError:
                with self._transaction():
                    return self._append_each(batch)
        except sqlite3.Error as error:
            raise StorageError(f"the server's disk refused it ({error}); nothing was stored") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writing.execute("BEGIN IMMEDIATE")
        try:
            if not self._heads_known:
                self._load_heads()
            yield
            self._writing.execute("COMMIT")
        except BaseException:
            self._heads_known = False
            if self._writing.in_transaction:
                self._writing.execute("ROLLBACK")
            raise

    def _load_heads(self) -> None:
        rows = self._writing.execute("SELECT name, id, head FROM rooms").fetchall()
        self._room_ids = {name: number for name, number, _ in rows}
        self._heads = {name: head for name, _, head in rows}
        self._heads_known = True

    def _append_new(self, batch: Sequence[Entry]) -> list[Appended | None]:
        stored: list[Appended | None] = []
        rows = []
        for entry in batch:
            if not isinstance(entry, Draft):
                self._mark(entry) if isinstance(entry, Mark) else self._record(entry)
                stored.append(None)
                continue
            event = self._next(entry)
            rows.append(self._row(event))
            stored.append(Appended(event, dup=False))
            if event.kind not in frames.SPOKEN:
                self._project(event)
        self._writing.executemany(_INSERT, rows)
        self._write_heads({entry.room for entry in batch if isinstance(entry, Draft)})
        self._bury([entry.room for entry in batch if isinstance(entry, Draft) and entry.kind == DELETE_ROOM])
        return stored

    def _record(self, entry: Audit) -> None:
        self._writing.execute(
            "INSERT INTO audit (time, actor, action, target, room, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (entry.time, entry.actor, entry.action, entry.target, entry.room, entry.detail),
        )

    def _append_each(self, batch: Sequence[Entry]) -> list[Appended | None]:
        stored: list[Appended | None] = []
        for entry in batch:
            first = self._find(entry) if isinstance(entry, Draft) else None
            stored += [Appended(first, dup=True)] if first is not None else self._append_new([entry])
        return stored

    def _next(self, draft: Draft) -> Event:
        room = draft.room
        if room not in self._room_ids:
            (self._room_ids[room],) = self._writing.execute(_NEW_ROOM, (room,)).fetchone()
            self._heads[room] = 0
        seq = self._heads[room] = self._heads[room] + 1
        return Event(room, seq, draft.user, draft.sender, draft.kind, draft.time, draft.body, draft.cid)

    def _row(self, event: Event) -> tuple[int, int, int, str, str, int, str | None, bytes]:
        number = self._room_ids[event.room]
        return number, event.seq, event.user, event.sender, event.kind, event.time, event.cid, event.body

    def _find(self, draft: Draft) -> Event | None:
        return _find(self._writing, draft.user, draft.cid) if draft.cid is not None else None

    def _write_heads(self, rooms: set[str]) -> None:
        self._writing.executemany(
            "UPDATE rooms SET head = ? WHERE id = ?",
            [(self._heads[room], self._room_ids[room]) for room in rooms],
        )

    def _mark(self, mark: Mark) -> None:
        self._writing.execute(
            "INSERT INTO reads VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)",
            (mark.user, self._room_ids[mark.room], mark.seq),
        )

    def _project(self, event: Event) -> None:
        """Keep the sums (rooms, users, members) true; the SQL twin of `state.apply`."""
        number = self._room_ids[event.room]
        run = self._writing.execute
        if event.room != SERVER_LOG:
            sums.project(run, number, event)
        elif event.kind in (frames.BAN, frames.UNBAN):
            body = codec.unpack_body(event.body, NetworkBody) or read(event, frames.AboutBody)
            sums.project_server_ban(run, number, event, body)
        else:
            name = read(event, frames.NickBody).name
            user = event.seq if event.kind == USER else event.user
            run(
                "INSERT INTO users VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, folded = excluded.folded",
                (user, name, names.fold(name)),
            )

    def _bury(self, deleted: list[str]) -> None:
        """Take rooms out of the sums once their last event is in."""
        for room in deleted:
            sums.bury(self._writing.execute, self._room_ids.pop(room), room)
            del self._heads[room]

    def purge(self, limit: int) -> bool:
        """See the port."""
        run = self._writing.execute
        try:
            with self._transaction():
                grave = run("SELECT id, purged FROM graves WHERE purged >= 0 LIMIT 1").fetchone()
                if grave is None:
                    return False
                room, purged = grave
                (last,) = run(
                    "SELECT max(seq) FROM "
                    "(SELECT seq FROM events WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?)",
                    (room, purged, limit),
                ).fetchone()
                bounds = (room, purged, last or 0)
                run("DELETE FROM events WHERE room = ? AND seq > ? AND seq <= ? AND cid IS NULL", bounds)
                run(
                    "UPDATE events SET sender = '', kind = ?, body = x'' "
                    "WHERE room = ? AND seq > ? AND seq <= ?",
                    (GONE, *bounds),
                )
                run("UPDATE graves SET purged = ? WHERE id = ?", (last or -1, room))
        except sqlite3.Error as error:
            raise StorageError(f"the server's disk refused it ({error}); nothing was removed") from error
        return True

    def read(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int, size: int
    ) -> list[Event]:
        """See the port."""
        order = "ASC" if before is None else "DESC"
        sql = (
            f"SELECT {_COLUMNS} FROM events WHERE room = (SELECT id FROM rooms WHERE name = ?) "  # noqa: S608
            f"AND seq > ? AND seq < ? ORDER BY seq {order} LIMIT ?"
        )
        bounds = (room, after or 0, 2**62 if before is None else before, limit)
        page: list[Event] = []
        try:
            for row in self._reading.execute(sql, bounds):
                event = _event(room, *row)
                size -= len(event.body) + limits.EVENT_BYTES
                if page and size < 0:
                    break
                page.append(event)
        except sqlite3.Error as error:
            raise StorageError(f"the server cannot read its store: {error}") from error
        return page if before is None else page[::-1]

    def find(self, user: int, cid: str) -> Event | None:
        """See the port."""
        try:
            return _find(self._reading, user, cid)
        except sqlite3.Error as error:
            raise StorageError(f"the server cannot read its store: {error}") from error

    def unread(self, question: Unread, limit: int) -> int:
        """See the port."""
        sql = (
            "SELECT count(*) FROM (SELECT 1 FROM events "  # noqa: S608
            "WHERE room = (SELECT id FROM rooms WHERE name = ?) AND seq > ? AND user <> ? "
            f"AND kind IN ({_SPOKEN}) LIMIT ?)"
        )
        try:
            bounds = (question.room, question.seq, question.user, limit)
            (count,) = self._reading.execute(sql, bounds).fetchone()
        except sqlite3.Error as error:
            raise StorageError(f"the server cannot read its store: {error}") from error
        return int(count)

    def audit(self, since: int, limit: int) -> list[Audit]:
        """See the port."""
        sql = (
            "SELECT time, actor, action, target, room, detail FROM audit "
            "WHERE time >= ? ORDER BY id DESC LIMIT ?"
        )
        try:
            rows = self._reading.execute(sql, (since, limit)).fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"the server cannot read its store: {error}") from error
        return [Audit(*row) for row in reversed(rows)]

    def close(self) -> None:
        """See the port. The last connection folds the write-ahead log into the file."""
        self._reading.close()
        self._writing.close()


def _find(connection: sqlite3.Connection, user: int, cid: str) -> Event | None:
    sql = (
        f"SELECT rooms.name, graves.name, {_COLUMNS} FROM events "  # noqa: S608
        "LEFT JOIN rooms ON rooms.id = room LEFT JOIN graves ON graves.id = room WHERE user = ? AND cid = ?"
    )
    row = connection.execute(sql, (user, cid)).fetchone()
    if row is None:
        return None
    name, grave, *columns = row
    event = _event(name if grave is None else grave, *columns)
    # The last ones of a deleted room may not be removed yet; they are gone all the same.
    return event if grave is None else msgspec.structs.replace(event, sender="", kind=GONE, body=b"")


def _event(
    room: str, seq: int, user: int, sender: str, kind: str, time: int, cid: str | None, body: bytes
) -> Event:
    return Event(room, seq, user, sender, kind, time, body, cid)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > schema.VERSION:
        raise StartError(
            f"the database {path} is from a newer chat-server (its schema is {version}, this program "
            f"knows {schema.VERSION}): install that newer chat-server, or give another --data folder"
        )
    for number, step in enumerate(schema.STEPS[version:], version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
