"""The operations that sessions hand to the writer: what each request stores.

Each checks its request against the state when its batch is planned, not when it arrived, so two people
who make the same room at once, or a send right behind its join, need no locks. Knows the state and the log's
drafts; of sessions only how to answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

from protocol import codec, errors, frames, limits, names
from protocol.frames import Request, Result
from server.errors import RefusedError
from server.state import SERVER_LOG, USER, Room, State, User
from server.store.base import Appended, Draft, Mark
from server.writer import Key

Stored = Sequence[Appended | None]

NOTHING: frozenset[Key] = frozenset()


def member_room(state: State, user: User, name: str) -> Room:
    """The room called `name`, if `user` is in it; raises `RefusedError`."""
    room = state.rooms.get(name)
    if room is None:
        raise RefusedError(errors.NO_SUCH_ROOM, f"there is no room {name}")
    if user.id not in room.members:
        raise RefusedError(errors.NOT_A_MEMBER, f"you are not in {name}: /join {name} first")
    return room


class Store:
    """An operation; its request is answered with `result(stored)`, or refused."""

    __slots__ = ("answer", "refuse", "request", "user")

    def __init__(
        self,
        user: User,
        request: Any,  # noqa: ANN401  # each subclass names its request's type
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
    ) -> None:
        self.user = user
        self.request = request
        self.answer = answer
        self.refuse = refuse

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return NOTHING

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`: most change what they depend on."""
        return self.keys()

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
        """See `writer.Operation`."""
        raise NotImplementedError

    def result(self, stored: Stored) -> Result:  # noqa: ARG002  # most have nothing to tell
        """What the answer says."""
        return Result()

    def done(self, stored: Stored) -> None:
        """See `writer.Operation`."""
        try:
            result = self.result(stored)
        except RefusedError as error:
            self.refuse(self.request, error)
        else:
            self.answer(self.request, result)

    def refused(self, error: RefusedError) -> None:
        """See `writer.Operation`."""
        self.refuse(self.request, error)

    @property
    def _name(self) -> Key:
        return ("name", str(self.user.id))

    @property
    def _rooms(self) -> Key:
        return ("rooms", str(self.user.id))

    def _membership(self, room: str) -> Key:
        return ("member", room, str(self.user.id))

    def _draft(self, room: str, kind: str, now: int, body: bytes = b"", cid: str | None = None) -> Draft:
        return Draft(room, self.user.id, self.user.name, kind, now, body, cid)


class StoreSend(Store):
    """`send`: one event that we do not look into."""

    __slots__ = ()
    request: frames.Send

    def keys(self) -> frozenset[Key]:
        """A send right behind its join waits for it."""
        return frozenset((self._membership(self.request.room), self._name))

    def changes(self) -> frozenset[Key]:
        """Sends change nothing that a plan depends on."""
        return NOTHING

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
        """See `writer.Operation`."""
        request = self.request
        room = member_room(state, self.user, request.room)
        return (self._draft(room.name, request.kind, now, request.body, request.cid),)

    def result(self, stored: Stored) -> Result:
        """The message's place; a cid must always stand for the same message."""
        (entry,) = stored
        if entry is None:
            raise AssertionError("the store answered a send as if it were a mark")
        event, request = entry.event, self.request
        if entry.dup and (event.room, event.kind, event.body) != (request.room, request.kind, request.body):
            raise RefusedError(errors.CID_REUSED, f"cid {request.cid!r} was used for another message before")
        return frames.SendResult(event.seq, event.time, entry.dup)


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

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
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

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
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

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
        """See `writer.Operation`."""
        room = member_room(state, self.user, self.request.room)
        if room.topic == self.request.topic:
            return ()
        body = codec.pack(frames.TopicBody(self.request.topic))
        return (self._draft(room.name, frames.TOPIC, now, body),)


class StoreRead(Store):
    """`read`: the marker only rises, and not past the head."""

    __slots__ = ()
    request: frames.Read

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((self._membership(self.request.room),))

    def changes(self) -> frozenset[Key]:
        """No plan but of this user's other markers depends on it, and those only rise."""
        return NOTHING

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:  # noqa: ARG002
        """See `writer.Operation`."""
        room = member_room(state, self.user, self.request.room)
        seq = min(self.request.seq, room.head)
        if seq <= self.user.reads.get(room.name, 0):
            return ()
        return (Mark(room.name, self.user.id, seq),)


class StoreNick(Store):
    """`nick`: renames the user, and says so in each of their rooms."""

    __slots__ = ()
    request: frames.Nick

    def keys(self) -> frozenset[Key]:
        """Two who want the same name at once: the second is refused. All the user's rooms are told."""
        return self.changes() | {self._rooms}

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`: the old name becomes free."""
        taken, free = names.fold(self.request.name), names.fold(self.user.name)
        return frozenset((("called", taken), ("called", free), self._name))

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
        """See `writer.Operation`."""
        name = self.request.name
        owner = state.user_called(name)
        if owner is not None and owner is not self.user:
            raise RefusedError(errors.NAME_TAKEN, f"{name} is somebody else's name: choose another")
        if name == self.user.name:
            return ()
        body = codec.pack(frames.NickBody(name))
        rooms = (SERVER_LOG, *sorted(self.user.rooms))
        return [self._draft(room, frames.NICK, now, body) for room in rooms]

    def result(self, stored: Stored) -> Result:  # noqa: ARG002
        """The user as they are called now."""
        return frames.LoginResult(self.user.id, self.user.name)


class MakeUser:
    """The first login under a new name makes the user."""

    __slots__ = ("_done", "_name", "_refused")

    def __init__(self, name: str, done: Callable[[], None], refused: Callable[[RefusedError], None]) -> None:
        self._name = name
        self._done = done
        self._refused = refused

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((("called", names.fold(self._name)),))

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return self.keys()

    def plan(self, state: State, now: int) -> Sequence[Draft | Mark]:
        """See `writer.Operation`."""
        if state.user_called(self._name) is not None:
            return ()  # made meanwhile, from another device
        body = codec.pack(frames.NickBody(self._name))
        return (Draft(SERVER_LOG, 0, self._name, USER, now, body),)

    def done(self, stored: Stored) -> None:  # noqa: ARG002
        """See `writer.Operation`."""
        self._done()

    def refused(self, error: RefusedError) -> None:
        """See `writer.Operation`."""
        self._refused(error)
