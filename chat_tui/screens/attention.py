"""Calling for a person's attention: somebody has named them, or written to them alone.

Knows the application, and of rooms only what people call them.
"""

from collections.abc import Iterable

from textual.app import App

from chat_tui.client.events import RoomEvent, mentions
from chat_tui.client.room import Room
from protocol.text import clean_line


class Attention:
    """Gathers what calls for it; of a hundred such messages the last one is enough."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._call: tuple[str, str] | None = None

    def look_through(self, events: Iterable[RoomEvent], name: str, room: Room) -> None:
        """These have come to the room while the person did not look at it; are they meant for `name`?"""
        calls = [event for event in events if room.direct or mentions(event.text, name)]
        if calls:
            where = "" if room.direct else f" in {room.title}"
            self._call = (room.name, f"{calls[-1].sender}{where}: {calls[-1].text}")

    def notice(self, text: str) -> None:
        """This is meant for the person, and is of no room."""
        self._call = ("", text)

    def call(self, in_view: str | None) -> None:
        """Ring for what was gathered; show it, if it is not in view."""
        call, self._call = self._call, None
        if call is None:
            return
        room, text = call
        self._app.bell()
        if room != in_view:
            self._app.clear_notifications()
            self._app.notify(clean_line(text, 200), markup=False)
