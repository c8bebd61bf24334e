"""What a line from the composer means: something to say, or a command with its arguments.

Anything that begins with a slash is a command or an error, never a message; `//` says a text that begins
with a slash. Blanks before the slash don't make it a message: nobody shall say " /quit" in public.
"""

import msgspec

from chat_tui.commands.registry import BY_NAME, Command
from common.nearest import nearest


class CommandError(Exception):
    """The line is no valid command; the text says what would be."""


class Say(msgspec.Struct, frozen=True):
    """A message."""

    text: str


class Call(msgspec.Struct, frozen=True):
    """A command and its arguments; an optional one that was left out is an empty string."""

    command: Command
    arguments: tuple[str, ...]


def parse(line: str) -> Say | Call | None:
    """What `line` means; None if there is nothing in it. Raises `CommandError`."""
    text = line.strip()
    if not text:
        return None
    if not text.startswith("/"):
        return Say(line.rstrip())
    if text.startswith("//"):
        return Say(text[1:])
    word, rest = ("", text[1:]) if text[1:2].isspace() else _word(text[1:])
    command = BY_NAME.get(word.lower())
    if command is None:
        raise CommandError(_unknown(word, text))
    return Call(command, _arguments(command, rest.strip()))


def _arguments(command: Command, rest: str) -> tuple[str, ...]:
    found: list[str] = []
    for argument in command.arguments:
        value, rest = (rest, "") if argument.rest else _word(rest)
        if not value and not argument.optional:
            raise CommandError(f"/{command.name} needs {argument.name}. Usage: {command.usage}")
        found.append(value)
    if rest:
        raise CommandError(f"/{command.name} takes no more than that. Usage: {command.usage}")
    return tuple(found)


def _word(text: str) -> tuple[str, str]:
    parts = text.split(None, 1)
    return (parts[0], parts[1] if len(parts) > 1 else "") if parts else ("", "")


def _unknown(word: str, text: str) -> str:
    near = nearest(word.lower(), BY_NAME)
    hint = f"did you mean /{near}?" if near else "/help lists the commands."
    shown = text if len(text) <= 30 else text[:29] + "…"
    return f"There is no command /{word[:30]}: {hint} To say it as a message: /{shown}"
