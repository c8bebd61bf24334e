"""The line that shows what Tab offers, while it offers something."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static


class Offer(Static):
    """See the module. What is offered may be somebody's text: it is never markup."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__("", id=id, markup=False)

    def show(self, candidates: Sequence[str], chosen: int) -> None:
        """Show the candidates, or go if there are none."""
        self.display = bool(candidates)
        parts = [
            Content.styled(candidate.strip(), "reverse" if number == chosen else "")
            for number, candidate in enumerate(candidates)
        ]
        # The chosen one must be in view, however many there are.
        self.update(Content("  ").join(parts[max(0, chosen - 3) :]))
