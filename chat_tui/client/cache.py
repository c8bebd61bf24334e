"""What the client has seen, on disk: it opens at once with that, and works without a connection.

Holds for each room what `Room` holds: one run of events without a gap, up to a `seq` from which it resumes.
Events are gathered and written a moment later in one transaction, so what is on disk is always such a run;
what a crash leaves out is fetched again. A disk that refuses, or a file that is damaged, costs nothing but
that: `problem` says so, and the cache keeps quiet until the next start. Knows SQLite and rooms, nothing of
connections.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import cast

import msgspec

from chat_tui.client import updates
from chat_tui.client.events import RoomEvent
from chat_tui.client.removal import LogEmptier
from chat_tui.client.room import Room
from common import database, private_files
from protocol import frames, limits
from protocol.names import fold
from protocol.text import clean_line

logger = logging.getLogger(__name__)

WRITE_SECONDS = 0.5
"""How long events are gathered. Under load one transaction then holds hundreds."""

OPENED = 200
"""Events of each room that are in memory at the start; older ones are read when one scrolls up."""

VERSION = 1
"""Of the tables. A cache of another version is emptied: all of it can be fetched again."""

# The numbers of the wire, and no others: with these everything else can be calculated.
_POSSIBLE_ROOM = " AND ".join(
    f"{number} BETWEEN 0 AND {limits.INTEGER}" for number in ("members", "last", "read", "unread", "tallied")
)
_POSSIBLE_EVENT = (
    f"seq BETWEEN 1 AND {limits.INTEGER} AND user BETWEEN 0 AND {limits.INTEGER} "
    f"AND time BETWEEN 0 AND {limits.TIME} "
    f"AND ifnull(target, 1) BETWEEN 1 AND {limits.INTEGER} "
    f"AND ifnull(reply, 1) BETWEEN 1 AND {limits.INTEGER}"
)

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE rooms (
    name TEXT PRIMARY KEY, topic TEXT NOT NULL, members INTEGER NOT NULL, last INTEGER NOT NULL,
    read INTEGER NOT NULL, unread INTEGER NOT NULL, tallied INTEGER NOT NULL, direct INTEGER NOT NULL,
    partner TEXT NOT NULL, private INTEGER NOT NULL, role TEXT NOT NULL, born TEXT NOT NULL,
    CHECK ({_POSSIBLE_ROOM})
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    room TEXT NOT NULL, seq INTEGER NOT NULL, user INTEGER NOT NULL, sender TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL, time INTEGER NOT NULL, cid TEXT, target INTEGER, reply INTEGER,
    off INTEGER NOT NULL, PRIMARY KEY (room, seq), CHECK ({_POSSIBLE_EVENT})
) STRICT, WITHOUT ROWID;
CREATE INDEX changes ON events (room, target, kind) WHERE target IS NOT NULL;
"""
_COLUMNS = "room, seq, user, sender, kind, text, time, cid, target, reply, off"

# A message has the text of its author's last edit; of what is deleted there is no text at all. SQLite has to
# be told of the index: it would look through the whole room, for each message.
_LAST_EDIT = (
    "(SELECT text FROM events AS edit INDEXED BY changes "
    "WHERE edit.room = ?1 AND edit.target = ?2 AND edit.kind = 'edit' "
    "AND edit.user = events.user AND edit.text <> '' ORDER BY edit.seq DESC LIMIT 1)"
)
_EDIT = f"UPDATE events SET text = {_LAST_EDIT} WHERE room = ?1 AND seq = ?2 AND {_LAST_EDIT} IS NOT NULL"  # noqa: S608
_IS_DELETED = (
    "EXISTS (SELECT 1 FROM events INDEXED BY changes WHERE room = ?1 AND target = ?2 AND kind = 'delete')"
)
_ERASE = (
    f"UPDATE events SET text = '' WHERE room = ?1 AND seq = ?2 AND {_IS_DELETED}",  # noqa: S608
    (
        "UPDATE events INDEXED BY changes SET text = '' "  # noqa: S608
        f"WHERE room = ?1 AND target = ?2 AND kind = 'edit' AND {_IS_DELETED}"
    ),
)


class Account(msgspec.Struct, frozen=True):
    """Whose cache it is: the store's epoch and the user's id."""

    epoch: str = ""
    user: int = 0


class Held(msgspec.Struct, frozen=True):
    """What was written last: `ignored` because nobody shall read those before there is a connection, `levels`
    as the user had chosen them, the rooms each with its newest events; they are the client's from then on."""

    account: Account
    ignored: frozenset[int]
    levels: Mapping[str, str]
    rooms: Sequence[Room]


class Cache:
    """See the module. `held` is what there was at the start."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it, or anew if it is damaged: all of it can be fetched again."""
        self.problem = ""
        self._damaged = False
        self._path = path
        self._emptier = LogEmptier(path)
        self._waiting: list[RoomEvent] = []
        self._changed: dict[str, Room] = {}
        self._timer: asyncio.TimerHandle | None = None
        try:
            private_files.make_own_folder(path.parent)
            private_files.make_file(path)
            try:
                self._database, self.held = _open(path)
            except (database.Error, ValueError) as error:
                if not _is_damage(error):
                    raise
                logger.warning("the cache is damaged, and made anew: %s", _said(error))
                _remove(path)
                private_files.make_file(path)
                self._database, self.held = _open(path)
        except (OSError, database.Error) as error:
            self._give_up(error)
            self._database, self.held = _open(":memory:")
        self._emptier.removed()  # a crash may have kept the last run from it

    def _give_up(self, error: Exception) -> None:
        self.problem = f"the cache cannot be used: {_said(error)}"
        logger.warning("%s: %s", self._path, self.problem)

    @contextmanager
    def _careful(self) -> Iterator[None]:
        """Stop using the cache if the disk refuses."""
        try:
            yield
        except (database.Error, ValueError) as error:
            self._give_up(error)
            self._damaged |= _is_damage(error)

    # --- reading

    def older(self, room: str, before: int, limit: int) -> list[RoomEvent]:
        """Up to `limit` events that come right before a `seq`, in rising order."""
        self.write()
        if not self.problem:
            with self._careful():
                return _older(self._database, room, before, limit)
        return []

    async def search(
        self, matches: Callable[[str, int], bool], sender: str, rooms: Iterable[str], limit: int
    ) -> list[RoomEvent]:
        """The newest messages in these rooms whose text and time match, newest first; with a `sender`, by who
        was called that then (folded). 100,000 events take some 300 ms, in a thread of their own."""
        self.write()
        wanted = frozenset(rooms)

        def fits(room: str, name: str, text: str, time: int) -> bool:
            return room in wanted and sender in ("", fold(name)) and matches(text, time)

        try:
            return await asyncio.to_thread(_search, self._path, fits, limit)
        except database.Error as error:  # it is not our only source, and `problem` says it when we write
            logger.warning("the cache cannot be searched: %s", error)
            return []

    # --- writing

    def remember(self, account: Account) -> None:
        """Whose cache it is now. That of another store or user is emptied first."""
        self.write()
        with self._careful():
            if account == _account(_meta(self._database)):
                return
            self._database.execute("DELETE FROM events")
            self._database.execute("DELETE FROM rooms")
            self._emptier.removed()
            self._database.executemany(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                [("epoch", account.epoch), ("user", str(account.user))],
            )

    def ignore(self, users: Iterable[int]) -> None:
        """The user ignores these now."""
        with self._careful():
            self._database.execute(
                "INSERT OR REPLACE INTO meta VALUES ('ignored', ?)", (" ".join(map(str, users)),)
            )

    def keep_levels(self, levels: Mapping[str, str]) -> None:
        """The user has chosen these now."""
        with self._careful():
            self._database.execute(
                "INSERT OR REPLACE INTO meta VALUES ('levels', ?)", (json.dumps(dict(levels)),)
            )

    def hear(self, update: updates.Update, rooms: dict[str, Room]) -> None:
        """Keep what an update of the client tells of."""
        match update:
            case updates.Appended(room, events) | updates.Prepended(room, events):
                self.add(rooms[room], events)
            case updates.Restarted(room):
                self.restart(rooms[room])
            case updates.RoomChanged(room) if room in rooms:
                self.add(rooms[room], ())
            case updates.RoomsChanged():
                self.write()
                for name in self._names() - rooms.keys():
                    self.drop(name)

    def _names(self) -> set[str]:
        with self._careful():
            return {name for (name,) in self._database.execute("SELECT name FROM rooms")}
        return set()

    def add(self, room: Room, events: Iterable[RoomEvent]) -> None:
        """Keep a room as it is now, and these events of its run."""
        self._waiting.extend(events)
        self._changed[room.name] = room
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self.write)

    def restart(self, room: Room) -> None:
        """Keep only what the room holds now."""
        self.write()
        with self._careful():
            self._database.execute("DELETE FROM events WHERE room = ?", (room.name,))
            self._emptier.removed()
        self.add(room, room.events)

    def drop(self, room: str) -> None:
        """We are not in the room any more."""
        with self._careful():
            self._database.execute("DELETE FROM events WHERE room = ?", (room,))
            self._database.execute("DELETE FROM rooms WHERE name = ?", (room,))
            self._emptier.removed()

    def write(self) -> None:
        """Put what was gathered on disk."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        events, self._waiting = self._waiting, []
        changed, self._changed = self._changed, {}
        if changed and not self.problem:
            with self._careful():
                with database.transaction(self._database):
                    removed = self._store(events, changed.values())
                if removed:
                    self._emptier.removed()

    def _store(self, events: Sequence[RoomEvent], rooms: Collection[Room]) -> bool:
        """In a transaction; whether something was removed by it."""
        run = self._database.executemany
        run(
            "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (e.room, e.seq, e.user, e.sender, e.kind, e.text, e.time, e.cid, e.target, e.reply, e.off)
                for e in events
            ],
        )
        said = {(e.room, e.seq if e.spoken else e.target) for e in events if e.spoken or e.target}
        for change in (_EDIT, *_ERASE):
            run(change, said)
        run("INSERT OR REPLACE INTO rooms VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, rooms))
        # What the server keeps no longer, this computer does not either.
        before = self._database.total_changes()
        run("DELETE FROM events WHERE room = ? AND seq <= ?", [(r.name, r.floor) for r in rooms if r.floor])
        pruned = self._database.total_changes() > before
        return pruned or any(e.kind in (frames.DELETE, frames.EDIT) for e in events)

    def close(self) -> None:
        """Write what was gathered and let go of the file; of a damaged one for good. Nothing that was removed
        stays in it, also if another client has it open."""
        self.write()
        self._emptier.close()
        if not self.problem:
            with self._careful():
                database.empty_log(self._database)
        self._database.close()
        if self._damaged:
            with suppress(OSError):
                _remove(self._path)


def _row(room: Room) -> tuple[str | int, ...]:
    counts = (room.members, room.last, room.read, room.unread, room.tallied)
    return (room.name, room.topic, *counts, room.direct, room.partner, room.private, room.role, room.born)


def _search(path: Path, fits: Callable[[str, str, str, int], bool], limit: int) -> list[RoomEvent]:
    with closing(database.connect(path)) as connection:
        connection.create_scalar_function("fits", cast("Callable[..., bool]", fits), 4)
        sql = (
            f"SELECT {_COLUMNS} FROM events WHERE kind IN ('message', 'action') AND text <> '' "  # noqa: S608
            f"AND {_POSSIBLE_EVENT} AND fits(room, sender, text, time) ORDER BY time DESC, seq DESC LIMIT ?"
        )
        return [RoomEvent(*row) for row in connection.execute(sql, (limit,))]


def _said(error: Exception) -> str:
    """What SQLite says may quote what is damaged, whatever that is now."""
    return clean_line(str(error), 200)


def _is_damage(error: Exception) -> bool:
    return not database.is_refusal(error)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _open(path: Path | str) -> tuple[database.Connection, Held]:
    """What is there is read at once: only that tells whether it can be."""
    connection = database.connect(path)
    try:
        _prepare(connection)
        return connection, _held(connection)
    except BaseException:
        connection.close()
        raise


def _prepare(connection: database.Connection) -> None:
    database.use_log(connection, "NORMAL")
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    if version != VERSION:
        with database.transaction(connection):
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
            ).fetchall():
                connection.execute(f"DROP TABLE {table}")
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {VERSION}")


def _held(connection: database.Connection) -> Held:
    meta = _meta(connection)
    account = _account(meta)
    ignored = frozenset(map(int, meta.get("ignored", "").split()))
    return Held(
        account, ignored, dict(json.loads(meta.get("levels", "{}"))), _rooms(connection, account.user)
    )


def _meta(connection: database.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM meta"))


def _account(meta: Mapping[str, str]) -> Account:
    return Account(meta.get("epoch", ""), int(meta.get("user", "0")))


def _rooms(connection: database.Connection, me: int) -> list[Room]:
    rooms = []
    if connection.execute(f"SELECT 1 FROM rooms WHERE NOT ({_POSSIBLE_ROOM})").fetchone():  # noqa: S608
        raise ValueError("a room has numbers that can't be")
    for row in connection.execute("SELECT * FROM rooms").fetchall():
        name, topic, members, last, read, unread, tallied, direct, partner, private, role, born = row
        room = Room(name, me, topic, members, last, read, unread, base=last, counted=last, loaded=True)
        room.tallied, room.direct, room.private = tallied, bool(direct), bool(private)
        room.partner, room.role, room.born = partner, role, born
        room.before(_older(connection, name, last + 1, OPENED))
        rooms.append(room)
    return rooms


def _older(connection: database.Connection, room: str, before: int, limit: int) -> list[RoomEvent]:
    columns = f"{_POSSIBLE_EVENT}, {_COLUMNS}"
    sql = f"SELECT {columns} FROM events WHERE room = ? AND seq < ? ORDER BY seq DESC LIMIT ?"  # noqa: S608
    events = []
    for possible, *row in connection.execute(sql, (room, before, limit)):
        if not possible:
            raise ValueError("an event has numbers that can't be")
        events.append(RoomEvent(*row))
    return events[::-1]
