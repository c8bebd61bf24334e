"""What is written when somebody causes the same line again and again."""

import io
import logging
from collections.abc import Iterator

import pytest

from server import log_handler
from server.log_handler import BoundedHandler
from server.logs import TextFormatter
from tests.support.inprocess import Clock


class Written:
    """A logger that writes as the server does; `clock` is the one it goes by."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stream = io.StringIO()
        self.handler = BoundedHandler(self.stream, self.clock.monotonic)
        self.handler.setFormatter(TextFormatter())
        self.logger = logging.Logger("server.test")  # noqa: LOG001  # nobody else's
        self.logger.addHandler(self.handler)

    def lines(self) -> list[str]:
        """What was written since this was asked last, without its time."""
        lines = self.stream.getvalue().splitlines()
        self.stream.seek(0)
        self.stream.truncate()
        return [line.partition(",")[2][4:] for line in lines]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    monkeypatch.setattr(log_handler, "SUMMARY_SECONDS", 3600)
    one = Written()
    yield one
    one.handler.close()


def refuse(written: Written, count: int, address: str = "192.0.2.1") -> None:
    for _ in range(count):
        written.logger.info("login refused", extra={"address": address})


def test_one_address_causes_few_lines_and_the_rest_is_counted(written: Written) -> None:
    burst = log_handler.PER_ADDRESS[0]
    refuse(written, 1_000)
    assert written.lines() == ["INFO server.test: login refused address=192.0.2.1"] * burst
    refuse(written, 1, "192.0.2.2")
    assert written.lines() == ["INFO server.test: login refused address=192.0.2.2"]
    written.logger.info("login", extra={"address": "192.0.2.1"})
    assert written.lines() == ["INFO server.test: login address=192.0.2.1"]
    written.handler.summarize()
    assert written.lines() == [f"INFO server.test: login refused: … {1_000 - burst:,} more"]
    written.handler.summarize()
    assert written.lines() == []
    written.clock.seconds += 10
    refuse(written, 10)
    assert len(written.lines()) == 2


def test_a_network_of_ipv6_is_one_address(written: Written) -> None:
    for number in range(1000):
        refuse(written, 1, f"2001:db8::{number:x}")
    assert len(written.lines()) == log_handler.PER_ADDRESS[0]


def test_many_addresses_cause_few_lines_in_sum(written: Written) -> None:
    for number in range(2_000):
        refuse(written, 1, f"10.0.{number // 256}.{number % 256}")
    assert len(written.lines()) == log_handler.IN_SUM[0]
    written.handler.close()
    assert written.lines() == [f"INFO server.test: login refused: … {2_000 - log_handler.IN_SUM[0]:,} more"]


def test_a_bug_that_somebody_meets_again_and_again_shows_its_trace_a_few_times(written: Written) -> None:
    for _ in range(1000):
        try:
            int("a bug")
        except ValueError:
            written.logger.exception("a %s request failed", "Send")
    assert written.stream.getvalue().count("ValueError: invalid") == log_handler.TRACES[0]
    written.lines()
    written.handler.summarize()
    assert written.lines() == ["ERROR server.test: a %s request failed: … 980 more"]


def test_what_was_left_out_is_told_by_itself(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_handler, "SUMMARY_SECONDS", 0)
    refuse(written, log_handler.PER_ADDRESS[0] + 1)
    timer = written.handler._timer
    if timer is not None:
        timer.join()
    assert written.lines()[-1] == "INFO server.test: login refused: … 1 more"
