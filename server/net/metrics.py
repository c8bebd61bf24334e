"""What Prometheus is told: the counters, and how things are at this moment.

Everything is worked out when it is asked for, so between two questions it costs nothing. Knows the server
context, and prometheus-client, which nothing else loads."""

from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from server import __version__
from server.context import ServerContext
from server.counters import Histogram
from server.delivery.subscriber import Phase

# The field of `Counters` behind each, and what it counts.
_COUNTERS = (
    ("connections", "Connections that came."),
    ("connections_refused", "Connections that were one too many of their address."),
    ("logins", "Logins."),
    ("logins_refused", "Logins that were refused."),
    ("fell_behind", "Times that a session read too slowly and its queue was dropped."),
    ("stalled", "Connections that were cut because they took nothing at all."),
    ("cut", "Connections that were cut for what waited on them, those included."),
    ("events", "Events that were stored."),
    ("sends", "Messages that were stored."),
    ("sends_repeated", "Messages that had been stored before and were sent again."),
    ("deliveries", "Events times the sessions they were written to."),
    ("searches", "Searches that were carried out."),
    ("writes", "Writes to sessions."),
    ("written_bytes", "Bytes written to sessions."),
    ("store_failures", "Batches and reads that the store refused."),
)
_HISTOGRAMS = (
    ("commit_seconds", "Seconds that the store took for a batch, with its fsync."),
    ("batch_size", "Entries in a batch."),
    ("queue_wait_seconds", "Seconds that the oldest request of a batch had waited for its turn."),
    ("read_seconds", "Seconds that the store took for a read."),
)


class Metrics:
    """The text for Prometheus about one server."""

    def __init__(self, server: ServerContext) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Figures(server))
        ProcessCollector(registry=self._registry)  # processor time, memory, open files; on Linux

    def text(self) -> bytes:
        """Everything, as it is now."""
        return generate_latest(self._registry)


class _Figures(Collector):
    def __init__(self, server: ServerContext) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """See prometheus-client."""
        yield InfoMetricFamily("chat_server", "What runs here.", {"version": __version__})
        yield from self._now()
        counters = self._server.counters
        for name, what in _COUNTERS:
            yield CounterMetricFamily(f"chat_{name}", what, getattr(counters, name))
        yield _by_code("chat_errors", "Requests that were refused, by code.", counters.errors)
        yield _by_code("chat_byes", "Connections that the server ended with a bye, by code.", counters.byes)
        for name, what in _HISTOGRAMS:
            histogram: Histogram = getattr(counters, name)
            yield HistogramMetricFamily(f"chat_{name}", what, _buckets(histogram), histogram.total)

    def _now(self) -> Iterator[Metric]:
        server = self._server
        sessions = GaugeMetricFamily("chat_sessions", "Open connections.", labels=["phase"])
        phases = Counter(session.phase for session in server.sessions)
        for phase in Phase:
            sessions.add_metric([phase.name.lower()], phases[phase])
        yield sessions
        disk = server.quotas.disk
        if disk is not None and disk.free is not None:
            free = "Bytes that are free on the disk of the store."
            yield GaugeMetricFamily("chat_disk_free_bytes", free, disk.free)
            low = "1 while that is so few that only administrators can store anything."
            yield GaugeMetricFamily("chat_disk_low", low, disk.low)
        behind = sum(session.lagging for session in server.sessions)
        for name, what, value in (
            ("sessions_behind", "Sessions that are left out because they read too slowly.", behind),
            ("users_online", "Users with a session.", len(server.hub.online())),
            ("users", "Users.", len(server.state.users)),
            ("rooms", "Rooms.", len(server.state.rooms)),
            ("requests_waiting", "Requests that wait to be stored.", server.writer.waiting),
        ):
            yield GaugeMetricFamily(f"chat_{name}", what, value)


def _by_code(name: str, what: str, counts: Counter[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, what, labels=["code"])
    for code, count in sorted(counts.items()):
        family.add_metric([code], count)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))
