"""The switcher: type a part of the name of a room, a person or a command; Enter goes there or does it.

It is the palette too: there is one list of all that one can go to or do. It knows only what it is given.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec
from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from chat_tui.commands import matching
from chat_tui.markup.wrapping import truncate
from protocol.names import BadNameError, check_room_name, check_user_name

MOST = 100
"""Listed at most; nobody scrolls further, everybody types a letter more."""

NAMES = 16
"""Cells of the column of names; a longer one moves what stands behind it."""


class Target(msgspec.Struct, frozen=True):
    """What one can go to or do. `name` has its sign: `#room`, `@person` (a room of two too), `/command`.
    `server`: the one that a room is on, if that is another than the one in view."""

    kind: Literal["room", "person", "command"]
    name: str
    about: str = ""
    key: str = ""
    aliases: tuple[str, ...] = ()
    unread: int = 0
    server: str = ""


class Switcher(ModalScreen[Target | None]):
    """Gives what was chosen, or None."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", priority=True),
        Binding("ctrl+k", "close", "Close", id="switch", priority=True),
        Binding("down,tab", "move(1)", "Next", priority=True),
        Binding("ctrl+n", "move(1)", "Next", id="next.2", priority=True),
        Binding("up,shift+tab", "move(-1)", "Previous", priority=True),
        Binding("ctrl+p", "move(-1)", "Previous", id="previous.2", priority=True),
        Binding("ctrl+q", "app.quit", "Quit", id="quit"),
    ]

    def __init__(self, targets: Sequence[Target]) -> None:
        """`targets` in the order to show them in where nothing is typed."""
        super().__init__()
        self._targets = targets
        self._found: list[Target] = []

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="switcher", classes="dialog") as box:
            box.border_title = "Go to"
            box.border_subtitle = "Enter goes, Esc closes"
            yield Input(placeholder="a room, @person or /command", compact=True)
            yield OptionList(compact=True)

    def on_mount(self) -> None:
        """Show all."""
        self._filter("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._filter(event.value.strip())

    def on_resize(self) -> None:
        """Use the space there is."""
        self.call_after_refresh(self._list)

    def _filter(self, wanted: str) -> None:
        self._found = find(wanted, self._targets)[:MOST]
        new = _new(wanted)
        if new is not None and all(new.name != target.name or target.server for target in self._found):
            self._found.append(new)
        self._list()
        self.query_one(OptionList).highlighted = 0 if self._found else None

    def _list(self) -> None:
        choices = self.query_one(OptionList)
        width = max(10, (choices.size.width or 50) - choices.styles.gutter.width - 2)
        before = choices.highlighted
        column = min(NAMES, max((cell_len(target.name) for target in self._found), default=0))
        choices.set_options([Option(_line(target, column, width)) for target in self._found])
        choices.highlighted = before

    def action_move(self, step: int) -> None:
        """Choose the next or the previous one."""
        choices = self.query_one(OptionList)
        if step > 0:
            choices.action_cursor_down()
        else:
            choices.action_cursor_up()

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        self.dismiss(self._found[highlighted] if highlighted is not None else None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._found[event.option_index])


def find(wanted: str, targets: Sequence[Target]) -> list[Target]:
    """Those that fit what was typed, the best first. A sign (`#`, `@`, `/`) leaves only its kind."""
    sign, bare = (wanted[0], wanted[1:]) if wanted[:1] in ("#", "@", "/") else ("", wanted)
    signed = [target for target in targets if target.name.startswith(sign)]
    if not bare:
        return signed
    fitting = matching.best(bare, signed, lambda target: (target.name[1:], *target.aliases))
    return [target for _, target in fitting]


def _line(target: Target, column: int, width: int) -> Content:
    """Its name, what is said of it, and at the right its key or what is unread."""
    right = f"{target.unread} new" if target.unread else target.key.split(",")[0]
    name = truncate(target.name, width)
    name += " " * (column - cell_len(name))
    space = width - cell_len(name) - (len(right) + 2 if right else 0) - 2
    about = f"  {truncate(target.about, space)}" if target.about and space > 3 else ""
    gap = width - cell_len(name) - cell_len(about) - len(right)
    return Content.assemble(
        (name, "bold" if target.unread else ""),
        (about, "$foreground 60%"),
        " " * gap if right else "",
        (right if gap > 0 else "", "bold $text-accent" if target.unread else "$text-primary"),
    )


def _new(text: str) -> Target | None:
    """A room or a person that nobody has told us of, if that is what one can be called."""
    try:
        if text.startswith("@"):
            return Target("person", f"@{check_user_name(text[1:])}", "write to them")
        return None if text.startswith("/") else Target("room", check_room_name(text), "join or make it")
    except BadNameError:
        return None
