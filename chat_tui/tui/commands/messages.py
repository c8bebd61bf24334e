"""A selected message, or the newest one: editing, answering, reacting, deleting, copying."""

from typing import TYPE_CHECKING, Final

from chat_tui.client.changes import message, newest
from chat_tui.client.changes import reactions as reactions_to
from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.registry import Argument, command, key
from chat_tui.commands.targets import SOME_TEXT, emoji_called
from protocol.text import clean_line

if TYPE_CHECKING:
    from chat_tui.tui.widgets.composer.compose_area import ComposeArea
    from chat_tui.tui.widgets.room_panes import RoomPanes

AREA: Final = "A selected message"


@command("select", "Select a message to act on; again for the one before.", AREA, keys=("f4",))
def select(here: Room, compose: "ComposeArea") -> None:  # noqa: ARG001  # where one is in no room there is none
    compose.select_message()


key(
    "select_up",
    "The same, from the first line of the input.",
    AREA,
    keys=("shift+up",),
    composer=True,
)
key("message_up", "Select the previous message.", AREA, on_message=("up", "k", "shift+up"))
key("message_down", "Select the next message.", AREA, on_message=("down", "j"))
key("deselect", "Clear the selection.", AREA, on_message=("escape", "enter"))


@command(
    "edit",
    "Edit the selected message, or your last one; without a text, in the input line.",
    AREA,
    arguments=(SOME_TEXT,),
    on_message=("e",),
    example="/edit Lunch at 13, not 12",
)
def edit(
    client: Client, here: Room, panes: "RoomPanes", compose: "ComposeArea", keys: Keymap, text: str
) -> None:
    seq = _selected(here, panes, keys, mine=True)
    if text:
        client.changes.edit(here, seq, text)
        compose.cancel()
    else:
        compose.begin("edit", seq)


@command(
    "reply",
    "Reply to the selected message, or to the newest one by somebody else.",
    AREA,
    arguments=(SOME_TEXT,),
    on_message=("r",),
    example="/reply Agreed!",
)
def reply(
    client: Client, here: Room, panes: "RoomPanes", compose: "ComposeArea", keys: Keymap, text: str
) -> None:
    seq = _selected(here, panes, keys, mine=False)
    if text:
        client.say(here.name, text, reply=seq)
        compose.cancel()
    else:
        compose.begin("reply", seq)


@command(
    "react",
    "React to the selected message, or to the newest one; again takes it back.",
    AREA,
    arguments=(Argument("emoji", optional=True, completes="emoji"),),
    on_message=("plus",),
    example="/react :thumbsup:",
)
def react(
    client: Client, here: Room, panes: "RoomPanes", compose: "ComposeArea", keys: Keymap, emoji: str
) -> None:
    seq = _selected(here, panes, keys)
    if emoji:
        client.changes.toggle(here, seq, emoji_called(emoji))
        compose.cancel()
    else:
        compose.begin("react", seq)


@command("reactions", "Show who reacted to the selected message, or to the last one that has any.", AREA)
def reactions(here: Room, panes: "RoomPanes") -> str:
    selected = panes.messages.selected
    for seq in [selected] if selected is not None else [event.seq for event in reversed(here.events)]:
        about, found = message(here, seq), reactions_to(here, seq)
        if about is not None and found:
            lines = (f"{emoji} {', '.join(names)}" for emoji, names in found.items())
            return f"To {about.sender}: {clean_line(about.text, 40)}\n" + "\n".join(lines)
    raise ClientError(f"Nobody has reacted {'here yet' if selected is None else 'to that'}")


@command(
    "delete",
    "Delete the selected message, or your last one, for good.",
    AREA,
    aliases=("redact",),
    on_message=("d",),
)
def delete(here: Room, panes: "RoomPanes", compose: "ComposeArea", keys: Keymap) -> None:
    compose.ask_to_delete(_selected(here, panes, keys, mine=True))


@command("copy", "Copy the text of the selected message, or of the newest one.", AREA, on_message=("c", "y"))
def copy(here: Room, panes: "RoomPanes", compose: "ComposeArea", keys: Keymap) -> None:
    found = message(here, _selected(here, panes, keys))
    if found is not None:
        panes.app.copy_to_clipboard(found.text)
    compose.cancel()


def _selected(here: Room, panes: "RoomPanes", keys: Keymap, *, mine: bool | None = None) -> int:
    """The selected message, or the newest: of one's own, or not, or whosever. Raises `ClientError`."""
    if panes.messages.selected is not None:
        return panes.messages.selected
    found = newest(here, mine=mine)
    if found is None:
        whose = {True: " of yours", False: " by somebody else", None: ""}[mine]
        select_key = keys.first("select") or "/select"
        raise ClientError(f"There is no message{whose} here. {select_key} or a click selects one.")
    return found.seq
