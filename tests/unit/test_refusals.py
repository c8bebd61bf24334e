"""What a program can read of a refusal: none has a time, a limit or a field that only its text tells."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest

import server
from protocol import errors, frames
from protocol.codec import FrameReader, Rejected

# What each code needs beside it: one of these is there, wherever the code is given.
NEEDED = {
    "TOO_LARGE": {"limit"},
    "TOO_MANY": {"limit"},
    "RATE_LIMITED": {"retry_after", "limit"},
    "BAD_FRAME": {"field"},
    "BAD_NAME": {"field"},
    "NAME_TAKEN": {"field"},
    "BAD_PASSWORD": {"field"},
    "BAD_INVITE": {"field"},
}


def refusals() -> Iterator[tuple[str, str, set[str]]]:
    """Where the server refuses something, the name of its code there, and the details that it gives."""
    for path in sorted(Path(server.__file__).parent.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id == "RefusedError" and isinstance(code := call.args[0], ast.Attribute):
                given = {"field" if word.arg is None else word.arg for word in call.keywords}  # **details
                yield f"{path.name}:{call.lineno}", code.attr, given


def test_every_refusal_gives_what_its_code_needs() -> None:
    found = list(refusals())
    assert {code for _, code, _ in found} >= set(NEEDED)
    assert [where for where, code, given in found if code in NEEDED and not NEEDED[code] & given] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"room": 7}, "room"),
        ({"room": "#a", "limit": -1}, "limit"),
        ({}, "room"),
    ],
)
def test_a_frame_that_is_wrong_tells_which_field(wrong: dict[str, object], field: str) -> None:
    reader = FrameReader(frames.FROM_CLIENT, 1000)
    rejected = reader.frame(msgpack.packb({"t": "join", "id": 3, **wrong}))
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.id, rejected.field) == (errors.BAD_FRAME, 3, field)


def test_a_field_inside_another_is_told_by_the_outer_one() -> None:
    rejected = FrameReader(frames.FROM_CLIENT, 1000).frame(msgpack.packb({"t": "hello", "v": ["x"]}))
    assert isinstance(rejected, Rejected)
    assert rejected.field == "v"


def test_what_is_not_there_is_not_told() -> None:
    assert frames.Error("denied", "no", 1).details == {}
    assert frames.Bye("denied", "no", until=0, reason="x", limit=0, field="f", retry_after=0).details == {
        "until": 0, "reason": "x", "limit": 0, "field": "f", "retry_after": 0,
    }  # fmt: skip
