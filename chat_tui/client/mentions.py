"""Who is mentioned in a text: the one rule for what notifies, for what is counted and for what is coloured.

A name is mentioned where it stands whole: not as a part of a longer name, nor in a URL or an address. In
scripts that put no blanks between words (Han, kana, Thai …), `@` and the longest existing name mentions, and
so does a name before a title such as さん. A word that a person has chosen stands between characters that are
part of no word. What a mention does in a room is the room's level to say. Pure: knows texts and names.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import lru_cache

from chat_tui.markup.urls import addresses
from protocol import limits
from protocol.names import fold
from protocol.text import normalize
from protocol.words import UNSPACED

ANY = "*"
"""In a word: any letters more."""

WORDS = 100
"""Words that one may choose."""

LONGER = 1_000
"""Names of others that begin with the person's own, at most: so many are told apart from it."""

Span = tuple[int, int]

# Whatever may stand in a name, and signs that are not ASCII: those are looked at one by one.
_COARSE = re.compile(r"[^\s\x00-,/:-@\[-^`{-\x7f]+")
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)
_BORDER = "._-"
"""In a name, but not at its beginning; at its end they are mostly a sentence's, or emphasis."""

_TITLES = ("さん", "くん", "君", "ちゃん", "さま", "様", "氏", "殿", "先生", "先輩", "님", "씨")

# The scripts without blanks, and Hangul, whose particles stand at a name without one; kana of half a width.
_UNSPACED = re.compile(f"[{UNSPACED}\u1100-\u11ff\uac00-\ud7a3\uff66-\uff9f]")
_PIECE = re.compile(r"\S+")

# As many characters as a name of the greatest length may have been written with: a letter with two accents.
_WRITTEN = 3 * limits.NAME


class MentionMatcher:
    """By what a person is mentioned; one for all of their rooms."""

    def __init__(self, name: str = "", words: Iterable[str] = ()) -> None:
        self._name = self._folded = ""
        self._longer: set[str] = set()
        self.name = name
        self.words: tuple[str, ...] = ()
        self.by(words)

    @property
    def name(self) -> str:
        """What the person is called."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        if name != self._name:
            self._name, self._folded = name, fold(name)
            self._longer.clear()

    def by(self, words: Iterable[str]) -> None:
        """These words mention them too; one without a letter would be everywhere, and does not."""
        self.words = tuple(word for word in words if any(map(str.isalnum, word)))[:WORDS]

    def know(self, name: str) -> None:
        """Somebody is called that: where it begins with the person's own name, it is not theirs."""
        if name.isascii() or len(self._longer) >= LONGER:
            return
        folded = fold(name)
        if self._folded != folded and folded.startswith(self._folded):
            self._longer.add(folded)

    def matches(self, text: str, others: Container[str] = ()) -> bool:
        """Whether a text mentions them. `others` are (folded) names of people, besides those it knows."""
        return next(self._found(text, others), None) is not None

    def spans(self, text: str, others: Container[str] = ()) -> list[Span]:
        """Where it does."""
        return sorted(self._found(text, others))

    def _found(self, text: str, others: Container[str]) -> Iterator[Span]:
        folded = text.lower() if text.isascii() else fold(text)  # a quick look that says no to most texts
        if self._folded and self._folded in folded:
            yield from _names(_without_addresses(text), self._folded, (self._longer, others))
        for word in self.words:
            if (wanted := fold(word)).partition(ANY)[0] in folded:
                yield from _words(_without_addresses(text), wanted)


def mentioned(text: str, names: Container[str]) -> list[tuple[int, int, str]]:
    """Where people are named with `@`: from the sign to the end of the name, and which of `names` (folded)
    it is."""
    hidden = _without_addresses(text)
    found = []
    for start, end, called in _runs(hidden):
        if called and (name := _longest(hidden, start, end, (names,))) is not None:
            found.append((start - 1, *name))
    return found


def _without_addresses(text: str) -> str:
    """The text with blanks where URLs and addresses are."""
    parts = []
    at = 0
    for start, end in addresses(text):
        parts += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


# --- names


def _names(text: str, wanted: str, others: Sequence[Container[str]]) -> Iterator[Span]:
    """Where the name stands that is wanted; with `@` it could also be a longer one."""
    names = ({wanted}, *others)
    for start, end, called in _runs(text):
        if called:
            found = _longest(text, start, end, names)
            if found is not None and found[1] == wanted:
                yield start - 1, found[0]
                continue
        for first in _beginnings(text, start, end, called=called):
            stop = _end_of(text, first, end, wanted)
            if stop is not None:
                yield first, stop


def _runs(text: str) -> Iterator[tuple[int, int, bool]]:
    """What could be a name, with all that joins it: from, to, and whether an `@` is before it."""
    for found in (_PLAIN if text.isascii() else _COARSE).finditer(text):
        for start, end in [found.span()] if found[0].isascii() else _parts(text, *found.span()):
            run = text[start:end]
            first = end - len(run.lstrip(_BORDER))
            last = min(end, start + len(run.rstrip(_BORDER)) + limits.NAME)
            if first < end and not _in_address(text, first, last):
                yield first, last, first > 0 and text[first - 1] == "@"


def _parts(text: str, start: int, end: int) -> Iterator[Span]:
    """The parts between signs that are not ASCII. A mark belongs to what is before it."""
    first = -1
    for at in range(start, end):
        kind = unicodedata.category(text[at])[0]
        if kind in "LN" or text[at] in _BORDER:
            first = at if first < 0 else first
        elif kind != "M" and first >= 0:
            yield first, at
            first = -1
    if first >= 0:
        yield first, end


def _in_address(text: str, start: int, end: int) -> bool:
    """Whether this is a part of `name@host`, in whatever script that has blanks."""
    before, behind = text[max(0, start - 2) : start], text[end - 1 : end + 2]
    after_one = before[1:] == "@" and _joins(before[0])
    return after_one or (behind[1:2] == "@" and _joins(behind[0]) and _joins(behind[2:]))


def _joins(character: str) -> bool:
    return character.isalnum() and not _UNSPACED.match(character)


def _longest(text: str, start: int, end: int, names: Sequence[Container[str]]) -> tuple[int, str] | None:
    """The longest of the names with which the text begins at `start`: where it ends, and which it is."""
    for stop in _ends(text, start, end, called=True):
        name = fold(text[start:stop])
        if any(name in some for some in names):
            return stop, name
    return None


def _end_of(text: str, start: int, end: int, name: str) -> int | None:
    """Where the name ends that stands at `start`; None if it does not."""
    if _base(text[start]) != _base(name[0]):
        return None
    return next((stop for stop in _ends(text, start, end) if fold(text[start:stop]) == name), None)


def _base(character: str) -> str:
    return normalize("NFKD", normalize("NFKD", character).casefold())[:1]


def _beginnings(text: str, start: int, end: int, *, called: bool) -> Iterator[int]:
    """Where a name may begin without an `@`."""
    if not called:
        yield start
    if not text[start:end].isascii():
        yield from (at for at in range(start + 1, end) if _changes(text, at))


def _ends(text: str, start: int, end: int, *, called: bool = False) -> Iterator[int]:
    """Where a name may end that begins at `start`, the last place first."""
    near = text[start : min(end, start + _WRITTEN + limits.NAME)]
    stop = start + len(near.rstrip(_BORDER))
    if start + len(near) == end:  # a name may end with what mostly ends a sentence
        yield from range(end, stop - 1, -1)
    if not near.isascii():
        for at in range(min(stop - 1, start + _WRITTEN), start, -1):
            if _changes(text, at) or (_is_free(text, at) and (called or text.startswith(_TITLES, at))):
                yield at


def _changes(text: str, at: int) -> bool:
    """Whether a script without blanks meets one with them here: words end there."""
    before, after = text[at - 1], text[at]
    joined = before in _BORDER or after in _BORDER or unicodedata.category(after)[0] == "M"
    return not joined and bool(_UNSPACED.match(before)) != bool(_UNSPACED.match(after))


def _is_free(text: str, at: int) -> bool:
    """Whether this is between two characters of a script without blanks."""
    free = _UNSPACED.match(text[at - 1]) and _UNSPACED.match(text[at])
    return bool(free) and unicodedata.category(text[at])[0] != "M"


# --- words


def _words(text: str, word: str) -> Iterator[Span]:
    """Where the (folded) word stands, in whatever case; `ann*` begins one."""
    for piece in _PIECE.finditer(text):  # no word has a blank in it
        shown = fold(piece[0])
        same = len(shown) == len(piece[0])
        for found in _pattern(word).finditer(shown):
            start, end = found.span()
            if not (_is_mark(shown[end : end + 1]) or _ends_with_mark(shown, start)):
                yield (piece.start() + start, piece.start() + end) if same else piece.span()


def _is_mark(character: str) -> bool:
    return bool(character) and unicodedata.category(character)[0] == "M"


def _ends_with_mark(text: str, end: int) -> bool:
    """Whether what goes to `end` is a letter with a mark on it, and so a part of a word."""
    at = end
    while at and _is_mark(text[at - 1]):
        at -= 1
    return 0 < at < end and text[at - 1].isalnum() and not _UNSPACED.match(text[at - 1])


@lru_cache(maxsize=2 * WORDS)
def _pattern(word: str) -> re.Pattern[str]:
    """The regular expression of a word that stands alone; in scripts without blanks nothing does."""
    first, *rest = re.sub(r"\*+", ANY, word).split(ANY)
    begin = "" if _UNSPACED.match(first) else r"(?<!\w)"
    first = begin + re.escape(first)
    end = "" if _UNSPACED.match(word[-1]) else r"(?!\w)"
    if not rest:
        return re.compile(first + end)
    # What stands behind a star is taken where it comes first, and for good (`?>`): if the rest does not fit
    # then, it fits nowhere. Else time would grow with a power of the text's length.
    *inner, last = map(re.escape, rest)
    middle = "".join(rf"(?>\w*?{part})" for part in inner)
    return re.compile(rf"{first}{middle}(?>\w*?{last}{end})")


def good_word(text: str) -> str:
    """A word as a person has typed it. Raises `ValueError` that says what is wrong with it."""
    word = text.strip()
    if not any(char.isalnum() for char in word):
        raise ValueError(
            f"{text!r} has no letter in it: choose a word, as deploy, or its beginning, as deploy*"
        )
    if len(word) > 64 or any(char.isspace() for char in word):
        raise ValueError("one word of at most 64 letters, please")
    return word
