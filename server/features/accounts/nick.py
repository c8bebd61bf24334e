"""What users are called."""

from collections.abc import Sequence

from protocol import codec, frames
from protocol.frames import Result
from server.features.accounts.operations import check_free
from server.features.operation import Store, Stored
from server.state import permissions
from server.state.model import SERVER_LOG, State
from server.store.base import Entry


class StoreNick(Store):
    """`nick`: renames the user, and says so in each of their rooms."""

    __slots__ = ("_renamed",)
    request: frames.Nick
    _renamed: Result

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user, name = self.user, self.request.name
        if name != user.name:
            check_free(state, name, user.id)
            permissions.require_voice(state, user, now)
        self._renamed = frames.LoginResult(user.id, name, registered=bool(user.password), admin=user.admin)
        if name == user.name:
            return ()
        body = codec.pack(frames.NickBody(name))
        rooms = (SERVER_LOG, *sorted(self.user.rooms))
        return [self._draft(room, frames.NICK, now, body) for room in rooms]

    def result(self, stored: Stored) -> Result:  # noqa: ARG002
        """The user as this has called them: they may have another name already."""
        return self._renamed
