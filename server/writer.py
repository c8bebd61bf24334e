"""The one writer: takes what waits from all sessions and commits it in one transaction.

Group commit. While a batch is on its way to the disk, in a thread, the loop goes on and the next batch
gathers, so the batch grows with the load by itself and one fsync serves all of it. Order needs no locks,
because nobody else writes: an operation is planned against the state after the batch before it, its events
get their `seq` in the transaction, then the state is changed and the members are told, then its sender is
answered. Knows the log's port, the state and the hub; nothing of sockets.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Protocol, TypeVar

from protocol import errors
from protocol.frames import Event
from server.counters import Counters
from server.errors import RefusedError, StorageError
from server.records import keep
from server.state import State, apply
from server.store.base import Appended, Draft, Entry, Log

logger = logging.getLogger(__name__)

BATCH = 4096
"""Events in one transaction, at most: about 25 ms of SQLite's time, so that acks keep flowing."""

BATCH_BYTES = 512 * 1024
"""Bytes of bodies in one transaction, but for its last operation. A batch is one block for each member of its
room, so this also bounds by how much a peer's queue can pass its high water."""

_BUG = RefusedError(errors.INTERNAL, "the server failed at this; it goes on")

R = TypeVar("R")

Key = tuple[str, ...]

EVERYTHING: Key = ("everything",)
"""What changes this is the last one of its batch."""


class Operation(Protocol):
    """Something a session wants stored."""

    def keys(self) -> frozenset[Key]:
        """What its plan depends on beside the committed state: it waits for the next batch if
        an operation in this one `changes` any of these."""

    def changes(self) -> frozenset[Key]:
        """What it changes that another operation's plan may depend on."""

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """What to store, as the state is now; `now` in ms. May raise `RefusedError`."""

    def done(self, stored: Sequence[Appended | None]) -> None:
        """It is on disk, the state knows it, and members have been told."""

    def refused(self, error: RefusedError) -> None:
        """Nothing of it was stored."""


class Writer:
    """Gathers operations and commits them. `publish` gets each batch's new events, in order."""

    def __init__(
        self,
        log: Log,
        state: State,
        publish: Callable[[list[Event]], None],
        clock: Callable[[], int],
        counters: Counters | None = None,
    ) -> None:
        self._counters = counters or Counters()
        self._log = log
        self._state = state
        self._publish = publish
        self._clock = clock
        self._waiting: deque[Operation] = deque()
        self._since = 0.0
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "writer")

    def submit(self, operation: Operation) -> None:
        """Have the operation stored; exactly one of its `done` and `refused` is called, later."""
        if not self._waiting:
            self._since = perf_counter()
        self._waiting.append(operation)
        if not self._busy:
            self._busy = True
            self._idle.clear()
            # At the end of this tick, so that what other sockets bring in it goes along.
            self._loop.call_soon(self._next_batch)

    @property
    def waiting(self) -> int:
        """How many operations have not been taken into a batch yet."""
        return len(self._waiting)

    async def probe(self) -> None:
        """Find out whether the log can be written, in the writer's turn; raises `StorageError`."""
        await self._loop.run_in_executor(self._thread, self._log.probe)

    async def drain(self) -> None:
        """Wait until everything submitted so far, and what follows meanwhile, is stored."""
        await self._idle.wait()

    async def between(self, work: Callable[[], R]) -> R:
        """Run `work` in the writer's thread, between two batches: it changes the store, but no state."""
        return await self._loop.run_in_executor(self._thread, work)

    async def close(self) -> None:
        """Store what waits, then end the thread."""
        await self.drain()
        self._thread.shutdown()

    def _next_batch(self) -> None:
        while self._waiting:
            planned = self._gather()
            if any(entries for _, entries in planned):
                batch = [entry for _, entries in planned for entry in entries]
                commit = self._loop.run_in_executor(self._thread, self._append, batch)
                commit.add_done_callback(partial(self._committed, planned))
                return
            for operation, _ in planned:
                _done(operation, ())
        self._busy = False
        self._idle.set()

    def _append(self, batch: list[Entry]) -> list[Appended | None]:
        """In the writer's thread."""
        began = perf_counter()
        try:
            return self._log.append(batch)
        finally:
            self._counters.commit_seconds.add(perf_counter() - began)
            self._counters.batch_size.add(len(batch))

    def _gather(self) -> list[tuple[Operation, Sequence[Entry]]]:
        began = perf_counter()
        self._counters.queue_wait_seconds.add(began - self._since)
        self._since = began  # for what has to wait for another batch: near enough
        now = self._clock()
        planned: list[tuple[Operation, Sequence[Entry]]] = []
        changed: set[Key] = set()
        left = BATCH_BYTES
        while self._waiting and len(planned) < BATCH and left > 0:
            operation = self._waiting[0]
            if changed and (EVERYTHING in changed or not changed.isdisjoint(operation.keys())):
                break
            self._waiting.popleft()
            try:
                entries = operation.plan(self._state, now)
            except RefusedError as error:
                operation.refused(error)
                continue
            except Exception:  # one operation must never end the others, whatever bug it met
                logger.exception("a plan failed")
                operation.refused(_BUG)
                continue
            changed |= operation.changes()
            left -= sum(len(entry.body) for entry in entries if isinstance(entry, Draft))
            planned.append((operation, entries))
        return planned

    def _committed(
        self,
        planned: list[tuple[Operation, Sequence[Entry]]],
        commit: "asyncio.Future[list[Appended | None]]",
    ) -> None:
        try:
            stored = commit.result()
        except StorageError as error:
            self._counters.store_failures += 1
            logger.error("a batch of %d was not stored: %s", len(planned), error)  # noqa: TRY400
            self._refuse(planned, RefusedError(errors.STORAGE, str(error)))
        except Exception:  # as above
            logger.exception("a batch of %d was not stored", len(planned))
            self._refuse(planned, _BUG)
        else:
            self._tell(planned, stored)
        finally:
            self._next_batch()

    def _refuse(self, planned: list[tuple[Operation, Sequence[Entry]]], refusal: RefusedError) -> None:
        for operation, _ in planned:
            operation.refused(refusal)

    def _tell(self, planned: list[tuple[Operation, Sequence[Entry]]], stored: list[Appended | None]) -> None:
        start = 0
        events: list[Event] = []
        for _, entries in planned:
            for entry, answer in zip(entries, stored[start : start + len(entries)], strict=True):
                if not isinstance(entry, Draft):
                    keep(self._state, entry)
                elif answer is not None and not answer.dup:
                    apply(self._state, answer.event)
                    events.append(answer.event)
            start += len(entries)
        self._count(events, stored)
        self._publish(events)
        start = 0
        for operation, entries in planned:
            end = start + len(entries)
            _done(operation, stored[start:end])
            start = end

    def _count(self, events: list[Event], stored: list[Appended | None]) -> None:
        self._counters.events += len(events)
        self._counters.sends += sum(event.cid is not None for event in events)
        self._counters.sends_repeated += len(stored) - stored.count(None) - len(events)


def _done(operation: Operation, stored: Sequence[Appended | None]) -> None:
    try:
        operation.done(stored)
    except Exception:  # as above; the others have to hear of theirs
        logger.exception("an operation that was stored could not be answered")
