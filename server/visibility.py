"""Who may know of whom: the one place that decides it, for lists, `whois` and presence beyond a room.

People of one server may know of each other that they are there, and when they were there last. Which rooms
somebody is in may be told only as far as the asker may know of these rooms. Knows the state, and no sessions.
"""

from server.state import State, User


def may_see(viewer: User, person: User) -> bool:  # noqa: ARG001  # what a stricter rule would look at
    """Whether `viewer` may know that `person` is there."""
    return True


def rooms_told(state: State, viewer: User, person: User) -> list[str]:  # noqa: ARG001  # as above
    """The rooms of `person` that `viewer` may know of, in rising order: every room is public."""
    return sorted(person.rooms)


def rooms_shared(viewer: User, person: User) -> list[str]:
    """The rooms that both are in, in rising order; each knows of the other there anyway."""
    return sorted(viewer.rooms & person.rooms)
