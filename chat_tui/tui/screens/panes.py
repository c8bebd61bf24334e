"""The panes around the log: rooms, people, topic, status, prompt, and the terminal's title.

Draws what the client knows into them. Every text of others is `Content` of plain text here, never markup.
"""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from chat_tui.client.client import Client
from chat_tui.client.priority import priority
from chat_tui.client.room import Room
from chat_tui.timeline.timelines import Timelines
from chat_tui.tui.widgets.panes.people_list import PeopleList
from chat_tui.tui.widgets.panes.room_list import RoomList
from chat_tui.tui.widgets.panes.status_line import StatusLine
from chat_tui.tui.widgets.panes.topic_bar import TopicBar

if TYPE_CHECKING:
    from chat_tui.tui.screens.servers import Servers


class Panes:
    """See the module. The parts are kept, for the last drawing may come while the screen is taken down."""

    def __init__(
        self, screen: Screen[None], servers: "Servers", client: Client, timelines: Timelines
    ) -> None:
        self._servers = servers
        self._client = client
        self._timelines = timelines
        self._rooms = screen.query_one(RoomList)
        self._people = screen.query_one(PeopleList)
        self._status = screen.query_one(StatusLine)
        self._prompt = screen.query_one("#prompt", Static)

    def draw(self, room: Room | None, topic: TopicBar, rooms: list[Room]) -> None:
        """Show `rooms` in this order, and all there is of `room`, the one in view, with its `topic`."""
        client = self._client
        others = [one for one in self._servers.clients if one is not client]
        self._rooms.show_rooms(rooms, room, others)
        where = room.title if room is not None else client.endpoint.label
        everywhere = [*rooms, *(there for one in others for there in one.rooms.values())]
        self._servers.title.show(f"{_count(everywhere)}{where} - chat-tui")
        self._draw_people(room, topic)
        calling = sum(priority(one) in (0, 1) for one in rooms if one is not room)
        self._status.show(
            client.status,
            where=client.endpoint.label,
            name=client.name,
            queued=sum(entry.state == "pending" for entry in client.sender.pending.values()),
            away=client.company.mine.away,
            typing=client.company.typing.names(room.name if room is not None else ""),
            wanting=0 if self._rooms.display else calling,
        )
        if str(self._prompt.content) != client.name:  # an update lays the whole screen out anew
            self._prompt.update(Content(client.name))

    def _draw_people(self, room: Room | None, topic: TopicBar) -> None:
        if room is None:
            topic.show("", "", "")
            self._people.show(Content(""), [])
            return
        # Where the pane is folded away, the number of people at least is in view.
        people = "" if self._people.display else room.people.summary
        topic.show(room.title + " (private)" * room.private, room.topic, people)
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
