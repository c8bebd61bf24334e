"""The left pane: the rooms one is in, numbered, with what is unread in them; first channels, then people."""

from collections.abc import Sequence

from textual.content import Content

from chat_tui.client.room import Room
from chat_tui.widgets.side_list import SideList


class RoomList(SideList):
    """See the module."""

    def show_rooms(self, rooms: Sequence[Room], current: Room | None) -> None:
        """Show these rooms; `current` is the one in view."""
        told = [(room.title, room.unread, room.private, room.direct) for room in rooms]
        if not self.is_new(told, current and current.name):
            return
        entries = [self._entry(number, room, current=room is current) for number, room in enumerate(rooms, 1)]
        at = rooms.index(current) if current is not None else None
        direct = next((number for number, room in enumerate(rooms) if room.direct), None)
        heading = None if direct is None else (direct, Content.styled("Direct", "$foreground 60%"))
        self.show(Content.styled("Rooms", "$foreground 60%"), entries, visible=at, heading=heading)

    def _entry(self, number: int, room: Room, *, current: bool) -> Content:
        unread = room.unread
        badge = f" {unread if unread < 1000 else '999+'}" if unread else ""
        # A star says that not everybody can read there, as in the answer of IRC servers to NAMES.
        label = Content(f"{number if number < 10 else ' '} {room.title}{'*' * room.private}")
        label = label.truncate(max(0, self.content_size.width - len(badge)), ellipsis=True, pad=True)
        if current:
            label = label.stylize("bold $text-primary")
        elif unread:
            label = label.stylize("bold")
        entry = Content.assemble(label, (badge, "bold $text-accent"))
        if not current:
            return entry
        # The terminal's own colours have no faint ones.
        return entry.stylize_before("reverse" if self.app.native_ansi_color else "on $primary 15%")
