"""Pictures of the settings, and of the other ways in which the main screen can look. See `test_snapshots`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from chat_tui import config
from chat_tui.config import Settings
from tests.support.inprocess import RunningServer
from tests.support.places import Serve
from tests.support.screen import Chat, Place, open_chat
from tests.tui.conversation import conversation as conversation  # fixtures
from tests.tui.conversation import play
from tests.tui.conversation import server as server
from tests.tui.test_snapshots import LOOKS, Size, looks, scene, still_cursors
from tests.tui.test_snapshots import picture as picture
from tests.tui.test_snapshots import still as still


@looks(LOOKS)
async def test_settings(
    serve: Serve,
    picture: Callable[[Chat], bool],
    monkeypatch: pytest.MonkeyPatch,
    size: Size,
    theme: str,
) -> None:
    there = Place(await serve())
    async with open_chat(there, "mira", size, settings=Settings("mira", "chat.example.org", theme)) as chat:
        monkeypatch.setattr(config, "config_file", lambda: Path("~/.config/chat-tui/config.toml"))
        await chat.press("f2")
        await chat.sees("Esc undoes")
        still_cursors(chat)
        chat.app.screen.query_one("#set-away_minutes", Input).value = "soon"
        await chat.press("ctrl+s")
        await chat.sees("is a number from")
        await chat.settle()
        assert picture(chat)


@pytest.mark.parametrize("way", ["bare", "reader", "terminal", "hint"])
async def test_other_ways_to_look(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], way: str
) -> None:
    people = await play(server)
    async with scene(place, (80, 24)) as chat:
        await people["jonas"].tell("#general", "mira: `df -h` says **98%**, see https://wiki.example.org")
        await chat.sees("98%", "#log")
        match way:
            case "bare":
                await chat.press("f9")
                await chat.sees("F9 goes back")
            case "reader":
                await chat.enter("/set screen_reader on")
                await chat.sees("names you")
            case "terminal":
                chat.main.appearance.change(theme="terminal")
                await chat.until(lambda: chat.log.background_colors[1].ansi is not None, "it is drawn")
            case "hint":
                chat.main.appearance.change(hints=True)
                await chat.sees("Hint: ")
        await chat.settle()
        assert picture(chat)
