"""A side pane: a title and one line per entry, of which only the visible ones are drawn.

Headings may stand between entries; they can't be chosen. 5,000 people cost no more than fifty. Entries are
ready-made `Content`, so text in them is never markup.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class SideList(Widget):
    """See the module."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set()
    offset_y = reactive(0)

    class Chosen(Message):
        """An entry was clicked."""

        def __init__(self, side_list: "SideList", index: int) -> None:
            """`index` counts from 0."""
            super().__init__()
            self.side_list = side_list
            self.index = index

        @property
        def control(self) -> "SideList":
            """Which list, for `@on` selectors."""
            return self.side_list

    class Scrolled(Message):
        """Other entries are in view now."""

        def __init__(self, side_list: "SideList") -> None:
            super().__init__()
            self.side_list = side_list

        @property
        def control(self) -> "SideList":
            """Which list, for `@on` selectors."""
            return self.side_list

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._title = Content("")
        self._entries: list[Content] = []
        self._beyond = 0
        self._headings: list[int] = []  # the lines in which they are
        self._shown: object = None
        self._announced: object = None

    def is_new(self, *announced: object) -> bool:
        """Whether what `show` will be called with comes of something else than the last time. If not, the
        entries need not be made at all."""
        self._announced = (*announced, self.content_size, self.app.theme)
        return self._announced != self._shown

    def show(
        self,
        title: Content,
        entries: list[Content],
        *,
        visible: int | None = None,
        beyond: int = 0,
        headings: Sequence[tuple[int, Content]] = (),
    ) -> None:
        """Show these entries and that there are `beyond` more; scroll so that entry `visible` is seen.
        `headings`: before which one each stands, from top to bottom, and what it says."""
        self._shown, self._announced = self._announced, None
        self._title = title
        self._entries = list(entries)
        self._beyond = beyond
        self._headings = []
        for number, (before, text) in enumerate(headings):
            self._headings.append(before + number)
            self._entries.insert(before + number, text)
        room = self._room
        if visible is not None and room > 0:
            line = visible
            for heading in self._headings:
                line += heading <= line
            lowest, highest = line - room + 1, line
            self.offset_y = min(max(self.offset_y, lowest), highest)
        self._limit()
        self.refresh()

    @property
    def _room(self) -> int:
        return self.size.height - 1

    @property
    def wants_more(self) -> bool:
        """The last entries are in view, and there are more."""
        return self._beyond > 0 and self.offset_y + self._room >= len(self._entries)

    def _limit(self) -> None:
        self.offset_y = max(0, min(self.offset_y, len(self._entries) - self._room))

    def render(self) -> Content:
        """The title and the entries in view."""
        width, room = self.size.width, self._room
        shown = self._entries[self.offset_y : self.offset_y + room]
        below = len(self._entries) + self._beyond - self.offset_y - len(shown)
        if below > 0 and shown:
            left_out = max(0, len(shown) + 1 - room)  # one gives way to this line
            shown = [
                *shown[: len(shown) - left_out],
                Content.styled(f"  … {below + left_out} more", "$foreground 50%"),
            ]
        return Content("\n").join([line.truncate(width, ellipsis=True) for line in (self._title, *shown)])

    def on_resize(self) -> None:
        """Keep the last entry at the bottom when there is more space."""
        self._limit()

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the mouse."""
        event.stop()
        line = self.offset_y + event.y - 1
        if event.y > 0 and line < len(self._entries) and line not in self._headings:
            above = sum(heading < line for heading in self._headings)
            self.post_message(self.Chosen(self, line - above))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three entries down."""
        event.stop()
        self.offset_y += 3
        self._limit()
        self.post_message(self.Scrolled(self))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three entries up."""
        event.stop()
        self.offset_y -= 3
        self._limit()
        self.post_message(self.Scrolled(self))
