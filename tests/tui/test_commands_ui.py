"""Commands and keys as a person uses them: what they show, what they send, and how one gets out."""

import pytest

from chat_tui import config
from chat_tui.commands import registry
from chat_tui.commands.keymap import Keymap
from chat_tui.tui.screens.help import HelpScreen
from protocol import frames
from protocol.names import fold
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire, text_of


async def said(bob: Wire) -> list[str]:
    """What was said by now, as others have it."""
    return [
        text_of(event)
        for event in await bob.settled()
        if isinstance(event, frames.Event) and event.kind in frames.SPOKEN
    ]


async def delivered(chat: Chat) -> None:
    """Wait until the server has all that was said."""
    await chat.until(lambda: not chat.client.sender.pending, "all is sent")


def test_every_command_does_something() -> None:
    of_widgets = {"number", "message_up", "message_down", "deselect"}
    for command in registry.COMMANDS:
        assert command.composer or command.function or command.name in of_widgets, command.name


async def test_every_command_is_given_what_it_names(place: Place) -> None:
    async with open_chat(place) as chat:
        for command in registry.COMMANDS:
            for name in command.needs:
                assert chat.main.commands.part(name) is not None, (command.name, name)


# --- saying ---------------------------------------------------------------------------------------


async def test_me_says_what_one_does(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.enter("/me waves")
        await chat.sees("* │ alice waves", "#log")
        while (event := await bob.event()).kind != frames.ACTION:
            assert event.kind == frames.JOIN
        assert text_of(event) == "waves"


WRONG = [
    ("/jion #x", "There is no command /jion: did you mean /join?"),
    ("/qit", "There is no command /qit: did you mean /quit?"),
    ("/zzzzz", "There is no command /zzzzz: /help lists the commands."),
    ("  /quti", "There is no command /quti: did you mean /quit?"),
    ("/[/]", "There is no command /[/]: /help lists the commands."),
    ("/join", "/join needs #room. Usage: /join #room"),
    ("/join a b", "/join takes no more than that. Usage: /join #room"),
    ("/join #a!b", "can't be a room"),
    ("/me", "/me needs text. Usage: /me text"),
    ("/nick a b", "/nick takes no more than that."),
    ("/help nonsense", "There is no command nonsense."),
    ("/theme nonsense", "There is no theme nonsense."),
]


async def test_what_is_wrong_is_said_and_never_sent(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place, size=(160, 24)) as chat:
        await bob.settled()
        for line, answer in WRONG:
            await chat.enter("/clear")
            await chat.until(lambda: not chat.messages(), "the log is empty")
            await chat.enter(line)
            await chat.sees(answer, "#log")
            await chat.press("ctrl+u")
        assert await said(bob) == []
        await chat.enter("still here")
        await delivered(chat)
        assert await said(bob) == ["still here"]


async def test_a_line_that_is_wrong_stays_to_be_mended(place: Place) -> None:
    async with open_chat(place, size=(120, 24)) as chat:
        await chat.enter("/jion #deploys")
        await chat.sees("did you mean /join?", "#log")
        assert chat.composer.text == "/jion #deploys"


async def test_two_slashes_say_a_text_that_begins_with_one(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.enter("//etc/hosts is wrong")
        await delivered(chat)
        await chat.sees("│ /etc/hosts is wrong", "#log")
        assert await said(bob) == ["/etc/hosts is wrong"]


async def test_a_message_that_is_too_long_stays_in_the_input(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.paste("a" * 20_000)
        await chat.press("enter")
        await chat.sees("too long", "#log")
        assert len(chat.composer.text) == 20_000
        assert await said(bob) == []


# --- asking ---------------------------------------------------------------------------------------


async def test_nick_changes_the_name_everywhere_and_is_remembered(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await bob.tell("#general", "hello alice")  # else her coming and her new name are one line
        await chat.sees("hello alice", "#log")
        await chat.enter("/nick Alicia")
        await chat.until(lambda: chat.status.startswith("● Alicia on"), "the status has the name")
        await chat.until(lambda: "Alicia" in chat.people, "the people pane has it")
        assert "alice" not in chat.people
        assert chat.lines("#compose")[0].strip().startswith("Alicia ")
        await chat.sees("alice → Alicia", "#log")
        assert config.load().name == "Alicia"
        await chat.enter("it is me")
        while (event := await bob.event()).kind != frames.MESSAGE:
            assert event.kind == frames.NICK
        assert (event.sender, text_of(event)) == ("Alicia", "it is me")


@pytest.mark.parametrize("name", ["BOB", "a!b", "x" * 40])
async def test_a_name_that_cannot_be_is_refused(place: Place, server: RunningServer, name: str) -> None:
    await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.enter(f"/nick {name}")
        await chat.until(lambda: " ! │ " in chat.text("#log"), "an error is shown")
        assert chat.status.startswith("● alice")
        assert chat.people == ["alice", "bob"]


async def test_online_shows_who_is_there_and_where(place: Place, server: RunningServer) -> None:
    await server.enter("bob", "#deploys")
    async with open_chat(place, size=(120, 24)) as chat:
        await chat.enter("/online")
        await chat.sees("2 people are online:", "#log")
        told = [line.split() for line in chat.messages()]
        assert ["alice", "#general"] in told
        assert ["bob", "#deploys", "#general"] in told


async def test_clear_empties_the_log_until_something_new_comes(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await bob.tell("#general", "old")
    async with open_chat(place) as chat:
        await chat.sees("old", "#log")
        await chat.enter("/clear")
        await chat.until(lambda: chat.messages() == [], "the log is empty")
        await bob.tell("#general", "new")
        await chat.until(lambda: chat.messages() == ["new"], "only what is new is shown")


async def test_help_lists_everything_and_one_command_in_detail(place: Place) -> None:
    async with open_chat(place, size=(100, 240)) as chat:
        await chat.enter("/help")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen), "the help is open")
        await chat.sees("/quit")
        shown = " ".join(chat.text().split())
        for command in registry.slash_commands():
            assert all(part in shown for part in command.usage.split())  # a long one takes two lines
        for command in registry.COMMANDS:
            assert Keymap().first(command.name) in shown
            assert Keymap().shown_on_message(command) in shown
        await chat.press("escape")
        await chat.until(lambda: chat.main.is_active, "it is closed")
        await chat.type("x")
        assert chat.composer.text == "x"
        await chat.press("backspace")
        await chat.enter("/help topic")
        await chat.sees("/topic [text] - Show the room's topic", "#log")
        await chat.sees("Example: /topic Releases on Thursdays", "#log")
        await chat.enter("/help /j")
        await chat.sees("Also: /j", "#log")


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (30, 8)], ids=str)
async def test_help_can_be_read_to_its_end_at_every_size(place: Place, size: tuple[int, int]) -> None:
    async with open_chat(place, size=size) as chat:
        await chat.press("f1")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen), "the help is open")
        await chat.press("end")
        await chat.sees("/version")
        await chat.press("f1")
        await chat.until(lambda: chat.main.is_active, "it is closed")


async def test_theme_changes_at_once_and_is_remembered(place: Place) -> None:
    async with open_chat(place, size=(160, 24)) as chat:
        dark = chat.log.background_colors[1]
        await chat.enter("/theme chat-light")
        await chat.until(lambda: chat.log.background_colors[1] != dark, "the colours are others")
        assert config.load().theme == "chat-light"
        await chat.enter("/theme")
        await chat.sees("The theme is chat-light. Others: ", "#log")
    async with open_chat(place, settings=config.load()) as chat:
        assert chat.app.theme == "chat-light"


async def test_version_and_reconnect_answer(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.enter("/version")
        await chat.sees("chat-tui 0.", "#log")
        await chat.enter("/reconnect")
        assert chat.status.startswith("●")


# --- completion -----------------------------------------------------------------------------------


COMPLETED = [
    ("/to", 1, "/topic "),
    ("/j", 1, "/join "),
    ("/join #d", 1, "/join #deploys "),
    ("/join d", 1, "/join #deploys "),
    ("see #dep", 1, "see #deploys "),
    ("bo", 1, "bob: "),
    ("hello b", 1, "hello bob "),
    ("hello b", 2, "hello Bernadette "),
    ("hello b", 3, "hello bob "),
    ("@bo", 1, "@bob "),
    ("/me hugs bo", 1, "/me hugs bob "),
    ("/help to", 1, "/help topic "),
    ("/theme chat-l", 1, "/theme chat-light "),
    ("nobody-like-this", 1, "nobody-like-this"),
    ("", 1, ""),
]
"""What is typed, how often Tab is pressed, what stands there then."""


async def test_tab_completes(place: Place, server: RunningServer) -> None:
    await (await server.enter("alice", "#general", "#deploys")).close()
    await server.enter("Bernadette", "#general")
    bob = await server.enter("bob", "#general")
    await bob.tell("#general", "hello")
    async with open_chat(place) as chat:
        await chat.press("alt+2")
        await chat.until(lambda: len(chat.people) == 3, "all are there")
        for typed, tabs, completed in COMPLETED:
            await chat.type(typed)
            await chat.press(*["tab"] * tabs)
            assert chat.composer.text == completed
            await chat.type("x")
            assert chat.composer.text == completed + "x"
            await chat.press("ctrl+u")


async def test_oneself_is_not_completed(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.type("al")
        await chat.press("tab")
        assert fold(chat.composer.text) == "al"


# --- going ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way",
    [["ctrl+q"], ["ctrl+c", "ctrl+c"], ["f1", "ctrl+q"], ["ctrl+k", "ctrl+q"]],
    ids=" ".join,
)
async def test_keys_that_quit(place: Place, way: list[str]) -> None:
    async with open_chat(place) as chat:
        for key in way:
            await chat.until(lambda: chat.app.screen.is_mounted, "the screen is there")
            await chat.press(key)
        await chat.until(lambda: chat.app._exit, "it ends")
        assert chat.app.return_code == 0


@pytest.mark.parametrize("line", ["/quit", "/q", "/exit", "/QUIT"])
async def test_lines_that_quit(place: Place, line: str) -> None:
    async with open_chat(place) as chat:
        await chat.enter(line)
        await chat.until(lambda: chat.app._exit, "it ends")


async def test_one_ctrl_c_says_how_to_quit(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.type("draft")
        await chat.press("ctrl+c")
        await chat.sees("Press Ctrl+C again to quit")
        assert not chat.app._exit
        assert chat.composer.text == "draft"


async def test_ctrl_c_copies_what_is_selected_and_does_not_quit(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await bob.tell("#general", "the password of the week")
    async with open_chat(place) as chat:
        await chat.sees("the password of the week", "#log")
        line = next(number for number, text in enumerate(chat.lines("#log")) if "password" in text)
        column = chat.lines("#log")[line].index("password") + 2
        await chat.pilot.click("#log", offset=(column, line), times=2)
        await chat.press("ctrl+c")
        await chat.until(lambda: chat.app.clipboard == "password", "the word is copied")
        await chat.sees("Copied 8")
        await chat.press("ctrl+c")
        assert not chat.app._exit
