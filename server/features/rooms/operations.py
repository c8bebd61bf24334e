"""Who is in a room, what it is about, who sees it, and its end."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from protocol import codec, errors, frames, limits, names
from protocol.frames import Request, Result
from server.errors import RefusedError
from server.features.operation import Store, StoreTowards
from server.limits.room_quota import NO_ROOM_QUOTA, RoomQuota
from server.state import audit, permissions
from server.state.model import Room, State, User
from server.state.permissions import Action
from server.state.visibility import rooms_of
from server.store.base import Draft, Entry, Mark


def birth(*, private: bool) -> bytes:
    """The body of a new room's `create`."""
    return codec.pack(frames.CreateBody(secrets.token_hex(4), private))


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


class StoreJoin(Store):
    """`join`: makes the room if it is new, and the user a member."""

    __slots__ = ("quota",)
    request: frames.Join | frames.Create

    def __init__(
        self,
        user: User,
        request: Any,  # noqa: ANN401  # as in `Store`
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
        quota: RoomQuota = NO_ROOM_QUOTA,
    ) -> None:
        super().__init__(user, request, answer, refuse)
        self.quota = quota

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        room = permissions.require_join(state, self.user, self.request.room, now)
        if room is None:
            if isinstance(self.request, frames.Join) and self.request.existing:
                raise RefusedError(errors.NO_SUCH_ROOM, f"there is no room {self.request.room}")
            return self._make(state, now, private=False)
        if self.user.id in room.members:
            return ()
        check_count(self.user)
        # Who joins has not missed what was said before: the read marker starts at the join itself.
        entries: list[Entry] = [
            self._draft(room.name, frames.JOIN, now),
            Mark(room.name, self.user.id, room.head + 1),
        ]
        if room.private and self.user.id not in room.invited:  # an administrator
            entries.append(audit.record(now, self.user, "join uninvited", room=room.name))
        return entries

    def _make(self, state: State, now: int, *, private: bool) -> Sequence[Entry]:
        name = self.request.room
        check_name(state, name)
        check_count(self.user)
        self.quota.check(self.user, len(state.rooms))
        return (
            self._draft(name, frames.CREATE, now, birth(private=private)),
            self._draft(name, frames.JOIN, now),
            Mark(name, self.user.id, 2),
        )


class StoreCreate(StoreJoin):
    """`create`: makes a room, and the user its owner."""

    __slots__ = ()
    request: frames.Create

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`. Of a room that is hidden this says no more than that its name is taken."""
        if self.request.room in state.rooms:
            text = f"no room can be made under the name {self.request.room}: choose another, or /join it"
            raise RefusedError(errors.NAME_TAKEN, text, field="room")
        return self._make(state, now, private=self.request.private)


class StoreMakeRoom(Store):
    """`make_room`: for `owner`, or (None) for who comes in first."""

    __slots__ = ("owner",)
    request: frames.MakeRoom

    def __init__(
        self,
        user: User,
        owner: User | None,
        request: Any,  # noqa: ANN401  # as in `Store`
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
    ) -> None:
        super().__init__(user, request, answer, refuse)
        self.owner = owner

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        name, owner = self.request.room, self.owner
        if name in state.rooms:
            raise RefusedError(errors.NAME_TAKEN, f"there is a room {name} already", field="room")
        check_name(state, name)
        if name == names.FIRST_ROOM:
            raise RefusedError(errors.DENIED, f"{name} is made by itself, for everybody")
        if owner is None and self.request.private:
            text = f"nobody could ever come into {name}: give it an owner, or make it public"
            raise RefusedError(errors.DENIED, text)
        entries: list[Entry] = [self._draft(name, frames.CREATE, now, birth(private=self.request.private))]
        if owner is not None:
            check_count(owner)
            entries += [Draft(name, owner.id, owner.name, frames.JOIN, now), Mark(name, owner.id, 2)]
        called = owner.name if owner is not None else ""
        return (*entries, audit.record(now, self.user, "make room", called, name))


class StoreDm(StoreTowards):
    """`dm`: the room of two; nobody joins it and nobody leaves it."""

    __slots__ = ("quota",)
    request: frames.Dm

    def __init__(
        self,
        user: User,
        other: User,
        request: Any,  # noqa: ANN401  # as in `Store`
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
        quota: RoomQuota = NO_ROOM_QUOTA,
    ) -> None:
        super().__init__(user, other, request, answer, refuse)
        self.quota = quota

    @property
    def room(self) -> str:
        """The room's name."""
        return names.direct_room(self.user.id, self.other.id)

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`. Who asks has opened it, which shows it to them whomever they ignore."""
        opened = Mark(self.room, self.user.id, 1)
        if self.room in state.rooms:
            return () if self.user.reads.get(self.room) else (opened,)
        self.quota.check(self.user, len(state.rooms), direct=True)
        if _direct_rooms(state, self.user, opened=True) >= limits.DIRECT:
            text = f"you have opened {limits.DIRECT:,} direct rooms, as many as one may: meet in a channel"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.DIRECT)
        if self.other is not self.user and _direct_rooms(state, self.other, opened=False) >= limits.DIRECT:
            text = f"{limits.DIRECT:,} people have opened a room with {self.other.name}: meet in a channel"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.DIRECT)
        return (self._draft(self.room, frames.CREATE, now, birth(private=False)), opened)


def _direct_rooms(state: State, user: User, *, opened: bool) -> int:
    """How many rooms of two there are that `user` opened, or that others opened with them. What others do
    never counts against one's own; who is ignored does not count at all."""
    rooms = (state.rooms[room] for room in rooms_of(user))
    return sum(room.direct and (room.maker == user.id) is opened for room in rooms)


class StoreLeave(Store):
    """`leave`; of who is only invited, it declines."""

    __slots__ = ()
    request: frames.Leave

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        name = self.request.room
        room = permissions.visible(state, self.user, name)
        if self.user.id in room.invited:
            return (self._draft(name, frames.DECLINE, now),)
        permissions.require(state, self.user, name, Action.LEAVE)
        if room.private and len(room.members) == 1:
            raise RefusedError(
                errors.DENIED,
                f"you are the last one in {name}, and nobody could ever come back: /invite somebody first, "
                f"or /public, or /deleteroom {name}",
            )
        return (*successor(state, room, self.user, self.user, now), self._draft(name, frames.LEAVE, now))


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


class StoreTopic(Store):
    """`topic`. Setting the topic that is there already stores nothing."""

    __slots__ = ()
    request: frames.Topic

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        room = permissions.require(state, self.user, self.request.room, Action.TOPIC, now)
        if room.topic == self.request.topic:
            return ()
        body = codec.pack(frames.TopicBody(self.request.topic))
        return (
            self._draft(room.name, frames.TOPIC, now, body),
            audit.record(now, self.user, "topic", room=room.name),
        )


class StoreVisibility(Store):
    """`visibility`: private or public. As it is already stores nothing."""

    __slots__ = ()
    request: frames.Visibility

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        request = self.request
        room = permissions.require(state, self.user, request.room, Action.VISIBILITY)
        permissions.require_ordinary(room)
        if room.private == request.private:
            return ()
        body = codec.pack(frames.VisibilityBody(request.private))
        return (
            self._draft(room.name, frames.VISIBILITY, now, body),
            audit.record(now, self.user, "private" if request.private else "public", room=room.name),
        )


class StoreDeleteRoom(Store):
    """`delete_room`."""

    __slots__ = ()
    request: frames.DeleteRoom

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        room = permissions.require(state, self.user, self.request.room, Action.DELETE)
        permissions.require_ordinary(room)
        return (
            self._draft(room.name, frames.DELETE_ROOM, now),
            audit.record(now, self.user, "delete room", room=room.name, detail=f"{room.head} events"),
        )
