"""What the switcher offers: rooms here and on other servers, people and commands, likely ones first."""

from collections.abc import Sequence

from chat_tui.client.client import Client
from chat_tui.client.room import Room
from chat_tui.commands import connection_summary, registry
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.suggestions import Suggestions
from chat_tui.tui.screens.switcher import Target
from protocol.names import fold


def targets(
    suggestions: Suggestions, order: Sequence[str], here: Room | None, others: Sequence[Client], keys: Keymap
) -> list[Target]:
    """All there are; `order` is that of the room list, `others` are the clients of the other servers."""
    rooms = [room for room in suggestions.rooms(order) if room is not here]
    rooms.sort(key=lambda room: not room.unread and not suggestions.visited(room))
    if here is not None:
        rooms.append(here)  # one is there, but may look for it all the same
    found = [_room(room, here=room is here) for room in rooms]
    found += [
        _room(room, here=False, server=connection_summary.name(client))
        for client in others
        for room in sorted(client.rooms.values(), key=lambda room: not room.unread)
        if not room.unused
    ]
    known = {fold(room.title) for room in rooms}
    people = [*suggestions.people(here), *suggestions.strangers(here)]
    found += [
        Target("person", f"@{person.name}", person.about)
        for person in people
        if fold(f"@{person.name}") not in known
    ]
    found += [
        Target("command", f"/{command.name}", command.help, keys.shown(command), command.aliases)
        for command in registry.slash_commands()
        if command.name != "switch"
    ]
    return found


def _room(room: Room, *, here: bool, server: str = "") -> Target:
    about = "you are here" if here else f"on {server}" if server else room.topic
    aliases = (server,) if server else ()
    return Target("room", room.title, about, aliases=aliases, unread=room.unread, server=server)
