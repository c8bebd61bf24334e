"""The commands that drive the screen; loading this fills the table with all commands there are.

A command says by the names of its parameters what it is given; see `MainScreen`. What it does with it stands
here, what the part of the screen does by itself stands there.
"""

# In the order in which they are offered to whoever types a slash.
# isort: off
from chat_tui.tui.commands import help as help_command
from chat_tui.tui.commands import rooms
from chat_tui.commands import rooms as plain_rooms
from chat_tui.commands import messages as plain_messages
from chat_tui.tui.commands import writing
from chat_tui.tui.commands import messages
from chat_tui.commands import people
from chat_tui.tui.commands import reading
from chat_tui.tui.commands import servers
from chat_tui.commands import connection
from chat_tui.commands import moderation
from chat_tui.tui.commands import accounts
from chat_tui.commands import accounts as plain_accounts
from chat_tui.tui.commands import program
# isort: on

__all__ = [
    "accounts",
    "connection",
    "help_command",
    "messages",
    "moderation",
    "people",
    "plain_accounts",
    "plain_messages",
    "plain_rooms",
    "program",
    "reading",
    "rooms",
    "servers",
    "writing",
]
