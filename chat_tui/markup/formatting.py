"""What people write in messages - *emphasis*, `code`, lists, links - as text to show and how to show it.

Knows strings only. It reads a little Markdown, as chat people expect it: what could just as well be meant as
it stands (`snake_case`, `2*3*4`, a path, a lonely `**`) is left as it stands. Nothing is invented or
reordered: what is shown is what was written without the marks, but for emoji that have a name, and for the
host of a link whose words don't tell it. Every place of what is shown is known in what was written. All of
it takes time linear in the length of the text.
"""

import re
from bisect import bisect_left, bisect_right

import msgspec

from chat_tui.markup import shortcodes
from chat_tui.markup.inline import (
    BLOCK,
    BOLD,
    BULLET,
    CODE,
    HOST,
    ITALIC,
    LINK,
    QUOTE,
    STRIKE,
    Piece,
    is_apart,
    pieces,
)
from chat_tui.markup.urls import Link

DEEPEST = 3
"""Quotes of quotes are told apart so far."""

LINES = 1000
"""Of a message are looked at for formatting, but for those of a block of code; what follows is shown as it
was written. A line that is nothing but marks costs 20 µs, and nobody's key shall wait for 4,000 of them."""

# What a text must have somewhere, if there is anything to do. Most have not, and this is all that they are
# looked at for: each begins with a character, which a search finds many times faster than alternatives.
_MARK = re.compile(r"[*_~`\[]")
_EMOJI = re.compile(rf":{shortcodes.NAME}:", re.IGNORECASE)
_LINE = re.compile(r">| *(?:-|\d{1,9}[.)]) ")
_LATER_LINE = re.compile(rf"\n(?:{_LINE.pattern})")

_FENCE = re.compile(r"`{3,}(?:(?P<language>[\w+#.-]*) *|(?P<code>[^`]+))")
_QUOTE = re.compile(r"(?:>{1,2} )+|>{1,2}$")
_BULLET = re.compile(r" *(?:[-*]|\d{1,9}[.)]) +(?=\S)")


class Run(msgspec.Struct):
    """Some text that looks alike: where it is shown, and where it was written.

    Both are the same text, unless it is `replaced`.
    """

    start: int
    end: int
    source: int
    source_end: int
    looks: int = 0
    link: Link | None = None
    replaced: bool = False


class Line(msgspec.Struct, frozen=True):
    """A line of the shown text. It begins with `hang` characters of a bullet; `quote` is its depth."""

    start: int
    end: int
    quote: int = 0
    hang: int = 0
    code: bool = False


class Block(msgspec.Struct, frozen=True):
    """Lines of code, and the language that they are said to be in."""

    start: int
    end: int
    language: str


class Marked(msgspec.Struct, frozen=True):
    """Some shown text and where it was written, with the marks around it. `seam`: at this place of what is
    shown stood a mark as well (between the words of a link and its host).
    """

    start: int
    end: int
    source: int
    source_end: int
    seam: int = -1


class Formatted(msgspec.Struct):
    """The text to show: its runs cover it without a gap, its lines all but the newlines between them."""

    source: str
    text: str = ""
    runs: list[Run] = msgspec.field(default_factory=list)
    lines: list[Line] = msgspec.field(default_factory=list)
    blocks: list[Block] = msgspec.field(default_factory=list)
    marked: list[Marked] = msgspec.field(default_factory=list)

    def looks_at(self, position: int) -> int:
        """How the character there looks."""
        at = bisect_right(self.runs, position, key=lambda run: run.start) - 1
        return self.runs[at].looks if at >= 0 else 0

    def written(self, start: int, end: int, *, beyond: bool = False) -> tuple[int, int]:
        """Where in the source the shown text from `start` to `end` was written.

        The marks around a part of it belong to it, but not those around all of it (unless what is meant goes
        on `beyond` this message): who selects a command wants it without its backticks.
        """
        if start >= end:
            return 0, 0
        first = self.runs[bisect_right(self.runs, start, key=lambda run: run.start) - 1]
        last = self.runs[bisect_left(self.runs, end, key=lambda run: run.end)]
        begin = first.source + (0 if first.replaced else start - first.start)
        stop = last.source_end - (0 if last.replaced else last.end - end)
        for mark in self.marked:
            inside = start <= mark.start and mark.end <= end
            exactly = (start, end) == (mark.start, mark.end)
            if (inside and (beyond or not exactly)) or start < mark.seam < end:
                begin, stop = min(begin, mark.source), max(stop, mark.source_end)
        return begin, stop


def parse(text: str, lead: int = 0) -> Formatted | None:
    """Read a message; None if there is nothing in it but text. `lead` characters at its begin are no part."""
    if not _is_special(text, lead):
        return None
    reader = _Reader(text)
    reader.read(lead)
    is_seen = bool(reader.out.text.strip())  # marks alone are what is meant
    return reader.out if reader.formatted and is_seen else None


def _is_special(text: str, lead: int) -> bool:
    if _MARK.search(text, lead) or _LATER_LINE.search(text, lead) or (not lead and _LINE.match(text)):
        return True
    if text.find(":", lead) < 0:
        return False
    return "://" in text or "mailto:" in text.lower() or _EMOJI.search(text, lead) is not None


class _Reader:
    """Reads one message, line by line."""

    def __init__(self, text: str) -> None:
        self.out = Formatted(text)
        self.formatted = False
        self._text = text
        self._parts: list[str] = []
        self._at = 0
        self._lines: list[tuple[int, int]] = []
        self._closing: list[int] = []  # for each line, the next one in which a block may end

    def read(self, lead: int) -> None:
        """Read it all."""
        start = 0
        for line in self._text.split("\n"):
            self._lines.append((start, start + len(line)))
            start += len(line) + 1
        self._closing = self._closing_lines()
        number = formatted = 0
        while number < len(self._lines):
            if formatted == LINES:
                self._plain_line(*self._lines[number])
                number += 1
                continue
            formatted += 1
            after = self._code_block(number) if number or not lead else number
            if after == number:
                self._line(*self._lines[number], lead if number == 0 else 0)
                after += 1
            number = after
        self.out.text = "".join(self._parts)

    def _closing_lines(self) -> list[int]:
        """Looked for once and from the end: whoever begins blocks that are none would have all that follows
        looked through for each."""
        closing, following = [0] * len(self._lines), len(self._lines)
        for number in range(len(self._lines) - 1, -1, -1):
            closing[number] = following
            start, end = self._lines[number]
            inner = self._end_of_code(start, end)
            if self._text.endswith("```", start, inner + 3) and is_apart(self._text, inner, end):
                following = number
        return closing

    # --- what is shown

    def _keep(self, start: int, end: int, looks: int = 0, link: Link | None = None) -> None:
        """Show what was written."""
        if start == end:
            return
        shown = self._at
        self._put(self._text[start:end], formatted=bool(looks))
        last = self.out.runs[-1] if self.out.runs else None
        if last is None or last.replaced or (last.looks, last.link, last.source_end) != (looks, link, start):
            self.out.runs.append(Run(shown, self._at, start, end, looks, link))
        else:
            last.end, last.source_end = self._at, end

    def _replace(self, start: int, end: int, text: str, looks: int = 0, link: Link | None = None) -> None:
        """Show something else for what was written."""
        shown = self._at
        self._put(text, formatted=True)
        self.out.runs.append(Run(shown, self._at, start, end, looks, link, replaced=True))

    def _put(self, text: str, *, formatted: bool) -> None:
        self.formatted = self.formatted or formatted
        self._parts.append(text)
        self._at += len(text)

    def _begin_line(self, start: int) -> int:
        """Begin a line that was written from `start` on; where it is shown."""
        if self.out.lines:
            self._keep(start - 1, start)
        return self._at

    def _mark(self, shown: int, start: int, end: int, seam: int = -1) -> None:
        """What is shown from `shown` on was written, with its marks, from `start` to `end`."""
        self.out.marked.append(Marked(shown, self._at, start, end, seam))

    # --- lines

    def _code_block(self, number: int) -> int:
        """Read a fenced block, if one begins in this line; the number of the line after it."""
        lines, closing = self._lines, self._closing[number]
        start, end = lines[number]
        if closing == len(lines) or not self._text.startswith("```", start):
            return number
        fence = _FENCE.fullmatch(self._text, start, end)
        if fence is None:
            return number
        last, last_end = lines[closing]
        first = fence.start("code") if fence["code"] else lines[number + 1][0]
        code_end = self._end_of_code(last, last_end)
        if not is_apart(self._text, start, first) or not self._text[first:code_end].strip():
            return number
        code = [*lines[number + 1 : closing], (last, code_end)]
        if fence["code"]:
            code.insert(0, fence.span("code"))
        if not self._text[last:last_end].strip(" `"):
            code.pop()
        self._show_code(code, start, last_end, fence["language"] or "")
        return closing + 1

    def _end_of_code(self, start: int, end: int) -> int:
        """Where the code ends in a line that closes a block."""
        return start + len(self._text[start:end].rstrip()) - len("```")

    def _show_code(self, code: list[tuple[int, int]], start: int, end: int, language: str) -> None:
        first = self._begin_line(start)
        for number, (a, b) in enumerate(code):
            shown = self._begin_line(a) if number else first
            self._keep(a, b, CODE | BLOCK)
            self.out.lines.append(Line(shown, self._at, code=True))
        self.out.blocks.append(Block(first, self._at, language))
        self._mark(first, start, end)
        self.formatted = True

    def _line(self, start: int, end: int, lead: int) -> None:
        shown = self._begin_line(start)
        depth = hang = 0
        self._keep(start, start + lead)
        start += lead
        if not lead:
            quote = _QUOTE.match(self._text, start, end)
            if quote is not None:
                depth = min(quote[0].count(">"), DEEPEST)
                start = quote.end()
                self.formatted = True
            bullet = _BULLET.match(self._text, start, end)
            if bullet is not None:
                hang = bullet.end() - start
                self._keep(start, bullet.end(), BULLET)
                start = bullet.end()
        self._inline(start, end, QUOTE if depth else 0)
        self.out.lines.append(Line(shown, self._at, depth, hang))

    def _plain_line(self, start: int, end: int) -> None:
        shown = self._begin_line(start)
        self._keep(start, end)
        self.out.lines.append(Line(shown, self._at))

    # --- within a line

    def _inline(self, start: int, end: int, base: int) -> None:
        depths = dict.fromkeys((BOLD, ITALIC, STRIKE), 0)
        begun: list[tuple[int, int]] = []
        looks = base
        for piece in pieces(self._text, start, end):
            if piece.partner is None:
                self._show(piece, looks | piece.looks)
                continue
            for look in depths:
                if piece.looks & look:
                    depths[look] += 1 if piece.opens else -1
            looks = base | sum(look for look, depth in depths.items() if depth)
            if piece.opens:
                begun.append((self._at, piece.start))
            else:
                shown, first = begun.pop()
                self._mark(shown, first, piece.end)

    def _show(self, piece: Piece, looks: int) -> None:
        if piece.instead:
            self._replace(piece.start, piece.end, piece.instead, looks)
            return
        shown, seam = self._at, -1
        self._keep(piece.inner, piece.inner_end, looks, piece.link)
        if piece.link is not None and piece.host is not None:
            seam = self._at
            self._replace(*piece.host, f" ({piece.link.host})", (looks & ~LINK) | HOST, piece.link)
        if seam >= 0 or (piece.inner, piece.inner_end) != (piece.start, piece.end):
            self._mark(shown, piece.start, piece.end, seam)
