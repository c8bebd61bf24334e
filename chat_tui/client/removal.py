"""Emptying the write-ahead log of a file of ours, a while after something was removed from it.

What a removal overwrites in the database stays in the log as it was, until that is emptied. It is done in a
thread of its own, so that no key waits for the disk.
"""

import asyncio
import logging
from contextlib import closing
from pathlib import Path

from common import database

logger = logging.getLogger(__name__)

SECONDS = 20
"""After the first removal. What is deleted shall be gone within 60 s, and another client of this person's
may be reading at the first try."""

BUSY_MS = 1000


class LogEmptier:
    """Empties the log of one database; `removed` has to be called when something was."""

    def __init__(self, path: Path | None) -> None:
        """`path` None: the database is in memory only."""
        self._path = path
        self._timer: asyncio.TimerHandle | None = None
        self._emptying: asyncio.Task[None] | None = None

    def removed(self) -> None:
        """Something was removed: its trace shall be gone soon. Without a loop it is when the file is
        closed."""
        if self._path is None or self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._timer = loop.call_later(SECONDS, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._emptying = asyncio.create_task(self.empty())

    async def empty(self) -> None:
        """Empty it now; if another program reads what was before, a while later."""
        if self._path is None:
            return
        try:
            done = await asyncio.to_thread(_empty, self._path)
        except database.Error as error:  # who writes to the database is told of it
            logger.warning("the write-ahead log of %s could not be emptied: %s", self._path, error)
            done = False
        if not done:
            self.removed()

    def close(self) -> None:
        """No more of it. To be called before the database is closed, which then has to be emptied."""
        if self._timer is not None:
            self._timer.cancel()


def _empty(path: Path) -> bool:
    with closing(database.connect(path, create=False, busy_ms=BUSY_MS)) as connection:
        database.checkpoint(connection)  # most of it, while others may write
        return database.empty_log(connection)
