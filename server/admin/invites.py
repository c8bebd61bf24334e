"""`chat-server invite`: who may register."""

import argparse
import sys

from protocol import frames
from protocol.text import clean_line
from server.admin import command
from server.admin.connection import Administration


def main(arguments: list[str]) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse(arguments)
    return command.run(given.work, given, make=given.work is _make)


def _parser() -> command.Commands:
    parser = command.Commands("invite", "Make, list and end invitations.")
    make = parser.add("make", "make an invitation, and print its code", _make)
    make.add_argument("--room", default="", help="where those who come by it are from the start")
    make.add_argument(
        "--uses", type=command.positive, default=1, metavar="N", help="for so many (default: 1)"
    )
    make.add_argument(
        "--days", type=command.positive, default=7, metavar="N", help="for so long (default: 7)"
    )
    parser.add("list", "list those that have not ended", _list)
    end = parser.add("end", "end an invitation", _end)
    end.add_argument("id", metavar="ID", help="as `list` shows it")
    return parser


async def _make(connection: Administration, given: argparse.Namespace) -> None:
    made = await connection.ask(frames.MakeInvite(1, given.uses, given.days, given.room))
    print(clean_line(made.code))
    print(f"until {command.when(made.expires)}, id {clean_line(made.id)}", file=sys.stderr)


async def _list(connection: Administration, given: argparse.Namespace) -> None:  # noqa: ARG001
    result = await connection.ask(frames.Invites(1))
    rows = [("ID", "USES LEFT", "UNTIL", "BY", "ROOM")]
    rows += [
        (
            clean_line(one.id),
            f"{one.left} of {one.uses}",
            command.when(one.expires),
            clean_line(one.by) or "-",
            clean_line(one.room),
        )
        for one in result.invites
    ]
    command.table(rows)


async def _end(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.EndInvite(1, given.id))
    print("ended")
