"""What the main screen does about its looks: settings, themes, keys, hints, and which parts are shown.

A part of the main screen, in a module of its own; knows the settings, and no rooms. Screens that few people
open at a start are loaded when they are first asked for.
"""

from collections.abc import Sequence

from textual import events

from chat_tui import config
from chat_tui.client.room import Room
from chat_tui.client.updates import Status
from chat_tui.commands.hints import Hints
from chat_tui.config import Settings, fields
from chat_tui.config.fields import Value
from chat_tui.tui.screens.alerts import Attention
from chat_tui.tui.screens.server_switching import Neighbours
from chat_tui.tui.terminal import control
from chat_tui.tui.widgets.panes.hint import Hint


class Looks(Neighbours):
    """See the module."""

    _hints: Hints
    _attention: Attention
    problems: Sequence[str] = ()
    """What was wrong at the start, until there is a place where it is seen."""

    _bare = False
    _told = ""

    # --- the settings

    def draw_anew(self) -> None:
        """See `View`."""
        self.app.refresh(repaint=True, layout=True)

    @property
    def settings(self) -> Settings:
        """See `View`."""
        return self._settings

    def begin(self) -> None:
        """Look as the settings say."""
        self._hints = Hints(config.hints_file(), self.keys)
        if self._settings.away_minutes:
            self.client.company.idling.after(60 * self._settings.away_minutes)
        self._dress()

    def set_settings(self, **changes: Value) -> None:
        """See `View`."""
        try:
            config.remember(**changes)
            if changes.get("hints"):
                self._hints.begin()
        except config.ConfigError as error:
            self.complain(str(error))
        self.servers.take_settings(changes)

    def take_settings(self, changes: dict[str, Value]) -> None:
        """These settings are others now; here or on another server somebody has changed them."""
        before, self._settings = self._settings, fields.changed(self._settings, changes)
        if self._settings.away_minutes != before.away_minutes:
            self.client.company.idling.after(60 * self._settings.away_minutes)
        self._attention.notifier.way = self._settings.notifications
        self.show_theme(self._settings.theme)
        self._dress()

    def _dress(self) -> None:
        """Look as the settings and the bare view ask."""
        plain = self._settings.screen_reader
        self.app.set_class(plain, "-plain")
        self.app.animation_level = "none" if plain else self.app.animation_level
        self.set_class(plain, "-plain")
        self.set_class(self._bare, "-bare")
        if plain:
            self._composer.cursor_blink = False
        self.client.company.call_by(self._settings.highlights)
        for pane in self._both:
            pane.messages.be_plain(on=plain or self._bare)
            pane.messages.call_me(self.client.company.calls.words)
        self._show_hint()
        self.call_after_refresh(self.redraw)

    def show_settings(self) -> None:
        """See `View`."""
        from chat_tui.tui.screens.settings import SettingsScreen

        def done(changes: dict[str, Value] | None) -> None:
            if changes:
                self.set_settings(**changes)

        self.app.push_screen(SettingsScreen(self._settings, self.themes(), self.show_theme), done)

    def tell_problems(self) -> None:
        """Tell what was wrong at the start."""
        problems, self.problems = self.problems, ()
        for problem in problems:
            self.complain(problem)

    # --- themes

    def themes(self) -> list[str]:
        """See `View`."""
        current = self.app.theme
        return [current, *sorted(name for name in self.app.available_themes if name != current)]

    def show_theme(self, name: str) -> None:
        """Use a theme for now; where NO_COLOR is set there is only one."""
        if name in self.app.available_themes and name != self.app.theme and not self.app.no_color:
            self.app.theme = name
            self.redraw()

    # --- help and hints

    def show_help(self) -> None:
        """See `View`."""
        from chat_tui.tui.screens.help import HelpScreen, subjects_of

        self.app.push_screen(HelpScreen(self.keys, subjects_of(self.focused)))

    def pressed(self, event: events.Key) -> None:
        """A key was pressed, whoever gets it."""
        try:
            if self._hints.pressed(event.key):
                self._show_hint()
        except config.ConfigError as error:
            self.complain(str(error))

    def _show_hint(self) -> None:
        taught = self._hints.text if self._settings.hints and not self._settings.screen_reader else ""
        text = taught and f"Hint: {taught}"
        if self._bare:
            back = self.keys.first("bare") or "/bare"
            text = f"Select with the mouse and copy as your terminal does. {back} goes back."
        self.query_one(Hint).say(text)

    # --- what is shown

    def flip(self, pane: str) -> None:
        """See `View`."""
        self.toggle_class(f"-flip-{pane}")
        self.call_after_refresh(self.redraw)

    def flip_bare(self) -> None:
        """See `View`."""
        self._bare = not self._bare
        control.take_mouse(self.app, on=not self._bare)
        self._dress()

    # --- in words

    def tell_status(self, status: Status) -> None:
        """What the status line shows is told, where nobody sees it."""
        if not self._settings.screen_reader:
            return
        text = {
            "online": f"Connected as {self.client.name} to {self.client.endpoint.label}.",
            "waiting": f"Not connected: {status.reason}. Trying again.",
        }.get(status.phase, "")
        if text and text != self._told:
            self.mention(text)
        self._told = text or self._told


def in_words(room: Room) -> str:
    """What the topic bar shows is told, where nobody sees it."""
    topic = f" Topic: {room.topic}" if room.topic else ""
    unread = f" {room.unread} new." if room.unread else ""
    return f"You are in {room.title}.{unread}{topic}"
