"""What was said and is not known to be stored yet, and what is still being written, on disk.

A message is written here before it goes on the wire and removed when the server has confirmed it, so neither
a broken network nor the end of this program loses it; its cid makes sending it again harmless. One file
serves all of a person's clients: an entry belongs to a server and a name. Knows SQLite and nothing of
connections.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from chat_tui.client.errors import ClientError
from chat_tui.client.events import Pending
from chat_tui.client.place import Place
from chat_tui.client.removal import LogEmptier
from common import database, private_files
from protocol.names import fold

_SCHEMA = """
CREATE TABLE IF NOT EXISTS drafts (
    server TEXT NOT NULL, name TEXT NOT NULL, room TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (server, name, room)
) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY, server TEXT NOT NULL, name TEXT NOT NULL, cid TEXT NOT NULL UNIQUE,
    room TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, time INTEGER NOT NULL,
    error TEXT, target INTEGER, reply INTEGER, off INTEGER NOT NULL,
    epoch TEXT NOT NULL, born TEXT NOT NULL, partner TEXT NOT NULL
) STRICT;
"""


class Outbox:
    """Raises `ClientError` where the disk refuses: what can't be kept must not look as if it were.

    A damaged file is put aside and never removed; `problem` says so.
    """

    def __init__(self, path: Path | None, server: str, name: str) -> None:
        """`path` None keeps it in memory only, for who retries on their own."""
        self._server = server
        self._name = fold(name)
        self.problem = ""
        self._emptier = LogEmptier(path)
        try:
            if path is not None:
                private_files.make_own_folder(path.parent)
            try:
                self._open(path)
            except database.Error as error:
                if path is None or database.is_refusal(error):
                    raise
                self.problem = (
                    f"What waited to be sent, and drafts, could not be read ({error}). The damaged file is "
                    f"kept as {_put_aside(path)}; a new one is used."
                )
                self._open(path)
        except (OSError, database.Error) as error:
            raise ClientError(f"cannot keep unsent messages in {path}: {error}") from error

    def _open(self, path: Path | None) -> None:
        if path is not None:
            private_files.make_file(path)
        self._database = database.connect(path or ":memory:")
        try:
            # NORMAL: a kill -9 of this program loses nothing, and no keystroke waits for a disk.
            database.use_log(self._database, "NORMAL")
            database.check(self._database)
            with database.transaction(self._database):  # another client of this person's may be starting too
                self._database.execute(_SCHEMA)
        except BaseException:
            self._database.close()
            raise

    def load(self) -> list[Pending]:
        """What waits, oldest first."""
        rows = self._run(
            "SELECT cid, room, kind, text, time, error, target, reply, off, epoch, born, partner FROM outbox "
            "WHERE server = ? AND name = ? ORDER BY number",
            self._server,
            self._name,
        ).fetchall()
        return [
            Pending(
                *(cid, room, kind, text, time),
                "pending" if error is None else "failed",
                error or "",
                *(target, reply),
                off=bool(off),
                place=Place(*place),
            )
            for cid, room, kind, text, time, error, target, reply, off, *place in rows
        ]

    def add(self, entry: Pending) -> None:
        """Keep a new message."""
        self._run(
            "INSERT INTO outbox "
            "(server, name, cid, room, kind, text, time, target, reply, off, epoch, born, partner) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(self._server, self._name),
            *(entry.cid, entry.room, entry.kind, entry.text, entry.time),
            *(entry.target, entry.reply, entry.off),
            *_columns(entry.place),
        )

    def remove(self, *cids: str) -> None:
        """These are stored on the server, or discarded: all of them, or none if the disk refuses."""
        self._run_all("DELETE FROM outbox WHERE cid = ?", [(cid,) for cid in cids])
        self._emptier.removed()

    def fail(self, cid: str, error: str) -> None:
        """It was refused for this reason."""
        self._run("UPDATE outbox SET error = ? WHERE cid = ?", error, cid)

    def retry(self, entries: Iterable[Pending]) -> None:
        """These shall be tried again, for their places now: all of them, or none if the disk refuses."""
        self._run_all(
            "UPDATE outbox SET error = NULL, epoch = ?, born = ?, partner = ? WHERE cid = ?",
            [(*_columns(entry.place), entry.cid) for entry in entries],
        )

    def drafts(self) -> dict[str, str]:
        """What is being written, by room."""
        rows = self._run(
            "SELECT room, text FROM drafts WHERE server = ? AND name = ?", self._server, self._name
        )
        return dict(rows.fetchall())

    def keep_draft(self, room: str, text: str) -> None:
        """What is being written in a room now; nothing, if it is empty."""
        key = (self._server, self._name, room)
        if text:
            self._run("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?, ?)", *key, text)
        else:
            self._run("DELETE FROM drafts WHERE server = ? AND name = ? AND room = ?", *key)
        self._emptier.removed()

    def rename(self, name: str) -> None:
        """The user has another name now."""
        for table in ("outbox", "drafts"):
            self._run(
                f"UPDATE OR REPLACE {table} SET name = ? WHERE server = ? AND name = ?",  # noqa: S608
                fold(name),
                self._server,
                self._name,
            )
        self._name = fold(name)

    def close(self) -> None:
        """Let go of the file. Nothing that was removed stays in it, also if another client has it open."""
        self._emptier.close()
        with suppress(database.Error):  # a disk that refuses, or a reader that does not end
            database.empty_log(self._database)
        self._database.close()

    def _run(self, sql: str, *values: str | int | None) -> database.Cursor:
        try:
            return self._database.execute(sql, values)
        except database.Error as error:
            raise ClientError(f"cannot keep unsent messages: {error}") from error

    def _run_all(self, sql: str, rows: Iterable[tuple[str, ...]]) -> None:
        try:
            with database.transaction(self._database):
                self._database.executemany(sql, rows)
        except database.Error as error:
            raise ClientError(f"cannot keep unsent messages: {error}") from error


def _put_aside(path: Path) -> Path:
    """Give the file, and what SQLite keeps beside it, a name that is free; return it."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside


def _columns(place: Place) -> tuple[str, str, str]:
    return place.epoch, place.born, place.partner
