"""The Textual application: from the settings to the first screen, and out again."""

import getpass
import os
import sys
from typing import ClassVar

from rich.console import RenderableType
from textual import events, on
from textual.app import App
from textual.binding import BindingType

from chat_tui import clipboard, config, endpoints, remembered, terminal, themes
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.config import Settings
from chat_tui.screens.first_run import Choice, FirstRun
from chat_tui.screens.login import LoginScreen
from chat_tui.screens.servers import Servers
from protocol.links import LinkError
from protocol.names import BadNameError, check_user_name

_TOUCHES = (events.Key, events.Paste, events.MouseDown, events.MouseScrollUp, events.MouseScrollDown)


class ChatApp(App[None]):
    """Opens the main screen for `name` at `endpoint`; without them, the first-run screen asks."""

    TITLE = "chat-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

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
        super().__init__()
        self._settings = settings
        self._keep = keep
        self._given = Choice(name, server)
        self._endpoint = endpoint
        self._servers = Servers(self, settings)
        for theme in themes.OURS:
            self.register_theme(theme)
        self.theme = settings.theme if settings.theme in self.available_themes else themes.DEFAULT

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
            terminal.write_through(self, sequence)
            self.notify(f"Copied {size}: handed to the terminal, which may or may not take it", timeout=3)
        else:
            self.notify(f"{size} are more than terminals copy: select less", severity="error")

    def on_mount(self) -> None:
        """Choose the first screen."""
        terminal.on_end(lambda status: self.exit(return_code=status))
        name = self._given.name or self._settings.name
        server = self._given.server or self._settings.server
        if name:
            self._open(Choice(name, server or config.LOCAL))
        else:
            self.push_screen(FirstRun(_login_name(), server), self._chosen)

    async def on_event(self, event: events.Event) -> None:
        """Note that somebody is there, whatever screen gets it."""
        if isinstance(event, _TOUCHES):
            self._servers.touched()
        await super().on_event(event)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End, and leave all servers."""
        self._servers.say_goodbye()
        super().exit(result, return_code, message)

    def _chosen(self, choice: Choice | None) -> None:
        if choice is not None:
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
            self.call_later(screen.complain, str(error))
        except ClientError as error:
            self.exit(return_code=1, message=f"chat-tui: {error}")

    def _open(self, choice: Choice) -> None:
        """Open the first server, then those that are remembered beside it, unless one alone was asked for."""
        problem = ""
        try:
            if not self._settings.name:
                config.remember(name=choice.name, server=endpoints.endpoint(choice.server).place)
            elif self._keep:
                remembered.first(endpoints.endpoint(choice.server).place)
        except config.ConfigError as error:
            problem = str(error)
        try:
            main = self._servers.open(choice.server, choice.name, self._endpoint)
            if self._keep or not self._given.server:
                self._open_others(choice.name)
        except ClientError as error:
            self.exit(return_code=1, message=f"chat-tui: {error}")
            return
        self._servers.show(main)
        if problem:
            self.call_later(main.complain, problem)

    def _open_others(self, name: str) -> None:
        places = [*remembered.beside(self._settings)]
        if self._keep and self._settings.server not in ("", config.LOCAL):
            places.insert(0, config.Place(self._settings.server))
        for one in places:
            if not self._servers.is_open(one.place):
                self._servers.open(one.place, one.name or name)


def _login_name() -> str:
    """The name of this computer's user, if others may be called that too."""
    try:
        return check_user_name(getpass.getuser())
    except (BadNameError, OSError, KeyError):
        return ""


def run(settings: Settings, name: str, server: str, *, keep: bool = False) -> int:
    """Open the screen and stay until the person leaves; returns the exit status. See `ChatApp`."""
    try:
        if name:
            check_user_name(name)
        for place in (server or settings.server, *(one.place for one in remembered.beside(settings))):
            endpoints.endpoint(place)
    except (BadNameError, LinkError) as error:
        print(f"chat-tui: {error}", file=sys.stderr)
        return 2
    terminal.take_alt_keys()
    app = ChatApp(settings, name=name, server=server, keep=keep)
    app.run()
    return app.return_code or 0
