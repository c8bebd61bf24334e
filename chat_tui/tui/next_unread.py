"""A tour of the rooms with unread messages, the most urgent first, and back to where it began.

Knows of rooms how urgent they are. Goes nowhere itself: it says which room comes next.
"""

from collections.abc import Mapping

from chat_tui.client.priority import by_priority
from chat_tui.client.room import Room


class NextUnread:
    """The tour so far. `_seen` are its rooms with their heads: one that was not read to its end is shown
    again only when there is more in it. Whoever goes elsewhere on their own begins a new one."""

    def __init__(self) -> None:
        self._began_in = ""
        self._led_to = ""
        self._seen: dict[str, int] = {}

    def step(self, rooms: Mapping[str, Room], here: Room | None) -> tuple[str | None, str]:
        """The room to open, if there is one, and what to tell the person, if anything."""
        if here is not None and here.name != self._led_to:
            self._began_in, self._seen = here.name, {}
        if here is not None:
            self._seen[here.name] = here.head
        unseen = (room for room in rooms.values() if room.head > self._seen.get(room.name, -1))
        urgent = by_priority(unseen, here)
        if urgent:
            self._led_to = urgent[0].name
            return self._led_to, ""
        back, self._led_to = rooms.get(self._began_in), ""
        if back is None or back is here:
            return None, "No unread messages or mentions"
        return back.name, f"No more unread messages or mentions: back in {back.title}"
