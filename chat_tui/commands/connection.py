"""The connection to the server, and how much of a room notifies a person."""

from typing import get_args

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands.registry import Argument, command
from protocol import frames

LEVELS: dict[str, str] = {
    frames.EVERYTHING: "every message in {room} notifies you",
    frames.MENTIONS: "in {room} you are notified when somebody mentions you",
    frames.MUTED: "{room} is muted: nothing in it notifies you, but mentions are counted",
}


@command("reconnect", "Try to connect now.", "Servers")
def reconnect(client: Client) -> None:
    client.reconnect()


@command(
    "notify",
    "Choose what notifies you in this room, on all your devices: all, mentions or none. Shows it.",
    "Reading",
    arguments=(Argument("level", optional=True, words=("all", "mentions", "none")),),
    example="/notify none",
)
async def notify(client: Client, here: Room, level: str) -> str:
    if level:
        wanted = next((one for one in get_args(frames.Level) if one == level.lower()), None)
        if wanted is None:
            raise ClientError(f"/notify takes all, mentions or none; {level} is none of them")
        await client.company.mine.choose(here, wanted)
    text = LEVELS.get(here.level, LEVELS[frames.MENTIONS]).format(room=here.title)
    return f"{text[0].upper()}{text[1:]}"
