"""Telling a person that something calls them: somebody has named them, or written to them alone.

Knows of rooms what people call them and what they want to be told of; not how one is called.
"""

from collections.abc import Iterable

from chat_tui.client.events import RoomEvent
from chat_tui.client.room import Room
from chat_tui.tui.terminal.notifications import PROGRAM, Notifier
from protocol.text import clean_line


class Attention:
    """Gathers what calls for it; of a hundred such messages the last one is enough."""

    def __init__(self, notifier: Notifier) -> None:
        self.notifier = notifier
        self._call: tuple[str, str, str] | None = None

    def look_through(self, events: Iterable[RoomEvent], room: Room) -> None:
        """These have come to the room while the person did not look at it; do they want to be told?"""
        calls = [event for event in events if room.notifies(event)]
        if calls:
            title = calls[-1].sender + ("" if room.direct else f" in {room.title}")
            self._call = (room.name, title, calls[-1].text)

    def notice(self, text: str) -> None:
        """This is meant for the person, and is of no room."""
        self._call = ("", PROGRAM, text)

    def call(self, in_view: str | None, server: str) -> None:
        """Tell the person of what was gathered; `server` is where, if they are on several."""
        call, self._call = self._call, None
        if call is not None:
            room, title, text = call
            if server:
                title = f"{title} on {server}"
            self.notifier.call(title, clean_line(text, 160), elsewhere=room != in_view)
