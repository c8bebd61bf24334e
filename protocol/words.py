"""What the words of a text are, and whether a text holds what somebody searches for.

The server's index and the client's cache both ask here, so both find the same: upper and lower case, accents
and width make no difference, a word is found by its beginning, and where a script is written without blanks
(Chinese, Japanese, Thai …) each character counts as a word, so that any part of a sentence is found. Of
emoji each is a word as well. All other signs only separate. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from protocol.text import normalize

VERSION = f"2 {unicodedata.unidata_version}"
"""Of the rules. An index that was made by others has to be made anew."""

LETTERS = 16 * 1024
"""Characters of a text that are looked at: all that a message can hold. But some signs stand for a whole
sentence, and would be eighty thousand; more than that is not even taken apart."""

_PLAIN = re.compile(r"[a-z0-9]+")
# Scripts without blanks between words: kana, Chinese characters, Thai, Lao, Burmese, Khmer.
_ALONE = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
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


@lru_cache(2**15)  # to look them up was most of the work; these are all that are in use, in 3 MB
def _kind(character: str) -> int:
    """What a character of a folded text is."""
    if unicodedata.combining(character) or _VARIANTS.match(character):
        return _NOTHING
    category = unicodedata.category(character)
    alone = category == "So" or _ALONE.match(character) is not None
    if alone:
        return _WORD if category[0] in "LMNS" else _BETWEEN
    return _PART if category[0] in "LMN" else _BETWEEN


def term_of(text: str, *, phrase: bool) -> Term | None:
    """What somebody searches for: a word, or a `phrase` that has to be there as it stands. None if it has no
    word in it. A single letter stands for itself: half of all words begin with it."""
    words = tuple(words_of(text))
    return Term(words, phrase or len("".join(words)) == 1) if words else None


def holds(text: str, terms: Iterable[Term]) -> bool:
    """Whether all terms are in the text."""
    found = f" {' '.join(words_of(text))} "
    return all(f" {' '.join(term.words)}{' ' if term.whole else ''}" in found for term in terms)
