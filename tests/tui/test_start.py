"""The first picture, in a real terminal: what is typed at it is not lost, and it leaves nothing behind."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui import splash
from protocol import frames
from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, Terminal, environment

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind"
)

Start = Callable[..., Terminal]


@pytest.fixture
async def start(home: Path) -> AsyncIterator[Start]:
    """Start the program in a terminal; ends what was started."""
    opened: list[Terminal] = []

    def start_one(*arguments: str) -> Terminal:
        opened.append(Terminal((*PROGRAM, *arguments), environment(home)))
        return opened[-1]

    yield start_one
    for terminal in opened:
        terminal.close()


async def first_picture(terminal: Terminal) -> None:
    """Come back when it is there, and nothing else."""
    await terminal.until(lambda: "chat-tui starts" in terminal.text, "the first picture")
    assert b"\x1b[?1004h" not in terminal.raw, "the screen itself came sooner"


async def test_what_is_typed_at_the_first_picture_is_written(start: Start, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    terminal = start("--server", str(server.address), "--name", "alice")
    await first_picture(terminal)
    terminal.type("früh\x1b[Dx")
    assert "früh" not in terminal.text, "the terminal itself has echoed it"
    await terminal.sees("● alice on")
    await terminal.sees("früxh")
    terminal.type("\r")
    while (come := await bob.event()).kind != frames.MESSAGE:
        assert come.kind == frames.JOIN
    assert "früxh".encode() in come.body
    terminal.type("\x11")
    assert await terminal.ended() == 0
    assert terminal.left_on() == []


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
async def test_the_first_picture_goes_when_the_program_is_stopped(
    start: Start, number: signal.Signals, status: int
) -> None:
    terminal = start("--name", "alice", "--server", "127.0.0.1:1")
    await first_picture(terminal)
    terminal.signal(number)
    assert await terminal.ended() == status
    assert terminal.left_on() == []
    assert "Traceback" not in terminal.text


async def test_an_error_is_said_after_the_first_picture(start: Start) -> None:
    terminal = start("--name", "no\tname")
    await first_picture(terminal)
    assert await terminal.ended() == 2
    assert terminal.left_on() == []
    assert terminal.raw.rfind(b"chat-tui: argument --name") > terminal.raw.rfind(b"\x1b[?1049l")


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("", True),
        ("--name ann", True),
        ("--name=ann --server h:1", True),
        ("chat://h/#r", True),
        ("open chat://h/#r", True),
        ("--name ann CHAT://h", True),
        ("--help", False),
        ("--version", False),
        ("open --help", False),
        ("send #r text", False),
        ("--name ann follow #r", False),
        ("--unknown", False),
    ],
)
def test_when_there_is_a_first_picture(line: str, *, fits: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal, Path(os.devnull).open() as elsewhere:
        monkeypatch.setattr(sys, "stdin", terminal)
        monkeypatch.setattr(sys, "stderr", terminal)
        assert splash.fits(line.split()) is fits
        monkeypatch.setattr(sys, "stderr", elsewhere)
        assert not splash.fits(line.split())
        monkeypatch.undo()
    os.close(ours)
