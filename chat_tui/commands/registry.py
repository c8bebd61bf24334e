"""The one table of what a person can do: slash commands, and the keys for them.

`command` makes an entry of a function: its name, what it does in a sentence, its arguments and keys stand
above the code that does it. The parser, completion, `/help`, the key bindings and the tables in docs/
are all made from the table, so none of them can know something that another doesn't. Which keys a person has
given a command instead is the keymap's business. Knows no screen: commands that drive it are in
`chat_tui.tui.commands`, which fills the table with all there are.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Literal, TypeVar

import msgspec

Completes = Literal["room", "any room", "name", "command", "theme", "setting", "emoji", "nothing"]
"""`room` is one of those one is in, `any room` may be another one."""

Area = Literal[
    "Writing",
    "Reading",
    "A selected message",
    "Rooms",
    "People",
    "Servers",
    "Moderation",
    "Your account",
    "This program",
]
"""What commands are about, in the order in which they are shown."""

AREAS: tuple[Area, ...] = Area.__args__  # type: ignore[attr-defined]  # of a Literal, which mypy knows not

Done = str | None | Awaitable[str | None]
"""What carrying out a command gives: a text to show to the person, or nothing; at once, or after a while."""

Function = TypeVar("Function", bound=Callable[..., Done])


class Argument(msgspec.Struct, frozen=True):
    """An argument of a command. `rest`: it takes all that is left, blanks and newlines included. `words` are
    what it can be, or examples of that."""

    name: str
    optional: bool = False
    rest: bool = False
    completes: Completes = "nothing"
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"[{self.name}]" if self.optional else self.name


class Command(msgspec.Struct, frozen=True):
    """Something to do. `keys` in Textual's spelling, the one to show first: those that it has unless the
    settings say others (see `keymap`); `on_message`: those that do it while a message is selected. `slash`:
    can be typed; `composer`: the composer does it. `needs` are the names of what `function` is given besides
    its arguments."""

    name: str
    help: str
    area: Area
    arguments: tuple[Argument, ...] = ()
    aliases: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    on_message: tuple[str, ...] = ()
    slash: bool = True
    example: str = ""
    composer: bool = False
    function: Callable[..., Done] | None = None
    needs: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """As one types it: `/topic [text]`."""
        return " ".join(("/" + self.name, *map(str, self.arguments)))

    def run(self, part: Callable[[str], object], arguments: Sequence[str]) -> Done:
        """Carry it out; `part` gives what is meant by the name of a parameter. Raises `ClientError`."""
        if self.function is None:
            raise TypeError(f"{self.name} is done by the widget that has the key")
        return self.function(*map(part, self.needs), *arguments)


COMMANDS: list[Command] = []
BY_NAME: dict[str, Command] = {}
"""Those that can be typed, by their names and aliases."""


def command(
    name: str,
    text: str,
    area: Area,
    *,
    arguments: tuple[Argument, ...] = (),
    aliases: tuple[str, ...] = (),
    keys: tuple[str, ...] = (),
    on_message: tuple[str, ...] = (),
    slash: bool = True,
    example: str = "",
) -> Callable[[Function], Function]:
    """Enter a function into the table; `text` says what it does.

    Its last parameters are the arguments, in their order; an optional one that was left out is "". Those
    before them say by their names what it needs: the `client`, the room that one is in (`here`), or a part of
    the screen. It returns what to show to the person, and raises `ClientError` with what went wrong.
    """

    def enter(function: Function) -> Function:
        parameters = tuple(inspect.signature(function).parameters)
        _add(
            Command(
                name,
                text,
                area,
                arguments=arguments,
                aliases=aliases,
                keys=keys,
                on_message=on_message,
                slash=slash,
                example=example,
                function=function,
                needs=parameters[: len(parameters) - len(arguments)],
            )
        )
        return function

    return enter


def key(
    name: str,
    text: str,
    area: Area,
    *,
    keys: tuple[str, ...] = (),
    on_message: tuple[str, ...] = (),
    composer: bool = False,
    example: str = "",
) -> None:
    """Enter what a key does where one writes, or with a selected message: the widget itself does that.
    `example` does the same without the key."""
    _add(
        Command(
            name,
            text,
            area,
            keys=keys,
            on_message=on_message,
            slash=False,
            composer=composer,
            example=example,
        )
    )


def _add(made: Command) -> None:
    COMMANDS.append(made)
    if made.slash:
        BY_NAME.update((name, made) for name in (made.name, *made.aliases))


def slash_commands() -> Iterator[Command]:
    """Those that can be typed."""
    return (command for command in COMMANDS if command.slash)


def by_area(first: Sequence[Area] = ()) -> Iterator[tuple[Area, list[Command]]]:
    """All commands: those of the areas `first`, then the others; in each those with keys first."""
    for area in dict.fromkeys((*first, *AREAS)):
        found = [command for command in COMMANDS if command.area == area]
        yield area, sorted(found, key=lambda command: not (command.keys or command.on_message))


def command_table() -> str:
    """The commands as a table in Markdown, for the documentation."""
    rows = ["| command | what it does |", "|---|---|"]
    for _, commands in by_area():
        for each in commands:
            if each.slash:
                aliases = ", ".join(f"`/{alias}`" for alias in each.aliases)
                rows.append(f"| `{each.usage}` | {each.help}{f' Also {aliases}.' if aliases else ''} |")
    return "\n".join(rows)
