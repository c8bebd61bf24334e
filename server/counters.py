"""What the server counts while it works: plain numbers, read by `metrics` when somebody asks.

Counting has to cost next to nothing: it is done once per batch, per write or per request, never per
message and member. Each number is changed by one thread alone; whoever reads them may see one of two numbers
that belong together a moment before the other. Knows nothing of who counts or who reads.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

DURATIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds: from an fsync of a good disk to what people would call hanging."""

SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500)
"""Events in a batch; `writer.BATCH` is the end."""


class Histogram:
    """How many values there were up to each of `bounds`, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Counters:
    """All of them, from the start of the process on."""

    # Sessions. Errors are answers, byes are connections that the server ended; both by code.
    connections: int = 0
    connections_refused: int = 0
    logins: int = 0
    logins_refused: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    byes: Counter[str] = field(default_factory=Counter)
    fell_behind: int = 0
    stalled: int = 0
    cut: int = 0

    # Messages.
    events: int = 0
    sends: int = 0
    sends_repeated: int = 0
    deliveries: int = 0
    searches: int = 0
    writes: int = 0
    written_bytes: int = 0

    # The store. Failures are batches and reads that it refused.
    commit_seconds: Histogram = field(default_factory=lambda: Histogram(DURATIONS))
    batch_size: Histogram = field(default_factory=lambda: Histogram(SIZES))
    queue_wait_seconds: Histogram = field(default_factory=lambda: Histogram(DURATIONS))
    read_seconds: Histogram = field(default_factory=lambda: Histogram(DURATIONS))
    store_failures: int = 0
