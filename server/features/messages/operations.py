"""What is said, and what has been read."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from protocol import errors, frames
from protocol.frames import Event, Request, Result
from server.errors import RefusedError
from server.features.operation import OPERATION_BYTES, Store, Stored
from server.state import audit, permissions
from server.state.model import State, User
from server.state.permissions import Action
from server.store.base import GONE, Entry, Mark


class StoreSend(Store):
    """`send`: one event that we do not look into."""

    __slots__ = ()
    request: frames.Send

    @property
    def size(self) -> int:
        """See `writer.Operation`."""
        return OPERATION_BYTES + len(self.request.body)

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        request = self.request
        room = permissions.require(state, self.user, request.room, Action.SEND, now)
        if request.reply is not None and request.reply > room.head:
            raise RefusedError(errors.NOT_FOUND, f"nothing in {room.name} is number {request.reply}")
        return (self._sent(room.name, request, now),)

    def result(self, stored: Stored) -> Result:
        """The message's place."""
        (event,) = stored
        if event is None:
            raise AssertionError("the log answered a send as if it were a mark")
        return frames.SendResult(event.seq, event.time)

    def repeated(self, event: Event) -> None:
        """A cid must always stand for the same message, as far as that is known."""
        if same_message(event, self.request):
            self.answer(self.request, frames.SendResult(event.seq, event.time, dup=True))
        else:
            text = f"cid {self.request.cid!r} was used for another message before"
            self.refuse(self.request, RefusedError(errors.CID_REUSED, text))


def same_message(event: Event, request: frames.Send) -> bool:
    """Whether the event is what the request asks for, as far as that is still known: what was deleted has no
    body any more, and of what was pruned only the room is left."""
    if event.kind == GONE:
        return event.room == request.room
    meant = (request.room, request.kind, request.target, request.reply)
    return (event.room, event.kind, event.target, event.reply) == meant and event.body in (b"", request.body)


class StoreChange(StoreSend):
    """`send` of an edit, a delete or a reaction.

    `target` is what was said there when the log was asked, None if there is nothing; `born` tells the room
    from a later one of that name.
    """

    __slots__ = ("_born", "_target")

    def __init__(
        self,
        user: User,
        request: frames.Send,
        target: Event | None,
        born: str,
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
    ) -> None:
        super().__init__(user, request, answer, refuse)
        self._target = target
        self._born = born

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`. Should the target be deleted in the meantime, the log sees to it."""
        request, target = self.request, self._target
        room = permissions.require(state, self.user, request.room, Action.SEND, now)
        if target is None or room.born != self._born:
            text = f"there is no message {request.target} in {room.name}: it may have been deleted"
            raise RefusedError(errors.NOT_FOUND, text)
        sent = self._sent(room.name, request, now)
        if request.kind == frames.REACTION or target.user == self.user.id:
            return (sent,)
        if request.kind == frames.EDIT:
            raise RefusedError(errors.DENIED, f"only {target.sender} can edit what {target.sender} said")
        permissions.require(state, self.user, room.name, Action.REMOVE, now)
        detail = f"message {target.seq}"
        record = audit.record(now, self.user, "delete message", target.sender, room, detail)
        return (msgspec.structs.replace(sent, audit=record),)


class StoreRead(Store):
    """`read`: the marker only rises, and not past the head."""

    __slots__ = ()
    request: frames.Read

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        room = permissions.require(state, self.user, self.request.room, Action.READ)
        seq = min(self.request.seq, room.head)
        if seq <= self.user.reads.get(room.name, 0):
            return ()
        return (Mark(room.name, self.user.id, seq),)
