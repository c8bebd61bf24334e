"""The search: a question, and what was found as a list; Enter goes to the message in its room.

Knows how to have something searched for, and how hits look; nothing of logs or of where they come from.
Texts of others are `Content` of plain text here, never markup.
"""

import re
from collections.abc import Awaitable, Callable
from time import time_ns
from typing import ClassVar

import msgspec
from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from chat_tui.client.errors import ClientError
from chat_tui.client.events import RoomEvent
from chat_tui.client.query import HELP, Query
from chat_tui.client.searching import Found
from chat_tui.local_time import clamped, local
from chat_tui.markup.wrapping import displayable, truncate
from chat_tui.tui.colours import name_colour
from protocol import frames
from protocol.text import clean_line

WHEN, NAME = 7, 10
"""Cells of the columns before the text."""

BEFORE = 16
"""Characters that are shown before the first word that was searched for, in a text that is too long."""

_EVERYWHERE = re.compile(r"(^|\s)in:\*(?=\s|$)", re.IGNORECASE)
_EMPTY = f"""
Messages that have all the words are found; a word may also be the beginning of one there.

{HELP}"""


class Search(msgspec.Struct):
    """What was asked and found; the screen is opened with the last one again. `at`: the hit chosen last."""

    text: str = ""
    found: Found | None = None
    hits: list[RoomEvent] = msgspec.field(default_factory=list)
    at: int = 0


class SearchScreen(ModalScreen[bool]):
    """Gives whether one of the hits was chosen; which, is in `search.at`."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", priority=True),
        Binding("ctrl+f", "everywhere", "All rooms", id="search", priority=True),
        Binding("down,ctrl+n", "move('down')", "Next", priority=True),
        Binding("up,ctrl+p", "move('up')", "Previous", priority=True),
        Binding("pagedown", "move('page_down')", "Further", priority=True),
        Binding("pageup", "move('page_up')", "Back", priority=True),
        Binding("ctrl+q", "app.quit", "Quit", id="quit"),
    ]

    def __init__(
        self,
        search: Search,
        where: str,
        title_of: Callable[[str], str],
        ask: Callable[[str], Awaitable[Found]],
        more: Callable[[Found], Awaitable[None]],
        everywhere: str,
    ) -> None:
        """`where` says in which room is searched if no other is named, and `everywhere` is the key that asks
        for all. `more` adds to what was found."""
        super().__init__()
        self._ends = f"{everywhere} all rooms, Esc closes" if everywhere else "Esc closes"
        self.search = search
        self._where = where
        self._title_of = title_of
        self._ask = ask
        self._more = more
        self._rows: list[int | None] = []
        self._loading = False

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="search", classes="dialog") as box:
            box.border_title = Content(f"Search {self._where}")
            box.border_subtitle = f"Enter searches, {self._ends}"
            yield Input(self.search.text, placeholder="what to look for", compact=True, select_on_focus=False)
            yield Static("", id="note", markup=False)
            yield OptionList(compact=True)

    def on_mount(self) -> None:
        """Show what was found before, or look at once for what was given."""
        if self.search.found is not None:
            self._show(self.search.at)
        elif self.search.text:
            self._look(self.search.text)
        else:
            self._tell(_EMPTY)

    def _answered(self, text: str) -> bool:
        """Whether what was found is what is asked for now."""
        return self.search.found is not None and text.strip() == self.search.text

    @on(Input.Changed)
    def _say_what_enter_does(self) -> None:
        does = (
            "goes there" if self.search.hits and self._answered(self.query_one(Input).value) else "searches"
        )
        self.query_one("#search").border_subtitle = f"Enter {does}, {self._ends}"

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        chosen = self.query_one(OptionList).highlighted
        if not self._answered(text):
            self._look(text)
        elif chosen is not None:
            self._choose(chosen)

    @work(exclusive=True)
    async def _look(self, text: str) -> None:
        self.search.text, self.search.found, self.search.hits, self.search.at = text, None, [], 0
        self.query_one(OptionList).clear_options()
        self._tell("searching …")
        try:
            self.search.found = await self._ask(text)
        except ClientError as error:
            self._tell(str(error), problem=True)
            return
        self._show(0)

    @work(exclusive=True)
    async def _look_further(self, found: Found) -> None:
        self._loading = True
        at = self._hit_at(self.query_one(OptionList).highlighted)
        kept = self.search.hits[at] if at is not None else None
        try:
            await self._more(found)
        except ClientError as error:
            self._tell(str(error), problem=True)
            return
        finally:
            self._loading = False
        self._show(self._arranged(found).index(kept) if kept is not None else 0)

    def _arranged(self, found: Found) -> list[RoomEvent]:
        """By room, that with the newest hit first."""
        rooms = {room: place for place, room in reversed(list(enumerate(hit.room for hit in found.hits)))}
        return sorted(found.hits, key=lambda hit: rooms[hit.room])

    # --- showing

    def _show(self, at: int) -> None:
        found = self.search.found
        if found is None:
            return
        hits = self.search.hits = self._arranged(found)
        options: list[Option] = []
        self._rows = []
        grouped = len(found.rooms) > 1
        for number, hit in enumerate(hits):
            if grouped and (number == 0 or hits[number - 1].room != hit.room):
                heading = Content.styled(
                    truncate(displayable(self._title_of(hit.room)), self._width), "bold $text-accent"
                )
                options.append(Option(heading, disabled=True))
                self._rows.append(None)
            options.append(Option(self._line(hit, found.query)))
            self._rows.append(number)
        where = self._title_of(found.rooms[0]) if len(found.rooms) == 1 else "all rooms"
        self.query_one("#search").border_title = Content(f"Search {where}")
        choices = self.query_one(OptionList)
        choices.set_options(options)
        choices.highlighted = self._rows.index(min(at, len(hits) - 1)) if hits else None
        self._tell(self._count(found), problem=bool(found.note))

    def _count(self, found: Found) -> str:
        count = len(found.hits)
        many = f"{count:,}{'+' * bool(found.cursor)} message{'s' * (count != 1)}"
        told = "nothing found" if not count else many
        return f"{told}: {found.note}" if found.note else told

    @property
    def _width(self) -> int:
        return max(10, min(self.app.size.width, 100) - 6)

    def _line(self, hit: RoomEvent, query: Query) -> Content:
        name = truncate(displayable(hit.sender), NAME)
        background = self.background_colors[1]
        colour = name_colour(hit.sender, background).hex
        text = displayable(clean_line(hit.text, 1000))
        if hit.kind == frames.ACTION:
            text = f"* {text}"
        room = self._width - WHEN - NAME - 2
        marks = query.marks(text)
        if marks and cell_len(text) > room and marks[0][0] > BEFORE:
            text = f"…{text[marks[0][0] - BEFORE + 1 :]}"
            marks = query.marks(text)
        content = Content(truncate(text, room))
        for start, end in marks:
            content = content.stylize("bold $text-warning", start, min(end, len(content)))
        return Content.assemble(
            (f"{_when(hit.time):{WHEN}}", "$foreground 60%"),
            (name + " " * (NAME - cell_len(name) + 2), colour),
            content,
        )

    def _tell(self, text: str, *, problem: bool = False) -> None:
        note = self.query_one("#note", Static)
        note.set_class(problem, "-problem")
        note.update(Content(text))
        self._say_what_enter_does()

    # --- choosing

    def _hit_at(self, row: int | None) -> int | None:
        return self._rows[row] if row is not None and row < len(self._rows) else None

    def _choose(self, row: int) -> None:
        hit = self._hit_at(row)
        if hit is not None:
            self.search.at = hit
            self.dismiss(result=True)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        found = self.search.found
        last = event.option_index >= len(self._rows) - 1
        if found is not None and found.cursor and last and len(self._rows) > 1 and not self._loading:
            self._look_further(found)

    def action_move(self, where: str) -> None:
        """Choose another one."""
        choices = self.query_one(OptionList)
        getattr(choices, f"action_{'cursor_' * (where in ('up', 'down'))}{where}")()

    def action_everywhere(self) -> None:
        """Search in all rooms, or no longer."""
        field = self.query_one(Input)
        text = _EVERYWHERE.sub("", field.value).strip()
        if text == field.value.strip():
            text = f"{text} in:*".strip()
        field.value = text
        field.cursor_position = len(text)
        if text not in ("", "in:*"):
            self._look(text)

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(result=False)


def _when(time: int) -> str:
    """`14:05`, `23 Nov`, `11/2025`: as near as it is far."""
    now, then = local(time_ns() // 1_000_000), local(clamped(time))
    if then.date() == now.date():
        return f"{then:%H:%M}"
    return f"{then:%d %b}" if then.year == now.year else f"{then:%m/%Y}"
