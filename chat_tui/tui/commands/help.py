"""`/help`: all commands and keys, or what one command does."""

from typing import TYPE_CHECKING

from chat_tui.client.errors import ClientError
from chat_tui.commands import registry
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.registry import Argument, Command, command

if TYPE_CHECKING:
    from chat_tui.tui.screens.main import MainScreen


@command(
    "help",
    "Show all commands and keys, or what one command does.",
    "This program",
    arguments=(Argument("command", optional=True, completes="command"),),
    aliases=("h", "?"),
    keys=("f1",),
)
def show_help(screen: "MainScreen", keys: Keymap, name: str) -> str | None:
    if name:
        found = registry.BY_NAME.get(name.removeprefix("/").lower())
        if found is None:
            raise ClientError(f"There is no command {name}. /help lists them all.")
        return describe(found, keys)
    from chat_tui.tui.screens.help import HelpScreen, subjects_of  # few people open it at a start

    screen.app.push_screen(HelpScreen(keys, subjects_of(screen.focused)))
    return None


def describe(of: Command, keys: Keymap) -> str:
    """What `/help command` shows."""
    lines = [f"{of.usage} - {of.help}"]
    if of.aliases:
        lines.append(f"Also: {', '.join('/' + alias for alias in of.aliases)}")
    if shown := keys.shown(of):
        lines.append(f"Keys: {shown}")
    if of.example:
        lines.append(f"Example: {of.example}")
    return "\n".join(lines)
