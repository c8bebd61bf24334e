"""Who the person is, and who the server: asks what the client needs to know, and remembers the answer.

Knows the client's status and the dialogs.
"""

from collections.abc import Callable

from textual.message import Message
from textual.screen import Screen

from chat_tui import config
from chat_tui.client.client import Client
from chat_tui.client.updates import Status
from chat_tui.tui.screens.login import LoginScreen
from chat_tui.tui.screens.password import PasswordScreen
from chat_tui.tui.screens.trust import TrustScreen
from chat_tui.tui.widgets.room_panes import RoomPanes
from protocol import frames


class ServerAnswered(Message):
    """The server of this client is there: it let us in, or asks who we are."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client


class AccountDialogs:
    """The dialogs of one server's screen. `is_alone`: there is no other server, so the settings' name is this
    one's. `advice` says what to do if nothing is heard of the server."""

    def __init__(
        self, screen: Screen[None], client: Client, panes: RoomPanes, is_alone: Callable[[], bool]
    ) -> None:
        self._screen = screen
        self._client = client
        self._panes = panes
        self._is_alone = is_alone
        self._remembered_name = client.name
        self._asked: Status | None = None
        self._answered = self._unanswered = False
        self.advice = ""

    def look_for_answer(self, status: Status) -> None:
        """Say why there is nothing to see yet, once, and tell the app when the server has answered."""
        if self._answered:
            return
        if status.phase == "online" or status.login is not None:
            self._answered = True
            self._screen.post_message(ServerAnswered(self._client))
        elif status.phase == "waiting" and not self._unanswered and self._panes.current is None:
            self._unanswered = True
            again = "It is tried again by itself; /reconnect does so at once."
            text = " ".join((f"Not connected: {status.reason}.", again, self.advice)).rstrip()
            self._panes.mention(text, "error")
        elif status.phase == "stopped" and status.question is None and self.advice:
            self._panes.mention(self.advice)

    def ask_if_needed(self, status: Status, *, in_view: bool) -> None:
        """Ask what the client needs to know to go on, once one is on its screen."""
        if self._remembered_name != self._client.name:
            self._rename(self._remembered_name)
        problem, self._client.identity.problem = self._client.identity.problem, ""
        if problem:
            self._panes.complain(f"{problem}. The next time you will be asked who you are.")
        if not in_view or status is self._asked:
            return  # it is asked once one comes here, and not again each time
        self._asked = status
        app = self._screen.app
        if isinstance(app.screen, LoginScreen):
            app.screen.hear(status)
        elif status.login is not None:
            app.push_screen(LoginScreen(self._client, status.login))
        elif status.question is not None:
            app.push_screen(TrustScreen(status.question), self._trusted)

    def _trusted(self, problem: str | None) -> None:
        if problem:
            self._panes.complain(problem)
        else:
            self._client.reconnect()

    def _rename(self, before: str) -> None:
        """The user has another name, given here or elsewhere: the settings follow if they had the old one.

        Not where there are several servers: on the others it is their name still.
        """
        self._remembered_name = self._client.name
        if not self._is_alone():
            return
        try:
            if config.load().name in ("", before):
                config.remember(name=self._client.name)
        except config.ConfigError as error:
            self._panes.complain(str(error))

    async def ask_password(self, title: str, text: str, *, old: bool) -> bool:
        """Ask for a new password, and for the `old` one, until the server takes it. Whether it did."""
        dialog = PasswordScreen(title, text, self._change_password, old=old)
        changed = await self._screen.app.push_screen_wait(dialog)
        return bool(changed)

    async def _change_password(self, old: str, new: str) -> None:
        await self._client.ask(frames.ChangePassword(1, new, old))
        self._client.identity.registered = True
