"""Who may know of whom: the one place that decides it, for lists, `whois` and presence beyond a room.

People of one server may know of each other that they are there, and when they were there last. Which rooms
somebody is in may be told only as far as the asker may know of these rooms. Knows the state, and no sessions.
"""

from protocol import names
from server.state import Room, State, User


def may_see(viewer: User, person: User) -> bool:  # noqa: ARG001  # what a stricter rule would look at
    """Whether `viewer` may know that `person` is there."""
    return True


def rooms_told(state: State, viewer: User, person: User) -> list[str]:
    """The channels of `person` in which `viewer` can meet them, in rising order: of the private ones those
    that both are in."""
    return sorted(name for name in person.rooms if _meets(state.rooms[name], viewer))


def _meets(room: Room, viewer: User) -> bool:
    return not room.direct and (not room.private or viewer.id in room.members)


def rooms_shared(viewer: User, person: User) -> list[str]:
    """The channels that both are in, in rising order; each knows of the other there anyway."""
    return sorted(room for room in viewer.rooms & person.rooms if names.direct_pair(room) is None)
