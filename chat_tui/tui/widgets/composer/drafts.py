"""What is being written in each room, kept on disk so that no end of the program loses it."""

from chat_tui.client.outbox import Outbox


class Drafts:
    """See the module."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._texts = outbox.drafts()

    def of(self, room: str) -> str:
        """What was being written there."""
        return self._texts.get(room, "")

    def keep(self, room: str | None, text: str) -> None:
        """This is being written there now. Raises `ClientError` if the disk refuses."""
        if room is not None and text != self.of(room):
            self._texts[room] = text
            self._outbox.keep_draft(room, text)
