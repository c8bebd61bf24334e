"""Make the pictures in this folder: the real server and the real client, with a real conversation in them.

Run `python3 screenshots/make.py` after a change of the screen, then look at each picture.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

SCRATCH = Path(tempfile.mkdtemp())
os.environ.update({"TZ": "UTC", "TEXTUAL_ANIMATIONS": "none"})
os.environ.update(
    {name: str(SCRATCH) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")}
)
time.tzset()

from textual.pilot import Pilot

from chat_tui.client.client import Client
from chat_tui.client.connection import Target
from chat_tui.client.outbox import Outbox
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.main import MainScreen
from chat_tui.tui.widgets.composer.composer import Composer
from protocol import frames
from server.app import Server
from server.config import Address, Config

HERE = Path(__file__).parent
SIZES = ((80, 24), (120, 36), (60, 20))

# Who says what, where, how many minutes after the line before.
Line = tuple[int, str, str, str]
NOTES = (
    "**4.12.0** is out. The [release notes](https://wiki.example.org/4.12) are there, mira: please have a "
    "look at the two lines about *sessions* before somebody asks."
)
TYPOS = 'two typos:\n  - "recieve" in the first line\n  - [/] should be [\\] in the example'
EXAMPLE = (
    "fixed :+1: and the example is shorter now\n"
    '```python\nasync with connect("ops") as chat:\n    # returns when stored\n'
    '    await chat.say("it is live")\n```'
)
TALK: tuple[Line, ...] = (
    (0, "mira", "#general", "Good morning! The staging box is up again, it was the disk."),
    (1, "jonas", "#general", "thanks. Did the nightly backup run?"),
    (1, "mira", "#general", "It did: 14 GB in 6 minutes, `df` says there is room for more."),
    (0, "mira", "#general", "I moved it to 04:00 so that it does not meet the index rebuild."),
    (22, "aiko", "#general", "おはよう 👋 I'm on the train, back online at ten"),
    (3, "jonas", "#general", "/me makes coffee"),
    (47, "deploy", "#deploys", "web 4.12.0 → staging: ok (38 s)"),
    (2, "deploy", "#deploys", "web 4.12.0 → production: ok (41 s)"),
    (1, "jonas", "#general", NOTES),
    (1, "bartholomew-fitzgerald", "#general", "Reading them now."),
    (4, "aiko", "#general", TYPOS),
    (1, "jonas", "#general", EXAMPLE),
)


async def until(condition: Callable[[], bool], pilot: Pilot[None] | None = None) -> None:
    """Let the program run until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await (pilot.pause() if pilot is not None else asyncio.sleep(0.01))


async def stored(client: Client) -> None:
    """Wait until the server has everything."""
    await until(lambda: not client.sender.pending)


class Shown:
    """A server under the name that the pictures show; a client's `Endpoint`."""

    label = "chat.example.org:7777"

    def __init__(self, address: Address) -> None:
        self._address = address

    async def locate(self) -> Target:
        """Where it is."""
        return Target(self._address.host, self._address.port)


class Stage:
    """A server whose clock is the conversation's, and the people in it."""

    def __init__(self) -> None:
        self.now = 1_795_420_800_000  # Monday, 23 November 2026, 08:00 UTC
        self.server = Server(Config((Address("127.0.0.1", 0),), SCRATCH / "server"), clock=lambda: self.now)
        self.people: dict[str, Client] = {}

    async def start(self) -> None:
        """Begin to serve."""
        await self.server.start()

    @property
    def endpoint(self) -> Shown:
        """Where it is."""
        return Shown(self.server.addresses[0])

    async def person(self, name: str) -> Client:
        """Somebody in the chat."""
        if name not in self.people:
            client = Client(self.endpoint, name, Outbox(None, "stage", name), lambda _: None)
            self.people[name] = client
            asyncio.get_running_loop().create_task(client.run())
            await until(lambda: client.status.phase == "online")
        return self.people[name]

    async def play(self, talk: tuple[Line, ...]) -> None:
        """Have the conversation."""
        for minutes, name, room, text in talk:
            self.now += minutes * 60_000
            client = await self.person(name)
            if room not in client.rooms:
                await client.join(room)
            if text.startswith("/me "):
                client.say(room, text.removeprefix("/me "), "action")
            else:
                client.say(room, text)
            await stored(client)


async def shoot_main(stage: Stage, theme: str, size: tuple[int, int]) -> None:
    """The main screen, and at one size its dialogs."""
    app = ChatApp(Settings(theme=f"chat-{theme}"), name="mira", endpoint=stage.endpoint)
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, MainScreen), pilot)
        screen = cast("MainScreen", app.screen)
        await until(lambda: bool(screen.panes.current and screen.panes.current.people.listed), pilot)
        screen.query_one(Composer).cursor_blink = False
        screen.query_one(Composer).put("")  # a draft of the picture before
        await pilot.press("end", *"lunch at 12?")
        await shoot(app, pilot, f"main-{theme}-{size[0]}x{size[1]}")
        if (theme, size) == ("dark", (120, 36)):
            await pilot.press("f1")
            await shoot(app, pilot, "help")
            await pilot.press("escape", "ctrl+k", "d")
            await shoot(app, pilot, "switcher")


async def shoot(app: ChatApp, pilot: Pilot[None], name: str) -> None:
    """Take one picture."""
    await pilot.pause()
    app.save_screenshot(f"{name}.svg", path=str(HERE))


async def main() -> None:
    """Play the conversation and take the pictures."""
    stage = Stage()
    await stage.start()
    mira = await stage.person("mira")
    await mira.ask(frames.Topic(1, "#general", "Team chat - releases on Thursdays - be kind"))
    await stage.play(TALK)
    await mira.join("#deploys")
    await mira.join("#random")
    await stage.people["aiko"].company.mine.go("on the train")
    await stage.play(((1, "deploy", "#deploys", "docs 2.3.1 → production: ok (12 s)"),))
    for theme in ("dark", "light"):
        for size in SIZES:
            await shoot_main(stage, theme, size)
    first = ChatApp(Settings())
    async with first.run_test(size=(80, 24)) as pilot:
        await shoot(first, pilot, "first-run")
    for client in stage.people.values():
        await client.stop()
    stage.server.stop()
    await stage.server.wait()


if __name__ == "__main__":
    asyncio.run(main())
