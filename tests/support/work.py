"""How much work something is, in SQLite's instructions or Python's calls: no other process disturbs that."""

import sys
from collections.abc import Callable

from common import database


def instructions(connection: database.Connection, act: Callable[[], object]) -> int:
    """SQLite's instructions on this connection while `act` runs, in hundreds."""
    counted = 0

    def count() -> bool:
        nonlocal counted
        counted += 1
        return False

    connection.set_progress_handler(count, 100)
    try:
        act()
    finally:
        connection.set_progress_handler(None, 0)
    return counted


def calls_made(act: Callable[[], object]) -> int:
    """How many functions are called and left while `act` runs, those written in C too."""
    count = 0

    def profile(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count
