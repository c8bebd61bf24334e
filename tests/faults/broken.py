"""A server that is broken on purpose, to see whether the checker notices.

`python -m tests.faults.broken FAULT` and then the server's own arguments. Each fault is one that a hurried
change could bring in.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from common import database
from protocol import frames
from protocol.frames import Event
from server import __main__ as program
from server.delivery.hub import Hub
from server.session import Session
from server.store import schema
from server.store.sqlite import SqliteLog

COMMIT_SECONDS = 0.2


def forget_cids() -> None:
    """No unique index on cids: a repeated send is stored again."""
    schema.STEPS = tuple(
        step.replace("CREATE UNIQUE INDEX cids", "CREATE INDEX cids") for step in schema.STEPS
    )


def acknowledge_early() -> None:
    """The answers go out while the transaction is still open: a kill takes back what was promised."""
    begun = 0.0

    @contextmanager
    def lazy(self: SqliteLog) -> Iterator[None]:
        nonlocal begun
        if not self._writing.in_transaction:
            self._writing.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
        if not self._heads_known:
            self._load_heads()
        self._writing.execute("SAVEPOINT batch")
        try:
            yield
            self._writing.execute("RELEASE batch")
        except BaseException:
            self._heads_known = False
            self._writing.execute("ROLLBACK TO batch")
            raise
        if time.monotonic() - begun > COMMIT_SECONDS:
            self._writing.execute("COMMIT")

    end = SqliteLog.close

    def close(self: SqliteLog) -> None:
        if self._writing.in_transaction:
            self._writing.execute("COMMIT")
        end(self)

    _replace(SqliteLog, "_transaction", lazy)
    _replace(SqliteLog, "close", close)


def count_outside() -> None:
    """The next seq is kept beside the transaction: what is rolled back leaves a gap."""

    @contextmanager
    def careless(self: SqliteLog) -> Iterator[None]:
        self._writing.execute("BEGIN IMMEDIATE")
        if not self._heads_known:
            self._load_heads()
        try:
            yield
            self._writing.execute("COMMIT")
        except database.Error:
            self._writing.execute("ROLLBACK")
            raise

    _replace(SqliteLog, "_transaction", careless)


def shuffle_batches() -> None:
    """The members are told of a batch with its last event first."""
    publish = Hub.publish

    def backwards(self: Hub, events: list[Event]) -> None:
        publish(self, events[::-1])

    _replace(Hub, "publish", backwards)


def say_nothing_of_gaps() -> None:
    """Who fell behind is not told what was left out."""

    def writable(self: Session) -> None:
        self.lagging = False
        self._next_read()

    _replace(Session, "writable", writable)


def keep_telling_the_removed() -> None:
    """Who was removed goes on getting what happens in the room."""
    depart = Hub._depart

    def depart_some(self: Hub, event: Event) -> None:
        if event.kind != frames.KICK:
            depart(self, event)

    _replace(Hub, "_depart", depart_some)


FAULTS: dict[str, Callable[[], None]] = {
    "forget-cids": forget_cids,
    "acknowledge-early": acknowledge_early,
    "count-outside": count_outside,
    "shuffle-batches": shuffle_batches,
    "say-nothing-of-gaps": say_nothing_of_gaps,
    "keep-telling-the-removed": keep_telling_the_removed,
}


def _replace(kind: type, name: str, new: Callable[..., object]) -> None:
    assert hasattr(kind, name), f"{kind.__name__} has no {name} any more: mend this fault"
    setattr(kind, name, new)


if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    program.main()
