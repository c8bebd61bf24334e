"""Whom somebody does not want to read."""

from collections.abc import Sequence

from protocol import errors, frames, limits, names
from protocol.frames import Result
from server.errors import RefusedError
from server.operations.base import Store, Stored, user_called
from server.state import State, User
from server.store.base import Entry, Ignored
from server.writer import Key


class StoreIgnore(Store):
    """`ignore`. By name, but kept by id: another name is no way around it."""

    __slots__ = ("_other",)
    request: frames.Ignore
    _other: User

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return self.changes() | {("called", names.fold(self.request.name))}

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return frozenset((("ignored", str(self.user.id)),))

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        on, ignored = self.request.on, self.user.ignored
        self._other = other = user_called(state, self.request.name)
        if on and other is self.user:
            raise RefusedError(errors.DENIED, "that is you: choose somebody else")
        if on and len(ignored) >= limits.IGNORED and other.id not in ignored:
            raise RefusedError(
                errors.TOO_MANY, f"you ignore {limits.IGNORED} people: /unignore somebody first"
            )
        return () if on == (other.id in ignored) else (Ignored(self.user.id, other.id, on),)

    def result(self, stored: Stored) -> Result:  # noqa: ARG002
        """Who it is."""
        return frames.Person(self._other.id, self._other.name)
