"""The help screen: every command and key, from the registry."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from chat_tui.commands import registry

INTRODUCTION = (
    "Write and press Enter to send. Text that begins with / is a command; // sends a text that begins "
    "with a slash. Select with the mouse and press Ctrl+C to copy."
)


class HelpScreen(ModalScreen[None]):
    """Closes on Esc, F1 or q."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q", "dismiss", "Close"),
        Binding("ctrl+q", "app.quit", "Quit"),
    ]

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with VerticalScroll(id="help", classes="dialog") as scroll:
            scroll.border_title = "Help"
            scroll.border_subtitle = "Esc closes"
            yield Static(INTRODUCTION, markup=False)
            yield Static("Keys", classes="heading")
            yield _table([(registry.key_names(one), one.help) for one in registry.keyed_commands()])
            yield Static("Keys while a message is chosen (by a click or F4)", classes="heading")
            yield _table([(registry.message_key_names(one), one.help) for one in registry.message_commands()])
            yield Static("Commands", classes="heading")
            yield _table([(one.usage, one.help) for one in registry.slash_commands()])


def _table(rows: list[tuple[str, str]]) -> Grid:
    cells = [
        Static(text, markup=False, classes=kind)
        for row in rows
        for text, kind in zip(row, ("key", "meaning"), strict=True)
    ]
    return Grid(*cells, classes="table")
