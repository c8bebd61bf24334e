"""What calls a person: their name, a word that they have chosen, a room from which they want everything.

Pure: knows texts, levels and how rooms compare, and neither connections nor screens. What a level means is
said here: of a room with `all` each message calls, with `mentions` those that name the person, with `none`
(muted) nothing. But what names somebody in a muted room still counts as a mention, quietly: nobody is told of
it, and it can be found.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from protocol.names import fold

if TYPE_CHECKING:
    from chat_tui.client.room import Room

ANY = "*"
"""In a word: any letters more."""

WORDS = 100
"""Words that one may choose."""


class Calls:
    """By what a person is called; one for all of their rooms."""

    def __init__(self, name: str = "", words: Iterable[str] = ()) -> None:
        self.name = name
        self.words: tuple[str, ...] = ()
        self.by(words)

    def by(self, words: Iterable[str]) -> None:
        """These words call them too; one without a letter would be everywhere, and does not."""
        self.words = tuple(word for word in words if any(map(str.isalnum, word)))[:WORDS]

    def fits(self, text: str) -> bool:
        """Whether a text calls them."""
        return mentions(text, self.name) or any(mentions(text, word) for word in self.words)


def mentions(text: str, word: str) -> bool:
    """Whether the word stands in the text as a word of its own, in whatever case; `ann*` begins one."""
    word, text = fold(word), fold(text)
    start = word.partition(ANY)[0]
    return bool(word) and start in text and _folded(word).search(text) is not None


def pattern(word: str) -> str:
    """The regular expression of a word that stands alone."""
    first, *rest = map(re.escape, re.sub(r"\*+", ANY, word).split(ANY))
    if not rest:
        return rf"(?<!\w){first}(?!\w)"
    # What stands behind a star is taken where it comes first, and for good (`?>`): if the rest does not fit
    # then, it fits nowhere. Else time would grow with a power of the text's length.
    *inner, last = rest
    middle = "".join(rf"(?>\w*?{part})" for part in inner)
    return rf"(?<!\w){first}{middle}(?>\w*?{last}(?!\w))"


@lru_cache(maxsize=2 * WORDS)
def _folded(word: str) -> re.Pattern[str]:
    return re.compile(pattern(word))


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


def urgency(room: "Room") -> int | None:
    """How much a room wants the person, 0 first: somebody calls them, there is something new where they want
    everything, or elsewhere. None: nothing."""
    if room.mentions:
        return 0
    if not room.unread or room.muted:
        return None
    return 1 if room.everything else 2


def waiting(rooms: Iterable["Room"], here: "Room | None" = None) -> Sequence["Room"]:
    """The rooms that want the person, but for the one they are in: the most urgent first, and of those the
    one that has waited longest."""
    wanting = [(level, room) for room in rooms if room is not here and (level := urgency(room)) is not None]
    return [room for _, room in sorted(wanting, key=lambda one: (one[0], one[1].waits_since()))]
