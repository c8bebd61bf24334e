"""What the client knows of a room's events: decoded, sanitized, ready to show.

This is the border where text of the network enters the client: `from_wire` is the only way in, and
everything behind it may show these fields as they are (but never as markup). Knows the wire's frames and
nothing of connections or screens.
"""

from sys import intern
from typing import Literal

import msgspec

from chat_tui.client.acts import Act, act_of, words
from chat_tui.client.place import UNKNOWN, Place
from protocol import codec, frames, limits
from protocol.text import clean_line, clean_text


# The collector need not look at it: none can be part of a cycle, and there are many.
class RoomEvent(msgspec.Struct, frozen=True, gc=False):
    """One event of a room. `time` is ms since 1970.

    `text` is what was said (`message`, `action`), the new topic (`topic`), the new name (`nick`), what was
    done in words (see `acts`), else empty. `user` is the sender's lasting id, `sender` the name at that time.
    `target` is the event that an `edit` (`text`: the new text), a `delete` or a `reaction` changes (`text`:
    the emoji, empty if it is none; `off`: it is taken back), `reply` the one that something said answers.
    What was said has an empty text if it is deleted, and so has an edit of it. `act` is what was done, for
    who has to act on it; it is not kept in the cache.
    """

    room: str
    seq: int
    user: int
    sender: str
    kind: str
    text: str
    time: int
    cid: str | None = None
    target: int | None = None
    reply: int | None = None
    off: bool = False
    act: Act | None = None

    @property
    def spoken(self) -> bool:
        """Whether a person said it (and unread counts count it)."""
        return self.kind in frames.SPOKEN


NAME, ROOM, TOPIC = 4 * limits.NAME, 4 * limits.ROOM, 4 * limits.TOPIC
"""Characters of names, rooms and topics, at most, as on the wire: longer ones would make all drawing slow."""

TEXT = limits.BODY
"""Characters of what somebody says, at most: a body has no more bytes. All work on a text grows with it."""


PendingState = Literal["pending", "failed"]


class Pending(msgspec.Struct, frozen=True):
    """A message of ours, or a change of one, that the server has not confirmed yet.

    `error` says why it failed; `target`, `reply`, `text` and `off` are as in `RoomEvent`. `place` tells the
    room it was written for from another one that is called so later.
    """

    cid: str
    room: str
    kind: str
    text: str
    time: int
    state: PendingState = "pending"
    error: str = ""
    target: int | None = None
    reply: int | None = None
    off: bool = False
    place: Place = UNKNOWN

    @property
    def direct(self) -> bool:
        """Whether it is for one person."""
        return self.room.startswith("@")

    @property
    def title(self) -> str:
        """What people call its room."""
        return f"@{self.place.partner}" if self.place.partner else self.room

    @property
    def changes(self) -> bool:
        """Whether it changes something that was said before."""
        return self.kind in frames.CHANGES


def from_wire(event: frames.Event) -> RoomEvent:
    """Decode and sanitize an event. A body we can't read is shown as such, never dropped."""
    act = act_of(event)
    emoji, off = _reaction(event)
    return RoomEvent(
        # One string for what many events have: a third of the memory of each.
        room=intern(clean_line(event.room, ROOM)),
        seq=event.seq,
        user=event.user,
        sender=intern(clean_line(event.sender, NAME) or "?"),
        kind=intern(clean_line(event.kind, NAME)),
        text=emoji or _text(event) or words(event.kind, act),
        time=event.time,
        cid=None if event.cid is None else clean_line(event.cid),
        target=event.target,
        reply=event.reply,
        off=off,
        act=act,
    )


def is_emoji(text: str) -> bool:
    """Whether one can react with it: a few characters that sanitizing leaves as they are."""
    return 0 < len(text) <= limits.EMOJI and clean_line(text) == text


def shortened(text: str) -> str:
    """What somebody says, sanitized; too long a text ends with how much of it is not shown."""
    if len(text) <= TEXT:
        return clean_text(text)
    return f"{clean_text(text[:TEXT])}\n… ({len(text) - TEXT:,} characters more are not shown)"


def _reaction(event: frames.Event) -> tuple[str, bool]:
    if event.kind == frames.REACTION:
        reaction = codec.unpack_body(event.body, frames.ReactionBody)
        if reaction is not None and is_emoji(reaction.emoji):
            return reaction.emoji, not reaction.on
    return "", False


def _text(event: frames.Event) -> str:
    match event.kind:
        case frames.MESSAGE | frames.ACTION | frames.EDIT if event.body:
            text = codec.unpack_body(event.body, frames.TextBody)
            if text is None:
                return "(this client can't read this message)"
            # Empty is what was deleted; a text in which nothing can be shown is blank.
            return shortened(text.text) or " "
        case frames.TOPIC:
            topic = codec.unpack_body(event.body, frames.TopicBody)
            return clean_line(topic.topic, TOPIC) if topic is not None else ""
        case frames.NICK:
            nick = codec.unpack_body(event.body, frames.NickBody)
            return clean_line(nick.name, NAME) if nick is not None else ""
    return ""
