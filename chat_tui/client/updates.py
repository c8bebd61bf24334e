"""What the client tells its user - a screen, a command line, a bot - as typed updates.

An update says what has changed; the state itself is read from the client. They come on the event loop, in
the order in which things happened.
"""

from dataclasses import dataclass, field
from typing import Literal

from chat_tui.client.errors import LoginError, StoppedError
from chat_tui.client.events import RoomEvent
from chat_tui.client.trust import UnknownServerError

Phase = Literal["connecting", "online", "waiting", "stopped"]


@dataclass(slots=True, frozen=True)
class Status:
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


@dataclass(slots=True, frozen=True)
class StatusChanged:
    """See `Client.status`."""

    status: Status


@dataclass(slots=True, frozen=True)
class RoomsChanged:
    """Rooms were joined or left; `opened` is one that the user just asked to be in."""

    opened: str | None = None


@dataclass(slots=True, frozen=True)
class RoomChanged:
    """A room's topic, people, counts or read marker changed."""

    room: str


@dataclass(slots=True, frozen=True)
class Appended:
    """New events at the end of a room. `missed`: they happened while we were not connected."""

    room: str
    events: list[RoomEvent] = field(default_factory=list)
    missed: bool = False


@dataclass(slots=True, frozen=True)
class Prepended:
    """Older events before those that were held."""

    room: str
    events: list[RoomEvent] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Restarted:
    """What was held of the room is void; it holds other events now."""

    room: str


@dataclass(slots=True, frozen=True)
class PendingChanged:
    """Messages of ours in that room were written, stored or refused."""

    room: str


@dataclass(slots=True, frozen=True)
class TypingChanged:
    """Somebody has begun or stopped to write in that room; see `Client.typing`."""

    room: str


@dataclass(slots=True, frozen=True)
class AwayChanged:
    """The user has gone away or come back, here or on another device; see `Client.mine`."""


@dataclass(slots=True, frozen=True)
class IgnoredChanged:
    """The user ignores others than before; see `Client.mine`. Unread counts may have changed with it."""


@dataclass(slots=True, frozen=True)
class LevelsChanged:
    """Other rooms call the user than before; see `Client.mine`."""


@dataclass(slots=True, frozen=True)
class Told:
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
