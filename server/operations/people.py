"""What users are called."""

from collections.abc import Sequence

from protocol import codec, frames
from protocol.frames import Result
from server.operations.accounts import check_free, name_keys
from server.operations.base import Store, Stored
from server.state import SERVER_LOG, State
from server.store.base import Entry
from server.writer import Key


class StoreNick(Store):
    """`nick`: renames the user, and says so in each of their rooms."""

    __slots__ = ()
    request: frames.Nick

    def keys(self) -> frozenset[Key]:
        """Two who want the same name at once: the second is refused. All the user's rooms are told."""
        return self.changes() | {self._rooms}

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`: the old name becomes free."""
        return name_keys(self.request.name) | name_keys(self.user.name) | {self._name}

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        name = self.request.name
        check_free(state, name, self.user.id)
        if name == self.user.name:
            return ()
        body = codec.pack(frames.NickBody(name))
        rooms = (SERVER_LOG, *sorted(self.user.rooms))
        return [self._draft(room, frames.NICK, now, body) for room in rooms]

    def result(self, stored: Stored) -> Result:  # noqa: ARG002
        """The user as they are called now."""
        return frames.LoginResult(
            self.user.id, self.user.name, registered=bool(self.user.password), admin=self.user.admin
        )
