"""Events as lines of JSON, for other programs: everything as it was sent, but safe to look at.

Letters that don't print (control characters, what turns text around or hides it) are written as JSON's
escapes, so no terminal that shows a line obeys what somebody said.
"""

import base64
import json
from collections.abc import Iterator

from protocol import codec, frames
from protocol.frames import Event
from server.errors import OperatorError
from server.store.backup.snapshot import Snapshot


def lines(snapshot: Snapshot, room: str | None) -> Iterator[str]:
    """The events of all rooms, or of one; raises `OperatorError` if that one is not there."""
    rooms = snapshot.rooms()
    if room is not None:
        rooms = [one for one in rooms if one.name == room]
        if not rooms:
            raise OperatorError(f"there is no room {room}")
    for one in rooms:
        for event in snapshot.events(one):
            yield line(event)


def line(event: Event) -> str:
    """An event as one line of JSON, without the line's end."""
    fields: dict[str, object] = {
        "room": event.room,
        "seq": event.seq,
        "user": event.user,
        "from": event.sender,
        "kind": event.kind,
        "time": event.time,
        "cid": event.cid,
    }
    fields |= {key: seq for key, seq in (("target", event.target), ("reply", event.reply)) if seq is not None}
    text = _text(event)
    if event.kind == frames.REACTION:
        fields |= _reaction(event)
    elif text is not None:
        fields["text"] = text
    elif event.body:
        fields["body"] = base64.b64encode(event.body).decode()
    written = json.dumps(fields, ensure_ascii=False)
    if written.isprintable():
        return written
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in written)


def _reaction(event: Event) -> dict[str, object]:
    reaction = codec.unpack_body(event.body, frames.ReactionBody)
    if reaction is None:
        return {"body": base64.b64encode(event.body).decode()}
    return {"emoji": reaction.emoji, "on": reaction.on}


def _text(event: Event) -> str | None:
    """What was said, the new topic or the new name; None for other kinds, and for what can't be read."""
    match event.kind:
        case frames.MESSAGE | frames.ACTION | frames.EDIT:
            text = codec.unpack_body(event.body, frames.TextBody)
            return text.text if text is not None else None
        case frames.TOPIC:
            topic = codec.unpack_body(event.body, frames.TopicBody)
            return topic.topic if topic is not None else None
        case frames.NICK:
            nick = codec.unpack_body(event.body, frames.NickBody)
            return nick.name if nick is not None else None
    return None
