"""Who is in a room, what it is about, who sees it, and its end."""

import secrets
from collections.abc import Sequence

from protocol import codec, errors, frames, limits, names
from protocol.frames import Result
from server.errors import RefusedError
from server.state import audit, permissions
from server.state.entries import Draft, Entry, StoredReadMarker
from server.state.model import Room, State, User
from server.state.operation import DONE, Operation, Plan, acting, draft
from server.state.permissions import Action
from server.state.room_quota import NO_ROOM_QUOTA, RoomQuota
from server.state.visibility import rooms_of


def new_birth() -> str:
    """What tells a room from a later one of its name."""
    return secrets.token_hex(4)


def create_body(born: str, *, private: bool) -> bytes:
    """The body of a new room's `create`."""
    return codec.pack(frames.CreateBody(born, private))


def check_count(user: User) -> None:
    """Raise `RefusedError` if `user` is in as many channels as one can be."""
    if sum(names.direct_pair(room) is None for room in user.rooms) >= limits.ROOMS:
        text = f"{limits.ROOMS} rooms are as many as one can be in: leave one first"
        raise RefusedError(errors.TOO_MANY, text, limit=limits.ROOMS)


def check_name(state: State, name: str) -> None:
    """Raise `RefusedError` if no room can be made under this name, for it looks like another room's. Of a
    room that is hidden this says no more than `create` does under its very name."""
    if name != names.FIRST_ROOM and state.room_looks_taken(name):
        text = f"no room can be made under the name {name}: it looks too much like another one"
        raise RefusedError(errors.NAME_TAKEN, text, field="room")


class JoinRoomOperation(Operation[Result], frozen=True):
    """`join`: makes the room if it is new, and the user a member. `born`: see `new_birth`."""

    room: str
    born: str
    existing: bool = False
    quota: RoomQuota = NO_ROOM_QUOTA

    def plan(self, state: State) -> Plan[Result]:
        """Who is a member already stores nothing."""
        user = state.users[self.user]
        room = permissions.require_join(state, user, self.room, self.time)
        if room is None:
            if self.existing:
                raise RefusedError(errors.NO_SUCH_ROOM, f"there is no room {self.room}")
            body = create_body(self.born, private=False)
            return Plan(_make_room(state, user, self.room, self.time, body, self.quota), DONE)
        if user.id in room.members:
            return Plan((), DONE)
        check_count(user)
        # Who joins has not missed what was said before: the read marker starts at the join itself.
        entries: list[Entry] = [
            draft(user, room.name, frames.JOIN, self.time),
            StoredReadMarker(room.name, user.id, room.head + 1),
        ]
        if room.private and user.id not in room.invited:  # an administrator
            entries.append(audit.record(self.time, user, "join uninvited", room=room.name))
        return Plan(entries, DONE)


class CreateRoomOperation(Operation[Result], frozen=True):
    """`create`: makes a room, and the user its owner. `born`: see `new_birth`."""

    room: str
    born: str
    private: bool = False
    quota: RoomQuota = NO_ROOM_QUOTA

    def plan(self, state: State) -> Plan[Result]:
        """Of a room that is hidden this says no more than that its name is taken."""
        if self.room in state.rooms:
            text = f"no room can be made under the name {self.room}: choose another, or /join it"
            raise RefusedError(errors.NAME_TAKEN, text, field="room")
        body = create_body(self.born, private=self.private)
        return Plan(_make_room(state, state.users[self.user], self.room, self.time, body, self.quota), DONE)


def _make_room(
    state: State, user: User, name: str, time: int, body: bytes, quota: RoomQuota
) -> Sequence[Entry]:
    check_name(state, name)
    check_count(user)
    quota.check(user, len(state.rooms))
    return (
        draft(user, name, frames.CREATE, time, body),
        draft(user, name, frames.JOIN, time),
        StoredReadMarker(name, user.id, 2),
    )


class OpenDirectRoomOperation(Operation[Result], frozen=True):
    """`dm`: the room of the user and `other`; nobody joins it and nobody leaves it. `born`: see
    `new_birth`."""

    other: int
    born: str
    quota: RoomQuota = NO_ROOM_QUOTA

    def plan(self, state: State) -> Plan[Result]:
        """Who asks has opened it, which shows it to them whomever they ignore."""
        user, other = state.users[self.user], state.users[self.other]
        name = names.direct_room(user.id, other.id)
        opened = StoredReadMarker(name, user.id, 1)
        if name in state.rooms:
            return Plan(() if user.reads.get(name) else (opened,), DONE)
        self.quota.check(user, len(state.rooms), direct=True)
        if _direct_rooms(state, user, opened=True) >= limits.DIRECT:
            text = f"you have opened {limits.DIRECT:,} direct rooms, as many as one may: meet in a channel"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.DIRECT)
        if other is not user and _direct_rooms(state, other, opened=False) >= limits.DIRECT:
            text = f"{limits.DIRECT:,} people have opened a room with {other.name}: meet in a channel"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.DIRECT)
        body = create_body(self.born, private=False)
        return Plan((draft(user, name, frames.CREATE, self.time, body), opened), DONE)


def _direct_rooms(state: State, user: User, *, opened: bool) -> int:
    """How many rooms of two there are that `user` opened, or that others opened with them. What others do
    never counts against one's own; who is ignored does not count at all."""
    rooms = (state.rooms[room] for room in rooms_of(user))
    return sum(room.direct and (room.maker == user.id) is opened for room in rooms)


class LeaveRoomOperation(Operation[Result], frozen=True):
    """`leave`; of who is only invited, it declines."""

    room: str

    def plan(self, state: State) -> Plan[Result]:
        """The last owner who goes leaves the room to somebody else."""
        user, name = state.users[self.user], self.room
        room = permissions.visible(state, user, name)
        if user.id in room.invited:
            return Plan((draft(user, name, frames.DECLINE, self.time),), DONE)
        permissions.require(state, user, name, Action.LEAVE)
        if room.private and len(room.members) == 1:
            raise RefusedError(
                errors.DENIED,
                f"you are the last one in {name}, and nobody could ever come back: /invite somebody first, "
                f"or /public, or /deleteroom {name}",
            )
        heir = successor(state, room, user, user, self.time)
        return Plan((*heir, draft(user, name, frames.LEAVE, self.time)), DONE)


def successor(state: State, room: Room, going: User, actor: User, now: int) -> Sequence[Draft]:
    """The event that makes somebody owner because the last owner goes: the moderator, else the member, who
    came first. None if that is not the case."""
    others = {member: role for member, role in room.members.items() if member != going.id}
    if room.members[going.id] != frames.OWNER or frames.OWNER in others.values() or not others:
        return ()
    moderators = [member for member, role in others.items() if role == frames.MODERATOR]
    heir = state.users[(moderators or list(others))[0]]
    body = codec.pack(frames.RoleBody(heir.id, heir.name, frames.OWNER))
    return (Draft(room.name, actor.id, actor.name, frames.ROLE, now, body),)


class SetTopicOperation(Operation[Result], frozen=True):
    """`topic`."""

    room: str
    topic: str

    def plan(self, state: State) -> Plan[Result]:
        """Setting the topic that is there already stores nothing."""
        user = acting(state, self.user)
        room = permissions.require(state, user, self.room, Action.TOPIC, self.time)
        if room.topic == self.topic:
            return Plan((), DONE)
        body = codec.pack(frames.TopicBody(self.topic))
        event = draft(user, room.name, frames.TOPIC, self.time, body)
        return Plan((event, audit.record(self.time, user, "topic", room=room.name)), DONE)


class SetVisibilityOperation(Operation[Result], frozen=True):
    """`visibility`: private or public."""

    room: str
    private: bool

    def plan(self, state: State) -> Plan[Result]:
        """As it is already stores nothing."""
        user = acting(state, self.user)
        room = permissions.require(state, user, self.room, Action.VISIBILITY)
        permissions.require_ordinary(room)
        if room.private == self.private:
            return Plan((), DONE)
        body = codec.pack(frames.VisibilityBody(self.private))
        event = draft(user, room.name, frames.VISIBILITY, self.time, body)
        action = "private" if self.private else "public"
        return Plan((event, audit.record(self.time, user, action, room=room.name)), DONE)


class DeleteRoomOperation(Operation[Result], frozen=True):
    """`delete_room`."""

    room: str

    def plan(self, state: State) -> Plan[Result]:
        """The audit keeps how much there was."""
        user = acting(state, self.user)
        room = permissions.require(state, user, self.room, Action.DELETE)
        permissions.require_ordinary(room)
        event = draft(user, room.name, frames.DELETE_ROOM, self.time)
        detail = f"{room.head} events"
        record = audit.record(self.time, user, "delete room", room=room.name, detail=detail)
        return Plan((event, record), DONE)
