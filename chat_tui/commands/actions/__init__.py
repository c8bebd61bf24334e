"""What each typed command does: a method per command, named `do_` and the command's name.

Knows the client, and of the screen only what `View` says; so a command is the same whether it was typed,
chosen from a list, or its key was pressed.
"""

from chat_tui.commands.actions.accounts import AccountActions
from chat_tui.commands.actions.attention import AttentionActions
from chat_tui.commands.actions.base import View
from chat_tui.commands.actions.messages import MessageActions
from chat_tui.commands.actions.moderation import ModerationActions
from chat_tui.commands.actions.people import PeopleActions
from chat_tui.commands.actions.program import ProgramActions, describe
from chat_tui.commands.actions.rooms import RoomActions
from chat_tui.commands.actions.servers import ServerActions
from chat_tui.commands.parser import Call

__all__ = ["Actions", "View", "describe"]


class Actions(
    RoomActions,
    ModerationActions,
    MessageActions,
    PeopleActions,
    AttentionActions,
    AccountActions,
    ServerActions,
    ProgramActions,
):
    """All of them."""

    async def run(self, call: Call) -> None:
        """Do it. Raises `ClientError` with what went wrong."""
        await getattr(self, f"do_{call.command.name}")(*call.arguments)
