"""`chat-tui`: the screen, and the commands that work without one."""

import argparse
import asyncio
import getpass
import importlib.metadata
import sys

from chat_tui import cli, config, endpoints, logins, passwords
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.client.identity import Identity
from chat_tui.client.tokens import Tokens
from chat_tui.passwords import PasswordSource


def parser() -> argparse.ArgumentParser:
    """The command line of `chat-tui`."""
    who = argparse.ArgumentParser(add_help=False)
    who.add_argument(
        "--name", type=cli.user_name, default=argparse.SUPPRESS, help="who you are (default: as remembered)"
    )
    who.add_argument(
        "--server",
        metavar="HOST:PORT",
        default=argparse.SUPPRESS,
        help="where the chat is, or 'local' for the one on this computer (default: as remembered)",
    )
    parser = argparse.ArgumentParser(
        prog="chat-tui",
        parents=[who],
        description="A team's chat in the terminal. Without a command it opens the screen.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"chat-tui {importlib.metadata.version('chat-tui')}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    send = commands.add_parser("send", parents=[who], help="store one message in a room")
    send.add_argument("room", type=cli.room_name, help="the room, as in '#general'")
    send.add_argument("text", help="what to say; - reads it from standard input")
    send.add_argument(
        "--cid", type=cli.message_id, help="an id of your own: sending it again stores nothing twice"
    )
    follow = commands.add_parser("follow", parents=[who], help="print what happens in a room")
    follow.add_argument("room", type=cli.room_name, help="the room, as in '#general'")
    follow.add_argument(
        "--since", type=cli.since, metavar="SEQ|all", help="begin after this event, or with the first"
    )
    follow.add_argument("--count", type=int, metavar="N", help="end after so many events")
    follow.add_argument("--json", action="store_true", help="one JSON object a line")
    login = commands.add_parser("login", parents=[who], help="log in on this computer, to be asked no more")
    register = commands.add_parser("register", parents=[who], help="make an account on a server, and log in")
    register.add_argument(
        "--invite", default="", metavar="CODE", help="the invitation, if the server asks for one"
    )
    commands.add_parser("logout", parents=[who], help="log out on this computer")
    for command in (send, follow, login, register):
        passwords.add_option(command)
    return parser


def main() -> None:
    """Run. Ends with 0, 1 if it failed, 2 if called wrongly, 130 if interrupted."""
    commands = parser()
    given = commands.parse_args()
    try:
        settings = config.load()
        name = getattr(given, "name", "") or settings.name
        server = getattr(given, "server", "") or settings.server
        if given.command is None:
            sys.exit(_open_screen(settings, getattr(given, "name", ""), getattr(given, "server", "")))
        endpoint = endpoints.endpoint(server)
        tokens = Tokens(config.tokens_folder())
        name = name or getpass.getuser()
        if given.command not in ("login", "register"):
            name = tokens.name_of(endpoint.label, name)
        asyncio.run(_command(given, endpoint, Identity(endpoint.label, name, tokens)))
    except (cli.UsageError, endpoints.AddressError) as error:
        commands.error(str(error))
    except (ClientError, config.ConfigError) as error:
        print(f"chat-tui: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): no error, but Python would still try to flush.
        sys.stderr.close()
        sys.exit(0)


async def _command(given: argparse.Namespace, endpoint: Endpoint, who: Identity) -> None:
    source = PasswordSource(getattr(given, "password_file", ""))
    match given.command:
        case "send":
            if given.text == source.file == "-":
                raise cli.UsageError("standard input can't be both the text and the password")
            await cli.send(endpoint, who, source, given.room, cli.read_text(given.text), given.cid)
        case "follow":
            await cli.follow(endpoint, who, source, given.room, given.since, given.count, as_json=given.json)
        case "login":
            await logins.login(endpoint, who, source)
        case "register":
            await logins.register(endpoint, who, source, given.invite)
        case "logout":
            await logins.logout(endpoint, who)


def _open_screen(settings: config.Settings, name: str, server: str) -> int:
    from chat_tui.app import run  # Textual: only who opens the screen waits for it

    return run(settings, name, server)


if __name__ == "__main__":
    main()
