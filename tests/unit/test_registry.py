"""The one list of commands and keys agrees with itself and with what carries it out."""

import inspect
from collections import Counter

import pytest

from chat_tui.commands import registry
from chat_tui.commands.keymap import Keymap, key_name, key_table
from chat_tui.commands.parser import Call, parse
from chat_tui.commands.registry import COMMANDS, Argument, Command, by_area
from chat_tui.tui.commands.help import describe

SLASH = list(registry.slash_commands())


@pytest.mark.parametrize("command", SLASH, ids=lambda command: command.name)
def test_what_can_be_typed_has_a_function_that_takes_its_arguments(command: Command) -> None:
    assert command.function is not None
    parameters = inspect.signature(command.function).parameters.values()
    assert [one.annotation for one in parameters][len(command.needs) :] == [str] * len(command.arguments)


@pytest.mark.parametrize("command", SLASH, ids=lambda command: command.name)
def test_what_works_without_the_screen_needs_nothing_of_it(command: Command) -> None:
    if command.function is not None and not command.function.__module__.startswith("chat_tui.tui."):
        assert set(command.needs) <= {"client", "here", "current"}


def test_no_name_and_no_alias_twice() -> None:
    names = [name for command in COMMANDS for name in (command.name, *command.aliases)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert all(name == name.lower() and not any(map(str.isspace, name)) for name in names)


def test_no_key_twice() -> None:
    keys = [key for command in COMMANDS for key in command.keys]
    on_message = [key for command in COMMANDS for key in command.on_message]
    for given in (keys, on_message):
        assert [key for key, count in Counter(given).items() if count > 1] == []


def test_only_what_can_be_typed_is_found_by_name() -> None:
    assert set(registry.BY_NAME.values()) == set(SLASH)
    assert {command.name for command in COMMANDS if not command.slash}.isdisjoint(registry.BY_NAME)


def test_what_cannot_be_typed_has_a_key_and_no_arguments() -> None:
    for command in COMMANDS:
        if not command.slash:
            assert command.keys or command.on_message
            assert not command.arguments


def test_who_has_no_alt_key_can_do_everything() -> None:
    """Alt does not come through every terminal: what it does has another key, or can be typed."""
    for command in COMMANDS:
        if any("alt+" in key for key in command.keys):
            others = [key for key in command.keys if "alt+" not in key]
            assert command.slash or others or isinstance(parse(command.example), Call), command.name


def test_optional_arguments_and_those_that_take_the_rest_come_last() -> None:
    for command in COMMANDS:
        *before, _ = command.arguments or (Argument("none"),)
        assert not any(argument.rest for argument in before), command.name
        optional = [argument.optional for argument in command.arguments]
        assert optional == sorted(optional), command.name


@pytest.mark.parametrize(
    ("name", "usage"),
    [
        ("join", "/join #room"),
        ("leave", "/leave [#room]"),
        ("topic", "/topic [text]"),
        ("me", "/me text"),
        ("quit", "/quit"),
        ("part", "/leave [#room]"),
    ],
)
def test_usage(name: str, usage: str) -> None:
    assert registry.BY_NAME[name].usage == usage


@pytest.mark.parametrize("command", [one for one in SLASH if one.example], ids=lambda command: command.name)
def test_examples_are_what_they_show(command: Command) -> None:
    meant = parse(command.example)
    assert isinstance(meant, Call)
    assert meant.command is command


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_is_a_sentence(command: Command) -> None:
    assert command.help[0].isupper()
    assert command.help.endswith(".")


def test_describe_says_everything() -> None:
    text = describe(registry.BY_NAME["switch"], Keymap())
    assert text.splitlines() == [
        "/switch [#room] - Go to a room by name or number, or choose a room, a person or a command.",
        "Also: /buffer, /win",
        "Keys: Ctrl+K",
        "Example: /switch 2",
    ]


@pytest.mark.parametrize(
    ("key", "name"), [("alt+up", "Alt+Up"), ("f1", "F1"), ("ctrl+k", "Ctrl+K"), ("e", "e"), ("plus", "+")]
)
def test_keys_as_people_write_them(key: str, name: str) -> None:
    assert key_name(key) == name


def test_the_tables_name_everything() -> None:
    commands, keys = registry.command_table(), key_table()
    for command in SLASH:
        assert f"| `{command.usage}` | {command.help}" in commands
        assert all(f"`/{alias}`" in commands for alias in command.aliases)
    for command in COMMANDS:
        assert Keymap().shown(command) in keys
        assert not command.keys or f"| `{command.name}` | {command.help} |" in keys
    assert {len(row.split("|")) for row in commands.splitlines()} == {4}
    assert {len(row.split("|")) for row in keys.splitlines()} == {5}


def test_every_alt_key_has_a_twin() -> None:
    """Not every terminal sends Alt, and some take it for themselves."""
    for command in COMMANDS:
        if any("alt" in key for key in command.keys):
            others = [key for key in command.keys if "alt" not in key]
            assert others or command.slash or command.name == "number"  # `/switch 3`


def test_help_is_the_first_of_all() -> None:
    assert next(registry.slash_commands()).name == "help"


def test_help_has_a_place_for_every_command() -> None:
    shown = [command.name for _, commands in by_area(("Reading",)) for command in commands]
    assert sorted(shown) == sorted(command.name for command in COMMANDS)
    assert shown[0] == "page_up"
