"""The right pane: the people who are online in the room in view, those who are away last."""

from collections.abc import Mapping

from textual.content import Content
from textual.style import Style

from chat_tui.client.acts import ROLE_SIGNS
from chat_tui.client.people import People, Person
from chat_tui.tui.colours import name_colour
from chat_tui.tui.widgets.panes.side_list import SideList

AWAY = "○"
"""Stands before who is away, so that it shows without colours too."""


class PeopleList(SideList):
    """See the module."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._made: dict[tuple[object, ...], Content] = {}

    def show_people(self, people: People, me: str, roles: Mapping[str, str]) -> None:
        """Show these people; `me` is oneself. Who has a role in the room has a sign before the name."""
        numbers = (people.total, people.away, people.beyond)
        if not self.is_new(list(people.listed), numbers, me, dict(roles), self.styles.background):
            return
        before, self._made = self._made, {}
        for person in people.listed:  # who was there already has an entry
            role = roles.get(person.name, "")
            key = (person, me, role, self.styles.background, self.app.theme)
            self._made[key] = before.get(key) or self._entry(person, me, role)
        self.show(self._numbers(people), list(self._made.values()), beyond=people.beyond)

    def _numbers(self, people: People) -> Content:
        """How many there are, in as many words as there is space for."""
        here, away = people.total - people.away, people.away
        texts = [f"People {here}"]
        if away:
            texts = [f"People {here}, {away} away", f"{here} + {away} away", f"People {here} {AWAY}{away}"]
            texts += [f"{here} {AWAY}{away}"]
        fitting = (text for text in texts if len(text) <= self.content_size.width)
        return Content.styled(next(fitting, texts[-1]), "$foreground 60%")

    def _entry(self, person: Person, me: str, role: str) -> Content:
        name = person.name
        sign = (ROLE_SIGNS.get(role, " "), "$text-accent")
        if person.away:
            style = "$text-primary" if name == me else ""
            return Content.assemble(sign, f"{AWAY} ", (name, style)).stylize("dim")
        if name == me:
            return Content.assemble(sign, (name, "bold $text-primary"))
        colour = Style(foreground=name_colour(name, self.background_colors[1]))
        return Content.assemble(sign, (name, colour))
