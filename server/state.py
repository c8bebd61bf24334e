"""What the server knows of users and rooms, as the sum of all events.

`apply` is a pure, deterministic function of (state, event): no clock, no I/O, no chance. Whoever applies
the same events in the same order has the same state - today the loop, in a cluster every node. Users live in
a log of their own, `SERVER_LOG`, that no client can read: a user's id is the `seq` of the event that
made them. What is no event (see `store.base.Record`) changes the state by the methods that `records` calls.
This module knows nothing of sessions, sockets or SQL.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from protocol import codec, frames, names
from protocol.frames import Body
from server.lookalikes import skeletons

SERVER_LOG = ""
"""The room name of the server's own log; no client can name it, for a room has at least one letter."""

USER = "user"
"""Kind of event in the server's log: a user was made, with `UserBody`. `nick` there renames one."""

ROLE = "role"
"""Kind of event in the server's log: what a user may do has changed, with `RoleBody`."""


class UserBody(Body, frozen=True):
    """Of `user`."""

    name: str
    admin: bool = False


class RoleBody(Body, frozen=True):
    """Of `role`: how it is from now on."""

    admin: bool
    disabled: bool


class Device(msgspec.Struct, frozen=True, gc=False):
    """An installation of a client on which a user is logged in. `token` is the hash of its token.

    `created` and `seen` (when it was there last, about) in ms since 1970.
    """

    user: int
    id: str
    token: bytes
    client: str
    created: int
    seen: int


class Invite(msgspec.Struct, frozen=True, gc=False):
    """Who has the code, whose hash this is, may register, `left` times until `expires`.

    `first`: it is for the first account of a server, so it may make an administrator of a closed one.
    """

    id: str
    code: bytes
    maker: int
    created: int
    expires: int
    uses: int
    left: int
    room: str = ""
    first: bool = False


@dataclass(slots=True)
class User:
    """An account. `reads` holds the read markers: room to `seq`. `password` is its hash, empty if there is
    none. `disabled`: they may not come in. `since` is when it was made, `seen` when its last session went
    (ms, 0: unknown); `away` the text of who has said that they are away, else None; `ignored` the ids of
    those they don't want to read.
    """

    id: int
    name: str
    admin: bool = False
    disabled: bool = False
    password: str = field(default="", repr=False)
    rooms: set[str] = field(default_factory=set)
    reads: dict[str, int] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict, repr=False)
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
    """Users by id, by folded name and by what their names look like; rooms by name; devices by the hash
    of their token, invitations by id. `newest` is the user that was made last."""

    users: dict[int, User] = field(default_factory=dict)
    by_name: dict[str, User] = field(default_factory=dict)
    by_look: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    rooms: dict[str, Room] = field(default_factory=dict)
    tokens: dict[bytes, Device] = field(default_factory=dict)
    invites: dict[str, Invite] = field(default_factory=dict)
    registered: int = 0
    newest: int = 0

    def user_called(self, name: str) -> User | None:
        """The user whose name is the same as `name`, case-folded."""
        return self.by_name.get(names.fold(name))

    def lookalike(self, name: str, but: int = 0) -> User | None:
        """Another user than `but` whose name looks like `name`."""
        alike = {user for look in skeletons(name) for user in self.by_look.get(look, ())}
        return self.users[min(alike)] if (alike := alike - {but}) else None

    def add_user(self, user: User) -> None:
        """Enter a user under their id and name."""
        self.users[user.id] = user
        self.newest = user.id
        self.registered += bool(user.password)
        self._call(user)

    def _call(self, user: User) -> None:
        self.by_name[names.fold(user.name)] = user
        for look in skeletons(user.name):
            self.by_look[look].add(user.id)

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
        for look in skeletons(user.name):
            self.by_look[look].discard(user.id)
            if not self.by_look[look]:
                del self.by_look[look]
        user.name = name
        self._call(user)

    # --- devices, passwords, invitations

    def set_password(self, user: int, password: str) -> None:
        """Keep the hash of a user's password."""
        account = self.users[user]
        self.registered += not account.password
        account.password = password

    def add_device(self, device: Device) -> None:
        """Let a device in from now on, by this token and no other."""
        self.end_device(device.user, device.id)
        self.users[device.user].devices[device.id] = device
        self.tokens[device.token] = device

    def see_device(self, user: int, device: str, time: int) -> None:
        """A device was there, if it is still let in."""
        known = self.users[user].devices.get(device)
        if known is not None:
            self.add_device(msgspec.structs.replace(known, seen=max(time, known.seen)))

    def end_device(self, user: int, device: str) -> None:
        """Let a device in no longer."""
        gone = self.users[user].devices.pop(device, None)
        if gone is not None:
            del self.tokens[gone.token]

    def invite_with(self, code: bytes) -> Invite | None:
        """The invitation whose code has this hash."""
        return next((invite for invite in self.invites.values() if invite.code == code), None)


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
    kinds: dict[str, type[UserBody | RoleBody | frames.NickBody]]
    kinds = {USER: UserBody, ROLE: RoleBody, frames.NICK: frames.NickBody}
    body = codec.unpack_body(event.body, kinds[event.kind])
    match body:
        case UserBody():
            state.add_user(User(event.seq, body.name, body.admin, since=event.time))
        case RoleBody():
            user = state.users[event.user]
            user.admin, user.disabled = body.admin, body.disabled
        case frames.NickBody():
            state.rename(state.users[event.user], body.name)
        case _:
            raise AssertionError(f"the server's log holds an unreadable {event.kind} event at {event.seq}")
