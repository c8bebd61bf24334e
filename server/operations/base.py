"""What every operation has, and the checks that several share.

Knows the state and the log's drafts; of sessions only how to answer.
"""

from collections.abc import Callable, Sequence
from typing import Any

from protocol import errors
from protocol.frames import Request, Result
from server.errors import RefusedError
from server.state import Room, State, User
from server.store.base import Appended, Draft, Entry
from server.writer import Key

Stored = Sequence[Appended | None]

NOTHING: frozenset[Key] = frozenset()


def member_room(state: State, user: User, name: str) -> Room:
    """The room called `name`, if `user` is in it; raises `RefusedError`."""
    room = state.rooms.get(name)
    if room is None:
        raise RefusedError(errors.NO_SUCH_ROOM, f"there is no room {name}")
    if user.id not in room.members:
        raise RefusedError(errors.NOT_A_MEMBER, f"you are not in {name}: /join {name} first")
    return room


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

    def keys(self) -> frozenset[Key]:
        """See `writer.Operation`."""
        return NOTHING

    def changes(self) -> frozenset[Key]:
        """See `writer.Operation`: most change what they depend on."""
        return self.keys()

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

    def refused(self, error: RefusedError) -> None:
        """See `writer.Operation`."""
        self.refuse(self.request, error)

    @property
    def _name(self) -> Key:
        return ("name", str(self.user.id))

    @property
    def _rooms(self) -> Key:
        return ("rooms", str(self.user.id))

    def _membership(self, room: str) -> Key:
        return ("member", room, str(self.user.id))

    def _draft(self, room: str, kind: str, now: int, body: bytes = b"", cid: str | None = None) -> Draft:
        return Draft(room, self.user.id, self.user.name, kind, now, body, cid)
