"""The tables of the SQLite store, and the way from each version to the next.

`PRAGMA user_version` counts the steps that were taken. A step is never changed once it has been
released; a new one is added behind it, and `python3 -m tests.data` makes the database of the new version that
the tests of later ones begin with.
"""

import sqlite3
from pathlib import Path

from server.errors import OperatorError, StartError
from server.store import copies

STEPS: tuple[str, ...] = (
    # 1: events are the truth, the other tables are their sum, kept in the same transaction so that
    # starting up reads the sum and not a million events. `events` is clustered by (room, seq): a page
    # of history is one walk along the tree. The index on cids is what makes a repeated send harmless.
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE rooms (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, head INTEGER NOT NULL, topic TEXT NOT NULL
    ) STRICT;
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE members (
        room INTEGER NOT NULL, user INTEGER NOT NULL, PRIMARY KEY (room, user)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE reads (
        user INTEGER NOT NULL, room INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (user, room)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        room INTEGER NOT NULL, seq INTEGER NOT NULL, user INTEGER NOT NULL, sender TEXT NOT NULL,
        kind TEXT NOT NULL, time INTEGER NOT NULL, cid TEXT, body BLOB NOT NULL,
        PRIMARY KEY (room, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX cids ON events (user, cid) WHERE cid IS NOT NULL;
    """,
    # 2: pruning. Up to `floor` a room's events are gone. Of those that had a cid the row is still there,
    # emptied, so that the cid can't be stored again; it is the index above that sees to it, as ever.
    """
    ALTER TABLE rooms ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
    """,
    # 3: passwords, tokens and codes are there as hashes only. They are no events, for what ends
    # shall be gone. A user's devices lie beside each other; the hash of a token leads to one of them.
    """
    ALTER TABLE users ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE users ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE users ADD COLUMN password TEXT NOT NULL DEFAULT '';
    CREATE TABLE devices (
        user INTEGER NOT NULL, id TEXT NOT NULL, token BLOB NOT NULL UNIQUE, client TEXT NOT NULL,
        created INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (user, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE invites (
        id TEXT PRIMARY KEY, code BLOB NOT NULL UNIQUE, maker INTEGER NOT NULL, created INTEGER NOT NULL,
        expires INTEGER NOT NULL, uses INTEGER NOT NULL, remaining INTEGER NOT NULL, room TEXT NOT NULL,
        first INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS audit (
        id INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor INTEGER NOT NULL, action TEXT NOT NULL,
        target TEXT NOT NULL, room TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    """,
    # 4: people: when users were seen last, what they said when they went away, whom they ignore.
    """
    CREATE TABLE people (user INTEGER PRIMARY KEY, seen INTEGER NOT NULL DEFAULT 0, away TEXT) STRICT;
    CREATE TABLE ignored (
        user INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (user, other)
    ) STRICT, WITHOUT ROWID;
    """,
    # 5: rooms. `since` is the seq of the join, for the order in which members came; a room of before belongs
    # to the first of them, or where joins were pruned to the user who was made first. `graves` are deleted
    # rooms: their ids are never given again, and of their events the rows with a cid stay, emptied, so that
    # the index above still refuses these cids.
    """
    ALTER TABLE rooms ADD COLUMN private INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rooms ADD COLUMN born TEXT NOT NULL DEFAULT '';
    ALTER TABLE members ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
    ALTER TABLE members ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
    CREATE TEMP TABLE joins AS
        SELECT room, user, max(seq) AS seq FROM events WHERE kind = 'join' GROUP BY room, user;
    CREATE INDEX temp.joined ON joins (room, user);
    UPDATE members SET since = coalesce(
        (SELECT seq FROM joins WHERE joins.room = members.room AND joins.user = members.user), 0);
    DROP TABLE joins;
    CREATE TEMP TABLE firsts AS SELECT room, user FROM (
        SELECT room, user, row_number() OVER (PARTITION BY room ORDER BY since, user) AS place FROM members
    ) WHERE place = 1;
    UPDATE members SET role = 'owner' WHERE (room, user) IN (SELECT room, user FROM firsts)
        AND room NOT IN (SELECT id FROM rooms WHERE name = '#general');
    DROP TABLE firsts;
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
    CREATE TABLE graves (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, purged INTEGER NOT NULL
    ) STRICT;
    """,
    # 6: changes: edits, deletions and reactions say to which event (`target`), replies what they answer. The
    # index leads from what was said to all that was done to it, and holds nothing of what is only said.
    """
    ALTER TABLE events ADD COLUMN target INTEGER;
    ALTER TABLE events ADD COLUMN reply INTEGER;
    CREATE INDEX changes ON events (room, target) WHERE target IS NOT NULL;
    """,
    # 7: search. Up to `indexed` a room's messages are in `words`, which is filled by and by; see there.
    """
    ALTER TABLE rooms ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
    CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'ascii', columnsize = 0);
    CREATE TABLE search (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    """,
    # 8: what unread counts count. In a room that thousands have joined and where little is said,
    # counting walked over all the joins. Only a query with these very words can use it, and is told to.
    """
    CREATE INDEX spoken ON events (room, seq, user) WHERE kind IN ('action', 'message');
    """,
    # 9: how much of a room calls a user, where they have chosen something else than is usual.
    """
    CREATE TABLE levels (
        user INTEGER NOT NULL, room INTEGER NOT NULL, level TEXT NOT NULL, PRIMARY KEY (user, room)
    ) STRICT, WITHOUT ROWID;
    """,
    # 10: the index of changes tells their kinds apart: of a message with many reactions the edits are found
    # without a look at each of those.
    """
    DROP INDEX changes;
    CREATE INDEX changes ON events (room, target, kind) WHERE target IS NOT NULL;
    """,
)

VERSION = len(STEPS)


def check(connection: sqlite3.Connection, name: object) -> int:
    """The database's version; raises `StartError` if this program is too old for it."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StartError(
            f"the database {name} is from a newer chat-server (its schema is {version}, this program "
            f"knows {VERSION}): install that newer chat-server, or give another --data folder"
        )
    return int(version)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the database up to this program's version; a copy of one that holds something is kept first."""
    version = check(connection, path)
    if 0 < version < VERSION:
        kept = path.with_name(f"{path.name}.before-schema-{VERSION}")
        try:
            copies.copy(connection, kept)
        except OperatorError as error:
            raise StartError(
                f"the database {path} is of an older chat-server, and a copy of it could not be kept: {error}"
            ) from error
    step(connection, version)


def step(connection: sqlite3.Connection, version: int) -> None:
    """Take the steps that come after `version`."""
    for number, script in enumerate(STEPS[version:], version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")
