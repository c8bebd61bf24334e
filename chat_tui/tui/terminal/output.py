"""Writes to the terminal in a thread of its own, for a terminal may take its time or stop reading for ever.

The rest of the program never waits for it: while the terminal is behind, whole drawings are left out, and it
is told when one may be made anew. Knows nothing of what is written.
"""

import os
import threading
from collections.abc import Callable

BACKLOG_BYTES = 2**20
"""What may wait for a terminal: several pictures of a large one. What comes beyond that is left out."""

STOP_SECONDS = 1.0
"""How long to wait at the end for a terminal that reads slowly: its last sequences put it back."""


class Output(threading.Thread):
    """`lost` is called when writing fails, `caught_up` when all is written after something was left out; both
    in this thread."""

    def __init__(
        self, fileno: int, encoding: str, lost: Callable[[], None], caught_up: Callable[[], None]
    ) -> None:
        super().__init__(name="terminal output", daemon=True)
        self._fileno = fileno
        self._encoding = encoding
        self._lost = lost
        self._caught_up = caught_up
        self._waiting: list[bytes] = []
        self._size = 0
        self._left_out = False
        self._stopping = False
        self._changed = threading.Condition()

    def write(self, text: str) -> None:
        """Have it written soon, unless too much waits already."""
        data = text.encode(self._encoding, "replace")
        with self._changed:
            if self._size and self._size + len(data) > BACKLOG_BYTES:
                self._left_out = True
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify()

    def stop(self) -> None:
        """Write what waits, if the terminal takes it, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join(STOP_SECONDS)

    def run(self) -> None:
        """Write until stopped, or until the terminal is gone."""
        try:
            while (data := self._next()) is not None:
                self._write(data)
                self._written(len(data))
        except OSError:  # EIO: nobody has the other end any more
            self._lost()

    def _next(self) -> bytes | None:
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            data, self._waiting = b"".join(self._waiting), []
            return data or None

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fileno, rest) :]

    def _written(self, size: int) -> None:
        with self._changed:
            self._size -= size
            behind, self._left_out = self._left_out and not self._size, self._left_out and self._size > 0
        if behind:
            self._caught_up()
