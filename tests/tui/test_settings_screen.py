"""Changing the settings on the screen: seen at once, undone or kept, and the file stays one's own."""

from pathlib import Path

import pytest
from textual.widgets import Input, OptionList

from chat_tui import config
from chat_tui.tui.screens.choices import Tick
from chat_tui.tui.screens.settings import SettingsScreen
from tests.support.screen import Chat, Place, open_chat

FILE = """\
# my settings
name = "alice"
server = "local"
theme = "chat-light"  # for the sun
away_minutes   = 3

[keys]
bare = "f13" # not F9
"""
SERVERS = 'servers = [{place = "127.0.0.1:1", name = "eve"}, "127.0.0.1:2"]\n'
WORDS = f'highlights = ["{"long" * 20}"]\n'


@pytest.fixture(autouse=True)
def by_hand(home: Path) -> None:  # noqa: ARG001  # it makes the place
    """The settings of a person who writes them by hand."""
    path = config.config_file()
    path.parent.mkdir(parents=True)
    path.write_text(FILE)


def written() -> str:
    return config.config_file().read_text()


async def opened(chat: Chat, key: str = "f2") -> SettingsScreen:
    await chat.press(key)
    await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen), "the settings are open")
    await chat.sees("Esc undoes")
    screen = chat.app.screen
    assert isinstance(screen, SettingsScreen)
    return screen


async def test_the_screen_shows_undoes_refuses_and_keeps(place: Place) -> None:
    async with open_chat(place, settings=config.load()) as chat:
        await opened(chat)
        light = chat.main.background_colors[1]
        await chat.press("down", "down")
        await chat.until(lambda: chat.app.theme != "chat-light", "another theme is tried")
        await chat.until(lambda: chat.main.background_colors[1] != light, "and seen")
        await chat.press("escape")
        await chat.until(lambda: chat.app.theme == "chat-light", "all is as it was")
        assert written() == FILE

        screen = await opened(chat)
        minutes = screen.query_one("#set-away_minutes", Input)
        minutes.focus()
        minutes.value = "soon"
        await chat.press("enter")
        await chat.sees("away_minutes is a number from 0 to 10000, not 'soon'.")
        assert chat.app.screen is screen
        assert written() == FILE
        minutes.value = "0"
        screen.query_one("#set-send_typing", Tick).value = False
        screen.query_one("#set-name", Input).value = "no/name"
        await chat.press("ctrl+s")
        await chat.until(lambda: screen.query_one("#problem-name").has_class("-shown"), "the name is refused")
        assert not screen.query_one("#problem-away_minutes").has_class("-shown")
        screen.query_one("#set-name", Input).value = "zoë"
        screen.query_one(OptionList).focus()
        await chat.press("up")
        await chat.until(lambda: chat.app.theme == "chat-dark", "the dark one")
        await chat.press("ctrl+s")
        await chat.until(lambda: chat.main.is_active, "it is kept")
        assert not chat.main.appearance.settings.send_typing
        await chat.press("f13")
        await chat.until(lambda: chat.main.has_class("-bare"), "the key of the file is in force")
    assert written() == (
        FILE.replace("chat-light", "chat-dark")
        .replace("= 3\n\n", "= 0\nsend_typing = false\n\n")
        .replace('"alice"', '"zoë"')
    )
    assert config.load().keys == {"bare": "f13"}


async def test_what_the_file_alone_can_say_is_in_nobodys_way(place: Place) -> None:
    config.config_file().write_text(SERVERS + WORDS + FILE)
    async with open_chat(place, settings=config.load()) as chat:
        screen = await opened(chat)
        screen.query_one("#set-away_minutes", Input).value = "7"
        await chat.press("ctrl+s")
        await chat.until(lambda: chat.main.is_active, "it is kept")
    assert written() == (SERVERS + WORDS + FILE).replace("= 3\n", "= 7\n")


async def test_set_shows_refuses_and_changes(place: Place) -> None:
    config.config_file().write_text(SERVERS + FILE)
    async with open_chat(place, size=(200, 40), settings=config.load()) as chat:
        await chat.enter("/set")
        await chat.sees("away_minutes = 3", "#log")
        await chat.enter("/set servers deploy")
        await chat.sees("/connect and /disconnect change these.", "#log")
        await chat.enter("/set notifications")
        await chat.sees("auto, bell, off.", "#log")
        await chat.enter("/set notifications loud")
        await chat.sees("notifications is one of auto, bell, off, not 'loud'.", "#log")
        await chat.enter("/set notify bell")
        await chat.sees("did you mean notifications?", "#log")
        await chat.enter("/set theme dusk")
        await chat.sees("There is no theme dusk", "#log")
        await chat.type("/set noti")
        await chat.press("tab")
        await chat.enter("bell")
        await chat.until(lambda: chat.main._alerts.notifier.way == "bell", "it is in force")
    assert config.load().notifications == "bell"
    assert written().startswith(SERVERS + "# my settings\n")
