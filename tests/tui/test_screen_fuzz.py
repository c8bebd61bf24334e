"""Whatever people are called, say and write, on a terminal of any size: no line is longer than the screen.

One program goes through all of it, for a start costs more than a hundred pictures. What one message can do to
the log alone is tried in `test_message_fuzz`, what a server can do in `test_hostile`.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from protocol import frames
from tests.support.hostile import HostileServer, event, hostile_server
from tests.support.screen import Chat, open_chat, strips_of
from tests.unit.test_formatting import hard_text

SCRIPTS = [
    "日本語の部屋", "한국어", "ไทยที่นี่", "नमस्ते", "שלום עולם", "مرحبا بالعالم", "e\u0301a\u0308o\u0302\u0323",
    "👨\u200d👩\u200d👧\u200d👦", "👍🏽", "🇩🇪🇫", "❤\ufe0f", "1\ufe0f\u20e3", "\u200b\u200d\ufeff",
    "\u202eabc", "ﷺ", "Z\u0337\u0321", "\u0301", "\uff41", "\u115f", "[bold]", "[/]", "\\[",
    "https://例え.jp/" + "a" * 30,
]  # fmt: skip
nasty = st.lists(st.sampled_from([*SCRIPTS, " ", "a", "-", "\n"]), max_size=12).map("".join) | hard_text


class Scene(NamedTuple):
    """A terminal, and what is on it."""

    width: int
    height: int
    name: str
    room: str
    topic: str
    said: str
    written: str
    split: bool


scenes = st.builds(
    Scene,
    st.integers(20, 400) | st.integers(20, 60),
    st.integers(5, 60),
    nasty.map(lambda text: text[:32]),
    nasty.map(lambda text: f"#{text}"[:60]),
    nasty,
    nasty,
    nasty,
    st.booleans(),
)
LONG = "".join(SCRIPTS) * 3
WORST = Scene(20, 5, LONG, f"#{LONG}", LONG, LONG, LONG, split=False)


class Stage:
    """The program, and where it plays."""

    def __init__(self, server: HostileServer, chat: Chat) -> None:
        self._server = server
        self._chat = chat
        self._seq = 0

    async def show(self, scene: Scene) -> None:
        chat, server = self._chat, self._server
        await chat.pilot.resize_terminal(scene.width, scene.height)
        chat.main.panes.beside_name = "#beside" if scene.split else None
        await self._happens(scene)
        self._check(scene)
        chat.composer.put(scene.written)
        await chat.settle()
        self._check(scene)
        before = len(chat.composer.text)
        await chat.type("x")
        self._check(scene)
        assert len(chat.composer.text) == before + 1
        area = chat.composer.region
        assert area.width >= 10
        assert area.height >= 1
        assert chat.app.screen.region.contains_region(area)
        server.push(frames.Presence("#general", scene.name, online=False))

    async def _happens(self, scene: Scene) -> None:
        self._seq += 2
        for room in ("#general", "#beside"):
            self._server.push(
                event(room, self._seq - 1, scene.topic, sender=scene.name, kind=frames.TOPIC),
                event(room, self._seq, scene.said, sender=scene.name),
                frames.Presence(room, scene.name, online=True),
                frames.Typing(room, user=666, name=scene.name),
            )
        rooms = self._chat.client.rooms
        await self._chat.until(lambda: rooms["#beside"].last == self._seq, "it has come")

    def _check(self, scene: Scene) -> None:
        strips = strips_of(self._chat.app)
        assert len(strips) == scene.height
        for strip in strips:
            assert sum(cell_len(segment.text) for segment in strip) == strip.cell_length == scene.width
            assert "\n" not in strip.text
        assert not self._chat.app._exit
        assert "#beside" in "".join(strip.text for strip in strips) or scene.width < 110


def test_anything_fits_a_terminal_of_any_size() -> None:
    async def begin() -> Stage:
        server = await stack.enter_async_context(hostile_server())
        server.rooms = [frames.RoomState(room, 0) for room in ("#general", "#beside")]
        return Stage(server, await stack.enter_async_context(open_chat(server)))

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        stage = runner.run(begin())

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(scenes)
        @example(WORST)
        @example(WORST._replace(width=400, height=60, split=True))
        @example(WORST._replace(width=150, height=20, split=True))
        def plays(scene: Scene) -> None:
            runner.run(stage.show(scene))

        try:
            plays()
        finally:
            runner.run(stack.aclose())
