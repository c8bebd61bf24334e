"""What a typed line means: something to say, a command, or an error that says what would do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.commands.parser import Call, CommandError, Say, parse
from chat_tui.commands.registry import BY_NAME
from chat_tui.tui import commands as _all  # noqa: F401  # fills the registry


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hello", "hello"),
        ("  indented", "  indented"),
        ("trailing  \n", "trailing"),
        ("two\nlines", "two\nlines"),
        ("first\n/quit", "first\n/quit"),
        ("and/or", "and/or"),
        ("//quit", "/quit"),
        ("  //etc/hosts", "/etc/hosts"),
        ("///", "//"),
        ("#general", "#general"),
    ],
)
def test_what_is_said(line: str, said: str) -> None:
    assert parse(line) == Say(said)


@pytest.mark.parametrize("line", ["", "   ", "\n\n", " \t "])
def test_nothing(line: str) -> None:
    assert parse(line) is None


@pytest.mark.parametrize(
    ("line", "name", "arguments"),
    [
        ("/quit", "quit", ()),
        ("  /quit  ", "quit", ()),
        ("/QUIT", "quit", ()),
        ("/q", "quit", ()),
        ("/join #deploys", "join", ("#deploys",)),
        ("/join   #deploys  ", "join", ("#deploys",)),
        ("/join\t#deploys", "join", ("#deploys",)),
        ("/j #deploys", "join", ("#deploys",)),
        ("/leave", "leave", ("",)),
        ("/leave #deploys", "leave", ("#deploys",)),
        ("/topic", "topic", ("",)),
        ("/topic Releases on  Thursdays", "topic", ("Releases on  Thursdays",)),
        ("/me waves  twice", "me", ("waves  twice",)),
        ("/me\nwaves", "me", ("waves",)),
        ("/me one\ntwo three", "me", ("one\ntwo three",)),
        ("/help join", "help", ("join",)),
        ("/?", "help", ("",)),
    ],
)
def test_commands(line: str, name: str, arguments: tuple[str, ...]) -> None:
    assert parse(line) == Call(BY_NAME[name], arguments)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("/join", "/join needs #room. Usage: /join #room"),
        ("/nick", "/nick needs name. Usage: /nick name"),
        ("/me", "/me needs text. Usage: /me text"),
        ("/nick two words", "/nick takes no more than that. Usage: /nick name"),
        ("/quit now", "/quit takes no more than that. Usage: /quit"),
        ("/jion #room", "There is no command /jion: did you mean /join?"),
        ("/xyzzy", "There is no command /xyzzy: /help lists the commands. To say it as a message: //xyzzy"),
        ("/", "There is no command /: /help lists the commands. To say it as a message: //"),
        ("/ quit", "There is no command /: /help lists the commands. To say it as a message: // quit"),
        ("/page_up", "There is no command /page_up"),
        ("/number", "There is no command /number"),
    ],
)
def test_errors_say_what_would_do(line: str, text: str) -> None:
    with pytest.raises(CommandError) as raised:
        parse(line)
    assert text in str(raised.value)


def test_an_error_about_a_long_line_is_short() -> None:
    with pytest.raises(CommandError) as raised:
        parse("/" + "x" * 5000)
    assert len(str(raised.value)) < 200


@given(st.text(max_size=60))
def test_a_slash_never_becomes_a_message_by_accident(text: str) -> None:
    try:
        meant = parse(text)
    except CommandError:
        return
    begins = text.strip()
    if isinstance(meant, Say):
        assert not begins.startswith("/") or begins.startswith("//")
        assert meant.text in text
        assert meant.text.strip()
    elif meant is None:
        assert not begins
    else:
        assert begins.startswith("/")
        assert len(meant.arguments) == len(meant.command.arguments)


@given(st.text().filter(lambda text: text.strip()))
def test_what_the_hint_says_works(text: str) -> None:
    """Whatever begins with a slash can be said by putting one more before it."""
    assert parse("//" + text) == Say(("//" + text).strip()[1:])
