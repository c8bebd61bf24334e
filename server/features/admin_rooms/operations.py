"""Channels that administrators make for others."""

from protocol import errors, frames, names
from protocol.frames import Result
from server.errors import RefusedError
from server.features.rooms.operations import check_count, check_name, create_body
from server.state import audit
from server.state.entries import Entry, StoredReadMarker
from server.state.model import State
from server.state.operation import DONE, Operation, Plan, acting, draft


class MakeRoomOperation(Operation[Result], frozen=True):
    """`make_room`: for `owner`, or (None) for who comes in first. `born`: see `rooms.new_birth`."""

    room: str
    born: str
    private: bool
    owner: int | None

    def plan(self, state: State) -> Plan[Result]:
        """The owner is in it at once."""
        name = self.room
        owner = state.users[self.owner] if self.owner is not None else None
        if name in state.rooms:
            raise RefusedError(errors.NAME_TAKEN, f"there is a room {name} already", field="room")
        check_name(state, name)
        if name == names.FIRST_ROOM:
            raise RefusedError(errors.DENIED, f"{name} is made by itself, for everybody")
        if owner is None and self.private:
            text = f"nobody could ever come into {name}: give it an owner, or make it public"
            raise RefusedError(errors.DENIED, text)
        user = acting(state, self.user)
        body = create_body(self.born, private=self.private)
        entries: list[Entry] = [draft(user, name, frames.CREATE, self.time, body)]
        if owner is not None:
            check_count(owner)
            entries += [draft(owner, name, frames.JOIN, self.time), StoredReadMarker(name, owner.id, 2)]
        called = owner.name if owner is not None else ""
        return Plan((*entries, audit.record(self.time, user, "make room", called, name)), DONE)
