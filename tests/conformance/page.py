"""What PROTOCOL.md says, read as data: the fields of every frame and result, types, defaults and bounds.

Knows the page and how it writes things down; nothing of this project's code, so that a fault there does not
hide one on the page, or the other way round.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

PAGE = (Path(__file__).parents[2] / "protocol" / "PROTOCOL.md").read_text("utf-8")

LARGEST = 2**53 - 1
"""The largest int of any field that names no other bound."""

_WORDS: dict[str, Any] = {
    "nil": None, "true": True, "false": False, '""': "", "[]": [], "{}": {}, "empty": b"",
    "nothing of it": {}, "see below": {},
}  # fmt: skip


class Field(NamedTuple):
    """A field of a frame, a result or a map. `required`: it has no default."""

    name: str
    type: str
    required: bool
    default: Any
    limits: str

    @property
    def bounds(self) -> tuple[int, int] | None:
        """The least and the most that the field may be (int), or as long as it may be (everything else); None
        where the page sets no bound of its own."""
        text = self.limits.replace(",", "").replace("2^53−1", str(LARGEST))
        if found := re.match(r"(\d+) to (\d+)\b", text):
            return int(found[1]), int(found[2])
        if found := re.search(r"(\d+) before", text) or re.match(
            r"(\d+) (?:characters|bytes|rooms|of)\b", text
        ):
            return 0, int(found[1])
        return None


Fields = Mapping[str, Field]


def section(heading: str) -> str:
    """What stands below a heading, that of a frame or a chapter, with all that is below it."""
    rank, title = ("###", f"`{heading[1:-1]}`") if heading.startswith("`") else ("##", heading)
    found = re.search(
        rf"^{rank} {re.escape(title)}.*?\n(.*?)(?=^#{{2,{len(rank)}}} |\Z)", PAGE, re.DOTALL | re.MULTILINE
    )
    if found is None:
        raise AssertionError(f"PROTOCOL.md has no heading {heading}")
    return found[1]


def tables(text: str) -> list[tuple[str, list[dict[str, str]]]]:
    """The tables of a text: the line before each, and its rows as maps from the heads of the columns."""
    found = []
    for before, block in re.findall(r"(?:^([^|\n].*)\n\n?)?((?:^\|.*\n)+)", text, re.MULTILINE):
        head, _, *rows = [_cells(line) for line in block.splitlines()]
        found.append((before, [dict(zip(head, row, strict=True)) for row in rows]))
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _field(name: str, row: Mapping[str, str]) -> Field:
    kind, told = row["type"], row.get("default", "").strip("*`")
    given = _WORDS[told] if told in _WORDS else int(told) if told.isdigit() else told.strip('"') or None
    return Field(name, kind, not told and not kind.endswith("?"), given, row.get("limits", ""))


def _fields(rows: list[dict[str, str]]) -> Fields:
    return {name: _field(name, row) for row in rows for name in re.findall(r"`(\w+)`", row["field"])}


def _shapes() -> dict[str, Fields]:
    """The maps that are named in the text, as in "A *device*:"."""
    found: dict[str, Fields] = {}
    for before, rows in tables(PAGE):
        named = re.search(r"(?:[Aa]n?|[Tt]he) \*([a-z ]+)\*", before)
        if named is not None and "in `limits`" in rows[0]:
            names = (row["in `limits`"].strip("`") for row in rows)
            found[named[1]] = {
                name: Field(name, "int", required=False, default=None, limits="") for name in names
            }
        elif named is not None:
            found[named[1]] = _fields(rows)
    return found


SHAPES: dict[str, Fields] = _shapes()


def _frames() -> tuple[dict[str, Fields], dict[str, Fields]]:
    """The fields of each frame, and those of the results of requests."""
    sent: dict[str, Fields] = {}
    results: dict[str, Fields] = {}
    for tag in re.findall(r"^### `(\w+)`", PAGE, re.MULTILINE):
        text = section(f"`{tag}`")
        listed = [(before, rows) for before, rows in tables(text) if "field" in rows[0]]
        sent[tag] = _fields(listed[0][1])
        if "id" in sent[tag]:
            results[tag] = next((_fields(rows) for before, rows in listed if "Result:" in before), {})
            if same := re.search(r"Result: as for `(\w+)`", text):
                results[tag] = results[same[1]]
    for before, rows in tables(section("Requests and answers")):
        if before in ("`ok`:", "`error`:"):
            sent[before.strip("`:")] = _fields(rows)
    tag = ""
    for row in tables(section("Frames both ways"))[0][1]:
        tag = row["frame"].strip("`") or tag
        names = re.findall(r"`(\w+)`", row["field"])
        known = {name: _field(name, row) if row["type"] else sent["error"][name] for name in names}
        sent[tag] = {**sent.get(tag, {}), **known}
    sent["event"] = SHAPES["event"] = sent["event"]
    return sent, results


FRAMES, RESULTS = _frames()
REQUESTS = tuple(RESULTS)
