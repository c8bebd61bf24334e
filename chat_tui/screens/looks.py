"""What the main screen does about its looks: themes, and which panes are shown.

A part of the main screen, in a module of its own; knows the settings, and neither rooms nor connections.
"""

from textual.screen import Screen

from chat_tui import config
from chat_tui.screens.help import HelpScreen


class Looks(Screen[None]):
    """See the module."""

    def complain(self, text: str) -> None:
        """Show what went wrong, where the person is looking."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw what is shown anew, soon."""
        raise NotImplementedError

    def show_help(self) -> None:
        """See `View`."""
        self.app.push_screen(HelpScreen())

    def draw_anew(self) -> None:
        """See `View`."""
        self.app.refresh(repaint=True, layout=True)

    def flip(self, pane: str) -> None:
        """See `View`."""
        self.toggle_class(f"-flip-{pane}")
        self.call_after_refresh(self.redraw)

    def themes(self) -> list[str]:
        """See `View`."""
        current = self.app.theme
        return [current, *sorted(name for name in self.app.available_themes if name != current)]

    def set_theme(self, name: str) -> None:
        """See `View`."""
        self.app.theme = name
        try:
            config.remember(theme=name)
        except config.ConfigError as error:
            self.complain(str(error))
        self.redraw()
