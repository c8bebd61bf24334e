"""What stands around the rooms in view: the list of rooms, people, status, and the terminal's title.

Draws what the client knows into them. Every text of others is `Content` of plain text here, never markup.
"""

from textual.content import Content

from chat_tui.client.client import Client
from chat_tui.client.priority import priority
from chat_tui.client.room import Room
from chat_tui.timeline.timelines import Timelines
from chat_tui.tui.terminal.control import Title
from chat_tui.tui.widgets.panes.people_list import PeopleList
from chat_tui.tui.widgets.panes.room_list import RoomList
from chat_tui.tui.widgets.panes.status_line import StatusLine
from chat_tui.tui.widgets.room_panes import RoomPanes


class SidePanes:
    """The widgets and what they show. They are kept, for the last drawing may come while the screen is taken
    down."""

    def __init__(
        self,
        client: Client,
        timelines: Timelines,
        rooms: RoomList,
        people: PeopleList,
        status: StatusLine,
        title: Title,
    ) -> None:
        self._client = client
        self._timelines = timelines
        self._rooms = rooms
        self._people = people
        self._status = status
        self._title = title

    def draw(self, panes: RoomPanes, others: list[Client]) -> None:
        """Show the list of rooms, the `others` (the other servers), and all there is of the room in view."""
        client, room = self._client, panes.current
        rooms = [client.rooms[name] for name in panes.order()]
        self._rooms.show_rooms(rooms, room, others)
        where = room.title if room is not None else client.endpoint.label
        everywhere = [*rooms, *(there for one in others for there in one.rooms.values())]
        self._title.show(f"{_count(everywhere)}{where} - chat-tui")
        self._draw_people(panes, room)
        mentioning = sum(priority(one) in (0, 1) for one in rooms if one is not room)
        self._status.show(
            client.status,
            where=client.endpoint.label,
            name=client.name,
            queued=sum(entry.state == "pending" for entry in client.sender.pending.values()),
            away=client.company.mine.away,
            typing=client.company.typing.names(room.name if room is not None else ""),
            mentioning=0 if self._rooms.display else mentioning,
        )

    def _draw_people(self, panes: RoomPanes, room: Room | None) -> None:
        if room is None:
            panes.pane.show_topic(None, "")
            self._people.show(Content(""), [])
            return
        # Where the list is folded away, the number of people at least is in view.
        people = "" if self._people.display else room.people.summary
        panes.pane.show_topic(room, people)
        self._people.show_people(room.people, self._client.name, room.roles)
        self._timelines.shown(room.name).know(room.people.names)
        if self._people.display and self._people.wants_more:
            self._client.company.watching.more()


def _count(rooms: list[Room]) -> str:
    """How many messages call the person; if none does, how many are new where they care."""
    wanting = sum(room.wanting for room in rooms)
    if wanting:
        return f"({wanting}) "
    unread = sum(room.unread for room in rooms if not room.muted)
    return f"({unread} new) " if unread else ""
