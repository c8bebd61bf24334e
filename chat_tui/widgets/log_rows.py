"""Rows of a timeline as lines of the screen.

Knows rows, widths and styles: a `Look` says how wide and in which styles, a `Block` is one row wrapped for
it. Blocks make their strips when they are asked for, and translate between places on the screen and
characters of the text. Knows nothing of scrolling or of widgets. All text is plain: never markup.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from chat_tui.timeline import Activity, DayLine, Message, Row, Timeline
from chat_tui.wrapping import Span, displayable, measurable_parts, snap, truncate, wrap

WIDE = 80
MEDIUM = 56
NARROW = 45
"""From WIDE cells on names have a wide column, below MEDIUM a small one; below NARROW they stand on lines of
their own. In a terminal of 80 columns with both panes the log has 50."""

WIDE_NAMES, NAMES, SMALL_NAMES = 14, 10, 8
TEXT = 120
"""Text is not wider than this: longer lines are hard to read."""

_TIME = 5
_BAR = "│ "
_MARKS = {"stored": _BAR, "pending": "… ", "failed": "! "}
_ERROR_LINES = 3
_REMEDY = "/retry or /discard"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)

Segments = Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of all parts of a log."""

    text: Style
    time: Style
    gutter: Style
    day: Style
    activity: Style
    info: Style
    error: Style
    pending: Style
    failed: Style
    own: Style
    hint: Style


@dataclass(frozen=True, slots=True)
class Look:
    """What the shape of a row depends on besides the row itself."""

    width: int
    styles: Styles
    name_style: Callable[[str], Style] = field(compare=False)
    background: object = None

    @property
    def inline(self) -> bool:
        """Whether names stand in a column beside the text."""
        return self.width >= NARROW

    @property
    def name_width(self) -> int:
        """The cells of the column of names."""
        if self.width >= WIDE:
            return WIDE_NAMES
        return NAMES if self.width >= MEDIUM else SMALL_NAMES

    @property
    def indent(self) -> int:
        """The cells before the bar beside the text."""
        return _TIME + 2 + self.name_width + 1 if self.inline else 0

    @property
    def text_width(self) -> int:
        """The cells that text may take."""
        return max(1, min(TEXT, self.width - self.indent - len(_BAR)))


class Block:
    """One row wrapped to a width: lines `above` the text, the text's own, lines `below` it."""

    __slots__ = (
        "_above",
        "_after",
        "_below",
        "_first",
        "_lead",
        "_rest",
        "_spans",
        "_strips",
        "_style",
        "_width",
        "text",
    )

    def __init__(
        self,
        width: int,
        text: str,
        style: Style,
        spans: list[Span],
        *,
        first: Segments = (),
        rest: Segments = (),
        after: Segments = (),
        above: Sequence[Segments] = (),
        below: Sequence[Segments] = (),
        lead: tuple[int, Style] | None = None,
    ) -> None:
        """`first` and `rest` stand before the lines of the text, `after` behind its last one.

        `lead`: so many characters at its begin are in another style.
        """
        self.text = text
        self._width = width
        self._style = style
        self._spans = spans
        self._first, self._rest, self._after = first, rest, after
        self._above, self._below = above, below
        self._lead = lead
        self._strips: dict[int, Strip] = {}

    @property
    def height(self) -> int:
        """The number of lines."""
        return len(self._above) + len(self._spans) + len(self._below)

    def strip(self, line: int) -> Strip:
        """A line, exactly as wide as the look says."""
        strip = self._strips.get(line)
        if strip is None:
            strip = self._strips[line] = self._draw(line, (0, 0), Style.null())
        return strip

    def selected_strip(self, line: int, start: int, end: int, style: Style) -> Strip:
        """A line with the characters between two columns (see `position`) in another style."""
        first, last = self.position(line, start), self.position(line, end)
        span = snap(self.text, first, last) if first < last else (0, 0)
        return self._draw(line, span, style)

    def position(self, line: int, column: int) -> int:
        """The character of the text at a column: the count of characters drawn before it in its line."""
        at = line - len(self._above)
        if at < 0:
            return 0
        if at >= len(self._spans):
            return len(self.text)
        start, end = self._spans[at]
        return min(end, start + max(0, column - self._before(at)))

    def place(self, position: int) -> tuple[int, int]:
        """The line and the column of a character: the opposite of `position`."""
        line = self.line_of(position)
        at = line - len(self._above)
        if not 0 <= at < len(self._spans):
            return line, 0
        start, end = self._spans[at]
        return line, self._before(at) + min(position, end) - start

    def line_of(self, position: int) -> int:
        """The line in which a character stands."""
        low, high = 0, len(self._spans)
        while high - low > 1:
            middle = (low + high) // 2
            if self._spans[middle][0] <= position:
                low = middle
            else:
                high = middle
        return len(self._above) + low

    def _before(self, at: int) -> int:
        """The characters that stand before the text's line `at`."""
        return sum(len(segment.text) for segment in (self._rest if at else self._first))

    def _draw(self, line: int, selected: Span, selection: Style) -> Strip:
        at = line - len(self._above)
        if at < 0:
            segments = list(self._above[line])
        elif at >= len(self._spans):
            segments = list(self._below[at - len(self._spans)])
        else:
            segments = [
                *(self._rest if at else self._first),
                *self._drawn_text(*self._spans[at], selected, selection),
            ]
            if at == len(self._spans) - 1:
                segments.extend(self._after)
        return Strip(segments).adjust_cell_length(self._width, self._style)

    def _drawn_text(self, start: int, end: int, selected: Span, selection: Style) -> list[Segment]:
        lead, lead_style = self._lead or (0, self._style)
        cuts = sorted({start, end, *(cut for cut in (lead, *selected) if start < cut < end)})
        segments: list[Segment] = []
        for first, last in pairwise(cuts):
            style = lead_style if first < lead else self._style
            if selected[0] <= first < selected[1]:
                style += selection
            segments.extend(Segment(part, style) for part in measurable_parts(self.text[first:last]))
        return segments


class BlockCache:
    """The blocks used last, by row. Bounded by their lines: one row may have tens of thousands."""

    def __init__(self, lines: int) -> None:
        """Keep about so many lines."""
        self._limit = lines
        self._lines = 0
        self._blocks: OrderedDict[tuple[Row, int], Block] = OrderedDict()

    def get(self, row: Row, timeline: Timeline, look: Look) -> Block:
        """The block of a row. The look must be the same from one `clear` to the next."""
        key = (row, row.revision if isinstance(row, Activity) else 0)
        block = self._blocks.get(key)
        if block is not None:
            self._blocks.move_to_end(key)
            return block
        block = self._blocks[key] = block_of(row, timeline, look)
        self._lines += block.height
        while self._lines > self._limit and len(self._blocks) > 1:
            self._lines -= self._blocks.popitem(last=False)[1].height
        return block

    def clear(self) -> None:
        """Forget all blocks."""
        self._blocks.clear()
        self._lines = 0


def block_of(row: Row, timeline: Timeline, look: Look) -> Block:
    """Wrap a row."""
    if isinstance(row, Message):
        return _message(row, timeline, look)
    if isinstance(row, DayLine):
        return rule(text_of(row), look)
    styles = look.styles
    if isinstance(row, Activity):
        return _aside(text_of(row), "", styles.activity, timeline.clock(row), look)
    style, mark = (styles.error, "!") if row.kind == "error" else (styles.info, "·")
    return _aside(text_of(row), mark, style, timeline.clock(row), look)


def text_of(row: Row) -> str:
    """The text of a row that can be selected."""
    if isinstance(row, Message):
        return displayable(f"{row.name} {row.text}" if row.action else row.text)
    if isinstance(row, DayLine):
        return day_name(row.day)
    return displayable(row.text() if isinstance(row, Activity) else row.text)


def copied(row: Row, timeline: Timeline, text: str) -> str:
    """`text`, which is of this row, as it is copied together with other rows."""
    if isinstance(row, Message):
        return (
            f"[{timeline.clock(row)}] * {text}"
            if row.action
            else f"[{timeline.clock(row)}] {row.name}: {text}"
        )
    return f"— {text} —" if isinstance(row, DayLine) else text


def day_name(day: date) -> str:
    """`Monday, 23 November 2026`."""
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


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
    left = (look.width - cell_len(text)) // 2
    return Block(look.width, "", look.styles.hint, [], above=[[Segment(" " * left + text, look.styles.hint)]])


def before_rows(timeline: Timeline) -> str:
    """What stands before the first row."""
    if timeline.loading:
        return "loading older messages …"
    if timeline.cleared:
        return "cleared"
    return "…" if timeline.has_older else f"the beginning of {timeline.title}"


def instead_of_rows(timeline: Timeline) -> str:
    """What stands in a log without rows."""
    if timeline.loading or timeline.cleared or timeline.has_older:
        return " "
    return "Nothing here yet. Say hello." if timeline.room else " "


def _message(row: Message, timeline: Timeline, look: Look) -> Block:
    styles = look.styles
    text = text_of(row)
    name_style = styles.own if row.mine else look.name_style(row.name)
    style, mark_style = {
        "stored": (styles.text, styles.gutter),
        "pending": (styles.pending, styles.pending),
        "failed": (styles.pending, styles.failed),
    }[row.state]
    if row.action:
        style += Style(italic=True)
    mark = Segment(_MARKS[row.state], mark_style)
    clock = timeline.clock(row) if row.show_time else ""
    above: list[Segments] = []
    if look.inline:
        name = "" if row.grouped else "*" if row.action else row.name
        first = _gutter(clock, name, name_style, mark, look)
    else:
        first = [mark]
        if not row.grouped:
            name = truncate(row.name, look.width - _TIME - 1)
            above.append([Segment(f"{clock:{_TIME}} ", styles.time), Segment(name or "?", name_style)])
    return Block(
        look.width,
        text,
        style,
        wrap(text, look.text_width),
        first=first,
        rest=[Segment(" " * look.indent, styles.gutter), mark] if look.indent else [mark],
        above=above,
        below=_failure(row, look) if row.state == "failed" else (),
        lead=(len(displayable(row.name)), name_style + Style(italic=True)) if row.action else None,
    )


def _failure(row: Message, look: Look) -> list[Segments]:
    """Why a message was not sent, in few lines."""
    style = look.styles.failed
    text = displayable(f"not sent: {row.error}" if row.error else "not sent")
    indent = Segment(" " * (look.indent + len(_BAR)), look.styles.gutter)
    lines = [line or " " for line in _wrapped(text, look.text_width)[:_ERROR_LINES]]
    return [[indent, Segment(line, style)] for line in (*lines, *_wrapped(_REMEDY, look.text_width))]


def _wrapped(text: str, width: int) -> list[str]:
    return [text[a:b] for a, b in wrap(text, width)]


def _aside(text: str, mark: str, style: Style, clock: str, look: Look) -> Block:
    """What nobody said."""
    bar = Segment(_BAR, look.styles.gutter)
    if look.inline:
        first: Segments = _gutter(clock, mark, style, bar, look)
        rest: Segments = [Segment(" " * look.indent, look.styles.gutter), bar]
    else:
        first = [Segment(f"{mark:1} ", style)]
        rest = [Segment(" " * len(_BAR), style)]
    return Block(look.width, text, style, wrap(text, look.text_width), first=first, rest=rest)


def _gutter(clock: str, name: str, name_style: Style, mark: Segment, look: Look) -> list[Segment]:
    name = truncate(name, look.name_width)
    blanks = look.name_width - cell_len(name) + 2
    gutter = [Segment(f"{clock:{_TIME}}" + " " * blanks, look.styles.time)]
    if name:
        gutter.append(Segment(name, name_style))
    return [*gutter, Segment(" ", look.styles.gutter), mark]
