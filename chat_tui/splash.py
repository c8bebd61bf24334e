"""The first picture: that the program starts, before what it needs to draw is even loaded.

From here on the terminal takes keys as the screen wants them, so that what is typed meanwhile is neither
echoed nor changed (Enter would become another key) but read by the screen when it is there. Imports next to
nothing. Knows the terminal's own ways; nothing of what comes after it but that it says `hand_over`.
"""

import io
import os
import signal
import sys
from types import FrameType
from typing import Any

try:
    import termios
except ImportError:  # Windows: there the screen's own first picture is the first
    HAS_TERMIOS = False
else:
    HAS_TERMIOS = True

_WITH_VALUE = ("--name", "--server")
_LINK = "chat://"
_SHOW = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J\x1b[{line}H\x1b[2m ◌ chat-tui starts …\x1b[0m"
_HIDE = "\x1b[?1049l\x1b[?25h"


def fits(arguments: list[str]) -> bool:
    """Whether these open the screen, in a terminal. If in doubt, no: it is a picture less."""
    at = 0
    while at < len(arguments) and arguments[at].startswith(_WITH_VALUE):
        at += 1 if "=" in arguments[at] else 2
    rest = arguments[at:]
    opens = not rest or rest[0] == "open" or rest[0].lower().startswith(_LINK)
    asks = any(argument in ("-h", "--help", "--version") for argument in rest)
    return HAS_TERMIOS and opens and not asks and sys.stdin.isatty() and sys.stderr.isatty()


class Splash:
    """See the module; it is there from `show` until the screen takes over, and the terminal is as it was
    after `end`, whatever has happened. `attributes` are the terminal's, as they were."""

    def __init__(self) -> None:
        self._there = False
        # What is said meanwhile would be gone with the picture.
        self._said, self._errors = io.StringIO(), sys.stderr
        self.attributes = termios.tcgetattr(0)

    def show(self) -> None:
        """Show it."""
        global shown
        shown = self
        self._there = True
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        termios.tcsetattr(0, termios.TCSANOW, for_a_screen(self.attributes))
        self._write(_SHOW.format(line=os.get_terminal_size(2).lines))
        sys.stderr = self._said

    def hand_over(self) -> None:
        """The screen is about to draw; it leaves the terminal's alternate screen by itself."""
        self._there = False
        sys.stderr = self._errors

    def end(self) -> None:
        """Put the terminal back, and say what had to wait."""
        sys.stderr = self._errors
        if self._there:
            self._write(_HIDE)
        try:
            termios.tcsetattr(0, termios.TCSANOW, self.attributes)
            self._errors.write(self._said.getvalue())
        except (termios.error, OSError):  # the terminal is gone, and whoever would read it
            return

    @staticmethod
    def _write(sequence: str) -> None:
        try:
            os.write(2, sequence.encode())
        except OSError:  # the same; whoever reads keys next finds out
            return


shown: Splash | None = None
"""The one that is shown, if one is."""


def for_a_screen(attributes: list[Any]) -> list[Any]:
    """The terminal's attributes, keys coming one by one and as they are; Ctrl+C still interrupts."""
    iflag, oflag, cflag, lflag, *speeds, keys = attributes
    iflag &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON)
    lflag &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    nothing = os.fpathconf(0, "PC_VDISABLE").to_bytes(1, "big")
    keys = list(keys)
    keys[termios.VMIN], keys[termios.VTIME] = 1, 0
    keys[termios.VSUSP] = keys[termios.VQUIT] = nothing
    return [iflag, oflag, cflag, lflag, *speeds, keys]


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
