"""Who is connected, and getting bytes to them: one write per session and tick.

An event is encoded once, whatever the number of members; the events of a batch in one room are joined
to one block, and that same block is given to each of its sessions. What a session has to get within a
tick - blocks of several rooms, answers - is joined and written once, at the end of the tick: a send
system call costs 4 to 5 µs whoever makes it, so only fewer of them help.

Who is there is told by `presence`. Knows sessions by the few methods of `Subscriber`; nothing of frames from
clients, storage or sockets.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable

from protocol import codec, frames, names
from protocol.frames import Event, Frame
from server.counters import Counters
from server.delivery.account_changes import AccountChanges
from server.delivery.presence import Presence
from server.delivery.subscriber import Subscriber
from server.state import apply, model
from server.state.model import State, User
from server.state.visibility import hidden, rooms_of

_REMOVES = frozenset({frames.LEAVE, frames.KICK, frames.BAN, frames.DELETE_ROOM})
"""The kinds of event that are the last one for somebody."""


class Hub:
    """Sessions by user and by room. `came` and `gone` get users whose first session came, whose last went."""

    def __init__(
        self,
        known: State,
        counters: Counters | None = None,
        came: Callable[[User], None] = lambda _: None,
        gone: Callable[[User], None] = lambda _: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._counters = counters or Counters()
        self._state = known
        self._loop = asyncio.get_running_loop()
        self._by_user: defaultdict[int, set[Subscriber]] = defaultdict(set)
        self._by_room: defaultdict[str, set[Subscriber]] = defaultdict(set)
        self._out: dict[Subscriber, list[bytes]] = {}
        self._flushing = False
        self._arranged: set[int] = set()
        self._came = came
        self._gone = gone
        self.presence = Presence(known, self._by_user, self.queue, clock)
        self._account_changes = AccountChanges(known, self._by_user, self.queue)

    # --- who is there

    def enter(self, session: Subscriber) -> None:
        """From now on the session gets the events of its user's rooms."""
        user = session.user
        sessions = self._by_user[user.id]
        if session in sessions:
            return
        sessions.add(session)
        for room in rooms_of(user):
            self._by_room[room].add(session)
        self.presence.changed(user)
        if len(sessions) == 1:
            self._came(user)

    def exit(self, session: Subscriber) -> None:
        """The session is gone. Harmless for one that never entered."""
        self._out.pop(session, None)
        self.presence.forget(session)
        user = session.user
        sessions = self._by_user.get(user.id, set())
        if session not in sessions:
            return
        sessions.discard(session)
        for room in user.rooms:
            _discard(self._by_room, room, session)
        if not sessions:
            del self._by_user[user.id]
        self.presence.changed(user)
        if not sessions:
            self._gone(user)

    def online(self) -> list[User]:
        """Everybody who is online."""
        return [self._state.users[user] for user in self._by_user]

    def is_online(self, user: User) -> bool:
        """Whether the user has a session."""
        return user.id in self._by_user

    # --- telling them

    def publish(self, events: list[Event]) -> None:
        """Give the events of a stored batch to the sessions in their rooms. Those of the server's own log are
        for nobody, but who stands where may have changed by them."""
        blocks: dict[str, list[bytes]] = {}
        for event in events:
            if event.room == model.SERVER_LOG:
                if event.kind == model.ROLE:
                    self.presence.tell_role(names.FIRST_ROOM, self._state.users[event.user])
                continue
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
        sessions = self._by_room.get(room, ())
        left_out = 0
        for session in sessions:
            if session.lagging:
                left_out += 1
            else:
                self.queue(session, block)
        self._counters.deliveries += len(parts) * (len(sessions) - left_out)

    def _arrive(self, event: Event) -> None:
        """What an event changes for those who are there, or come, before they are told of it."""
        match event.kind:
            case frames.JOIN:
                self.enter_room(event.room, event.user)
            case frames.CREATE:
                for user in set(names.direct_pair(event.room) or ()):
                    if not hidden(event.room, self._state.users[user]):
                        self.enter_room(event.room, user)
            case frames.NICK | frames.MUTE | frames.UNMUTE:
                self.presence.touch([event.room])
            case frames.INVITE:
                invited = self._state.users[apply.read(event, frames.AboutBody).user]
                if event.user not in invited.ignored:
                    self._tell_user(invited, frames.Invited(event.room, event.sender, event.time))

    def _depart(self, event: Event) -> None:
        match event.kind:
            case frames.LEAVE:
                self._leave_room(event.room, event.user)
            case frames.KICK | frames.BAN:
                self._leave_room(event.room, apply.read(event, frames.AboutBody).user)
            case frames.DELETE_ROOM:
                self._by_room.pop(event.room, None)
                self.presence.shut(event.room)

    def enter_room(self, room: str, user: int) -> None:
        """From now on the sessions of the user get the events of the room, which is one of theirs."""
        sessions = self._by_user.get(user)
        if sessions:
            self._by_room[room] |= sessions
            self.presence.touch([room])

    def _leave_room(self, room: str, user: int) -> None:
        sessions = self._by_user.get(user)
        if sessions:
            for session in sessions:
                _discard(self._by_room, room, session)
            self.presence.touch([room])
        self.presence.shut(room, user)

    def arrange(self, user: User) -> None:
        """Rooms of the user may be hidden now, or no longer: tell their sessions, which sync then."""
        self._arranged.add(user.id)
        self._flush_soon()

    def _arrange(self, user: User) -> None:
        sessions = self._by_user.get(user.id, set())
        for room in user.rooms if sessions else ():
            if hidden(room, user):
                for session in sessions:
                    _discard(self._by_room, room, session)
            else:
                self._by_room[room] |= sessions
        rooms = self._state.rooms
        self._tell_user(user, frames.Heads({room: rooms[room].head for room in rooms_of(user)}))

    def _tell_user(self, user: User, frame: Frame) -> None:
        data = codec.encode(frame)
        for session in self._by_user.get(user.id, ()):
            if not session.lagging:
                self.queue(session, data)

    def account_changed(self, session: Subscriber) -> None:
        """Tell the other sessions of the session's user how `mine` is now."""
        self._account_changes.add(session)
        self._flush_soon()

    def marker_moved(self, session: Subscriber, room: str) -> None:
        """Tell the other sessions of the session's user how far the room is read."""
        self._account_changes.add(session, room)
        self._flush_soon()

    def queue(self, session: Subscriber, data: bytes) -> None:
        """Write `data` to the session at the end of this tick, after what is queued for it already."""
        if not self._flushing:
            self._flush_soon()
        parts = self._out.get(session)
        if parts is None:
            self._out[session] = [data]
        else:
            parts.append(data)

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what is queued, now."""
        self._account_changes.tell()
        arranged, self._arranged = self._arranged, set()
        for user in arranged:
            self._arrange(self._state.users[user])
        out, self._out, self._flushing = self._out, {}, False
        written = 0
        for session, parts in out.items():
            data = parts[0] if len(parts) == 1 else b"".join(parts)
            written += len(data)
            session.write(data)
        self._counters.writes += len(out)
        self._counters.written_bytes += written


def _discard(index: defaultdict[str, set[Subscriber]], room: str, session: Subscriber) -> None:
    sessions = index.get(room)
    if sessions is not None:
        sessions.discard(session)
        if not sessions:
            del index[room]
