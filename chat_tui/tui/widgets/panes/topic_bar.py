"""The line above the log: which room this is, and its topic."""

from textual.content import Content
from textual.widget import Widget


class TopicBar(Widget):
    """Texts here are somebody's: shown as they are, never as markup."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._room = ""
        self._topic = ""
        self._people = ""

    def show(self, room: str, topic: str, people: str) -> None:
        """Show this room."""
        if (room, topic, people) != (self._room, self._topic, self._people):
            self._room, self._topic, self._people = room, topic, people
            self.refresh()

    def render(self) -> Content:
        """The room, as much of the topic as there is space for, and the people at the right."""
        width = self.size.width
        room = Content.styled(self._room, "bold $text-primary")
        people = Content.styled(f"  {self._people}" if self._people else "", "$foreground 60%")
        left = width - room.cell_length - people.cell_length - 2
        if left < 4:
            return room.truncate(width, ellipsis=True)
        topic = Content.styled(self._topic, "$foreground 85%").truncate(left, ellipsis=True, pad=True)
        return Content.assemble(room, "  ", topic, people)
