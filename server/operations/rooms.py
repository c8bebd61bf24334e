"""Who is in a room, and what it is about."""

from collections.abc import Sequence

from protocol import codec, errors, frames, limits
from server.errors import RefusedError
from server.operations.base import Store, member_room
from server.state import State
from server.store.base import Entry, Mark
from server.writer import Key


class StoreJoin(Store):
    """`join`: makes the room if it is new, and the user a member."""

    __slots__ = ("_makes_room",)
    request: frames.Join
    _makes_room: bool

    def keys(self) -> frozenset[Key]:
        """Two who make the same room at once: the second joins it. Who joins many counts each."""
        room = self.request.room
        return frozenset((self._membership(room), ("room", room), self._rooms, self._name))

    def changes(self) -> frozenset[Key]:
        """Only a join that makes the room changes more than its user's rooms."""
        changed = frozenset((self._membership(self.request.room), self._rooms))
        return changed | {("room", self.request.room)} if self._makes_room else changed

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        name = self.request.room
        room = state.rooms.get(name)
        self._makes_room = room is None
        if room is not None and self.user.id in room.members:
            return ()
        if len(self.user.rooms) >= limits.ROOMS:
            raise RefusedError(errors.TOO_MANY, f"you are in {limits.ROOMS} rooms: leave one first")
        drafts = [self._draft(name, frames.CREATE, now)] if room is None else []
        drafts.append(self._draft(name, frames.JOIN, now))
        # Who joins has not missed what was said before: the read marker starts at the join itself.
        head = 0 if room is None else room.head
        return (*drafts, Mark(name, self.user.id, head + len(drafts)))


class StoreLeave(Store):
    """`leave`."""

    __slots__ = ()
    request: frames.Leave

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return self.changes() | {self._name}

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((self._membership(self.request.room), self._rooms))

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        room = member_room(state, self.user, self.request.room)
        return (self._draft(room.name, frames.LEAVE, now),)


class StoreTopic(Store):
    """`topic`. Setting the topic that is there already stores nothing."""

    __slots__ = ()
    request: frames.Topic

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((self._membership(self.request.room), ("topic", self.request.room), self._name))

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((("topic", self.request.room),))

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        room = member_room(state, self.user, self.request.room)
        if room.topic == self.request.topic:
            return ()
        body = codec.pack(frames.TopicBody(self.request.topic))
        return (self._draft(room.name, frames.TOPIC, now, body),)
