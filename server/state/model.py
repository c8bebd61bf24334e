"""What the server knows of users and rooms, as the sum of all events.

Events change it in `apply`, what is stored and is no event in `records`; both by the methods of `State`.
Users live in a log of their own, `SERVER_LOG`, that no client can read: a user's id is the `seq` of the event
that made them. What was changed within `State.trial` is taken back at its end. This module knows nothing of
sessions, sockets or SQL, nor of who may do what (see `permissions`)."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import msgspec

from protocol import names
from protocol.frames import MEMBER, Body
from server.state.lookalikes import skeletons
from server.state.sorted_names import SortedNames
from server.state.undo import UndoLog

K = TypeVar("K")
V = TypeVar("V")

SERVER_LOG = ""
"""The room name of the server's own log; no client can name it, for a room has at least one letter."""

USER = "user"
"""Kind of event in the server's log: a user was made, with `UserBody`. `nick` there renames one."""

ROLE = "role"
"""Kind of event in the server's log: what a user may do has changed, with `AccountRoleBody`."""


class UserBody(Body, frozen=True):
    """Of `user`."""

    name: str
    admin: bool = False


class AccountRoleBody(Body, frozen=True):
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


class ServerInvite(msgspec.Struct, frozen=True, gc=False):
    """Who has the code, whose hash this is, may register, `left` times until `expires`.

    `first`: it makes the first administrator of a server, also of a closed one.
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


class NetworkBody(Body, frozen=True):
    """Of `ban` and `unban` in the server's log, where they are about a network. Else it is an `AboutBody`."""

    network: str
    reason: str = ""
    until: int | None = None


@dataclass(slots=True, frozen=True)
class Penalty:
    """A ban or a mute: by whom (an id), since when, until when (ms; None: for good), and why."""

    by: int
    time: int
    until: int | None = None
    reason: str = ""

    def holds(self, now: int) -> bool:
        """Whether it has not ended by itself."""
        return self.until is None or now < self.until


@dataclass(slots=True, frozen=True)
class RoomInvitation:
    """By whom (an id), and when."""

    by: int
    time: int


@dataclass(slots=True)
class User:
    """An account. `reads` holds the read markers: room to `seq`; `invited`: the rooms they may join.
    `password` is its hash, empty if there is none; `uid` the user of the server's computer to whom it
    belongs. `disabled`: they may not come in. `since` is when it was
    made, `seen` when its last session went (ms, 0: unknown); `away` the text of who has said that they are
    away, else None; `ignored` the ids of those they don't want to read; `levels` how much of a room calls
    them, where they have chosen something else than is usual; `made` how many channels are there that they
    have made.
    """

    id: int
    name: str
    admin: bool = False
    disabled: bool = False
    password: str = field(default="", repr=False)
    uid: int | None = None
    rooms: set[str] = field(default_factory=set)
    reads: dict[str, int] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    devices: dict[str, Device] = field(default_factory=dict, repr=False)
    since: int = 0
    seen: int = 0
    away: str | None = None
    ignored: set[int] = field(default_factory=set)
    levels: dict[str, str] = field(default_factory=dict)
    made: int = 0


LOCAL_ADMIN = 0
"""The id of whoever proved, by the key in the data folder, that the server is theirs. No user has it."""

OPERATOR = "the operator"
"""Who others see as the maker of what the local administrator does in a room. No user can be called so: it
has a blank."""


def local_admin() -> User:
    """The user of the local administrator's sessions; in no state."""
    return User(LOCAL_ADMIN, OPERATOR, admin=True)


@dataclass(slots=True)
class Room:
    """A channel, or the room of two. `members`: ids and roles, in the order in which they came; `maker`: the
    id of who made it."""

    name: str
    head: int = 0
    topic: str = ""
    members: dict[int, str] = field(default_factory=dict)
    private: bool = False
    born: str = ""
    invited: dict[int, RoomInvitation] = field(default_factory=dict)
    bans: dict[int, Penalty] = field(default_factory=dict)
    mutes: dict[int, Penalty] = field(default_factory=dict)
    maker: int = 0

    @property
    def direct(self) -> bool:
        """Whether it is the room of two users."""
        return self.name.startswith("@")


_USER_FIELDS = tuple(User.__dataclass_fields__)
_ROOM_FIELDS = tuple(Room.__dataclass_fields__)


@dataclass(slots=True)
class State:
    """Users by id, by folded name and by what their names look like; rooms by name, channels by what their
    names look like, too; devices by the hash of their token, invitations to the server by id; who is kept out
    of it, by id and by network. `head` is that of the server's own log, `newest` the user that was made last.
    `channels` and `public` are the names of all channels and of those that are not private."""

    users: dict[int, User] = field(default_factory=dict)
    by_name: dict[str, User] = field(default_factory=dict)
    by_look: dict[str, frozenset[int]] = field(default_factory=dict)
    by_uid: dict[int, User] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    channels: SortedNames = field(default_factory=SortedNames, compare=False)
    public: SortedNames = field(default_factory=SortedNames, compare=False)
    rooms_by_look: dict[str, frozenset[str]] = field(default_factory=dict, compare=False)
    tokens: dict[bytes, Device] = field(default_factory=dict)
    invites: dict[str, ServerInvite] = field(default_factory=dict)
    head: int = 0
    newest: int = 0
    banned_users: dict[int, Penalty] = field(default_factory=dict)
    banned_networks: dict[str, Penalty] = field(default_factory=dict)
    _undo: UndoLog | None = field(default=None, compare=False, repr=False)

    # --- trying something out

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What changes within is taken back at the end. Users and rooms stay the same objects."""
        before = (self.head, self.newest)
        self._undo = UndoLog()
        try:
            yield
        finally:
            self._undo.take_back()
            self._undo = None
            self.head, self.newest = before

    def changing(self, thing: User | Room) -> None:
        """Whoever changes a user or a room calls this first."""
        if self._undo is not None:
            self._undo.copy(thing, _USER_FIELDS if isinstance(thing, User) else _ROOM_FIELDS)

    def put(self, mapping: MutableMapping[K, V], key: K, value: V) -> None:
        """Enter a value into one of the state's own tables."""
        if self._undo is not None:
            self._undo.entry(mapping, key)
        mapping[key] = value

    def drop(self, mapping: MutableMapping[K, V], key: K) -> None:
        """Take an entry, if it is there, out of one of the state's own tables."""
        if self._undo is not None:
            self._undo.entry(mapping, key)
        mapping.pop(key, None)

    def advance(self, room: Room, seq: int) -> None:
        """The room has an event more."""
        if self._undo is not None:
            self._undo.attribute(room, "head", room.head)
        room.head = seq

    # --- users, rooms, and who is where

    def user_called(self, name: str) -> User | None:
        """The user whose name is the same as `name`, case-folded."""
        return self.by_name.get(names.fold(name))

    def lookalike(self, name: str, but: int = 0) -> User | None:
        """Another user than `but` whose name looks like `name`."""
        alike = {user for look in skeletons(name) for user in self.by_look.get(look, ())}
        return self.users[min(alike)] if (alike := alike - {but}) else None

    def has_administrator(self, but: User | None = None) -> bool:
        """Whether there is an administrator, other than `but`, who may come in."""
        return any(user.admin and not user.disabled and user is not but for user in self.users.values())

    def room_looks_taken(self, name: str) -> bool:
        """Whether there is another channel, or always the first one, whose name looks like `name`."""
        looks = skeletons(name)
        if name != names.FIRST_ROOM and looks & skeletons(names.FIRST_ROOM):
            return True
        return any(self.rooms_by_look.get(look, frozenset()) - {name} for look in looks)

    def add_user(self, user: User) -> None:
        """Enter a user under their id and name."""
        self.put(self.users, user.id, user)
        self.newest = user.id
        self._call(user)
        if user.uid is not None:
            self.put(self.by_uid, user.uid, user)

    def _call(self, user: User) -> None:
        self.put(self.by_name, names.fold(user.name), user)
        for look in skeletons(user.name):
            self.put(self.by_look, look, self.by_look.get(look, frozenset()) | {user.id})

    def add_member(self, room: Room, user: User, role: str = MEMBER) -> None:
        """Make `user` a member of `room`, if they are none yet; an invitation has done its work."""
        self.changing(user)
        self.changing(room)
        room.members.setdefault(user.id, role)
        user.rooms.add(room.name)
        self.uninvite(room, user)

    def remove_member(self, room: Room, user: User) -> None:
        """Make `user` a member of `room` no longer; the read marker and the level go too."""
        self.changing(user)
        self.changing(room)
        room.members.pop(user.id, None)
        user.rooms.discard(room.name)
        user.reads.pop(room.name, None)
        user.levels.pop(room.name, None)

    def invite(self, room: Room, user: User, invitation: RoomInvitation) -> None:
        """Let `user` join `room`."""
        self.changing(user)
        self.changing(room)
        room.invited[user.id] = invitation
        user.invited.add(room.name)

    def uninvite(self, room: Room, user: User) -> None:
        """Take an invitation back, if there is one."""
        if user.id not in room.invited:
            return
        self.changing(user)
        self.changing(room)
        room.invited.pop(user.id, None)
        user.invited.discard(room.name)

    def add_room(self, room: Room) -> None:
        """Enter a room under its name."""
        self.put(self.rooms, room.name, room)
        if not room.direct:
            self._list(self.channels, room.name)
            for look in skeletons(room.name):
                alike = self.rooms_by_look.get(look, frozenset())
                self.put(self.rooms_by_look, look, alike | {room.name})
            self.set_private(room, private=room.private)

    def set_private(self, room: Room, *, private: bool) -> None:
        """Show a room to its members only, or to everybody."""
        self.changing(room)
        room.private = private
        if not private and not room.direct:
            self._list(self.public, room.name)
        else:
            self._unlist(self.public, room.name)

    def _list(self, listed: SortedNames, name: str) -> None:
        if self._undo is not None and name not in listed:
            self._undo.step(partial(listed.discard, name))
        listed.add(name)

    def _unlist(self, listed: SortedNames, name: str) -> None:
        if self._undo is not None and name in listed:
            self._undo.step(partial(listed.add, name))
        listed.discard(name)

    def set_maker(self, room: Room, maker: int) -> None:
        """Keep who made a room: the local administrator is no user."""
        self.changing(room)
        room.maker = maker
        if not room.direct and maker in self.users:
            self.changing(self.users[maker])
            self.users[maker].made += 1

    def remove_room(self, room: Room) -> None:
        """Forget a room and all that ties users to it."""
        for member in tuple(room.members):
            self.remove_member(room, self.users[member])
        for guest in tuple(room.invited):
            self.uninvite(room, self.users[guest])
        if not room.direct and room.maker in self.users:
            maker = self.users[room.maker]
            self.changing(maker)
            maker.made -= 1
        self._unlist(self.channels, room.name)
        self._unlist(self.public, room.name)
        for look in skeletons(room.name):
            if others := self.rooms_by_look.get(look, frozenset()) - {room.name}:
                self.put(self.rooms_by_look, look, others)
            else:
                self.drop(self.rooms_by_look, look)
        self.drop(self.rooms, room.name)

    def mark(self, user: int, room: str, seq: int) -> None:
        """Raise a user's read marker, if they are still in the room."""
        reader = self.users[user]
        if room in reader.rooms:
            self.changing(reader)
            reader.reads[room] = max(seq, reader.reads.get(room, 0))

    def choose_level(self, user: int, room: str, level: str) -> None:
        """Keep how much of a room calls a user who is in it; empty: what is usual."""
        member = self.users[user]
        self.changing(member)
        member.levels.pop(room, None)
        if level and room in member.rooms:
            member.levels[room] = level

    def rename(self, user: User, name: str) -> None:
        """Change a user's name."""
        self.changing(user)
        self.drop(self.by_name, names.fold(user.name))
        for look in skeletons(user.name):
            if others := self.by_look[look] - {user.id}:
                self.put(self.by_look, look, others)
            else:
                self.drop(self.by_look, look)
        user.name = name
        self._call(user)

    # --- devices, passwords, invitations

    def set_password(self, user: int, password: str) -> None:
        """Keep the hash of a user's password."""
        account = self.users[user]
        self.changing(account)
        account.password = password

    def bind(self, user: int, uid: int) -> None:
        """An account belongs to that user of the server's computer from now on."""
        account = self.users[user]
        self.changing(account)
        account.uid = uid
        self.put(self.by_uid, uid, account)

    def add_device(self, device: Device) -> None:
        """Let a device in from now on, by this token and no other."""
        self.end_device(device.user, device.id)
        user = self.users[device.user]
        self.changing(user)
        user.devices[device.id] = device
        self.put(self.tokens, device.token, device)

    def see_device(self, user: int, device: str, time: int) -> None:
        """A device was there, if it is still let in."""
        known = self.users[user].devices.get(device)
        if known is not None:
            self.add_device(msgspec.structs.replace(known, seen=max(time, known.seen)))

    def end_device(self, user: int, device: str) -> None:
        """Let a device in no longer."""
        account = self.users[user]
        gone = account.devices.get(device)
        if gone is not None:
            self.changing(account)
            del account.devices[device]
            self.drop(self.tokens, gone.token)

    def invite_with(self, code: bytes) -> ServerInvite | None:
        """The invitation whose code has this hash."""
        return next((invite for invite in self.invites.values() if invite.code == code), None)
