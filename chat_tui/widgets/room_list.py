"""The left pane: the rooms one is in, numbered, with what is unread in them; first channels, then people.

Two numbers: `12` messages are unread, and `@2` more that are meant for this person. A muted room is dim.
"""

from collections.abc import Sequence

from textual.content import Content

from chat_tui.client.room import Room
from chat_tui.widgets.side_list import SideList


class RoomList(SideList):
    """See the module."""

    def show_rooms(self, rooms: Sequence[Room], current: Room | None) -> None:
        """Show these rooms; `current` is the one in view."""
        told = [
            (room.title, room.unread, room.mentions, room.uncounted, room.level, room.private, room.direct)
            for room in rooms
        ]
        if not self.is_new(told, current and current.name):
            return
        entries = [self._entry(number, room, current=room is current) for number, room in enumerate(rooms, 1)]
        at = rooms.index(current) if current is not None else None
        direct = next((number for number, room in enumerate(rooms) if room.direct), None)
        heading = None if direct is None else (direct, Content.styled("Direct", "$foreground 60%"))
        self.show(Content.styled("Rooms", "$foreground 60%"), entries, visible=at, heading=heading)

    def _entry(self, number: int, room: Room, *, current: bool) -> Content:
        unread, calls = max(0, room.unread - room.mentions), room.mentions
        badge = f" {_number(unread)}" if unread else ""
        called = f" @{_number(calls)}{'+' * room.uncounted}" if calls else ""
        # A star says that not everybody can read there, as in the answer of IRC servers to NAMES.
        label = Content(f"{number if number < 10 else ' '} {room.title}{'*' * room.private}")
        label = label.truncate(
            max(0, self.content_size.width - len(badge) - len(called)), ellipsis=True, pad=True
        )
        if current:
            label = label.stylize("bold $text-primary")
        elif room.muted:
            label = label.stylize("$foreground 50%")
        elif room.unread:
            label = label.stylize("bold")
        # What one has missed, and apart from it what was meant for one.
        style = "$foreground 50%" if room.muted else "bold $text-accent" if room.everything else "bold"
        entry = Content.assemble(label, (badge, style), (called, "bold $text-accent"))
        if not current:
            return entry
        # The terminal's own colours have no faint ones.
        return entry.stylize_before("reverse" if self.app.native_ansi_color else "on $primary 15%")


def _number(count: int) -> str:
    return str(count) if count < 1000 else "999+"
