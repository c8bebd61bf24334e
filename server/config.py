"""What a server is told when it starts, and how the command line says it."""

import argparse
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from protocol import links
from server import __version__
from server.throttle import NO_LIMITS, Allowance

DEFAULT_LISTEN = "127.0.0.1:7777"


@dataclass(slots=True, frozen=True)
class Address:
    """Where to listen, and whether with TLS (None: yes, but on loopback)."""

    host: str
    port: int
    tls: bool | None = None

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return not links.is_loopback(self.host) if self.tls is None else self.tls

    def __str__(self) -> str:
        return links.address(self.host, self.port)


@dataclass(slots=True, frozen=True)
class Files:
    """Where a certificate (with those between it and its root, if any) and its key are, as PEM."""

    certificate: Path
    key: Path


@dataclass(slots=True, frozen=True)
class Config:
    """See `parser` for what each means. With `runtime` the server is an embedded one.

    Without `certificate` the server makes its own, if it needs one.
    """

    listen: tuple[Address, ...]
    data: Path
    runtime: Path | None = None
    linger: float = 60.0
    allowance: Allowance = NO_LIMITS
    certificate: Files | None = None


def parse_address(text: str) -> Address:
    """`HOST:PORT` or `[V6]:PORT`, perhaps behind `tls://` or `plain://`.

    Raises `argparse.ArgumentTypeError` with what is wrong.
    """
    scheme, mark, rest = text.rpartition("://")
    host, colon, port = rest.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or (mark and scheme.lower() not in ("tls", "plain")):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, as in {DEFAULT_LISTEN}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise argparse.ArgumentTypeError(f"an IPv6 address goes in brackets: [{host}]:{port}")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise argparse.ArgumentTypeError(f"{port!r} is no port: a number from 0 (any free one) to 65535")
    return Address(bare, int(port), scheme.lower() == "tls" if mark else None)


def positive(text: str) -> int:
    """A number from 1; raises `argparse.ArgumentTypeError`."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1; --no-limits switches limits off")
    return int(text)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Give a command the option that says where the server keeps everything."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=platformdirs.user_data_path("chat-server", appauthor=False),
        help="where everything is kept (default: %(default)s)",
    )


def parser() -> argparse.ArgumentParser:
    """The command line of `chat-server`."""
    parser = argparse.ArgumentParser(
        prog="chat-server",
        description="Host a chat: a headless server that chat-tui clients connect to.",
        epilog="It prints one line 'listening on HOST:PORT' per address once it serves. "
        "SIGTERM or Ctrl+C stops it; everything is stored. SIGHUP loads the certificate again. "
        "chat-server pin prints the pin by which clients know it.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--listen",
        metavar="HOST:PORT",
        type=parse_address,
        action="append",
        help="where to listen; may be given several times, port 0 takes a free one. With TLS unless it is "
        f"loopback; tls:// or plain:// before it says otherwise (default: {DEFAULT_LISTEN})",
    )
    add_data(parser)
    parser.add_argument(
        "--tls-cert",
        metavar="FILE",
        type=Path,
        help="certificate for TLS, as PEM, with those between it and its root (default: one made by this "
        "server, which clients know by its pin; see chat-server pin)",
    )
    parser.add_argument("--tls-key", metavar="FILE", type=Path, help="the certificate's key, as PEM")
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
    command = parser()
    given = command.parse_args(arguments)
    listen = given.listen or [parse_address(DEFAULT_LISTEN)]
    if (given.tls_cert is None) != (given.tls_key is None):
        command.error("--tls-cert and --tls-key go together")
    certificate = Files(given.tls_cert, given.tls_key) if given.tls_cert is not None else None
    allowance = Allowance(
        sessions=given.sessions_per_address,
        connects=given.connects_per_address,
        sends_per_second=given.sends_per_second,
    )
    if given.no_limits:
        allowance = NO_LIMITS
    return Config(tuple(listen), given.data, given.runtime, given.linger, allowance, certificate)
