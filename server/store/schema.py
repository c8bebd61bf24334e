"""The tables of the SQLite store, and the way from each version to the next.

`PRAGMA user_version` counts the steps that were taken. A step is never changed once it has been released; a
new one is added behind it.
"""

from pathlib import Path

from common import database
from server.errors import OperatorError, StartError
from server.store.backup import copying

STEPS: tuple[str, ...] = (
    # Events are the truth, the other tables are their sum, kept in the same transaction so that starting up
    # reads the sum and not a million events. `events` is clustered by (room, seq): a page of history is one
    # walk along the tree.
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    -- Up to `floor` a room's events are gone; up to `indexed` its messages are in `words`; `maker` is the
    -- user who made it.
    CREATE TABLE rooms (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, topic TEXT NOT NULL,
        floor INTEGER NOT NULL DEFAULT 0, private INTEGER NOT NULL DEFAULT 0, born TEXT NOT NULL DEFAULT '',
        indexed INTEGER NOT NULL DEFAULT 0, maker INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- Deleted rooms: their ids are never given again, and of their events the rows with a cid stay, emptied.
    CREATE TABLE graves (id INTEGER PRIMARY KEY, name TEXT NOT NULL, purged INTEGER NOT NULL) STRICT;
    CREATE INDEX unpurged ON graves (id) WHERE purged >= 0;
    CREATE TABLE users (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE,
        admin INTEGER NOT NULL DEFAULT 0, disabled INTEGER NOT NULL DEFAULT 0,
        password TEXT NOT NULL DEFAULT '',
        -- Who comes over a Unix socket as this user of the computer needs no password.
        uid INTEGER UNIQUE
    ) STRICT;
    -- `since` is the seq of the join, for the order in which members came.
    CREATE TABLE members (
        room INTEGER NOT NULL, user INTEGER NOT NULL, role TEXT NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reads (
        user INTEGER NOT NULL, room INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (user, room)
    ) STRICT, WITHOUT ROWID;
    -- How much of a room calls a user, where they have chosen something else than is usual.
    CREATE TABLE levels (
        user INTEGER NOT NULL, room INTEGER NOT NULL, level TEXT NOT NULL, PRIMARY KEY (user, room)
    ) STRICT, WITHOUT ROWID;
    -- Edits, deletions and reactions say to which event (`target`), replies what they answer.
    CREATE TABLE events (
        room INTEGER NOT NULL, seq INTEGER NOT NULL, user INTEGER NOT NULL, sender TEXT NOT NULL,
        kind TEXT NOT NULL, time INTEGER NOT NULL, cid TEXT, body BLOB NOT NULL,
        target INTEGER, reply INTEGER, PRIMARY KEY (room, seq)
    ) STRICT, WITHOUT ROWID;
    -- Makes a repeated send harmless, also of what was pruned: the row of what had a cid stays, emptied.
    CREATE UNIQUE INDEX cids ON events (user, cid) WHERE cid IS NOT NULL;
    -- From what was said to all that was done to it, each kind apart: of a message with many reactions the
    -- edits are found without a look at each of those. It holds nothing of what is only said.
    CREATE INDEX changes ON events (room, target, kind) WHERE target IS NOT NULL;
    -- What unread counts count: in a room that thousands have joined and where little is said, counting
    -- walked over all the joins. Only a query with these very words can use it, and is told to.
    CREATE INDEX spoken ON events (room, seq, user) WHERE kind IN ('action', 'message');
    CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'ascii', columnsize = 0);
    INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
    CREATE TABLE search (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    -- Tokens and codes are there as hashes only. They are no events, for what ends shall be gone. A user's
    -- devices lie beside each other; the hash of a token leads to one of them.
    CREATE TABLE devices (
        user INTEGER NOT NULL, id TEXT NOT NULL, token BLOB NOT NULL UNIQUE, client TEXT NOT NULL,
        created INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (user, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE invites (
        id TEXT PRIMARY KEY, code BLOB NOT NULL UNIQUE, maker INTEGER NOT NULL, created INTEGER NOT NULL,
        expires INTEGER NOT NULL, uses INTEGER NOT NULL, remaining INTEGER NOT NULL, room TEXT NOT NULL,
        first INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- No number is given twice, also when all records are too old.
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, actor INTEGER NOT NULL,
        action TEXT NOT NULL, target TEXT NOT NULL, room TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    -- When users were seen last, and what they said when they went away.
    CREATE TABLE people (user INTEGER PRIMARY KEY, seen INTEGER NOT NULL DEFAULT 0, away TEXT) STRICT;
    CREATE TABLE ignored (
        user INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (user, other)
    ) STRICT, WITHOUT ROWID;
    -- Who is invited into which room.
    CREATE TABLE invitations (
        room INTEGER NOT NULL, user INTEGER NOT NULL, by INTEGER NOT NULL, time INTEGER NOT NULL,
        PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE penalties (
        room INTEGER NOT NULL, user INTEGER NOT NULL, kind TEXT NOT NULL, by INTEGER NOT NULL,
        time INTEGER NOT NULL, until INTEGER, reason TEXT NOT NULL, PRIMARY KEY (room, user, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE networks (
        network TEXT PRIMARY KEY, by INTEGER NOT NULL, time INTEGER NOT NULL, until INTEGER,
        reason TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)

VERSION = len(STEPS)


def check(connection: database.Connection, name: object) -> int:
    """The database's version; raises `StartError` if this program is too old for it."""
    ((version,),) = connection.execute("PRAGMA user_version").fetchall()
    if version > VERSION:
        raise StartError(
            f"the database {name} is from a newer chat-server (its schema is {version}, this program "
            f"knows {VERSION}): install that newer chat-server, or give another --data folder"
        )
    return int(version)


def migrate(connection: database.Connection, path: Path) -> None:
    """Bring the database up to this program's version; a copy of one that holds something is kept first."""
    version = check(connection, path)
    if 0 < version < VERSION:
        kept = path.with_name(f"{path.name}.before-schema-{VERSION}")
        try:
            copying.copy(connection, kept)
        except OperatorError as error:
            raise StartError(
                f"the database {path} is of an older chat-server, and a copy of it could not be kept: {error}"
            ) from error
    step(connection, version)


def step(connection: database.Connection, version: int) -> None:
    """Take the steps that come after `version`."""
    for number, script in enumerate(STEPS[version:], version + 1):
        with database.transaction(connection):
            connection.execute(script)
            connection.execute(f"PRAGMA user_version = {number}")
