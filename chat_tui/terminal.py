"""What we ask of the terminal itself, beside drawing: a title, copying, notifications; and signals.

The one place that writes escape sequences of its own; any text in them has passed the sanitizer.
"""

import asyncio
import enum
import os
import signal
from collections.abc import Callable
from typing import cast

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.app import App

from protocol.text import clean_line

TITLE_CHARACTERS = 80

_SAVE, _RESTORE = "\x1b[22;2t", "\x1b[23;2t"
_MOUSE_MODES = (1000, 1003, 1015, 1006)
"""As Textual sets them: clicks, moves, and two ways of telling where."""

_SIGNALS = ("SIGTERM", "SIGHUP")


def write(app: App[None], sequence: str) -> None:
    """Send the terminal a sequence that draws nothing."""
    driver = app._driver  # noqa: SLF001  # Textual has no public way to write to its terminal
    if driver is not None and not app.is_headless:
        driver.write(sequence)


def write_through(app: App[None], sequence: str) -> None:
    """The same, for the terminal that tmux runs in, if it does (and its `allow-passthrough` is on)."""
    if "TMUX" in os.environ:
        sequence = "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    write(app, sequence)


def leave_as(app: App[None], attributes: list[object]) -> None:
    """Let the terminal's line be so at the end, or in an editor: when Textual looked, it was set already."""
    driver = app._driver  # noqa: SLF001  # as in `write`
    if driver is not None and hasattr(driver, "attrs_before"):  # that of Windows has none
        driver.attrs_before = attributes


def take_mouse(app: App[None], *, on: bool) -> None:
    """Have the mouse's clicks and moves, or leave them to the terminal, which selects text with them."""
    write(app, "".join(f"\x1b[?{mode}{'h' if on else 'l'}" for mode in _MOUSE_MODES))


class Title:
    """The window's title; the one from before comes back with `restore`."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._shown = ""

    def show(self, title: str) -> None:
        """Set the title, if it is another one than now."""
        title = clean_line(title, TITLE_CHARACTERS)
        if title == self._shown:
            return
        before = "" if self._shown else _SAVE
        self._shown = title
        write(self._app, f"{before}\x1b]2;{title}\x07")

    def restore(self) -> None:
        """Put back what was there before us."""
        if self._shown:
            self._shown = ""
            write(self._app, _RESTORE)


class _AltDigit(enum.Enum):
    """Keys that Textual has no names for."""

    ONE, TWO, THREE = "alt+1", "alt+2", "alt+3"
    FOUR, FIVE, SIX = "alt+4", "alt+5", "alt+6"
    SEVEN, EIGHT, NINE = "alt+7", "alt+8", "alt+9"


class _AltKey(enum.Enum):
    """Textual takes what terminals send for these for Escape and an arrow, which would close what is open,
    and for Enter, which would send what is half written."""

    LEFT, RIGHT, ENTER = "alt+left", "alt+right", "alt+enter"


def take_alt_keys() -> None:
    """Let Alt and a digit be that; Textual takes what most terminals send for a Mac's Option key: `¡`.

    And Alt with an arrow, which moves by words, and with Enter, which begins a line."""
    sequences = cast("dict[str, object]", ANSI_SEQUENCES_KEYS)
    for key in _AltDigit:
        sequences[f"\x1b{key.value[-1]}"] = (key,)
    sequences["\x1b[1;3D"], sequences["\x1b[1;3C"] = (_AltKey.LEFT,), (_AltKey.RIGHT,)
    sequences["\x1b\r"] = (_AltKey.ENTER,)


def key_of(event: events.CursorPosition) -> events.Key:
    """What was pressed: F3 and Shift or others, which xterm reports as it would the cursor's place.

    Nothing here asks for that place."""
    held = [name for bit, name in ((2, "alt"), (4, "ctrl"), (1, "shift")) if event.x & bit]
    return events.Key("+".join([*held, "f3"]), None)


def on_end(stop: Callable[[int], object]) -> None:
    """Call `stop` with the exit status when a signal wants us to end, so that the terminal is restored."""
    loop = asyncio.get_running_loop()
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop, 128 + number)
        except (NotImplementedError, RuntimeError):  # Windows, and loops that are not in the main thread
            return
