"""What the words of a text are, and whether a text holds what somebody searches for.

The server's index and the client's cache both ask here, so both find the same: upper and lower case, accents
and width make no difference, a word is found by its beginning, and where a script is written without blanks
(Chinese, Japanese, Thai …) each character counts as a word, so that any part of a sentence is found. Of
emoji each is a word as well. All other signs only separate. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from protocol.text import normalize

VERSION = f"2 {unicodedata.unidata_version}"
"""Of the rules. An index that was made by others has to be made anew."""

CHARACTERS = 2**15
"""So many are remembered with what they are, in 3 MB: all that are in use. To look them up was most of
the work."""

LETTERS = 16 * 1024
"""Characters of a text that are looked at: all that a message can hold. But some signs stand for a whole
sentence, and would be eighty thousand; more than that is not even taken apart."""

_PLAIN = re.compile(r"[a-z0-9]+")
_LATIN = re.compile(r"[A-Za-z0-9]+")
# Scripts without blanks between words: kana, Chinese characters, Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Ranges of a regular expression."""

_ALONE = re.compile(f"[{UNSPACED}]")
_VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")

_NOTHING, _PART, _WORD, _BETWEEN = range(4)


class Term(NamedTuple):
    """Words that have to follow each other in a text. The last may be a beginning only, unless `whole`."""

    words: tuple[str, ...]
    whole: bool


def words_of(text: str) -> list[str]:
    """The words of a text in order, in the form in which they are compared."""
    if text.isascii():
        return _PLAIN.findall(text.lower())
    words: list[str] = []
    word = ""
    folded = normalize("NFKD", normalize("NFKD", text[:LETTERS])[:LETTERS].casefold())
    for character in folded[:LETTERS]:
        kind = _kind(character)
        if kind == _PART:
            word += character
        elif kind != _NOTHING:
            if word:
                words.append(word)
                word = ""
            if kind == _WORD:
                words.append(character)
    return [*words, word] if word else words


@lru_cache(CHARACTERS)
def _kind(character: str) -> int:
    """What a character of a folded text is."""
    if unicodedata.combining(character) or _VARIANTS.match(character):
        return _NOTHING
    category = unicodedata.category(character)
    alone = category == "So" or _ALONE.match(character) is not None
    if alone:
        return _WORD if category[0] in "LMNS" else _BETWEEN
    return _PART if category[0] in "LMN" else _BETWEEN


def spans_of(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text stand in it, with the marks on their letters."""
    if text.isascii():
        yield from (found.span() for found in _LATIN.finditer(text))
        return
    start = -1  # where the word at hand begins
    alone = False  # it is a character that is a word, and only marks belong to it
    for at, character in enumerate(text):
        category = unicodedata.category(character)
        if category[0] == "M" and start >= 0:
            continue
        was_alone, alone = alone, _is_word(character, category)
        if start >= 0 and (alone or was_alone or category[0] not in "LMNS"):
            yield start, at
            start = -1
        if start < 0 and category[0] in "LMNS":
            start = at
    if start >= 0:
        yield start, len(text)


def _is_word(character: str, category: str) -> bool:
    """Whether a character is a word by itself. Some signs stand for letters, as that for kilogram does."""
    if category[0] == "S":
        return normalize("NFKD", character)[0] == character
    return _ALONE.match(character) is not None


def term_of(text: str, *, phrase: bool) -> Term | None:
    """What somebody searches for: a word, or a `phrase` that has to be there as it stands. None if it has no
    word in it. A single letter stands for itself: half of all words begin with it."""
    words = tuple(words_of(text))
    return Term(words, phrase or len("".join(words)) == 1) if words else None


def holds(text: str, terms: Iterable[Term]) -> bool:
    """Whether all terms are in the text."""
    found = f" {' '.join(words_of(text))} "
    return all(f" {' '.join(term.words)}{' ' if term.whole else ''}" in found for term in terms)
