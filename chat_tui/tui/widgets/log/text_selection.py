"""Selecting text in the message log.

Knows Textual's selections (offsets of a column and a line) and rows; nothing of widgets. Lines of the log
have numbers that stay the same whatever comes before or after them, so a selection holds on to its text.
"""

from collections.abc import Callable

from textual.geometry import Offset
from textual.selection import Selection

from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.block import Block
from chat_tui.tui.widgets.log.row_text import copied, text_of

LINE_END = 2**40
"""A column behind every text."""

_LINES_PER_ROW = 2**20

Place = tuple[int, int, int]
"""A row's key, and a line and a column of it."""


def line_number(key: int, line: int) -> int:
    """The lasting number of a row's line."""
    return key * _LINES_PER_ROW + min(line, _LINES_PER_ROW - 1)


def row_line(number: int) -> tuple[int, int]:
    """The key and the line of a number: the opposite of `line_number`."""
    return divmod(number, _LINES_PER_ROW)


def selected_columns(selection: Selection, number: int) -> tuple[int, int] | None:
    """The columns that are selected in a line; None if it is not touched."""
    start, end = selection
    if (start is not None and number < start.y) or (end is not None and number > end.y):
        return None
    first = start.x if start is not None and number == start.y else 0
    last = end.x if end is not None and number == end.y else LINE_END
    return first, last


def within(selection: Selection, first: int, last: int) -> tuple[Offset, Offset]:
    """Both ends of a selection. An open end is that of the lines `first` to `last`, the visible ones."""
    start = selection.start if selection.start is not None else Offset(0, first)
    end = selection.end if selection.end is not None else Offset(LINE_END, last)
    return start, end


def selected_text(timeline: Timeline, block: Callable[[int], Block], start: Place, end: Place) -> str:
    """The text between two places as it was written: a part of one row, or rows with their authors."""
    first, last = start[0], end[0]
    texts: list[tuple[int, str]] = []
    for key in range(max(first, timeline.first), min(last, timeline.end - 1) + 1):
        if first < key < last:
            texts.append((key, text_of(timeline.row(key))))
            continue
        text = block(key).written(start[1:] if key == first else None, end[1:] if key == last else None)
        if text:
            texts.append((key, text))
    if len(texts) == 1:
        return texts[0][1]
    return "\n".join(copied(timeline.row(key), timeline, text) for key, text in texts)


def word_at(text: str, at: int) -> tuple[int, int]:
    """The word around a character: what has no blanks in it, without punctuation around it."""
    if at >= len(text) or text[at].isspace():
        return at, at
    start = max(text.rfind(blank, 0, at) for blank in " \n") + 1
    end = min(stop if (stop := text.find(blank, at)) >= 0 else len(text) for blank in " \n")
    word = text[start:end]
    inner = (
        start + len(word) - len(word.lstrip("([{<\"'“«")),
        start + len(word.rstrip(".,;:!?)]}>\"'”»")),
    )
    return inner if inner[0] <= at < inner[1] else (start, end)
