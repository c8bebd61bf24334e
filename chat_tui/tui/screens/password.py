"""A new password: asked for here and nowhere else, so that none gets into a line that is sent or kept."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from chat_tui.client.errors import ClientError
from protocol import limits
from protocol.passwords import BadPasswordError, check_password

Change = Callable[[str, str], Awaitable[None]]
"""Given the old password and the new one, makes it so. Raises `ClientError`."""


class PasswordScreen(ModalScreen[bool]):
    """Gives whether there is a new password now; what is wrong is said here, and asked again."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("ctrl+q,ctrl+c", "app.quit", "Quit", priority=True),
    ]

    def __init__(self, title: str, text: str, change: Change, *, old: bool) -> None:
        """`old`: there is a password already, to be given as well."""
        super().__init__()
        self._title = title
        self._text = text
        self._change = change
        self._old = old

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="new-password", classes="dialog") as box:
            box.border_title = self._title
            box.border_subtitle = "Enter goes on, Esc cancels"
            yield Static(self._text, id="problem", markup=False)
            fields = [("Old password", "old")] if self._old else []
            for label, name in (*fields, ("New password", "new"), ("Once more", "again")):
                with Horizontal(classes="field"):
                    yield Label(label)
                    yield Input(password=True, max_length=limits.PASSWORD, id=name, compact=True)
            yield Button("Go on", variant="primary", compact=True)

    @on(Input.Submitted)
    @on(Button.Pressed)
    def _go(self) -> None:
        new = self.query_one("#new", Input)
        try:
            check_password(new.value)
        except BadPasswordError as error:
            self._complain(str(error), new)
            return
        again = self.query_one("#again", Input)
        if again.value != new.value:
            self._complain("the two passwords are not the same", again)
            return
        self._try(self.query_one("#old", Input).value if self._old else "", new.value)

    @work(exclusive=True)
    async def _try(self, old: str, new: str) -> None:
        try:
            await self._change(old, new)
        except ClientError as error:
            self._complain(str(error), self.query_one("#old" if self._old else "#new", Input))
        else:
            self.dismiss(True)  # noqa: FBT003  # Textual's signature

    def _complain(self, text: str, field: Input) -> None:
        self.query_one("#problem", Static).update(text)
        field.focus()

    def action_cancel(self) -> None:
        """Leave it as it is."""
        self.dismiss(False)  # noqa: FBT003  # Textual's signature
