"""A choice of a few, in a dialog."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import RadioSet


class Choices(RadioSet, inherit_bindings=False):
    """Moving chooses, so that Enter can go on from here as well."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,right", "choose(True)", show=False),
        Binding("up,left", "choose(False)", show=False),
    ]

    def action_choose(self, down: bool) -> None:  # noqa: FBT001  # actions have no keywords
        """Choose the other one."""
        if down:
            self.action_next_button()
        else:
            self.action_previous_button()
        self.action_toggle_button()
