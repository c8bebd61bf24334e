"""What was refused in a room that is no longer open to this person: it can be seen nowhere else."""

from collections.abc import Callable, Container

from chat_tui.client.sender import Sender
from protocol.text import clean_line


class Stranded:
    """Tells of each such message once, by `complain`."""

    def __init__(self, sender: Sender, complain: Callable[[str], None]) -> None:
        self._sender = sender
        self._complain = complain
        self._told: set[str] = set()

    def tell(self, rooms: Container[str]) -> None:
        """Look for new ones; `rooms` are those that are open."""
        for entry in self._sender.stranded(rooms):
            if entry.cid not in self._told:
                self._told.add(entry.cid)
                text = f"Not sent to {entry.title}: {clean_line(entry.text, 60)} - {entry.error}."
                self._complain(
                    f"{text} /retry {entry.title} tries again, /discard {entry.title} gives it up."
                )
