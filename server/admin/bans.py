"""`chat-server ban`: who is kept out of the server, by name or by network."""

import argparse

from protocol import frames
from protocol.text import clean_line
from server.admin import command
from server.admin.connection import Administration


def main(arguments: list[str]) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse(arguments)
    return command.run(given.work, given)


def _parser() -> command.Commands:
    parser = command.Commands("ban", "See and change who is kept out of this server.")
    parser.add("list", "list who is kept out now", _list)
    for name, what, work in (
        ("add", "keep a user, or an address or network, out", _add),
        ("lift", "let a user, or an address or network, in again", _lift),
    ):
        one = parser.add(name, what, work)
        one.add_argument("name", metavar="NAME", nargs="?", default="", help="a user")
        one.add_argument(
            "--address", default="", help="an address or network in the place of a user: 192.0.2.0/24"
        )
        if name == "add":
            one.add_argument(
                "--for", dest="time", type=command.age, help="for so long, as 90m, 12h, 7d or 2w"
            )
            one.add_argument("--reason", default="", help="what they are told")
    return parser


async def _list(connection: Administration, given: argparse.Namespace) -> None:  # noqa: ARG001
    result = await connection.ask(frames.ServerBans(1))
    rows = [("WHO", "SINCE", "UNTIL", "BY", "REASON")]
    rows += [
        (
            clean_line(ban.name or ban.address),
            command.when(ban.term.time),
            command.when(ban.term.until or 0),
            clean_line(ban.term.by) or "-",
            clean_line(ban.term.reason),
        )
        for ban in result.bans
    ]
    command.table(rows)
    if result.total > len(result.bans):
        print(f"… and {result.total - len(result.bans)} more")


async def _add(connection: Administration, given: argparse.Namespace) -> None:
    result = await connection.ask(frames.ServerBan(1, given.name, given.address, given.time, given.reason))
    print(f"{given.name or given.address} is kept out")
    if given.name:
        print("A ban keeps out a name, not a person: where anybody may come in, they can take another one.")
    for address in result.addresses:
        print(f"They were connected from {address}: chat-server ban add --address {address} bans that, too.")


async def _lift(connection: Administration, given: argparse.Namespace) -> None:
    await connection.ask(frames.ServerUnban(1, given.name, given.address))
    print(f"{given.name or given.address} may come in again")
