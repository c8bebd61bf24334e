"""How people learn by which key clients know this server: `chat-server pin`, and the links it prints.

Knows certificates and addresses, nothing of a running server.
"""

import ipaddress
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from protocol.links import Link, grouped
from protocol.names import FIRST_ROOM
from server.config import Address, sources
from server.errors import SettingsError
from server.net.certificate import Certificate, own_files, read_pin


def invitations(addresses: Iterable[Address], certificate: Certificate, invite: str = "") -> list[str]:
    """A line for each address with TLS: its pin, and the link that leads there, with the right to register
    if there is an `invite`.

    The link has the pin only if clients need it: who gets a certificate from an authority mostly gets another
    key with each renewal, and a link that was passed on would then lead into an alarm.
    """
    pin = certificate.pin if certificate.self_signed else ""
    lines = []
    for address in addresses:
        if address.secure:
            link = Link(_name_of(address.host), address.port, room=FIRST_ROOM, invite=invite, pin=pin)
            lines.append(f"TLS on {address}: pin {certificate.pin}; join with: chat-tui '{link}'")
    return lines


def _name_of(host: str) -> str:
    """What others may call it: no wildcard leads anywhere."""
    try:
        return socket.gethostname() if ipaddress.ip_address(host).is_unspecified else host
    except ValueError:
        return host


def main(arguments: list[str]) -> int:
    """`chat-server pin`: the pin on standard output; as clients show it, on standard error."""
    parser = sources.command_parser("pin", "Print the pin by which clients know this server.", "data")
    parser.add_argument(
        "--tls-cert", metavar="FILE", type=Path, help="the certificate, if the server is given one"
    )
    given = parser.parse_args(arguments)
    try:
        config = sources.gather(given)
    except SettingsError as error:
        for problem in error.problems:
            print(f"chat-server: {problem}", file=sys.stderr)
        return 1
    path = given.tls_cert or (config.certificate or own_files(config.data)).certificate
    try:
        pin = read_pin(path)
    except (FileNotFoundError, NotADirectoryError):
        print(
            f"chat-server: there is no certificate at {path}; the server makes one when it first "
            "listens with TLS",
            file=sys.stderr,
        )
        return 1
    except (OSError, ValueError) as error:
        print(f"chat-server: {error}", file=sys.stderr)
        return 1
    print(pin)
    print(f"chat-tui shows it as: {grouped(pin)}", file=sys.stderr)
    return 0
