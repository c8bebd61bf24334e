"""The conversation in the pictures. It is had once; each test begins with a copy of what was stored of it."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import NOW
from tests.support.wire import Wire

LONG = "bartholomew-fitzgerald-the-third"
DISK = (
    "It was the disk indeed: 14 GB of logs that nobody had asked for, written by the very job that was "
    "meant to delete them."
)
TALK: list[tuple[float, str, str]] = [
    (-18 * 60, "jonas", "The staging box does not answer. Does anybody know why?"),
    (1, "mira", "The disk. I ordered a new one on Friday."),
    (16 * 60, "mira", "Good morning! The staging box is up again."),
    (0, "mira", DISK),
    (1, "jonas", "thanks. Did the nightly backup run?"),
    (0.3, "jonas", "and the index rebuild?"),
    (22, "aiko", "おはよう 👋 今日は電車の中から 🚃💨"),
    (3, "jonas", "/me makes coffee"),
    (12, LONG, "two typos in the release notes:\n  - \"recieve\" in the first line\n  - [/] should be [\\]"),
    (1, "jonas", "fixed 👍🏽 thank you 👩‍👩‍👧"),
]  # fmt: skip
"""Minutes after what was said before, who, what."""

HERE = ("jonas", "aiko", LONG, "deploy", "Zoë")
"""Who is online, besides mira when she looks at it."""

SAID = NOW - 90 * 60
"""When the last of it was said."""


async def _talk(data: Path) -> None:
    server = RunningServer(data)
    await server.start()
    server.context.monotonic = time.monotonic
    people: dict[str, Wire] = {}
    server.clock.seconds = SAID - 60 * sum(after for after, _, _ in TALK[1:])
    for name in ("mira", "jonas", "aiko"):
        people[name] = await server.enter(name, "#general")
    await people["mira"].ask(
        frames.Topic(people["mira"].new_id, "#general", "Team chat · releases on Thursdays · be kind"), Result
    )
    for number, (after, name, text) in enumerate(TALK):
        server.clock.seconds += 60 * (after if number else 0)
        if name not in people:
            people[name] = await server.enter(name, "#general")
        kind = frames.ACTION if text.startswith("/me ") else frames.MESSAGE
        said = people[name].say("#general", text.removeprefix("/me "), kind=kind)
        await people[name].ask(said, frames.SendResult)
    for name in ("deploy", "Zoë"):
        people[name] = await server.enter(name, "#general")
    await people["mira"].join("#deploys")
    await people["mira"].join("#random")
    await people["mira"].join("#a-room-with-a-very-long-name")
    await people["deploy"].join("#deploys")
    for number in range(12):
        await people["deploy"].tell("#deploys", f"web 4.12.{number} → production: ok")
    await people["deploy"].ask(frames.Leave(people["deploy"].new_id, "#general"), Result)
    await people["jonas"].join("#random")
    await people["jonas"].tell("#random", "cake in the kitchen")
    await has_read(server)
    await server.stop()


async def has_read(server: RunningServer) -> None:
    """Mira has read all of #general."""
    mira = await server.enter("mira")
    await mira.ask(frames.Read(mira.new_id, "#general", 2**31), Result)
    await mira.close()


@pytest.fixture(scope="session")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a server on which it was had."""
    data = tmp_path_factory.mktemp("conversation") / "data"
    asyncio.run(_talk(data))
    return data


@pytest.fixture
async def server(tmp_path: Path, conversation: Path) -> AsyncIterator[RunningServer]:
    """A server on which it was had."""
    running = RunningServer(Path(shutil.copytree(conversation, tmp_path / "data")))
    await running.start()
    yield running
    await running.stop()


async def play(server: RunningServer) -> dict[str, Wire]:
    """Have them come who are there while mira looks at it, an hour and a half later."""
    server.clock.seconds = SAID
    return {name: await server.enter(name) for name in HERE}
