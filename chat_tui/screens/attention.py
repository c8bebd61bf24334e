"""Calling for a person's attention: somebody has named them. Knows no rooms, and not how one is called."""

from collections.abc import Iterable

from chat_tui.client.events import RoomEvent, mentions
from chat_tui.notifications import Notifier
from protocol.text import clean_line


class Attention:
    """Gathers what calls for it; of a hundred such messages the last one is enough."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._call: RoomEvent | None = None

    def look_through(self, events: Iterable[RoomEvent], name: str) -> None:
        """These have come where the person does not look; do they name them?"""
        calls = [event for event in events if mentions(event.text, name)]
        self._call = calls[-1] if calls else self._call

    def call(self, in_view: str | None) -> None:
        """Tell the person of what was gathered."""
        call, self._call = self._call, None
        if call is not None:
            title, text = f"{call.sender} in {call.room}", clean_line(call.text, 160)
            self._notifier.call(title, text, elsewhere=call.room != in_view)
