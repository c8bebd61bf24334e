"""The handler that writes the log: what strangers and members can cause again and again is written so often,
and then counted.

Each kind of line - the fixed words of its call - has a rate for each address and one in sum, those with a
trace a low one. What was left out is told in a line of its own: `login refused: … 1,204 more`. Files and
their rotation are for whoever collects standard error. Knows nothing of what is logged.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import TextIO

from server.limits.throttle import Buckets, address_key

SUMMARY_SECONDS = 10.0
"""How long lines are counted before it is told how many were left out."""

PER_ADDRESS = (20, 0.2)
"""Lines of one kind about one address: at once, and then in each second."""

IN_SUM = (500, 5)
"""Lines of one kind: when all come back after an outage, and at most some 100 MB a day."""

TRACES = (20, 0.1)
"""Lines of one kind with a trace, which has some thousand bytes: the first ones say it all."""


class BoundedHandler(logging.StreamHandler[TextIO]):
    """See the module."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._clock = clock
        self._addresses = Buckets(*PER_ADDRESS)
        self._lines = Buckets(*IN_SUM)
        self._traces = Buckets(*TRACES)
        self._left_out: Counter[tuple[str, int, str]] = Counter()
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or count it."""
        if self._due(record):
            super().emit(record)
            return
        self._left_out[record.name, record.levelno, str(record.msg)] += 1
        if self._timer is None:
            self._timer = threading.Timer(SUMMARY_SECONDS, self.summarize)
            self._timer.daemon = True
            self._timer.start()

    def _due(self, record: logging.LogRecord) -> bool:
        kind, now = f"{record.name} {record.msg}", self._clock()
        address = getattr(record, "address", None)
        if address is not None:
            where = address_key(str(address))
            if self._addresses.take(f"{where} {kind}", now) > 0:
                return False
        return (self._traces if record.exc_info else self._lines).take(kind, now) == 0

    def summarize(self) -> None:
        """Tell how many lines were left out since this was told last."""
        self.acquire()
        try:
            self._timer = None
            for (name, level, kind), count in self._left_out.items():
                line = logging.LogRecord(name, level, "", 0, "%s: … %s more", (kind, f"{count:,}"), None)
                super().emit(line)
            self._left_out.clear()
        finally:
            self.release()

    def close(self) -> None:
        """Tell the rest; `logging` calls this at the end of the program."""
        if self._timer is not None:
            self._timer.cancel()
        self.summarize()
        super().close()
