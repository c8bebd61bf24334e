"""What is said, and what has been read."""

from collections.abc import Sequence

from protocol import errors, frames
from protocol.frames import Event, Result
from server import permissions
from server.errors import RefusedError
from server.operations.base import NOTHING, Store, Stored
from server.permissions import Action
from server.state import State
from server.store.base import GONE, Entry, Mark
from server.writer import Key


class StoreSend(Store):
    """`send`: one event that we do not look into."""

    __slots__ = ()
    request: frames.Send

    def keys(self) -> frozenset[Key]:
        """A send right behind its join waits for it."""
        room = self.request.room
        return frozenset((self._membership(room), ("room", room), self._name))

    def changes(self) -> frozenset[Key]:
        """Sends change nothing that a plan depends on."""
        return NOTHING

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        request = self.request
        room = permissions.require(state, self.user, request.room, Action.SEND, now)
        return (self._draft(room.name, request.kind, now, request.body, request.cid),)

    def result(self, stored: Stored) -> Result:
        """The message's place; a cid must always stand for the same message, as far as that is known."""
        (entry,) = stored
        if entry is None:
            raise AssertionError("the store answered a send as if it were a mark")
        event, request = entry.event, self.request
        if entry.dup and not same_message(event, request):
            raise RefusedError(errors.CID_REUSED, f"cid {request.cid!r} was used for another message before")
        return frames.SendResult(event.seq, event.time, entry.dup)


def same_message(event: Event, request: frames.Send) -> bool:
    """Whether the event is what the request asks for, as far as that is still known."""
    if event.kind == GONE:
        return event.room == request.room
    return (event.room, event.kind, event.body) == (request.room, request.kind, request.body)


class StoreRead(Store):
    """`read`: the marker only rises, and not past the head."""

    __slots__ = ()
    request: frames.Read

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((self._membership(self.request.room), ("room", self.request.room)))

    def changes(self) -> frozenset[Key]:
        """No plan but of this user's other markers depends on it, and those only rise."""
        return NOTHING

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        room = permissions.require(state, self.user, self.request.room, Action.READ)
        seq = min(self.request.seq, room.head)
        if seq <= self.user.reads.get(room.name, 0):
            return ()
        return (Mark(room.name, self.user.id, seq),)
