"""`chat-server user`: who has an account, and what they may do."""

import argparse

from protocol import frames
from protocol.frames import Request, UserInfo, UserResult
from protocol.text import clean_line
from server.admin import command
from server.admin.connection import Administration


def main(arguments: list[str]) -> int:
    """Run the command; gives the exit status."""
    given = _parser().parse(arguments)
    ask = _ask_password if given.work in (_add, _password) else None
    return command.run(given.work, given, make=given.work is _add, ask=ask)


def _ask_password(given: argparse.Namespace) -> None:
    given.password = command.read_password(given.name)


def _parser() -> command.Commands:
    parser = command.Commands("user", "See and change who has an account.")
    parser.add("list", "list all users", _list)
    for name, what, work in (
        ("add", "make an account; the password is asked for, or the first line of standard input", _add),
        ("password", "give somebody another password, and log them out everywhere", _password),
        ("admin", "make somebody an administrator", _admin),
        ("disable", "let somebody in no longer", _disable),
        ("enable", "let somebody in again", _enable),
        ("delete-devices", "log somebody out everywhere", _delete_devices),
    ):
        one = parser.add(name, what, work)
        one.add_argument("name", metavar="NAME")
        if name == "admin":
            one.add_argument("--off", action="store_true", help="make them an administrator no longer")
    return parser


async def _list(connection: Administration, given: argparse.Namespace) -> None:  # noqa: ARG001
    result = await connection.ask(frames.Users(1))
    rows = [("NAME", "ROLE", "PASSWORD", "DEVICES", "LAST SEEN")]
    rows += [
        (
            clean_line(user.name),
            "off" if user.disabled else "admin" if user.admin else "member",
            "yes" if user.registered else "no",
            str(user.devices),
            "now" if user.online else command.when(user.seen),
        )
        for user in result.users
    ]
    command.table(rows)
    if result.total > len(result.users):
        print(f"… and {result.total - len(result.users)} more")


async def _add(connection: Administration, given: argparse.Namespace) -> None:
    await _change(connection, frames.AddUser(1, given.name, given.password))


async def _password(connection: Administration, given: argparse.Namespace) -> None:
    await _change(connection, frames.SetPassword(1, given.name, given.password))


async def _admin(connection: Administration, given: argparse.Namespace) -> None:
    await _change(connection, frames.SetAdmin(1, given.name, not given.off))


async def _disable(connection: Administration, given: argparse.Namespace) -> None:
    await _change(connection, frames.SetDisabled(1, given.name, disabled=True))


async def _enable(connection: Administration, given: argparse.Namespace) -> None:
    await _change(connection, frames.SetDisabled(1, given.name, disabled=False))


async def _delete_devices(connection: Administration, given: argparse.Namespace) -> None:
    await _change(connection, frames.EndDevices(1, given.name))


async def _change(connection: Administration, request: Request[UserResult]) -> None:
    print(_told((await connection.ask(request)).user))


def _told(user: UserInfo) -> str:
    role = "an administrator" if user.admin else "a member"
    state = ", switched off" if user.disabled else ""
    devices = f"{user.devices} device{'s' * (user.devices != 1)}"
    return f"{clean_line(user.name)}: {role}{state}, logged in on {devices}"
