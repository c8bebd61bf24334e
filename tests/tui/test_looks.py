"""Themes of one's own, no colours, plain lines, bare text; and that nothing breaks at any width."""

import pytest
from rich.color import Color
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Input

from chat_tui import config
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp, mistakes
from chat_tui.tui.screens.first_run import FirstRun
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat, running, strips_of

SIZES = [(20, 6), (44, 3), (60, 20), (400, 16)]


def write_theme(name: str, text: str) -> None:
    folder = config.themes_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)


async def test_themes_of_ones_own(place: Place) -> None:
    write_theme("dusk", 'primary = "#c792ea"\nbackground = "#102030"\n')
    write_theme("bad", 'primary = "#c792ea"\naccent = "gren"\n')
    async with open_chat(place, size=(200, 24), settings=Settings(theme="dusk")) as chat:
        assert chat.app.theme == "dusk"
        assert chat.main.background_colors[1].hex == "#102030"
        await chat.sees("'gren'", "#log")
        await chat.enter("/theme")
        await chat.sees("The theme is dusk.", "#log")
    write_theme("own", 'primary = "ansi_red"\nansi = true\n')
    async with open_chat(place, settings=Settings(theme="own")) as chat:
        assert chat.app.theme == "own"
        await chat.press("f2")
        await chat.sees("Esc undoes")
    async with open_chat(place, settings=Settings(theme="dsk")) as chat:
        assert chat.app.theme == "chat-dark"
        await chat.press("f2")
        await chat.sees("Esc undoes")
        await chat.press("ctrl+s")
        await chat.until(lambda: chat.main.is_active, "it is saved")
        assert chat.main.appearance.settings.theme == "dsk"  # nobody has chosen another
    found = mistakes(Settings(theme="dsk", keys={"quit": "q"}))
    assert len(found) == 3
    for part in ("'q' would be a letter", "bad.toml, line 2", "no theme 'dsk'"):
        assert any(part in str(one) for one in found)


def colours(chat: Chat) -> set[Color | None]:
    styles = [segment.style for strip in strips_of(chat.app) for segment in strip if segment.style]
    found = {colour for style in styles for colour in (style.color, style.bgcolor)}
    return {colour for colour in found if colour is not None and not colour.is_default}


def style_of(chat: Chat, text: str) -> str:
    """The styles of the parts of the screen that have the text."""
    parts = (segment for strip in strips_of(chat.app) for segment in strip)
    return ", ".join(str(part.style) for part in parts if text in part.text)


async def test_without_colours_all_can_be_told_apart(
    place: Place, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    bob = await server.enter("bob", "#general", "#other")
    alice = await server.enter("alice", "#general", "#other")
    await alice.close()
    async with open_chat(place, size=(120, 30)) as chat:
        await chat.until(lambda: len(chat.rooms) == 2, "both rooms are there")
        await bob.tell("#general", "alice: look here")
        await bob.tell("#other", "and here")
        await chat.sees("2 #other", "#rooms")
        await chat.until(lambda: chat.rooms == ["1 #general", "2 #other 1"], "it is counted")
        assert "reverse" in style_of(chat, "1 #general")
        assert "bold" in style_of(chat, "2 #other")
        assert "reverse" not in style_of(chat, "2 #other")
        assert any("@ " in line and "look here" in line for line in chat.lines("#log"))
        assert colours(chat) == set()
        await chat.press("f2")
        await chat.sees("Esc undoes")
        assert "(●) auto" in chat.text()
        assert "(○) bell" in chat.text()
        assert "underline" in style_of(chat, "chat-dark")
        assert colours(chat) == set()
        await chat.press("escape", "ctrl+k")
        await chat.sees("Esc closes")
        assert "underline" in style_of(chat, "#other")
        assert colours(chat) == set()
    async with running(ChatApp(Settings())) as chat:
        await chat.until(lambda: isinstance(chat.app.screen, FirstRun), "it asks")
        await chat.sees("(●) on this computer")
        assert "(○) join" in chat.text()


async def test_the_terminals_own_colours(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place, settings=Settings(theme="terminal")) as chat:
        await bob.tell("#general", "alice: `code` and https://example.org")
        await chat.sees("code", "#log")
        assert colours(chat)
        assert all(colour and colour.number in range(16) for colour in colours(chat))


async def test_lines_for_a_screen_reader(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    settings = Settings(screen_reader=True)
    async with open_chat(place, settings=settings, wait=False) as chat:
        await chat.sees("Connected as alice to chat.example.org:7777.")
        await chat.sees(": You are in #general.")
        await bob.tell("#general", "alice: **lunch**?")
        await chat.sees("bob, 12:00, names you: alice: lunch?")
        await chat.enter("yes")
        await chat.sees("alice, 12:00: yes")
        await chat.enter("/nonsense")
        await chat.sees("error: There is no command /nonsense")
        await chat.press("ctrl+u", "ctrl+c")
        await chat.sees(": Press Ctrl+C again to quit")
        assert not any(sign in chat.text() for sign in "│─╭╮╰╯▎▐┌")
        assert "Rooms" not in chat.text()
        await place.go()
        await chat.sees("Not connected:")
        await place.come_back()
        await chat.press("f1")
        await chat.sees("Writing")
        assert not any(sign in chat.text() for sign in "│─╭╮╰╯")


async def test_bare_text(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await bob.tell("#general", "```\nif x:\n    y()\n```")
        await chat.sees("y()", "#log")
        await chat.press("f9")
        await chat.sees("F9 goes back")
        lines = chat.lines()
        at = next(number for number, line in enumerate(lines) if line.startswith("bob, "))
        assert lines[at + 1 : at + 3] == ["if x:", "    y()"]
        assert "Rooms" not in chat.text()
        await chat.press("f9")
        await chat.sees("Rooms")
        assert "goes back" not in chat.text()


async def test_nothing_breaks_from_20_to_400_columns(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await bob.tell("#general", "a **formatted** message: " + "word " * 30 + "https://example.org/" + "x" * 90)

    async def every_size() -> None:
        for size in SIZES:
            driver = chat.app._driver
            assert isinstance(driver, HeadlessDriver)
            driver._size = Size(*size)
            chat.app.post_message(Resize(driver._size, driver._size))
            await chat.until(lambda size=size: chat.app.screen._compositor.size == size, "it has that size")  # type: ignore[misc]
            strips = strips_of(chat.app)
            assert len(strips) == size[1]
            assert {strip.cell_length for strip in strips} == {size[0]}

    async with open_chat(place) as chat:
        chat.main.appearance.hints.begin()
        chat.main.appearance._show_hint()
        await every_size()
        for key, there in (("f1", "Help"), ("f2", "Settings")):
            await chat.pilot.resize_terminal(80, 24)
            await chat.press(key)
            await chat.sees(there)
            await every_size()
            assert chat.app.screen.query_one(Input) is not None
            await chat.press("escape")
            await chat.until(lambda: chat.main.is_active, "it is closed")
        await chat.press("f9")
        await every_size()
        await chat.press("f9")
        chat.main.appearance.change(screen_reader=True)
        await every_size()
