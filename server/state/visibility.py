"""Who may know of whom, and who wants to: the one place that decides it, for lists, `whois`, presence beyond
a room, and what ignored people begin.

People of one server may know of each other that they are there, and when they were there last. Which rooms
somebody is in may be told only as far as the asker may know of these rooms. Who is ignored gets the answers
that everybody gets; nothing tells them that it does not arrive. Knows the state, and no sessions.
"""

from collections.abc import Iterator

from protocol import names
from server.state.model import Room, State, User


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


def hidden(room: str, user: User) -> bool:
    """Whether a room is kept from `user`: that of two whose other one they ignore, unless they have opened it
    themselves, or have read in it."""
    pair = names.direct_pair(room) if user.ignored else None
    return pair is not None and not user.reads.get(room) and not user.ignored.isdisjoint(pair)


def rooms_of(user: User) -> Iterator[str]:
    """The rooms of `user` that are not hidden."""
    return (room for room in user.rooms if not hidden(room, user))


def invited_to(state: State, user: User) -> list[Room]:
    """The rooms that `user` is invited to by somebody they don't ignore, in rising order."""
    rooms = (state.rooms[name] for name in sorted(user.invited))
    return [room for room in rooms if room.invited[user.id].by not in user.ignored]


def began(state: State, other: int, user: User) -> bool:
    """Whether there is something that `user` sees or not, depending on whether they ignore the other one."""
    direct = names.direct_room(user.id, other)
    invited = any(state.rooms[room].invited[user.id].by == other for room in user.invited)
    return invited or (direct in user.rooms and not user.reads.get(direct))
