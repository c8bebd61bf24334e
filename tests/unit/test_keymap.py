"""Keys as the settings say: how they are written, what is wrong with them, and who has a key in the end."""

import pytest
from textual.keys import _character_to_key

from chat_tui.commands import keymap, registry
from chat_tui.commands.hints import LESSONS
from chat_tui.commands.keymap import BadKeyError, Keymap, key_name
from chat_tui.tui import commands as _all  # noqa: F401  # fills the registry


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("ctrl+t", "ctrl+t"),
        ("Ctrl + T", "ctrl+t"),
        ("Option+PgUp", "alt+pageup"),
        ("shift+ctrl+Right", "ctrl+shift+right"),
        ("alt+?", "alt+question_mark"),
        ("ctrl+/", "ctrl+slash"),
        ("ctrl++", "ctrl+plus"),
        ("ctrl+slash", "ctrl+slash"),
        ("Esc", "escape"),
        ("F12", "f12"),
        ("alt+ü", "alt+ü"),
    ],
)
def test_keys_as_people_write_them(written: str, key: str) -> None:
    assert keymap.parse(written) == key
    assert keymap.parse(key_name(key)) == key


@pytest.mark.parametrize("character", [chr(code) for code in range(33, 127)])
def test_characters_are_called_as_textual_calls_them(character: str) -> None:
    assert keymap.parse(f"ctrl+{character}" if character not in "imIM[" else "f1") in (
        f"ctrl+{_character_to_key(character).lower()}",
        "f1",
    )


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("q", "a letter of your messages"),
        ("shift+Q", "a letter of your messages"),
        ("space", "a blank"),
        ("ctrl+pgeup", "did you mean 'pageup'"),
        ("hyper+t", "'hyper' is none of ctrl"),
        ("f25", "is no key"),
        ("ctrl+i", "the same as 'tab'"),
    ],
)
def test_what_is_no_key(written: str, why: str) -> None:
    with pytest.raises(BadKeyError, match=why):
        keymap.parse(written)


def test_without_settings_the_keys_are_those_of_the_registry() -> None:
    keys = Keymap()
    assert keys.problems == []
    assert list(keys.changes()) == []
    for command in registry.COMMANDS:
        assert keys.of(command.name) == command.keys
        assert all(keys.command_at(key) == command.name for key in command.keys)


def test_other_keys_and_none() -> None:
    wanted = {"switch": "ctrl+t", "next": ["f13", "alt+n"], "quit": "", "complete": "f14", "topic": "f10"}
    keys = Keymap(wanted)
    assert keys.problems == []
    assert keys.first("switch") == "Ctrl+T"
    assert keys.shown(registry.BY_NAME["next"]) == "F13, Alt+N"
    assert keys.of("quit") == ()
    assert keys.first("quit") == ""
    composers = keys.composers()
    assert composers["f14"] == "complete"
    assert "tab" not in composers
    assert dict(keys.changes()) == {
        "switch": "ctrl+t",
        "next": "f13,alt+n",
        "next.2": keymap.UNBOUND,
        "quit": keymap.UNBOUND,
        "topic": "f10",
    }


def test_the_digits_are_one_key_each() -> None:
    keys = Keymap({"number": ["f13", "f14"]})
    changes = dict(keys.changes())
    assert (changes["number"], changes["number.2"], changes["number.3"]) == ("f13", "f14", keymap.UNBOUND)


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"swich": "ctrl+t"}, "keys: swich: there is no command of that name: did you mean 'switch'?"),
        ({"switch": "ctrl+pgeup"}, "keys: switch: 'ctrl+pgeup' is no key"),
        ({"switch": "f13", "topic": "F13"}, "F13 is given to switch and topic; switch has it."),
        ({"switch": "ctrl+n"}, "Ctrl+N is switch now, and next no longer"),
        ({"send": ""}, "some key has to send messages"),
    ],
)
def test_what_is_wrong_is_told_and_the_rest_works(wanted: dict[str, str], problem: str) -> None:
    keys = Keymap({**wanted, "people": "f14"})
    assert [one for one in keys.problems if problem in str(one)]
    assert len(keys.problems) == 1
    assert keys.of("people") == ("f14",)
    assert keys.of("send") == ("enter",)
    assert keys.of("switch")


def test_who_says_what_the_other_has_instead_hears_nothing() -> None:
    keys = Keymap({"switch": "ctrl+n", "next": "ctrl+k"})
    assert keys.problems == []
    assert (keys.of("switch"), keys.of("next")) == (("ctrl+n",), ("ctrl+k",))


def test_hints_are_of_things_that_have_keys_and_fit() -> None:
    keys = Keymap()
    for name, lesson in LESSONS:
        assert keys.first(name), name
        assert len("Hint: " + lesson.format(key=keys.first(name))) <= 49


def test_a_chosen_messages_keys_are_letters_and_can_be_others() -> None:
    keymap = Keymap(on_message={"edit": "i", "copy": ["y", "r"], "delete": "", "join": "j"})
    assert [keymap.on_message(key) for key in ("i", "e", "y", "r", "c", "d", "plus")] == [
        *("edit", "", "copy", "copy", "", "", "react")
    ]
    join, copy = map(str, keymap.problems)
    assert join == "message_keys: join: there is no command of that name: the names are those in /help."
    assert copy.startswith(
        "message_keys: copy: r is copy now, and reply no longer. Say in [message_keys] what"
    )
    twice = Keymap(on_message={"edit": "x", "copy": "x"})
    assert [str(one) for one in twice.problems] == [
        "message_keys: copy: x is given to edit and copy; edit has it."
    ]
