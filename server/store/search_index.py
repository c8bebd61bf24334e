"""The words of what was said, in the SQLite store: finding messages by them.

The index runs behind the log: sends never wait for it. `rooms.indexed` is the seq up to which a room's
messages are in it; `index` moves that on by a step. A row's id is made of its room's and its seq, so what is
removed from a room is removed here by a range. Each word is kept with its room's id before it: a search
touches the words of the rooms it is for and no others, so neither answers nor the time they take tell of
what is said elsewhere. What a word is says `protocol.words`; FTS5 splits at blanks alone. Its rows hold
their text, for without it none can be removed; with `secure-delete` its words go from the index at once.

Knows SQL and `TextBody`; bodies that are none (another program's) can't be found.
"""

import heapq
from collections.abc import Callable, Iterator

from common import database
from protocol import codec, frames, words
from protocol.frames import Event
from server.store.base import Found, Hit, SearchCursor, SearchQuery, fill

Run = Callable[..., database.Cursor]

_TABLE = "CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'ascii', columnsize = 0)"

_ROOM = 2**40
"""A row's id is this times its room's id, plus its seq."""

_INDEXED = 16 * 1024
"""Bytes of messages that one step of `index` takes in, and at most one message more: 10 to 20 ms at worst, in
which nobody's message is stored."""

_MERGED = 50
"""Pages of the index that one step of `tidy` writes: some 10 ms. What was removed is read and not written, so
after a large room there is one long step: 1.7 ms for each thousand of its messages."""

_SLIP_MS = 3_600_000
"""How much a clock may have been set back in sum: what a room has before something so much older than `after`
is older than that too, and what comes after something so much newer than `before` is newer."""

_STEP_BACK_MS = 60_000
"""A clock that is set back by more than this was wrong before. In a room where that happened the time of one
event says nothing of the others, and all have to be looked at."""

_STEPS = 2_000
"""SQLite's instructions between two looks at the clock: less than a millisecond."""

_COLUMNS = "seq, user, sender, kind, time, body, cid, target, reply"
_SPOKEN = ", ".join(f"'{kind}'" for kind in sorted(frames.SPOKEN))


def renew(run: Run) -> None:
    """Begin anew if the rules of what a word is were others."""
    stored = run("SELECT value FROM search WHERE key = 'rules'").fetchone()
    if stored is None or stored[0] != words.VERSION:
        run("DROP TABLE words")
        run(_TABLE)
        run("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")
        run("UPDATE rooms SET indexed = 0")
        run("INSERT OR REPLACE INTO search VALUES ('rules', ?)", (words.VERSION,))


def lagging(run: Run, limit: int = 1) -> list[tuple[int, int]]:
    """Some rooms with messages that are not in the index, and up to where they are."""
    return run("SELECT id, indexed FROM rooms WHERE indexed < head LIMIT ?", (limit,)).fetchall()


def index(run: Run, limit: int) -> bool:
    """Take in the next messages, `limit` events and `_INDEXED` bytes at most; whether there may be more."""
    size = _INDEXED
    for room, indexed in lagging(run, limit):
        count, taken = _index_room(run, room, indexed, limit, size)
        limit -= max(count, 1)
        size -= taken
        if limit <= 0 or size <= 0:
            return True
    return bool(lagging(run))


def _index_room(run: Run, room: int, indexed: int, limit: int, size: int) -> tuple[int, int]:
    """Likewise in one room; how many events that were, and how many bytes."""
    columns = "seq, user, kind, body, target, time"
    sql = f"SELECT {columns} FROM events WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
    count = taken = 0
    before = _time_at(run, room, indexed)
    for seq, user, kind, body, target, time in run(sql, (room, indexed, limit)).fetchall():
        if time < before - _STEP_BACK_MS:
            run("INSERT OR IGNORE INTO search VALUES (?, '')", (_disorder(room),))
        before = time
        count, taken, indexed = count + 1, taken + len(body), seq
        if kind in frames.SPOKEN:
            _take(run, room, seq, user, body)
        elif kind == frames.EDIT and _is_said(run, room, target):
            forget(run, room, target - 1, target)
            _take(run, room, target, user, body)
        if taken >= size:
            break
    if count < limit and taken < size:
        run("UPDATE rooms SET indexed = head WHERE id = ?", (room,))
    else:
        run("UPDATE rooms SET indexed = ? WHERE id = ?", (indexed, room))
    return count, taken


def _time_at(run: Run, room: int, seq: int) -> int:
    """When the last event up to there was; 0 if there is none."""
    sql = "SELECT time FROM events WHERE room = ? AND seq <= ? ORDER BY seq DESC LIMIT 1"
    row = run(sql, (room, seq)).fetchone()
    return int(row[0]) if row is not None else 0


def _disorder(room: int) -> str:
    """The key in `search` that says of a room that its times are in no order."""
    return f"disorder {room}"


def _take(run: Run, room: int, seq: int, user: int, body: bytes) -> None:
    text = codec.unpack_body(body, frames.TextBody)
    if text is not None:
        line = " ".join((_sender(room, user), *(f"{room}·{word}" for word in words.words_of(text.text))))
        run("INSERT INTO words (rowid, text) VALUES (?, ?)", (_id(room, seq), line))


def _is_said(run: Run, room: int, seq: int) -> bool:
    sql = f"SELECT 1 FROM events WHERE room = ? AND seq = ? AND body != x'' AND kind IN ({_SPOKEN})"  # noqa: S608
    return run(sql, (room, seq)).fetchone() is not None


def forget(run: Run, room: int, after: int, last: int) -> None:
    """These events of a room are gone."""
    run("DELETE FROM words WHERE rowid BETWEEN ? AND ?", (_id(room, after + 1), _id(room, last)))


def forget_many(run: Run, room: int, after: int, last: int) -> None:
    """Likewise, but the words are only marked as removed: `tidy` has to follow. Taking each word of each
    message out of the index would cost forty times as much."""
    run("INSERT INTO words (words, rank) VALUES ('secure-delete', 0)")
    forget(run, room, after, last)
    run("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")
    # The merge that has begun does not have these: another must follow it.
    run(
        "INSERT INTO search VALUES ('untidy', '') "
        "ON CONFLICT DO UPDATE SET value = 'again' WHERE value = 'begun'"
    )


def is_untidy(run: Run) -> bool:
    """Whether there is something to do for `tidy`."""
    return bool(run("SELECT 1 FROM search WHERE key = 'untidy'").fetchall())


def tidy(connection: database.Connection) -> bool:
    """Remove for good what was only marked as removed, by a step; whether there may be more to do.

    FTS5 keeps the words of removed rows until it merges the parts of its index that they are in.
    """
    state = connection.execute("SELECT value FROM search WHERE key = 'untidy'").fetchone()
    if state is None:
        return False
    before = connection.total_changes()
    pages = _MERGED if state[0] else -_MERGED  # the first step says that all parts shall be merged
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
    if connection.total_changes() - before >= 2:  # as SQLite's manual has it: else nothing was left to merge
        connection.execute("UPDATE search SET value = 'begun' WHERE key = 'untidy' AND value = ''")
        return True
    if state[0] == "again":
        connection.execute("UPDATE search SET value = '' WHERE key = 'untidy'")
        return True
    connection.execute("DELETE FROM search WHERE key = 'untidy'")
    return False


def search(
    connection: database.Connection, wanted: SearchQuery, clock: Callable[[], float], until: float
) -> Found:
    """See `base.Log.search`. Raises `database.Error`."""
    found = Found([], [])
    connection.execute("BEGIN")  # all of it is as at one moment
    connection.set_progress_handler(lambda: clock() > until, _STEPS)
    try:
        return fill(found, _newest_first(connection.execute, wanted), wanted.limit)
    except database.InterruptError:
        return found._replace(stopped=True)
    finally:
        connection.set_progress_handler(None, 0)
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _newest_first(run: Run, wanted: SearchQuery) -> Iterator[Hit]:
    """What matches, with what it says now."""
    rooms = [(name, *row) for name in wanted.rooms if (row := _room(run, name)) is not None]
    found = heapq.merge(*(_in_room(run, *room, wanted) for room in rooms), key=lambda hit: hit[0])
    for spot, room, event in found:
        if wanted.begin is None or spot > wanted.begin:
            yield spot, event, _last_edit(run, room, event)


def _last_edit(run: Run, room: int, said: Event) -> Event | None:
    # SQLite would look through the whole room, for it is in the wanted order already.
    sql = (
        f"SELECT {_COLUMNS} FROM events INDEXED BY changes "  # noqa: S608
        "WHERE room = ? AND target = ? AND kind = ? ORDER BY seq DESC LIMIT 1"
    )
    row = run(sql, (room, said.seq, frames.EDIT)).fetchone()
    return Event(said.room, *row) if row is not None else None


def _room(run: Run, name: str) -> tuple[int, int] | None:
    row: tuple[int, int] | None = run("SELECT id, floor FROM rooms WHERE name = ?", (name,)).fetchone()
    return row


def _in_room(
    run: Run, name: str, room: int, floor: int, wanted: SearchQuery
) -> Iterator[tuple[SearchCursor, int, Event]]:
    """What matches in one room, newest first.

    The clock may have been set back between two messages: then the earlier one counts as said when the later
    one was, so that the order is the room's, and a page begins where the one before ended.
    """
    sql = (
        f"SELECT {_COLUMNS} FROM words "  # noqa: S608
        "CROSS JOIN events ON room = ? AND seq = words.rowid - ? "
        "WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? "
        f"AND kind IN ({_SPOKEN}) ORDER BY words.rowid DESC"
    )
    in_order = run("SELECT 1 FROM search WHERE key = ?", (_disorder(room),)).fetchone() is None
    last = _ROOM - 1
    if wanted.before is not None and in_order:
        last = _last(run, room, wanted.before + _SLIP_MS)
    bounds = (_id(room, floor + 1), _id(room, last))
    low: int | None = None
    for row in run(sql, (room, _id(room, 0), _match(room, wanted), *bounds)):
        event = Event(name, *row)
        low = event.time if low is None else min(low, event.time)
        if wanted.after is not None and in_order and event.time < wanted.after - _SLIP_MS:
            return
        if wanted.wants(event.user, event.time):
            yield SearchCursor(-low, name, -event.seq), room, event


def _last(run: Run, room: int, before: int) -> int:
    """A seq up to which a room's events are, but for a clock that was set back, of before a time."""
    (head,) = run("SELECT head FROM rooms WHERE id = ?", (room,)).fetchone()
    low, high = 0, int(head)
    while low < high:
        middle = (low + high + 1) // 2
        if _time_at(run, room, middle) < before:
            low = middle
        else:
            high = middle - 1
    return low


def _match(room: int, wanted: SearchQuery) -> str:
    """The question for FTS5. A word has no signs in it, so nothing that is searched for means anything."""
    terms = [f'"{_sender(room, wanted.user)}"'] if wanted.user else []
    for term in wanted.terms:
        text = " ".join(f"{room}·{word}" for word in term.words)
        terms.append(f'"{text}"{"" if term.whole else " *"}')
    return " AND ".join(terms)


def _sender(room: int, user: int) -> str:
    return f"{room}··{user}"


def _id(room: int, seq: int) -> int:
    return room * _ROOM + seq
