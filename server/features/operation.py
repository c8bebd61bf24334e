"""What every operation has.

Knows the state and the log's drafts; of sessions only how to answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

from protocol import errors, frames
from protocol.frames import Event, Request, Result
from server.errors import RefusedError
from server.state.model import State, User
from server.store.base import Draft, Entry

Stored = Sequence[Event | None]

OPERATION_BYTES = 1024
"""What an operation keeps while it waits, beside a body: its request and its answer to be, about."""


def user_called(state: State, name: str) -> User:
    """The user of that name; raises `RefusedError`."""
    user = state.user_called(name)
    if user is None:
        raise RefusedError(errors.NO_SUCH_USER, f"nobody here is called {name}")
    return user


class Store:
    """An operation; its request is answered with `result(stored)`, or refused."""

    __slots__ = ("answer", "refuse", "request", "user")

    def __init__(
        self,
        user: User,
        request: Any,  # noqa: ANN401  # each subclass names its request's type
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
    ) -> None:
        self.user = user
        self.request = request
        self.answer = answer
        self.refuse = refuse

    @property
    def turn(self) -> int:
        """See `writer.Operation`."""
        return self.user.id

    @property
    def size(self) -> int:
        """See `writer.Operation`."""
        return OPERATION_BYTES

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        raise NotImplementedError

    def result(self, stored: Stored) -> Result:  # noqa: ARG002  # most have nothing to tell
        """What the answer says."""
        return Result()

    def done(self, stored: Stored) -> None:
        """See `writer.Operation`."""
        try:
            result = self.result(stored)
        except RefusedError as error:
            self.refuse(self.request, error)
        else:
            self.answer(self.request, result)

    def repeated(self, event: Event) -> None:
        """See `writer.Operation`."""
        raise AssertionError(f"only what is sent has a cid: {event.kind}")

    def refused(self, error: RefusedError) -> None:
        """See `writer.Operation`."""
        self.refuse(self.request, error)

    def _draft(self, room: str, kind: str, now: int, body: bytes = b"") -> Draft:
        return Draft(room, self.user.id, self.user.name, kind, now, body)

    def _sent(self, room: str, request: frames.Send, now: int) -> Draft:
        """What a client made, as it is."""
        return Draft(
            room, self.user.id, self.user.name, request.kind, now, request.body, request.cid,
            request.target, request.reply,
        )  # fmt: skip


class StoreTowards(Store):
    """An operation that concerns another user; the name was looked up when the request came."""

    __slots__ = ("other",)

    def __init__(
        self,
        user: User,
        other: User,
        request: Any,  # noqa: ANN401  # as in `Store`
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
    ) -> None:
        super().__init__(user, request, answer, refuse)
        self.other = other
