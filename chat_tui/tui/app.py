"""The Textual application: from the settings to the first screen, and out again."""

import gc
import os
import sys
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import events, on
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.notifications import SeverityLevel
from textual.screen import Screen

from chat_tui import config, endpoints, splash
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.commands.hints import Hints
from chat_tui.commands.keymap import Keymap
from chat_tui.config import Mistake, Settings, fields, first_run, server_list
from chat_tui.config.first_run import Choice
from chat_tui.tui import cutting, terminal, themes
from chat_tui.tui.account_dialogs import ServerAnswered
from chat_tui.tui.screens.first_run import FirstRun
from chat_tui.tui.screens.login import LoginScreen
from chat_tui.tui.servers import Servers
from chat_tui.tui.terminal import clipboard, control
from chat_tui.tui.terminal.parser import PASTE_BYTES, PasteCut
from chat_tui.tui.terminal.signals import end_on_signals
from protocol.links import LinkError

_TOUCHES = (events.Key, events.Paste, events.MouseDown, events.MouseScrollUp, events.MouseScrollDown)


GARBAGE = (2_000, 10, 100)
"""Python's thresholds for looking for garbage. With its own, keys waited 100 ms for it every few seconds
while many messages came; there is hardly any."""


class ChatApp(App[None], inherit_bindings=False):
    """Opens the main screen for `name` at `endpoint`; without them, the first-run screen asks."""

    TITLE = "chat-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f1", "help", "Help", show=False, id="help")]

    def __init__(
        self,
        settings: Settings,
        *,
        name: str = "",
        server: str = "",
        keep: bool = False,
        endpoint: Endpoint | None = None,
    ) -> None:
        """`name` and `server` are what the command line says; `keep`: that server is remembered.

        `endpoint` overrides where to connect.
        """
        # Without colours the screen is drawn as for a terminal's own ones, which are then left out.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        cutting.install()
        self._settings = settings
        self._keys = Keymap(settings.keys, settings.message_keys)
        self.set_keymap(dict(self._keys.changes()))
        self._keep = keep
        self._given = Choice(name, server)
        self._endpoint = endpoint
        self._untried: Choice | None = None
        """Remembered as soon as that server has answered: an address may be mistyped."""
        self._servers = Servers(self, settings, self._keys)
        self._problems = [*map(str, self._keys.problems), *map(str, self._take_themes())]

    def get_driver_class(self) -> type[Driver]:
        """Ours for the one that Textual would take."""
        return terminal.driver_class(super().get_driver_class())

    def _take_themes(self) -> list[Mistake]:
        """Take all themes there are, and use the one that is wanted. Returns what is wrong."""
        found = themes.look_in(config.themes_folder())
        for theme in (*themes.OURS, *found.themes):
            self.register_theme(theme)
        wanted = self._settings.theme
        problems = [Mistake((), problem) for problem in found.problems]
        if wanted not in self.available_themes:
            told = f"there is no theme {wanted!r}: {themes.DEFAULT} is shown. /theme lists them."
            problems.append(Mistake(("theme",), told))
            wanted = themes.DEFAULT
        self.theme = themes.TERMINAL.name if self.no_color else wanted
        return problems

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """What pops up is a line in the log for who has it read aloud."""
        main = self._servers.in_view
        if main is not None and main.is_attached and main.appearance.settings.screen_reader:
            main.panes.mention(message)
        else:
            super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def action_help(self) -> None:
        """F1 in a dialog; the main screen has its own."""
        from chat_tui.tui.screens.help import HelpScreen, keys_of

        self.push_screen(HelpScreen(self._keys, here=keys_of(self.screen)))

    def copy_to_clipboard(self, text: str) -> None:
        """Copy, and say how it went. Textual's own way asks the terminal only, and never says."""
        self._clipboard = text
        self.run_worker(self._copy(text), group="clipboard", exclusive=True)

    async def _copy(self, text: str) -> None:
        size = f"{len(text)} character{'s' * (len(text) != 1)}"
        place = await clipboard.copy(text, os.environ, sys.platform)
        if place is not None:
            self.notify(f"Copied {size} to {place}", timeout=2)
        elif (sequence := clipboard.osc52(text)) is not None:
            control.write_through(self, sequence)
            self.notify(f"Copied {size}: handed to the terminal, which may or may not take it", timeout=3)
        else:
            self.notify(f"{size} are more than terminals copy: select less", severity="error")

    def on_mount(self) -> None:
        """Choose the first screen."""
        end_on_signals(self)
        name = self._given.name or self._settings.name
        server = self._given.server or self._settings.server
        if name:
            self._open(Choice(name, server or config.LOCAL))
        else:
            typed = first_run.typed()  # at a start that came to nothing
            if typed is None:
                typed = Choice(config.login_name(), "")
            self.push_screen(FirstRun(typed.name, server or typed.server), self._chosen)

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there, whatever screen gets it."""
        if isinstance(event, _TOUCHES):
            self._servers.touched()
        if isinstance(event, events.Key):
            if (main := self._servers.in_view) is not None and main.is_attached:
                main.appearance.key_pressed(event)
            if self._asks_for_help(event.key):
                self.action_help()
                return
        await super().on_event(event)

    @on(PasteCut)
    def _paste_cut(self) -> None:
        self.notify(
            f"That was more than can be pasted at once: only its first {PASTE_BYTES // 2**20} MiB were."
        )

    def panic(self, *renderables: RenderableType) -> None:
        """End because something has gone wrong; the status says so, which Textual forgets."""
        self._return_code = self._return_code or 1
        super().panic(*renderables)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End, and leave all servers. What has gone wrong before stays so."""
        self._servers.say_goodbye()
        super().exit(result, self.return_code or return_code, message)

    def _asks_for_help(self, key: str) -> bool:
        """A dialog has the bindings of the app no more than others; help it shall have all the same."""
        return self._keys.command_at(key) == "help" and self.screen.is_modal and not _is_help(self.screen)

    def _chosen(self, choice: Choice | None) -> None:
        if choice is not None:
            try:
                Hints(config.hints_file(), self._keys).begin()
            except config.ConfigError as error:
                self._problems.append(str(error))
            self._open(choice)

    @on(LoginScreen.NameChosen)
    def _name_chosen(self, message: LoginScreen.NameChosen) -> None:
        """It is somebody else."""
        screen = self._servers.in_view
        if screen is None:
            return
        first = screen is self._servers.screens[0]
        try:
            screen = self._servers.replace(screen, message.name, message.attempt)
            if not first:
                self._servers.named(screen, message.name)
            elif not self._given.name:
                config.remember(name=message.name)
        except config.ConfigError as error:
            self.call_later(screen.panes.complain, str(error))
        except ClientError as error:
            self.exit(return_code=1, message=f"chat-tui: {error}")

    def _open(self, choice: Choice) -> None:
        """Open the first server, then those that are remembered beside it, unless one alone was asked for."""
        problems, self._problems = self._problems, []
        try:
            if choice.server == config.LOCAL:
                self._remember(choice)
            elif self._keep or not self._settings.name:
                self._untried = choice
                if not self._settings.name:
                    first_run.keep(choice)
        except config.ConfigError as error:
            problems.append(str(error))
        try:
            main = self._servers.open(choice.server, choice.name, self._endpoint)
        except ClientError as error:
            self.exit(return_code=1, message=f"chat-tui: {error}")
            return
        if self._keep or not self._given.server:
            problems += self._open_others(choice.name)
        main.problems = [*main.problems, *problems]
        if self._untried is not None and not self._settings.name:
            key = self._keys.first("quit")
            main.accounts.advice = (
                f"If the address is wrong: {key} ends the program, and the next start asks for it again."
            )
        self._servers.show(main)

    def _remember(self, choice: Choice) -> None:
        """Go there at the next start, too. Raises `ConfigError`."""
        place = endpoints.endpoint(choice.server).place
        if not self._settings.name:
            config.remember(name=choice.name, server=place)
            first_run.forget()
        elif self._keep:
            server_list.first(place)

    @on(ServerAnswered)
    def _answered(self, message: ServerAnswered) -> None:
        choice, screen = self._untried, self._servers.screen_of(message.client)
        self._servers.answered(message.client)
        if choice is None or screen is not self._servers.screens[0]:
            return
        self._untried = None
        try:
            self._remember(Choice(screen.client.name, choice.server))
        except config.ConfigError as error:
            screen.panes.complain(str(error))

    def _open_others(self, name: str) -> list[str]:
        """Open what is remembered beside the first one. Returns what is wrong."""
        problems = []
        places = server_list.beside(self._settings)
        if self._keep and self._settings.server not in ("", config.LOCAL):
            places.insert(0, config.Place(self._settings.server))
        for one in places:
            try:
                if not self._servers.is_open(one.place):
                    self._servers.open(one.place, one.name or name)
            except (ClientError, LinkError) as error:
                problems.append(f"{one.place}: {error}")
        return problems


def _is_help(screen: Screen[Any]) -> bool:
    """Without loading it."""
    return type(screen).__name__ == "HelpScreen"


def mistakes(settings: Settings) -> list[Mistake]:
    """What is wrong with the values, the keys and the themes."""
    themes_of = ChatApp(settings)._take_themes()  # noqa: SLF001  # never run; the one place that knows
    keys = Keymap(settings.keys, settings.message_keys)
    return [*fields.mistakes(settings), *keys.problems, *themes_of]


def run(settings: Settings, name: str, server: str, *, keep: bool = False) -> int:
    """Open the screen and stay until the person leaves; returns the exit status. See `ChatApp`."""
    app = ChatApp(settings, name=name, server=server, keep=keep)
    if splash.shown is not None:
        splash.shown.hand_over()
    gc.freeze()  # what is loaded stays: to look through it for garbage took 200 ms each time
    gc.set_threshold(*GARBAGE)
    gc.enable()
    app.run()
    return 1 if app.return_code is None else app.return_code  # None: it ended, but nobody wanted it to
