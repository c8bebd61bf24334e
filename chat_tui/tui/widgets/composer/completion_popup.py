"""The list over the composer: what can be completed, and which of it is marked or in the text now.

It lies over the newest messages, takes no focus, and is drawn from what it is given; a click on an entry
chooses it. Names of others may be in it: shown as they are, never as markup.
"""

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from chat_tui.commands.completion import Candidate
from chat_tui.markup.wrapping import truncate

ROWS = 8
"""Entries in view at most: more would hide what one answers to."""

MARK = "▸ "


class CompletionPopup(Widget):
    """See the module."""

    ALLOW_SELECT = False

    class Chosen(Message):
        """An entry was clicked; `index` counts from 0."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._candidates: tuple[Candidate, ...] = ()
        self._marked: int | None = None
        self._top = 0
        self._rows = 0
        self._follow = True  # the marked one is in view, unless the wheel was turned since

    def show(self, candidates: tuple[Candidate, ...], marked: int | None) -> None:
        """Show these; none: fold away."""
        if candidates != self._candidates:
            self._top = 0
        self._candidates, self._marked, self._follow = candidates, marked, True
        rows = min(ROWS, len(candidates))
        if candidates and self._rows != rows:
            self._rows = self.styles.height = rows  # laid out anew only when it is another
        self.display = bool(candidates)
        self.refresh()

    def _shown(self) -> range:
        """Which entries are in view; the last line may say how many are not."""
        room = max(1, self.size.height)
        count = len(self._candidates)
        if count > room > 1:
            room -= 1
        if self._follow:
            marked = self._marked or 0
            self._top = min(max(self._top, marked - room + 1), marked)
        self._top = max(0, min(self._top, count - room))
        return range(self._top, min(count, self._top + room))

    def render(self) -> Content:
        """The entries in view."""
        shown = self._shown()
        width = max(0, self.content_size.width - len(MARK))
        widest = max((cell_len(self._candidates[index].sign) for index in shown), default=0)
        signs = widest + 1 if widest else 0
        names = [truncate(self._candidates[index].shown, width - signs) for index in shown]
        column = max(map(cell_len, names), default=0)
        lines = [
            self._entry(index, name, column, signs, width) for index, name in zip(shown, names, strict=True)
        ]
        left = len(self._candidates) - len(shown)
        if left and len(lines) < self.size.height:
            lines.append(Content.styled(f"  … {left} more", "$foreground 60%"))
        return Content("\n").join(lines)

    def _entry(self, index: int, name: str, column: int, signs: int, width: int) -> Content:
        candidate = self._candidates[index]
        marked = index == self._marked
        space = width - signs - column - 2
        about = truncate(candidate.about, space) if space > 3 else ""
        line = Content.assemble(
            MARK if marked else " " * len(MARK),
            candidate.sign + " " * (signs - cell_len(candidate.sign)),
            (name, "bold $text-primary" if marked else "$text-primary"),
            " " * (column - cell_len(name) + 2 * bool(about)),
            (about, "" if marked else "$foreground 60%"),
        )
        return line.pad_right(max(0, self.content_size.width - line.cell_length)).stylize_before(
            "on $primary 30%" if marked else ""
        )

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the mouse."""
        event.stop()
        shown = self._shown()
        if 0 <= event.y < len(shown):
            self.post_message(self.Chosen(shown[event.y]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show what is further down."""
        self._turn(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show what is further up."""
        self._turn(event, -1)

    def _turn(self, event: events.MouseEvent, step: int) -> None:
        event.stop()
        self._top, self._follow = self._top + step, False
        self.refresh()
