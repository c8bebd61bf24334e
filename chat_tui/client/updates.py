"""What the client tells its user - a screen, a command line, a bot - as typed updates.

An update says what has changed; the state itself is read from the client. They come on the event loop, in
the order in which things happened.
"""

from typing import Literal

import msgspec

from chat_tui.client.errors import LoginError, StoppedError
from chat_tui.client.events import RoomEvent
from chat_tui.client.trust import UnknownServerError

Phase = Literal["connecting", "online", "waiting", "stopped"]


class Status(msgspec.Struct, frozen=True):
    """The connection, truthfully.

    `connecting`, `online`, `waiting` (for the next attempt, at `retry_at` on the loop's clock) or `stopped`
    (no more attempts unless asked). `reason` says why it is not online. If it stopped because a person has to
    say something, `question` is there if that is whether this is the server, `login` if it is who they are.
    """

    phase: Phase = "connecting"
    reason: str = ""
    attempt: int = 0
    retry_at: float = 0.0
    question: UnknownServerError | None = None
    login: LoginError | None = None


def stopped(reason: StoppedError) -> Status:
    """The status of a client that has stopped for this reason."""
    return Status(
        "stopped",
        str(reason),
        question=reason if isinstance(reason, UnknownServerError) else None,
        login=reason if isinstance(reason, LoginError) else None,
    )


class StatusChanged(msgspec.Struct, frozen=True):
    """See `Client.status`."""

    status: Status


class RoomsChanged(msgspec.Struct, frozen=True):
    """Rooms were joined or left; `opened` is one that the user just asked to be in."""

    opened: str | None = None


class RoomChanged(msgspec.Struct, frozen=True):
    """A room's topic, people, counts or read marker changed."""

    room: str


class Appended(msgspec.Struct, frozen=True):
    """New events at the end of a room. `missed`: they happened while we were not connected."""

    room: str
    events: list[RoomEvent] = msgspec.field(default_factory=list)
    missed: bool = False


class Prepended(msgspec.Struct, frozen=True):
    """Older events before those that were held."""

    room: str
    events: list[RoomEvent] = msgspec.field(default_factory=list)


class Restarted(msgspec.Struct, frozen=True):
    """What was held of the room is void; it holds other events now."""

    room: str


class PendingChanged(msgspec.Struct, frozen=True):
    """Messages of ours in that room were written, stored or refused."""

    room: str


class TypingChanged(msgspec.Struct, frozen=True):
    """Somebody has begun or stopped to write in that room; see `Client.typing`."""

    room: str


class AwayChanged(msgspec.Struct, frozen=True):
    """The user has gone away or come back, here or on another device; see `Client.mine`."""


class IgnoredChanged(msgspec.Struct, frozen=True):
    """The user ignores others than before; see `Client.mine`. Unread counts may have changed with it."""


class LevelsChanged(msgspec.Struct, frozen=True):
    """Other rooms call the user than before; see `Client.mine`."""


class Told(msgspec.Struct, frozen=True):
    """Something to know that no room tells of. `call`: it is meant for this person, wherever they look."""

    text: str
    call: bool = False


Update = (
    StatusChanged
    | RoomsChanged
    | RoomChanged
    | Appended
    | Prepended
    | Restarted
    | PendingChanged
    | TypingChanged
    | AwayChanged
    | IgnoredChanged
    | LevelsChanged
    | Told
)
