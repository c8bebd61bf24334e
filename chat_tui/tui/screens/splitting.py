"""What a main screen does about a second room beside the one that one is in.

A part of the main screen, in a module of its own. There are two panes, each with a topic bar and a log. One
has the room that one is in; going to the other one changes which that is, and not what stands where. The
other one is before the reader's eyes as well: what it shows at its end, in a terminal that has the focus, is
read. It gives way where the terminal is too narrow, and is back when there is space again.
"""

from textual import on

from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.tui.screens.part import Part
from chat_tui.tui.widgets.panes.pane import Pane

SPACE = 150
"""Columns from which on two rooms fit side by side: 50 for each, besides the lists."""


class Splitting(Part):
    """See the module."""

    _beside: str | None = None

    @property
    def pane(self) -> Pane:
        """The one with the room that one is in."""
        return self._panes_in_order()[0]

    def _panes_in_order(self) -> tuple[Pane, Pane]:
        left, right = self._both
        return (right, left) if self._log is right.messages else (left, right)

    @property
    def beside(self) -> Room | None:
        """The room that is shown beside it, if there is one and space for it.

        Never in the plain view, for whoever copies or hears whole lines.
        """
        if self._beside is None or self.size.width < SPACE:
            return None
        if self.has_class("-bare") or self.has_class("-plain"):
            return None
        return self.client.rooms.get(self._beside)

    def looks_at(self, room: str) -> bool:
        """Whether the reader has this room before their eyes."""
        beside = self.beside
        return self._looking and (room == self._room or (beside is not None and room == beside.name))

    # --- the `View` of the commands

    def split(self, name: str) -> None:
        """See `View`."""
        if not name and self._beside in self.client.rooms:
            self._beside = None
            self.redraw()
            return
        rooms = [room.name for room in self.around.rooms(self._order()) if room.name != self._room]
        if not rooms:
            raise ClientError("You are in no other room: /join one, /rooms lists them.")
        self._beside = name if name and name != self._room else rooms[0]
        if self.size.width < SPACE:
            self.app.notify(f"There will be two rooms where there are {SPACE} columns", timeout=5)
        self.redraw()

    def go_beside(self) -> None:
        """See `View`."""
        if self._beside not in self.client.rooms:
            raise ClientError("There is no room beside this one: /split shows one.")
        self.open_room(self._beside)

    # --- for the main screen

    def _entering(self, name: str) -> None:
        """One goes to a room. If it is the one beside, the other pane becomes the one that one is in."""
        if name != self._beside or self._room is None:
            return
        shown = self.beside is not None
        self._beside = self._room
        if shown:
            self._log = self._panes_in_order()[1].messages

    def know_who_is_there(self) -> None:
        """In the rooms that are shown."""
        rooms = [room.name for room in (self.current, self.beside) if room is not None]
        self.client.company.watching.watch(rooms)

    def draw_beside(self) -> None:
        """Draw the other pane."""
        here, there = self._panes_in_order()
        room = self.beside
        here.display, there.display = True, room is not None
        for pane in (here, there):
            pane.set_class(room is not None, "-split")
            pane.set_class(pane is there, "-beside")
        self.know_who_is_there()
        self._timelines.show_beside(room.name if room is not None else None)
        if room is None:
            return
        there.messages.show(self._timelines.of(room.name))
        there.topic.show(room.title + " (private)" * room.private, room.topic, room.people.summary)
        if self.is_active and self._looking and there.messages.at_bottom:
            self.client.mark_read(room, room.last)

    @on(Pane.Entered)
    def _pane_entered(self, message: Pane.Entered) -> None:
        if message.pane is not self.pane and self._beside is not None:
            self.open_room(self._beside)
