"""What can stand where the cursor is: commands, their arguments, rooms, names and emoji.

Pure: the line and what there is go in, candidates come out. It is asked at each key that is typed after a
sign (`/`, `#`, `@`, `:`), so it looks only at what can be meant there.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from chat_tui.commands import matching
from chat_tui.commands.registry import BY_NAME, Argument, Command, slash_commands
from chat_tui.config.fields import SETTINGS
from protocol.names import fold

MOST = 50
"""Candidates at most: who has not found it among these types another letter."""

LONGEST = 200
"""No name of anything has so many characters: a longer word is compared with none of them."""

ONLINE, AWAY = "●", "○"

_TEXT = Argument("text", rest=True, completes="name")
_NAMED = re.compile("[a-z+-][a-z0-9_+-]+")
"""What opens by itself behind a colon. A time (`:30`) or a face (`:D`) does not."""

_DIVIDED = re.compile(r"[()\[\]{}<>\"'“”‘’«»„‹›,;|*~（）「」『』【】、，。]")
"""Signs in a text behind which a name may begin without a blank."""


class RoomCandidate(msgspec.Struct, frozen=True):
    """A room, by the name that people use."""

    title: str
    topic: str = ""


class PersonCandidate(msgspec.Struct, frozen=True):
    """A person. `sign`: `ONLINE`, `AWAY` or, if that is not known, nothing; `about` says it in words."""

    name: str
    sign: str = ""
    about: str = ""


class Known(msgspec.Struct, frozen=True):
    """What there is to complete, those most likely meant first. Functions, as only one or two are asked.

    `rooms` are those one is in, `others` more of the server's; `people` are here, `strangers` elsewhere.
    `emoji` gives names and emoji that begin so.
    """

    rooms: Callable[[], Sequence[RoomCandidate]] = tuple
    others: Callable[[], Sequence[RoomCandidate]] = tuple
    people: Callable[[], Sequence[PersonCandidate]] = tuple
    strangers: Callable[[], Sequence[PersonCandidate]] = tuple
    themes: Callable[[], Sequence[str]] = tuple
    emoji: Callable[[str], Sequence[tuple[str, str]]] = lambda _: ()


class Candidate(msgspec.Struct, frozen=True):
    """`text` is put in, the blank behind it included; `shown` and `about` tell a person what it is."""

    text: str
    shown: str
    about: str = ""
    sign: str = ""


class Completion(msgspec.Struct, frozen=True):
    """Replace the characters from `start` to the cursor by one of the candidates.

    `opens`: they may be shown without being asked for. `sure`: nothing else can be meant than the first one,
    and what was typed means nothing yet, so Enter may take it.
    """

    start: int
    candidates: tuple[Candidate, ...] = ()
    opens: bool = False
    sure: bool = False


def complete(line: str, known: Known) -> Completion:
    """Candidates for the word that ends at the end of `line` (the text up to the cursor)."""
    start = len(line) - len(line.rsplit(None, 1)[-1]) if line and not line[-1].isspace() else len(line)
    word = line[start:]
    if start == 0 and word.startswith("/") and not word.startswith("//"):
        return _command(word) if len(word) <= LONGEST else Completion(0)
    argument = _expected(line, start)
    if argument is None:
        return Completion(start)
    if argument.completes == "emoji":
        return replace(_emoji(word, start, known), sure=False)  # the name will do
    if argument.rest:
        inner = len(word) - len(_DIVIDED.split(word)[-1])
        return _in_text(word[inner:], start + inner, known)
    if len(word) > LONGEST:
        return Completion(start)
    if argument.completes == "name" and not word.startswith("#"):
        beings = [*known.people(), *known.strangers()]
        return Completion(start, _people(word, beings, " "), opens=True)
    return Completion(start, _argument(argument, word, known), opens=True)


def _command(word: str) -> Completion:
    typed = word[1:]
    found = matching.best(typed, slash_commands(), lambda one: (one.name, *one.aliases), matching.INSIDE)
    exact = BY_NAME.get(typed.lower())
    if exact is not None:
        found.sort(key=lambda one: one[1] is not exact)
    sure = exact is None and [how for how, _ in found].count(matching.BEGINS) == 1
    candidates = [_of_command(command, f"/{command.name} ") for _, command in found]
    return Completion(0, tuple(candidates[:MOST] if typed else candidates), opens=True, sure=sure)


def _of_command(command: Command, text: str) -> Candidate:
    return Candidate(text, command.usage, command.help)


def _in_text(word: str, start: int, known: Known) -> Completion:
    """In a message, or in what a command says: a name, or what its sign says it is."""
    match word[:1]:
        case _ if not word or len(word) > LONGEST:
            return Completion(start)
        case "#":
            places = [*known.rooms(), *known.others()]
            return Completion(start, _places(word, places), opens=len(word) > 1)
        case ":":
            return _emoji(word, start, known)
        case "@":
            return Completion(start, _people(word, known.people(), " "), opens=len(word) > 1)
        case _:
            return Completion(start, _people(word, known.people(), " " if start else ": "))


def _emoji(word: str, start: int, known: Known) -> Completion:
    name = fold(word.removeprefix(":"))
    found = {emoji: each for each, emoji in reversed(known.emoji(name))} if name else {}
    named = sorted(found.items(), key=lambda one: (len(one[1]), one[1]))[:MOST]
    candidates = tuple(Candidate(f"{emoji} ", f":{each}:", sign=emoji) for emoji, each in named)
    opens = _NAMED.fullmatch(name) is not None
    return Completion(start, candidates, opens=opens, sure=opens and len(candidates) == 1)


def _expected(line: str, start: int) -> Argument | None:
    """What the word at `start` is: in a message text, in a command the argument that stands there."""
    if not line.lstrip().startswith("/") or line.lstrip().startswith("//"):
        return _TEXT
    words = line[:start].split()
    if not words:  # a command with blanks before it
        return None
    command = BY_NAME.get(words[0][1:].lower())
    if command is None or not command.arguments:
        return None
    index = len(words) - 1
    last = command.arguments[-1]
    argument = command.arguments[index] if index < len(command.arguments) else last if last.rest else None
    if argument is None or (argument.completes == "nothing" and not argument.words):
        return None
    return argument


def _argument(argument: Argument, word: str, known: Known) -> tuple[Candidate, ...]:
    match argument.completes:
        case "room" | "name":  # `/msg #…` means nothing, but it is easily seen then
            return _places(word, known.rooms())
        case "any room":
            return _places(word, [*known.rooms(), *known.others()])
        case "command":
            asked = word.removeprefix("/")
            fitting = matching.best(asked, slash_commands(), lambda one: (one.name,), matching.INSIDE)
            return tuple(_of_command(command, f"{command.name} ") for _, command in fitting)
        case "theme":
            return _words(word, known.themes(), "")
        case "setting":
            return _words(word, SETTINGS, "")
        case _:
            return _words(word, argument.words, argument.name)


def _words(word: str, words: Iterable[str], about: str) -> tuple[Candidate, ...]:
    fitting = matching.best(word, words, lambda one: (one,), matching.INSIDE)
    return tuple(Candidate(f"{one} ", one, about) for _, one in fitting)


def _places(word: str, places: Iterable[RoomCandidate]) -> tuple[Candidate, ...]:
    """Rooms; where no sign was typed, those with the usual one."""
    sign, bare = (word[0], word[1:]) if word[:1] in ("#", "@") else ("#" if word else "", word)
    signed = (place for place in places if place.title.startswith(sign))
    fitting = matching.best(bare, signed, lambda place: (place.title[1:],), _worst(bare))
    return tuple(Candidate(f"{one.title} ", one.title, one.topic) for _, one in fitting[:MOST])


def _people(word: str, people: Iterable[PersonCandidate], behind: str) -> tuple[Candidate, ...]:
    mark, bare = ("@", word[1:]) if word.startswith("@") else ("", word)
    worst = _worst(bare) if mark else matching.BEGINS  # a plain word is mostly no name
    fitting = matching.best(bare, people, lambda being: (being.name,), worst)
    return tuple(
        Candidate(f"{mark}{one.name}{behind}", one.name, one.about, one.sign) for _, one in fitting[:MOST]
    )


def _worst(bare: str) -> int:
    """One letter is inside of nearly everything."""
    return matching.INSIDE if len(bare) > 1 else matching.PART
