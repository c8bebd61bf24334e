"""Keys that come all at once, over a slow line or from a machine: each does what it does when alone."""

from chat_tui.tui.screens.help import HelpScreen
from chat_tui.tui.screens.search import SearchScreen
from tests.support.inprocess import RunningServer
from tests.support.screen import Place, open_chat

ESCAPE, F1 = "\x1b[27u", "\x1bOP"
CTRL_F, CTRL_K = "\x06", "\x0b"


async def test_letters_behind_ctrl_k_are_what_is_looked_for(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    alice = await server.enter("alice", "#deploys")
    await alice.close()
    async with open_chat(place) as chat:
        await chat.burst(f"left\x1b[D{CTRL_K}deploys\rhere")
        await chat.until(lambda: chat.main.panes.room == "#deploys", "the other room is shown")
        assert chat.composer.text == "here"
        await chat.burst(f"\r{CTRL_K}general\rx")
        await chat.until(lambda: chat.main.panes.room == "#general", "the first one is shown again")
        assert chat.composer.text == "leftx"
    await bob.close()


async def test_a_command_is_completed_and_run(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.burst("/hel\t\rbehind")
        assert isinstance(chat.app.screen, HelpScreen)
        assert chat.composer.text == ""
        await chat.burst(f"{ESCAPE}behind")
        assert chat.composer.text == "behind"
        await chat.press("ctrl+u", "/", "tab", "enter")
        assert isinstance(chat.app.screen, HelpScreen)  # it is the first command of all
        await chat.burst(f"{ESCAPE}/\t\r{ESCAPE}/\t\r")
        assert isinstance(chat.app.screen, HelpScreen)
        await chat.burst(ESCAPE)
        assert chat.composer.text == ""


async def test_letters_behind_a_dialog_that_was_closed_are_written(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.burst(f"a{F1}{ESCAPE}b{CTRL_F}what is looked for{ESCAPE}c{CTRL_K}nobody{ESCAPE}d")
        assert chat.composer.text == "abcd"
        await chat.burst(f"{F1}enter{CTRL_F}")
        assert isinstance(chat.app.screen, HelpScreen)
        await chat.burst(f"{ESCAPE}e{CTRL_F}sought")
        assert isinstance(chat.app.screen, SearchScreen)
        assert chat.composer.text == "abcde"
