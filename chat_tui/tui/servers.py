"""The servers that are open side by side.

Each has a main screen, with all that belongs to it, in a mode of its own: Textual keeps a stack of screens
for each mode, so every server keeps its dialogs, its room, its draft and its place. One mode is in view. The
others hear from their servers as ever and draw nothing; what they have to show is a line on the one in view.
"""

from collections.abc import Callable
from functools import partial

from textual.app import App

from chat_tui import config, endpoints
from chat_tui.client.cache import Cache
from chat_tui.client.client import Client
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.client.identity import Attempt, Identity
from chat_tui.client.outbox import Outbox
from chat_tui.client.tokens import Tokens
from chat_tui.commands import connection_summary
from chat_tui.commands.keymap import Keymap
from chat_tui.config import ConfigError, Settings, fields, server_list
from chat_tui.config.fields import Value
from chat_tui.tui.redraw import redraw_soon
from chat_tui.tui.screens.main import MainScreen
from chat_tui.tui.terminal.control import Title
from protocol.links import LinkError


class Servers:
    """See the module. `screens` in the order in which people count them."""

    def __init__(self, app: App[None], chosen: Settings, keys: Keymap) -> None:
        self._app = app
        self._settings = chosen
        self._keys = keys
        self._modes: dict[MainScreen, str] = {}
        self._places: dict[MainScreen, str] = {}
        self._untried: dict[MainScreen, str] = {}  # remembered once they have answered
        self._opened = 0
        self._headlines: dict[MainScreen, tuple[object, ...]] = {}
        self.screens: list[MainScreen] = []
        self.title = Title(app)

    @property
    def clients(self) -> list[Client]:
        """Those of all servers."""
        return [screen.client for screen in self.screens]

    @property
    def in_view(self) -> MainScreen | None:
        """The one that is shown, be it below a dialog."""
        return next((screen for screen in self.screens if screen.in_view), None)

    # --- opening and going

    def open(
        self, place: str, name: str, endpoint: Endpoint | None = None, attempt: Attempt | None = None
    ) -> MainScreen:
        """Open the server at `place` (`endpoint` overrides where to connect) and show it.

        With an `attempt` the name is that of somebody who was asked who they are. Raises `ClientError`.
        """
        found = endpoints.endpoint(place)
        endpoint = endpoint or found
        tokens = Tokens(config.tokens_folder())
        name = name if attempt is not None else tokens.name_of(endpoint.label, name)
        who = Identity(endpoint.label, name, tokens)
        outbox = Outbox(config.outbox_file(), endpoint.label, who.name)
        cache = Cache(config.cache_file(endpoint.label, who.name))
        if attempt is not None:
            who.use(attempt)
        screen = MainScreen(endpoint, who, outbox, cache, self._settings, self, self._keys, found.room)
        self._opened += 1
        self._places[screen] = place
        self._modes[screen] = f"server {self._opened}"
        self._app.add_mode(self._modes[screen], lambda: screen)
        self.screens.append(screen)
        self._app.switch_mode(self._modes[screen])
        return screen

    def show(self, screen: MainScreen) -> None:
        """Bring a server's screen into view, with whatever it wanted to ask meanwhile."""
        before = self.in_view
        if before is not screen:
            if before is not None:
                before.client.company.typing.stopped()
            self._app.switch_mode(self._modes[screen])
            screen.came_into_view()

    def show_client(self, client: Client) -> None:
        """The same, for who knows the client only."""
        self.show(self.screen_of(client))

    def enter(self, label: str, room: str) -> None:
        """Go to a room on the server that is called so, if it is open still."""
        screen = self.at(label)
        if screen is not None:
            self.show(screen)
            screen.enter(room)

    def connect(self, place: str) -> None:
        """Open a server beside the others, which is remembered once it has answered: an address may be
        mistyped. Go there if it is open. Raises `ClientError`."""
        try:
            found = endpoints.endpoint(place)
        except LinkError as error:
            raise ClientError(str(error)) from error
        there = self.at(found.label)
        if there is not None:
            self.show(there)
            there.panes.tell(f"You are on {found.label} as {there.client.name} already.")
            if found.room:
                there.enter(found.room)
            return
        screen = self.open(place, config.load().name or self.screens[0].client.name)
        self._untried[screen] = found.place
        screen.accounts.advice = "If the address is wrong: /disconnect gives it up; it is not remembered yet."

    def answered(self, client: Client) -> None:
        """The server of this client is there."""
        screen = self.screen_of(client)
        if (place := self._untried.pop(screen, None)) is not None:
            _remember(screen, partial(server_list.add, place))

    def at(self, label: str) -> MainScreen | None:
        """The one that is called so, if it is open: two accounts on one server would have one name here."""
        names = ((screen, screen.client) for screen in self.screens)
        return next(
            (screen for screen, on in names if label in (on.endpoint.label, connection_summary.name(on))),
            None,
        )

    def is_open(self, place: str) -> bool:
        """Whether the server at this place is."""
        return self.at(endpoints.endpoint(place).label) is not None

    def named(self, screen: MainScreen, name: str) -> None:
        """Remember who one is on a server beside the first one. Raises `ConfigError`."""
        server_list.add(endpoints.endpoint(self._places[screen]).place, name)

    # --- leaving

    def disconnect(self, client: Client) -> None:
        """Close a server and forget where it is. Raises `ClientError` if there is no other."""
        screen = self.screen_of(client)
        if len(self.screens) == 1:
            raise ClientError("This is your only server: /connect opens another one, /quit ends the program.")
        left = self.screens[self.screens.index(screen) - 1]
        self.close(screen, left)
        shown = self.in_view or left
        shown.panes.tell(f"You have left {client.endpoint.label}. Unsent messages are kept for it.")
        place = self._places[screen]
        _remember(shown, lambda: server_list.forget(place))

    def close(self, screen: MainScreen, left: MainScreen) -> None:
        """Close a server's screen; `left` comes into view if it was the one there."""
        self.screens.remove(screen)
        self._headlines.pop(screen, None)
        self._untried.pop(screen, None)
        if screen.in_view:
            self.show(left)
        redraw_soon(left)
        self._app.run_worker(self._take_down(screen))

    async def _take_down(self, screen: MainScreen) -> None:
        await screen.say_goodbye()  # first, for nothing else goes on while a screen is taken down
        self._app.remove_mode(self._modes.pop(screen))
        del self._places[screen]

    def replace(self, screen: MainScreen, name: str, attempt: Attempt) -> MainScreen:
        """It is somebody else who is there: with a cache, an outbox and a login of their own."""
        at = self.screens.index(screen)
        other = self.open(self._places[screen], name, screen.client.endpoint, attempt)
        self.screens.remove(other)
        self.screens.insert(at, other)
        self.close(screen, other)
        return other

    def say_goodbye(self) -> None:
        """The program ends: leave all servers at once, so that it takes no longer than leaving one."""
        for screen in self.screens:
            screen.say_goodbye()

    def forget_screen(self, screen: MainScreen) -> None:
        """A screen was taken down; after the last one the terminal gets its own title back."""
        if screen in self.screens and len(self.screens) == 1:
            self.title.restore()
        self.screens = [one for one in self.screens if one is not screen]

    # --- what is new

    def use_settings(self, changes: dict[str, Value]) -> None:
        """The settings are others now, for all servers."""
        self._settings = fields.changed(self._settings, changes)
        for screen in self.screens:
            screen.use_settings(changes)

    def touched(self) -> None:
        """Somebody has touched a key or the mouse: they are there, for all servers."""
        for screen in self.screens:
            screen.client.company.idling.touched()

    def note_news(self, screen: MainScreen) -> None:
        """Something is new on a server that is not in view."""
        shown, headline = self.in_view, connection_summary.headline(screen.client)
        if shown is not None and self._headlines.get(screen) != headline:
            self._headlines[screen] = headline
            redraw_soon(shown)

    def screen_of(self, client: Client) -> MainScreen:
        """The one with this client."""
        return next(screen for screen in self.screens if screen.client is client)


def _remember(screen: MainScreen, remember: Callable[[], None]) -> None:
    try:
        remember()
    except ConfigError as error:
        screen.panes.complain(str(error))
