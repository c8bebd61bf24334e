"""What the commands are about, so that help can begin with what one needs. Knows the registry's names."""

from collections.abc import Iterator, Sequence

from chat_tui.commands.registry import COMMANDS, Command

AREAS: dict[str, tuple[str, ...]] = {
    "Writing": (
        *("send", "newline", "complete", "complete_back", "earlier", "later", "escape", "editor"),
        *("me", "msg", "retry", "discard"),
    ),
    "Reading": (
        *("page_up", "page_down", "oldest", "newest", "interrupt", "bare", "search", "searchnext"),
        *("searchprevious", "clear", "attention", "notify", "highlight", "unhighlight"),
    ),
    "A chosen message": (
        *("select", "select_up", "message_up", "message_down", "message_leave", "edit", "reply", "react"),
        *("reactions", "delete", "copy"),
    ),
    "Rooms": (
        *("switch", "next", "previous", "number", "roomlist", "join", "create", "leave", "rooms", "topic"),
        *("members", "invite", "private", "public", "deleteroom", "split", "other"),
    ),
    "People": (*("people", "online", "whois", "away", "back", "ignore", "unignore", "ignored"),),
    "Servers": (*("servers", "server", "nextserver", "connect", "disconnect", "reconnect"),),
    "Keeping order": (
        "role",
        "kick",
        "ban",
        "unban",
        "mute",
        "unmute",
        "bans",
        "serverban",
        "serverunban",
        "serverbans",
    ),
    "Your account": (
        *("nick", "register", "password", "devices", "enddevice", "logout"),
        *("invitation", "invitations", "uninvite"),
    ),
    "This program": (*("help", "settings", "set", "theme", "hints", "redraw", "version", "quit"),),
}
"""In the order in which they are shown; a command that is nowhere is shown at the end."""

REST = "More"


def by_area(first: Sequence[str] = ()) -> Iterator[tuple[str, list[Command]]]:
    """All commands: those of the areas `first`, then the others."""
    named = {name for names in AREAS.values() for name in names}
    order = [*first, *(area for area in AREAS if area not in first)]
    commands = {command.name: command for command in COMMANDS}
    for area in order:
        yield area, [commands[name] for name in AREAS[area] if name in commands]
    if rest := [command for command in COMMANDS if command.name not in named]:
        yield REST, rest
