"""How much of a room calls somebody: their own choice."""

from collections.abc import Sequence

from protocol import errors, frames, limits
from server.errors import RefusedError
from server.features.operation import Store
from server.state import permissions
from server.state.model import Room, State
from server.state.permissions import Action
from server.store.base import ChosenLevel, Entry


class StoreLevel(Store):
    """`set_level`. What is usual in a room of its kind is not stored."""

    __slots__ = ()
    request: frames.SetLevel

    def plan(self, state: State, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """See `writer.Operation`."""
        room = permissions.require(state, self.user, self.request.room, Action.READ)
        levels = self.user.levels
        level = "" if self.request.level == usual(room) else self.request.level
        if level and len(levels) >= limits.LEVELS and room.name not in levels:
            text = f"you have chosen levels for {limits.LEVELS} rooms: give one of them its usual one first"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.LEVELS)
        if level == levels.get(room.name, ""):
            return ()
        return (ChosenLevel(room.name, self.user.id, level),)


def usual(room: Room) -> str:
    """What calls somebody who has chosen nothing."""
    return frames.EVERYTHING if room.direct else frames.MENTIONS
