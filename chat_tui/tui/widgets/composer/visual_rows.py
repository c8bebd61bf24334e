"""The rows on the screen in which an editor shows its lines.

Textual's own wrapping counts code points where one sees a character of several, so a row may be too wide; and
at each key it wraps all of a line and lists all rows of the text anew. Here a key costs the rows it changes.
"""

from bisect import bisect_left
from itertools import pairwise

from textual.document._document import Location
from textual.document._wrapped_document import WrappedDocument

from chat_tui.markup import wrapping

BACK = 2
"""So many rows before the one with a change may become others: a word moves up that has become shorter, and a
mark joins the character before it."""


class Rows(WrappedDocument):
    """Lines and their rows. A tab goes on to its next stop in a row, wherever in the line that begins."""

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """Wrap all lines."""
        self._width = width
        self._tab_width = tab_width or self._tab_width
        self._wrap_offsets = [self._breaks(line, 0) for line in self.document.lines]
        self._list_rows()

    def wrap_range(self, start: Location, old_end: Location, new_end: Location) -> None:
        """Wrap what an edit has changed: what stood from `start` to `old_end` is now up to `new_end`."""
        (top, old_bottom), bottom = sorted((start[0], old_end[0])), max(start[0], new_end[0])
        if top == old_bottom == bottom:
            before = self._wrap_offsets[top]
            changed = min(start[1], old_end[1], new_end[1])
            after = self._changed(before, top, changed, old_end[1], new_end[1])
            self._wrap_offsets[top] = after
            if len(before) == len(after):
                return
        else:
            lines = self.document.lines[top : bottom + 1]
            self._wrap_offsets[top : old_bottom + 1] = [self._breaks(line, 0) for line in lines]
        self._list_rows()

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._offset_to_line_info)

    def get_sections(self, line_index: int) -> list[str]:
        """The rows of a line."""
        line = self.document.get_line(line_index)
        places = [0, *self._wrap_offsets[line_index], len(line)]
        return [line[start:end] for start, end in pairwise(places)]

    def row(self, y: int) -> tuple[int, int, int]:
        """The line of the row at `y`, and from where to where it goes there."""
        line, section = self._offset_to_line_info[y]
        places = [0, *self._wrap_offsets[line], len(self.document.get_line(line))]
        return line, places[section], places[section + 1]

    def _breaks(self, line: str, start: int) -> list[int]:
        """Where rows begin in this line behind the one that begins at `start`."""
        if not self._width:
            return []
        found = []
        while (start := wrapping.row_end(line, start, self._width, self._tab_width)) < len(line):
            found.append(start)
        return found

    def _changed(self, before: list[int], row: int, changed: int, old_end: int, new_end: int) -> list[int]:
        """The breaks of a line after an edit in it. A row depends only on what comes behind its beginning, so
        from the first one that begins where one began before, all are as they were."""
        if not self._width:
            return []
        line = self.document.get_line(row)
        found = before[: max(bisect_left(before, changed) - BACK, 0)]
        start = found[-1] if found else 0
        moved = new_end - old_end
        while (start := wrapping.row_end(line, start, self._width, self._tab_width)) < len(line):
            if start >= new_end:
                same = bisect_left(before, max(start - moved, old_end))
                if same < len(before) and before[same] == start - moved:
                    return found + [place + moved for place in before[same:]]
            found.append(start)
        return found

    def _list_rows(self) -> None:
        self._offset_to_line_info = [
            (line, section)
            for line, breaks in enumerate(self._wrap_offsets)
            for section in range(len(breaks) + 1)
        ]
        self._line_index_to_offsets = []
        y = 0
        for breaks in self._wrap_offsets:
            self._line_index_to_offsets.append(list(range(y, y + len(breaks) + 1)))
            y += len(breaks) + 1
