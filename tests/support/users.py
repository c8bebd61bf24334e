"""Other users of this computer, for tests that root runs."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import sockets

SOMEBODY_ELSE = 12345
"""A user that no system has."""


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    """What this process does, that user does."""
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def as_user(user: int, path: str) -> Iterator[socket.socket]:
    """A connection of that user's to a Unix socket."""
    with sockets.reachable(Path(path)) as short, socket.socket(socket.AF_UNIX) as connected:
        with acting_as(user):
            connected.connect(short)
        connected.settimeout(0)
        yield connected
