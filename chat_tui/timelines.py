"""The timelines of all rooms, kept in step with what the client tells. Knows no widgets."""

from chat_tui.client import updates
from chat_tui.client.client import Client
from chat_tui.client.events import RoomEvent
from chat_tui.client.updates import Update
from chat_tui.timeline import Timeline


class Timelines:
    """See the module. `lobby` is what is shown where there is no room."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._rooms: dict[str, Timeline] = {}
        self._missed_from: set[str] = set()
        self.lobby = Timeline("this chat")

    def hear(self, update: Update) -> None:
        """Take in what the client tells."""
        match update:
            case updates.Appended(room, events, missed):
                self._append(room, events, missed=missed)
            case updates.Prepended(room, events):
                self.of(room).prepend(events)
                self.of(room).has_older = self._client.rooms[room].has_older
            case updates.Restarted(room):
                self._restart(room)
            case updates.PendingChanged(room):
                self.of(room).set_pending(self._client.sender.in_room(room))
            case updates.RoomsChanged():
                for name in self._rooms.keys() - self._client.rooms.keys():
                    del self._rooms[name]
            case updates.IgnoredChanged():
                self._judge_anew()
            case updates.StatusChanged(status) if status.phase == "waiting":
                self._missed_from = set(self._client.rooms)

    def of(self, room: str) -> Timeline:
        """The room's timeline, made if it is not there yet."""
        timeline = self._rooms.get(room)
        if timeline is None:
            timeline = self._rooms[room] = Timeline(room, ignored=self._client.company.mine.ignored)
            timeline.set_pending(self._client.sender.in_room(room))
            self._restart(room)
        timeline.me, timeline.my_name = self._client.user, self._client.name
        return timeline

    def shown(self, room: str | None) -> Timeline:
        """The room's timeline if there is one, else the lobby."""
        return self._rooms.get(room or "", self.lobby)

    def _restart(self, name: str) -> None:
        room, timeline = self._client.rooms.get(name), self.of(name)
        if room is not None:
            timeline.reset(room.events)
            timeline.has_older = room.has_older

    def _judge_anew(self) -> None:
        for name, timeline in self._rooms.items():
            if name in self._client.rooms:
                timeline.judge_anew(self._client.rooms[name].events)

    def _append(self, name: str, events: list[RoomEvent], *, missed: bool) -> None:
        timeline = self.of(name)
        silent = {self._client.user, *self._client.company.mine.ignored}
        count = sum(event.spoken and event.user not in silent for event in events)
        if missed and count and name in self._missed_from:
            timeline.notice(f"reconnected: {count} missed message{'s' * (count > 1)}", "info", events[0].time)
        self._missed_from.discard(name)
        timeline.append(events)
