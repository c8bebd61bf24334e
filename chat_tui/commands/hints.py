"""What a new person is taught: one key at a time, until it was used.

Which ones were used is kept in a file, a name a line; it is made at the first start, so who came before is
not taught. Knows the keys in force, and no screen.
"""

from pathlib import Path

from chat_tui.commands.keymap import Keymap
from chat_tui.config import ConfigError
from common import private_files

LESSONS = (
    ("help", "{key} shows all keys and commands"),
    ("switch", "{key} goes to a room by its name"),
    ("complete", "{key} completes names, #rooms, /commands"),
    ("page_up", "{key} scrolls back, Esc comes home"),
    ("input_previous", "{key} brings back what you wrote before"),
    ("newline", "{key} begins a new line"),
    ("next", "{key} goes to the next room"),
    ("editor", "{key} opens your own editor"),
    ("settings", "{key} has the settings: themes and more"),
    ("bare", "{key} shows bare text, to be copied"),
)
"""As long as there is space for in a terminal of 80 columns, between the panes."""


class Hints:
    """See the module. Each method that writes raises `ConfigError`."""

    def __init__(self, file: Path, keys: Keymap) -> None:
        self._file = file
        self._keys = keys
        self._used: set[str] | None = None
        """None: this person is not taught."""
        try:
            self._used = set(file.read_text(encoding="utf-8").split())
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError):
            self._used = None  # no reason to keep anybody from the chat

    def begin(self) -> None:
        """Teach this person, from the first lesson on if there are no others left."""
        if self._used is None or not self.text:
            self._used = set()
            self._write("")

    @property
    def text(self) -> str:
        """What to say now; empty if there is nothing to teach."""
        for name, lesson in LESSONS:
            key = self._keys.first(name)
            if self._used is not None and key and name not in self._used:
                return lesson.format(key=key)
        return ""

    def pressed(self, key: str) -> bool:
        """A key was pressed. Returns whether there is another text now."""
        name = self._keys.command_at(key)
        if self._used is None or name in self._used or name not in dict(LESSONS):
            return False
        before = self.text
        self._used.add(name)
        self._write(f"{name}\n")
        return self.text != before

    def _write(self, text: str) -> None:
        """Add this; nothing: begin anew."""
        try:
            private_files.make_own_folder(self._file.parent)
            (private_files.append if text else private_files.write)(self._file, text.encode())
        except OSError as error:
            raise ConfigError(f"cannot keep which hints you had in {self._file}: {error}") from error
