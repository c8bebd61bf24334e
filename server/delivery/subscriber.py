"""What the hub, and the server around it, need of a session."""

import enum
from typing import Protocol, Unpack

from protocol.errors import Details
from server.limits.turns import Principal
from server.state.model import User


class Phase(enum.Enum):
    """How far a session has come. Only these frames are taken in each (pings always are):
    `hello` → `login` → every other request."""

    HELLO = enum.auto()
    LOGIN = enum.auto()
    READY = enum.auto()
    CLOSED = enum.auto()


class Subscriber(Protocol):
    """A session, as those see it who only have something for it."""

    @property
    def user(self) -> User:
        """Whose session it is."""

    @property
    def lagging(self) -> bool:
        """It can't take more now: leave it out, it will fetch what it missed."""

    @property
    def idle(self) -> bool:
        """Nobody has touched it for a while."""

    def write(self, data: bytes) -> None:
        """Put bytes on its socket."""


class Connection(Subscriber, Protocol):
    """A session, as those see it who look after all of them. `phase`: how far it has come; `began`: when it
    came; `principal`: who has to answer for what it costs; `device`: the id of the device that came in, empty
    if there is none."""

    phase: Phase
    began: float
    principal: Principal
    device: str

    @property
    def ready(self) -> bool:
        """Somebody has logged in, and it goes on."""

    @property
    def stranger(self) -> bool:
        """Nobody has logged in yet."""

    @property
    def address(self) -> str:
        """Where its peer is."""

    def check(self, now: float) -> None:
        """End it if something takes too long; ping it if it is quiet."""

    def pause_reading(self) -> None:
        """Take no more frames in: the server is about to close."""

    def close(self, code: str, text: str, *, reconnect: bool = True, **details: Unpack[Details]) -> None:
        """Say `bye` and close."""
