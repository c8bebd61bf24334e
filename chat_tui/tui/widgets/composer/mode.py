"""What is being written, where it is not just a message: an edit, a reply or a reaction."""

from typing import Literal

import msgspec

from chat_tui.client.events import RoomEvent
from protocol.text import clean_line

Kind = Literal["edit", "reply", "react"]

QUOTED = 40
"""Characters of a message that are shown to say which one is meant."""


class ComposeMode(msgspec.Struct, frozen=True):
    """What is being done to message `seq`.

    `kept` was in the composer before (None: it still is), and `given` was put there instead. `by_up`: the key
    Up has begun it.
    """

    kind: Kind
    seq: int
    kept: str | None
    given: str = ""
    by_up: bool = False


def describe(mode: ComposeMode, about: RoomEvent | None, clock: str) -> str:
    """The line above the composer; `about` is the message, which was sent at `clock`."""
    if about is None:
        return "That message is deleted - Esc cancels"
    words = clean_line(about.text, QUOTED)
    match mode.kind:
        case "edit":
            return f"Editing your message{clock and f' of {clock}'} - Esc cancels"
        case "reply":
            return f"Reply to {about.sender}: {words} - Esc cancels"
    return f"React to {about.sender}: {words} - an emoji or its :name:, Esc cancels"
