"""The one question about a server that nobody knows yet: is this its key?"""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from chat_tui.client.trust import UnknownServerError
from protocol.links import grouped


class TrustScreen(ModalScreen[bool]):
    """Gives whether the person trusts the server; who does nothing in particular does not."""

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
        digits = grouped(asked.pin)
        half = len(digits) // 2
        with Vertical(id="trust", classes="dialog") as box:
            box.border_title = "Is this the right server?"
            box.border_subtitle = "Tab moves, Enter chooses, Esc cancels"
            # A name in a link is somebody else's text.
            yield Static(
                Content.assemble(
                    "You have not been to ",
                    (asked.address, "bold"),
                    " before, and its certificate proves nothing: ",
                    asked.problem,
                    ". Its key has the fingerprint",
                )
            )
            yield Static(Content(f"{digits[:half].strip()}\n{digits[half:].strip()}"), id="fingerprint")
            yield Static(
                "Whoever runs the server sees the same with `chat-server pin`. Ask them, not in this chat: "
                "if it differs, somebody listens in between.",
                markup=False,
            )
            with Horizontal(id="answers"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Trust", id="trust-it", variant="warning", compact=True)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "trust-it")

    def action_cancel(self) -> None:
        """Don't."""
        self.dismiss(False)  # noqa: FBT003  # Textual's signature
