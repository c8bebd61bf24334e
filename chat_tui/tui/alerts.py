"""Telling a person that something is meant for them: somebody has mentioned them, or written to them alone.

Knows of rooms what people call them and what they notify of; not how a person is told.
"""

from collections.abc import Iterable

from chat_tui.client.events import RoomEvent
from chat_tui.client.room import Room
from chat_tui.tui.terminal.notifications import PROGRAM, Notifier
from protocol.text import clean_line


class Alerts:
    """Gathers what is meant for the person; of a hundred such messages the last one is enough."""

    def __init__(self, notifier: Notifier) -> None:
        self.notifier = notifier
        self._waiting: tuple[str, str, str] | None = None

    def add_messages(self, events: Iterable[RoomEvent], room: Room) -> None:
        """These have come to the room while the person did not look at it; those that notify count."""
        found = [event for event in events if room.notifies(event)]
        if found:
            title = found[-1].sender + ("" if room.direct else f" in {room.title}")
            self._waiting = (room.name, title, found[-1].text)

    def add_notice(self, text: str) -> None:
        """This is meant for the person, and is of no room."""
        self._waiting = ("", PROGRAM, text)

    def deliver(self, in_view: str | None, server: str) -> None:
        """Tell the person what was gathered; `server` is where, if they are on several."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            room, title, text = waiting
            if server:
                title = f"{title} on {server}"
            self.notifier.call(title, clean_line(text, 160), elsewhere=room != in_view)
