"""What a user and a room may be called, and when two names are the same.

Names may use the letters and digits of any script. They are compared case-folded, so that nobody
can pass for `Alice` by calling themself `alice`. What is asked of a new user's name is stricter than what
is asked of one that is there already: nobody is locked out by a rule that came later.

Which scripts may stand in one name is UTS #39's "moderately restrictive", for users and rooms alike: those of
Chinese, Japanese and Korean, or one script of daily use, each with Latin letters beside it; but none beside
Greek or Cyrillic ones, whose letters look like them.
"""

import re
import unicodedata

from protocol import limits
from protocol.text import normalize

FIRST_ROOM = "#general"
"""Where everybody is from the start."""

_DIRECT = re.compile("@([1-9][0-9]{0,15}):([1-9][0-9]{0,15})", re.ASCII)
_INNER = frozenset("-_.")
_ALLOWED = frozenset("LMN")  # first letter of Unicode's categories: letters, marks, numbers

# Letters and marks that nobody sees: with them anybody could look like Alice.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


# Scripts, as the names of letters in Unicode begin, which is the property Script for them: Python has no
# other way to tell. Marks and digits count for nothing: they are of the script that they stand in.
_HAN = frozenset({"LATIN", "CJK"})
_TOGETHER = (_HAN | {"HIRAGANA", "KATAKANA"}, _HAN | {"BOPOMOFO"}, _HAN | {"HANGUL"})
_WITH_LATIN = frozenset((  # the recommended ones of UAX #31, without Greek and Cyrillic
    "ARABIC", "ARMENIAN", "BENGALI", "BOPOMOFO", "CJK", "DEVANAGARI", "ETHIOPIC", "GEORGIAN", "GUJARATI",
    "GURMUKHI", "HANGUL", "HEBREW", "HIRAGANA", "KANNADA", "KATAKANA", "KHMER", "LAO", "MALAYALAM", "MYANMAR",
    "ORIYA", "SINHALA", "TAMIL", "TELUGU", "THAANA", "THAI", "TIBETAN",
))  # fmt: skip
_ALIASES = {"IDEOGRAPHIC": "CJK", "HENTAIGANA": "HIRAGANA", "MODIFIER": ""}


class BadNameError(ValueError):
    """A name that the rules forbid; the text says why and what would do. `limit`: of characters, where there
    are too many."""

    def __init__(self, text: str, limit: int | None = None) -> None:
        super().__init__(text)
        self.limit = limit


def fold(name: str) -> str:
    """The key under which a name is unique: NFKC and case-folded."""
    return normalize("NFKC", normalize("NFKC", name).casefold())


def check_user_name(name: str) -> str:
    """Return the name as it is stored (NFC); raise `BadNameError` if it is not allowed."""
    return _check(name, limits.NAME, "a name")


def check_new_user_name(name: str) -> str:
    """As `check_user_name`, for a name that is just being chosen.

    It must also be one of PRECIS's usernames (RFC 8265): those can be told apart and typed by others,
    whichever way they are written. No letters that are another letter's variants, no mixed directions.
    """
    import precis_i18n  # 20 ms that only who makes a name pays

    name = check_user_name(name)
    try:
        enforced: str = precis_i18n.get_profile("UsernameCasePreserved").enforce(name)
    except UnicodeEncodeError as error:
        if error.reason.endswith("bidi_rule"):
            raise BadNameError("a name is written in one direction, and begins with a letter") from error
        raise BadNameError(
            f"a name can't have {name[error.start : error.end]!r}: write it with plain letters and digits"
        ) from error
    return enforced


def check_room_name(name: str) -> str:
    """Return the room's name as it is stored: `#` and a case-folded name.

    The `#` may be left out. Raises `BadNameError`.
    """
    return "#" + fold(_check(name.removeprefix("#"), limits.ROOM - 1, "a room's name"))


def direct_room(one: int, other: int) -> str:
    """The name of the room of two users, by their ids. It says nothing to who is not one of the two, and no
    channel can have it: those begin with `#`."""
    return f"@{min(one, other)}:{max(one, other)}"


def direct_pair(room: str) -> tuple[int, int] | None:
    """The ids of the two users whose room this is; None if it is a channel."""
    found = _DIRECT.fullmatch(room)
    return (int(found[1]), int(found[2])) if found is not None else None


def _script(letter: str) -> str:
    """The script of a letter; empty if it is used in many."""
    word = re.split("[ -]", unicodedata.name(letter, "?"), maxsplit=1)[0]
    return _ALIASES.get(word, word)


def _mixed(name: str) -> bool:
    """Whether a folded name has scripts in it that nobody writes together."""
    if name.isascii():
        return False
    scripts = {_script(one) for one in name if unicodedata.category(one)[0] == "L"} - {""}
    if len(scripts) < 2 or any(scripts <= together for together in _TOGETHER):
        return False
    return len(scripts) > 2 or "LATIN" not in scripts or not scripts & _WITH_LATIN


def _check(name: str, limit: int, what: str) -> str:
    name = normalize("NFC", name)
    if not name:
        raise BadNameError(f"{what} needs at least one letter or digit")
    if len(name) > limit or len(fold(name)) > limit:
        raise BadNameError(f"{what} has at most {limit} characters", limit)
    for form in (name, fold(name)):  # some letters fold to blanks or brackets
        if unicodedata.category(form[0])[0] not in "LN":
            raise BadNameError(f"{what} begins with a letter or a digit")
        for character in form:
            allowed = unicodedata.category(character)[0] in _ALLOWED and not _INVISIBLE.match(character)
            if not allowed and character not in _INNER:
                raise BadNameError(f"{what} has letters, digits, '-', '_' and '.' only, not {character!r}")
    if _mixed(fold(name)):
        raise BadNameError(
            f"{what} can't mix scripts whose letters look alike, as Latin and Cyrillic: use one"
        )
    return name
