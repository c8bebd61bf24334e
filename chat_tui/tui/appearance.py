"""How the program looks: settings, themes, hints, and which parts of the screen are shown.

Knows the settings, and no rooms. Screens that few people open at a start are loaded when they are first asked
for.
"""

from collections.abc import Callable

from textual import events
from textual.screen import Screen

from chat_tui import config
from chat_tui.client.client import Client
from chat_tui.client.updates import Status
from chat_tui.commands.hints import Hints
from chat_tui.commands.keymap import Keymap
from chat_tui.config import Settings, fields
from chat_tui.config.fields import Value
from chat_tui.tui.redraw import redraw_soon
from chat_tui.tui.terminal import control
from chat_tui.tui.widgets.composer.compose_area import ComposeArea
from chat_tui.tui.widgets.room_panes import RoomPanes


class Appearance:
    """The looks of one server's screen. `spread` gives changed settings to the screens of all servers."""

    def __init__(
        self,
        screen: Screen[None],
        client: Client,
        keys: Keymap,
        settings: Settings,
        panes: RoomPanes,
        compose: ComposeArea,
        spread: Callable[[dict[str, Value]], None],
    ) -> None:
        self.settings = settings
        self.hints = Hints(config.hints_file(), keys)
        self._screen = screen
        self._client = client
        self._keys = keys
        self._panes = panes
        self._compose = compose
        self._spread = spread
        self._bare = False
        self._told = ""

    # --- the settings

    def begin(self) -> None:
        """Look as the settings say."""
        self._note_away()
        self._dress()

    def change(self, **changes: Value) -> None:
        """Use these settings from now on, and remember them."""
        try:
            config.remember(**changes)
            if changes.get("hints"):
                self.hints.begin()
        except config.ConfigError as error:
            self._panes.complain(str(error))
        self._spread(changes)

    def use(self, changes: dict[str, Value]) -> None:
        """These settings are others now; here or on another server somebody has changed them."""
        before, self.settings = self.settings, fields.changed(self.settings, changes)
        if self.settings.away_minutes != before.away_minutes:
            self._client.company.idling.after(60 * self.settings.away_minutes)
        self.show_theme(self.settings.theme)
        self._dress()

    def _note_away(self) -> None:
        if self.settings.away_minutes:
            self._client.company.idling.after(60 * self.settings.away_minutes)

    def _dress(self) -> None:
        """Look as the settings and the bare view ask."""
        app, plain = self._screen.app, self.settings.screen_reader
        app.set_class(plain, "-plain")
        app.animation_level = "none" if plain else app.animation_level
        self._screen.set_class(plain, "-plain")
        self._screen.set_class(self._bare, "-bare")
        self._client.company.call_by(self.settings.highlights)
        self._panes.apply(screen_reader=plain, bare=self._bare)
        self._compose.apply(self.settings)
        self._show_hint()
        self._redraw_after_layout()

    def _redraw_after_layout(self) -> None:
        self._screen.call_after_refresh(redraw_soon, self._panes)

    def open_settings(self) -> None:
        """Let the person change the settings."""
        from chat_tui.tui.screens.settings import SettingsScreen

        def done(changes: dict[str, Value] | None) -> None:
            if changes:
                self.change(**changes)

        dialog = SettingsScreen(self.settings, self.themes(), self.show_theme)
        self._screen.app.push_screen(dialog, done)

    # --- themes

    def themes(self) -> list[str]:
        """The themes there are, the one in use first."""
        app = self._screen.app
        return [app.theme, *sorted(name for name in app.available_themes if name != app.theme)]

    def show_theme(self, name: str) -> None:
        """Use a theme for now; where NO_COLOR is set there is only one."""
        app = self._screen.app
        if name in app.available_themes and name != app.theme and not app.no_color:
            app.theme = name
            redraw_soon(self._panes)

    # --- hints

    def key_pressed(self, event: events.Key) -> None:
        """A key was pressed, whoever gets it."""
        try:
            if self.hints.pressed(event.key):
                self._show_hint()
        except config.ConfigError as error:
            self._panes.complain(str(error))

    def _show_hint(self) -> None:
        taught = self.hints.text if self.settings.hints and not self.settings.screen_reader else ""
        text = taught and f"Hint: {taught}"
        if self._bare:
            back = self._keys.first("bare") or "/bare"
            text = f"Select with the mouse and copy as your terminal does. {back} goes back."
        self._compose.hint.say(text)

    # --- what is shown

    def toggle_list(self, name: str) -> None:
        """Show or hide a side list: `rooms` or `people`."""
        self._screen.toggle_class(f"-flip-{name}")
        self._redraw_after_layout()

    def toggle_bare(self) -> None:
        """Show the bare messages, or all again."""
        self._bare = not self._bare
        control.take_mouse(self._screen.app, on=not self._bare)
        self._dress()

    def tell_status(self, status: Status) -> None:
        """What the status line shows is told, where nobody sees it."""
        if not self.settings.screen_reader:
            return
        text = {
            "online": f"Connected as {self._client.name} to {self._client.endpoint.label}.",
            "waiting": f"Not connected: {status.reason}. Trying again.",
        }.get(status.phase, "")
        if text and text != self._told:
            self._panes.mention(text)
        self._told = text or self._told
