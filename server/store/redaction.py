"""The one place where the SQLite store lets go of what was said.

Pruning, the end of a room and `delete` all come here, in a transaction of the writer's. `secure_delete` is
on: what goes is overwritten. Knows SQL, and of events where they stand.
"""

from collections.abc import Callable, Iterable

from common import database
from protocol.frames import DELETE, EDIT, SPOKEN, Event
from server.state.entries import GONE
from server.store import search_index

Run = Callable[..., database.Cursor]

# SQLite has to be told of the index: it would look through the whole room.
_DELETED = (
    "EXISTS (SELECT 1 FROM events INDEXED BY changes "
    "WHERE room = :room AND target = :target AND kind = :delete)"
)


def remove(run: Run, room: int, after: int, last: int) -> None:
    """Remove these events of a room; of those that have a cid nothing stays but that.
    `search_index.tidy` has to follow."""
    bounds = (room, after, last)
    search_index.forget_many(run, room, after, last)
    run("DELETE FROM events WHERE room = ? AND seq > ? AND seq <= ? AND cid IS NULL", bounds)
    run(
        "UPDATE events SET sender = '', kind = ?, body = x'', target = NULL, reply = NULL "
        "WHERE room = ? AND seq > ? AND seq <= ?",
        (GONE, *bounds),
    )


def erase(run: Run, changes: Iterable[tuple[int, Event]]) -> None:
    """Empty what these changes, which are stored already, have deleted: rooms' ids and events."""
    touched = [(room, event.kind, event.target) for room, event in changes if event.target is not None]
    targets = {(room, target) for room, kind, target in touched if kind in (DELETE, EDIT)}
    deleted = {(room, target) for room, kind, target in touched if kind == DELETE}
    for room, target in targets:
        if (room, target) in deleted:
            search_index.forget(run, room, target - 1, target)
        where = {"room": room, "target": target, "delete": DELETE, "edit": EDIT}
        run(f"UPDATE events SET body = x'' WHERE room = :room AND seq = :target AND {_DELETED}", where)  # noqa: S608
        run(
            "UPDATE events INDEXED BY changes SET body = x'' "  # noqa: S608
            f"WHERE room = :room AND target = :target AND kind = :edit AND {_DELETED}",
            where,
        )


def is_there(run: Run, room: int, event: Event) -> bool:
    """Whether an event is something said that is not deleted."""
    where = {"room": room, "target": event.seq, "delete": DELETE}
    ((deleted,),) = run(f"SELECT {_DELETED}", where).fetchall()
    return event.kind in SPOKEN and not deleted
