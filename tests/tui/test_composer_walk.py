"""A random walk over all that one can do in the composer: keys, pastes and sizes in any order.

None of it ends the program, loses text, or leaves what is drawn behind what is written.
"""

import random
import string
from collections.abc import AsyncIterator

import pytest
from rich.cells import cell_len

from chat_tui.tui.widgets.composer.visual_rows import Rows
from protocol import frames
from tests.support.hostile import HostileServer, hostile_server
from tests.support.screen import Chat, open_chat, strips_of

STEPS = 100

PASTES = [
    "\n".join(f"line {number}" for number in range(3)),
    "\n" * 9,
    "a word, and then some more of them " * 12,
    "x" * 300,
    "\tone\ttwo\n\tthree",
    "日本語の文章です。" * 8,
    "👩‍👩‍👧👍🏽🇩🇪e\u0301",
    "one",
]
LETTERS = [*string.ascii_lowercase, " ", " ", ".", "(", ")", "é", "日", "\u0301", "🇩", "\u200d", "@", ":"]
SIZES = [(80, 24), (80, 24), (40, 12), (20, 6), (160, 50), (80, 6), (31, 24)]


class Walk:
    """One walk, by its seed."""

    def __init__(self, chat: Chat, seed: int) -> None:
        self.chat = chat
        self.random = random.Random(seed)
        self.size = (80, 24)
        self.taken: list[str] = []
        keys = {*chat.composer._bindings.key_to_bindings, *chat.main.keys.composers()}
        own = chat.main.keys.composers()
        self.keys = sorted(key for key in keys if key in own or not chat.main.keys.command_at(key))

    async def step(self) -> None:
        chat = self.chat
        kind = self.random.choices(("key", "undo", "letters", "paste", "resize"), (8, 4, 4, 3, 1))[0]
        match kind:
            case "key":
                await self._press(self.random.choice(self.keys))
            case "undo":
                for _ in range(self.random.randint(1, 4)):
                    await self._press(self.random.choice(("ctrl+z", "ctrl+z", "alt+z")))
            case "letters":
                text = "".join(self.random.choices(LETTERS, k=self.random.randint(1, 8)))
                self.taken.append(repr(text))
                await chat.type(text)
            case "paste":
                text = self.random.choice(PASTES)
                self.taken.append(f"paste {text[:10]!r}")
                await chat.paste(text)
            case "resize":
                self.size = self.random.choice(SIZES)
                self.taken.append(f"resize {self.size}")
                await chat.pilot.resize_terminal(*self.size)
                await chat.settle()
        self.check()

    async def _press(self, key: str) -> None:
        self.taken.append(key)
        await self.chat.press(key)

    def check(self) -> None:
        composer, taken = self.chat.composer, self.taken[-12:]
        assert not self.chat.app._exit, taken
        wrapped = composer.wrapped_document
        fresh = Rows(composer.document, composer.wrap_width, composer.indent_width)
        assert [wrapped.get_sections(row) for row in range(composer.document.line_count)] == [
            fresh.get_sections(row) for row in range(composer.document.line_count)
        ], taken
        assert wrapped.height == fresh.height, taken
        for strip in strips_of(self.chat.app):
            assert cell_len(strip.text) == strip.cell_length == self.size[0], (strip.text, taken)
        for location in composer.selection:
            assert composer.clamp_visitable(location) == location, taken

    async def end(self) -> None:
        """All of it can be undone, and then done again."""
        await self.chat.press("escape", "escape", "x")  # what could be done again is gone with a new edit
        before = self.chat.composer.text
        await self._until_nothing_changes("ctrl+z")
        await self._until_nothing_changes("alt+z")
        assert self.chat.composer.text == before, self.taken[-40:]

    async def _until_nothing_changes(self, key: str) -> None:
        while True:
            edits = len(self.chat.composer.history.undo_stack)
            await self.chat.press(key)
            self.check()
            if len(self.chat.composer.history.undo_stack) == edits:
                return


@pytest.fixture
async def general() -> AsyncIterator[HostileServer]:
    async with hostile_server() as server:
        server.rooms = [frames.RoomState("#general", 0)]
        yield server


@pytest.mark.parametrize("seed", range(3))
async def test_any_keys_in_any_order(general: HostileServer, seed: int) -> None:
    async with open_chat(general) as chat:
        walk = Walk(chat, seed)
        for _ in range(STEPS):
            await walk.step()
        await walk.end()


async def test_no_row_is_wider_than_the_screen(general: HostileServer) -> None:
    async with open_chat(general) as chat:
        await chat.pilot.resize_terminal(20, 6)
        await chat.type("e🇩thx")
        for text in ("x" * 300, "\tone\ttwo\n\tthree", "👩‍👩‍👧👍🏽🇩🇪e\u0301" * 20, "🇩" * 41, "ab\tcd\t" * 9):
            await chat.paste(text)
            for key in ("home", "pageup", "ctrl+z", "alt+z", "end"):
                await chat.press(key)
                assert [cell_len(strip.text) for strip in strips_of(chat.app)] == [20] * 6, key
