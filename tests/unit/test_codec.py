"""The codec: any cutting of a stream gives the same frames, no bytes give anything but what is promised."""

import datetime as dt
import string
from typing import Any

import msgpack
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec, errors, frames, limits
from protocol.codec import FrameReader, Rejected
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frames import Frame

IDS = st.integers(1, limits.INTEGER)
SEQS = st.integers(0, limits.INTEGER)
TIMES = st.integers(0, limits.TIME)
TEXTS = st.text(max_size=64)
NAMES = st.text(min_size=1, max_size=4 * limits.NAME)
ROOMS = st.text(min_size=1, max_size=4 * limits.ROOM)
HEADS = st.dictionaries(TEXTS, SEQS, max_size=8)

FROM_CLIENT: st.SearchStrategy[Frame] = st.one_of(
    st.builds(frames.Hello, st.lists(st.integers(0, 2**31), min_size=1, max_size=16), TEXTS),
    st.builds(frames.Login, IDS, NAMES, TEXTS, TEXTS),
    st.builds(frames.Sync, IDS, TEXTS, st.dictionaries(ROOMS, SEQS, max_size=8), st.integers(0, limits.PAGE)),
    st.builds(frames.Join, IDS, ROOMS),
    st.builds(frames.Leave, IDS, ROOMS),
    st.builds(frames.Topic, IDS, ROOMS, TEXTS),
    st.builds(frames.Nick, IDS, NAMES),
    st.builds(frames.Send, IDS, ROOMS, st.text(min_size=1, max_size=limits.CID), st.binary(), TEXTS),
    st.builds(frames.History, IDS, ROOMS, st.none() | SEQS, st.none() | SEQS, st.integers(1, limits.PAGE)),
    st.builds(frames.Read, IDS, ROOMS, SEQS),
    st.builds(frames.Watch, IDS, st.lists(ROOMS, max_size=limits.WATCHED_ROOMS), st.integers(1, 1000)),
    st.builds(frames.Away, IDS, st.booleans(), TEXTS),
    st.builds(frames.Idle, IDS, st.booleans()),
    st.builds(frames.Whois, IDS, NAMES),
    st.builds(frames.Ignore, IDS, NAMES, st.booleans()),
    st.builds(frames.Mine, IDS),
    st.builds(frames.Search, IDS, st.lists(TEXTS, max_size=limits.TERMS), st.lists(TEXTS, max_size=4), TEXTS),
    st.builds(frames.Typing, ROOMS, st.booleans()),
    st.builds(frames.Rooms, IDS),
    st.builds(frames.Online, IDS),
    st.builds(frames.Ping, SEQS, HEADS),
    st.builds(frames.Pong, SEQS),
    st.builds(frames.Bye, TEXTS, TEXTS, st.booleans(), retry_after=st.none() | SEQS, until=st.none() | TIMES),
)
EVENTS = st.builds(frames.Event, ROOMS, IDS, IDS, NAMES, TEXTS, TIMES, st.binary(), st.none() | TEXTS)
FROM_SERVER: st.SearchStrategy[Frame] = st.one_of(
    st.builds(frames.Welcome, st.just(1), TEXTS, TIMES, TEXTS, st.lists(TEXTS), st.lists(TEXTS)),
    st.builds(frames.Ok, IDS, st.dictionaries(TEXTS, st.one_of(SEQS, TEXTS, st.binary(), st.lists(TEXTS)))),
    st.builds(frames.Error, TEXTS, TEXTS, st.none() | IDS, limit=st.none() | SEQS, reason=TEXTS),
    EVENTS,
    st.builds(frames.Presence, TEXTS, TEXTS, st.booleans(), st.booleans(), TEXTS),
    st.builds(frames.People, TEXTS, SEQS, SEQS),
    st.builds(frames.Typing, ROOMS, st.booleans(), SEQS, TEXTS),
    st.builds(frames.MineChanged, st.booleans(), TEXTS, st.lists(st.builds(frames.Person, SEQS, TEXTS))),
    st.builds(frames.Marker, TEXTS, SEQS),
    st.builds(frames.Heads, HEADS),
)


def packed(value: object) -> bytes:
    data: bytes = msgpack.packb(value, datetime=True)
    return data


def framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def server_reader(limit: int = limits.FRAME) -> FrameReader:
    return FrameReader(frames.FROM_CLIENT, limit)


def read_one(value: object) -> Frame | Rejected:
    (frame,) = server_reader().feed(framed(packed(value)))
    return frame


@pytest.mark.parametrize("kinds", [frames.FROM_CLIENT, frames.FROM_SERVER], ids=["client", "server"])
def test_every_frame_has_its_own_tag(kinds: tuple[type[Frame], ...]) -> None:
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(set(tags)) == len(tags)
    assert all(isinstance(tag, str) for tag in tags)


@pytest.mark.parametrize("side", ["client", "server"])
@given(data=st.data())
def test_a_stream_may_be_cut_anywhere(side: str, data: st.DataObject) -> None:
    kinds, some = (frames.FROM_CLIENT, FROM_CLIENT) if side == "client" else (frames.FROM_SERVER, FROM_SERVER)
    sent = data.draw(st.lists(some, max_size=8))
    stream = b"".join(codec.encode(frame) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = FrameReader(kinds, limits.ANSWER)
    assert [frame for chunk in chunks for frame in reader.feed(chunk)] == sent


@given(st.lists(FROM_CLIENT, min_size=1, max_size=3))
def test_a_stream_may_come_byte_by_byte(sent: list[Frame]) -> None:
    stream = b"".join(codec.encode(frame) for frame in sent)
    reader = server_reader()
    assert [frame for byte in stream for frame in reader.feed(bytes((byte,)))] == sent


def test_who_stops_early_gets_the_rest_later() -> None:
    sent = [frames.Ping(number) for number in range(5)]
    reader = server_reader()
    come = reader.feed(b"".join(codec.encode(frame) for frame in sent))
    assert [next(come), next(come)] == sent[:2]
    assert list(reader.feed(b"")) == sent[2:]


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_bytes_give_frames_or_one_error(chunks: list[bytes]) -> None:
    reader = server_reader()
    ended_with = ""
    try:
        for chunk in chunks:
            for frame in reader.feed(chunk):
                assert isinstance(frame, Frame | Rejected)
    except RemoteProtocolError as error:
        ended_with = error.code
    assert ended_with in {"", errors.BAD_FRAME, errors.TOO_LARGE}


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        st.text(max_size=8),
        st.binary(max_size=8),
        st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=16)),
        st.builds(msgpack.Timestamp, st.integers(-(2**63), 2**63 - 1), st.integers(0, 999_999_999)),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
TAGS = [str(kind.__struct_config__.tag) for kind in (*frames.FROM_CLIENT, *frames.FROM_SERVER)]
FIELDS = [
    "id",
    "re",
    "v",
    "name",
    "room",
    "rooms",
    "cid",
    "body",
    "kind",
    "seq",
    "limit",
    "cursors",
    "result",
]


@given(
    st.sampled_from(TAGS),
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING),
    st.dictionaries(
        st.text(string.ascii_lowercase, max_size=3) | st.binary(max_size=3), ANYTHING, max_size=2
    ),
)
def test_any_map_gives_a_frame_or_a_rejection(
    tag: str, fields: dict[str, Any], more: dict[str | bytes, Any]
) -> None:
    whole: dict[Any, Any] = {**more, **fields, "t": tag}
    stream = framed(packed(whole))
    for kinds in (frames.FROM_CLIENT, frames.FROM_SERVER):
        (frame,) = FrameReader(kinds, limits.ANSWER).feed(stream)
        assert isinstance(frame, Frame | Rejected)


@given(ANYTHING)
def test_any_tag_gives_a_rejection(tag: object) -> None:
    frame = read_one({"t": tag, "id": 7})
    assert isinstance(frame, Rejected)
    assert frame.id == 7


def test_fields_that_are_not_known_are_ignored() -> None:
    assert read_one({"t": "ping", "n": 3, "colour": "red", "deep": [{"a": None}]}) == frames.Ping(3)


def test_fields_that_have_their_default_are_left_out() -> None:
    assert msgpack.unpackb(codec.pack(frames.Ok(7))) == {"t": "ok", "re": 7}
    event = frames.Event("#a", 1, 2, "ann", "join", 3)
    assert msgpack.unpackb(codec.pack(event)) == {
        "t": "event", "room": "#a", "seq": 1, "user": 2, "from": "ann", "kind": "join", "time": 3,
    }  # fmt: skip


def test_bytes_are_bin_and_come_back_as_bytes() -> None:
    send = frames.Send(1, "#a", "c", b"\xff\x00")
    assert msgpack.unpackb(codec.pack(send))["body"] == b"\xff\x00"
    assert list(server_reader().feed(codec.encode(send))) == [send]


@pytest.mark.parametrize(
    ("value", "code", "number"),
    [
        ({"t": "send", "id": 5, "room": "#a", "cid": "c", "body": "text"}, errors.BAD_FRAME, 5),
        ({"t": "login", "id": 5, "name": b"ann"}, errors.BAD_FRAME, 5),
        ({"t": "login", "id": 5, "name": ""}, errors.BAD_FRAME, 5),
        ({"t": "login", "id": 5, "name": "a" * (4 * limits.NAME + 1)}, errors.BAD_FRAME, 5),
        ({"t": "join", "id": 5}, errors.BAD_FRAME, 5),
        ({"t": "join", "id": 5, "room": "#a", "limit": limits.PAGE + 1}, errors.BAD_FRAME, 5),
        ({"t": "read", "id": 5, "room": "#a", "seq": -1}, errors.BAD_FRAME, 5),
        ({"t": "read", "id": 5, "room": "#a", "seq": 1.0}, errors.BAD_FRAME, 5),
        ({"t": "watch", "id": 5, "rooms": ["#a"] * (limits.WATCHED_ROOMS + 1)}, errors.BAD_FRAME, 5),
        ({"t": "history", "id": 5, "room": "#a", "limit": 0}, errors.BAD_FRAME, 5),
        ({"t": "send", "id": 5, "room": "#a", "cid": "c" * 65, "body": b""}, errors.BAD_FRAME, 5),
        ({"t": "rooms", "id": 0}, errors.BAD_FRAME, None),
        ({"t": "rooms", "id": True}, errors.BAD_FRAME, None),
        ({"t": "rooms", "id": "5"}, errors.BAD_FRAME, None),
        ({"t": "rooms", "id": limits.INTEGER + 1}, errors.BAD_FRAME, None),
        ({"t": "rooms"}, errors.BAD_FRAME, None),
        ({"t": "hello", "v": []}, errors.BAD_FRAME, None),
        ({"t": "dance", "id": 5}, errors.UNKNOWN_TYPE, 5),
        ({"t": "event", "id": 5}, errors.UNKNOWN_TYPE, 5),  # only servers send events
        ({"t": 1, "id": 5}, errors.UNKNOWN_TYPE, 5),
        ({b"t": "rooms"}, errors.UNKNOWN_TYPE, None),
        ({}, errors.UNKNOWN_TYPE, None),
    ],
)
def test_a_map_that_is_no_frame_is_rejected_with_its_id(value: object, code: str, number: int | None) -> None:
    frame = read_one(value)
    assert isinstance(frame, Rejected)
    assert (frame.code, frame.id) == (code, number)
    assert frame.text


NO_FRAMES = {
    "nothing": b"",
    "no map": packed([1, 2]),
    "two values": packed({"t": "ping"}) * 2,
    "cut short": packed({"t": "ping", "n": 2**40})[:-1],
    "never used byte": b"\xc1",
    "bad UTF-8": b"\x81\xa1t\xa2\xff\xfe",
    "surrogates": b"\x81\xa1t\xa3\xed\xa0\x80",
    "number as key": packed({1: "ping"}),
    "array of 4 G": b"\xdd\xff\xff\xff\xff",
    "map of 4 G": b"\xdf\xff\xff\xff\xff",
    "string of 4 G": b"\xdb\xff\xff\xff\xff",
    "bytes of 4 G": b"\xc6\xff\xff\xff\xff",
    "deep arrays": b"\x91" * 100_000 + b"\xc0",
    "deep maps": b"\x81\xa1a" * 80_000 + b"\xc0",
    "arrays of arrays that claim much": (b"\xdd\x00\x03\xff\x00" * 50_000)[:250_000],
    "a moment": packed(dt.datetime.max.replace(tzinfo=dt.UTC)),
    "a broken moment": b"\xc7\x0c\xff" + b"\xff" * 12,
    "a moment of 3 bytes": b"\xc7\x03\xff\x00\x00\x00",
    "an extension": packed(msgpack.ExtType(5, b"x")),
}


@pytest.mark.parametrize("payload", NO_FRAMES.values(), ids=list(NO_FRAMES))
def test_what_is_no_map_ends_the_connection(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        list(server_reader().feed(framed(payload)))
    assert raised.value.code == errors.BAD_FRAME


@pytest.mark.parametrize("depth", [50, 500, 1000])
@pytest.mark.parametrize("field", ["t", "re", "result", "more"])
def test_deep_nesting_harms_nobody(field: str, depth: int) -> None:
    fields = {"t": packed("ok"), "re": packed(1), field: b"\x81\xa1a" * depth + b"\xc0"}
    payload = bytes((0x80 + len(fields),)) + b"".join(packed(key) + value for key, value in fields.items())
    for kinds in (frames.FROM_CLIENT, frames.FROM_SERVER):
        (frame,) = FrameReader(kinds, limits.ANSWER).feed(framed(payload))
        assert isinstance(frame, frames.Ok | Rejected)


def test_the_limit_is_checked_before_anything_is_kept() -> None:
    reader = server_reader(limits.FRAME_BEFORE_LOGIN)
    with pytest.raises(RemoteProtocolError) as raised:
        list(reader.feed((limits.FRAME_BEFORE_LOGIN + 1).to_bytes(4, "big")))
    assert raised.value.code == errors.TOO_LARGE


def test_a_frame_of_exactly_the_limit_is_taken() -> None:
    send = frames.Send(1, "#a", "c", b"")
    send = msgspec.structs.replace(send, body=b"x" * 1000)
    size = len(codec.pack(send))
    assert list(server_reader(size).feed(codec.encode(send))) == [send]
    with pytest.raises(RemoteProtocolError):
        list(server_reader(size - 1).feed(codec.encode(send)))


def test_a_limit_raised_by_one_frame_counts_for_the_next() -> None:
    small, large = frames.Ping(1), frames.Send(1, "#a", "c", b"x" * 5000)
    reader = server_reader(limits.FRAME_BEFORE_LOGIN)
    come = reader.feed(codec.encode(small) + codec.encode(large))
    assert next(come) == small
    reader.limit = limits.FRAME
    assert list(come) == [large]


def test_frames_before_a_broken_one_still_come() -> None:
    come = server_reader().feed(codec.encode(frames.Ping(1)) + framed(b"\xc1"))
    assert next(come) == frames.Ping(1)
    with pytest.raises(RemoteProtocolError):
        next(come)


def test_a_body_over_its_limit_is_our_own_fault() -> None:
    body = frames.TextBody("x" * 100)
    size = len(codec.pack(body))
    assert codec.unpack_body(codec.body(body, size), frames.TextBody) == body
    with pytest.raises(LocalProtocolError):
        codec.body(body, size - 1)


@given(st.binary(max_size=64))
def test_any_body_unpacks_to_a_text_or_none(body: bytes) -> None:
    unpacked = codec.unpack_body(body, frames.TextBody)
    assert unpacked is None or isinstance(unpacked.text, str)


@given(EVENTS)
def test_results_survive_the_map_of_an_answer(event: frames.Event) -> None:
    result = frames.HistoryResult([event], complete=True)
    (frame,) = FrameReader(frames.FROM_SERVER, limits.ANSWER).feed(
        codec.encode(frames.Ok(1, codec.result_map(result)))
    )
    assert isinstance(frame, frames.Ok)
    assert codec.convert(frame.result, frames.HistoryResult) == result
