"""What the server knows of users and rooms, as the sum of all events.

`apply` is a pure, deterministic function of (state, event): no clock, no I/O, no chance. Whoever applies
the same events in the same order has the same state - today the loop, in a cluster every node. Users live in
a log of their own, `SERVER_LOG`, that no client can read: a user's id is the `seq` of the event that
made them. This module knows nothing of sessions, sockets or SQL.
"""

from dataclasses import dataclass, field

from protocol import codec, frames, names

SERVER_LOG = ""
"""The room name of the server's own log; no client can name it, for a room has at least one letter."""

USER = "user"
"""Kind of event in the server's log: a user was made, with `NickBody`. `nick` there renames one."""


@dataclass(slots=True)
class User:
    """An account. `reads` holds the read markers: room to `seq`.

    `since` is when it was made, `seen` when its last session went (ms, 0: unknown); `away` the text of
    who has said that they are away, else None; `ignored` the ids of those they don't want to read.
    """

    id: int
    name: str
    admin: bool = False
    rooms: set[str] = field(default_factory=set)
    reads: dict[str, int] = field(default_factory=dict)
    since: int = 0
    seen: int = 0
    away: str | None = None
    ignored: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Room:
    """A channel: its highest `seq`, its topic, and the ids of its members."""

    name: str
    head: int = 0
    topic: str = ""
    members: set[int] = field(default_factory=set)


@dataclass(slots=True)
class State:
    """Users by id and by folded name, rooms by name."""

    users: dict[int, User] = field(default_factory=dict)
    by_name: dict[str, User] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)

    def user_called(self, name: str) -> User | None:
        """The user whose name is the same as `name`, case-folded."""
        return self.by_name.get(names.fold(name))

    def add_user(self, user: User) -> None:
        """Enter a user under their id and name."""
        self.users[user.id] = user
        self.by_name[names.fold(user.name)] = user

    def add_member(self, room: Room, user: User) -> None:
        """Make `user` a member of `room`."""
        room.members.add(user.id)
        user.rooms.add(room.name)

    def remove_member(self, room: Room, user: User) -> None:
        """Make `user` a member of `room` no longer; the read marker goes too."""
        room.members.discard(user.id)
        user.rooms.discard(room.name)
        user.reads.pop(room.name, None)

    def mark(self, user: int, room: str, seq: int) -> None:
        """Raise a user's read marker, if they are still in the room."""
        reader = self.users[user]
        if room in reader.rooms:
            reader.reads[room] = max(seq, reader.reads.get(room, 0))

    def rename(self, user: User, name: str) -> None:
        """Change a user's name."""
        del self.by_name[names.fold(user.name)]
        user.name = name
        self.by_name[names.fold(name)] = user


def apply(state: State, event: frames.Event) -> None:
    """Change `state` by one stored event."""
    if event.room == SERVER_LOG:
        _apply_to_users(state, event)
        return
    room = state.rooms.get(event.room)
    if room is None:
        room = state.rooms[event.room] = Room(event.room)
    room.head = event.seq
    match event.kind:
        case frames.JOIN:
            state.add_member(room, state.users[event.user])
        case frames.LEAVE:
            state.remove_member(room, state.users[event.user])
        case frames.TOPIC:
            body = codec.unpack_body(event.body, frames.TopicBody)
            room.topic = body.topic if body is not None else ""


def _apply_to_users(state: State, event: frames.Event) -> None:
    body = codec.unpack_body(event.body, frames.NickBody)
    if body is None:
        raise AssertionError(f"the server's log holds an unreadable {event.kind} event at {event.seq}")
    if event.kind == USER:
        state.add_user(User(event.seq, body.name, since=event.time))
    else:
        state.rename(state.users[event.user], body.name)
