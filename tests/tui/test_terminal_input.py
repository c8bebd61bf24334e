"""What a terminal sends to the real program: nothing of it ends the program, and nothing pasted is obeyed."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from protocol import frames
from tests.attacks.terminal import Attack
from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, Terminal, environment
from tests.support.wire import text_of

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind"
)

Open = Callable[..., Terminal]

ODD = [
    b"\x80",
    b"\xe9x",
    b"\x1b[1075::117;5u",
    b"\x1b[97;1:3u",
    b"\x1b[1;5:3A",
    b"\x1b[1114112u",
    b"\x1b[55296u",
    b"\x1b[97;1:3:9u",
    b"\x1b[" + b"9" * 4000 + b"u",
    b"\x1b[<0;99999999999999999999;1M",
    b"\x1b[<64;9999;9999M",
    b"\x1b[48;0;0;0;0t",
    b"\x1b[M\xff\xff\xff",
]
"""Reports and bytes that terminals send, or might."""

PASTES = {
    "x \x1bmin\rrest": "x min\nrest",
    "x \x1bq\x11y": "x qy",
    "ring \x07it": "ring it",
    "\x1b[31mred\x1b[0m and \x1b[1mbold\x1b[0m": "red and bold",
    "ends in \x1b": "ends in ",
}


@pytest.fixture
async def open_terminal(home: Path) -> AsyncIterator[Open]:
    opened: list[Terminal] = []

    def open_one(*arguments: str) -> Terminal:
        opened.append(Terminal((*PROGRAM, *arguments), environment(home)))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def at(server: RunningServer) -> tuple[str, ...]:
    return ("--server", str(server.address), "--name", "alice")


async def test_a_paste_is_not_obeyed(open_terminal: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    for number, pasted in enumerate(PASTES):
        terminal.paste(f"{number}{pasted}")
        await terminal.sees(f"{number}{PASTES[pasted]}".split("\n", maxsplit=1)[0].rstrip())
    terminal.type("\x1b[200~first \x1b")
    terminal.type("[20")
    terminal.type("1~ last\r")
    while (come := await bob.event()).kind != frames.MESSAGE:
        assert come.kind == frames.JOIN
    assert text_of(come) == "".join(map("{}{}".format, range(9), PASTES.values())) + "first  last"
    terminal.type("\x11")
    assert await terminal.ended() == 0


async def test_odd_bytes_end_nothing(open_terminal: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    for number, sent in enumerate(ODD):
        terminal.send(sent)
        terminal.type(f"\x15said {number}\r")  # Ctrl+U: without what the bytes may have written
        while (come := await bob.event()).kind != frames.MESSAGE:
            assert come.kind == frames.JOIN
        assert text_of(come) == f"said {number}"
    terminal.send(b"\xe9x\r")
    assert text_of(await bob.event()) == "\ufffdx"
    terminal.type("\x1b[1081::113;5u")  # Ctrl+Q in a Cyrillic layout
    assert await terminal.ended() == 0
    assert b"\x1b[>29u" in terminal.raw, "the usual layout's key is asked for"


async def test_what_is_typed_in_one_burst_lands_where_each_key_leads(
    open_terminal: Open, server: RunningServer
) -> None:
    terminal = open_terminal()
    await terminal.sees("tester")
    terminal.type("\x7f" * len("tester") + f"zoe\t\t{server.address}\r")
    await terminal.sees(f"● zoe on {server.address}")
    terminal.type("\x11")
    assert await terminal.ended() == 0


def stopped(terminal: Terminal) -> bool:
    """Whether the program is stopped; only its parent is told, which we are."""
    return os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None


async def test_after_a_stop_the_screen_is_whole_again(open_terminal: Open, server: RunningServer) -> None:
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    raw = terminal.attributes
    terminal.signal(signal.SIGSTOP)
    await terminal.until(lambda: stopped(terminal), "it is stopped")
    # A shell has its own ways with the line, and writes on the screen that is there.
    terminal.print("".join(f"\x1b[{row};1H" + "JUNK" * 20 for row in range(1, 25)))
    terminal.set_attributes(terminal.before)
    await terminal.sees("JUNK")
    terminal.signal(signal.SIGCONT)
    await terminal.until(lambda: "JUNK" not in terminal.text, "nothing is left of it")
    await terminal.sees("● alice on")
    await terminal.until(lambda: terminal.attributes == raw, "keys come one by one again")
    terminal.enter("still here")
    await terminal.sees("│ still here")
    terminal.type("\x11")
    assert await terminal.ended() == 0
    assert terminal.left_on() == []


async def test_a_stop_gives_the_terminal_to_a_shell_that_has_job_control(
    home: Path, server: RunningServer
) -> None:
    script = '"$@"; echo in the shell; read line; fg'
    terminal = Terminal(("sh", "-m", "-c", script, "sh", *PROGRAM, *at(server)), environment(home))
    try:
        await terminal.sees("● alice on")
        os.killpg(terminal.foreground, signal.SIGTSTP)
        await terminal.sees("in the shell")
        assert terminal.left_on() == ["window title"]
        terminal.type("\n")
        await terminal.sees("● alice on")
        await terminal.until(lambda: "in the shell" not in terminal.text, "the screen is drawn anew")
        terminal.enter("still here")
        await terminal.sees("│ still here")
        terminal.type("\x11")
        assert await terminal.ended() == 0
    finally:
        terminal.close()


async def test_what_no_shell_would_let_go_on_is_not_stopped(
    open_terminal: Open, server: RunningServer
) -> None:
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    terminal.signal(signal.SIGTSTP)
    await terminal.until(lambda: terminal.raw.count(b"\x1b[?2004h") == 2, "it has the terminal again")
    assert not stopped(terminal)
    terminal.enter("still here")
    await terminal.sees("│ still here")
    terminal.type("\x11")
    assert await terminal.ended() == 0


async def test_keys_for_an_editor_that_would_end_a_program_do_not_end_this_one(
    home: Path, server: RunningServer, tmp_path: Path
) -> None:
    lent = tmp_path / "lent"
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ntouch "{lent}"\nread line\n')
    editor.chmod(0o755)
    terminal = Terminal((*PROGRAM, *at(server)), {**environment(home), "VISUAL": str(editor)})
    try:
        await terminal.sees("● alice on")
        terminal.type("\x07")  # Ctrl+G
        await terminal.until(lent.exists, "the editor is open")
        terminal.type("\x1c\x03\x1a")  # Ctrl+\\, Ctrl+C and Ctrl+Z
        await terminal.until(lambda: terminal.raw.count(b"\x1b[?2004h") == 2, "it has the terminal again")
        assert not stopped(terminal)
        terminal.type("\x11")
        assert await terminal.ended() == 0
    finally:
        terminal.close()


async def test_nothing_that_a_terminal_sends_ends_it(server: RunningServer, tmp_path: Path) -> None:
    figures = await Attack(tmp_path, server, seed=9).run(4_000)
    assert figures.sent >= 4_000
    assert figures.pastes > 5
