"""Telling a person who looks at another window that somebody named them.

The bell always rings, for tmux and window managers know what to do with it. Beside it a notification: from
the terminal, if it is one that shows them, for that works over ssh too; else from this computer's desktop.
What others wrote has passed the sanitizer before it comes here.
"""

import html
import os
import sys
from collections.abc import Mapping

from textual.app import App

from chat_tui.config import Notifications
from chat_tui.tui.terminal import control, desktop
from protocol.text import clean_line

PROGRAM = "chat-tui"
"""As a call's title: it is of no person, and its text says it all."""

TOAST = 200
"""Characters of what pops up: more would hide the room."""

# Only what these terminals are known to show: others may print what they don't know.
_BY_VARIABLE = (
    ("KITTY_WINDOW_ID", 9),
    ("WEZTERM_PANE", 777),
    ("GHOSTTY_RESOURCES_DIR", 777),
    ("ITERM_SESSION_ID", 9),
)
_BY_PROGRAM = {"iTerm.app": 9, "WezTerm": 777, "ghostty": 777}
_BY_TERM = {
    "xterm-kitty": 9,
    "foot": 777,
    "foot-extra": 777,
    "rxvt-unicode-256color": 777,
    "xterm-ghostty": 777,
}


class Notifier:
    """See the module. `way` is the person's choice."""

    def __init__(self, app: App[None], way: Notifications) -> None:
        self._app = app
        self.way = way
        self._toast = ""

    def call(self, title: str, text: str, *, elsewhere: bool) -> None:
        """Somebody named this person; `elsewhere`: not where they look. The last of many calls is shown."""
        if self.way != "off":
            self._app.bell()
        if elsewhere:
            if not self._toast:  # else it is on its way, and pops up with this text
                self._app.call_later(self._pop_up)
            self._toast = clean_line(f"{title}: {text}" if title != PROGRAM else text, TOAST)
        if self.way == "auto" and not self._app.app_focus:
            self._app.run_worker(self._show(title, text), group="notify", exclusive=True)

    def _pop_up(self) -> None:
        """Among the program's messages: the one before has come up by then, and gives way."""
        self._app.clear_notifications()
        self._app.notify(self._toast, markup=False)
        self._toast = ""

    async def _show(self, title: str, text: str) -> None:
        sequence = from_terminal(title, text, os.environ)
        if sequence is not None:
            control.write_through(self._app, sequence)
        else:
            await from_desktop(title, text, os.environ, sys.platform)


def from_terminal(title: str, text: str, environment: Mapping[str, str]) -> str | None:
    """What makes this terminal show a notification (OSC 9 or 777); None where no such is known.

    In tmux the variables are those of the terminal that tmux was started in.
    """
    number = _BY_PROGRAM.get(environment.get("TERM_PROGRAM", "")) or _BY_TERM.get(environment.get("TERM", ""))
    number = number or next((number for name, number in _BY_VARIABLE if name in environment), None)
    if number is None:
        return None
    if number == 9:
        return f"\x1b]9;{title}: {text}\x07"
    return f"\x1b]777;notify;{title.replace(';', ',')};{text}\x07"


async def from_desktop(title: str, text: str, environment: Mapping[str, str], platform: str) -> bool:
    """Show a notification of this computer's desktop, if it has one and the person sits at it."""
    if desktop.is_remote(environment):
        return False
    if platform == "darwin":
        script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
        return await desktop.run(("osascript", "-e", script, title, text), environment)
    if "DISPLAY" in environment or "WAYLAND_DISPLAY" in environment:
        # A notification's text may be markup; this one is not.
        command = ("notify-send", "--app-name=chat-tui", "--", title, html.escape(text, quote=False))
        return await desktop.run(command, environment)
    return False
