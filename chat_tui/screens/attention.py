"""Calling for a person's attention: somebody has named them. Knows the application, and no rooms."""

from collections.abc import Iterable

from textual.app import App

from chat_tui.client.events import RoomEvent, mentions
from protocol.text import clean_line


class Attention:
    """Gathers what calls for it; of a hundred such messages the last one is enough."""

    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._call: RoomEvent | None = None

    def look_through(self, events: Iterable[RoomEvent], name: str) -> None:
        """These have come where the person does not look; do they name them?"""
        calls = [event for event in events if mentions(event.text, name)]
        self._call = calls[-1] if calls else self._call

    def call(self, in_view: str | None) -> None:
        """Ring for what was gathered; show it, if it is not in view."""
        call, self._call = self._call, None
        if call is None:
            return
        self._app.bell()
        if call.room != in_view:
            self._app.clear_notifications()
            self._app.notify(clean_line(f"{call.sender} in {call.room}: {call.text}", 200), markup=False)
