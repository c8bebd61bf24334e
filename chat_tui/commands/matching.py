"""How well a name fits what was typed of it: the one measure for completion and for the switcher.

Pure. Names are compared as they are everywhere, without regard to case (see `fold`); and without accents
where none was typed, for not every keyboard has them.
"""

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

from protocol.names import fold
from protocol.text import normalize

T = TypeVar("T")

BEGINS, PART, INSIDE, LETTERS = range(4)
"""The better the lower: it begins so; one of its parts does (`ops` of `#web-ops`); it has this inside; it has
these letters in this order."""

_BETWEEN = frozenset("-_. #@/:")


# Letters that are no other one with a mark on it, and yet are typed as that one.
_TYPED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


@lru_cache(8192)  # the people and rooms of one server: what is typed is compared with all of them at each key
def folded(name: str) -> str:
    """The name as it is compared."""
    return fold(name)


@lru_cache(8192)
def unaccented(name: str) -> str:
    """The name as one types it without accents."""
    letters = normalize("NFKD", folded(name))
    return letters if letters.isascii() else "".join(filter(_is_no_mark, letters)).translate(_TYPED)


def _is_no_mark(character: str) -> bool:
    return not unicodedata.combining(character)


def fit(wanted: str, name: str) -> int | None:
    """How `name` fits; None: not at all. Both are folded."""
    at = name.find(wanted)
    if at == 0:
        return BEGINS
    first = at
    while at > 0:
        if name[at - 1] in _BETWEEN:
            return PART
        at = name.find(wanted, at + 1)
    if first > 0:
        return INSIDE
    letters = iter(name)
    return LETTERS if all(letter in letters for letter in wanted) else None


def best(
    wanted: str, things: Iterable[T], names: Callable[[T], Iterable[str]], worst: int = LETTERS
) -> list[tuple[int, T]]:
    """The things one of whose `names` fits no worse than `worst`, and how; the best first, those that fit
    equally well in their own order."""
    wanted = fold(wanted)
    form = unaccented if wanted == unaccented(wanted) else folded
    found = []
    for thing in things:
        fits = [how for name in names(thing) if (how := fit(wanted, form(name))) is not None]
        if fits and min(fits) <= worst:
            found.append((min(fits), thing))
    return sorted(found, key=lambda one: one[0])
