"""Writing: the composer's own keys, and what is done with what is being written."""

from typing import TYPE_CHECKING

from chat_tui.client.client import Client
from chat_tui.client.room import Room
from chat_tui.commands.messages import refused_in
from chat_tui.commands.registry import command, key
from chat_tui.commands.targets import SOME_ROOM, TEXT
from protocol import frames

if TYPE_CHECKING:
    from chat_tui.tui.widgets.composer.compose_area import ComposeArea

key("send", "Send the message or run the command.", "Writing", keys=("enter",), composer=True)
key(
    "newline",
    "Start a new line in the message.",
    "Writing",
    keys=("shift+enter", "alt+enter", "ctrl+j"),
    composer=True,
)
key(
    "complete",
    "Complete a command, a room, a name or an emoji; again for the next one.",
    "Writing",
    keys=("tab",),
    composer=True,
)
key("complete_back", "The same, backwards.", "Writing", keys=("shift+tab",), composer=True)
key(
    "input_previous",
    "Previous message from your history (on the first line).",
    "Writing",
    keys=("up", "ctrl+up"),
    composer=True,
)
key(
    "input_next",
    "Next message from your history (on the last line).",
    "Writing",
    keys=("down", "ctrl+down"),
    composer=True,
)
key(
    "escape",
    "Go back to the newest message; the `new` line disappears.",
    "Writing",
    keys=("escape",),
    composer=True,
)


@command("editor", "Write the message in your own editor, $VISUAL or $EDITOR.", "Writing", keys=("ctrl+g",))
async def editor(compose: "ComposeArea") -> None:
    await compose.edit_in_editor()


@command("me", "Say what you are doing.", "Writing", arguments=(TEXT,), example="/me waves")
def me(client: Client, here: Room, compose: "ComposeArea", text: str) -> None:
    client.say(here.name, text, frames.ACTION, compose.answering)


@command(
    "discard",
    "Discard the messages that the server refused in this room.",
    "Writing",
    arguments=(SOME_ROOM,),
)
def discard(client: Client, current: Room | None, compose: "ComposeArea", room: str) -> str:
    given_up = client.sender.discard(refused_in(client, current, room))
    if not given_up:
        return "Nothing has failed here"
    # The last one comes back into the composer, so nothing is lost by mistake.
    texts = [entry.text for entry in given_up if entry.kind in (*frames.SPOKEN, frames.EDIT)]
    if texts:
        compose.composer.put(texts[-1])
    return f"Discarded {len(given_up)}" + ("; the last text is in the input line" if texts else "")
