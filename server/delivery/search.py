"""Searching what was said: who may find what, how much of it at a time, and keeping the index up.

Messages are stored first and indexed later, between what the writer commits: a step at a time, so that no
send waits for it, and quickly when somebody searches. Searches have a thread of their own, so that one
that takes long keeps only other searches waiting, and those not for ever: each is stopped after a while, and
`search_queue` says whose is next. Knows the log's port, the writer and the state; nothing of SQL or sessions.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from protocol import errors, frames, words
from server.counters import Counters
from server.delivery.search_queue import SearchQueue
from server.delivery.writer import Writer
from server.errors import RefusedError, StorageError
from server.limits.throttle import Buckets, address_key
from server.state import permissions
from server.state.model import State, User
from server.state.permissions import Action
from server.state.visibility import rooms_of
from server.store.base import Log, SearchCursor, SearchQuery

logger = logging.getLogger(__name__)

STEP = 250
"""Events indexed at once: 5 to 10 ms, in which the sends of others gather."""

CATCH_UP = 20
"""Steps that a search waits for, at most: what was said in the last second is among them but on the busiest
server."""

BUSY_SECONDS = 1.0
"""Between two steps while others wait to have something stored."""

SECONDS = 1.0
"""One search takes no longer than this. A usual one takes a few ms."""

BURST, PER_SECOND = 20, 1.0
"""Searches of one user: at once, and then in each second."""


class Searching:
    """See the module. `limited`: users may not search as often as they like."""

    def __init__(
        self,
        log: Log,
        writer: Writer,
        state: State,
        counters: Counters,
        monotonic: Callable[[], float],
    ) -> None:
        self.limited = True
        self._log = log
        self._writer = writer
        self._state = state
        self._counters = counters
        self._monotonic = monotonic
        self._buckets = Buckets(BURST, PER_SECOND)
        self._queue = SearchQueue(monotonic)
        self._thread = ThreadPoolExecutor(1, "searcher")
        self._indexing: asyncio.Task[None] | None = None
        self._indexed = -1

    # --- finding

    async def search(self, user: User, address: str, request: frames.Search) -> frames.SearchResult:
        """What `user`, who asks from `address`, may find. Raises `RefusedError`."""
        self._check_rate(user)
        wanted = self._wanted(user, request)
        try:
            async with self._queue.turn(user.id, address_key(address)):
                behind = await self._catch_up()
                work = partial(self._log.search, wanted, SECONDS)
                found = await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except StorageError as error:
            self._counters.store_failures += 1
            logger.error("a search failed: %s", error)  # noqa: TRY400  # the text says it all
            raise RefusedError(errors.STORAGE, str(error)) from error
        self._counters.searches += 1
        # Who was removed from a room while we looked is shown nothing of it.
        events = [event for event in found.events if event.room in user.rooms]
        edits = [event for event in found.edits if event.room in user.rooms]
        cursor = "" if found.end is None else _cursor(found.end)
        return frames.SearchResult(events, edits, cursor, behind, found.stopped)

    def _check_rate(self, user: User) -> None:
        if self.limited and (wait := self._buckets.take(user.id, self._monotonic())) > 0:
            text = "that is faster than a search a second"
            raise RefusedError(errors.RATE_LIMITED, text, retry_after=int(wait * 1000) + 1)

    def _wanted(self, user: User, request: frames.Search) -> SearchQuery:
        rooms = [request.room] if request.room else sorted(rooms_of(user))
        if request.room:
            permissions.require(self._state, user, request.room, Action.HISTORY)
        sender = permissions.require_user(self._state, request.sender).id if request.sender else 0
        given = [words.term_of(text, phrase=False) for text in request.words]
        given += [words.term_of(text, phrase=True) for text in request.phrases]
        terms = [term for term in given if term is not None]
        if len(terms) < len(given):
            raise RefusedError(
                errors.BAD_FRAME, "signs alone can't be searched for: give words or numbers", field="words"
            )
        if not terms and not sender:
            raise RefusedError(
                errors.BAD_FRAME, "search for a word, or for what somebody said", field="words"
            )
        return SearchQuery(
            rooms, terms, request.limit, sender, request.after, request.before,
            _spot(request.cursor) if request.cursor else None,
            frozenset(user.ignored),
        )  # fmt: skip

    async def _catch_up(self) -> bool:
        """Index what was said last; whether there is still something that is not."""
        try:
            for _ in range(CATCH_UP):
                if not await self._writer.between(partial(self._log.index, STEP)):
                    return False
        except StorageError as error:
            logger.warning("messages could not be indexed: %s", error)
        return True

    # --- the index

    def look(self, now: float) -> None:  # noqa: ARG002  # as all that is called there
        """Once a second or so: index what has come since, beside the rest."""
        if self._indexing is not None and not self._indexing.done():
            return
        if self._counters.events != self._indexed:
            self._indexed = self._counters.events
            self._indexing = asyncio.create_task(self._keep_up())

    async def _keep_up(self) -> None:
        """Take step after step, and half of the time none: this has no hurry."""
        try:
            began = self._monotonic()
            while await self._writer.between(partial(self._log.index, STEP)):
                took = self._monotonic() - began
                await asyncio.sleep(BUSY_SECONDS if self._writer.waiting else took)
                began = self._monotonic()
        except StorageError as error:
            logger.warning("the index of messages could not be written: %s", error)

    async def close(self) -> None:
        """Index no more; the next start goes on."""
        if self._indexing is not None:
            self._indexing.cancel()
            with suppress(asyncio.CancelledError):
                await self._indexing
        self._thread.shutdown()


def _cursor(spot: SearchCursor) -> str:
    return f"{-spot.age} {-spot.back} {spot.room}"


def _spot(cursor: str) -> SearchCursor:
    time, _, rest = cursor.partition(" ")
    seq, _, room = rest.partition(" ")
    if not (time.isascii() and time.isdecimal() and seq.isascii() and seq.isdecimal()):
        raise RefusedError(errors.BAD_FRAME, "this is no cursor of a search", field="cursor")
    return SearchCursor(-int(time), room, -int(seq))
