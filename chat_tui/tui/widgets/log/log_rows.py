"""Rows of a timeline as blocks of lines, and the blocks that were made last.

Knows which kind of row looks how; what people said is drawn by `message_rows`. Knows nothing of scrolling
or of widgets.
"""

from collections import OrderedDict

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from chat_tui.markup.wrapping import truncate, wrap
from chat_tui.timeline.rows import Activity, DayLine, Message, Reply, Row
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.block import Block, Segments
from chat_tui.tui.widgets.log.log_style import BAR, Look
from chat_tui.tui.widgets.log.message_rows import gutter, message_block
from chat_tui.tui.widgets.log.plain_rows import plain_block
from chat_tui.tui.widgets.log.row_text import text_of


class BlockCache:
    """The blocks used last, by row. Bounded by their lines: one row may have tens of thousands."""

    def __init__(self, lines: int) -> None:
        """Keep about so many lines."""
        self._limit = lines
        self._lines = 0
        self._blocks: OrderedDict[tuple[Row, int, int, Reply | None], Block] = OrderedDict()
        self._hints: dict[str, Block] = {}

    def get(self, row: Row, timeline: Timeline, look: Look) -> Block:
        """The block of a row. The look must be the same from one `clear` to the next."""
        revision = people = 0
        reply: Reply | None = None
        if isinstance(row, Message):
            revision, reply = row.revision, row.reply
            if "@" in row.text:
                people = len(timeline.people)  # who has come in is called by name now
        elif isinstance(row, Activity):
            revision = row.revision
        key = (row, revision, people, reply)
        block = self._blocks.get(key)
        if block is not None:
            self._blocks.move_to_end(key)
            return block
        block = self._blocks[key] = block_of(row, timeline, look)
        self._lines += block.height
        while self._lines > self._limit and len(self._blocks) > 1:
            self._lines -= self._blocks.popitem(last=False)[1].height
        return block

    def hint(self, text: str, look: Look) -> Block:
        """See `hint`."""
        block = self._hints.get(text)
        if block is None:
            block = self._hints[text] = hint(text, look)
        return block

    def clear(self) -> None:
        """Forget all blocks."""
        self._blocks.clear()
        self._hints.clear()
        self._lines = 0


def block_of(row: Row, timeline: Timeline, look: Look) -> Block:
    """Wrap a row."""
    if look.plain:
        return plain_block(row, timeline, look)
    if isinstance(row, Message):
        return message_block(row, timeline, look)
    if isinstance(row, DayLine):
        return rule(text_of(row), look)
    styles = look.styles
    if isinstance(row, Activity):
        return _aside(text_of(row), "", styles.activity, timeline.clock(row), look)
    style, mark = (styles.error, "!") if row.kind == "error" else (styles.info, "·")
    return _aside(text_of(row), mark, style, timeline.clock(row), look)


def rule(text: str, look: Look) -> Block:
    """A centred text in a line."""
    text = truncate(text, look.width)
    style = look.styles.day
    room = look.width - cell_len(text) - 2
    left = room // 2
    if left < 1:
        return Block(look.width, text, style, [(0, len(text))])
    return Block(
        look.width,
        text,
        style,
        [(0, len(text))],
        first=[Segment("─" * left, look.styles.gutter), Segment(" ", style)],
        after=[Segment(" ", style), Segment("─" * (room - left), look.styles.gutter)],
    )


def hint(text: str, look: Look) -> Block:
    """A centred dim text that can't be selected."""
    text = truncate(text, look.width)
    left = 0 if look.plain else (look.width - cell_len(text)) // 2
    return Block(look.width, "", look.styles.hint, [], above=[[Segment(" " * left + text, look.styles.hint)]])


GONE = "earlier messages are gone from the server"


def before_rows(timeline: Timeline) -> str:
    """What stands before the first row."""
    if not timeline.room:  # we are in none, or not connected yet: there may be notices all the same
        return " "
    if timeline.loading:
        return "loading older messages …"
    if timeline.cleared:
        return "cleared"
    if timeline.has_older:
        return "…"
    return GONE if timeline.pruned else f"the beginning of {timeline.title}"


def instead_of_rows(timeline: Timeline) -> str:
    """What stands in a log without rows."""
    if timeline.loading or timeline.cleared or timeline.has_older:
        return " "
    if timeline.pruned:
        return GONE
    return "Nothing here yet. Say hello." if timeline.room else " "


def _aside(text: str, mark: str, style: Style, clock: str, look: Look) -> Block:
    """What nobody said."""
    bar = Segment(BAR, look.styles.gutter)
    if look.inline:
        first: Segments = gutter(clock, mark, style, bar, look)
        rest: Segments = [Segment(" " * look.indent, look.styles.gutter), bar]
    else:
        first = [Segment(f"{mark:1} ", style)]
        rest = [Segment(" " * len(BAR), style)]
    return Block(look.width, text, style, wrap(text, look.text_width), first=first, rest=rest)
