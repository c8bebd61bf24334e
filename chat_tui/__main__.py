"""`chat-tui`: the screen, and the two commands that work without one."""

import argparse
import asyncio
import getpass
import importlib.metadata
import sys

from chat_tui import cli, config, endpoints
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError


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
        asyncio.run(_command(given, endpoints.endpoint(server), name or getpass.getuser()))
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


async def _command(given: argparse.Namespace, endpoint: Endpoint, name: str) -> None:
    if given.command == "send":
        await cli.send(endpoint, name, given.room, cli.read_text(given.text), given.cid)
    else:
        await cli.follow(endpoint, name, given.room, given.since, given.count, as_json=given.json)


def _open_screen(settings: config.Settings, name: str, server: str) -> int:
    from chat_tui.app import run  # Textual: only who opens the screen waits for it

    return run(settings, name, server)


if __name__ == "__main__":
    main()
