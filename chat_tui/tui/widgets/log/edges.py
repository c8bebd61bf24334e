"""What the log draws at its edges while the newest row is out of sight: a bar below, a thumb at the right.

Knows numbers and styles only.
"""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from chat_tui.markup.wrapping import truncate


def bar(unseen: int, width: int, new: Style, newest: Style) -> Strip:
    """The last line: how many messages there are below."""
    if unseen:
        text = truncate(f"↓ {unseen:,} new message{'s' * (unseen != 1)}  (End)", width)
        style, left = new, (width - cell_len(text)) // 2
    else:
        text = truncate("↓ newest  (End) ", width)
        style, left = newest, width - cell_len(text)
    return Strip([Segment(" " * left + text, style)]).adjust_cell_length(width, style)


def in_thumb(y: int, height: int, above: int, shown: int, rows: int) -> bool:
    """Whether a line is beside the part of all `rows` that is `shown`, `above` which there are others."""
    size = max(1, height * shown // rows)
    start = (height - size) * above // max(1, rows - shown)
    return start <= y < start + size
