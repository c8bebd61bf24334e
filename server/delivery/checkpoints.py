"""Emptying the store's write-ahead log in time, so that what was deleted is in no file any more.

What a deletion overwrites in the database stays in the log as it was, until that is emptied. Most of the
work, bringing pages into the database, is done in a thread of its own while others write and read; the
writer only waits for what came meanwhile. Knows the log's port and the writer; nothing of SQL.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from server.delivery.writer import Writer
from server.errors import StorageError
from server.store.base import Log

logger = logging.getLogger(__name__)

SECONDS = 20
"""Between two times. What is deleted shall be gone within 60 s, and who reads may have to be waited for."""

BYTES = 16 * 1024 * 1024
"""Of the log, with which it is emptied sooner: readers look for each page in it first, and a start after a
crash reads all of it."""

LATE_SECONDS = 60
"""Between two warnings that the log can't be emptied."""


class Checkpoints:
    """See the module. `look` has to be called once a second or so."""

    def __init__(self, log: Log, writer: Writer) -> None:
        self._log = log
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._emptying: asyncio.Task[None] | None = None
        self._emptied: float | None = None
        self._warned = 0.0

    def look(self, now: float) -> None:
        """Empty the log if it is time to."""
        size = self._log.write_ahead_bytes()
        if self._emptied is None or not size:
            self._emptied = self._warned = now
        due = now - self._emptied >= SECONDS or size >= BYTES
        if size and due and (self._emptying is None or self._emptying.done()):
            self._emptying = asyncio.create_task(self._empty_at(now))

    async def _empty_at(self, now: float) -> None:
        try:
            done = await self.empty()
        except StorageError as error:
            done = False
            logger.warning("the write-ahead log could not be emptied: %s", error)
        if done:
            self._emptied = self._warned = now
        elif now - self._warned >= LATE_SECONDS:
            self._warned = now
            logger.warning(
                "another program has been reading the database for a minute: until it ends, what was deleted "
                "meanwhile stays in the write-ahead log"
            )

    async def empty(self) -> bool:
        """Empty it now; False if another program reads what was before. Raises `StorageError`."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._log.checkpoint)
        if await self._writer.between(self._log.empty_write_ahead):
            return True
        # Our own readers may be in the middle of something, and with many of them there is always one.
        await loop.run_in_executor(self._thread, self._log.pause_reading)
        try:
            return await self._writer.between(self._log.empty_write_ahead)
        finally:
            self._log.resume_reading()

    async def close(self) -> None:
        """End in order; closing the store empties its log."""
        if self._emptying is not None:
            await asyncio.wait((self._emptying,))
        self._thread.shutdown()
