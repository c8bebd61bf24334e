"""Textual's driver for a terminal: how much it reads at once, and how large a screen it believes in."""

import asyncio
import fcntl
import os
import signal
import struct
import sys
from collections.abc import AsyncIterator

import pytest
from textual.app import App

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals of this kind", allow_module_level=True)

import termios

from chat_tui.tui.terminal import driver
from chat_tui.tui.terminal.driver import LARGEST, TerminalDriver


@pytest.fixture
async def terminal() -> AsyncIterator[tuple[int, TerminalDriver]]:
    """The other end of a terminal, and its driver, which has not taken it."""
    ours, theirs = os.openpty()
    made = TerminalDriver(App())
    made._input = made._drawn_on = theirs
    attributes = termios.tcgetattr(theirs)
    attributes[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    yield ours, made
    for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT):
        asyncio.get_running_loop().remove_signal_handler(number)
    os.close(ours)
    os.close(theirs)


async def test_so_much_is_read_at_once(
    terminal: tuple[int, TerminalDriver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "READ_BYTES", 100)
    monkeypatch.setattr(driver, "READS", 4)
    ours, made = terminal
    os.write(ours, b"x" * 1000)
    assert [len(made._read_all()[0]) for _ in range(3)] == [400, 400, 200]


async def test_no_screen_is_larger_than_any_is(terminal: tuple[int, TerminalDriver]) -> None:
    ours, made = terminal
    for columns, lines, measured in ((80, 24, (80, 24)), (65535, 65535, LARGEST), (0, 0, (80, 24))):
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        assert made._measured() == measured
