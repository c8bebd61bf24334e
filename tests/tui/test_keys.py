"""Keys as the settings say, everywhere: what they do, and what help, status and hints call them."""

from chat_tui import config
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.first_run import FirstRun
from chat_tui.tui.screens.help import HelpScreen
from chat_tui.tui.screens.switcher import Switcher
from tests.support.inprocess import RunningServer
from tests.support.screen import Place, open_chat, running

KEYS: dict[str, str | list[str]] = {
    "switch": "ctrl+t",
    "next": ["F13", "alt+n"],
    "help": "ctrl+o",
    "quit": "",
    "newline": "enter",
    "send": "ctrl+s",
    "complete": "f14",
    "invite": "f12",
    "page_up": "ctrl+up",
    "version": "f10",
    "topik": "f11",
    "members": "ctrl+p",
}


async def test_keys_of_the_settings(place: Place, server: RunningServer) -> None:
    await server.enter("bob", "#general")
    async with open_chat(place, size=(200, 40), settings=Settings(keys=KEYS)) as chat:
        await chat.sees("no command of that name: did you mean 'topic'?", "#log")
        await chat.sees("Ctrl+P is members now, and previous no longer.", "#log")
        assert chat.status.endswith("Ctrl+O help  Ctrl+T rooms")

        await chat.type("one")
        await chat.press("enter")
        await chat.type("two @b")
        await chat.press("f14")
        assert chat.composer.text == "one\ntwo @bob "
        await chat.press("ctrl+s")
        await chat.sees("two @bob", "#log")
        assert chat.composer.text == ""

        await chat.press("f10")
        await chat.sees("chat-tui 0.", "#log")
        await chat.press("f12")
        assert chat.composer.text == "/invite "
        await chat.press("ctrl+u")
        await chat.press("ctrl+p")
        await chat.sees("2 people are in", "#log")

        await chat.press("ctrl+k")
        assert chat.main.is_active
        await chat.press("ctrl+t")
        await chat.until(lambda: isinstance(chat.app.screen, Switcher), "the switcher is open")
        await chat.press("ctrl+t")
        await chat.until(lambda: chat.main.is_active, "the same key closes it")

        await chat.type("/join #second")
        await chat.press("ctrl+s")
        await chat.sees("#second", "#topic")
        await chat.press("f13")
        await chat.sees("#general", "#topic")
        await chat.press("alt+n")
        await chat.sees("#second", "#topic")
        await chat.press("ctrl+n", "ctrl+q")
        assert "#second" in chat.topic

        await chat.type("/help next")
        await chat.press("ctrl+s")
        await chat.sees("Keys: F13, Alt+N", "#log")
        await chat.press("ctrl+o")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen), "the help is open")
        await chat.sees("Ctrl+S")
        assert "press Ctrl+S to send" in " ".join(chat.text().split())
        await chat.press("ctrl+o")
        await chat.until(lambda: chat.main.is_active, "the same key closes it")


async def test_help_begins_where_one_is_and_searches(place: Place) -> None:
    async with open_chat(place, size=(60, 20)) as chat:
        await chat.press("f1")
        await chat.sees("Writing")
        assert not any(title in chat.text() for title in ("Reading", "Rooms"))
        await chat.type("topic")
        await chat.sees("/topic [text]")
        assert "Writing" not in chat.text()
        await chat.type(" zebra")
        await chat.sees("Nothing is called that.")
        await chat.press("ctrl+u", "end")
        await chat.sees("/quit")
        await chat.press("home", "pagedown", "up", "escape")
        await chat.until(lambda: chat.main.is_active, "it is closed")
        await chat.press("ctrl+k")
        await chat.until(lambda: isinstance(chat.app.screen, Switcher), "a dialog")
        await chat.press("f1")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen), "help above it")
        await chat.sees("Here")
        assert "Ctrl+K" in chat.text()
        await chat.press("escape")
        await chat.until(lambda: isinstance(chat.app.screen, Switcher), "the dialog is still there")


async def test_hints_teach_one_key_at_a_time_and_are_remembered(place: Place) -> None:
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await chat.until(lambda: isinstance(chat.app.screen, FirstRun), "it asks")
        await chat.press("enter")
        await chat.online()
        await chat.sees("Hint: F1 shows", "#hint")
        await chat.press("f1")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen), "the help is open")
        await chat.press("escape")
        await chat.sees("Hint: Ctrl+K goes", "#hint")
        await chat.press("pageup")  # of a later lesson: it will not be taught
        assert "Ctrl+K" in chat.text("#hint")
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        await chat.sees("Hint: Ctrl+K goes", "#hint")
        await chat.press("ctrl+k", "escape", "tab")
        await chat.sees("Hint: Up ", "#hint")
        await chat.enter("/hints off")
        await chat.until(lambda: not chat.main.query_one("#hint").display, "they are off")
    assert config.load().hints is False
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        assert not chat.main.query_one("#hint").display
        await chat.enter("/hints on")
        await chat.sees("Hint: ", "#hint")


async def test_who_was_here_before_is_not_taught(place: Place) -> None:
    async with open_chat(place) as chat:
        assert not chat.main.query_one("#hint").display
