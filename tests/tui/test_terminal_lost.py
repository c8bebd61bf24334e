"""The terminal goes away: so does the program, with the status of a hang-up and the draft kept."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui import config
from chat_tui.client.outbox import Outbox
from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, Terminal, environment
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind"
)

Open = Callable[..., Terminal]

UNTOLD = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_IGN)
fcntl.ioctl(0, termios.TIOCNOTTY)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Runs the program so that no signal tells it: with SIGHUP ignored, and no terminal that controls it."""


@pytest.fixture
async def open_terminal(home: Path) -> AsyncIterator[Open]:
    opened: list[Terminal] = []

    def open_one(*arguments: str, told: bool = True, variables: dict[str, str] | None = None) -> Terminal:
        command = PROGRAM if told else (sys.executable, "-c", UNTOLD, *PROGRAM[1:])
        opened.append(Terminal((*command, *arguments), {**environment(home), **(variables or {})}))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def at(server: RunningServer) -> tuple[str, ...]:
    return ("--server", str(server.address), "--name", "alice")


def drafts(server: RunningServer) -> dict[str, str]:
    outbox = Outbox(config.outbox_file(), str(server.address), "alice")
    try:
        return outbox.drafts()
    finally:
        outbox.close()


@pytest.mark.parametrize("told", [True, False], ids=["SIGHUP", "no signal"])
async def test_the_draft_is_kept(open_terminal: Open, server: RunningServer, *, told: bool) -> None:
    terminal = open_terminal(*at(server), told=told)
    await terminal.sees("● alice on")
    terminal.type("nearly said")
    await terminal.sees("nearly said")
    terminal.hang_up()
    assert await terminal.ended() == 129
    assert drafts(server) == {"#general": "nearly said"}


async def test_while_messages_pour_in(open_terminal: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server), told=False)
    await terminal.sees("● alice on")
    terminal.type("nearly said")
    await terminal.sees("nearly said")
    for number in range(100):
        await bob.tell("#general", f"message {number}")
    terminal.hang_up()
    async with asyncio.timeout(SECONDS):
        while terminal.process.poll() is None:
            await bob.tell("#general", "more")
    assert await terminal.ended() == 129
    assert drafts(server) == {"#general": "nearly said"}


async def test_at_the_first_screen(open_terminal: Open) -> None:
    terminal = open_terminal(told=False)
    await terminal.sees("tester")
    terminal.hang_up()
    assert await terminal.ended() == 129


async def test_in_a_dialog(open_terminal: Open, server: RunningServer) -> None:
    terminal = open_terminal(*at(server), told=False)
    await terminal.sees("● alice on")
    terminal.type("nearly said")
    await terminal.sees("nearly said")
    terminal.type("\x0b")  # Ctrl+K
    await terminal.sees("Enter goes")
    terminal.hang_up()
    assert await terminal.ended() == 129
    assert drafts(server) == {"#general": "nearly said"}


@pytest.mark.parametrize("way", ["hang-up", "SIGTERM"])
async def test_with_an_editor_open(
    open_terminal: Open, server: RunningServer, tmp_path: Path, way: str
) -> None:
    editor = tmp_path / "editor"
    saved = tmp_path / "saved"
    editor.write_text(f'#!/bin/sh\necho written there > "$1"\necho $$ > "{saved}"\nexec sleep 600\n')
    editor.chmod(0o755)
    terminal = open_terminal(*at(server), told=False, variables={"VISUAL": str(editor)})
    await terminal.sees("● alice on")
    terminal.type("begun here\x07")  # Ctrl+G
    await terminal.until(lambda: saved.exists() and saved.read_text().strip(), "the editor has written")
    if way == "SIGTERM":
        terminal.signal(signal.SIGTERM)
    else:
        terminal.hang_up()
    assert await terminal.ended() == (128 + signal.SIGTERM if way == "SIGTERM" else 129)
    assert drafts(server) == {"#general": "written there"}

    def gone() -> bool:
        try:
            os.kill(int(saved.read_text()), 0)
        except ProcessLookupError:
            return True
        return False

    await terminal.until(gone, "the editor has ended too")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_terminal_that_reads_no_more_holds_nothing_up(
    open_terminal: Open, server: RunningServer, number: signal.Signals
) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    terminal.type("nearly said")
    await terminal.sees("nearly said")
    terminal.pause()
    for line in range(200):
        await bob.tell("#general", f"{line}: " + "long " * 100)
    terminal.signal(number)
    assert await terminal.ended() == 128 + number
    assert drafts(server) == {"#general": "nearly said"}
