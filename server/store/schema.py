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
    # rooms: `since` is the seq of the join, for the order in which members came; a room of before belongs to
    # the first of them. `graves` are deleted rooms: their ids are never given again, and of their events the
    # rows with a cid stay, emptied, so that the index above still refuses these cids.
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
    CREATE TEMP TABLE firsts AS SELECT room, min(since) AS since FROM members GROUP BY room;
    UPDATE members SET role = 'owner' WHERE (room, since) IN (SELECT room, since FROM firsts)
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
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor INTEGER NOT NULL, action TEXT NOT NULL,
        target TEXT NOT NULL, room TEXT NOT NULL, detail TEXT NOT NULL
    ) STRICT;
    """,
)

VERSION = len(STEPS)
