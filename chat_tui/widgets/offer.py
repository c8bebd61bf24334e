"""The line over the composer: what Tab can complete, and which of it is in the text now."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static


class Offer(Static):
    """Names of others may be in it: shown as they are, never as markup."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__("", id=id, markup=False)

    def show(self, candidates: Sequence[str], chosen: int) -> None:
        """Show these; none: fold away."""
        self.display = bool(candidates)
        parts = [
            Content.styled(candidate.strip(), "reverse" if number == chosen else "")
            for number, candidate in enumerate(candidates)
        ]
        # The chosen one must be in view, however many there are.
        self.update(Content("  ").join(parts[max(0, chosen - 3) :]))
