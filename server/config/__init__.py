"""What a server is told when it starts: the settings (`settings`), and where they come from (`sources`)."""

from server.config.address import Address, parse_address
from server.config.settings import DEFAULT_LISTEN, Config, Files, Limits, Log, Metrics, Tls
from server.config.sources import parse

__all__ = [
    "DEFAULT_LISTEN",
    "Address",
    "Config",
    "Files",
    "Limits",
    "Log",
    "Metrics",
    "Tls",
    "parse",
    "parse_address",
]
