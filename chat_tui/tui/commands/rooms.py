"""Rooms on the screen: going to one, and showing two."""

from typing import TYPE_CHECKING

from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.commands.registry import Argument, command, key
from chat_tui.commands.targets import SOME_ROOM, room_name, user_name
from protocol.names import fold

if TYPE_CHECKING:
    from chat_tui.tui.appearance import Appearance
    from chat_tui.tui.screens.main import MainScreen
    from chat_tui.tui.widgets.room_panes import RoomPanes


@command(
    "join",
    "Join a room; creates it if it is new.",
    "Rooms",
    arguments=(Argument("#room", completes="any room"),),
    aliases=("j",),
    example="/join #deploys",
)
async def join(screen: "MainScreen", client: Client, room: str) -> None:
    if room.startswith("@"):
        await client.dm(user_name(room))
        return
    name = room_name(room)
    if name in client.rooms:
        screen.open_room(name)
    else:
        await client.join(name)


@command(
    "switch",
    "Go to a room by name or number, or choose a room, a person or a command.",
    "Rooms",
    arguments=(SOME_ROOM,),
    aliases=("buffer", "win"),
    keys=("ctrl+k",),
    example="/switch 2",
)
def switch(screen: "MainScreen", client: Client, panes: "RoomPanes", room: str) -> None:
    if room:
        screen.open_room(_room_like(client, panes, room))
    else:
        screen.open_switcher()


@command("next", "Go to the next room.", "Rooms", keys=("alt+down", "ctrl+n"))
def next_room(screen: "MainScreen", panes: "RoomPanes") -> None:
    screen.open_room(panes.neighbour(1))


@command("previous", "Go to the previous room.", "Rooms", aliases=("prev",), keys=("alt+up", "ctrl+p"))
def previous_room(screen: "MainScreen", panes: "RoomPanes") -> None:
    screen.open_room(panes.neighbour(-1))


key(
    "number",
    "Go to room 1 to 9 of the list.",
    "Rooms",
    keys=tuple(f"alt+{digit}" for digit in range(1, 10)),
    example="/switch 2",
)


@command("roomlist", "Show or hide the room list.", "Rooms", keys=("f7",))
def roomlist(appearance: "Appearance") -> None:
    appearance.toggle_list("rooms")


@command("people", "Show or hide the list of people.", "People", keys=("f8",))
def people(appearance: "Appearance") -> None:
    appearance.toggle_list("people")


@command(
    "split",
    "Show a second room beside this one if there is space, or hide it; F6 goes there.",
    "Rooms",
    arguments=(SOME_ROOM,),
    keys=("f5",),
    example="/split #deploys",
)
def split(client: Client, panes: "RoomPanes", room: str) -> None:
    panes.split(_room_like(client, panes, room) if room else "")


@command("otherpane", "Go to the room beside this one.", "Rooms", keys=("f6",))
def otherpane(screen: "MainScreen", panes: "RoomPanes") -> None:
    screen.open_room(panes.other_room())


def _room_like(client: Client, panes: "RoomPanes", text: str) -> str:
    """The room with this number, or the shortest one whose name begins so, with its sign or without."""
    name = panes.at(int(text)) if text.isascii() and text.isdigit() else None
    if name is None:
        wanted = fold(text)
        starts = [(room.title, room.name) for room in client.rooms.values()]
        starts += [(title[1:], room) for title, room in starts]
        matching = [(title, room) for title, room in starts if fold(title).startswith(wanted)]
        name = min(matching, key=lambda one: len(one[0]))[1] if matching else None
    if name is None:
        raise ClientError(f"You are in no room like {text}. /join {text} joins it.")
    return name
