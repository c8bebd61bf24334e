"""What every part of the main screen may count on in the others.

The main screen is put together from parts, each in a module of its own: what it does about looks, about
searching, about a second room … A part knows the others by what stands here and by nothing else. `Part` is
the last base of them all, so whichever part does a thing comes before the promise of it here.
"""

from typing import Literal

from textual.screen import Screen

from chat_tui.client.client import Client
from chat_tui.client.room import Room
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.parser import Call
from chat_tui.commands.suggestions import Around
from chat_tui.config import Settings
from chat_tui.timeline.timelines import Timelines
from chat_tui.tui.widgets.composer.composer import Composer
from chat_tui.tui.widgets.log.message_log import MessageLog
from chat_tui.tui.widgets.panes.pane import Pane


class Part(Screen[None]):
    """See the module. `_room` is the room in view, `_log` its log, `_both` are the panes for two."""

    client: Client
    keys: Keymap
    around: Around
    _settings: Settings
    _timelines: Timelines
    _composer: Composer
    _log: MessageLog
    _both: tuple[Pane, Pane]
    _room: str | None

    @property
    def current(self) -> Room | None:
        """See `View`."""
        raise NotImplementedError

    def tell(self, text: str) -> None:
        """See `View`."""
        raise NotImplementedError

    def mention(self, text: str, kind: Literal["info", "error"] = "info") -> None:
        """Say something that nobody has asked for: who reads further up stays there."""
        raise NotImplementedError

    def complain(self, text: str) -> None:
        """Show what went wrong, where the person is looking."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw what is shown anew, soon."""
        raise NotImplementedError

    def open_room(self, name: str) -> None:
        """See `View`."""
        raise NotImplementedError

    def themes(self) -> list[str]:
        """See `View`."""
        raise NotImplementedError

    @property
    def _looking(self) -> bool:
        """Whether the person has this screen before their eyes."""
        raise NotImplementedError

    def _do(self, call: Call) -> object:
        """Carry a command out."""
        raise NotImplementedError

    def _escaped(self) -> None:
        """Go back to the newest message; the mark of what is new goes."""
        raise NotImplementedError

    def _keep_draft(self) -> None:
        """Write what is in the composer to the disk, if that has changed."""
        raise NotImplementedError

    def _order(self) -> list[str]:
        """The rooms in the order of their list."""
        raise NotImplementedError

    def _title_of(self, name: str) -> str:
        """What people call a room."""
        raise NotImplementedError
