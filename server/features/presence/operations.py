"""Being away, and having been there."""

from collections.abc import Sequence

from protocol import frames
from protocol.frames import Event
from server.delivery.writer import SERVER
from server.errors import RefusedError
from server.features.operation import OPERATION_BYTES, Store, Stored
from server.state.model import State, User
from server.store.base import Away, Entry, LastSeen


class StoreAway(Store):
    """`away`: what the user says holds for all of their sessions, and beyond them."""

    __slots__ = ()
    request: frames.Away

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        text = self.request.text if self.request.on else None
        return () if text == self.user.away else (Away(self.user.id, text),)


class StoreSeen:
    """Users were there until now. Nobody waits for it, and if the disk refuses, it is not worth a word."""

    __slots__ = ("_users",)
    size = OPERATION_BYTES

    def __init__(self, users: Sequence[User]) -> None:
        self._users = users

    @property
    def turn(self) -> int:
        """See `writer.Operation`: one comes or goes, or the server ends."""
        return self._users[0].id if len(self._users) == 1 else SERVER

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        return [LastSeen(user.id, now) for user in self._users]

    def done(self, stored: Stored) -> None:
        """See `writer.Operation`."""

    def repeated(self, event: Event) -> None:
        """See `writer.Operation`."""

    def refused(self, error: RefusedError) -> None:
        """See `writer.Operation`."""
