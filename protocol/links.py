"""Where a chat is, as people write it and pass it on; and the pins of servers' keys.

An address is `HOST`, `HOST:PORT`, the same with `tls://` or `plain://` before it, or a link:
`chat://HOST:PORT/#room?invite=CODE&pin=sha256:HEX`, or
`unix:PATH` for a socket of this computer. Pure: text in, text out; knows no sockets.
"""

import base64
import hashlib
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from protocol.names import BadNameError, check_room_name

DEFAULT_PORT = 7777
SCHEME = "chat://"
UNIX = "unix:"

INVITE = 128
"""Characters of an invitation's code, at most: what a frame takes for a string of that sort."""

_STRANGE = re.compile(r"[\s\[\]/@?#\0]")
"""What no host has in its name; a `/` or an `@` comes with a URL."""

# The room belongs before the parameters, for then a link reads well; a program that knows how URLs are
# put together may turn the two around.
_AFTER_HOST = re.compile(r"/?(?:#(?P<room>[^?]*))?(?:\?(?P<query>[^#]*))?(?:#(?P<late_room>[^?]*))?")

_NUMBER = re.compile("0x[0-9a-f]+|[0-9]+")

_HEX = re.compile("[0-9a-f]{64}")
_BASE64 = re.compile("[A-Za-z0-9_-]{43}=?")


class LinkError(ValueError):
    """This is no address, no link or no pin; the text says what would be."""


@dataclass(slots=True, frozen=True)
class Link:
    """Where a chat is. `tls` None: as usual for such a host (see `secure`). `path`: that of a
    Unix socket, where there is no host."""

    host: str
    port: int = DEFAULT_PORT
    tls: bool | None = None
    room: str = ""
    invite: str = ""
    pin: str = ""
    path: str = ""

    @property
    def address(self) -> str:
        """`HOST:PORT` or `unix:PATH`: what people call the server."""
        return f"{UNIX}{self.path}" if self.path else address(self.host, self.port)

    @property
    def secure(self) -> bool:
        """Whether the connection is to be encrypted: yes, but on this computer; a pin always asks for it."""
        if self.path:
            return False
        return self.tls if self.tls is not None else bool(self.pin) or not is_loopback(self.host)

    @property
    def place(self) -> str:
        """The shortest text that leads to the same server in the same way: no room, no pin, no invitation."""
        usual = Link(self.host, self.port).secure
        if self.path or self.secure == usual:
            return self.address
        return f"{'tls' if self.secure else 'plain'}://{self.address}"

    def __str__(self) -> str:
        """The `chat://` link; it says nothing of a `tls` that is not as usual. A socket has none."""
        if self.path:
            return self.address
        host = address(self.host.replace("%", "%25"), self.port)
        room = f"#{quote(self.room.removeprefix('#'))}" if self.room else ""
        given = {"invite": quote(self.invite, safe=""), "pin": self.pin}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value)
        return f"{SCHEME}{host}/{room}{'?' if query else ''}{query}"


def address(host: str, port: int) -> str:
    """`HOST:PORT`, with the brackets that an IPv6 address needs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def canonical(text: str) -> str:
    """The one spelling of `HOST:PORT`: what leads to the same server is the same.

    Loopback is `localhost`, however it is written. The path of a socket stays as it is.
    """
    if text.startswith(UNIX):
        return text
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]").lower().rstrip(".")
    bare, percent, zone = host.partition("%")
    number: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    try:
        number = ipaddress.ip_address(bare)
    except ValueError:
        number = _numeric_host(bare)
    if is_loopback(host) or (number is not None and number.is_loopback):
        return f"localhost:{port}"
    if number is None:
        return f"{host}:{port}"
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    shown = f"{mapped or number}{percent}{zone}"
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def _numeric_host(host: str) -> ipaddress.IPv4Address | None:
    """An IPv4 address in a form that systems take as well, as `127.1` or `0x7f000001`."""
    parts = host.split(".")
    if not 1 <= len(parts) <= 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        *first, last = (int(part, 8 if re.fullmatch("0[0-7]+", part) else 0) for part in parts)
    except ValueError:
        return None
    value = sum(byte << (24 - 8 * at) for at, byte in enumerate(first)) + last
    fits = all(byte < 256 for byte in first) and last < 1 << (32 - 8 * len(first))
    return ipaddress.IPv4Address(value) if fits else None


def is_loopback(host: str) -> bool:
    """Whether this host can only be this computer."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = number.ipv4_mapped if isinstance(number, ipaddress.IPv6Address) else None
    return (mapped or number).is_loopback


def parse(text: str) -> Link:
    """An address in any of its forms; raises `LinkError` with what is wrong."""
    text = text.strip()
    if text.lower().startswith(UNIX):
        return Link("", 0, path=socket_path(text[len(UNIX) :]))
    scheme, mark, rest = text.partition("://")
    match scheme.lower() if mark else "":
        case "":
            return Link(*_host_and_port(text))
        case "tls" | "plain" as how:
            return Link(*_host_and_port(rest.removesuffix("/")), tls=how == "tls")
        case "chat":
            return _parse_link(rest)
    raise LinkError(f"{text!r} is not HOST:PORT, as in chat.example.org:{DEFAULT_PORT}, and no chat:// link")


def socket_path(text: str) -> str:
    """The path of a Unix socket, as it stands behind `unix:`; raises `LinkError`."""
    path = text.removeprefix("//")
    if not path.startswith("/") or path.endswith("/") or not path.isprintable():
        raise LinkError(f"{UNIX}{text} is no socket: give its whole path, as in {UNIX}/run/chat.sock")
    return path


def _parse_link(rest: str) -> Link:
    end = next((at for at, character in enumerate(rest) if character in "/?#"), len(rest))
    where = rest[:end]
    host, port = _host_and_port(where.replace("%25", "%") if where.startswith("[") else _unquoted(where))
    parts = _AFTER_HOST.fullmatch(rest[end:])
    if parts is None or (parts["room"] and parts["late_room"]):
        raise LinkError(f"a link is {SCHEME}HOST:PORT/#room, with ?pin=… behind it, not {rest[end:]!r}")
    given: dict[str, str] = {}
    for part in (parts["query"] or "").split("&"):
        name, _, value = part.partition("=")
        if given.setdefault(name, value) != value:
            raise LinkError(f"the link says {name!r} twice")
    try:
        room = _unquoted(parts["room"] or parts["late_room"] or "")
        room = check_room_name(room) if room else ""
    except BadNameError as error:
        raise LinkError(f"the link's room cannot be: {error}") from error
    invite = _unquoted(given.get("invite", ""))
    if len(invite) > INVITE or not invite.isprintable():
        raise LinkError(f"the link's invitation cannot be: it has up to {INVITE} characters that can be seen")
    pin = normal_pin(_unquoted(given["pin"])) if given.get("pin") else ""
    return Link(host, port, room=room, invite=invite, pin=pin)


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise LinkError(f"{text!r} is not percent-encoded UTF-8") from error


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(DEFAULT_PORT)
    bracketed = host.startswith("[") and host.endswith("]")
    bare = host[1:-1] if bracketed else host
    if not bracketed and ":" in bare and not _STRANGE.search(bare):
        raise LinkError(f"an IPv6 address goes in brackets: [{text}]:{DEFAULT_PORT}")
    if not bare or not bare.isprintable() or _STRANGE.search(bare + port) or bracketed != (":" in bare):
        raise LinkError(f"{text!r} is not HOST:PORT, as in chat.example.org:{DEFAULT_PORT}")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        raise LinkError(f"{port!r} is no port: a number from 1 to 65535")
    return bare, int(port)


def pin_of(public_key: bytes) -> str:
    """The pin of a key, given as its DER-encoded SubjectPublicKeyInfo.

    Of the key and not of the certificate, so that a certificate can be renewed and the pin stays.
    """
    return f"sha256:{hashlib.sha256(public_key).hexdigest()}"


def normal_pin(text: str) -> str:
    """The one form of a pin that was given in hex (blanks and colons may divide it) or in base64url."""
    algorithm, colon, value = text.strip().partition(":")
    if colon and algorithm.lower() == "sha256":
        digits = re.sub(r"[\s:]", "", value).lower()
        if _HEX.fullmatch(digits):
            return f"sha256:{digits}"
        if _BASE64.fullmatch(value):
            return f"sha256:{base64.urlsafe_b64decode(value.rstrip('=') + '=').hex()}"
    raise LinkError(
        f"{text!r} is no pin: it is sha256: and 64 hexadecimal digits, as `chat-server pin` prints"
    )


def grouped(pin: str) -> str:
    """A pin as people compare it: groups of four digits."""
    digits = pin.removeprefix("sha256:")
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
