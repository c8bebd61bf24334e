"""Events: what happens in a room and lasts, their kinds and their bodies."""

from typing import Annotated

from msgspec import Meta

from protocol.frames.base import Body, Frame

MESSAGE = "message"
ACTION = "action"
CREATE = "create"
JOIN = "join"
LEAVE = "leave"
TOPIC = "topic"
NICK = "nick"
SPOKEN = frozenset({MESSAGE, ACTION})
"""The kinds of event that people send. The server never looks into their bodies, and they are what
unread counts count. The other kinds are made by the server, in answer to other requests."""


class TextBody(Body, frozen=True):
    """Of `message` and `action`."""

    text: str


class TopicBody(Body, frozen=True):
    """Of `topic`."""

    topic: str


class NickBody(Body, frozen=True):
    """Of `nick`: `from` is the old name."""

    name: str


class Event(Frame, tag="event", rename={"sender": "from"}, frozen=True):
    """One thing that happened in a room and lasts.

    `seq` counts 1, 2, 3 … in its room without a gap. `user` is the sender's lasting id, `from` the
    name it had then; `time` is the server's clock in ms since 1970, for display only. `cid` is there
    for sends only.
    """

    room: str
    seq: Annotated[int, Meta(ge=1, le=2**53)]
    user: int
    sender: str
    kind: str
    time: int
    body: bytes = b""
    cid: str | None = None
