"""Whether there is room left on the disk: below a floor only administrators may have something stored, so
that they can still delete, prune and shut out whoever filled it.

Looks every few seconds, in a thread, for a disk may not answer. Knows the folder, not what is in it.
"""

import asyncio
import logging
import shutil
from pathlib import Path

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Between two looks: a good disk takes some GB in that time, a server's clients a few hundred MB."""

ENOUGH = 1.25
"""Times the floor that has to be free until members may go on: it should not be said every few seconds."""


class DiskSpace:
    """See the module. `free` are the bytes that were free at the last look, None if that is not known."""

    def __init__(self, folder: Path, floor: int) -> None:
        self.floor = floor
        self.free: int | None = None
        self.low = False
        self._folder = folder
        self._looking: asyncio.Task[None] | None = None
        self._looked = float("-inf")

    def measure(self) -> None:
        """Look now; this may block."""
        try:
            self.free = shutil.disk_usage(self._folder).free
        except OSError as error:
            self.free = None
            logger.warning("the room on the disk can't be found out: %s", error)

    def decide(self) -> None:
        """Draw the conclusion from the last look; what changes is logged once."""
        if self.free is None:
            return
        low = self.free < self.floor * (ENOUGH if self.low else 1)
        if low != self.low:
            self.low = low
            fields = {"free": self.free, "floor": self.floor}
            if low:
                logger.error("the disk is nearly full: only administrators can store anything", extra=fields)
            else:
                logger.warning("there is room on the disk again", extra=fields)

    def look(self, now: float) -> None:
        """Once a second or so: look beside the rest, when it is time."""
        if now - self._looked >= LOOK_SECONDS and (self._looking is None or self._looking.done()):
            self._looked = now
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        await asyncio.to_thread(self.measure)
        self.decide()
