"""What all frames are made of: their base classes and the types of their fields."""

from typing import Annotated, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Meta

from protocol import limits

# Every integer of every frame is one of these, or has a narrower range of its own: what goes beyond is
# refused where a frame is read, and nothing behind that has to fear it.
Number = limits.Number
Id = Annotated[int, Meta(ge=1, le=limits.INTEGER)]
Seq = Annotated[int, Meta(ge=0, le=limits.INTEGER)]
Time = Annotated[int, Meta(ge=0, le=limits.TIME)]
"""A moment, in ms since 1970."""
Name = Annotated[str, Meta(min_length=1, max_length=4 * limits.NAME)]
RoomName = Annotated[str, Meta(min_length=1, max_length=4 * limits.ROOM)]
Cid = Annotated[str, Meta(min_length=1, max_length=limits.CID)]
Word = Annotated[str, Meta(max_length=128)]
Secret = Annotated[str, Meta(max_length=4 * limits.PASSWORD)]
"""A password, a token or an invitation's code. It must never be logged."""


# None of them can be part of a cycle, so the collector need not look at them: there are many.
class Frame(msgspec.Struct, tag_field="t", omit_defaults=True, frozen=True, gc=False):
    """What every frame is: a struct whose map carries its type under `t`."""


class Body(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """The body of an event: packed on its own, opaque to the server's core."""


class Result(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    """What `ok` carries. A request without anything to tell has this empty one."""


R = TypeVar("R", bound=Result)


class Request(Frame, Generic[R], frozen=True):
    """A frame that gets exactly one answer."""

    result: ClassVar[type[Result]] = Result
    id: Id
