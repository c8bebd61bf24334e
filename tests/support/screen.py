"""The whole program on a headless terminal: driven as by a person, read as by a person.

Nothing here waits for a time to pass: `until` lets the program run until something is so.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from chat_tui.client.client import Client
from chat_tui.client.connection import Target
from chat_tui.client.entrance import Endpoint
from chat_tui.client.trust import SocketOwner
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.main import MainScreen
from chat_tui.tui.terminal.pacing import InputQueue
from chat_tui.tui.terminal.parser import InputParser
from chat_tui.tui.widgets.composer.composer import Composer
from chat_tui.tui.widgets.log.message_log import MessageLog
from tests.support.inprocess import RunningServer
from tests.support.waiting import SECONDS

NOW = 1_795_435_200.0
"""Monday, 23 November 2026, 12:00 UTC: when the tests' servers begin."""


HOPS = 100
"""So often something may lead to something else; what moves for ever is not waited for."""


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str) -> None:
    """Let the program run until the condition holds; fails with `what` and the screen after a while."""
    try:
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0.005)
                await settle(pilot)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what}\n" + "\n".join(lines_of(pilot.app))) from None
    await settle(pilot)


async def settle(pilot: Pilot[None]) -> None:
    """Let all widgets do what they have been told by now, and what that leads to, and draw it."""
    for _ in range(3):  # what a driver sends takes two turns of the loop to get into a queue
        await asyncio.sleep(0)
    for _ in range(HOPS):
        busy = [pump for pump in _pumps(pilot.app) if _is_busy(pump)]
        await (_processed(pilot.app, busy) if busy else asyncio.sleep(0))
        if not busy and not any(_is_busy(pump) for pump in _pumps(pilot.app)):
            break
    pilot.app.screen._on_timer_update()


def _pumps(app: App[None]) -> Iterator[MessagePump]:
    yield app
    yield from app.screen.walk_children(with_self=True)


def _is_busy(pump: MessagePump) -> bool:
    """Something waits in its queue, or it is at work.

    (`Pilot` asks each of a hundred widgets; those that wait for their next message have nothing to say.)
    """
    ready: Any = pump._message_queue.ready_event
    return bool(ready.is_set()) or all(waits.done() for waits in ready._waiters)


async def _processed(app: App[None], pumps: list[MessagePump]) -> None:
    """Wait until these have done what was in their queues, or the program has failed."""
    left, done = 0, asyncio.Event()

    def one_less() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    for pump in pumps:
        left += pump.call_later(one_less)
    if left == 0:
        return
    waits = [asyncio.create_task(done.wait()), asyncio.create_task(app._exception_event.wait())]
    try:
        await asyncio.wait(waits, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def strips_of(app: App[None]) -> list[Strip]:
    """The cells of the screen, line by line."""
    return app.screen._compositor.render_strips()


def lines_of(app: App[None]) -> list[str]:
    """What the screen shows as plain text."""
    return [strip.text.rstrip() for strip in strips_of(app)]


def lines_in(app: App[None], widget: Widget) -> list[str]:
    """What the screen shows where the widget is."""
    x, y, width, height = widget.region
    return [strip.crop(x, x + width).text.rstrip() for strip in strips_of(app)[y : y + height]]


class Place:
    """A server that can go and come back somewhere else; a client's `Endpoint`."""

    label = "chat.example.org:7777"

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self._set_clock(server, NOW)
        self._later: list[RunningServer] = []

    async def locate(self) -> Target:
        """Where it is; where it was, if it is down."""
        address, private = self.server.address, self.server.private_address
        owner = SocketOwner(Path(private.path)) if private.path else None
        return Target(address.host, address.port, owner=owner)

    @staticmethod
    def _set_clock(server: RunningServer, seconds: float) -> None:
        """The clock is for what people see; who may be moved by it thinks that everybody is silent."""
        server.clock.seconds = seconds
        server.context.monotonic = time.monotonic

    async def go(self) -> None:
        """Stop the server."""
        await self.server.stop()

    async def come_back(self, data: Path | None = None) -> RunningServer:
        """Start the server again with the same data, or with another folder's."""
        server = RunningServer(data or self.server.data)
        await server.start()
        self._set_clock(server, self.server.clock.seconds)
        self.server = server
        self._later.append(server)
        return server

    async def close(self) -> None:
        """Stop what was started here."""
        for server in self._later:
            await server.stop()


class Chat:
    """A running program and the hands and eyes of who uses it."""

    def __init__(self, app: ChatApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.bells = 0
        app.bell = self._ring  # type: ignore[method-assign]  # the terminal's bell makes no sound here

    def _ring(self) -> None:
        self.bells += 1

    # --- what is inside

    @property
    def main(self) -> MainScreen:
        """The main screen, whatever lies above it."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    @property
    def client(self) -> Client:
        """The headless client behind the screen."""
        return self.main.client

    @property
    def composer(self) -> Composer:
        """Where one writes."""
        return self.main.query_one(Composer)

    @property
    def log(self) -> MessageLog:
        """The messages."""
        return self.main.query_one(MessageLog)

    # --- hands

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """See `until`; then every pane shows what has come, not only the one that was waited for."""
        await until(self.pilot, condition, what)
        await self._drawn()

    async def press(self, *keys: str) -> None:
        """Press keys, and let the program do what each asks for."""
        for key in keys:
            self._input(events.Key(key, key if len(key) == 1 else None))
            await self.settle()

    async def type(self, text: str) -> None:
        """Type on the keyboard, faster than anybody can."""
        for character in text:
            self._input(events.Key(_character_to_key(character), character))
        await self.settle()

    async def burst(self, sent: str) -> None:
        """Have a terminal send all this at once; it comes as the terminal's driver hands it over."""
        queue = InputQueue(self.app)
        for message in InputParser().feed(sent.encode()):
            queue.put(message.set_sender(self.app))
        await self.until(lambda: queue._task is None, "all keys have been taken")
        await self.settle()

    async def settle(self) -> None:
        """See `settle`; and wait until the panes show what has come."""
        await settle(self.pilot)
        await self._drawn()

    async def _drawn(self) -> None:
        mains = [screen for screen in self.app.screen_stack if isinstance(screen, MainScreen)]

        def drawn() -> bool:
            return self.app._exit or not any(main._stale for main in mains)

        if not drawn():
            await until(self.pilot, drawn, "the panes are drawn")

    def _input(self, event: events.Event) -> None:
        driver = self.app._driver
        assert driver is not None
        event.set_sender(self.app)
        driver.send_message(event)

    async def enter(self, line: str) -> None:
        """Type a line and press Enter."""
        await self.type(line)
        await self.press("enter")

    async def paste(self, text: str) -> None:
        """Paste, as a terminal with bracketed paste does."""
        self._input(events.Paste(text))
        await self.settle()

    async def blur(self) -> None:
        """Look at another window."""
        self.app.post_message(events.AppBlur())
        await self.settle()

    async def focus(self) -> None:
        """Come back."""
        self.app.post_message(events.AppFocus())
        await self.settle()

    # --- eyes

    def lines(self, selector: str | None = None) -> list[str]:
        """The lines of the screen, or of where a part of the main screen is."""
        if selector is None:
            return lines_of(self.app)
        return lines_in(self.app, self.main.query_one(selector))

    def text(self, selector: str | None = None) -> str:
        """The same as one text."""
        return "\n".join(self.lines(selector))

    def messages(self) -> list[str]:
        """What stands right of the bar in the log (or of the mark of a call), from top to bottom."""
        lines = (re.split(r"│ | @ ", line, maxsplit=1) for line in self.lines("#log"))
        return [line[1].rstrip(" ▐") for line in lines if len(line) > 1]

    @property
    def rooms(self) -> list[str]:
        """The entries of the left pane: number, name, unread count."""
        return [" ".join(line.split()) for line in self.lines("#rooms")[1:] if line.strip()]

    @property
    def people(self) -> list[str]:
        """The entries of the right pane."""
        return [line.strip() for line in self.lines("#people")[1:] if line.strip()]

    @property
    def status(self) -> str:
        """The bottom line."""
        return self.text("#status").strip()

    @property
    def topic(self) -> str:
        """The line above the log."""
        return self.text("#topic").strip()

    @property
    def toasts(self) -> str:
        """What pops up."""
        return "\n".join(notification.message for notification in self.app._notifications)

    async def sees(self, text: str, selector: str | None = None) -> None:
        """Wait until the text is on the screen."""
        await self.until(
            lambda: text in self.text(selector), f"{text!r} is shown in {selector or 'the screen'}"
        )

    async def online(self) -> None:
        """Wait until it is connected and shows who is there."""

        def there() -> bool:
            if not isinstance(self.app.screen, MainScreen):
                return False
            pane = self.main.query_one("#people")
            there = (
                self.people
                if pane.display
                else self.main.panes.current and self.main.panes.current.people.listed
            )
            return self.status.startswith("●") and bool(there)

        await self.until(there, "connected, and in a room")


@asynccontextmanager
async def running(
    app: ChatApp, size: tuple[int, int] = (80, 24), *, notifications: bool = True
) -> AsyncIterator[Chat]:
    """Run the program on a terminal of that size; ends it if it has not ended itself."""
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=notifications) as pilot:
        yield Chat(app, pilot)


@asynccontextmanager
async def open_chat(
    place: Endpoint,
    name: str = "alice",
    size: tuple[int, int] = (80, 24),
    *,
    settings: Settings | None = None,
    wait: bool = True,
) -> AsyncIterator[Chat]:
    """`chat-tui --name NAME`, connected and in its first room (unless it shall not `wait` for that)."""
    app = ChatApp(settings or Settings(), name=name, endpoint=place)
    async with running(app, size) as chat:
        if wait:
            await chat.online()
        else:
            there = lambda: any(isinstance(screen, MainScreen) for screen in app.screen_stack)  # noqa: E731
            await chat.until(there, "the main screen is there")
        chat.composer.cursor_blink = False
        yield chat
