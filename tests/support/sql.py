"""Looking into a database, and changing it, beside the program that has it open.

Never with Python's `sqlite3`: see `database`.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

from common import database


def query(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run a statement on its own connection; its rows."""
    with closing(database.connect(path)) as connection:
        return connection.execute(statement, values).fetchall()
