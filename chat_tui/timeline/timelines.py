"""The timelines of all rooms, kept in step with what the client tells, and where in them the new begins.

Knows which rooms the reader has before their eyes. Knows no widgets.
"""

from chat_tui.client import updates
from chat_tui.client.client import Client
from chat_tui.client.events import RoomEvent
from chat_tui.client.updates import Update
from chat_tui.timeline.timeline import Timeline


class Timelines:
    """See the module. `lobby` is what is shown where there is no room."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rooms: dict[str, Timeline] = {}
        self._here: str | None = None
        self._beside: str | None = None
        self._marked: tuple[str, int] | None = None
        self._sought: tuple[str, int] | None = None
        self._lost = False
        self._away: set[str] = set()  # rooms of which nothing has come since we connected
        self.lobby = Timeline("")

    def hear(self, update: Update, *, looking: bool = True) -> None:
        """Take in what the client tells. `looking`: the reader has the screen before their eyes."""
        match update:
            case updates.Appended(room, events, missed):
                self._append(room, events, missed=missed, looking=looking)
            case updates.Prepended(room, events):
                self._prepend(room, events)
            case updates.Restarted(room):
                self._restart(room)
            case updates.PendingChanged(room):
                self.of(room).set_pending(self._client.sender.in_room(room))
            case updates.RoomsChanged():
                self._forget_left()
            case updates.IgnoredChanged():
                self._judge_anew()
            case updates.StatusChanged(status):
                self._status(status)

    def _status(self, status: updates.Status) -> None:
        self._lost = self._lost or status.phase == "waiting"
        if status.phase == "connecting":
            self._away = set(self._client.rooms)
        if status.phase == "online":
            for timeline in self._rooms.values():
                timeline.changes.asked.clear()  # quotes that could not be fetched are asked for again

    def of(self, room: str) -> Timeline:
        """The room's timeline, made if it is not there yet."""
        timeline = self._rooms.get(room)
        if timeline is None:
            timeline = self._rooms[room] = Timeline(room, ignored=self._client.company.mine.ignored)
            timeline.set_pending(self._client.sender.in_room(room))
            self._restart(room)
        timeline.me, timeline.my_name = self._client.user, self._client.name
        known = self._client.rooms.get(room)
        timeline.title = known.title if known is not None else room
        return timeline

    def enter(self, name: str) -> Timeline:
        """The reader goes to a room: to where the new begins, if they were at its end when they left it."""
        timeline, left = self.of(name), self._here
        if name != left:
            self._here = name
            self._leave(left)
            if name != self._beside:
                self._show_new(timeline, name)
        return timeline

    def show_beside(self, name: str | None) -> None:
        """The reader has this room before their eyes too, or (None) no other one any more."""
        left = self._beside
        if name != left:
            self._beside = name
            self._leave(left)
            if name is not None and name != self._here:
                self._show_new(self.of(name), name)

    def _leave(self, name: str | None) -> None:
        left = self._client.rooms.get(name or "")
        if left is not None and not self._in_view(left.name) and not left.unread:
            self.of(left.name).clear_ruler()

    def _in_view(self, name: str) -> bool:
        return name in (self._here, self._beside)

    def _show_new(self, timeline: Timeline, name: str) -> None:
        room = self._client.rooms.get(name)
        if room is not None and room.unread:
            timeline.set_ruler(room.read)
            if timeline.view.following:
                self._lead(timeline, name)

    def _lead(self, timeline: Timeline, name: str) -> None:
        timeline.show_ruler()
        self._sought = (name, timeline.view.row) if timeline.seeks_ruler else None

    def _prepend(self, name: str, events: list[RoomEvent]) -> None:
        timeline = self.of(name)
        # Who waits where the new was sought is led there; who has gone elsewhere in the log is left alone.
        waits = self._sought == (name, timeline.view.row) and not timeline.view.following
        timeline.prepend(events)
        self.bound(name)
        if waits:
            self._lead(timeline, name)

    def shown(self, room: str | None) -> Timeline:
        """The room's timeline if there is one, else the lobby."""
        return self._rooms.get(room or "", self.lobby)

    def show_message(self, room: str, seq: int) -> bool:
        """Lead the reader to a message and mark it, also if it was cleared away; whether it is there."""
        timeline = self.of(room)
        if timeline.cleared:
            self._restart(room)
        self.unmark()
        self._marked = (room, seq)
        return timeline.show_message(seq)

    def unmark(self) -> None:
        """No message is marked any more."""
        if self._marked is not None and self._marked[0] in self._rooms:
            room, seq = self._marked
            self._rooms[room].mark(seq, on=False)
        self._marked = None

    def _restart(self, name: str) -> None:
        room, timeline = self._client.rooms.get(name), self.of(name)
        if room is not None:
            timeline.reset(room.events)
            self.bound(name)
            if self._in_view(name):
                self._show_new(timeline, name)

    def bound(self, name: str) -> None:
        """How far back a room goes, and why no further, may be known better now."""
        room, timeline = self._client.rooms.get(name), self.of(name)
        if room is not None:
            timeline.has_older, timeline.pruned = room.has_older, room.pruned

    def _forget_left(self) -> None:
        for name in self._rooms.keys() - self._client.rooms.keys():
            del self._rooms[name]
        if self._here not in self._client.rooms:
            self._here = None

    def in_another_zone(self) -> None:
        """Days begin at other times than before."""
        self._judge_anew()

    def _judge_anew(self) -> None:
        for name, timeline in self._rooms.items():
            if name in self._client.rooms:
                timeline.judge_anew(self._client.rooms[name].events)

    def _append(self, name: str, events: list[RoomEvent], *, missed: bool, looking: bool) -> None:
        room, timeline = self._client.rooms.get(name), self.of(name)
        silent = {self._client.user, *self._client.company.mine.ignored}
        count = sum(event.spoken and event.user not in silent for event in events)
        missed = missed and name in self._away
        if missed and count and self._lost:
            timeline.notice(f"reconnected: {count} missed message{'s' * (count > 1)}", "info", events[0].time)
        self._away.discard(name)
        timeline.append(events)
        if room is None or not self._in_view(name) or not count or (looking and not missed):
            return
        if timeline.ruler is None or room.read >= events[0].seq - 1:  # else it has begun before these
            if missed:
                self._show_new(timeline, name)
            else:
                timeline.set_ruler(room.read)
