"""Messages: to one person alone, and those that the server refused."""

from chat_tui.client.client import Client
from chat_tui.client.room import Room
from chat_tui.commands.registry import Argument, command
from chat_tui.commands.targets import NAME, SOME_ROOM, joined, room_called, user_name
from protocol.names import fold


@command(
    "msg",
    "Send a direct message to somebody, online or not.",
    "Writing",
    arguments=(NAME, Argument("text", optional=True, rest=True, completes="name")),
    aliases=("dm", "query"),
    example="/msg bob Lunch at 12?",
)
async def msg(client: Client, name: str, text: str) -> None:
    room = await client.dm(user_name(name))
    if text:
        client.say(room.name, text)


@command(
    "retry",
    "Send the messages again that the server refused in this room.",
    "Writing",
    arguments=(SOME_ROOM,),
)
def retry(client: Client, current: Room | None, room: str) -> str:
    count = client.sender.retry(refused_in(client, current, room))
    return f"Sending {count} message{'s' * (count != 1)} again" if count else "Nothing has failed here"


def refused_in(client: Client, current: Room | None, text: str) -> str:
    """The name of the room that is meant, here or one that need not be open (any more)."""
    if not text:
        return joined(current).name
    stranded = client.sender.stranded(client.rooms)
    found = next((entry.room for entry in stranded if fold(entry.title) == fold(text)), None)
    return found or room_called(client, text)
