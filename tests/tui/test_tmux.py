"""The program in tmux, as many people have it: what tmux hands through, in both directions."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol import frames
from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, Terminal, environment
from tests.support.wire import text_of

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None and "CI" not in os.environ, reason="there is no tmux here"
)

OPTIONS = """
set -g allow-passthrough on
set -g focus-events on
set -g set-clipboard on
set -g set-titles on
set -g set-titles-string "#T"
set -g escape-time 10
set -as terminal-features ",xterm*:clipboard:title:focus"
"""


class Tmux:
    """A tmux server of its own."""

    def __init__(self, home: Path) -> None:
        # What tmux hands through is for kitty, which shows notifications.
        self.environment = {**environment(home), "TMUX_TMPDIR": str(home), "KITTY_WINDOW_ID": "1"}
        self._options = home / "tmux.conf"
        self._options.write_text(OPTIONS)
        self._attached: list[Terminal] = []

    def open(self, *command: str, size: tuple[int, int] = (80, 24)) -> Terminal:
        """A terminal with tmux in it that runs this, or shows what runs already."""
        what = ("new-session", *command) if command else ("attach-session",)
        self._attached.append(Terminal(("tmux", "-f", str(self._options), *what), self.environment, size))
        return self._attached[-1]

    def ask(self, *command: str) -> str:
        """What tmux answers to a command."""
        return subprocess.run(
            ("tmux", *command), env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def close(self) -> None:
        """End it, with whatever still runs in it."""
        subprocess.run(("tmux", "kill-server"), env=self.environment, check=False, capture_output=True)
        for terminal in self._attached:
            terminal.close()


@pytest.fixture
async def tmux(home: Path) -> AsyncIterator[Tmux]:
    """See `Tmux`."""
    tmux = Tmux(home)
    yield tmux
    tmux.close()


async def test_everything_goes_through_tmux(tmux: Tmux, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    terminal = tmux.open(*PROGRAM, "--server", str(server.address), "--name", "alice")
    await terminal.sees("● alice on")
    await terminal.until(lambda: any("#general" in title for title in terminal.titles), "the title is ours")

    # Keys: letters of all sizes, new lines by Ctrl+J and Alt+Enter, Alt and a digit, Escape.
    terminal.type("grüße 日本\x0aand\x1b\rmore")
    await terminal.sees("more")
    terminal.type("\r")
    while (come := await bob.event()).kind != frames.MESSAGE:
        assert come.kind == frames.JOIN
    assert text_of(come) == "grüße 日本\nand\nmore"
    terminal.enter("/join #other")
    await terminal.until(lambda: "#other" in terminal.lines[0], "in #other")
    terminal.type("\x1b1")
    await terminal.until(lambda: "#general" in terminal.lines[0], "in #general, by Alt+1")
    terminal.type("\x1bOS")  # F4
    await terminal.sees("e edit  r reply")
    terminal.type("\x1b")
    await terminal.until(lambda: "e edit" not in terminal.text, "Escape alone is Escape")

    # A window of another size; the mouse, where the pane says it is.
    terminal.resize(100, 30)
    await terminal.until(lambda: terminal.lines[28].startswith(" ● alice on"), "it fills the window")
    line = next(y for y, text in enumerate(terminal.lines) if "#other" in text)
    terminal.type(f"\x1b[<0;6;{line + 1}M\x1b[<0;6;{line + 1}m")
    await terminal.until(lambda: "#other" in terminal.lines[0].split()[1], "in #other, by a click")
    terminal.type("\x1b1")
    await terminal.until(lambda: "#general" in terminal.lines[0].split()[1], "back")

    # What is copied is in tmux's buffer, and tmux gives it to the terminal.
    terminal.enter("/copy")
    await terminal.sees("Copied 17 characters to tmux")
    assert tmux.ask("show-buffer") == "grüße 日本\nand\nmore"
    asked = re.search(rb"\x1b\]52;[a-z]*;([A-Za-z0-9+/=]+)", terminal.raw)
    assert asked is not None
    assert base64.b64decode(asked[1]).decode() == "grüße 日本\nand\nmore"

    # Who looks elsewhere is called by the bell and by the terminal's notification.
    bells = terminal.raw.count(b"\x07")
    terminal.type("\x1b[O")
    for number in range(20):  # nothing shows when it has come there
        await bob.tell("#general", f"alice: are you there? {number}")
        await terminal.sees(f"are you there? {number}")
        if b"\x1b]9;bob" in terminal.raw:
            break
    await terminal.until(lambda: b"\x1b]9;bob" in terminal.raw, "a notification")
    assert b"are you there? " in terminal.raw[terminal.raw.index(b"\x1b]9;bob") :]
    assert terminal.raw.count(b"\x07") > bells
    terminal.type("\x1b[I")

    # Detached and attached again, elsewhere.
    tmux.ask("detach-client")
    assert await terminal.ended() == 0
    await bob.tell("#general", "meanwhile")
    again = tmux.open(size=(120, 36))
    await again.until(lambda: again.lines[34].startswith(" ● alice on"), "it fills that window")
    await again.sees("meanwhile")
    again.type("\x11")
    assert await again.ended() == 0
    assert again.left_on() == []
