"""What we ask of the terminal itself, beside drawing: a title, copying, notifications, the mouse.

The one place that writes escape sequences while the screen is shown; any text in them has passed the
sanitizer.
"""

import os

from textual.app import App

from protocol.text import clean_line

TITLE_CHARACTERS = 80

_SAVE, _RESTORE = "\x1b[22;2t", "\x1b[23;2t"
_MOUSE_MODES = (1000, 1003, 1015, 1006)
"""As Textual sets them: clicks, moves, and two ways of telling where."""


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
