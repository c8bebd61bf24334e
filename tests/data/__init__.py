"""A small database of every schema that ever was, made by the code of its time: `python3 -m tests.data`.

The program makes that of the schema which this checkout has, by a real server and its clients. Once a step of
`server.store.schema` is released, its file is never made again.
"""

from pathlib import Path

FOLDER = Path(__file__).parent


def database(version: int) -> Path:
    """The file of that schema."""
    return FOLDER / f"schema-{version}.sqlite3"
