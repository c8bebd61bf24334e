"""The first start: who are you, and where is the chat?"""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Button, Input, Label, RadioButton, RadioSet, Static

from chat_tui import config
from chat_tui.config.first_run import Choice
from chat_tui.tui.screens.choices import Choices, Option
from protocol import limits, links
from protocol.names import BadNameError, check_user_name


class FirstRun(Screen[Choice]):
    """Enter in any field goes on; what is wrong is said below the fields."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "app.quit", "Quit", priority=True),
        Binding("enter", "go", "Start", show=False),
    ]

    def __init__(self, name: str, server: str) -> None:
        """Fill the fields in with these; no server means the chat on this computer."""
        super().__init__()
        self._name = name
        self._server = "" if server == config.LOCAL else server

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="first-run", classes="dialog") as box:
            box.border_title = "Welcome to chat-tui"
            box.border_subtitle = "Tab moves, Enter goes on, Ctrl+Q quits"
            yield Label("Your name")
            yield Input(self._name, max_length=limits.NAME, id="name", compact=True)
            yield Label("Where do you want to chat?", classes="question")
            with Choices(id="where", compact=True):
                yield Option("on this computer", value=not self._server)
                yield Option("join a server at", value=bool(self._server))
            yield Input(self._server, placeholder="host:port, or a chat:// link", id="server", compact=True)
            yield Static("", id="problem", markup=False)
            yield Button("Start", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#name", Input).focus()

    @on(Input.Changed, "#server")
    def _typed_server(self, event: Input.Changed) -> None:
        if event.value:
            self.query_one("#where", RadioSet).query(RadioButton).last().value = True

    @on(Input.Submitted)
    @on(Button.Pressed)
    def action_go(self) -> None:
        """Take the choices, if they can work."""
        name = self.query_one("#name", Input)
        server = self.query_one("#server", Input)
        local = self.query_one("#where", RadioSet).pressed_index == 0
        try:
            chosen = check_user_name(name.value.strip())
        except BadNameError as error:
            self._complain(str(error), name)
            return
        try:
            if not local:
                links.parse(server.value)
        except links.LinkError as error:
            self._complain(str(error), server)
            return
        self.dismiss(Choice(chosen, config.LOCAL if local else server.value))

    def _complain(self, text: str, field: Input) -> None:
        self.query_one("#problem", Static).update(text)
        field.focus()
