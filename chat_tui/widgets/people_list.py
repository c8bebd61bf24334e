"""The right pane: the people who are online in the room in view."""

from collections.abc import Mapping, Sequence

from textual.color import Color
from textual.content import Content
from textual.style import Style

from chat_tui.client.acts import ROLE_SIGNS
from chat_tui.colours import name_colour
from chat_tui.widgets.side_list import SideList


class PeopleList(SideList):
    """See the module."""

    def show_people(self, names: Sequence[str], me: str, roles: Mapping[str, str]) -> None:
        """Show these people; `me` is oneself. Who has a role in the room has a sign before the name."""
        behind = self.styles.background
        entries = [
            Content.assemble(
                (ROLE_SIGNS.get(roles.get(name, ""), " "), "$text-accent"),
                (name, "bold $text-primary" if name == me else _colour(name, behind)),
            )
            for name in names
        ]
        self.show(Content.styled(f"People {len(names)}", "$foreground 60%"), entries)


def _colour(name: str, background: Color) -> Style:
    return Style(foreground=name_colour(name, background))
