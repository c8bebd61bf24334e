"""The help screen: every command and key, those first that fit where one is; typing searches.

Knows the registry and the keys in force, and the rest of the program only by what is focused.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from chat_tui.commands.keymap import Keymap, key_name
from chat_tui.commands.registry import Area, Command, by_area
from chat_tui.markup.wrapping import truncate, wrap
from chat_tui.tui.widgets.composer.composer import Composer
from chat_tui.tui.widgets.log.message_log import MessageLog
from chat_tui.tui.widgets.panes.side_list import SideList

INTRODUCTION = (
    "Write and press {send} to send. Text that begins with / is a command; // sends a text that begins "
    "with a slash. Select with the mouse and press {interrupt} to copy."
)
LEFT = 24
"""Cells of the keys and commands; with less than twice as many in all, what they do stands below them."""

Row = tuple[Sequence[str], str]
"""The ways to do something, and what it is."""


def subjects_of(focused: Widget | None) -> tuple[Area, ...]:
    """Which areas fit what is focused."""
    if isinstance(focused, Composer):
        return ("Writing",)
    if isinstance(focused, MessageLog):
        return ("Reading",)
    if isinstance(focused, SideList):
        return ("People", "Rooms") if focused.id == "people" else ("Rooms",)
    return ()


def keys_of(screen: Screen[object]) -> list[Row]:
    """What a dialog's own keys do."""
    found: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        if active.node is screen and active.binding.description:
            found.setdefault(active.binding.description, []).append(key_name(active.binding.key))
    return [([", ".join(keys)], f"{does}.") for does, keys in found.items()]


class HelpScreen(ModalScreen[None]):
    """Closes on Esc or F1. `first` are areas; `here` is what the keys do in the dialog below."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", priority=True),
        Binding("f1", "dismiss", "Close", id="help", priority=True),
        Binding("ctrl+q", "app.quit", "Quit", id="quit"),
        Binding("up", "scroll(-1)", "Scroll", priority=True),
        Binding("down", "scroll(1)", "Scroll", priority=True),
        Binding("home", "scroll(-1_000_000)", "To the beginning", priority=True),
        Binding("end", "scroll(1_000_000)", "To the end", priority=True),
        Binding("pageup", "scroll_page(-1)", "Scroll by a page", id="page_up", priority=True),
        Binding("pagedown", "scroll_page(1)", "Scroll by a page", id="page_down", priority=True),
    ]

    def __init__(self, keys: Keymap, first: Sequence[Area] = (), here: Sequence[Row] = ()) -> None:
        super().__init__()
        self._keys = keys
        self._first = first
        self._here = here
        self._drawn_for = 0

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="help", classes="dialog") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Input(placeholder="type to search", compact=True)
            with VerticalScroll(can_focus=False, classes="scroll"):
                yield Static("", id="found", markup=False)

    def on_resize(self, _: events.Resize) -> None:
        """Other widths wrap otherwise."""
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _changed(self) -> None:
        self._show()
        self.query_one(".scroll", VerticalScroll).scroll_home(animate=False)

    def _show(self) -> None:
        wanted = self.query_one(Input).value.casefold().split()
        width = self.query_one(".scroll", VerticalScroll).scrollable_content_region.width
        if width > 0:
            self.query_one("#found", Static).update(Content("\n").join(self._lines(wanted, width)))

    def _lines(self, wanted: list[str], width: int) -> Iterator[Content]:
        if not wanted:
            shown = {name: self._keys.first(name) or f"/{name}" for name in ("send", "interrupt")}
            yield from _wrapped(INTRODUCTION.format(**shown), width)
        any_found = False
        for title, rows in self._sections():
            found = [row for row in rows if _fits(title, row, wanted)]
            if found:
                any_found = True
                yield Content("")
                yield Content.styled(title, "bold $text-accent")
                for row in found:
                    yield from _row(*row, width)
        if not any_found:
            yield Content("Nothing is called that.")

    def _sections(self) -> Iterator[tuple[str, list[Row]]]:
        if self._here:
            yield "Here", list(self._here)
        for title, commands in by_area(self._first):
            yield title, [self._of(command) for command in commands]

    def _of(self, command: Command) -> Row:
        chosen = self._keys.shown_on_message(command)
        ways = [self._keys.shown(command), chosen, command.usage if command.slash else ""]
        return [way for way in ways if way], command.help

    def action_scroll(self, lines: int) -> None:
        """Up or down."""
        self.query_one(".scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_scroll_page(self, pages: int) -> None:
        """Up or down by what is in view."""
        scroll = self.query_one(".scroll", VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 2), animate=False)


def _fits(title: str, row: Row, wanted: list[str]) -> bool:
    text = " ".join((title, *row[0], row[1])).casefold()
    return all(word in text for word in wanted)


def _row(ways: Sequence[str], does: str, width: int) -> Iterator[Content]:
    if width < 2 * LEFT:
        for way in ways:
            yield from _wrapped(way, width, "$text-primary")
        yield from (Content.assemble("  ", line) for line in _wrapped(does, width - 2))
        return
    left = [line for way in ways for line in _wrapped(way, LEFT, "$text-primary")]
    right = list(_wrapped(does, width - LEFT - 2))
    for one, other in zip_longest(left, right, fillvalue=Content("")):
        yield Content.assemble(one, " " * (LEFT + 2 - cell_len(one.plain)), other)


def _wrapped(text: str, width: int, style: str = "") -> Iterator[Content]:
    width = max(1, width)
    for start, end in wrap(text, width):
        yield Content.styled(truncate(text[start:end], width), style)
