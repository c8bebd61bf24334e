"""The keys in force: those of the registry, with what the settings say instead.

Keys have Textual's spelling inside and people's outside. What can't be is told in `problems` and left out, so
that a slip in the settings locks nobody out. Knows the registry; no screen, and no file.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from chat_tui.commands import registry
from chat_tui.commands.registry import Command
from chat_tui.config import Mistake
from common.nearest import nearest

UNBOUND = "unbound"
"""In Textual's spelling: a key that no keyboard has."""

NAMED = {
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace"),
    *("enter", "tab", "escape", "space"),
    *(f"f{number}" for number in range(1, 25)),
}
_MODIFIERS = {
    "ctrl": "ctrl",
    "control": "ctrl",
    "c": "ctrl",
    "shift": "shift",
    "alt": "alt",
    "meta": "alt",
    "option": "alt",
    "opt": "alt",
    "super": "super",
}
_OTHER_NAMES = {
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page_down": "pagedown",
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
}
# Textual's names of characters, where they are not Unicode's.
_CHARACTERS = {"/": "slash", "\\": "backslash", "@": "at", "-": "minus", "+": "plus", "_": "underscore"}
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+left_square_bracket": "escape"}
_EXAMPLES = "ctrl+t, alt+up, shift+tab, f5 or pageup"


class BadKeyError(ValueError):
    """This is no key; the text says why."""


Wanted = Mapping[str, str | Sequence[str]]
"""As the settings have it: a command's name, and its key or keys."""


def _twice(key: str, first: str, other: str) -> str:
    return f"{key_name(key)} is given to {first} and {other}; {first} has it."


def _taken(table: str, key: str, taker: str, loser: str) -> str:
    return (
        f"{key_name(key)} is {taker} now, and {loser} no longer. "
        f'Say in [{table}] what {loser} has instead; "" is nothing.'
    )


class Keymap:
    """See the module. `wanted` are the keys themselves, `on_message` those while a message is selected."""

    def __init__(self, wanted: Wanted | None = None, on_message: Wanted | None = None) -> None:
        self.problems: list[Mistake] = []
        self._commands = {command.name: command for command in registry.COMMANDS}
        self._selected = {name: command for name, command in self._commands.items() if command.on_message}
        self._wanted = self._understand("keys", wanted or {}, self._commands, letters=False)
        self._keys, self._names = self._settle()
        given = self._understand("message_keys", on_message or {}, self._selected, letters=True)
        self._on_message = self._settle_on_message(given)

    def _understand(
        self, table: str, wanted: Wanted, commands: Mapping[str, Command], *, letters: bool
    ) -> dict[str, tuple[str, ...]]:
        understood: dict[str, tuple[str, ...]] = {}
        for name, given in wanted.items():
            keys = [given] if isinstance(given, str) else given
            if name not in commands:
                near = nearest(name, commands)
                hint = f"did you mean {near!r}?" if near else "the names are those in /help."
                self._complain(table, name, f"there is no command of that name: {hint}")
                continue
            found = []
            for key in keys:
                try:
                    found += [parse(key, letters=letters)] if key.strip() else []
                except BadKeyError as error:
                    self._complain(table, name, str(error))
            if found or not any(key.strip() for key in keys):
                understood[name] = tuple(dict.fromkeys(found))
        return understood

    def _complain(self, table: str, name: str, text: str) -> None:
        self.problems.append(Mistake((table, name), text))

    def _settle_on_message(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Likewise for the keys while a message is selected."""
        names: dict[str, str] = {}
        left = {name: command.on_message for name, command in self._selected.items() if name not in wanted}
        for name, keys in [*wanted.items(), *left.items()]:
            for key in keys:
                first = names.setdefault(key, name)
                if first != name and name in wanted:
                    self._complain("message_keys", name, _twice(key, first, name))
                elif first != name:
                    self._complain("message_keys", first, _taken("message_keys", key, first, name))
        return names

    def _settle(self) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        """Give each key to one command: what the settings say first, in their order; then the defaults."""
        names: dict[str, str] = {}
        for name, keys in self._wanted.items():
            for key in keys:
                if (first := names.setdefault(key, name)) != name:
                    self._complain("keys", name, _twice(key, first, name))
        for command in registry.COMMANDS:
            if command.name in self._wanted:
                continue
            for key in command.keys:
                if (taker := names.setdefault(key, command.name)) != command.name:
                    self._complain("keys", taker, _taken("keys", key, taker, command.name))
        if "send" not in names.values():
            self._complain("keys", "send", "some key has to send messages; Enter does.")
            names["enter"] = "send"
        order = {name: self._wanted.get(name, command.keys) for name, command in self._commands.items()}
        order["send"] = order["send"] or ("enter",)
        settled = {name: tuple(key for key in own if names.get(key) == name) for name, own in order.items()}
        return settled, names

    def of(self, name: str) -> tuple[str, ...]:
        """The keys of a command, the one to show first."""
        return self._keys[name]

    def first(self, name: str) -> str:
        """The key to show for a command, as people write it; empty if it has none."""
        return key_name(self._keys[name][0]) if self._keys[name] else ""

    def shown(self, command: Command) -> str:
        """All keys of a command, as people write them, a run of digits in short."""
        keys = [key_name(key) for key in self._keys[command.name]]
        if command.name == "number" and self._keys["number"] == command.keys:
            return f"{keys[0]} … {keys[-1]}"
        return ", ".join(keys)

    def command_at(self, key: str) -> str:
        """The name of the command that a key has; empty if none."""
        return self._names.get(key, "")

    def on_message(self, key: str) -> str:
        """The name of the command that a key has while a message is selected; empty if none."""
        return self._on_message.get(key, "")

    def first_on_message(self, name: str) -> str:
        """The key to show for a command while a message is selected; empty if it has none."""
        return next((key_name(key) for key, its in self._on_message.items() if its == name), "")

    def shown_on_message(self, command: Command) -> str:
        """All keys of a command while a message is selected, as people write them."""
        return ", ".join(key_name(key) for key, name in self._on_message.items() if name == command.name)

    def composers(self) -> dict[str, str]:
        """What the composer does by itself: key, and the command's name."""
        return {key: name for key, name in self._names.items() if self._commands[name].composer}

    def changes(self) -> Iterator[tuple[str, str]]:
        """The bindings of Textual that are others than the registry says: id and keys. See `identities`."""
        for name, command in self._commands.items():
            now = self._keys[name]
            if now == command.keys or command.composer:
                continue
            each = identities(command)
            if name == "number":
                wanted = self._wanted.get(name, command.keys)
                keys = [key if key in now else UNBOUND for key in wanted[: len(each)]]
                yield from zip(each, [*keys, *[UNBOUND] * (len(each) - len(keys))], strict=True)
            else:
                yield each[0], ",".join(now) or UNBOUND
                yield from ((identity, UNBOUND) for identity in each[1:])


def identities(command: Command) -> list[str]:
    """The ids of a command's bindings: one for each of its keys, or one for those it may get."""
    more = [f"{command.name}.{number}" for number in range(2, len(command.keys) + 1)]
    return [command.name, *more]


def parse(text: str, *, letters: bool = False) -> str:
    """A key as a person wrote it in Textual's spelling; with `letters` one alone. Raises `BadKeyError`."""
    words = [word.strip() for word in text.strip().lower().split("+")]
    if words[-1] == "":  # the plus key itself: `ctrl++`
        words[-2:] = ["+"]
    *modifiers, base = words
    for word in modifiers:
        if word not in _MODIFIERS:
            raise BadKeyError(f"{text!r} is no key: {word!r} is none of ctrl, alt, shift. Write {_EXAMPLES}.")
    held = sorted({_MODIFIERS[word] for word in modifiers})
    base = _base(text, base)
    if letters and len(words) == 1 and len(text.strip()) == 1:
        return _base(text, text.strip())
    if base not in NAMED and not {"ctrl", "alt", "super"} & set(held):
        raise BadKeyError(f"{text!r} would be a letter of your messages. Write {_EXAMPLES}.")
    key = "+".join([*held, base])
    if key == "space":
        raise BadKeyError("'space' would be a blank in your messages.")
    if key in _SAME:
        raise BadKeyError(f"{text!r} is the same as {_SAME[key]!r} in most terminals: write that.")
    return key


def _base(text: str, base: str) -> str:
    base = _OTHER_NAMES.get(base, base)
    if base in NAMED:
        return base
    if len(base) == 1 and base.isprintable():
        if base.isalnum():
            return base
        return _CHARACTERS.get(base) or unicodedata.name(base, base).lower().replace(" ", "_").replace(
            "-", "_"
        )
    if base in _CHARACTERS.values() or _character(base):
        return base
    near = nearest(base, sorted(NAMED))
    hint = f"did you mean {near!r}?" if near else f"write {_EXAMPLES}."
    raise BadKeyError(f"{text!r} is no key: {hint}")


def _character(name: str) -> str:
    """The character of a name such as `question_mark`."""
    try:
        return unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return ""


_KEY_NAMES = {"pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc"}


def key_name(key: str) -> str:
    """A key as people write it: `alt+up` is Alt+Up, `ctrl+slash` Ctrl+/."""
    return key if len(key) == 1 else "+".join(_part_name(part) for part in key.split("+"))


def _part_name(part: str) -> str:
    if part in _KEY_NAMES:
        return _KEY_NAMES[part]
    if part in NAMED and not part[1:].isdigit():
        return part.capitalize()
    sign = next((sign for sign, name in _CHARACTERS.items() if name == part), "") or _character(part)
    return sign or (part.capitalize() if part in _MODIFIERS else part.upper())


def key_table() -> str:
    """The keys that there are without settings as a table in Markdown, for the documentation."""
    keymap = Keymap()
    rows = ["| key | name | what it does |", "|---|---|---|"]
    rows += [
        f"| {keymap.shown(command)} | `{command.name}` | {command.help} |"
        for command in registry.COMMANDS
        if command.keys
    ]
    return "\n".join(rows)


def message_key_table() -> str:
    """The keys that act on a selected message, likewise."""
    keymap = Keymap()
    rows = ["| key | name | what it does |", "|---|---|---|"]
    rows += [
        f"| {keymap.shown_on_message(command)} | `{command.name}` | {command.help} |"
        for command in registry.COMMANDS
        if command.on_message
    ]
    return "\n".join(rows)
