"""What a server is told when it starts, and how the command line says it."""

import argparse
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from server import __version__
from server.accounts import ENTRANCES, Entrance
from server.throttle import NO_LIMITS, Allowance

DEFAULT_LISTEN = "127.0.0.1:7777"


@dataclass(slots=True, frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(slots=True, frozen=True)
class Config:
    """See `parser` for what each means. With `runtime` the server is an embedded one."""

    listen: tuple[Address, ...]
    data: Path
    runtime: Path | None = None
    linger: float = 60.0
    allowance: Allowance = NO_LIMITS
    given_entrance: Entrance | None = None

    @property
    def entrance(self) -> Entrance:
        """Who may make an account: on one computer everybody, else who is invited, unless it was said."""
        if self.given_entrance is not None:
            return self.given_entrance
        return "open" if all(is_loopback(address.host) for address in self.listen) else "invite"


def parse_address(text: str) -> Address:
    """`HOST:PORT` or `[V6]:PORT`; raises `argparse.ArgumentTypeError` with what is wrong."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, as in {DEFAULT_LISTEN}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise argparse.ArgumentTypeError(f"an IPv6 address goes in brackets: [{host}]:{port}")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise argparse.ArgumentTypeError(f"{port!r} is no port: a number from 0 (any free one) to 65535")
    return Address(bare, int(port))


def is_loopback(host: str) -> bool:
    """Whether who comes to this address can only come from this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def add_data(parser: argparse.ArgumentParser) -> None:
    """Give a command the option that says where the server keeps everything."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=platformdirs.user_data_path("chat-server", appauthor=False),
        help="where everything is kept (default: %(default)s)",
    )


def positive(text: str) -> int:
    """A number from 1; raises `argparse.ArgumentTypeError`."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1; --no-limits switches limits off")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The command line of `chat-server`."""
    parser = argparse.ArgumentParser(
        prog="chat-server",
        description="Host a chat: a headless server that chat-tui clients connect to.",
        epilog="It prints one line 'listening on HOST:PORT' per address once it serves. "
        "SIGTERM or Ctrl+C stops it; everything is stored. Other commands, each with its own --help: "
        "chat-server user (accounts), chat-server invite (invitations).",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        type=parse_address,
        action="append",
        help="where to listen; may be given several times, port 0 takes a free one "
        f"(default: {DEFAULT_LISTEN})",
    )
    add_data(parser)
    parser.add_argument(
        "--entrance",
        choices=ENTRANCES,
        help="who may make an account: open (whoever comes, under any free name), invite (who has an "
        "invitation), closed (the administrator makes them). Default: open on loopback, else invite",
    )
    usual = Allowance()
    for name, what, default in (
        ("--sessions-per-address", "connections at once from one address", usual.sessions),
        ("--connects-per-address", "new connections from one address in ten minutes", usual.connects),
        ("--sends-per-second", "messages a second of one user, after a burst", usual.sends_per_second),
    ):
        parser.add_argument(
            name, type=positive, metavar="N", default=default, help=f"{what} (default: {default:g})"
        )
    parser.add_argument(
        "--no-limits",
        action="store_true",
        help="don't limit sends per user and connections per address (for measuring)",
    )
    # For the client that starts an embedded server; not for people.
    parser.add_argument("--runtime", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--linger", type=float, default=60.0, help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"chat-server {__version__}")
    return parser


def parse(arguments: list[str] | None = None) -> Config:
    """The configuration that a command line asks for; ends the program with status 2 if it is wrong."""
    given = parser().parse_args(arguments)
    listen = given.listen or [parse_address(DEFAULT_LISTEN)]
    allowance = Allowance(
        sessions=given.sessions_per_address,
        connects=given.connects_per_address,
        sends_per_second=given.sends_per_second,
    )
    if given.no_limits:
        allowance = NO_LIMITS
    return Config(tuple(listen), given.data, given.runtime, given.linger, allowance, given.entrance)
