"""The right pane: the people who are online in the room in view."""

from collections.abc import Sequence

from textual.color import Color
from textual.content import Content
from textual.style import Style

from chat_tui.colours import name_colour
from chat_tui.widgets.side_list import SideList


class PeopleList(SideList):
    """See the module."""

    def show_people(self, names: Sequence[str], me: str) -> None:
        """Show these people; `me` is oneself."""
        behind = self.styles.background
        entries = [
            Content.styled(name, "bold $text-primary" if name == me else _colour(name, behind))
            for name in names
        ]
        self.show(Content.styled(f"People {len(names)}", "$foreground 60%"), entries)


def _colour(name: str, background: Color) -> Style:
    return Style(foreground=name_colour(name, background))
