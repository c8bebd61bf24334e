"""An application that shows a message log and nothing else, for its tests."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from chat_tui.client.events import RoomEvent
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.message_log import MessageLog

START = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp() * 1000)
ME = 1


class LogApp(App[None]):
    """A log, and what it posted."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self.log_widget = MessageLog(timeline)
        self.wanted: list[Timeline] = []
        self.at_bottom: list[bool] = []

    def compose(self) -> ComposeResult:
        yield self.log_widget

    def on_message_log_older_wanted(self, message: MessageLog.OlderWanted) -> None:
        self.wanted.append(message.timeline)

    def on_message_log_view_changed(self, message: MessageLog.ViewChanged) -> None:
        self.at_bottom.append(message.at_bottom)


@asynccontextmanager
async def running(
    timeline: Timeline, size: tuple[int, int] = (80, 20)
) -> AsyncIterator[tuple[MessageLog, Pilot[None]]]:
    app = LogApp(timeline)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app.log_widget, pilot


def event(seq: int, text: str = "", user: int = 2, kind: str = "message", minutes: int = 0) -> RoomEvent:
    name = "me" if user == ME else f"user{user}"
    return RoomEvent("#room", seq, user, name, kind, text or f"text {seq}", START + minutes * 60_000)


def timeline(events: Iterable[RoomEvent] = ()) -> Timeline:
    made = Timeline("#room", ME, "me", UTC)
    made.append(events)
    return made


def long_timeline(count: int = 200, first: int = 1) -> Timeline:
    return timeline(event(seq, user=seq % 7 + 2) for seq in range(first, first + count))


def screen(log: MessageLog) -> list[str]:
    return [log.render_line(y).text.rstrip() for y in range(log.size.height)]


def texts(log: MessageLog) -> Iterator[str]:
    for line in screen(log):
        if "│ " in line:
            yield line.partition("│ ")[2].rstrip(" ▐")


def top(log: MessageLog) -> str:
    return next(texts(log))


def app_of(pilot: Pilot[None]) -> LogApp:
    assert isinstance(pilot.app, LogApp)
    return pilot.app
