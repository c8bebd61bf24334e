"""To which rooms the user is invited, and telling them so, each time once. Knows nothing of connections."""

from collections.abc import Callable, Iterable

from chat_tui.client import updates
from chat_tui.client.events import NAME, ROOM
from protocol import frames
from protocol.text import clean_line


class Invitations:
    """See the module. `open`: rooms, and who has invited to them."""

    def __init__(self, listen: Callable[[updates.Update], None]) -> None:
        self._listen = listen
        self.open: dict[str, str] = {}

    def take(self, invitations: Iterable[frames.Invitation]) -> None:
        """These are all there are."""
        told = [frames.Invited(one.room, one.by, one.time) for one in invitations]
        rooms = {clean_line(one.room, ROOM) for one in told}
        self.open = {room: by for room, by in self.open.items() if room in rooms}
        for invited in told:
            self.receive(invited)

    def receive(self, invited: frames.Invited) -> None:
        """A new one."""
        room, by = clean_line(invited.room, ROOM), clean_line(invited.by, NAME) or "?"
        if self.open.get(room) != by:
            self.open[room] = by
            text = f"{by} invites you to {room}: /join {room} enters, /leave {room} declines"
            self._listen(updates.Told(text, call=True))

    def answered(self, room: str) -> None:
        """The user has entered the room, or declined."""
        self.open.pop(room, None)
