"""Whom somebody does not want to read."""

from collections.abc import Sequence

from protocol import errors, frames, limits
from protocol.frames import Result
from server.errors import RefusedError
from server.features.operation import Store, Stored, user_called
from server.state.model import State
from server.store.base import Entry, Ignored


class StoreIgnore(Store):
    """`ignore`. By name, but kept by id: another name is no way around it."""

    __slots__ = ("_person",)
    request: frames.Ignore
    _person: Result

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        on, ignored = self.request.on, self.user.ignored
        other = user_called(state, self.request.name)
        self._person = frames.Person(other.id, other.name)
        if on and other is self.user:
            raise RefusedError(errors.DENIED, "that is you: choose somebody else")
        if on and len(ignored) >= limits.IGNORED and other.id not in ignored:
            raise RefusedError(
                errors.TOO_MANY,
                f"you ignore {limits.IGNORED} people: /unignore somebody first",
                limit=limits.IGNORED,
            )
        return () if on == (other.id in ignored) else (Ignored(self.user.id, other.id, on),)

    def result(self, stored: Stored) -> Result:  # noqa: ARG002
        """Who it is."""
        return self._person
