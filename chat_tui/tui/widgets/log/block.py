"""A row of a log as lines of the screen.

Knows text, widths and styles; nothing of what the text means. A block makes its strips when they are asked
for, and translates between places on the screen and characters of its text. All text is plain: never markup.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from zlib import crc32

import msgspec
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from chat_tui.markup.formatting import Formatted
from chat_tui.markup.wrapping import Span, measurable_parts, snap

Segments = Sequence[Segment]

Layer = Sequence[tuple[int, int, Style]]
"""Parts of a text and their styles, in order."""


class Edge(msgspec.Struct, frozen=True):
    """What a line of the text has besides: `before` it stands more, and it is filled up to `width` cells."""

    before: Segments = ()
    fill: Style | None = None
    width: int = 0


class Block:
    """One row wrapped to a width: lines `above` the text, the text's own, lines `below` it."""

    __slots__ = (
        "_above",
        "_after",
        "_below",
        "_edges",
        "_first",
        "_layers",
        "_rest",
        "_spans",
        "_strips",
        "_style",
        "_width",
        "formatted",
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
        layers: Sequence[Layer] = (),
        edges: Sequence[Edge] = (),
        formatted: Formatted | None = None,
    ) -> None:
        """`first` and `rest` stand before the lines of the text, `after` behind its last one.

        `layers` are laid on the text's style one after another, `edges` are those of its lines (if any has
        one). `formatted` says how the text was written, if otherwise than it is shown.
        """
        self.text = text
        self.formatted = formatted
        self._width = width
        self._style = style
        self._spans = spans
        self._first, self._rest, self._after = first, rest, after
        self._above, self._below = above, below
        self._layers = layers
        self._edges = edges
        self._strips: dict[tuple[int, int], Strip] = {}

    @property
    def height(self) -> int:
        """The number of lines."""
        return len(self._above) + len(self._spans) + len(self._below)

    # --- drawing

    def strip(self, line: int, more: int = 0) -> Strip:
        """A line, exactly as wide as the look says, and so many cells more."""
        strip = self._strips.get((line, more))
        if strip is None:
            strip = self._strips[line, more] = self._draw(line, more, self._layers)
        return strip

    def selected_strip(self, line: int, more: int, start: int, end: int, style: Style) -> Strip:
        """The same with the characters between two columns (see `position`) in another style."""
        first, last = self.position(line, start), self.position(line, end)
        span = snap(self.text, first, last) if first < last else (0, 0)
        return self._draw(line, more, [*self._layers, [(*span, style)]])

    def _draw(self, line: int, more: int, layers: Sequence[Layer]) -> Strip:
        at = line - len(self._above)
        if at < 0:
            segments = list(self._above[line])
        elif at >= len(self._spans):
            segments = list(self._below[at - len(self._spans)])
        else:
            segments = [*(self._rest if at else self._first), *self._drawn_text(at, layers)]
            if at == len(self._spans) - 1:
                segments.extend(self._after)
        return _joined(Strip(segments).adjust_cell_length(self._width + more, self._style))

    def _drawn_text(self, at: int, layers: Sequence[Layer]) -> list[Segment]:
        start, end = self._spans[at]
        edge = self._edges[at] if self._edges else None
        segments = list(edge.before) if edge is not None else []
        for first, last, style in _styled(start, end, self._style, layers):
            segments.extend(Segment(part, style) for part in measurable_parts(self.text[first:last]))
        if edge is not None and edge.fill is not None:
            missing = edge.width - sum(cell_len(segment.text) for segment in segments)
            segments.append(Segment(" " * missing, edge.fill))
        return segments

    # --- places

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
        at = bisect_right(self._spans, position, key=lambda span: span[0])
        return len(self._above) + max(0, at - 1)

    def _before(self, at: int) -> int:
        """The characters that stand before the text's line `at`."""
        own = self._rest if at else self._first
        more = self._edges[at].before if self._edges else ()
        return sum(len(segment.text) for segment in (*own, *more))

    def written(self, start: tuple[int, int] | None = None, end: tuple[int, int] | None = None) -> str:
        """The text between two places (a line and a column) as it was written; None: from or to its end.

        Who begins before the text or ends behind it means all of it, also the marks that are not shown.
        """
        first = self.position(*start) if start is not None else 0
        last = self.position(*end) if end is not None else len(self.text)
        first, last = snap(self.text, first, last) if first < last else (first, first)
        if self.formatted is None or first == last:
            return self.text[first:last]
        begin, stop = self.formatted.written(first, last, beyond=start is None or end is None)
        if start is None or self._is_outside(*start, at=0):
            begin = 0
        if end is None or self._is_outside(*end, at=len(self._spans) - 1):
            stop = len(self.formatted.source)
        return self.formatted.source[begin:stop]

    def _is_outside(self, line: int, column: int, *, at: int) -> bool:
        """Whether a place is before the text, if `at` is its first line, or behind it, if it is its last."""
        here = line - len(self._above)
        before = self._before(at)
        start, end = self._spans[at]
        if at == 0 and (here < 0 or (here == 0 and column < before)):
            return True
        last = at == len(self._spans) - 1
        return last and (here > at or (here == at and column > before + end - start))


def _joined(strip: Strip) -> Strip:
    """The same in fewer segments: each takes its time whenever it is drawn.

    Only ASCII is joined. Other text may measure otherwise than its parts, which `measurable_parts` has found.
    """
    joined: list[Segment] = []
    for segment in strip:
        last = joined[-1] if joined else None
        if last is not None and last.style == segment.style and (last.text + segment.text).isascii():
            joined[-1] = Segment(last.text + segment.text, last.style)
        else:
            joined.append(segment)
    return Strip(joined, strip.cell_length)


class Drawn(Strip):
    """A strip as it goes to the screen.

    Textual's own holds itself once it was drawn whole: with all that it remembers, which are some 10 kB, it
    would stay until the collector comes, and under load that is after tens of thousands of others.
    """

    __slots__ = ()

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """The strip in pieces; one that stays whole is not remembered as its own piece."""
        cuts = [*cuts]
        return [self] if cuts == [self.cell_length] else super().divide(cuts)


def name_links(strip: Strip) -> None:
    """Give all parts of a link the same name, on whatever lines they stand.

    A terminal takes links with the same target and name for one. Rich names each part otherwise, whenever
    styles are added; there is no public way to say how.
    """
    for segment in strip:
        style = segment.style
        if style is not None and style.link is not None:
            style._link_id = f"{crc32(style.link.encode()):x}"  # noqa: SLF001


def _styled(start: int, end: int, style: Style, layers: Sequence[Layer]) -> list[tuple[int, int, Style]]:
    """The parts of a line and the style of each."""
    if not layers:
        return [(start, end, style)] if start < end else []
    touching = [_touching(layer, start, end) for layer in layers]
    edges = (edge for layer in touching for first, last, _ in layer for edge in (first, last))
    cuts = sorted({start, end, *(edge for edge in edges if start < edge < end)})
    parts = []
    at = [0] * len(layers)
    for first, last in pairwise(cuts):
        combined = style
        for number, layer in enumerate(touching):
            while at[number] < len(layer) and layer[at[number]][1] <= first:
                at[number] += 1
            if at[number] < len(layer) and layer[at[number]][0] <= first:
                combined += layer[at[number]][2]
        parts.append((first, last, combined))
    return parts


def _touching(layer: Layer, start: int, end: int) -> Layer:
    """What of a layer lies between two characters."""
    first = bisect_right(layer, start, key=lambda part: part[1])
    stop = first
    while stop < len(layer) and layer[stop][0] < end:
        stop += 1
    return layer[first:stop]
