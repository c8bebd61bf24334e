"""How a part of the screen says that what it shows is out of date."""

from textual.message import Message
from textual.widget import Widget


class RedrawWanted(Message):
    """The screen draws its panes again, once per frame however often it is asked."""


def redraw_soon(widget: Widget) -> None:
    """Ask for it. Whoever calls a widget is taken for the sender, and no message goes to its sender."""
    widget.post_message(RedrawWanted().set_sender(widget))
