"""An address to listen on, as people write it."""

from dataclasses import dataclass

from protocol import links

EXAMPLE = "127.0.0.1:7777"


@dataclass(slots=True, frozen=True)
class Address:
    """Where to listen, and whether with TLS (None: yes, but on loopback); or the path of a Unix socket."""

    host: str
    port: int
    tls: bool | None = None
    path: str = ""

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS."""
        return not self.local if self.tls is None else self.tls

    @property
    def local(self) -> bool:
        """Whether only this computer can come there."""
        return bool(self.path) or links.is_loopback(self.host)

    @property
    def written(self) -> str:
        """As one writes it in the settings."""
        if self.path:
            return str(self)
        scheme = "" if self.tls is None else "tls://" if self.tls else "plain://"
        return f"{scheme}{self}"

    def __str__(self) -> str:
        return f"{links.UNIX}{self.path}" if self.path else links.address(self.host, self.port)


def parse_address(text: str) -> Address:
    """`HOST:PORT` or `[V6]:PORT`, perhaps behind `tls://` or `plain://`, or `unix:PATH`.

    Raises `ValueError`.
    """
    if text.lower().startswith(links.UNIX):
        return Address("", 0, path=links.socket_path(text[len(links.UNIX) :]))
    scheme, mark, rest = text.rpartition("://")
    host, colon, port = rest.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare or (mark and scheme.lower() not in ("tls", "plain")):
        raise ValueError(f"{text!r} is not HOST:PORT, as in {EXAMPLE}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError(f"an IPv6 address goes in brackets: [{host}]:{port}")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise ValueError(f"{port!r} is no port: a number from 0 (any free one) to 65535")
    return Address(bare, int(port), scheme.lower() == "tls" if mark else None)
