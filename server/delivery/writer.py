"""The one writer: takes what waits from all sessions and commits it in one transaction.

Group commit. While a batch is on its way to the disk, in a thread, the loop goes on and the next batch
gathers, so the batch grows with the load by itself and one fsync serves all of it. Order needs no locks,
because nobody else writes. Users take turns (see `fair_queue`), each one's own operations in their order, and
no user gets more than a share of a batch: however many operations somebody brings, another one's goes into
the next batch.

Whatever there is shares a batch. Each operation is planned against the state as those before it in the batch
leave it: its changes are applied while the batch is planned, and all of them are taken back in the same step
of the loop, before anybody else looks. So nobody ever sees what is not stored, an operation that fails to be
stored leaves nothing to clean up, and there is one state and not two, in which every user and every room is
one object. That it is applied a second time, when it is stored, is the price; what is merely said costs no
more than counting in both. For the same reason nobody is told of a refusal before its batch is stored: it
may be due to an operation that never will be.

Whether a cid is known only the log can say, and it says so instead of storing the batch: its operations are
then planned once more, in the knowledge of that.

Knows the log's port, the state and the hub; nothing of sockets.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import msgspec

from protocol import errors, frames
from protocol.frames import Event, Result
from server.counters import Counters
from server.delivery.fair_queue import FairQueue
from server.errors import RefusedError, StorageError
from server.state.apply import apply
from server.state.entries import Draft, Entry
from server.state.model import SERVER_LOG, State
from server.state.operation import DONE, SERVER, Operation, R
from server.state.records import keep
from server.store.base import Log, RepeatedError

logger = logging.getLogger(__name__)

BATCH = 4096
"""Messages in one transaction, at most, but for its last operation: about 25 ms of SQLite's time, so that
acks keep flowing. What is no message costs more, see below."""

BATCH_BYTES = 512 * 1024
"""Bytes of bodies in one transaction, but for its last operation. A batch is one block for each member of its
room, so this also bounds by how much a peer's queue can pass its high water."""

SHARE = BATCH // 4
"""Of one user in a batch, but for their last operation in it."""

WAITING_BYTES = 32 * 1024 * 1024
"""Of all operations that wait, see `Operation.size`: some seconds of work. Beyond it those who have most of
them waiting are told to come again, until a quarter is free, so that it is not looked for again and again."""

BUSY_MS = 1000
"""When they may: by then it is stored."""

CHANGE_COST = 8
"""What an event that changes users or rooms, or a record, counts for in BATCH: it has SQL of its own."""

_BUG = RefusedError(errors.INTERNAL, "the server failed at this; it goes on")
_BUSY = RefusedError(
    errors.RATE_LIMITED,
    "more was sent than the server can store at this moment, most of it by you: try again in 1 s",
    retry_after=BUSY_MS,
)

W = TypeVar("W")

Settled = Callable[[Any], None]
"""Gets the outcome of an operation: its result, or the `RefusedError`. In the same tick as members are told,
so that whoever sent something has the event and the answer in one write."""

_Submitted = tuple[Operation[Any], Settled]

Cid = tuple[int, str]
"""A user, and what they call a send."""


@dataclass(slots=True)
class _Planned:
    """An operation in a batch: what is to be stored of it, or as what it is known, or why it is refused."""

    operation: Operation[Any]
    settled: Settled
    entries: Sequence[Entry] = ()
    result: Result = DONE
    known: Event | None = None
    refusal: RefusedError | None = None


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
        self._waiting: FairQueue[_Submitted] = FairQueue()
        self._waiting_bytes = 0
        self._since = 0.0
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "writer")

    def submit(self, operation: Operation[R], settled: Callable[[R | RefusedError], None]) -> None:
        """Have the operation stored; `settled` is called once, later."""
        if not self._waiting:
            self._since = perf_counter()
        self._waiting.put(operation.user, (operation, settled))
        self._waiting_bytes += operation.size
        if self._waiting_bytes > WAITING_BYTES:
            self._shed()
        if not self._busy:
            self._busy = True
            self._idle.clear()
            # At the end of this tick, so that what other sockets bring in it goes along.
            self._loop.call_soon(self._next_batch)

    def _shed(self) -> None:
        much = self._waiting_bytes - WAITING_BYTES * 3 // 4
        gone = self._waiting.shed(much, lambda submitted: submitted[0].size, SERVER)
        self._waiting_bytes -= sum(operation.size for operation, _ in gone)
        if gone:  # who has just submitted one may not be told yet
            self._loop.call_soon(self._answer, [_Planned(*one, refusal=_BUSY) for one in gone], [])

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

    async def between(self, work: Callable[[], W]) -> W:
        """Run `work` in the writer's thread, between two batches: it changes the store, but no state."""
        return await self._loop.run_in_executor(self._thread, work)

    async def aside(self, work: Callable[[], W]) -> W:
        """The same for work that nobody waits for, one small step of it; then wait for as long as it took.
        So half of the writer's time is left for what people send, however much there is to do."""
        took = 0.0

        def timed() -> W:
            nonlocal took
            began = perf_counter()
            try:
                return work()
            finally:
                took = perf_counter() - began

        result = await self.between(timed)
        await asyncio.sleep(took)
        return result

    async def close(self) -> None:
        """Store what waits, then end the thread."""
        await self.drain()
        self._thread.shutdown()

    def _next_batch(self) -> None:
        while self._waiting:
            if self._commit(self._gather()):
                return
        self._busy = False
        self._idle.set()

    def _commit(self, planned: list[_Planned]) -> bool:
        """Have it stored; whether there was anything to store."""
        batch = [entry for one in planned for entry in one.entries]
        if batch:
            commit = self._loop.run_in_executor(self._thread, self._append, batch)
            commit.add_done_callback(partial(self._committed, planned))
        else:
            self._answer(planned, [])
        return bool(batch)

    def _append(self, batch: list[Entry]) -> list[Event | None]:
        """In the writer's thread."""
        began = perf_counter()
        try:
            return self._log.append(batch)
        finally:
            self._counters.commit_seconds.add(perf_counter() - began)
            self._counters.batch_size.add(len(batch))

    def _committed(self, planned: list[_Planned], commit: "asyncio.Future[list[Event | None]]") -> None:
        try:
            stored = commit.result()
        except RepeatedError as error:
            # Only these once more: what came meanwhile may repeat something too, and so on for ever.
            if self._commit(self._plan_again(planned, error.known)):
                return
        except StorageError as error:
            self._counters.store_failures += 1
            logger.error("a batch of %d was not stored: %s", len(planned), error)  # noqa: TRY400
            self._refuse(planned, RefusedError(errors.STORAGE, str(error)))
        except Exception:  # one operation must never end the others, whatever bug it met
            logger.exception("a batch of %d was not stored", len(planned))
            self._refuse(planned, _BUG)
        else:
            self._tell(planned, stored)
        self._next_batch()

    # --- planning

    def _gather(self) -> list[_Planned]:
        began = perf_counter()
        self._counters.queue_wait_seconds.add(began - self._since)
        self._since = began  # for what has to wait for another batch: near enough
        now, waiting = self._clock(), self._waiting
        planned: list[_Planned] = []
        cids: set[Cid] = set()
        shares: dict[int, int] = {}
        work = size = 0
        with self._state.trial():
            while work < BATCH and size < BATCH_BYTES and (taken := waiting.take()) is not None:
                user, (operation, settled) = taken
                self._waiting_bytes -= operation.size
                one = _plan(operation, settled, self._state, now)
                cid = _cid(one)
                if cid is not None and cid in cids:  # as what it is known shows when the first is stored
                    self._put_back([one])
                    waiting.hold(user)
                    continue
                planned.append(one)
                if cid is not None:
                    cids.add(cid)
                if (load := _foresee(self._state, one)) is None:
                    planned = self._alone(planned)
                    break
                cost, length = load
                work += cost
                size += length
                shares[user] = share = shares.get(user, 0) + cost
                if share >= SHARE:
                    waiting.hold(user)
        waiting.release()
        return planned

    def _plan_again(self, planned: list[_Planned], known: Mapping[Cid, Event]) -> list[_Planned]:
        """Now that it is known what of it is stored already."""
        now = self._clock()
        again: list[_Planned] = []
        with self._state.trial():
            for before in planned:
                one = _plan(before.operation, before.settled, self._state, now)
                again.append(one)
                cid = _cid(one)
                if cid is not None and cid in known:
                    one.entries, one.known = (), known[cid]
                if _foresee(self._state, one) is None:
                    self._put_back(planned[len(again) :])
                    return self._alone(again)
        return again

    def _alone(self, planned: list[_Planned]) -> list[_Planned]:
        """The last one of these, which can't be applied; the others are planned anew, in another batch."""
        self._put_back(planned[:-1])
        return planned[-1:]

    def _put_back(self, planned: Sequence[_Planned]) -> None:
        for one in reversed(planned):
            self._waiting.put_back(one.operation.user, (one.operation, one.settled))
            self._waiting_bytes += one.operation.size

    # --- telling

    def _refuse(self, planned: list[_Planned], refusal: RefusedError) -> None:
        """A batch was not stored. Operations of which nothing was to be stored are planned anew: what they
        would be told may have been due to the others."""
        self._put_back([one for one in planned if not one.entries])
        refused = [one for one in planned if one.entries]
        for one in refused:
            one.refusal = refusal
        self._answer(refused, [])

    def _tell(self, planned: list[_Planned], stored: list[Event | None]) -> None:
        events: list[Event] = []
        entries = [entry for one in planned for entry in one.entries]
        for entry, event in zip(entries, stored, strict=True):
            if event is not None:
                apply(self._state, event)
                events.append(event)
            elif not isinstance(entry, Draft):
                keep(self._state, entry)
        self._counters.events += len(events)
        self._counters.sends += sum(event.cid is not None for event in events)
        self._publish(events)
        self._answer(planned, stored)

    def _answer(self, planned: list[_Planned], stored: list[Event | None]) -> None:
        start = 0
        for one in planned:
            end = start + len(one.entries)
            outcome = self._outcome(one, stored[start:end])
            try:
                one.settled(outcome)
            except Exception:  # as above; the others have to hear of theirs
                logger.exception("an operation could not be answered")
            start = end

    def _outcome(self, one: _Planned, stored: Sequence[Event | None]) -> Result | RefusedError:
        if one.refusal is not None:
            return one.refusal
        try:
            if one.known is None:
                answer: Result = one.operation.result(one.result, stored)
            else:
                self._counters.sends_repeated += 1
                answer = one.operation.repeated(one.known)
        except RefusedError as error:
            return error
        except Exception:  # as above
            logger.exception("an operation has no answer")
            return _BUG
        return answer


def _plan(operation: Operation[Any], settled: Settled, state: State, now: int) -> _Planned:
    """What the operation comes to at this time."""
    operation = msgspec.structs.replace(operation, time=now)
    try:
        plan = operation.plan(state)
    except RefusedError as error:
        return _Planned(operation, settled, refusal=error)
    except Exception:  # one operation must never end the others, whatever bug it met
        logger.exception("a plan failed")
        return _Planned(operation, settled, refusal=_BUG)
    return _Planned(operation, settled, plan.entries, plan.result)


def _cid(planned: _Planned) -> Cid | None:
    """Under what the operation is known if it was stored before."""
    if len(planned.entries) != 1 or not isinstance(draft := planned.entries[0], Draft) or draft.cid is None:
        return None
    return draft.user, draft.cid


def _foresee(state: State, planned: _Planned) -> tuple[int, int] | None:
    """Change the state as it will be once this is stored; gives what it counts for in BATCH, and in
    BATCH_BYTES. None if there is a bug in that: it is refused then, and the state is of no use any more."""
    cost, size = 1, 0
    try:
        for entry in planned.entries:
            if not isinstance(entry, Draft):
                cost += CHANGE_COST
                keep(state, entry)
            elif entry.kind in frames.SENT:  # nothing but the head depends on it
                size += len(entry.body)
                room = state.rooms[entry.room]
                state.advance(room, room.head + 1)
            else:
                size += len(entry.body)
                cost += CHANGE_COST + _members_removed(state, entry)
                apply(state, _event(state, entry))
    except Exception:  # one operation must never end the others, whatever bug it met
        logger.exception("what was planned can't be applied")
        planned.entries, planned.refusal = (), _BUG
        return None
    return cost, size


def _members_removed(state: State, draft: Draft) -> int:
    room = state.rooms.get(draft.room)
    return len(room.members) if draft.kind == frames.DELETE_ROOM and room is not None else 0


def _event(state: State, draft: Draft) -> Event:
    """What the log will make of it."""
    if draft.room == SERVER_LOG:
        head = state.head
    else:
        room = state.rooms.get(draft.room)
        head = room.head if room is not None else 0
    return Event(
        draft.room, head + 1, draft.user, draft.sender, draft.kind, draft.time, draft.body, draft.cid,
        draft.target, draft.reply,
    )  # fmt: skip
