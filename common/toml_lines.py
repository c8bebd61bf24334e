"""In which line of a TOML file a key stands: Python's parser does not say, and who has to mend it asks.

It looks for lines that begin with a key or a table, and is only used on files that the parser has accepted.
A line within a text of several lines may be taken for a key; then a line is told that is near.
"""

import re

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")


def line_of(text: str, *path: str) -> int | None:
    """The line, from 1, of a table or of a key, named behind the tables it is in; None if there is none."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            found = table = _parts(header[1])
        elif key := _KEY.match(line):
            found = (*table, *_parts(key[1]))
        else:
            continue
        if found == path:
            return number
    return None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
