"""Messages and their changes, and what has been read."""

import msgspec

from protocol import errors, frames
from protocol.frames import Event, Result, SendResult
from server.errors import RefusedError
from server.state import audit, permissions
from server.state.entries import GONE, Draft, StoredReadMarker
from server.state.model import State, User
from server.state.operation import DONE, OPERATION_BYTES, Operation, Plan, Stored
from server.state.permissions import Action

_UNPLACED = SendResult(0, 0)


class SendMessageOperation(Operation[SendResult], frozen=True):
    """`send`: one event that we do not look into."""

    room: str
    cid: str
    body: bytes = b""
    kind: str = frames.MESSAGE
    target: int | None = None
    reply: int | None = None

    @property
    def size(self) -> int:
        """The body comes on top."""
        return OPERATION_BYTES + len(self.body)

    def plan(self, state: State) -> Plan[SendResult]:
        """One event, whose place the log gives."""
        user = state.users[self.user]
        room = permissions.require(state, user, self.room, Action.SEND, self.time)
        if self.reply is not None and self.reply > room.head:
            raise RefusedError(errors.NOT_FOUND, f"nothing in {room.name} is number {self.reply}")
        return Plan((self._draft(user),), _UNPLACED)

    def result(self, planned: SendResult, stored: Stored) -> SendResult:  # noqa: ARG002
        """The message's place."""
        (event,) = stored
        if event is None:
            raise AssertionError("the log answered a send as if it were a mark")
        return SendResult(event.seq, event.time)

    def repeated(self, event: Event) -> SendResult:
        """A cid must always stand for the same message, as far as that is known."""
        if self.made(event):
            return SendResult(event.seq, event.time, dup=True)
        raise RefusedError(errors.CID_REUSED, f"cid {self.cid!r} was used for another message before")

    def made(self, event: Event) -> bool:
        """Whether the event is what this asks for, as far as that is still known: what was deleted has no
        body any more, and of what was pruned only the room is left."""
        if event.kind == GONE:
            return event.room == self.room
        meant = (self.room, self.kind, self.target, self.reply)
        return (event.room, event.kind, event.target, event.reply) == meant and event.body in (b"", self.body)

    def _draft(self, user: User) -> Draft:
        """What a client made, as it is."""
        return Draft(
            self.room, user.id, user.name, self.kind, self.time, self.body, self.cid, self.target, self.reply
        )


class ChangeMessageOperation(SendMessageOperation, frozen=True):
    """`send` of an edit, a delete or a reaction.

    `author` is who said what is changed, `sender` what they were called then, None if there was nothing when
    the log was asked; `born` tells the room from a later one of that name.
    """

    author: int | None = None
    sender: str = ""
    born: str = ""

    def plan(self, state: State) -> Plan[SendResult]:
        """Should the target be deleted in the meantime, the log sees to it."""
        user = state.users[self.user]
        room = permissions.require(state, user, self.room, Action.SEND, self.time)
        if self.author is None or room.born != self.born:
            text = f"there is no message {self.target} in {room.name}: it may have been deleted"
            raise RefusedError(errors.NOT_FOUND, text)
        sent = self._draft(user)
        if self.kind == frames.REACTION or self.author == user.id:
            return Plan((sent,), _UNPLACED)
        if self.kind == frames.EDIT:
            raise RefusedError(errors.DENIED, f"only {self.sender} can edit what {self.sender} said")
        permissions.require(state, user, room.name, Action.REMOVE, self.time)
        detail = f"message {self.target}"
        record = audit.record(self.time, user, "delete message", self.sender, room, detail)
        return Plan((msgspec.structs.replace(sent, audit=record),), _UNPLACED)


class MarkReadOperation(Operation[Result], frozen=True):
    """`read`: the marker only rises, and not past the head."""

    room: str
    seq: int

    def plan(self, state: State) -> Plan[Result]:
        """What is read already stores nothing."""
        user = state.users[self.user]
        room = permissions.require(state, user, self.room, Action.READ)
        seq = min(self.seq, room.head)
        if seq <= user.reads.get(room.name, 0):
            return Plan((), DONE)
        return Plan((StoredReadMarker(room.name, user.id, seq),), DONE)
