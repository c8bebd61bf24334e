"""What the main screen does about who the person is, and who the server: it asks, and remembers.

A part of the main screen, in a module of its own; knows the client's status and the dialogs.
"""

from textual.message import Message

from chat_tui import config
from chat_tui.client.updates import Status
from chat_tui.tui.screens.login import LoginScreen
from chat_tui.tui.screens.password import Change, PasswordScreen
from chat_tui.tui.screens.server_switching import Neighbours
from chat_tui.tui.screens.trust import TrustScreen


class AccountDialogs(Neighbours):
    """See the module."""

    _remembered_name: str
    _asked: Status | None = None
    _answered = _unanswered = False
    advice = ""
    """What to do if nothing is heard of the server."""

    class Answered(Message):
        """The server of this screen is there: it let us in, or asks who we are."""

        def __init__(self, screen: "AccountDialogs") -> None:
            super().__init__()
            self.screen = screen

    def _look_for_answer(self, status: Status) -> None:
        """Say why there is nothing to see yet, once, and tell the app when the server has answered."""
        if self._answered:
            return
        if status.phase == "online" or status.login is not None:
            self._answered = True
            self.post_message(self.Answered(self))
        elif status.phase == "waiting" and not self._unanswered and self.current is None:
            self._unanswered = True
            again = "It is tried again by itself; /reconnect does so at once."
            self.mention(" ".join((f"Not connected: {status.reason}.", again, self.advice)).rstrip(), "error")
        elif status.phase == "stopped" and status.question is None and self.advice:
            self.mention(self.advice)

    def _account_status(self, status: Status) -> None:
        if self._remembered_name != self.client.name:
            self._rename(self._remembered_name)
        problem, self.client.identity.problem = self.client.identity.problem, ""
        if problem:
            self.complain(f"{problem}. The next time you will be asked who you are.")
        if not self.in_view or status is self._asked:
            return  # it is asked once one comes here, and not again each time
        self._asked = status
        if isinstance(self.app.screen, LoginScreen):
            self.app.screen.hear(status)
        elif status.login is not None:
            self.app.push_screen(LoginScreen(self.client, status.login))
        elif status.question is not None:
            self.app.push_screen(TrustScreen(status.question), self._trusted)

    def _trusted(self, problem: str | None) -> None:
        if problem:
            self.complain(problem)
        else:
            self.client.reconnect()

    def _rename(self, before: str) -> None:
        """The user has another name, given here or elsewhere: the settings follow if they had the old one.

        Not where there are several servers: on the others it is their name still.
        """
        self._remembered_name = self.client.name
        if self.called:
            return
        try:
            if config.load().name in ("", before):
                config.remember(name=self.client.name)
        except config.ConfigError as error:
            self.complain(str(error))

    async def ask_password(self, title: str, text: str, change: Change, *, old: bool) -> bool:
        """See `View`."""
        changed = await self.app.push_screen_wait(PasswordScreen(title, text, change, old=old))
        return bool(changed)
