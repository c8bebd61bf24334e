"""How many rooms there may be, and how many of them one user may have made.

Asked when a request comes, so that nothing is done for what can't be, and once more when it is planned: of
many requests that came at once each sees what those before it have made. Pure; knows users only.
"""

from dataclasses import dataclass

from protocol import errors
from server.errors import RefusedError
from server.state.model import User


@dataclass(slots=True, frozen=True)
class RoomQuota:
    """`rooms` in sum, and the channels of one user that are still there; `None` is no limit."""

    rooms: int | None = None
    rooms_per_user: int | None = None

    def check(self, user: User, rooms: int, *, direct: bool = False) -> None:
        """This user may make one more where there are so many; raises `RefusedError`."""
        if user.admin:
            return
        if self.rooms is not None and rooms >= self.rooms:
            text = f"there are {rooms:,} rooms, as many as this server takes: tell its administrator"
            raise RefusedError(errors.TOO_MANY, text, limit=self.rooms)
        if not direct and self.rooms_per_user is not None and user.made >= self.rooms_per_user:
            text = f"you have made {user.made:,} rooms, as many as one may: delete one of them first"
            raise RefusedError(errors.TOO_MANY, text, limit=self.rooms_per_user)


NO_ROOM_QUOTA = RoomQuota()
