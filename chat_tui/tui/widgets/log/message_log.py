"""The message log: a window on a timeline that costs what it shows, not what is stored.

Knows where the window stands, and asks `log_rows` for the lines in it; rows are wrapped when they come
into view. The place is kept in the timeline, so that a room is found again where it was left. Never asks
anybody for events: it posts `OlderWanted`, and its owner calls `refresh_rows` after changes.
"""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.colours import name_colour
from chat_tui.tui.widgets.log.block import Block, Drawn, name_links
from chat_tui.tui.widgets.log.edges import bar, in_thumb
from chat_tui.tui.widgets.log.log_rows import BlockCache, before_rows, instead_of_rows
from chat_tui.tui.widgets.log.log_style import CSS, PARTS, Look, styles_of
from chat_tui.tui.widgets.log.message_selection import Line, MessageSelection
from chat_tui.tui.widgets.log.text_selection import (
    LINE_END,
    line_number,
    row_line,
    selected_columns,
    selected_text,
    within,
    word_at,
)

WHEEL_LINES = 3
HEIGHT_FOR_BAR = 3
"""With fewer lines there is no room for the bar that says how many messages are below."""
INDICATED = 2
"""With so few columns there is no room for the thumb."""
CACHED_LINES = 400
"""Ten screens. A line that was drawn takes 10 kB in Textual's caches."""


class MessageLog(MessageSelection):
    """Shows a timeline: at its bottom, or anchored at a row that stays put whatever is added."""

    COMPONENT_CLASSES: ClassVar[set[str]] = PARTS
    DEFAULT_CSS = CSS

    class OlderWanted(Message):
        """The reader nears the top, and older events exist."""

        def __init__(self, timeline: Timeline) -> None:
            """`timeline` is the one that wants them."""
            super().__init__()
            self.timeline = timeline

    class ViewChanged(Message):
        """The reader came to the bottom or left it."""

        def __init__(self, *, at_bottom: bool) -> None:
            """`at_bottom`: the newest row is visible, and new ones will be."""
            super().__init__()
            self.at_bottom = at_bottom

    def __init__(
        self,
        timeline: Timeline | None = None,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name for it
        classes: str | None = None,
    ) -> None:
        """Show `timeline`, or nothing until `show`."""
        super().__init__(id=id, classes=classes)
        self.auto_links = False  # Textual's: it draws all anew whenever the mouse comes to another word
        self._timeline = timeline
        self._generation = timeline.generation if timeline else 0
        self._blocks = BlockCache(CACHED_LINES)
        self._look: Look | None = None
        self._words: tuple[str, ...] = ()
        self._plain = False
        self._styles_changed = True
        self._lines = []
        self._laid_out_for: Size | None = None
        self._asked_at: tuple[Timeline, int] | None = None
        self._told_at_bottom = True
        self._found_to = self._drawn_to = 0
        self._painted: object = None

    # --- for the owner ----------------------------------------------------------------------------

    @property
    def timeline(self) -> Timeline | None:
        """What is shown."""
        return self._timeline

    @property
    def at_bottom(self) -> bool:
        """Whether the newest row is visible, and new ones will be; `ViewChanged` says if it changes."""
        # Not what was told last: who hears "no" now has to hear it when that changes.
        self._told_at_bottom = self._follows
        return self._told_at_bottom

    @property
    def _follows(self) -> bool:
        return self._timeline is None or self._timeline.view.following

    @property
    def drawn_to(self) -> int:
        """The newest event that was there when the lines on the screen were found."""
        return self._drawn_to

    def show(self, timeline: Timeline) -> None:
        """Show another timeline where its reader left it."""
        if timeline is not self._timeline:
            self._timeline = timeline
            self._generation = timeline.generation
            self._found_to = self._drawn_to = 0
            self.selected = None
            self._drop_selection()
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Draw again after the timeline has changed, if that is seen here."""
        timeline = self._timeline
        if timeline is not None and timeline.generation != self._generation:
            self._generation = timeline.generation
            self._drop_selection()
        self._laid_out_for = None
        if self.is_attached:
            self._lay_out()
        if self._laid_out_for is None or self._seen() != self._painted:
            self.refresh()
        else:
            self._drawn_to = self._found_to

    def _seen(self) -> object:
        """All that what is seen depends on, but for what asks for a drawing itself."""
        timeline = self._timeline
        edges: tuple[int, ...] = ()
        if timeline is not None and not timeline.view.following:
            edges = timeline.unseen, timeline.first, len(timeline)
        return timeline, self._lines, self.selected, edges

    def call_me(self, words: Iterable[str]) -> None:
        """Messages with one of these words call the reader, as those with the own name do."""
        self._words = tuple(words)
        self._styles_changed = True
        self.refresh_rows()

    def in_another_zone(self) -> None:
        """All times of day are others than before."""
        self._blocks.clear()
        self._styles_changed = True
        self.refresh_rows()

    def be_plain(self, *, on: bool) -> None:
        """Show plain lines, with nothing drawn around them; see `plain_rows`."""
        if on != self._plain:
            self._plain, self._styles_changed = on, True
            self._drop_selection()
            self.refresh_rows()

    def scroll_lines(self, lines: int) -> None:
        """Move the window; negative numbers towards older rows."""
        self._lay_out_if_needed()
        timeline = self._timeline
        top = self._lines[0] if self._lines else None
        if timeline is None or top is None or not lines:
            return
        view = timeline.view
        view.following = False
        view.row, view.line, view.width = top[0], top[1] + lines, 0
        self._moved()

    def page_up(self) -> None:
        """Move by a screen towards older rows."""
        self.scroll_lines(-self._page())

    def page_down(self) -> None:
        """Move by a screen towards newer rows."""
        self.scroll_lines(self._page())

    def to_top(self) -> None:
        """Show the oldest row that is here."""
        if self._timeline is not None:
            self.scroll_lines(-1)
            self._timeline.view.row, self._timeline.view.line = self._timeline.first - 1, 0
            self._moved()

    def to_bottom(self) -> None:
        """Show the newest row, and follow what comes."""
        if self._timeline is not None:
            self._timeline.follow()
            self._moved()

    def _page(self) -> int:
        return max(1, self.size.height - 2)

    def _moved(self) -> None:
        self._asked_at = None
        self._lay_out()
        self.refresh()

    # --- what is where ----------------------------------------------------------------------------

    def _lay_out_if_needed(self) -> None:
        if self._laid_out_for != self.size:
            self._lay_out()

    def _lay_out(self) -> None:
        """Find the lines of the screen from the reader's place."""
        self._laid_out_for = self.size
        self._lines = []
        self._renew_look()
        timeline, height = self._timeline, self.size.height
        if timeline is None or height < 1 or self.size.width < 1:
            return
        if not timeline.view.following:
            self._lines = self._lines_from_anchor(timeline, height)
            if len(self._lines) < height or self._ends(timeline):
                timeline.follow()
            else:
                if height >= HEIGHT_FOR_BAR:
                    self._lines.pop()
                self._saw(timeline)
        if timeline.view.following:
            self._lines = self._lines_from_bottom(timeline, height)
        self._found_to = timeline.last_seq
        self._tell(timeline)

    def _saw(self, timeline: Timeline) -> None:
        last = self._lines[-1]
        if last is not None:
            key, line, block = last
            timeline.saw(key if line == block.height - 1 else key - 1)

    def _ends(self, timeline: Timeline) -> bool:
        last = self._lines[-1]
        return last is not None and last[0] >= timeline.end - 1 and last[1] == last[2].height - 1

    def _lines_from_bottom(self, timeline: Timeline, height: int) -> list[Line | None]:
        lines: list[Line | None] = []
        key = timeline.end if len(timeline) else timeline.end + 1
        while len(lines) < height and key >= timeline.first:
            key -= 1
            block = self._block(timeline, key)
            for line in range(block.height - 1, -1, -1):
                lines.append((key, line, block))
                if len(lines) == height:
                    break
        lines.extend([None] * (height - len(lines)))
        lines.reverse()
        return lines

    def _lines_from_anchor(self, timeline: Timeline, height: int) -> list[Line | None]:
        key, line = self._anchor(timeline)
        lines: list[Line | None] = []
        while key < timeline.end and len(lines) < height:
            block = self._block(timeline, key)
            until = min(block.height, line + height - len(lines))
            lines.extend((key, at, block) for at in range(line, until))
            key, line = key + 1, 0
        return lines

    def _anchor(self, timeline: Timeline) -> tuple[int, int]:
        """The reader's place, put right for the heights that the rows have here."""
        view, width = timeline.view, self.size.width
        key = min(max(view.row, timeline.first - 1), timeline.end - 1)
        line = view.line
        if view.lowered:
            line, view.lowered = line - self.size.height // 3, False
        if view.width and view.width != width:
            line = self._block(timeline, key).line_of(view.char) if line else 0
        while line < 0 and key >= timeline.first:
            key -= 1
            line += self._block(timeline, key).height
        line = max(line, 0)
        while key < timeline.end and line >= (height := self._block(timeline, key).height):
            key, line = key + 1, line - height
        if not view.width:  # else the reader has not moved, and the same words shall stay whatever the width
            view.char = self._block(timeline, key).position(line, 0)
        view.row, view.line, view.width = key, line, width
        return key, line

    def _block(self, timeline: Timeline, key: int) -> Block:
        """The block of a row, or of what stands before the first and after none."""
        look = self._look
        assert look is not None  # noqa: S101 - laid out first
        if timeline.first <= key < timeline.end:
            return self._blocks.get(timeline.row(key), timeline, look)
        text = before_rows(timeline) if key < timeline.first else instead_of_rows(timeline)
        return self._blocks.hint(text, look)

    def _tell(self, timeline: Timeline) -> None:
        """Post what the owner wants to know of the new place."""
        if self._told_at_bottom != timeline.view.following:
            self._post(self.ViewChanged(at_bottom=self.at_bottom))
        self._want_quotes(timeline)
        here = (timeline, timeline.first_seq)
        if (
            timeline.has_older
            and not timeline.loading
            and self._asked_at != here
            and self._lines_above(timeline) <= self.size.height
        ):
            self._asked_at = here
            self._post(self.OlderWanted(timeline))

    def _lines_above(self, timeline: Timeline) -> int:
        """The lines above the window, counted up to a screen of them."""
        top = self._lines[0] if self._lines else None
        if top is None:
            return 0
        key, above, _ = top
        while above <= self.size.height and key >= timeline.first:
            key -= 1
            above += self._block(timeline, key).height
        return above

    # --- drawing ----------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines of the widget. It has no border and no padding: what Textual does to find that out for
        every line anew takes longer than all else."""
        self._lay_out_if_needed()
        self._painted, self._drawn_to = self._seen(), self._found_to
        filters, background, width = self.get_line_filters(), self.background_colors[1], self.size.width
        selection = self.text_selection
        strips = []
        for y in crop.line_range:
            strip = self._line(y, width, selection)
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, background)
            name_links(strip)
            strip.__class__ = Drawn  # not a copy of it: what Textual remembers of this one is worth keeping
            strips.append(strip)
        return strips if crop.width == width else [one.crop(*crop.column_span) for one in strips]

    def render_line(self, y: int) -> Strip:
        """Draw one line of the content, and say in it where everything stands.

        Textual asks for it when the mouse selects. To say so in all that is drawn took a seventh of the time
        that 1,000 messages a second take.
        """
        self._lay_out_if_needed()
        strip, timeline = self._line(y, self.size.width, self.text_selection), self._timeline
        last = self._lines[-1] if self._lines else None
        if timeline is None or self.size.width < 1:
            return strip
        if y >= len(self._lines):  # the bar
            return strip.apply_offsets(LINE_END, line_number(*last[:2])) if last is not None else strip
        here = self._lines[y]
        return strip.apply_offsets(0, line_number(*(here[:2] if here else (timeline.first - 2, 0))))

    def _line(self, y: int, width: int, selection: Selection | None) -> Strip:
        timeline = self._timeline
        if timeline is None or width < 1:
            return Strip.blank(width, self.rich_style)
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style) if timeline.view.following else self._bar(timeline)
        here = self._lines[y]
        if here is None:
            return Strip.blank(width, self.rich_style)
        key, line, block = here
        thumb = None if timeline.view.following else self._thumb(y, timeline)
        more = self._indicator_width(width) if thumb is None else 0
        columns = selected_columns(selection, line_number(key, line)) if selection is not None else None
        if columns is None:
            strip = block.strip(line, more)
        else:
            strip = block.selected_strip(line, more, *columns, self._selection_style())
        if self.selected is not None and timeline.key_of(self.selected) == key:
            chosen = self.get_component_rich_style("message-log--chosen")
            mark = Style(bgcolor=chosen.bgcolor, reverse=chosen.reverse)
            strip = Strip(Segment.apply_style(strip, post_style=mark), strip.cell_length)
        return Strip([*strip, thumb], width) if thumb is not None else strip

    def _selection_style(self) -> Style:
        # Most themes have no text colour of their own for a selection; the full style would show none.
        if self.app.native_ansi_color:
            return Style(reverse=True)
        partial = self.screen.get_component_rich_style("screen--selection", partial=True)
        return partial + Style(bgcolor=self.screen.get_component_rich_style("screen--selection").bgcolor)

    def _indicator_width(self, width: int) -> int:
        return int(width > INDICATED and not self._plain)

    def _thumb(self, y: int, timeline: Timeline) -> Segment | None:
        """The last cell of a line: where the window stands, counted in rows, while it is not at the end."""
        top, bottom = self._lines[0], self._lines[-1]
        if top is None or bottom is None or not self._indicator_width(self.size.width):
            return None
        shown, above = bottom[0] - top[0] + 1, top[0] - timeline.first + 1
        if in_thumb(y, len(self._lines), above, shown, len(timeline) + 1):
            return Segment("▐", self.get_component_rich_style("message-log--thumb"))
        return None

    def _bar(self, timeline: Timeline) -> Strip:
        """The last line while the newest row is out of sight."""
        new, newest = map(self.get_component_rich_style, ("message-log--new", "message-log--newest"))
        return bar(timeline.unseen, self.size.width, new, newest)

    # --- looks ------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """Take new styles."""
        super().notify_style_update()
        self._styles_changed = True
        self._laid_out_for = None

    def _renew_look(self) -> None:
        width = self.size.width - self._indicator_width(self.size.width)
        me = self._timeline.my_name if self._timeline is not None else ""
        known = self._look
        if known is not None and (known.width, known.me) == (width, me) and not self._styles_changed:
            return
        self._styles_changed = False
        styles = styles_of(self.rich_style, self.get_component_rich_style)
        background = self.background_colors[1]
        named: dict[str, Style] = {}

        def name_style(name: str) -> Style:
            found = named.get(name)
            if found is None:
                colour = name_colour(name, background).rich_color
                found = named[name] = Style(color=colour, bgcolor=styles.text.bgcolor, bold=True)
            return found

        look = Look(width, styles, name_style, background, me, self._words, self._plain)
        if look != self._look:
            self._look = look
            self._blocks.clear()

    # --- selection --------------------------------------------------------------------------------

    @property
    def allow_select(self) -> bool:
        """Text can be selected; where it is plain that is the terminal's business."""
        return not self._plain

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text as it was written: without what the log draws around it."""
        timeline = self._timeline
        visible = [line for line in self._lines if line is not None]
        if timeline is None or not visible:
            return None
        ends = within(selection, line_number(*visible[0][:2]), line_number(*visible[-1][:2]))
        start, end = ((*row_line(offset.y), offset.x) for offset in ends)
        return selected_text(timeline, partial(self._block, timeline), start, end), "\n"

    def _select(self, key: int, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Select what is between two places (a line and a column) of a row."""
        (first, first_x), (last, last_x) = start, end
        self.screen.selections = {
            self: Selection(Offset(first_x, line_number(key, first)), Offset(last_x, line_number(key, last)))
        }

    def _select_at(self, event: events.Click) -> None:
        """A double click selects a word, a triple one the message."""
        _, offset = self.screen.get_widget_and_offset_at(event.screen_x, event.screen_y)
        timeline = self._timeline
        if offset is None or timeline is None:
            return
        key, line = row_line(offset.y)
        if not self._is_row(key):
            return
        block = self._block(timeline, key)
        if event.chain == 2:
            start, end = word_at(block.text, block.position(line, offset.x))
            self._select(key, block.place(start), block.place(end))
        else:
            self._select(key, (0, 0), (block.height - 1, LINE_END))

    def _drop_selection(self) -> None:
        if self.is_attached and self in self.screen.selections:
            self.screen.clear_selection()

    # --- events -----------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """The lines are others now: a selection would show something else than was meant."""
        self._drop_selection()

    def on_click(self, event: events.Click) -> None:
        """Go to the bottom by the bar, select by several clicks. Textual's way selects the whole log."""
        event.prevent_default()
        on_bar = not self._follows and event.y - self.gutter.top == len(self._lines)
        if on_bar:
            self.to_bottom()
        elif event.chain > 1:
            self._select_at(event)
        elif event.screen_offset == self._pressed_at:  # else something was selected
            self._click_message(event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll by the wheel."""
        event.stop()
        self.scroll_lines(-WHEEL_LINES)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll by the wheel."""
        event.stop()
        self.scroll_lines(WHEEL_LINES)
