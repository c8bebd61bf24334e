"""The room switcher: type a part of a name, Enter goes there."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from protocol.names import BadNameError, check_room_name, check_user_name


class Switcher(ModalScreen[str | None]):
    """Gives the chosen room's name, or None."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", priority=True),
        Binding("ctrl+k", "close", "Close", id="switch", priority=True),
        Binding("down", "move(1)", "Next", priority=True),
        Binding("ctrl+n", "move(1)", "Next", id="next.2", priority=True),
        Binding("up", "move(-1)", "Previous", priority=True),
        Binding("ctrl+p", "move(-1)", "Previous", id="previous.2", priority=True),
        Binding("ctrl+q", "app.quit", "Quit", id="quit"),
    ]

    def __init__(self, rooms: Sequence[tuple[str, int]]) -> None:
        """`rooms` with their unread counts."""
        super().__init__()
        self._rooms = rooms
        self._names: list[str] = []

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="switcher", classes="dialog") as box:
            box.border_title = "Go to a room"
            box.border_subtitle = "Enter goes, Esc closes"
            yield Input(placeholder="a part of its name", compact=True)
            yield OptionList(compact=True)

    def on_mount(self) -> None:
        """Show all; those with something new first."""
        self._filter("")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._filter(event.value.strip())

    def _filter(self, wanted: str) -> None:
        if bare := wanted.removeprefix("#").removeprefix("@"):
            matcher = Matcher(bare)
            scored = [(matcher.match(name), name, unread) for name, unread in self._rooms]
            found = [(name, unread) for score, name, unread in sorted(scored, key=_best) if score > 0]
        else:
            found = sorted(self._rooms, key=lambda room: room[1] == 0)
        options = [
            Content.assemble(name, (f"  {unread}" if unread else "", "bold $text-accent"))
            for name, unread in found
        ]
        self._names = [name for name, _ in found]
        new = _room_name(wanted)
        if new is not None and new not in self._names:
            self._names.append(new)
            what = "write to " if new.startswith("@") else "join or make "
            options.append(Content.assemble((what, "$foreground 60%"), new))
        choices = self.query_one(OptionList)
        choices.set_options([Option(option) for option in options])
        choices.highlighted = 0 if options else None

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
        self.dismiss(self._names[highlighted] if highlighted is not None else None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._names[event.option_index])


def _best(scored: tuple[float, str, int]) -> tuple[float, str]:
    return -scored[0], scored[1]


def _room_name(text: str) -> str | None:
    try:
        return f"@{check_user_name(text[1:])}" if text.startswith("@") else check_room_name(text)
    except BadNameError:
        return None
