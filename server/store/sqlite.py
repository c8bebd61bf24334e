"""The embedded store: one SQLite file, written by one thread, read by two others.

A write-ahead log (WAL), so readers never wait for the writer; `synchronous=FULL`, so a commit is an fsync and
survives more than kill -9. A fourth connection brings the log into the file (`checkpoint`). The caller
gathers batches (see `writer`), so one fsync serves many messages. Knows SQL and the events that change rooms
and users; nothing of sessions or frames on a wire.
"""

import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

from common import database, private_files
from protocol import codec, frames, limits
from protocol.frames import DELETE_ROOM, Event
from server.errors import StartError, StorageError
from server.state.apply import read
from server.state.entries import (
    Account,
    AuditRecord,
    Bound,
    ChosenLevel,
    Draft,
    EndDeviceRecord,
    EndInviteRecord,
    Entry,
    Password,
    Record,
    Seen,
    StoredReadMarker,
)
from server.state.model import SERVER_LOG, USER, Device, NetworkBody, Room, ServerInvite, State, User
from server.state.records import for_user
from server.store import projections, redaction, schema, search_index
from server.store.base import AuditFilter, Found, Recorded, RepeatedError, SearchQuery, Size, Unread

FILE_NAME = "chat.sqlite3"

_INSERT = (
    "INSERT INTO events (room, seq, user, sender, kind, time, cid, body, target, reply) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
# An id is never given twice: the events of a deleted room still have it.
_NEW_ROOM = (
    "INSERT INTO rooms (id, name, head, topic) SELECT 1 + max("
    "coalesce((SELECT max(id) FROM rooms), 0), coalesce((SELECT max(id) FROM graves), 0)), ?, 0, '' "
    "RETURNING id"
)
_COLUMNS = "seq, user, sender, kind, time, body, cid, target, reply"
_FLOOR = "(SELECT floor FROM rooms WHERE name = ?)"
_SPOKEN = ", ".join(f"'{kind}'" for kind in sorted(frames.SPOKEN))


class SqliteLog:
    """See `base.Log`. Raises `StartError` if the file can't be opened or is from a newer program."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._room_ids: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._heads_known = False
        self._newest = 0
        self._reader_turn = threading.Lock()
        self._searcher_turn = threading.Lock()
        with ExitStack() as opened:
            try:
                private_files.make_file(self._path)
                # The last one that is closed, for it empties the write-ahead log then.
                self._emptying = opened.enter_context(closing(database.connect(self._path)))
                database.use_log(self._emptying)
                schema.migrate(self._emptying, self._path)
                database.empty_log(self._emptying)  # a server that was killed may have left something
                self._emptying.set_busy_timeout(0)
                self._writing = opened.enter_context(closing(database.connect_to_log(self._path)))
                self._reading = opened.enter_context(closing(database.connect_to_log(self._path)))
                self._reading.execute("PRAGMA query_only = ON")
                self._searching = opened.enter_context(closing(database.connect_to_log(self._path)))
                self._searching.execute("PRAGMA query_only = ON")
                self.epoch = self._epoch()
            except (OSError, database.Error) as error:
                raise StartError(f"cannot open the database {self._path}: {error}") from error
            opened.pop_all()

    def _epoch(self) -> str:
        epoch = secrets.token_hex(8)
        self._writing.execute("INSERT OR IGNORE INTO meta VALUES ('epoch', ?)", (epoch,))
        ((stored,),) = self._writing.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchall()
        return str(stored)

    def load(self) -> State:
        """See the port. Raises `StartError` if the file is damaged."""
        try:
            state = self._load()
            with self._transaction():
                search_index.renew(self._writing.execute)
        except database.Error as error:
            raise StartError(f"cannot read the database {self._path}: {error}") from error
        return state

    def _load(self) -> State:
        state = State()
        query = self._reading.execute
        rooms: dict[int, Room] = {}
        sql = "SELECT id, name, head, topic, private, born FROM rooms ORDER BY name"
        for number, name, head, topic, private, born in query(sql):
            if name == SERVER_LOG:
                state.head = head
            else:
                rooms[number] = Room(name, head, topic, private=bool(private), born=born)
                state.add_room(rooms[number])
        # A user's id is the seq of the event that made them.
        users = (
            "SELECT users.id, name, admin, disabled, password, uid, coalesce(time, 0) FROM users "
            "LEFT JOIN events ON seq = users.id AND room = (SELECT id FROM rooms WHERE name = ?) "
            "ORDER BY users.id"
        )
        for number, name, admin, disabled, password, uid, since in query(users, (SERVER_LOG,)):
            state.add_user(User(number, name, bool(admin), bool(disabled), password, uid, since=since))
        for row in query("SELECT * FROM devices"):
            state.add_device(Device(*row))
        for row in query("SELECT * FROM invites"):
            state.invites[row[0]] = msgspec.structs.replace(ServerInvite(*row), first=bool(row[-1]))
        projections.load(query, state, rooms)
        for user, number, seq in query("SELECT user, room, seq FROM reads"):
            state.users[user].reads[rooms[number].name] = seq
        for user, seen, away in query("SELECT user, seen, away FROM people"):
            state.users[user].seen, state.users[user].away = seen, away
        for user, other in query("SELECT user, other FROM ignored"):
            state.users[user].ignored.add(other)
        for user, number, level in query("SELECT user, room, level FROM levels"):
            state.users[user].levels[rooms[number].name] = level
        return state

    def append(self, batch: Sequence[Entry]) -> list[Event | None]:
        """See the port. Whether a cid is known is asked only if the table says that one is."""
        try:
            try:
                with self._transaction():
                    return self._append(batch)
            except database.ConstraintError as error:
                drafts = [entry for entry in batch if isinstance(entry, Draft)]
                if known := self._known(drafts):
                    raise RepeatedError(known) from error
                raise
        except database.Error as error:
            raise StorageError(f"the server's disk refused it ({error}); nothing was stored") from error

    def _known(self, drafts: Sequence[Draft]) -> dict[tuple[int, str], Event]:
        found = {
            (draft.user, draft.cid): projections.find(self._writing.execute, draft.user, draft.cid)
            for draft in drafts
            if draft.cid is not None
        }
        return {cid: event for cid, event in found.items() if event is not None}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with database.transaction(self._writing):
                if not self._heads_known:
                    self._load_heads()
                yield
        except BaseException:
            self._heads_known = False
            raise

    def _load_heads(self) -> None:
        rows = self._writing.execute("SELECT name, id, head FROM rooms").fetchall()
        self._room_ids = {name: number for name, number, _ in rows}
        self._heads = {name: head for name, _, head in rows}
        self._heads_known = True

    def _append(self, batch: Sequence[Entry]) -> list[Event | None]:
        stored: list[Event | None] = []
        rows = []
        changes: list[tuple[int, Event]] = []
        for entry in batch:
            if not isinstance(entry, Draft):
                self._keep(entry)
                stored.append(None)
                continue
            event = self._next(entry)
            if entry.audit is not None:
                self._keep(entry.audit)
            rows.append(self._row(event))
            stored.append(event)
            if event.kind in frames.CHANGES:
                changes.append((self._room_ids[event.room], event))
            elif event.kind == DELETE_ROOM:
                self._bury(event.room)
            elif event.kind not in frames.SPOKEN:
                self._project(event)
        self._writing.executemany(_INSERT, rows)
        redaction.erase(self._writing.execute, changes)
        self._write_heads({entry.room for entry in batch if isinstance(entry, Draft)})
        return stored

    def _next(self, draft: Draft) -> Event:
        room = draft.room
        if room not in self._room_ids:
            ((self._room_ids[room],),) = self._writing.execute(_NEW_ROOM, (room,)).fetchall()
            self._heads[room] = 0
        seq = self._heads[room] = self._heads[room] + 1
        return Event(
            room, seq, draft.user, draft.sender, draft.kind, draft.time, draft.body, draft.cid,
            draft.target, draft.reply,
        )  # fmt: skip

    def _row(self, event: Event) -> tuple[int | str | bytes | None, ...]:
        where, who = (self._room_ids[event.room], event.seq), (event.user, event.sender)
        return *where, *who, event.kind, event.time, event.cid, event.body, event.target, event.reply

    def _write_heads(self, rooms: set[str]) -> None:
        self._writing.executemany(
            "UPDATE rooms SET head = ? WHERE id = ?",
            [(self._heads[room], self._room_ids[room]) for room in rooms if room in self._heads],
        )

    def _keep(self, record: Record) -> None:
        """The SQL twin of `records.keep`."""
        run = self._writing.execute
        match record:
            case StoredReadMarker(room, user, seq):
                run(
                    "INSERT INTO reads VALUES (?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)",
                    (user, self._room_ids[room], seq),
                )
            case Password() | Bound() | Device() | Seen() | EndDeviceRecord():
                self._keep_account(record)
            case ServerInvite():
                columns = msgspec.structs.astuple(record)
                run("INSERT OR REPLACE INTO invites VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", columns)
            case EndInviteRecord(identity):
                run("DELETE FROM invites WHERE id = ?", (identity,))
            case AuditRecord():
                columns = msgspec.structs.astuple(record)
                fields = "time, actor, action, target, room, detail"
                run(f"INSERT INTO audit ({fields}) VALUES (?, ?, ?, ?, ?, ?)", columns)  # noqa: S608  # ours
            case ChosenLevel(room, user, level):
                projections.choose_level(run, self._room_ids[room], user, level)
            case _:
                projections.keep_presence(run, record)

    def _keep_account(self, record: Account) -> None:
        run = self._writing.execute
        match record:
            case Password(user, password):
                run("UPDATE users SET password = ? WHERE id = ?", (password, user or self._newest))
            case Bound(user, uid):
                run("UPDATE users SET uid = ? WHERE id = ?", (uid, user or self._newest))
            case Device():
                columns = msgspec.structs.astuple(for_user(record, self._newest))
                run("INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?)", columns)
            case Seen(user, device, time):
                sql = "UPDATE devices SET seen = max(seen, ?) WHERE user = ? AND id = ?"
                run(sql, (time, user, device))
            case EndDeviceRecord(user, device):
                run("DELETE FROM devices WHERE user = ? AND id = ?", (user, device))

    def _project(self, event: Event) -> None:
        """Keep the sums (rooms, users, members) true; the SQL twin of `state.apply`."""
        number = self._room_ids[event.room]
        if event.room != SERVER_LOG:
            projections.project(self._writing.execute, number, event)
        elif event.kind in (frames.BAN, frames.UNBAN):
            body = codec.unpack_body(event.body, NetworkBody) or read(event, frames.AboutBody)
            projections.project_server_ban(self._writing.execute, number, event, body)
        else:
            projections.project_user(self._writing.execute, event)
            self._newest = event.seq if event.kind == USER else self._newest

    def _bury(self, room: str) -> None:
        """Take a deleted room out of the sums. Who makes one of its name next, in the same batch too, makes
        another one."""
        projections.bury(self._writing.execute, self._room_ids.pop(room), room)
        del self._heads[room]

    def purge(self, limit: int) -> bool:
        """See the port."""
        run = self._writing.execute
        with _refusing("removed"), self._transaction():
            while limit > 0:  # of many small rooms some at once: each transaction is an fsync
                grave = run("SELECT id, purged FROM graves WHERE purged >= 0 LIMIT 1").fetchone()
                if grave is None:
                    return False
                room, purged = grave
                ((last, count),) = run(
                    "SELECT max(seq), count(*) FROM "
                    "(SELECT seq FROM events WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?)",
                    (room, purged, limit),
                ).fetchall()
                redaction.remove(run, room, purged, last or 0)
                run("UPDATE graves SET purged = ? WHERE id = ?", (last if count == limit else -1, room))
                limit -= max(count, 1)
        return True

    def probe(self) -> None:
        """See the port. Another value each time, for SQLite does not write what is the same."""
        sql = "INSERT INTO meta VALUES ('probe', ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        try:
            with self._transaction():
                self._writing.execute(sql, (secrets.token_hex(8),))
        except database.Error as error:
            raise StorageError(f"the server's disk refuses to be written: {error}") from error

    def read(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int, size: int
    ) -> list[Event]:
        """See the port."""
        order = "ASC" if before is None else "DESC"
        sql = (
            f"SELECT {_COLUMNS} FROM events WHERE room = (SELECT id FROM rooms WHERE name = ?) "  # noqa: S608
            f"AND seq > max(?, {_FLOOR}) AND seq < ? ORDER BY seq {order} LIMIT ?"
        )
        bounds = (room, after or 0, room, 2**62 if before is None else before, limit)
        page: list[Event] = []
        with _reading(self._reader_turn):
            for row in self._reading.execute(sql, bounds):
                event = Event(room, *row)
                size -= len(event.body) + limits.EVENT_BYTES
                if page and size < 0:
                    break
                page.append(event)
        return page if before is None else page[::-1]

    def floor(self, room: str) -> int:
        """See the port."""
        with _reading(self._reader_turn):
            row = self._reading.execute("SELECT floor FROM rooms WHERE name = ?", (room,)).fetchone()
        return int(row[0]) if row is not None else 0

    def find(self, user: int, cid: str) -> Event | None:
        """See the port."""
        with _reading(self._reader_turn):
            return projections.find(self._reading.execute, user, cid)

    def get_message(self, room: str, seq: int) -> Event | None:
        """See the port."""
        run = self._reading.execute
        sql = (
            f"SELECT room, {_COLUMNS} FROM events "  # noqa: S608
            "WHERE room = (SELECT id FROM rooms WHERE name = ?) AND seq = ?"
        )
        with _reading(self._reader_turn):
            row = run(sql, (room, seq)).fetchone()
            if row is None:
                return None
            number, *columns = row
            event = Event(room, *columns)
            return event if redaction.is_there(run, number, event) else None

    def unread(self, question: Unread, limit: int) -> int:
        """See the port."""
        silent = (question.user, *question.ignored)
        sql = (
            "SELECT count(*) FROM (SELECT 1 FROM events INDEXED BY spoken "  # noqa: S608
            f"WHERE room = (SELECT id FROM rooms WHERE name = ?) AND seq > max(?, {_FLOOR}) "
            f"AND seq <= ? AND user NOT IN ({', '.join('?' * len(silent))}) AND kind IN ({_SPOKEN}) LIMIT ?)"
        )
        with _reading(self._reader_turn):
            bounds = (question.room, question.seq, question.room, question.head, *silent, limit)
            ((count,),) = self._reading.execute(sql, bounds).fetchall()
        return int(count)

    def prune(self, room: str, before: int, limit: int) -> int:
        """See the port."""
        run = self._writing.execute
        with _refusing("removed"), self._transaction():
            found = run("SELECT id, floor, head FROM rooms WHERE name = ?", (room,)).fetchone()
            number, floor, head = found or (0, 0, 0)
            ((kept,),) = run(
                "SELECT min(seq) FROM (SELECT seq, time FROM events WHERE room = ? AND seq > ? "
                "ORDER BY seq LIMIT ?) WHERE time >= ?",
                (number, floor, limit, before),
            ).fetchall()
            last = min(head, floor + limit) if kept is None else kept - 1
            redaction.remove(run, number, floor, last)
            run("UPDATE rooms SET floor = ? WHERE id = ?", (last, number))
        return int(last - floor)

    def index(self, limit: int) -> bool:
        """See the port."""
        with _refusing("indexed"):
            if not search_index.lagging(self._writing.execute):
                return False
            with self._transaction():
                return search_index.index(self._writing.execute, limit)

    def clock_note(self) -> bytes:
        """See the port."""
        with _refusing("removed"):
            rows = self._writing.execute("SELECT value FROM meta WHERE key = 'clock'").fetchall()
        return str(rows[0][0]).encode() if rows else b""

    def keep_clock_note(self, note: bytes) -> None:
        """See the port."""
        with _refusing("removed"), self._transaction():
            self._writing.execute("INSERT OR REPLACE INTO meta VALUES ('clock', ?)", (note.decode(),))

    def tidy(self) -> bool:
        """See the port."""
        with _refusing("removed"):
            if not search_index.is_untidy(self._writing.execute):
                return False
            with self._transaction():
                return search_index.tidy(self._writing)

    def search(self, wanted: SearchQuery, seconds: float) -> Found:
        """See the port."""
        with _reading(self._searcher_turn):
            return search_index.search(self._searching, wanted, time.monotonic, time.monotonic() + seconds)

    def write_ahead_bytes(self) -> int:
        """See the port."""
        try:
            return self._path.with_name(f"{FILE_NAME}-wal").stat().st_size
        except OSError:  # there is none, or it can't be looked at: then neither can it be emptied
            return 0

    def checkpoint(self) -> None:
        """See the port."""
        with _refusing("removed for good"):
            database.checkpoint(self._emptying)

    def empty_write_ahead(self) -> bool:
        """See the port."""
        with _refusing("removed for good"):
            return database.empty_log(self._emptying)

    def pause_reading(self) -> None:
        """See the port. A search can take a second, all else a few ms: that one is waited for first."""
        self._searcher_turn.acquire()
        self._reader_turn.acquire()

    def resume_reading(self) -> None:
        """See the port."""
        self._reader_turn.release()
        self._searcher_turn.release()

    def audit(self, searched: AuditFilter, limit: int) -> list[Recorded]:
        """See the port."""
        with _reading(self._reader_turn):
            return projections.audit(self._reading.execute, searched, limit)

    def prune_audit(self, before: int, limit: int) -> int:
        """See the port."""
        with _refusing("removed"), self._transaction():
            return projections.prune_audit(self._writing.execute, before, limit)

    def size(self, room: str) -> Size:
        """See the port."""
        with _reading(self._reader_turn):
            return projections.size(self._reading.execute, room)

    def close(self) -> None:
        """See the port. The last connection brings the write-ahead log into the file, and removes it."""
        for connection in (self._searching, self._reading, self._writing, self._emptying):
            connection.close()


@contextmanager
def _refusing(done: str) -> Iterator[None]:
    """Say it as `StorageError` if the disk refuses something."""
    try:
        yield
    except database.Error as error:
        raise StorageError(f"the server's disk refused it ({error}); nothing was {done}") from error


@contextmanager
def _reading(turn: threading.Lock) -> Iterator[None]:
    """Read while it is nobody else's turn; say it as `StorageError` if that fails."""
    with turn:
        try:
            yield
        except database.Error as error:
            raise StorageError(f"the server cannot read its store: {error}") from error
