"""The line above the composer that teaches a key, or says how to go back."""

from textual.content import Content
from textual.widgets import Static


class Hint(Static):
    """Folded away while there is nothing to say."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__("", id=id, markup=False)

    def say(self, text: str) -> None:
        """Show this; nothing: fold away."""
        self.display = bool(text)
        self.update(Content(text))
