"""Whom and what a person means: rooms, people and emoji as they are typed in commands."""

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from chat_tui.commands.registry import Argument
from chat_tui.markup.shortcodes import reaction_of
from protocol.names import BadNameError, check_room_name, fold

NO_ROOM = "You are in no room. /join #name enters one, /rooms lists them."

ROOM = Argument("#room", completes="room")
SOME_ROOM = Argument("#room", optional=True, completes="room")
NAME = Argument("name", completes="name")
TEXT = Argument("text", rest=True, completes="name")
SOME_TEXT = Argument("text", optional=True, rest=True, completes="name")


def room_name(text: str) -> str:
    """What a person typed, as a room's name. Raises `ClientError`."""
    try:
        return check_room_name(text)
    except BadNameError as error:
        raise ClientError(f"{text} can't be a room: {error}") from error


def room_called(client: Client, text: str) -> str:
    """The name of the room that a person means: `#room`, or `@name` for a direct one that there is."""
    if not text.startswith("@"):
        return room_name(text)
    rooms = client.rooms.values()
    found = next((room for room in rooms if room.direct and fold(room.title) == fold(text)), None)
    if found is None:
        raise ClientError(f"You have no room with {text}. /msg {text} opens one.")
    return found.name


def joined(room: Room | None) -> Room:
    """The room, where a command needs one. Raises `ClientError` where one is in none."""
    if room is None:
        raise ClientError(NO_ROOM)
    return room


def user_name(name: str) -> str:
    """A name as typed: completion may have put an `@` before it."""
    return name.removeprefix("@") or name


def emoji_called(text: str) -> str:
    """The emoji that a person has typed, or its name. Raises `ClientError`."""
    emoji = reaction_of(text)
    if emoji is None:
        raise ClientError(f"{text} is no emoji, and none has that name. As in :thumbsup: - Tab completes.")
    return emoji
