"""Who are you? Asked over the main screen when the server wants to know, until it does or one gives up."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, RadioSet, Static

from chat_tui.client.client import Client
from chat_tui.client.errors import LoginError
from chat_tui.client.identity import Attempt
from chat_tui.client.updates import Status
from chat_tui.tui.screens.choices import Choices, Option
from protocol import errors, limits
from protocol.names import BadNameError, check_user_name, fold
from protocol.passwords import BadPasswordError, check_password

_OF_REGISTERING = frozenset({errors.BAD_INVITE, errors.NAME_TAKEN, errors.BAD_PASSWORD})

_AT_FAULT = {errors.BAD_INVITE: "#invite", errors.NAME_TAKEN: "#name", errors.BAD_NAME: "#name"}
"""Which field an error is about; any other one is about the password."""


class LoginScreen(ModalScreen[None]):
    """Closes by itself once the client is in, on Esc before. Each status of the client comes to `hear`."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("enter", "go", "Go on", show=False),
        Binding("ctrl+q,ctrl+c", "app.quit", "Quit", priority=True),
    ]

    class NameChosen(Message):
        """The person is somebody else, and this is what they give."""

        def __init__(self, name: str, attempt: Attempt) -> None:
            super().__init__()
            self.name = name
            self.attempt = attempt

    def __init__(self, client: Client, question: LoginError) -> None:
        super().__init__()
        self._client = client
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay it out."""
        asked, who = self._question, self._client.identity
        registers = asked.code in _OF_REGISTERING or bool(who.invite)
        with Vertical(id="login", classes="dialog") as box:
            box.border_title = Content.assemble("Log in to ", self._client.endpoint.label)
            box.border_subtitle = "Enter goes on, Esc closes"
            yield Static(str(asked), id="problem", markup=False)
            with Horizontal(classes="field"):
                yield Label("Name")
                yield Input(who.name, max_length=limits.NAME, id="name", compact=True)
            with Horizontal(classes="field"):
                yield Label("Password")
                yield Input(password=True, max_length=limits.PASSWORD, id="password", compact=True)
            with Horizontal(classes="field registering"):
                yield Label("Once more")
                yield Input(password=True, max_length=limits.PASSWORD, id="again", compact=True)
            with Horizontal(classes="field registering invited"):
                yield Label("Invitation")
                yield Input(who.invite, id="invite", compact=True)
            with Choices(id="how", compact=True):
                yield Option("I have an account here", value=not registers)
                yield Option("I am new, make me one", value=registers)
            yield Button("Go on", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with what is missing."""
        entrance = self._question.entrance
        self.query_one("#how").display = entrance != "closed"
        self.set_class(entrance == "open" and not self._client.identity.invite, "-uninvited")
        self._show_fields()
        self._point_out(self._question.code)

    @property
    def _registers(self) -> bool:
        return self._question.entrance != "closed" and self.query_one(RadioSet).pressed_index == 1

    @on(RadioSet.Changed)
    def _show_fields(self) -> None:
        self.set_class(self._registers, "-registers")

    def _point_out(self, code: str) -> None:
        field = self.query_one(_AT_FAULT.get(code, "#password"), Input)
        if code == errors.BAD_LOGIN:
            field.clear()
        (field if field.display else self.query_one("#password", Input)).focus()

    @on(Input.Submitted)
    @on(Button.Pressed)
    def action_go(self) -> None:
        """Try what was given, if it can be right."""
        try:
            name = check_user_name(self._value("#name").strip())
        except BadNameError as error:
            self._complain(str(error), "#name")
            return
        password = self._value("#password")
        if self._registers:
            if not self._may_be_new(password):
                return
            attempt = Attempt(password, register=True, invite=self._value("#invite").strip())
        else:
            attempt = Attempt(password)
        self._say(f"logging in as {name} …")
        if fold(name) != fold(self._client.identity.name):
            self.post_message(self.NameChosen(name, attempt))
            return
        self._client.identity.use(attempt)
        self._client.reconnect()

    def _may_be_new(self, password: str) -> bool:
        try:
            check_password(password)
        except BadPasswordError as error:
            self._complain(str(error), "#password")
            return False
        if self._value("#again") != password:
            self._complain("the two passwords are not the same", "#again")
            return False
        return True

    def _value(self, field: str) -> str:
        return self.query_one(field, Input).value

    def _complain(self, text: str, field: str) -> None:
        self._say(text)
        self.query_one(field, Input).focus()

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(text)

    # --- what came of it

    def hear(self, status: Status) -> None:
        """The client is in another state now."""
        if status.phase == "online":
            self.dismiss()
        elif status.login is not None:
            self._question = status.login
            self._say(status.reason)
            self._point_out(status.login.code)
        elif status.phase != "connecting":
            self._say(f"not connected: {status.reason}")
