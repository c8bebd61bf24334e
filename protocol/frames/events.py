"""Events: what happens in a room and lasts, their kinds and their bodies."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Body, Frame, Number, Time

MESSAGE = "message"
ACTION = "action"
EDIT = "edit"
DELETE = "delete"
REACTION = "reaction"
CREATE = "create"
JOIN = "join"
LEAVE = "leave"
TOPIC = "topic"
NICK = "nick"
INVITE = "invite"
DECLINE = "decline"
KICK = "kick"
BAN = "ban"
UNBAN = "unban"
MUTE = "mute"
UNMUTE = "unmute"
ROLE = "role"
VISIBILITY = "visibility"
DELETE_ROOM = "delete_room"
ABOUT_SOMEBODY = frozenset({INVITE, KICK, BAN, UNBAN, MUTE, UNMUTE})
"""The kinds whose body is an `AboutBody`."""
SPOKEN = frozenset({MESSAGE, ACTION})
"""What people say, and unread counts count."""
CHANGES = frozenset({EDIT, DELETE, REACTION})
"""What people do to something that was said: each has a `target`."""
SENT = SPOKEN | CHANGES
"""The kinds of event that people send. The server never looks into their bodies. The other kinds are made by
the server, in answer to other requests."""

Place = Annotated[int, Meta(ge=1, le=limits.INTEGER)]
"""The `seq` of an event."""


class TextBody(Body, frozen=True):
    """Of `message` and `action`; of `edit`: what it says from now on."""

    text: str


class ReactionBody(Body, frozen=True):
    """Of `reaction`: somebody reacts with `emoji`, or takes that back."""

    emoji: str
    on: bool = True


class TopicBody(Body, frozen=True):
    """Of `topic`."""

    topic: str


class NickBody(Body, frozen=True):
    """Of `nick`: `from` is the old name."""

    name: str


class CreateBody(Body, frozen=True):
    """Of `create`. `born` is random: it tells the room from an earlier one of the same name."""

    born: str = ""
    private: bool = False


class AboutBody(Body, frozen=True):
    """Of what somebody does to somebody else, who is `user`, called `name` then.

    `until` (ms; nil: for good) is of `ban` and `mute`; `removed` of `kick` and `ban`: they were a member, and
    are one no longer.
    """

    user: Number
    name: str
    reason: str = ""
    until: Time | None = None
    removed: bool = False


class RoleBody(Body, frozen=True):
    """Of `role`: `user`, called `name`, is `role` from now on."""

    user: Number
    name: str
    role: str


class VisibilityBody(Body, frozen=True):
    """Of `visibility`."""

    private: bool


class Event(Frame, tag="event", rename={"sender": "from"}, frozen=True):
    """One thing that happened in a room and lasts.

    `seq` counts 1, 2, 3 … in its room without a gap. `user` is the sender's lasting id, `from` the
    name it had then; `time` is the server's clock in ms since 1970, for display only. `cid` is there
    for sends only. `target` is the event that one of `CHANGES` changes, `reply` the one that something said
    answers.
    """

    room: str
    seq: Place
    user: Number
    sender: str
    kind: str
    time: Time
    body: bytes = b""
    cid: str | None = None
    target: Place | None = None
    reply: Place | None = None
