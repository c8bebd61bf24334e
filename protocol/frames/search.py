"""Searching what was said."""

from typing import Annotated

from msgspec import Meta

from protocol import limits
from protocol.frames.base import Request, Result, Time, Word
from protocol.frames.events import Event

Terms = Annotated[list[Word], Meta(max_length=limits.TERMS)]


class SearchResult(Result, frozen=True):
    """The newest that match, as they were sent, newest first; `edits`: the last edit of those that have one.

    `cursor`: asked with it, the server goes on where this ends; empty: there is nothing more. `behind`: some
    of what was said last was not looked at yet. `stopped`: it took too long, there may be older ones.
    """

    events: list[Event]
    edits: list[Event] = []
    cursor: str = ""
    behind: bool = False
    stopped: bool = False


class Search(Request[SearchResult], tag="search", rename={"sender": "from"}, frozen=True):
    """What was said with all of `words` and `phrases` in it, in the rooms that one is in.

    Only in `room`, only by `from`, only at or after `after` and before `before` (ms), if these are given.
    """

    result = SearchResult
    words: Terms = []
    phrases: Terms = []
    room: Annotated[str, Meta(max_length=4 * limits.ROOM)] = ""
    sender: Annotated[str, Meta(max_length=4 * limits.NAME)] = ""
    after: Time | None = None
    before: Time | None = None
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE)] = 50
    cursor: Word = ""
