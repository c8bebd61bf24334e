"""What belongs to a user: whom they do not want to read, and how much of a room calls them."""

from protocol import errors, frames, limits
from protocol.frames import Result
from server.errors import RefusedError
from server.state import permissions
from server.state.entries import ChosenLevel, Ignored
from server.state.model import Room, State
from server.state.operation import DONE, Operation, Plan
from server.state.permissions import Action


class IgnoreOperation(Operation[frames.Person], frozen=True):
    """`ignore`. By name, but kept by id: another name is no way around it."""

    name: str
    on: bool

    def plan(self, state: State) -> Plan[frames.Person]:
        """Who is ignored already, or is not, stores nothing."""
        user = state.users[self.user]
        other = permissions.require_user(state, self.name)
        if self.on and other is user:
            raise RefusedError(errors.DENIED, "that is you: choose somebody else")
        if self.on and len(user.ignored) >= limits.IGNORED and other.id not in user.ignored:
            raise RefusedError(
                errors.TOO_MANY,
                f"you ignore {limits.IGNORED} people: /unignore somebody first",
                limit=limits.IGNORED,
            )
        known = self.on == (other.id in user.ignored)
        entries = () if known else (Ignored(user.id, other.id, self.on),)
        return Plan(entries, frames.Person(other.id, other.name))


class SetLevelOperation(Operation[Result], frozen=True):
    """`set_level`. What is usual in a room of its kind is not stored."""

    room: str
    level: str

    def plan(self, state: State) -> Plan[Result]:
        """What is chosen already stores nothing."""
        user = state.users[self.user]
        room = permissions.require(state, user, self.room, Action.READ)
        level = "" if self.level == usual_level(room) else self.level
        if level and len(user.levels) >= limits.LEVELS and room.name not in user.levels:
            text = f"you have chosen levels for {limits.LEVELS} rooms: give one of them its usual one first"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.LEVELS)
        if level == user.levels.get(room.name, ""):
            return Plan((), DONE)
        return Plan((ChosenLevel(room.name, user.id, level),), DONE)


def usual_level(room: Room) -> str:
    """What calls somebody who has chosen nothing."""
    return frames.EVERYTHING if room.direct else frames.MENTIONS
