"""The real program in a real pseudo-terminal: the bytes that it sends, and what a terminal makes of them."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte
from wcwidth import wcwidth

from tests.support.waiting import SECONDS

PROGRAM = (sys.executable, "-P", "-m", "chat_tui")

MODES = {
    "alternate screen": (b"\x1b[?1049h", b"\x1b[?1049l"),
    "hidden cursor": (b"\x1b[?25l", b"\x1b[?25h"),
    "mouse": (b"\x1b[?1000h", b"\x1b[?1000l"),
    "mouse movement": (b"\x1b[?1003h", b"\x1b[?1003l"),
    "mouse coordinates": (b"\x1b[?1006h", b"\x1b[?1006l"),
    "bracketed paste": (b"\x1b[?2004h", b"\x1b[?2004l"),
    "focus reports": (b"\x1b[?1004h", b"\x1b[?1004l"),
    "window title": (b"\x1b[22;2t", b"\x1b[23;2t"),
}
"""What a full-screen program switches on, and what switches it off again."""

KITTY_PUSH, KITTY_POP = re.compile(rb"\x1b\[>\d+u"), re.compile(rb"\x1b\[<\d*u")
TITLE = re.compile(r"\x1b\](?:0|1|2);(.*?)(?:\x07|\x1b\\)", re.DOTALL)


class Terminal:
    """A terminal with a program in it. `raw` is all that the program has sent."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self.raw = bytearray()
        self._come = asyncio.Event()
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        # We keep the program's end open as well: its attributes are looked at when the program has gone.
        self._ours, self._theirs = pty.openpty()
        self._set_size(size)
        self.before = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            command,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # no threads here
        )
        os.set_blocking(self._ours, False)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        self._listening = True

    def _set_size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def _read(self) -> None:
        try:
            data = os.read(self._ours, 2**16)
        except OSError:
            return
        self.raw += data
        self._come.set()
        self._stream.feed(data)

    # --- hands

    def type(self, keys: str) -> None:
        """Type on the keyboard; escape sequences are keys."""
        self.send(keys.encode())

    def enter(self, line: str) -> None:
        """Type a line and Enter."""
        self.type(line + "\r")

    def resize(self, width: int, height: int) -> None:
        """Give the window another size; the system tells the program by SIGWINCH."""
        self._screen.resize(height, width)
        self._set_size((width, height))

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def abort(self) -> None:
        """Have a program that hangs say where, and end."""
        self.signal(signal.SIGABRT)
        self.process.wait()
        self._read()

    def paste(self, text: str) -> None:
        """Paste it, as a terminal does that was asked to say what is pasted."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def send(self, data: bytes) -> None:
        """Whatever else a terminal may send."""
        os.write(self._ours, data)

    def pause(self) -> None:
        """Read no more of what the program sends, as a terminal does whose connection has stalled."""
        asyncio.get_running_loop().remove_reader(self._ours)
        self._listening = False

    def hang_up(self) -> None:
        """Go away: the window is closed, the connection is lost."""
        self.pause()
        os.close(self._ours)
        self._ours = -1

    # --- eyes

    @property
    def lines(self) -> list[str]:
        """What the terminal shows."""
        return [_line(self._screen.buffer[y], self._screen.columns) for y in range(self._screen.lines)]

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    @property
    def attributes(self) -> list[Any]:
        """How the terminal's line is set now."""
        return termios.tcgetattr(self._theirs)

    @property
    def foreground(self) -> int:
        """The process group that has the terminal."""
        return int.from_bytes(fcntl.ioctl(self._ours, termios.TIOCGPGRP, bytes(4)), sys.byteorder)

    def set_attributes(self, attributes: list[Any]) -> None:
        """Set the terminal's line so, as another program in it would."""
        termios.tcsetattr(self._theirs, termios.TCSANOW, attributes)

    def print(self, text: str) -> None:
        """Write on the screen, as another program in it would."""
        os.write(self._theirs, text.encode())

    @property
    def titles(self) -> list[str]:
        """Every title that the window was given."""
        return TITLE.findall(self.raw.decode("utf-8", "replace"))

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Read until the condition holds; fails with `what` and the screen after a while."""
        try:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    await self._something()
        except TimeoutError:
            raise AssertionError(f"waited in vain: {what}\n{self.text}") from None

    async def _something(self) -> None:
        """Wait until the program has sent something, or a moment: it may also have ended."""
        self._come.clear()
        try:
            async with asyncio.timeout(0.05):
                await self._come.wait()
        except TimeoutError:
            return

    async def sees(self, text: str) -> None:
        """Read until the text is on the screen."""
        await self.until(lambda: text in self.text, f"{text!r} is shown")

    async def ended(self) -> int:
        """Wait for the end: the exit status."""
        await self.until(lambda: self.process.poll() is not None, "the program ends")
        if self._listening:
            self._read()
        return int(self.process.wait())

    def close(self) -> None:
        """Take the terminal away, and whatever still runs in it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._ours >= 0:
            self.hang_up()
        os.close(self._theirs)

    def left_on(self) -> list[str]:
        """What the program has switched on and not off again."""
        left = [
            name
            for name, (on, off) in MODES.items()
            if on in self.raw and self.raw.rfind(off) < self.raw.rfind(on)
        ]
        if len(KITTY_PUSH.findall(self.raw)) > len(KITTY_POP.findall(self.raw)):
            left.append("kitty keyboard")
        if self.attributes != self.before:
            left.append("termios")
        return left


def _line(cells: Mapping[int, pyte.screens.Char], width: int) -> str:
    """One line as text. pyte's own `display` raises where half of a wide character was written over."""
    text = ""
    wide = False
    for x in range(width):
        cell = cells[x].data
        if not wide:
            text += cell or " "
        wide = not wide and bool(cell) and wcwidth(cell[0]) == 2
    return text.rstrip()


def environment(home: Path) -> dict[str, str]:
    """What a login shell of a person with that home would give to the program."""
    kept = {
        name: os.environ[name] for name in ("PATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
    }
    return {
        **kept,
        "HOME": str(home),
        "LOGNAME": "tester",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
