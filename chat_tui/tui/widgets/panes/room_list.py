"""The left pane: the rooms one is in, numbered, with what is unread in them; first channels, then people.

Two numbers: `12` messages are unread, and `@2` more that are meant for this person. A muted room is dim.
Below them the other servers, a line for each, if there are any.
"""

from collections.abc import Sequence

from textual.content import Content

from chat_tui.client.client import Client
from chat_tui.client.room import Room
from chat_tui.commands import connection_summary
from chat_tui.tui.widgets.panes.side_list import SideList

SIGNS = {
    "online": ("●", "$text-success"),
    "connecting": ("◌", "$text-warning"),
    "waiting": ("○", "$text-error"),
    "stopped": ("✕", "$text-error"),
}
"""The status line's, for each phase of a client."""


class RoomList(SideList):
    """See the module."""

    def show_rooms(self, rooms: Sequence[Room], current: Room | None, others: Sequence[Client] = ()) -> None:
        """Show these rooms; `current` is the one in view. `others`: the servers that are not."""
        told = [
            (room.title, room.unread, room.mentions, room.uncounted, room.level, room.private, room.direct)
            for room in rooms
        ]
        about = [(client.endpoint.label, *connection_summary.headline(client)) for client in others]
        if not self.is_new(told, current and current.name, about):
            return
        entries = [self._entry(number, room, current=room is current) for number, room in enumerate(rooms, 1)]
        at = rooms.index(current) if current is not None else None
        direct = next((number for number, room in enumerate(rooms) if room.direct), None)
        headings = [] if direct is None else [(direct, _heading("Direct"))]
        if others:
            headings.append((len(rooms), _heading("Servers")))
            entries += map(self._server, others)
        self.show(_heading("Rooms"), entries, visible=at, headings=headings)

    def _entry(self, number: int, room: Room, *, current: bool) -> Content:
        badge = _badge(max(0, room.unread - room.mentions))
        called = _badge(room.mentions, "@") + "+" * (room.uncounted and bool(room.mentions))
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

    def _server(self, client: Client) -> Content:
        unread, calls = connection_summary.unread(client)
        asks = connection_summary.asks(client)
        badge = f" {asks}" if asks else _badge(unread) + _badge(calls, "@")
        sign, colour = SIGNS[client.status.phase]
        label = Content.assemble((sign, colour), " ", connection_summary.name(client))
        label = label.truncate(max(0, self.content_size.width - len(badge)), ellipsis=True, pad=True)
        if unread or calls or asks:
            label = label.stylize("bold")
        return Content.assemble(label, (badge, "bold $text-accent"))


def _heading(text: str) -> Content:
    return Content.styled(text, "$foreground 60%")


def _badge(count: int, sign: str = "") -> str:
    return f" {sign}{count if count < 1000 else '999+'}" if count else ""
