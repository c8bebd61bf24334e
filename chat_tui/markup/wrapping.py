"""Text in terminal cells: where to cut a line, where to break it, what takes how much room.

Knows strings and the cell widths that Rich (and so Textual) counts with. Knows nothing of messages,
widgets or styles. Everything is linear in the length of the text.
"""

import re
from collections.abc import Iterator

from rich.cells import cell_len, get_character_cell_size

TAB = 4
ELLIPSIS = "…"

JOINER = "\u200d"
_EMOJI_SELECTOR = "\ufe0f"

# Characters that are one cell wide each and join nothing: text of these alone needs no clusters.
_NARROW = re.compile("[ -~\xa0-\xac\xae-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e\u2500-\u25fc]*")
# Characters that are two cells wide each and join nothing: the bulk of East Asian text.
_EAST_ASIAN = re.compile("[\u3001\u3002\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff\uac00-\ud7a3]*")

# More marks on one character than any script needs ("Zalgo") cost a terminal dearly: it stores them all
# in one cell.
_MARKS_KEPT = 8
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31-\u0e3a\u0e47-\u0e4e"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u200c-\u200f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0000-\U000e01ef]"
    f"{{{_MARKS_KEPT}}})[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31-\u0e3a"
    "\u0e47-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u200c-\u200f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U000e0000-\U000e01ef]+"
)

# A joiner with nothing before or after it joins nothing, and Rich measures it differently in different
# places.
_LOOSEJOINERS = re.compile(
    "(?:^|(?<=[\\s\u200d]))[\u200d\ufe0f]+|\u200d[\u200d\ufe0f]*(?=\\s|$)", re.MULTILINE
)

# A line must not begin with the first nor end with the second.
_CLOSING = frozenset("、。，．・：；！？）」』】〕〉》］｝々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_OPENING = frozenset("（「『【〔〈《［｛")

Span = tuple[int, int]


def displayable(text: str) -> str:
    """`text` with its tabs expanded, and without what can't be measured or would harm a terminal."""
    if "\t" in text:
        text = text.expandtabs(TAB)
    if text.isascii():
        return text
    text = _MARKS.sub(r"\1", text)
    if JOINER in text or _EMOJI_SELECTOR in text:
        text = _LOOSEJOINERS.sub("", text)
    return text


def clusters(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int]]:
    """What one sees as one character each: (start, end, cells), without gaps.

    A character with the marks on it, emoji joined to one, a flag of two letters.
    """
    if end is None:
        end = len(text)
    at = start
    while at < end:
        first = at
        character = text[at]
        at += 1
        if at >= end or character in "\n\t" or (character != JOINER and _stands_alone(text[at])):
            yield first, at, get_character_cell_size(character)
            continue
        if character == JOINER:
            at = _end_of_join(text, first, end)
        elif _is_flag_letter(character) and _is_flag_letter(text[at]):
            at += 1
        at = _end_of_cluster(text, at, end)
        yield first, at, cell_len(text[first:at])


def cluster_at(text: str, at: int) -> Span:
    """From where to where the one goes that has the character at `at`."""
    start = at
    while start > 0 and _may_join(text[start - 1], text[start]):
        start -= 1
    return next((first, last) for first, last, _ in clusters(text, start) if last > at)


def _may_join(before: str, character: str) -> bool:
    flag = _is_flag_letter(before) and _is_flag_letter(character)
    return before == JOINER or flag or joins(character)


def _stands_alone(character: str) -> bool:
    """A quick test for most characters that never join the one before."""
    return character < "\u0300" and character.isprintable()


def _end_of_cluster(text: str, at: int, end: int) -> int:
    while at < end:
        character = text[at]
        if character == JOINER:
            at = _end_of_join(text, at, end)
        elif character in "\n\t" or (get_character_cell_size(character) and not _is_skin(character)):
            break
        else:
            at += 1
    return at


def _end_of_join(text: str, at: int, end: int) -> int:
    """After the joiner at `at` and what it joins."""
    return at + 1 if at + 1 >= end or text[at + 1] in "\n\t" else at + 2


def joins(character: str) -> bool:
    """Whether a character is drawn upon the one before it, so that nothing may come between them."""
    return character > "\u02ff" and (_is_skin(character) or not get_character_cell_size(character))


def _is_skin(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff"


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def measurable_parts(text: str) -> list[str]:
    """`text` in parts, in each of which every character has its own cells.

    Textual finds the character under the mouse by adding up characters; joined ones break the sum, so
    they stand in parts of their own.
    """
    if JOINER not in text and _EMOJI_SELECTOR not in text:
        return [text] if text else []
    parts: list[str] = []
    plain = 0
    for start, end, _ in clusters(text):
        if JOINER in text[start:end] or _EMOJI_SELECTOR in text[start:end]:
            if plain < start:
                parts.append(text[plain:start])
            parts.append(text[start:end])
            plain = end
    if plain < len(text):
        parts.append(text[plain:])
    return parts


def snap(text: str, start: int, end: int) -> Span:
    """The span from `start` to `end`, widened so that it cuts no cluster."""
    if text.isascii():
        return start, end
    for first, last, _ in clusters(text):
        if first < start < last:
            start = first
        if first < end < last:
            end = last
        if first >= end:
            break
    return start, end


def truncate(text: str, width: int) -> str:
    """At most `width` cells of one line of `text`; `…` stands for what was cut."""
    text = displayable(text)
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    used = 0
    for start, _, cells in clusters(text):
        if used + cells > width - 1:
            return text[:start] + ELLIPSIS
        used += cells
    return text  # not reached: the whole is wider than `width`


def wrap(text: str, width: int, start: int = 0, stop: int | None = None) -> list[Span]:
    """The lines of `text` (from `start` to `stop`) at `width` cells, as spans of it.

    Between two spans lie only what a line's end swallows: blanks, and a newline where there was one.
    Words are kept whole where they fit. Only a single cluster that is wider than `width` exceeds it.
    """
    width = max(1, width)
    stop = len(text) if stop is None else stop
    spans: list[Span] = []
    while True:
        end = text.find("\n", start, stop)
        last = end < 0
        if last:
            end = stop
        if _NARROW.fullmatch(text, start, end):
            _wrap_narrow(text, start, end, width, spans)
        else:
            _wrap_wide(text, start, end, width, spans)
        if last:
            return spans
        start = end + 1


def cut(text: str, width: int, start: int, stop: int) -> list[Span]:
    """One line of `text` at `width` cells, broken anywhere: for code, in which every blank counts."""
    width = max(1, width)
    if _NARROW.fullmatch(text, start, stop):
        return [(at, min(at + width, stop)) for at in range(start, stop, width)] or [(start, stop)]
    spans: list[Span] = []
    used = 0
    for first, _, cells in clusters(text, start, stop):
        if used + cells > width and first > start:
            spans.append((start, first))
            start, used = first, 0
        used += cells
    return [*spans, (start, stop)]


def row_end(text: str, start: int, width: int, tab: int = TAB) -> int:
    """Where a row of an editor ends that begins at `start`. Each character stands in a row there, blanks too:
    it ends behind those after the last word that fits with them, or anywhere if none does.

    Knows no more of the text than that row and the character behind it.
    """
    stop = start + width
    half = start + width // 2
    if half > start and _EAST_ASIAN.fullmatch(text, start, min(half + 1, len(text))):
        return min(half, len(text))
    if not _NARROW.fullmatch(text, start, min(stop + 1, len(text))):
        return _row_end_wide(text, start, width, tab)
    if len(text) <= stop:
        return len(text)
    words = start + len(text[start:stop].rstrip(" ")) if text[stop] == " " else stop
    end = text.rfind(" ", start, words) + 1
    return stop if end <= start or (start == 0 and not text[:end].strip(" ")) else end


def _row_end_wide(text: str, start: int, width: int, tab: int) -> int:
    used, word = 0, start
    blank, words = False, start > 0  # what indents a line stays with its first word
    for first, _, cells in clusters(text, start):
        is_blank = text[first].isspace()
        if blank and words and not is_blank:
            word = first
        taken = tab - used % tab if text[first] == "\t" else cells
        if used + taken > width and first > start:
            return word if word > start else first
        used += taken
        blank, words = is_blank, words or not is_blank
    return len(text)


def _wrap_narrow(text: str, start: int, end: int, width: int, spans: list[Span]) -> None:
    """One line of characters that are a cell wide each."""
    while end - start > width:
        indented = start + width - len(text[start : start + width].lstrip(" "))
        blank = text.rfind(" ", indented, start + width + 1)
        if blank < 0 or blank <= indented:
            spans.append((start, start + width))
            start += width
            continue
        stop = blank
        while text[stop - 1] == " ":
            stop -= 1
        spans.append((start, stop))
        start = blank + 1
        while start < end and text[start] == " ":
            start += 1
        if start == end:
            return
    spans.append((start, end))


def _wrap_wide(text: str, start: int, end: int, width: int, spans: list[Span]) -> None:
    """One line of any characters. Between wide ones it may break anywhere, as East Asian text does."""
    piece, piece_at = start, 0  # where this line begins, in characters and in cells
    at = 0
    stop = resume = -1  # where it could end and the next begin; -1: nowhere yet
    resume_at = 0
    words = False  # has it more than indentation?
    before = ""
    for first, last, cells in clusters(text, start, end):
        character = text[first:last]
        if character == " " and words:
            if before != " ":
                stop = first
            at += 1
            resume, resume_at = last, at
            before = character
            continue
        if before and before != " " and _may_break(before, character, cells):
            stop = resume = first
            resume_at = at
        while at + cells - piece_at > width and first > piece:
            if resume > piece:
                spans.append((piece, stop))
                piece, piece_at = resume, resume_at
            else:
                spans.append((piece, first))
                piece, piece_at = first, at
            resume = -1
            words = first > piece
        words = words or character != " "
        at += cells
        before = character
    if at - piece_at > width and resume == end:
        end = stop
    spans.append((piece, end))


def _may_break(before: str, character: str, cells: int) -> bool:
    wide = cells == 2 or get_character_cell_size(before[0]) == 2
    return wide and character not in _CLOSING and before not in _OPENING
