"""What all actions have: the client, and of the screen only what `View` says."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands.keymap import Keymap
from chat_tui.config import Settings
from chat_tui.config.fields import Value
from protocol.names import BadNameError, check_room_name, fold


class View(Protocol):
    """What commands need of the screen."""

    @property
    def current(self) -> Room | None:
        """The room in view."""

    def tell(self, text: str) -> None:
        """Show some lines in the log, to this person only."""

    def open_room(self, name: str) -> None:
        """Bring a room into view."""

    def step_room(self, step: int) -> None:
        """Bring the room that many places further down the list into view."""

    def go_where_wanted(self) -> None:
        """Bring the room into view that wants the person most."""

    def room_at(self, number: int) -> str | None:
        """The name of the room at that place of the list, counted from 1."""

    def choose_room(self) -> None:
        """Let the person choose a room."""

    def split(self, name: str) -> None:
        """Show this room beside the one in view; "" closes that again, or chooses one itself."""

    def go_beside(self) -> None:
        """Go to the room beside the one in view. Raises `ClientError` if there is none."""

    @property
    def clients(self) -> Sequence[Client]:
        """Those of all servers that are open."""

    def show_server(self, client: Client) -> None:
        """Bring that server's rooms into view."""

    def connect(self, place: str) -> None:
        """Open the server at this place, or go there, and remember it. Raises `ClientError`."""

    def disconnect(self, client: Client) -> None:
        """Close that server and forget its place. Raises `ClientError` if it is the only one."""

    def search(self, text: str) -> None:
        """Let the person search, beginning with this text if there is any."""

    def step_hit(self, step: int) -> None:
        """Go that many further among what was found. Raises `ClientError`."""

    def show_help(self) -> None:
        """Show all commands and keys."""

    def clear(self) -> None:
        """Empty the log in view."""

    def draw_anew(self) -> None:
        """Send the terminal the whole screen."""

    def flip(self, pane: str) -> None:
        """Show or hide a side pane: `rooms` or `people`."""

    def themes(self) -> list[str]:
        """The themes there are, the one in use first."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    def set_settings(self, **changes: Value) -> None:
        """Use these from now on, and remember them."""

    def show_settings(self) -> None:
        """Let the person change the settings."""

    @property
    def keys(self) -> Keymap:
        """The keys in force."""

    def flip_bare(self) -> None:
        """Show the bare messages, or all again."""

    @property
    def chosen(self) -> int | None:
        """The message that was chosen in the room in view, by its `seq`."""

    def choose_message(self) -> None:
        """Choose the lowest message in view, or the one before that which is chosen."""

    @property
    def answering(self) -> int | None:
        """The message that is being answered, by its `seq`."""

    def ask_to_delete(self, seq: int) -> None:
        """Delete this message if the person says once more that it shall be. Raises `ClientError`."""

    def choose_none(self) -> None:
        """What was chosen has been dealt with."""

    def write(self, what: str, seq: int) -> None:
        """Let the person write what a message says now (`edit`), a `reply`, or with what they `react`."""

    def copy(self, text: str) -> None:
        """Put text into the clipboard."""

    def set_draft(self, text: str) -> None:
        """Put text into the composer."""

    async def edit_draft(self) -> None:
        """Let the person write on in their own editor. Raises `ClientError`."""

    async def ask_password(
        self, title: str, text: str, change: Callable[[str, str], Awaitable[None]], *, old: bool
    ) -> bool:
        """Ask for a new password, and for the `old` one; give both to `change`, until it raises nothing.

        Returns whether it came to that.
        """

    def quit(self) -> None:
        """End the program."""


class Base:
    """What an area of commands is built on."""

    def __init__(self, client: Client, view: View) -> None:
        self._client = client
        self._view = view

    def _here(self) -> Room:
        room = self._view.current
        if room is None:
            raise ClientError("You are in no room. /join #name enters one, /rooms lists them.")
        return room

    def _named(self, text: str) -> str:
        """The name of the room that a person means: `#room`, or `@name` for a direct one that there is."""
        if not text.startswith("@"):
            return room_name(text)
        rooms = self._client.rooms.values()
        found = next((room for room in rooms if room.direct and fold(room.title) == fold(text)), None)
        if found is None:
            raise ClientError(f"You have no room with {text}. /msg {text} opens one.")
        return found.name


def room_name(text: str) -> str:
    """What a person typed, as a room's name. Raises `ClientError`."""
    try:
        return check_room_name(text)
    except BadNameError as error:
        raise ClientError(f"{text} can't be a room: {error}") from error


def person(name: str) -> str:
    """A name as typed: completion may have put an `@` before it."""
    return name.removeprefix("@") or name
