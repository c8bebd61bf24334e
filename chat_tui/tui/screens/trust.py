"""The one question about a server that nobody knows yet: is this its key, or the user who runs it?"""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from chat_tui.client.errors import ClientError
from chat_tui.client.trust import UnknownServerError, UnknownUserError
from protocol.links import grouped


class TrustScreen(ModalScreen[str]):
    """Gives "" once the server is trusted, else why it is not; who does nothing in particular says no."""

    CSS_PATH = "dialogs.tcss"
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("ctrl+q,ctrl+c", "app.quit", "Quit", priority=True),
    ]

    def __init__(self, question: UnknownServerError) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay it out."""
        asked = self._question
        with VerticalScroll(classes="dialog", can_focus=False) as box:
            box.border_title = "Is this the right server?"
            box.border_subtitle = "Tab moves, Enter chooses, Esc cancels"
            # What a link and a certificate say is somebody else's text: `Content` takes no markup from it.
            if isinstance(asked, UnknownUserError):
                yield from _about_user(asked)
            else:
                yield from _about_key(asked)
            with Horizontal(id="answers"):
                yield Button("Cancel", id="cancel", variant="primary", compact=True)
                yield Button("Trust", id="trust", compact=True)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        problem = str(self._question)
        if event.button.id == "trust":
            try:
                self._question.accept()
                problem = ""
            except ClientError as error:
                problem = str(error)
        self.dismiss(problem)

    def action_cancel(self) -> None:
        """Don't."""
        self.dismiss(str(self._question))


def _about_key(asked: UnknownServerError) -> ComposeResult:
    digits = grouped(asked.pin)
    half = len(digits) // 2
    yield Static(
        Content.assemble(
            "You have not been to ",
            (asked.address, "bold"),
            f" before, and its certificate proves nothing: {asked.problem}. Its key is",
        )
    )
    yield Static(f"{digits[:half].rstrip()}\n{digits[half:].lstrip()}", id="fingerprint", markup=False)
    yield Static(
        Content.assemble(
            "Who runs the server can compare it with what ",
            ("chat-server pin", "bold"),
            " prints there. If it differs, somebody is listening in between.",
        )
    )


def _about_user(asked: UnknownUserError) -> ComposeResult:
    yield Static(
        Content.assemble(
            "You have not been to ",
            (asked.address, "bold"),
            " before. It is run by another user of this computer:",
        )
    )
    yield Static(asked.user, id="fingerprint", markup=False)
    yield Static(
        "That user's server learns what you say there, and any password you give it. Ask who runs the chat "
        "whether that is the user."
    )
