"""An address to listen on, as people write it."""

from dataclasses import dataclass

EXAMPLE = "127.0.0.1:7777"


@dataclass(slots=True, frozen=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """`HOST:PORT` or `[V6]:PORT`; raises `ValueError` with what is wrong."""
    host, colon, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not colon or not bare:
        raise ValueError(f"{text!r} is not HOST:PORT, as in {EXAMPLE}")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError(f"an IPv6 address goes in brackets: [{host}]:{port}")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise ValueError(f"{port!r} is no port: a number from 0 (any free one) to 65535")
    return Address(bare, int(port))
