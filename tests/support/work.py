"""How much SQLite has to do for something, in its own instructions: no other process disturbs that."""

import sqlite3
from collections.abc import Callable


def instructions(database: sqlite3.Connection, act: Callable[[], object]) -> int:
    """SQLite's instructions on this connection while `act` runs, in hundreds."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    database.set_progress_handler(count, 100)
    try:
        act()
    finally:
        database.set_progress_handler(None, 0)
    return counted
