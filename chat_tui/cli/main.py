"""The command line of `chat-tui`: the screen, and the commands that work without one."""

import argparse
import asyncio
import gc
import os
import sys

import msgspec

from chat_tui import config, endpoints
from chat_tui.cli import actions, logins, passwords, search
from chat_tui.cli.passwords import PasswordSource
from chat_tui.client.entrance import Endpoint
from chat_tui.client.errors import ClientError
from chat_tui.client.identity import Identity
from chat_tui.client.query import HELP
from chat_tui.client.tokens import Tokens
from chat_tui.config import fields
from common.arguments import Parser, Version
from common.streams import status_of
from protocol.links import SCHEME, LinkError
from protocol.text import is_whole

_READER = "--screen-reader"


def parser() -> argparse.ArgumentParser:
    """The command line of `chat-tui`."""
    who = Parser("chat-tui", add_help=False)
    who.add_argument(
        "--name",
        type=actions.user_name,
        default=argparse.SUPPRESS,
        help="who you are (default: as remembered)",
    )
    who.add_argument(
        "--server",
        metavar="HOST:PORT",
        default=argparse.SUPPRESS,
        help="where the chat is: an address (with TLS unless it is on this computer; tls:// or plain:// "
        "before it says otherwise), a chat:// link, or 'local' for one of your own (default: as remembered)",
    )
    parser = Parser(
        "chat-tui",
        "A team's chat in the terminal. Without a command it opens the screen.",
        parents=[who],
    )
    parser.add_argument("--version", action=Version)
    parser.add_argument(
        _READER,
        action="store_true",
        help="plain lines that a screen reader can follow (the setting screen_reader makes it so always)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    link = commands.add_parser(
        "open",
        parents=[who],
        help="go where a chat:// link leads, and remember that server (you may leave the word 'open' out)",
    )
    link.add_argument(
        "link", metavar="LINK", type=actions.server_link, help="as in chat://chat.example.org/#room"
    )
    _add_talk(commands, who)
    _add_trust(commands)
    login = commands.add_parser("login", parents=[who], help="log in on this computer, to be asked no more")
    register = commands.add_parser("register", parents=[who], help="make an account on a server, and log in")
    register.add_argument(
        "--invite", default="", metavar="CODE", help="the invitation, if the server asks for one"
    )
    commands.add_parser("logout", parents=[who], help="log out on this computer")
    commands.add_parser("check-config", help="look for mistakes in the settings, the keys and the themes")
    for command in (login, register):
        passwords.add_option(command)
    return parser


def _add_talk(commands: "argparse._SubParsersAction[Parser]", who: Parser) -> None:
    send = commands.add_parser("send", parents=[who], help="store one message in a room")
    send.add_argument("room", type=actions.room_name, help="the room, as in '#general'")
    send.add_argument(
        "text", nargs="+", help="what to say, in one word or several; - reads it from standard input"
    )
    send.add_argument(
        "--cid", type=actions.message_id, help="an id of your own: sending it again stores nothing twice"
    )
    follow = commands.add_parser("follow", parents=[who], help="print what happens in a room")
    follow.add_argument("room", type=actions.room_name, help="the room, as in '#general'")
    follow.add_argument(
        "--since", type=actions.since, metavar="SEQ|all", help="begin after this event, or with the first"
    )
    follow.add_argument("--count", type=actions.count, metavar="N", help="end after so many events")
    follow.add_argument("--json", action="store_true", help="one JSON object a line")
    search = commands.add_parser("search", parents=[who], help="print messages that match")
    search.add_argument("query", nargs="+", help=f"{HELP}; without in: in all rooms")
    search.add_argument(
        "--count", type=actions.count, metavar="N", default=50, help="at most so many (default: 50)"
    )
    search.add_argument("--json", action="store_true", help="one JSON object a line")
    for command in (send, follow):
        command.add_argument("--create", action="store_true", help="make the room if it is not there")
    for command in (send, follow, search):
        passwords.add_option(command)


def _add_trust(commands: "argparse._SubParsersAction[Parser]") -> None:
    trust = commands.add_parser("trust", help="know a server by its key")
    trust.add_argument(
        "link", metavar="HOST:PORT", type=actions.server_link, help="where it is, or a link to it"
    )
    trust.add_argument(
        "--pin",
        type=actions.server_pin,
        help="what `chat-server pin` prints there (a link may have it)",
    )
    forget = commands.add_parser("forget", help="know a server no longer, because it was set up anew")
    forget.add_argument("link", metavar="HOST:PORT", type=actions.server_link, help="where it is")


def main() -> None:
    """Run. Ends with 0, 1 if it failed, 2 if called wrongly, 130 if interrupted."""
    sys.exit(status_of("chat-tui", _ended))


def _ended() -> int:
    """Run; the exit status. What people have to know is told."""
    commands = parser()
    try:
        return _run(commands.parse_args(with_open(sys.argv[1:])))
    except (actions.UsageError, LinkError) as error:
        commands.error(str(error))
    except (ClientError, config.ConfigError) as error:
        print(f"chat-tui: {error}", file=sys.stderr)
        return 1


def _check_texts(given: argparse.Namespace) -> None:
    """Raises `UsageError` if one can't be sent. A message's text can (see `actions.read_text`), and a file
    may be called anything."""
    for name, value in vars(given).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not is_whole(text) and name not in ("text", "password_file"):
                raise actions.UsageError(f"{text!r} is not UTF-8")


def _run(given: argparse.Namespace) -> int:
    _check_texts(given)
    if given.command == "check-config":
        return _check()
    settings = config.load()
    if given.screen_reader:
        settings = msgspec.structs.replace(settings, screen_reader=True)
    name, server = getattr(given, "name", ""), getattr(given, "server", "")
    match given.command:
        case None:
            return _open_screen(settings, name, server)
        case "open":
            return _open_screen(settings, name, given.link, keep=True)
        case "trust":
            actions.trust(given.link, given.pin)
        case "forget":
            actions.forget(given.link)
        case _:
            fields.require(settings, *(key for key in ("name", "server") if not getattr(given, key, "")))
            if not (server or settings.server):
                raise ClientError(
                    "no server is known here: say --server HOST:PORT, or --server local for one of your own"
                )
            endpoint = endpoints.endpoint(server or settings.server)
            tokens = Tokens(config.tokens_folder())
            name = name or settings.name or config.login_name()
            if not name:
                raise actions.UsageError("nobody knows who you are: say --name NAME")
            if given.command not in ("login", "register"):
                name = tokens.name_of(endpoint.label, name)
            asyncio.run(_command(given, endpoint, Identity(endpoint.label, name, tokens)))
    return 0


async def _command(given: argparse.Namespace, endpoint: Endpoint, who: Identity) -> None:
    source = PasswordSource(getattr(given, "password_file", ""))
    match given.command:
        case "send":
            if given.text == ["-"] and source.file == "-":
                raise actions.UsageError("standard input can't be both the text and the password")
            text = actions.read_text(given.text)
            await actions.send(endpoint, who, source, given.room, text, given.cid, create=given.create)
        case "follow":
            await actions.follow(
                *(endpoint, who, source, given.room, given.since, given.count),
                as_json=given.json,
                create=given.create,
            )
        case "search":
            text = " ".join(given.query)
            await search.search(endpoint, who, source, text, given.count, as_json=given.json)
        case "login":
            await logins.login(endpoint, who, source)
        case "register":
            await logins.register(endpoint, who, source, given.invite)
        case "logout":
            await logins.logout(endpoint, who)


def _open_screen(settings: config.Settings, name: str, server: str, *, keep: bool = False) -> int:
    if server:
        endpoints.endpoint(server)
    else:
        fields.require(settings, "server")
    if not _has_terminal():
        told = "the screen needs a terminal; without one there are send, follow and search: see --help"
        print(f"chat-tui: {told}", file=sys.stderr)
        return 2
    # A sixtieth of a second is what a drawing would wait for under load: we have a frame of our own.
    os.environ.setdefault("TEXTUAL_FPS", "240")
    gc.disable()  # until all is loaded: see `run`
    from chat_tui.tui.app import run  # Textual: only who opens the screen waits for it

    return run(settings, name, server, keep=keep)


def _has_terminal() -> bool:
    """Whether there is one to read from and one to draw on, or something else was asked to be that."""
    return "TEXTUAL_DRIVER" in os.environ or (os.isatty(0) and (os.isatty(1) or os.isatty(2)))


def _check() -> int:
    """Say what is wrong in the settings, and in which line. Raises `ConfigError` if they can't be read."""
    from chat_tui.tui.app import mistakes

    path = config.config_file()
    text, table = config.read()
    settings, found = fields.sorted_out(table)
    found += mistakes(settings)
    for line in fields.located(found, text):
        print(line)
    if found:
        print(f"{len(found)} mistake{'s' * (len(found) != 1)}")
    elif path.exists():
        print(f"{path} is right")
    else:
        print(f"there are no settings in {path}: the defaults count")
    return 1 if found else 0


def with_open(arguments: list[str]) -> list[str]:
    """The arguments with the word `open` before a link that stands where a command would."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("--"):
        at += 1 if "=" in arguments[at] or arguments[at] == _READER else 2
    if at < len(arguments) and arguments[at].lower().startswith(SCHEME):
        return [*arguments[:at], "open", *arguments[at:]]
    return arguments
