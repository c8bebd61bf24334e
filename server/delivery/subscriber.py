"""What the hub and its parts need of a session."""

from typing import Protocol

from server.state.model import User


class Member(Protocol):
    """A session, as those see it who only have something for it."""

    @property
    def user(self) -> User:
        """Whose session it is."""

    @property
    def behind(self) -> bool:
        """It can't take more now: leave it out, it will fetch what it missed."""

    @property
    def idle(self) -> bool:
        """Nobody has touched it for a while."""

    def write(self, data: bytes) -> None:
        """Put bytes on its socket."""
