"""What a user and a room may be called, and when two names are the same.

Names may use the letters and digits of any script. They are compared case-folded, so that nobody
can pass for `Alice` by calling themself `alice`.
"""

import unicodedata

from protocol import limits

_INNER = frozenset("-_.")
_ALLOWED = frozenset("LMN")  # first letter of Unicode's categories: letters, marks, numbers


class BadNameError(ValueError):
    """A name that the rules forbid; the text says why and what would do."""


def fold(name: str) -> str:
    """The key under which a name is unique: NFKC and case-folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def check_user_name(name: str) -> str:
    """Return the name as it is stored (NFC); raise `BadNameError` if it is not allowed."""
    return _check(name, limits.NAME, "a name")


def check_room_name(name: str) -> str:
    """Return the room's name as it is stored: `#` and a case-folded name.

    The `#` may be left out. Raises `BadNameError`.
    """
    return "#" + fold(_check(name.removeprefix("#"), limits.ROOM - 1, "a room's name"))


def _check(name: str, limit: int, what: str) -> str:
    name = unicodedata.normalize("NFC", name)
    if not name:
        raise BadNameError(f"{what} needs at least one letter or digit")
    if len(name) > limit or len(fold(name)) > limit:
        raise BadNameError(f"{what} has at most {limit} characters")
    if unicodedata.category(name[0])[0] not in "LN":
        raise BadNameError(f"{what} begins with a letter or a digit")
    for character in name:
        if unicodedata.category(character)[0] not in _ALLOWED and character not in _INNER:
            raise BadNameError(f"{what} has letters, digits, '-', '_' and '.' only, not {character!r}")
    return name
