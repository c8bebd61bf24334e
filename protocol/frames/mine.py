"""What belongs to a user and is the same on all of their devices, beside rooms and read markers."""

from protocol.frames.base import Frame, Name, Number, Request, Result


class Person(Result, frozen=True):
    """A user: the lasting id, and the name they have now."""

    user: Number
    name: str


class MineResult(Result, frozen=True):
    """Whether the user has said that they are away, and why; whom they ignore, by rising name; the level of
    each room for which they have chosen another than its kind has (see `levels`)."""

    away: bool = False
    text: str = ""
    ignored: list[Person] = []
    levels: dict[str, str] = {}


class Mine(Request[MineResult], tag="mine", frozen=True):
    """How is it now?"""

    result = MineResult


class MineChanged(Frame, tag="mine_changed", frozen=True):
    """Another session of this user has changed it; this is how it is now."""

    away: bool = False
    text: str = ""
    ignored: list[Person] = []
    levels: dict[str, str] = {}


class Ignore(Request[Person], tag="ignore", frozen=True):
    """Ignore somebody from now on, or no longer. Whom: by name; it holds whatever they are called later."""

    result = Person
    name: Name
    on: bool = True
