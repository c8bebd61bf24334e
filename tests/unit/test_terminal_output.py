"""Writing to a terminal that reads slowly, or not at all, or is gone: a real pipe stands for it."""

import os
import threading
from collections.abc import Iterator

import pytest

from chat_tui.tui.terminal import output
from chat_tui.tui.terminal.output import BACKLOG_BYTES, Output
from tests.support.waiting import SECONDS


class Slow:
    """The other end, which reads when it is told to, and what was heard of the thread."""

    def __init__(self) -> None:
        self.reads, self._writes = os.pipe()
        self.lost, self.caught_up = threading.Event(), threading.Event()
        self.output = Output(self._writes, "utf-8", self.lost.set, self.caught_up.set)
        self.output.start()

    def read(self, wanted: int) -> bytes:
        """So many bytes."""
        data = b""
        while len(data) < wanted:
            data += os.read(self.reads, wanted - len(data))
        return data

    def hang_up(self) -> None:
        """Nobody reads any more."""
        os.close(self.reads)
        self.reads = -1

    def close(self) -> None:
        """Have the thread end."""
        if self.reads >= 0:
            self.hang_up()
        self.output.stop()
        os.close(self._writes)


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.close()


def test_all_is_written_in_its_order(slow: Slow) -> None:
    slow.output.write("één ")
    slow.output.write("two")
    assert slow.read(9) == "één two".encode()
    slow.output.stop()
    assert not slow.output.is_alive()


def test_what_a_slow_terminal_holds_up_is_bounded_and_drawn_anew_later(slow: Slow) -> None:
    picture = "x" * 100_000
    for _ in range(100):  # ten times what may wait; none of these waits for the terminal
        slow.output.write(picture)
    assert slow.output._size <= BACKLOG_BYTES
    assert not slow.caught_up.is_set()
    whole = slow.output._size // len(picture)
    assert slow.read(whole * len(picture)) == b"x" * (whole * len(picture))
    assert slow.caught_up.wait(SECONDS)
    slow.output.write("again")
    assert slow.read(5) == b"again"


def test_one_picture_of_any_size_is_written(slow: Slow) -> None:
    slow.output.write("y" * (2 * BACKLOG_BYTES))
    assert len(slow.read(2 * BACKLOG_BYTES)) == 2 * BACKLOG_BYTES
    assert not slow.lost.is_set()


def test_a_terminal_that_is_gone_is_noticed(slow: Slow) -> None:
    slow.hang_up()
    slow.output.write("to nobody")
    assert slow.lost.wait(SECONDS)
    slow.output.join(SECONDS)
    slow.output.write("nor this")
    slow.output.stop()


def test_stopping_does_not_wait_for_one_that_reads_no_more(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "STOP_SECONDS", 0.01)
    slow.output.write("x" * 500_000)
    slow.output.stop()
    assert slow.output.is_alive()
