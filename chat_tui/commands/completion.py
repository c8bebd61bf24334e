"""What Tab offers: commands, rooms, names and themes, by where the cursor is in the line.

Pure: the line and what there is go in, candidates come out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chat_tui.commands.registry import BY_NAME, Completes, slash_commands
from chat_tui.shortcodes import complete_emoji
from protocol.names import fold

EMOJIS = 20
"""Emoji offered at once: those with the shortest names are meant most often."""


@dataclass(slots=True, frozen=True)
class Known:
    """What there is to complete. `names` with those most likely meant first."""

    rooms: Sequence[str] = ()
    names: Sequence[str] = ()
    themes: Sequence[str] = ()


@dataclass(slots=True, frozen=True)
class Completion:
    """Replace the characters from `start` to the cursor by one of `candidates`, blanks behind included."""

    start: int
    candidates: tuple[str, ...] = ()


def complete(line: str, known: Known) -> Completion:
    """Candidates for the word that ends at the end of `line` (the text up to the cursor)."""
    start = len(line) - len(line.rsplit(None, 1)[-1]) if line and not line[-1].isspace() else len(line)
    word = line[start:]
    if start == 0 and word.startswith("/") and not word.startswith("//"):
        slashed = [f"/{command.name} " for command in slash_commands()]
        exact = BY_NAME.get(word[1:].lower())
        if exact is not None and word[1:].lower() in exact.aliases:
            slashed = [f"/{exact.name} "]
            word = f"/{exact.name}"
        return Completion(0, _matching(slashed, word))
    what = _expected(line, start)
    if what == "nothing" or (not word and what != "room"):
        return Completion(start)
    if what == "name" and word.startswith("#"):
        what = "room"
    if what == "name":
        return Completion(start, _names(known.names, word, at_start=start == 0))
    commands = tuple(command.name for command in slash_commands())
    if what == "emoji":
        emojis = (emoji for _, emoji in complete_emoji(word.strip(":").lower()))
        return Completion(start, tuple(dict.fromkeys(f"{emoji} " for emoji in emojis))[:EMOJIS])
    found: Sequence[str] = {"room": known.rooms, "command": commands, "theme": known.themes}[what]
    if what == "room" and not word.startswith(("#", "@")):
        word = "#" + word
    return Completion(start, _matching((one + " " for one in found), word))


def _expected(line: str, start: int) -> Completes:
    """What the word at `start` can be: in a message a name, in a command what its argument completes."""
    if not line.lstrip().startswith("/") or line.lstrip().startswith("//"):
        return "name"
    words = line[:start].split()
    if not words:  # a command with blanks before it
        return "nothing"
    command = BY_NAME.get(words[0][1:].lower())
    if command is None or not command.arguments:
        return "nothing"
    last = command.arguments[-1]
    index = len(words) - 1
    if index < len(command.arguments):
        return command.arguments[index].completes
    return last.completes if last.rest else "nothing"


def _names(names: Iterable[str], word: str, *, at_start: bool) -> tuple[str, ...]:
    mark = "@" if word.startswith("@") else ""
    behind = ": " if at_start and not mark else " "
    return _matching((f"{mark}{name}{behind}" for name in names), word)


def _matching(candidates: Iterable[str], word: str) -> tuple[str, ...]:
    return tuple(one for one in candidates if fold(one).startswith(fold(word)))
