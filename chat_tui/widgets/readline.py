"""An editor for text with the keys that people's fingers know from shells (those of readline).

Its cursor never stands inside what one sees as one character: a letter with its accents, an emoji of
several. Textual's own counts code points, and would take such a one apart.
"""

import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.document._edit import Edit
from textual.widgets import TextArea
from textual.widgets.text_area import EditResult, Location, Selection

from chat_tui import wrapping
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
            edit.undo(self)
        self.wrapped_document.wrap(self.wrap_width, self.indent_width)
        edits[0].after(self)  # the cursor is where it was before the first of them
        self._text_replaced()

    def _redo_batch(self, edits: Sequence[Edit]) -> None:
        ends = [edit.do(self, record_selection=False).end_location for edit in edits]
        self.wrapped_document.wrap(self.wrap_width, self.indent_width)
        self.selection = Selection.cursor(ends[-1])
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

    def get_line(self, line_index: int) -> Text:
        """As ever, but the cursor is drawn on whole characters."""
        return _Line(self.document.get_line(line_index), end="", no_wrap=True)


class _Line(Text):
    """A line that takes no style for a part of a character: its cells would be counted wrong."""

    def stylize(self, style: str | Style, start: int = 0, end: int | None = None) -> None:
        """See `Text.stylize`."""
        if end is not None and 0 <= start < end:
            start, end = wrapping.snap(self.plain, start, end)
        super().stylize(style, start, end)
