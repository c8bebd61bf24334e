"""What stands in a line of a message: emphasis, code, links and names of emoji, found as pieces.

Knows strings only. What could just as well be meant as it stands is no piece: a mark must stand at the
border of a word and have a partner in the same line.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

import msgspec

from chat_tui.markup import shortcodes
from chat_tui.markup.urls import Link, link_to, says_where, url_end
from chat_tui.markup.wrapping import JOINER, joins

BOLD, ITALIC, STRIKE, CODE, BLOCK, LINK, HOST, BULLET, QUOTE = (1 << bit for bit in range(9))
"""How text looks; they add up. `BLOCK` is code on lines of its own, `HOST` says where a link leads."""

_TOKEN = re.compile(r"[`*_~\[:]")
_RUNS = {mark: re.compile(re.escape(mark) + "+") for mark in "`*_~"}
_EMOJI = re.compile(rf":({shortcodes.NAME}):", re.IGNORECASE)
_SCHEMES = ("https", "http", "mailto")
_URL = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+", re.IGNORECASE)
_NAMED = re.compile(
    r"\[(?P<text>[^\[\]\n]+)\]"
    r"\((?P<url>(?:https?://|mailto:)[^\s<>\"()]*(?:\([^\s<>\"()]*\)[^\s<>\"()]*)*)\)",
    re.IGNORECASE,
)
_EMPHASIS = {"*": ITALIC, "_": ITALIC, "**": BOLD, "~~": STRIKE, "***": BOLD | ITALIC}

# Emphasis begins after one of the first and before none of the second, and ends after none of the third and
# before one of the fourth.
_BEFORE = frozenset("([{\"'“‘«„*_~—–")
_NOT_FIRST = frozenset(".,;!?)]}/\\|=&%^+")
_NOT_LAST = frozenset("([{\\|=<")
_AFTER = frozenset(")]}\"'”’».,;:!?…*_~—–-/")
_AROUND = frozenset("\"'()[]{}")

_EAST_ASIAN = "\u2e80"
"""Scripts from here on are written without blanks between words."""


class Piece(msgspec.Struct, eq=False):
    """A part of a line, as it was written. What stands from `inner` to `inner_end` of it is shown.

    A mark of emphasis has a `partner`: nothing of it is shown, it says how all between looks. `instead` is
    shown for an emoji's name. `host`: where the address of a link was written whose words don't tell it.
    """

    start: int
    end: int
    inner: int
    inner_end: int
    looks: int = 0
    link: Link | None = None
    host: tuple[int, int] | None = None
    instead: str = ""
    opens: bool = False
    closes: bool = False
    partner: "Piece | None" = None


def pieces(text: str, start: int, end: int) -> Iterator[Piece]:
    """The pieces of a line, without a gap."""
    found: list[Piece] = []
    ticks: dict[int, list[int]] = {}
    at = start
    while token := _TOKEN.search(text, at, end):
        mark, here = token[0], token.start()
        run = _RUNS[mark].match(text, here, end) if mark in _RUNS else None
        after = run.end() if run is not None else here + 1
        piece: Piece | None
        if mark == "`":
            ticks = ticks or _ticks(text, start, end)
            piece = _code(text, here, after, ticks)
        elif mark == "[":
            piece = _named_link(text, here, end)
        elif mark == ":":
            piece = _bare_link(text, at, here, end) or _emoji(text, here, end)
        else:
            piece = _emphasis(text, here, after, start, end)
        if piece is not None:
            found.append(piece)
        at = piece.end if piece is not None else after
    _pair(text, found)
    return _with_text(found, start, end)


def is_apart(text: str, start: int, end: int) -> bool:
    """Whether nothing joins what it did not when all from `start` to `end` is not shown."""
    joined = end < len(text) and text[end] != "\n" and joins(text[end])
    return not joined and not (start and text[start - 1] == JOINER)


def _with_text(found: list[Piece], at: int, end: int) -> Iterator[Piece]:
    for piece in found:
        if piece.partner is None and (piece.opens or piece.closes):
            continue  # a mark without a partner is text
        if at < piece.start:
            yield Piece(at, piece.start, at, piece.start)
        yield piece
        at = piece.end
    if at < end:
        yield Piece(at, end, at, end)


# --- code


def _ticks(text: str, start: int, end: int) -> dict[int, list[int]]:
    """Where runs of backticks begin, by their length."""
    found: dict[int, list[int]] = {}
    for ticks in _RUNS["`"].finditer(text, start, end):
        found.setdefault(len(ticks[0]), []).append(ticks.start())
    return found


def _code(text: str, start: int, inner: int, ticks: dict[int, list[int]]) -> Piece | None:
    if start and (text[start - 1] == "\\" or text[start - 1].isalnum()):
        return None
    length = inner - start
    closing = ticks[length]
    after = bisect_right(closing, start)
    if after == len(closing):
        return None
    inner_end = closing[after]
    end = inner_end + length
    content = text[inner:inner_end]
    if length > 1 and content.strip(" ") and content[0] == content[-1] == " ":
        inner, inner_end = inner + 1, inner_end - 1
    if not content.strip() or not (is_apart(text, start, inner) and is_apart(text, inner_end, end)):
        return None
    return Piece(start, end, inner, inner_end, CODE)


# --- links


def _named_link(text: str, start: int, end: int) -> Piece | None:
    named = _NAMED.match(text, start, end)
    link = link_to(named["url"]) if named is not None else None
    if named is None or link is None or not named["text"].strip():
        return None
    inner, inner_end = named.span("text")
    if not (is_apart(text, start, inner) and is_apart(text, inner_end, named.end())):
        return None
    host = None if says_where(named["text"], link) else named.span("url")
    return Piece(start, named.end(), inner, inner_end, LINK, link, host)


def _bare_link(text: str, first: int, colon: int, end: int) -> Piece | None:
    """A link whose scheme ends with a colon, and that begins at `first` or later."""
    before = text[max(first, colon - len("mailto")) : colon].lower()
    scheme = next((scheme for scheme in _SCHEMES if before.endswith(scheme)), "")
    start = colon - len(scheme)
    url = _URL.match(text, start, end) if scheme else None
    if url is None or (start and text[start - 1].isalnum() and text[start - 1] < _EAST_ASIAN):
        return None
    around = text[start - 1] if start and text[start - 1] in "*_~" else ""
    end = url_end(text, start, url.end(), around)
    is_whole = is_apart(text, start, start) and is_apart(text, end, end)
    link = link_to(text[start:end]) if is_whole else None
    if link is None:  # text, all of it: looked at again from every colon in it, it would cost its square
        return Piece(start, url.end(), start, url.end())
    host = None if says_where(text[start:end], link) else (start, end)
    return Piece(start, end, start, end, LINK, link, host)


# --- emoji


def _emoji(text: str, start: int, end: int) -> Piece | None:
    name = _EMOJI.match(text, start, end)
    if name is None:
        return None
    end = name.end()
    in_word = (start and text[start - 1].isalnum()) or text[end : end + 1].isalnum()
    if in_word or not is_apart(text, start, end):
        return None
    emoji = shortcodes.emoji_of(name[1].lower())
    return Piece(start, end, start, end, instead=emoji) if emoji else None


# --- emphasis


def _emphasis(text: str, first: int, last: int, start: int, end: int) -> Piece | None:
    before = text[first - 1] if first > start else ""
    after = text[last] if last < end else ""
    looks = _EMPHASIS.get(text[first:last])
    if looks is None or before == "\\" or (before in _AROUND and after in _AROUND):
        return None
    opens, closes = _opens(before, after), _closes(before, after)
    if not (opens or closes) or not is_apart(text, first, last):
        return None
    return Piece(first, last, last, last, looks, opens=opens, closes=closes)


def _opens(before: str, after: str) -> bool:
    is_border = not before or before.isspace() or before in _BEFORE or before >= _EAST_ASIAN
    return is_border and bool(after) and not after.isspace() and after not in _NOT_FIRST


def _closes(before: str, after: str) -> bool:
    is_border = not after or after.isspace() or after in _AFTER or after >= _EAST_ASIAN
    return is_border and bool(before) and not before.isspace() and before not in _NOT_LAST


def _pair(text: str, found: list[Piece]) -> None:
    """Find the partners. What is open within a pair, and stays so, is text."""
    opened: list[Piece] = []
    waiting: Counter[str] = Counter()
    for piece in found:
        mark = text[piece.start : piece.end]
        if piece.closes and waiting[mark]:
            other = opened.pop()
            while (kind := text[other.start : other.end]) != mark:
                waiting[kind] -= 1
                other = opened.pop()
            waiting[mark] -= 1
            other.partner, piece.partner = piece, other
            other.closes = piece.opens = False
        elif piece.opens:
            opened.append(piece)
            waiting[mark] += 1
