"""The rooms before the reader's eyes: the one they are in, and perhaps a second one beside it.

There are two panes, each with a topic bar and a log. One has the room that one is in; going to the other one
changes which that is, and not what stands where. What the second one shows at its end, in a terminal that has
the focus, is read too. It gives way where the terminal is too narrow, and is back when there is space again.

Owns which room is in view, and what is told to this person alone in its log. Knows nothing of what is being
written; what a change of rooms means for that is the screen's business.
"""

import time
from typing import Literal

from textual import on, work
from textual.app import ComposeResult

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands.suggestions import Suggestions
from chat_tui.timeline.timeline import Timeline
from chat_tui.timeline.timelines import Timelines
from chat_tui.tui.redraw import redraw_soon
from chat_tui.tui.widgets.log.message_log import MessageLog
from chat_tui.tui.widgets.log.message_selection import QuoteWanted, ReactionClicked
from chat_tui.tui.widgets.panes.layout import Row
from chat_tui.tui.widgets.panes.room_pane import RoomPane
from protocol.names import fold

SPACE = 150
"""Columns from which on two rooms fit side by side: 50 for each, besides the lists."""


class RoomPanes(Row):
    """Two panes and which room each shows. `room` is the name of the one that the person is in."""

    def __init__(self, client: Client, timelines: Timelines, suggestions: Suggestions, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._client = client
        self._timelines = timelines
        self._suggestions = suggestions
        self._panes = (
            RoomPane(timelines.lobby, topic="topic", log="log"),
            RoomPane(timelines.lobby, topic="topic-beside", log="log-beside"),
        )
        self.pane = self._panes[0]
        self.room: str | None = None
        self.beside_name: str | None = None
        self._screen_reader = self._plain = False

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield from self._panes

    # --- what is in view

    @property
    def current(self) -> Room | None:
        """The room that the person is in."""
        return self._client.rooms.get(self.room) if self.room is not None else None

    @property
    def messages(self) -> MessageLog:
        """The log of that room."""
        return self.pane.messages

    @property
    def timeline(self) -> Timeline:
        """Its timeline; the lobby's where there is no room."""
        return self._timelines.shown(self.room)

    @property
    def _other_pane(self) -> RoomPane:
        left, right = self._panes
        return left if self.pane is right else right

    @property
    def beside(self) -> Room | None:
        """The second room, if there is one and space for it.

        Never in the plain view, for whoever copies or hears whole lines.
        """
        if self.beside_name is None or self.screen.size.width < SPACE or self._plain:
            return None
        return self._client.rooms.get(self.beside_name)

    def shows(self, name: str) -> bool:
        """Whether this room is one of those in view."""
        beside = self.beside
        return name == self.room or (beside is not None and name == beside.name)

    # --- the list of rooms

    def order(self) -> list[str]:
        """Channels, then direct rooms, but for those in which nobody has said anything."""
        rooms = [room for room in self._client.rooms.values() if not room.unused or room.name == self.room]
        return [room.name for room in sorted(rooms, key=lambda room: (room.direct, fold(room.title)))]

    def at(self, number: int) -> str | None:
        """The room at that place of the list, counted from 1."""
        names = self.order()
        return names[number - 1] if 0 < number <= len(names) else None

    def neighbour(self, step: int) -> str:
        """The room so many places further down the list; "" if there is none at all."""
        names = self.order()
        if not names:
            return ""
        at = names.index(self.room) if self.room in names else 0
        return names[(at + step) % len(names)]

    # --- going from room to room

    def enter(self, name: str) -> None:
        """Show a room as the one that the person is in."""
        entered = name != self.room
        if entered and name == self.beside_name and self.room is not None:
            shown = self.beside is not None
            self.beside_name = self.room
            if shown:
                self.pane = self._other_pane
        self.room = name
        timeline = self._timelines.enter(name)
        if entered and self._screen_reader:
            timeline.notice(_in_words(self._client.rooms[name]), "info", time.time_ns() // 1_000_000)
        self.messages.show(timeline)
        self._watch_people()
        redraw_soon(self)

    def leave_all(self) -> None:
        """The person is in no room any more."""
        self.room = None
        self.messages.show(self._timelines.lobby)

    def split(self, name: str) -> None:
        """Show this room beside the one in view; "" closes that again, or chooses one itself."""
        if not name and self.beside_name in self._client.rooms:
            self.beside_name = None
            redraw_soon(self)
            return
        rooms = [room.name for room in self._suggestions.rooms(self.order()) if room.name != self.room]
        if not rooms:
            raise ClientError("You are in no other room: /join one, /rooms lists them.")
        self.beside_name = name if name and name != self.room else rooms[0]
        if self.screen.size.width < SPACE:
            self.app.notify(f"There will be two rooms where there are {SPACE} columns", timeout=5)
        redraw_soon(self)

    def other_room(self) -> str:
        """The room beside the one that the person is in. Raises `ClientError` if there is none."""
        if self.beside_name not in self._client.rooms:
            raise ClientError("There is no room beside this one: /split shows one.")
        return self.beside_name

    def _watch_people(self) -> None:
        rooms = [room.name for room in (self.current, self.beside) if room is not None]
        self._client.company.watching.watch(rooms)

    # --- what is told to this person alone

    def tell(self, text: str) -> None:
        """Show some lines in the log, and go there."""
        self._notice(text, "info")
        self.messages.to_bottom()

    def complain(self, text: str) -> None:
        """Show what went wrong, where the person is looking."""
        self._notice(text, "error")
        self.messages.to_bottom()

    def mention(self, text: str, kind: Literal["info", "error"] = "info") -> None:
        """Say something that nobody has asked for: who reads further up stays there."""
        self._notice(text, kind)
        if not self.messages.at_bottom and not self._screen_reader:
            self.app.notify(text, severity="error" if kind == "error" else "information", markup=False)

    def _notice(self, text: str, kind: Literal["info", "error"]) -> None:
        self.timeline.notice(text, kind, time.time_ns() // 1_000_000)
        redraw_soon(self)

    # --- reading

    def to_newest(self) -> None:
        """Go back to the newest message; the mark of what is new goes."""
        self.timeline.clear_ruler()
        self.messages.to_bottom()

    def clear(self) -> None:
        """Empty the log in view."""
        self.timeline.clear()
        redraw_soon(self)

    def mark_read(self, seq: int | None = None) -> None:
        """The room has been read up to `seq`, or to its end, if that is before the reader's eyes."""
        room = self.current
        if room is not None and self._looked_at and self.messages.at_bottom:
            self._client.mark_read(room, room.last if seq is None else min(seq, room.last))

    @property
    def _looked_at(self) -> bool:
        return self.screen.is_active and self.app.app_focus

    @on(MessageLog.OlderWanted)
    def _older_wanted(self, message: MessageLog.OlderWanted) -> None:
        self._load_older(message.timeline)

    @work(group="older")
    async def _load_older(self, timeline: Timeline) -> None:
        room = self._client.rooms.get(timeline.room)
        if room is None or timeline.loading:
            return
        timeline.loading = True
        try:
            await self._client.load_older(room)
        except ClientError:
            pass  # the status line says why; scrolling asks again
        finally:
            timeline.loading = False
            self._timelines.bound(room.name)
            redraw_soon(self)

    @on(MessageLog.ViewChanged)
    def _view_changed(self) -> None:
        redraw_soon(self)

    @on(QuoteWanted)
    @work(group="quotes")
    async def _fetch_quote(self, message: QuoteWanted) -> None:
        room = self._client.rooms.get(message.timeline.room)
        if room is None:
            return
        try:
            quoted = await self._client.changes.fetch(room, message.seq)
        except ClientError:
            return  # it is asked for again when there is a connection
        message.timeline.changes.quoted(message.seq, quoted)
        redraw_soon(self)

    @on(ReactionClicked)
    def _reaction_clicked(self, message: ReactionClicked) -> None:
        room = self.current
        if room is not None:
            try:
                self._client.changes.toggle(room, message.seq, message.emoji)
            except ClientError as error:
                self.complain(str(error))

    # --- drawing

    def apply(self, *, screen_reader: bool, bare: bool) -> None:
        """Look as the settings and the bare view ask."""
        self._screen_reader, self._plain = screen_reader, screen_reader or bare
        for pane in self._panes:
            pane.messages.be_plain(on=self._plain)
            pane.messages.call_me(self._client.company.calls.words)

    def change_zone(self) -> None:
        """All times of day are others than before."""
        self._timelines.in_another_zone()
        for pane in self._panes:
            pane.messages.in_another_zone()

    def draw_beside(self) -> None:
        """Draw the other pane."""
        here, there, room = self.pane, self._other_pane, self.beside
        here.display, there.display = True, room is not None
        for pane in (here, there):
            pane.set_class(room is not None, "-split")
            pane.set_class(pane is there, "-beside")
        self._watch_people()
        self._timelines.show_beside(room.name if room is not None else None)
        if room is None:
            return
        there.messages.show(self._timelines.of(room.name))
        there.show_topic(room, room.people.summary)
        if self._looked_at and there.messages.at_bottom:
            self._client.mark_read(room, room.last)


def _in_words(room: Room) -> str:
    """What the topic bar shows is told, where nobody sees it."""
    topic = f" Topic: {room.topic}" if room.topic else ""
    unread = f" {room.unread} new." if room.unread else ""
    return f"You are in {room.title}.{unread}{topic}"
