"""An editor for text with the keys that people's fingers know from shells (those of readline).

Its cursor never stands inside what one sees as one character: a letter with its accents, an emoji of
several. Textual's own counts code points, and would take such a one apart.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.document._document import Document
from textual.document._document_navigator import DocumentNavigator
from textual.document._edit import Edit
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import EditResult, Location, Selection

from chat_tui.markup import wrapping
from chat_tui.tui.widgets.composer.visual_rows import Rows
from protocol.text import clean_text

BLINKS = 20
"""Half-seconds after the last key in which the cursor blinks: as long as in GNOME's terminal. Blinking on
and on took most of what an idle client takes of the processor."""


_HELD = frozenset(("alt", "ctrl", "super", "hyper", "meta"))


class Readline(TextArea):
    """See the module."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("alt+b,alt+left", "cursor_word_left", "Word left", show=False),
        Binding("alt+f,alt+right", "cursor_word_right", "Word right", show=False),
        Binding("alt+d,ctrl+delete", "delete_word_right", "Delete the word right", show=False),
        Binding("alt+k", "delete_to_end_of_line", "Delete to the end of the line", show=False),
        Binding("ctrl+y", "yank", "Put back what was deleted last", show=False),
        Binding("ctrl+underscore", "undo", "Undo", show=False),
        Binding("ctrl+shift+z,alt+z", "redo", "Redo", show=False),
    ]

    _blinked = 0
    _killed = ""
    _joining = False  # the next character may belong to this one, not to what stands behind it

    def write(self, event: events.Key) -> bool:
        """Put in the character of a key, if it has one; those that join others too, which Textual drops.

        With Alt held it is a command, if one that nobody knows: it has been dealt with, and does nothing.
        """
        character = event.character or ""
        if _HELD.intersection(event.key.split("+")[:-1]):
            return event.is_printable
        if not event.is_printable and unicodedata.category(character or "\0") != "Cf":
            return False
        if clean_text(character):
            self._restart_blink()
            self._joining = True
            self._replace_via_keyboard(character, *self.selection)
            self._joining = False
        return True

    def _restart_blink(self) -> None:
        self._blinked = 0
        super()._restart_blink()

    def _toggle_cursor_blink_visible(self) -> None:
        self._blinked += 1
        if self._blinked < BLINKS:
            super()._toggle_cursor_blink_visible()
        else:
            self._pause_blink(visible=True)

    def action_yank(self) -> None:
        """Put in what was deleted last, if it was more than a character."""
        self.insert(self._killed)

    def _delete_via_keyboard(self, start: Location, end: Location) -> EditResult | None:
        gone = self.get_text_range(*sorted((start, end)))
        if gone and wrapping.cluster_at(gone, 0)[1] < len(gone):
            self._killed = gone
        return super()._delete_via_keyboard(start, end)

    # --- undo and redo

    # Textual asks for the cursor's place in between: after the text has changed and before the selection has,
    # so it may look for a line that is gone. And it adds up the places of several edits, though each of them
    # is one in the text as that edit found it.

    def _undo_batch(self, edits: Sequence[Edit]) -> None:
        for edit in reversed(edits):
            end = edit.undo(self).end_location
            done = edit._edit_result  # noqa: SLF001  # Textual has no other way to say where it had ended
            self._rows.wrap_range(edit.top, done.end_location if done is not None else edit.top, end)
        edits[0].after(self)  # the cursor is where it was before the first of them
        self._text_replaced()

    def _redo_batch(self, edits: Sequence[Edit]) -> None:
        end = self.cursor_location
        for edit in edits:
            end = edit.do(self, record_selection=False).end_location
            self._rows.wrap_range(edit.top, edit.bottom, end)
        self.selection = Selection.cursor(end)
        self.record_cursor_width()
        self._text_replaced()

    def _text_replaced(self) -> None:
        """The cursor is in the new text: its size may follow now, and others may be told."""
        self._line_cache.clear()
        self._refresh_size()
        self.post_message(self.Changed(self))

    # --- the line, all of it: Textual means the part of it that stands in one row of the screen

    def get_cursor_line_start_location(self, smart_home: bool = False) -> Location:  # noqa: ARG002, FBT001, FBT002
        """Where the line begins."""
        return self.cursor_location[0], 0

    def get_cursor_line_end_location(self) -> Location:
        """Where the line ends."""
        row = self.cursor_location[0]
        return row, len(self.document.get_line(row))

    # --- what one sees as one character

    def get_cursor_left_location(self) -> Location:
        """Before the character to the left."""
        row, column = self.cursor_location
        if column == 0:
            return super().get_cursor_left_location()
        return row, wrapping.cluster_at(self.document.get_line(row), column - 1)[0]

    def get_cursor_right_location(self) -> Location:
        """Behind the character to the right."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        if column >= len(line):
            return super().get_cursor_right_location()
        return row, wrapping.cluster_at(line, column)[1]

    def _validate_selection(self, selection: Selection) -> Selection:
        start, end = super()._validate_selection(selection)
        return Selection(self._outside(start), self._outside(end))

    def _outside(self, location: Location) -> Location:
        """The same place, or the end of the character that it is inside of."""
        row, column = location
        line = self.document.get_line(row)
        if self._joining or line.isascii() or not 0 < column < len(line):
            return location
        start, end = wrapping.cluster_at(line, column)
        return row, column if start == column else end

    # --- what is drawn: Textual takes all of a line anew for each of its rows

    def _set_document(self, text: str, language: str | None) -> None:  # noqa: ARG002  # it highlights nothing
        self.document = Document(text)
        self.wrapped_document = self._rows = Rows(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self._rows)
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def _render_line(self, y: int) -> Strip:
        y += self.scroll_offset.y
        width = self.scrollable_content_region.width
        base = self._theme.base_style or self.rich_style
        if y >= self._rows.height:
            return Strip.blank(width, base)
        row, start, end = self._rows.row(y)
        line = self.document.get_line(row)
        text = _Line(line[start:end] + " " * (end == len(line)), end="", no_wrap=True)  # room for the cursor
        for style, first, last in self._styles(row, len(line)):
            if style is not None and first < last and last > start:
                text.stylize(style, max(first - start, 0), last - start)
        if not line and row != self.cursor_location[0]:
            self._draw_selected_newline(text, row)
        text.expand_tabs(self.indent_width)
        strip = Strip(text.render(self.app.console), text.cell_len)
        return strip.adjust_cell_length(width, self._theme.base_style).apply_style(base)

    def _styles(self, row: int, length: int) -> Iterator[tuple[Style | None, int, int]]:
        """How parts of this line are drawn: style, and from where to where."""
        theme, cursor = self._theme, self.cursor_location
        top, bottom = sorted(self.selection)
        if top != bottom and top[0] <= row <= bottom[0]:
            yield theme.selection_style, top[1] * (top[0] == row), bottom[1] if bottom[0] == row else length
        bracket = self.matching_bracket_location
        for place in (bracket, cursor) if bracket is not None and top == bottom else ():
            if place[0] == row:
                yield theme.bracket_matching_style, place[1], place[1] + 1
        if cursor[0] == row and self._draw_cursor:
            yield theme.cursor_style, cursor[1], cursor[1] + 1

    def _draw_selected_newline(self, text: Text, row: int) -> None:
        top, bottom = sorted(self.selection)
        style = self._theme.selection_style
        if style is not None and top[0] <= row <= bottom[0] and top != bottom:
            text.plain = "▌"
            text.stylize(Style(color=style.bgcolor))


class _Line(Text):
    """A line that takes no style for a part of a character: its cells would be counted wrong."""

    def stylize(self, style: str | Style, start: int = 0, end: int | None = None) -> None:
        """See `Text.stylize`."""
        if end is not None and 0 <= start < end:
            start, end = wrapping.snap(self.plain, start, end)
        super().stylize(style, start, end)
