"""What was refused in a room that is no longer open to this person: it can be seen nowhere else."""

from collections.abc import Container

from chat_tui.client.sender import Sender
from protocol.text import clean_line


class Undeliverable:
    """Finds such messages, each once."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._known: set[str] = set()

    def find(self, rooms: Container[str]) -> list[str]:
        """What to tell the person of those that are new; `rooms` are the open ones."""
        found = []
        for entry in self._sender.stranded(rooms):
            if entry.cid not in self._known:
                self._known.add(entry.cid)
                text = f"Not sent to {entry.title}: {clean_line(entry.text, 60)} - {entry.error}."
                found.append(f"{text} /retry {entry.title} tries again, /discard {entry.title} discards it.")
        return found
