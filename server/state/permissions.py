"""Who may do what: the one table, and the one place that looks into it.

Every handler and operation asks here before it does anything in a room or to somebody. A room that somebody
may not know of is, in every answer, a room that is not there: same code, same text, before anything else is
looked at. Pure: the state goes in, and the time where a ban or a mute may have ended.
"""

import enum
import itertools

from protocol import errors, frames, limits, names
from protocol.errors import Details
from server.errors import RefusedError
from server.state.model import Penalty, Room, State, User


class Rank(enum.IntEnum):
    """What somebody is in a room, as far as may and may not go. An administrator is one in every channel."""

    STRANGER = 0
    MEMBER = 1
    MODERATOR = 2
    OWNER = 3
    ADMIN = 4


class Action(enum.StrEnum):
    """What can be done in a room, or (the last ones) to the server. The value says it to people. Strings, as
    each send looks some of them up, and Python takes longer to hash another enumeration's members."""

    SEND = "write"
    HISTORY = "read"
    READ = "mark what was read"
    WATCH = "watch"
    MEMBERS = "list the members"
    REMOVE = "delete what others said"
    LEAVE = "leave"
    TOPIC = "change the topic"
    INVITE = "invite"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    BANS = "list the bans"
    MUTE = "mute"
    UNMUTE = "unmute"
    ROLE = "give roles"
    VISIBILITY = "make it private or public"
    DELETE = "delete it"
    EVERY_ROOM = "list all rooms"
    SERVER_BAN = "ban from the server"


LEAST: dict[Action, Rank] = {
    Action.SEND: Rank.MEMBER,
    Action.HISTORY: Rank.MEMBER,
    Action.READ: Rank.MEMBER,
    Action.WATCH: Rank.MEMBER,
    Action.MEMBERS: Rank.MEMBER,
    Action.REMOVE: Rank.MODERATOR,
    Action.LEAVE: Rank.MEMBER,
    Action.TOPIC: Rank.MEMBER,
    Action.INVITE: Rank.MEMBER,
    Action.KICK: Rank.MODERATOR,
    Action.BAN: Rank.MODERATOR,
    Action.UNBAN: Rank.MODERATOR,
    Action.BANS: Rank.MODERATOR,
    Action.MUTE: Rank.MODERATOR,
    Action.UNMUTE: Rank.MODERATOR,
    Action.ROLE: Rank.OWNER,
    Action.VISIBILITY: Rank.OWNER,
    Action.DELETE: Rank.OWNER,
    Action.EVERY_ROOM: Rank.ADMIN,
    Action.SERVER_BAN: Rank.ADMIN,
}
"""The table: what one must be at least."""

PRESENT = frozenset({Action.SEND, Action.HISTORY, Action.READ, Action.WATCH, Action.REMOVE, Action.LEAVE})
"""What takes a member, whatever else one is: an administrator reads nowhere unseen."""

IN_DIRECT = frozenset({Action.SEND, Action.HISTORY, Action.READ, Action.WATCH, Action.MEMBERS})
"""What there is to do in the room of two; they may all of it, and nobody else any."""

SPOKEN = frozenset(
    {Action.SEND, Action.REMOVE, Action.TOPIC, Action.INVITE}
    | {Action.KICK, Action.BAN, Action.UNBAN, Action.MUTE, Action.UNMUTE}
)
"""What somebody who is muted may not: all that puts words before the others, reasons too."""

_RANKS = {frames.MEMBER: Rank.MEMBER, frames.MODERATOR: Rank.MODERATOR, frames.OWNER: Rank.OWNER}
_PLURALS = {Rank.MODERATOR: "moderators", Rank.OWNER: "owners", Rank.ADMIN: "the server's administrators"}


def require_user(state: State, name: str) -> User:
    """The user of that name; raises `RefusedError`."""
    user = state.user_called(name)
    if user is None:
        raise RefusedError(errors.NO_SUCH_USER, f"nobody here is called {name}")
    return user


def rank(room: Room, user: User) -> Rank:
    """What `user` is in `room`."""
    if user.admin and not room.direct:
        return Rank.ADMIN
    role = room.members.get(user.id)
    return _RANKS[role] if role is not None else Rank.STRANGER


def role(room: Room, user: User) -> str:
    """The role that others see: the first room belongs to the administrators."""
    if room.name == names.FIRST_ROOM and user.admin:
        return frames.OWNER
    return room.members.get(user.id, frames.MEMBER)


def roles(state: State, room: Room) -> dict[str, str]:
    """Who in the room is more than a member; the first `limits.PAGE` of them."""
    people = (state.users[number] for number in room.members)
    given = ((user.name, role(room, user)) for user in people)
    return dict(itertools.islice((one for one in given if one[1] != frames.MEMBER), limits.PAGE))


def sees(room: Room, user: User) -> bool:
    """Whether `user` may know that the room is there."""
    if user.id in room.members:
        return True
    return not room.direct and (not room.private or user.admin or user.id in room.invited)


def visible(state: State, user: User, name: str) -> Room:
    """The room called `name`, if `user` may know of it; raises `RefusedError`."""
    room = state.rooms.get(name)
    if room is None or not sees(room, user):
        raise RefusedError(errors.NO_SUCH_ROOM, f"there is no room {name}")
    return room


def require(state: State, user: User, name: str, action: Action, now: int | None = None) -> Room:
    """The room called `name`, if `user` may do that there; raises `RefusedError`.

    `now` in ms is needed for what somebody who is muted may not do.
    """
    room = visible(state, user, name)
    if room.direct and action not in IN_DIRECT:
        raise RefusedError(errors.DENIED, "that is for channels; this is between two people")
    standing = rank(room, user)
    if user.id not in room.members and (action in PRESENT or standing is Rank.STRANGER):
        raise RefusedError(errors.NOT_A_MEMBER, f"you are not in {name}: /join {name} first")
    if standing < LEAST[action]:
        who = f"{_PLURALS[LEAST[action]]} of {name}"
        raise RefusedError(errors.DENIED, f"only {who} may {action.value}; /members shows them")
    if now is not None and action in SPOKEN:
        _check_not_muted(room, user, now)
    return room


def require_over(room: Room, user: User, other: User) -> None:
    """`user` may act on `other` there: who does must stand above. Raises `RefusedError`."""
    if other is user:
        raise RefusedError(errors.DENIED, "that would be yourself; /leave leaves a room")
    theirs = rank(room, other)
    if theirs >= rank(room, user):
        what = theirs.name.lower() if theirs < Rank.ADMIN else "administrator"
        raise RefusedError(errors.DENIED, f"{other.name} is {what} here, and no lower than you")


def require_join(state: State, user: User, name: str, now: int) -> Room | None:
    """The room called `name`, if `user` may become a member; None if there is none. Raises `RefusedError`."""
    if name not in state.rooms:
        return None
    room = visible(state, user, name)
    ban = room.bans.get(user.id)
    if ban is not None and ban.holds(now) and not user.admin:
        raise RefusedError(errors.DENIED, f"you are banned from {name}", **term(ban))
    if user.id not in room.members and muted(room, user, now):  # joining tells a name, which may be a new one
        raise RefusedError(
            errors.DENIED, f"you are muted in {name}, and left it", **term(room.mutes[user.id])
        )
    return room


def require_not_banned(state: State, user: User, now: int) -> None:
    """`user` may come into this server; raises `RefusedError`."""
    ban = state.banned_users.get(user.id)
    if ban is not None and ban.holds(now) and not user.admin:
        raise RefusedError(errors.DENIED, "you are banned from this server", **term(ban))


def require_ordinary(room: Room) -> None:
    """Not the first room, which is everybody's and stays so. Raises `RefusedError`."""
    if room.name == names.FIRST_ROOM:
        raise RefusedError(errors.DENIED, f"{room.name} is where everybody comes in: it stays as it is")


def require_admin(user: User, action: Action) -> None:
    """`user` is an administrator of the server; raises `RefusedError`."""
    if not user.admin:
        raise RefusedError(errors.DENIED, f"only {_PLURALS[LEAST[action]]} may {action.value}")


def muted(room: Room, user: User, now: int) -> bool:
    """Whether nothing of what `user` says may reach `room`: not their words, nor what they are called or why
    they are away."""
    mute = room.mutes.get(user.id)
    return mute is not None and mute.holds(now) and rank(room, user) < Rank.OWNER


def require_voice(state: State, user: User, now: int) -> None:
    """`user` is muted in none of their rooms, for all of them are told. Raises `RefusedError`."""
    for name in sorted(user.rooms):
        if muted(room := state.rooms[name], user, now):
            text = f"you are muted in {name}, where a new name would be told"
            raise RefusedError(errors.DENIED, text, **term(room.mutes[user.id]))


def _check_not_muted(room: Room, user: User, now: int) -> None:
    if muted(room, user, now):
        raise RefusedError(errors.DENIED, f"you are muted in {room.name}", **term(room.mutes[user.id]))


def term(penalty: Penalty) -> Details:
    """How long a ban or a mute holds, and why."""
    found = Details()
    if penalty.until is not None:
        found["until"] = penalty.until
    if penalty.reason:
        found["reason"] = penalty.reason
    return found
