"""Containers that lay out what is in them and draw nothing themselves: what lies behind them shows.

Textual draws every container behind a part that has changed, line by line: for each message that took as long
as the message itself. So these have no background and no border.
"""

from textual.containers import Container, Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip


class _Undrawn:
    def render_lines(self, crop: Region) -> list[Strip]:  # noqa: ARG002  # nothing of it is drawn
        """Draw nothing."""
        return []


class Row(_Undrawn, Horizontal):
    """Side by side."""


class Column(_Undrawn, Vertical):
    """Below each other."""


class Layers(_Undrawn, Container):
    """Above each other, as their layers say."""
