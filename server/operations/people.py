"""Users, and what they are called."""

from collections.abc import Callable, Sequence

from protocol import codec, errors, frames, names
from protocol.frames import Result
from server.errors import RefusedError
from server.operations.base import Store, Stored
from server.state import SERVER_LOG, USER, State
from server.store.base import Draft, Entry
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
        taken, free = names.fold(self.request.name), names.fold(self.user.name)
        return frozenset((("called", taken), ("called", free), self._name))

    def plan(self, state: State, now: int) -> Sequence[Entry]:
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

    def plan(self, state: State, now: int) -> Sequence[Entry]:
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
