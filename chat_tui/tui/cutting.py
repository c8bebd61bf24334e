"""Cuts what is drawn where another thing lies over it: a dialog, a list, the edge of the screen.

Rich cuts between code points, and guesses where (Textualize/rich#3299): it takes what one sees as a character
apart, makes lines shorter or wider than they were, and raises for some texts. Textual has it cut all that it
draws, whichever widget that comes from, and there is no place of our own in between.
"""

from functools import lru_cache

import rich.cells
from rich.segment import Segment

from chat_tui.markup.wrapping import clusters

REMEMBERED = 2**14
"""Segments that were cut, and how: as many as Rich remembers."""


def install() -> None:
    """Have Rich, and so every widget, cut as we do."""
    Segment._split_cells = staticmethod(_split_segment)  # type: ignore[assignment, method-assign]  # noqa: SLF001
    rich.cells._split_text = split_text  # noqa: SLF001


def split_text(text: str, cell_position: int, unicode_version: str = "auto") -> tuple[str, str]:  # noqa: ARG001  # Rich's
    """What stands before that cell, and what behind; blanks for a character that would be in both."""
    at = 0
    for start, end, cells in clusters(text):
        if at + cells > cell_position:
            left = cell_position - at
            after = " " * (cells - left) + text[end:] if left else text[start:]
            return text[:start] + " " * left, after
        at += cells
    return text, ""


@lru_cache(REMEMBERED)
def _split_segment(segment: Segment, cut: int) -> tuple[Segment, Segment]:
    before, after = split_text(segment.text, cut)
    return Segment(before, segment.style, segment.control), Segment(after, segment.style, segment.control)
