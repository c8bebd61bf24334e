"""A choice of a few, in a dialog."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Checkbox, RadioButton, RadioSet


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


class Option(RadioButton):
    """One of them. The chosen one differs by more than its colour."""

    @property
    def BUTTON_LEFT(self) -> str:  # type: ignore[override]  # noqa: N802  # Textual's name
        """Half a cell of colour, where colours can be relied on."""
        return "(" if self.app.native_ansi_color else "▐"

    @property
    def BUTTON_RIGHT(self) -> str:  # type: ignore[override]  # noqa: N802  # Textual's name
        """The same."""
        return ")" if self.app.native_ansi_color else "▌"

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802  # Textual's name
        """The sign inside."""
        return "●" if self.value else "○"


class Tick(Checkbox):
    """On or off, and that differs by more than its colour."""

    @property
    def BUTTON_LEFT(self) -> str:  # type: ignore[override]  # noqa: N802  # Textual's name
        """Half a cell of colour, where colours can be relied on."""
        return "[" if self.app.native_ansi_color else "▐"

    @property
    def BUTTON_RIGHT(self) -> str:  # type: ignore[override]  # noqa: N802  # Textual's name
        """The same."""
        return "]" if self.app.native_ansi_color else "▌"

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802  # Textual's name
        """The sign inside."""
        return "X" if self.value else " "
