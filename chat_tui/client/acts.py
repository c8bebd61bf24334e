"""What people do in a room beside talking, as words: invitations, roles, kicks, bans, mutes, the room's end.

Part of the border of `events`: it reads the bodies of these events and sanitizes what is in them.
"""

import msgspec

from chat_tui.local_time import moment
from protocol import codec, frames, limits
from protocol.frames import AboutBody, RoleBody, VisibilityBody
from protocol.text import clean_line

NAME, REASON = 4 * limits.NAME, 4 * limits.REASON

Act = AboutBody | RoleBody | VisibilityBody
"""What such an event says, sanitized."""

ROLE_SIGNS = {frames.OWNER: "★", frames.MODERATOR: "+"}
"""What stands before a name, legible without colour."""

_ROLES = {frames.OWNER: "an owner", frames.MODERATOR: "a moderator", frames.MEMBER: "a plain member"}
_DONE = {
    frames.INVITE: "invited {name}",
    frames.KICK: "removed {name}",
    frames.BAN: "banned {name}",
    frames.UNBAN: "lifted the ban of {name}",
    frames.MUTE: "muted {name}",
    frames.UNMUTE: "lets {name} speak again",
}
_PLAIN = {frames.DECLINE: "declined the invitation", frames.DELETE_ROOM: "deleted the room"}


def act_of(event: frames.Event) -> Act | None:
    """What the event's body says; None if it has none that we know of."""
    if event.kind == frames.VISIBILITY:
        return codec.unpack_body(event.body, VisibilityBody)
    if event.kind == frames.ROLE:
        role = codec.unpack_body(event.body, RoleBody)
        return msgspec.structs.replace(role, name=_name(role.name)) if role is not None else None
    if event.kind in frames.ABOUT_SOMEBODY:
        about = codec.unpack_body(event.body, AboutBody)
        if about is not None:
            reason = clean_line(about.reason, REASON)
            return msgspec.structs.replace(about, name=_name(about.name), reason=reason)
    return None


def words(kind: str, act: Act | None) -> str:
    """What was done, to be put behind the name of who did it; empty for other kinds of event."""
    match act:
        case VisibilityBody():
            return f"made the room {'private' if act.private else 'public'}"
        case RoleBody():
            return f"made {act.name} {_ROLES.get(act.role, clean_line(act.role, NAME))}"
        case AboutBody():
            return (
                _DONE[kind].format(name=act.name)
                + how_long(act.until)
                + (f": {act.reason}" if act.reason else "")
            )
    return _PLAIN.get(kind, "")


def how_long(until: int | None) -> str:
    """When a ban or a mute ends, in this computer's time; empty if it does not."""
    if until is None:
        return ""
    return f" until {moment(until)}"


def _name(name: str) -> str:
    return clean_line(name, NAME) or "?"
