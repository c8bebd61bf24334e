"""The tables of the SQLite store, and the steps from each version to the next.

`PRAGMA user_version` counts the steps that were taken. A step is never changed once it has been
released; a new one is added behind it.
"""

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
    # people: when users were seen last, what they said when they went away, whom they ignore.
    """
    CREATE TABLE people (user INTEGER PRIMARY KEY, seen INTEGER NOT NULL DEFAULT 0, away TEXT) STRICT;
    CREATE TABLE ignored (
        user INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (user, other)
    ) STRICT, WITHOUT ROWID;
    """,
)

VERSION = len(STEPS)
