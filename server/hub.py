"""Who is connected, and getting bytes to them: one write per session and tick.

An event is encoded once, whatever the number of members; the events of a batch in one room are joined
to one block, and that same block is given to each of its sessions. What a session has to get within a
tick - blocks of several rooms, answers - is joined and written once, at the end of the tick: a send
system call costs 4 to 5 µs whoever makes it, so only fewer of them help.

Presence is told only to sessions that watch a room, so its cost follows what people look at. Knows sessions
by the few methods of `Member`; nothing of frames from clients, storage or sockets.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from protocol import codec, frames, names
from protocol.frames import Event
from server import state
from server.state import State, User

_REMOVES = frozenset({frames.LEAVE, frames.KICK, frames.BAN, frames.DELETE_ROOM})
"""The kinds of event that are the last one for somebody."""


class Member(Protocol):
    """What the hub needs of a session."""

    @property
    def user(self) -> User:
        """Whose session it is."""

    @property
    def behind(self) -> bool:
        """It can't take more now: leave it out, it will fetch what it missed."""

    def write(self, data: bytes) -> None:
        """Put bytes on its socket."""


class Hub:
    """Sessions by user, by room and by what they watch."""

    def __init__(self, known: State) -> None:
        self._state = known
        self._loop = asyncio.get_running_loop()
        self._by_user: defaultdict[int, set[Member]] = defaultdict(set)
        self._by_room: defaultdict[str, set[Member]] = defaultdict(set)
        self._watchers: defaultdict[str, set[Member]] = defaultdict(set)
        self._watching: dict[Member, list[str]] = {}
        self._out: dict[Member, list[bytes]] = {}

    # --- who is there

    def enter(self, session: Member) -> None:
        """From now on the session gets the events of its user's rooms."""
        user = session.user
        sessions = self._by_user[user.id]
        if session in sessions:
            return
        sessions.add(session)
        for room in user.rooms:
            self._by_room[room].add(session)
        if len(sessions) == 1:
            self._tell_presence(user.rooms, user.name, online=True)

    def exit(self, session: Member) -> None:
        """The session is gone. Harmless for one that never entered."""
        self._out.pop(session, None)
        self.watch(session, [])
        user = session.user
        sessions = self._by_user.get(user.id, set())
        if session not in sessions:
            return
        sessions.discard(session)
        for room in user.rooms:
            _discard(self._by_room, room, session)
        if not sessions:
            del self._by_user[user.id]
            self._tell_presence(user.rooms, user.name, online=False)

    def watch(self, session: Member, rooms: list[str]) -> None:
        """Tell the session who comes and goes in these rooms, and no longer in others."""
        for room in self._watching.pop(session, ()):
            _discard(self._watchers, room, session)
        if rooms:
            self._watching[session] = rooms
            for room in rooms:
                self._watchers[room].add(session)

    def online_in(self, room: str) -> list[str]:
        """The names of a room's members who are online."""
        return sorted({session.user.name for session in self._by_room.get(room, ())}, key=str.casefold)

    def online(self) -> list[User]:
        """Everybody who is online."""
        return [self._state.users[user] for user in self._by_user]

    # --- telling them

    def publish(self, events: list[Event]) -> None:
        """Give the events of a stored batch to the sessions in their rooms."""
        blocks: dict[str, list[bytes]] = {}
        for event in events:
            if event.kind not in frames.SPOKEN:
                self._arrive(event)
            blocks.setdefault(event.room, []).append(codec.encode(event))
            if event.kind in _REMOVES:
                # Who goes sees that as the last event, and nothing behind it.
                self._tell(event.room, blocks.pop(event.room))
                self._depart(event)
        for room, parts in blocks.items():
            self._tell(room, parts)

    def _tell(self, room: str, parts: list[bytes]) -> None:
        block = parts[0] if len(parts) == 1 else b"".join(parts)
        for session in self._by_room.get(room, ()):
            if not session.behind:
                self.queue(session, block)

    def _arrive(self, event: Event) -> None:
        """What an event changes for those who are there, or come, before they are told of it."""
        match event.kind:
            case frames.JOIN:
                self._enter_room(event.room, event.user, event.sender)
            case frames.CREATE:
                for user in set(names.direct_pair(event.room) or ()):
                    self._enter_room(event.room, user, self._state.users[user].name)
            case frames.NICK:
                self._rename(event)
            case frames.INVITE:
                invited = state.read(event, frames.AboutBody).user
                frame = codec.encode(frames.Invited(event.room, event.sender, event.time))
                for session in self._by_user.get(invited, ()):
                    if not session.behind:
                        self.queue(session, frame)

    def _depart(self, event: Event) -> None:
        match event.kind:
            case frames.LEAVE:
                self._leave_room(event.room, event.user, event.sender)
            case frames.KICK | frames.BAN:
                body = state.read(event, frames.AboutBody)
                self._leave_room(event.room, body.user, body.name)
            case frames.DELETE_ROOM:
                for session in tuple(self._by_room.pop(event.room, ())):
                    self._watch_no_longer(session, event.room)

    def _enter_room(self, room: str, user: int, name: str) -> None:
        sessions = self._by_user.get(user)
        if sessions:
            self._by_room[room] |= sessions
            self._tell_presence([room], name, online=True)

    def _leave_room(self, room: str, user: int, name: str) -> None:
        sessions = self._by_user.get(user)
        if sessions:
            was_in = not sessions.isdisjoint(self._by_room.get(room, ()))
            for session in sessions:
                _discard(self._by_room, room, session)
                self._watch_no_longer(session, room)
            if was_in:
                self._tell_presence([room], name, online=False)

    def _watch_no_longer(self, session: Member, room: str) -> None:
        watched = self._watching.get(session, [])
        if room in watched:
            self.watch(session, [one for one in watched if one != room])

    def _rename(self, event: Event) -> None:
        body = codec.unpack_body(event.body, frames.NickBody)
        if event.user in self._by_user and body is not None:
            self._tell_presence([event.room], event.sender, online=False)
            self._tell_presence([event.room], body.name, online=True)

    def mark(self, reader: Member, room: str, seq: int) -> None:
        """Tell the reader's other sessions how far they have read."""
        frame = codec.encode(frames.Marker(room, seq))
        for session in self._by_user.get(reader.user.id, ()):
            if session is not reader and not session.behind:
                self.queue(session, frame)

    def _tell_presence(self, rooms: Iterable[str], name: str, *, online: bool) -> None:
        for room in rooms:
            watchers = self._watchers.get(room)
            if watchers:
                frame = codec.encode(frames.Presence(room, name, online))
                for session in watchers:
                    if not session.behind:
                        self.queue(session, frame)

    def queue(self, session: Member, data: bytes) -> None:
        """Write `data` to the session at the end of this tick, after what is queued for it already."""
        if not self._out:
            self._loop.call_soon(self.flush)
        parts = self._out.get(session)
        if parts is None:
            self._out[session] = [data]
        else:
            parts.append(data)

    def flush(self) -> None:
        """Write what is queued, now."""
        out, self._out = self._out, {}
        for session, parts in out.items():
            session.write(parts[0] if len(parts) == 1 else b"".join(parts))


def _discard(index: defaultdict[str, set[Member]], room: str, session: Member) -> None:
    sessions = index.get(room)
    if sessions is not None:
        sessions.discard(session)
        if not sessions:
            del index[room]
