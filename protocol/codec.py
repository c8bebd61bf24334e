"""Bytes to frames and back.

A frame on a stream is its length as 4 bytes, big-endian, then that many bytes of msgpack. The length
is checked before anything is waited for, so a peer can't make us buffer more than the limit. Broken
framing or broken msgpack ends the connection (`RemoteProtocolError`): nothing after it can be trusted.
A well-packed map that is no frame we know does not: it comes out as `Rejected`, to be answered.

msgpack packs and unpacks, msgspec validates the map against the class its tag names. Looking the class
up first matters: converting onto a union of all classes costs ten times as much.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgpack
import msgspec

from protocol import errors, limits
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frames import Body, Frame

LENGTH_BYTES = 4

B = TypeVar("B", bound=msgspec.Struct)
_packer = msgpack.Packer()  # one for all: making one costs as much as packing an event
_PLAIN = (bytes,)  # msgpack has its own type for bytes; without this msgspec would use base64


class Rejected(msgspec.Struct, frozen=True):
    """A map that is no valid frame. `id` is the request's, if it had a usable one; `field` the one that is
    wrong, if one is."""

    code: str
    text: str
    id: int | None
    field: str = ""


def pack(value: msgspec.Struct) -> bytes:
    """The msgpack of a frame, body or result."""
    packed: bytes = _packer.pack(msgspec.to_builtins(value, builtin_types=_PLAIN))
    return packed


def encode(frame: Frame) -> bytes:
    """The frame as it goes on a stream, length first."""
    payload = pack(frame)
    return len(payload).to_bytes(LENGTH_BYTES, "big") + payload


def unpack_body(packed: bytes, kind: type[B]) -> B | None:
    """A body that came in an event, or None if it is none of that kind (a newer client's, say)."""
    try:
        return convert(unpack(packed), kind)
    except (RemoteProtocolError, msgspec.ValidationError):
        return None


def convert(value: object, kind: type[B]) -> B:
    """Validate unpacked data as `kind`; raises `msgspec.ValidationError`."""
    return msgspec.convert(value, kind, builtin_types=_PLAIN)


def result_map(result: msgspec.Struct) -> dict[str, Any]:
    """A result as the map that `ok` carries."""
    plain: dict[str, Any] = msgspec.to_builtins(result, builtin_types=_PLAIN)
    return plain


def body(value: Body, limit: int) -> bytes:
    """Pack a body, or raise `LocalProtocolError` if it has more than `limit` bytes."""
    packed = pack(value)
    if len(packed) > limit:
        raise LocalProtocolError(
            errors.TOO_LARGE, f"this is {len(packed):,} bytes; the server takes {limit:,}"
        )
    return packed


def unpack(payload: bytes) -> object:
    """One msgpack value; raises `RemoteProtocolError` for anything else."""
    # Whatever msgpack, its C parser or UTF-8 decoding object to, is one thing to us. Its exceptions
    # (ExtraData, FormatError, StackError, UnicodeDecodeError …) are all ValueErrors, but for
    # RecursionError and the OverflowError of timestamps that no calendar has.
    try:
        return msgpack.unpackb(payload, strict_map_key=True, raw=False)
    except (ValueError, RecursionError, OverflowError) as error:
        raise RemoteProtocolError(errors.BAD_FRAME, f"not a msgpack frame: {error}") from error


class FrameReader:
    """Turns the bytes of a stream into frames.

    `kinds` are the frames the other side may send (`FROM_CLIENT` or `FROM_SERVER`); `limit` is the
    longest payload in bytes and may be changed between frames.
    """

    def __init__(self, kinds: Iterable[type[Frame]], limit: int) -> None:
        self._kinds = {_tag(kind): kind for kind in kinds}
        self._buffer = bytearray()
        self.limit = limit

    def feed(self, data: bytes) -> Iterator[Frame | Rejected]:
        """Give each frame that `data` completes; who stops early gets the others from the next call.

        Raises `RemoteProtocolError` when the stream can't be read on. The limit in force is read anew
        before each frame, so a login in the middle of `data` counts for what follows it.
        """
        self.add(data)
        return iter(self.next_frame, None)

    def add(self, data: bytes | memoryview) -> None:
        """Bytes have come; `next_frame` gives what is complete by then."""
        self._buffer += data

    @property
    def buffered(self) -> int:
        """Bytes that have come and are in no frame that was given."""
        return len(self._buffer)

    @property
    def start(self) -> bytes:
        """The first few of these."""
        return bytes(self._buffer[:8])

    @property
    def ready(self) -> bool:
        """`next_frame` has something to give, or to raise."""
        buffer = self._buffer
        if len(buffer) < LENGTH_BYTES:
            return False
        length = int.from_bytes(buffer[:LENGTH_BYTES], "big")
        return length > self.limit or len(buffer) >= LENGTH_BYTES + length

    def next_frame(self) -> Frame | Rejected | None:
        """The next frame, if it has come; raises as `feed` does."""
        buffer = self._buffer
        if len(buffer) < LENGTH_BYTES:
            return None
        length = int.from_bytes(buffer[:LENGTH_BYTES], "big")
        if length > self.limit:
            raise RemoteProtocolError(
                errors.TOO_LARGE,
                f"a frame of {length:,} bytes; at most {self.limit:,} are allowed here",
                limit=self.limit,
            )
        end = LENGTH_BYTES + length
        if len(buffer) < end:
            return None
        payload = bytes(buffer[LENGTH_BYTES:end])
        del buffer[:end]  # costs nothing: a bytearray only moves its start
        return self.frame(payload)

    def frame(self, payload: bytes) -> Frame | Rejected:
        """One frame from its payload (over WebSocket, one message)."""
        value = unpack(payload)
        if not isinstance(value, dict):
            raise RemoteProtocolError(errors.BAD_FRAME, "a frame is a msgpack map")
        tag = value.get("t")
        if not isinstance(tag, str):
            return Rejected(errors.UNKNOWN_TYPE, "a frame has its type under 't', a string", _id_of(value))
        kind = self._kinds.get(tag)
        if kind is None:
            return Rejected(errors.UNKNOWN_TYPE, f"unknown frame type {tag[:80]!r}", _id_of(value))
        try:
            return convert(value, kind)
        except msgspec.ValidationError as error:
            return Rejected(errors.BAD_FRAME, f"{tag}: {error}", _id_of(value), _field_of(error))


def _tag(kind: type[Frame]) -> str:
    return str(kind.__struct_config__.tag)


# How msgspec says where the mistake is; it has no other way to ask.
_FIELD = re.compile(r"(?:missing required field `|at `\$\.)(\w+)")


def _field_of(error: msgspec.ValidationError) -> str:
    """Which field of the frame is missing or wrong."""
    found = _FIELD.search(str(error))
    return found[1] if found is not None else ""


def _id_of(value: dict[str, Any]) -> int | None:
    for key in ("id", "re"):
        number = value.get(key)
        if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= limits.INTEGER:
            return number
    return None
