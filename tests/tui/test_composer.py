"""Where one writes: keys of the shell, characters of many parts, what is pasted, what is too long."""

import tempfile
from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key

from chat_tui.tui.widgets.composer.composer import LONGEST
from chat_tui.tui.widgets.composer.readline import BLINKS
from protocol import frames, limits
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat, strips_of
from tests.support.wire import text_of

FAMILY, THUMB, FLAG, ACCENT = "👩‍👩‍👧", "👍🏽", "🇩🇪", "e\u0301"
STRANGE = f"{FAMILY}{THUMB}{FLAG}{ACCENT}日"


KEYS = [
    # what is typed, keys, what stands there then
    ("one two three", ("ctrl+w",), "one two "),
    ("one two three", ("ctrl+w", "ctrl+w", "ctrl+y"), "one two "),
    ("one two three", ("ctrl+u",), ""),
    ("one two three", ("ctrl+u", "ctrl+y"), "one two three"),
    ("one two three", ("ctrl+u", "x", "backspace", "ctrl+y"), "one two three"),
    ("one two three", ("alt+b", "alt+b", "alt+d"), "one  three"),
    ("one two three", ("ctrl+a", "alt+f", "alt+k"), "one"),
    ("one two three", ("ctrl+a", "alt+f", "alt+k", "home", "ctrl+y"), " two threeone"),
    ("one two three", ("ctrl+a", "ctrl+d", "ctrl+e", "backspace"), "ne two thre"),
    ("one two three", ("ctrl+u", "ctrl+z"), "one two three"),
    ("one two three", ("ctrl+u", "ctrl+underscore", "ctrl+shift+z"), ""),
    # one key, one character, whatever it is made of
    (STRANGE, ("backspace", "backspace"), f"{FAMILY}{THUMB}{FLAG}"),
    (STRANGE, ("backspace", "backspace", "backspace", "backspace"), FAMILY),
    (STRANGE, ("ctrl+a", "delete", "delete"), f"{FLAG}{ACCENT}日"),
    (STRANGE, ("ctrl+a", "right", "x"), f"{FAMILY}x{THUMB}{FLAG}{ACCENT}日"),
    (STRANGE, ("left", "left", "left", "x"), f"{FAMILY}{THUMB}x{FLAG}{ACCENT}日"),
    (STRANGE, ("left", "left", "shift+left", "x"), f"{FAMILY}{THUMB}x{ACCENT}日"),
]


async def test_keys_that_edit(place: Place) -> None:
    async with open_chat(place) as chat:
        for text, keys, left in KEYS:
            await chat.type(text)
            await chat.press(*keys)
            assert chat.composer.text == left, keys
            await chat.press("escape")
            chat.composer.put("")


LONG = " ".join(f"word{number}" for number in range(40))


async def test_keys_for_a_line_act_on_all_of_it_however_it_is_wrapped(place: Place) -> None:
    async with open_chat(place) as chat:
        composer = chat.composer
        for keys, left in (
            (("ctrl+a", "x"), f"one\nx{LONG}\ntwo"),
            (("home", "x"), f"one\nx{LONG}\ntwo"),
            (("left", "ctrl+e", "x"), f"one\n{LONG}x\ntwo"),
            (("shift+home", "x"), f"one\nx{LONG[90:]}\ntwo"),
            (("ctrl+u",), f"one\n{LONG[90:]}\ntwo"),
            (("ctrl+u", "ctrl+y"), f"one\n{LONG}\ntwo"),
            (("alt+k",), f"one\n{LONG[:90]}\ntwo"),
            (("ctrl+a", "alt+k"), "one\n\ntwo"),
        ):
            composer.put(f"one\n{LONG}\ntwo")
            composer.cursor_location = (1, 90)
            await chat.press(*keys)
            assert composer.text == left, keys


async def test_a_key_held_with_alt_types_no_letter(place: Place) -> None:
    async with open_chat(place) as chat:
        for letter in "pnulxj/0é":
            name = _character_to_key(letter)
            for held in ("alt", "ctrl+alt", "super"):
                chat._input(events.Key(f"{held}+{name}", letter))  # as Textual's own parser says it
        await chat.settle()
        assert chat.composer.text == ""
        chat._input(events.Key("plus", "+"))
        chat._input(events.Key("shift+a", "A"))
        await chat.settle()
        assert chat.composer.text == "+A"


async def test_a_paste_that_no_message_could_hold_is_left_out_and_said(place: Place) -> None:
    async with open_chat(place) as chat:
        composer = chat.composer
        await chat.type("draft ")
        await chat.paste("x" * (LONGEST - 5))
        assert composer.text == "draft "
        assert f"{LONGEST - 5:,} characters are too many" in chat.toasts
        await chat.paste("x" * (LONGEST - 6))
        assert len(composer.text) == LONGEST
        rung = chat.bells
        await chat.press("y", "backspace", "z")
        assert (composer.text[-2:], chat.bells) == ("xz", rung + 1)
        await chat.press("shift+home")
        await chat.paste("instead")
        assert composer.text == "instead", "what is replaced makes room"
        await chat.press("ctrl+z")
        assert len(composer.text) == LONGEST


def only_file(folder: Path) -> tuple[str, int]:
    """What is in the one file there, and what others may do with it."""
    (path,) = folder.iterdir()
    return path.read_text(encoding="utf-8"), path.stat().st_mode & 0o077


async def test_a_draft_that_no_message_could_hold_is_kept_in_a_file(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    async with open_chat(place) as chat:
        monkeypatch.setattr(tempfile, "tempdir", str(kept))
        text = "é" * (LONGEST + 1)
        chat.main.compose_area._put(text)
        await chat.sees("32,769 characters are too many", "#log")
        assert chat.composer.text == ""
        assert only_file(kept) == (text, 0)


def cells(chat: Chat) -> list[int]:
    """How wide each line of the screen is, by its parts and as a whole."""
    return [sum(segment.cell_length for segment in strip) for strip in strips_of(chat.app)]


async def test_the_cursor_stands_on_whole_characters(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.type(f"{STRANGE} end\n")
        composer = chat.composer
        for _ in range(12):
            await chat.press("left")
            assert cells(chat) == [80] * 24
            assert "日" in chat.text("#compose")
        composer.cursor_location = (0, 2)  # as a click between its parts would have it
        assert composer.cursor_location == (0, len(FAMILY))
        await chat.press("ctrl+u", "ctrl+a")
        for character in FAMILY:  # an input method may give it in parts
            await chat.type(character)
        assert composer.text.startswith(FAMILY)


async def test_the_cursor_blinks_for_a_while_and_then_stands(place: Place) -> None:
    async with open_chat(place) as chat:
        composer = chat.composer
        composer.cursor_blink = True
        await chat.press("x")
        seen = []
        for _ in range(2 * BLINKS):  # as its timer does, in 20 seconds
            composer._toggle_cursor_blink_visible()
            seen.append(composer._cursor_visible)
        assert seen[:4] == [False, True, False, True]
        assert all(seen[BLINKS:])
        assert not composer.blink_timer._active.is_set()
        await chat.press("y")
        assert composer.blink_timer._active.is_set()


async def test_up_in_an_empty_line_can_be_given_away(place: Place) -> None:
    async with open_chat(place) as chat:
        for line in ("/version", "/topic"):
            await chat.enter(line)
        asked: list[str] = []

        def take() -> bool:
            asked.append(chat.composer.text)
            return True

        chat.composer.up_when_empty = take
        await chat.press("up")
        assert (asked, chat.composer.text) == ([""], "")
        await chat.type("draft")
        await chat.press("up")
        assert (asked, chat.composer.text) == ([""], "/topic")
        await chat.press("ctrl+up")
        assert chat.composer.text == "/version"
        await chat.press("down", "down")
        assert chat.composer.text == "draft"
        await chat.press("ctrl+u", "ctrl+up")
        assert (asked, chat.composer.text) == ([""], "/topic")


async def test_what_is_pasted_is_clean_and_what_is_too_long_is_said_in_time(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.paste("a\x1b[31mred\x07\tb\r\nc\u202ed\r\n")
        assert chat.composer.text == "ared\tb\ncd"
        assert cells(chat) == [80] * 24
        await chat.press("enter")
        await chat.sees("│ cd", "#log")
        await chat.paste("\n".join(f"line {number}" for number in range(14)))
        await chat.until(lambda: chat.composer.size.height == 10, "ten lines are seen of it")
        assert "line 13" in chat.text("#composer")
        chat.composer.put("")

        excess = chat.main.query_one("#excess")
        await chat.paste("ä" * (limits.BODY // 2 - 5))
        assert not excess.display
        await chat.type("und mehr")
        await chat.sees("bytes too long for one message", "#excess")
        told = int(chat.text("#excess").split()[0])
        text = chat.composer.text
        await chat.press("enter")
        await chat.sees("too long: ", "#log")
        assert chat.composer.text == text
        await chat.press(*["backspace"] * told)
        await chat.until(lambda: not excess.display, "it fits")
        await chat.press("enter")
        await chat.until(lambda: not chat.composer.text, "it is sent")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        said = [event for event in await bob.settled() if isinstance(event, frames.Event)]
        assert text_of(said[-1]) == text[:-told]
