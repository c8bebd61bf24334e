"""Every integer of every frame, result and body has a range; what is out of it is refused at the border."""

from collections.abc import Iterator
from typing import Any

import msgpack
import msgspec
import pytest
from msgspec import inspect

from protocol import codec, errors, frames, limits
from protocol.codec import FrameReader, Rejected

BODIES = [kind for kind in vars(frames).values() if isinstance(kind, type) and issubclass(kind, frames.Body)]
KINDS = sorted(
    {
        *frames.FROM_CLIENT,
        *frames.FROM_SERVER,
        *(kind.result for kind in frames.REQUESTS),
        *BODIES,
    },
    key=lambda kind: kind.__name__,
)


def integers_in(found: inspect.Type, path: str) -> Iterator[tuple[str, inspect.IntType]]:
    """The integers of a type, and of what is inside it."""
    match found:
        case inspect.IntType():
            yield path, found
        case inspect.StructType():
            for field in found.fields:
                yield from integers_in(field.type, f"{path}.{field.name}")
        case inspect.ListType():
            yield from integers_in(found.item_type, f"{path}[]")
        case inspect.DictType():
            yield from integers_in(found.key_type, f"{path}{{}}")
            yield from integers_in(found.value_type, f"{path}{{}}")
        case inspect.UnionType():
            for one in found.types:
                yield from integers_in(one, path)
        case inspect.Metadata():
            yield from integers_in(found.type, path)
        case _:
            simple = (inspect.StrType, inspect.BoolType, inspect.BytesType, inspect.NoneType)
            others = (inspect.LiteralType, inspect.AnyType)  # `ok` carries a result, which is one of KINDS
            assert isinstance(found, (*simple, *others)), f"{path}: {found}"


INTEGERS = [found for kind in KINDS for found in integers_in(inspect.type_info(kind), kind.__name__)]


@pytest.mark.parametrize(("path", "found"), INTEGERS, ids=[path for path, _ in INTEGERS])
def test_every_integer_has_a_range(path: str, found: inspect.IntType) -> None:
    assert found.ge is not None
    assert found.ge >= 0
    assert found.le is not None
    assert found.le <= limits.INTEGER
    if path.rpartition(".")[2] in {"time", "until", "created", "seen", "expires", "since"}:
        assert found.le <= limits.TIME


def test_the_walk_finds_what_is_inside() -> None:
    paths = {path for path, _ in INTEGERS}
    assert {"SyncResult.rooms[].events[].time", "Ping.heads{}", "Welcome.limits.silence"} <= paths
    assert {"AboutBody.until", "MembersResult.total", "Hello.v[]", "Sync.cursors{}"} <= paths


@pytest.mark.parametrize("number", [-1, limits.INTEGER + 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize(
    "fields",
    [
        {"t": "heads", "heads": {"#general": "?"}},
        {"t": "marker", "room": "#general", "seq": "?"},
        {"t": "people", "room": "#general", "total": "?"},
        {"t": "typing", "room": "#general", "user": "?"},
        {"t": "event", "room": "#a", "seq": 1, "user": 1, "from": "x", "kind": "message", "time": "?"},
    ],
    ids=lambda fields: fields["t"],
)
def test_what_is_out_of_range_is_no_frame(fields: dict[str, Any], number: int) -> None:
    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        return number if value == "?" else value

    frame = FrameReader(frames.FROM_SERVER, limits.ANSWER).frame(msgpack.packb(filled(fields)))
    assert isinstance(frame, Rejected)
    assert frame.code == errors.BAD_FRAME
    assert frame.text.startswith(f"{fields['t']}: Expected `int`")


def test_a_moment_that_no_calendar_has_is_refused() -> None:
    late = {"room": "#a", "by": "x", "time": limits.TIME + 1}
    with pytest.raises(msgspec.ValidationError):
        codec.convert(late, frames.Invitation)
    assert codec.convert({**late, "time": limits.TIME}, frames.Invitation).time == limits.TIME
