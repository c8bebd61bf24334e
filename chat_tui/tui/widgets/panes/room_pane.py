"""A room on the screen: its topic bar, and its log below."""

from textual import events, on
from textual.app import ComposeResult
from textual.message import Message

from chat_tui.client.room import Room
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.message_log import MessageLog
from chat_tui.tui.widgets.log.message_selection import MessageClicked, ReactionClicked
from chat_tui.tui.widgets.panes.layout import Column
from chat_tui.tui.widgets.panes.topic_bar import TopicBar


class RoomPane(Column):
    """One of the two places for a room; which room it is, its owner says."""

    class Entered(Message):
        """The person has clicked there."""

        def __init__(self, pane: "RoomPane") -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, timeline: Timeline, *, topic: str, log: str) -> None:
        """`topic` and `log` are the ids of the parts; the log begins with this timeline."""
        super().__init__()
        self._entered = False
        self.topic = TopicBar(id=topic)
        self.messages = MessageLog(timeline, id=log)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield self.topic
        yield self.messages

    def show_topic(self, room: Room | None, people: str) -> None:
        """Name the room, and say who is there."""
        if room is None:
            self.topic.show("", "", "")
        else:
            self.topic.show(room.title + " (private)" * room.private, room.topic, people)

    def on_click(self, event: events.Click) -> None:
        """Go there, wherever it was."""
        self._entered = self.has_class("-beside")
        if event.chain == 1:
            self.post_message(self.Entered(self))

    @on(MessageClicked)
    @on(ReactionClicked)
    def _stop_click(self, message: Message) -> None:
        """A click that goes there does no more than that."""
        if self._entered:
            message.stop()
