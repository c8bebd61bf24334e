"""Searching what was said: in what this computer has and on the server, as one list without doubles.

Knows the cache, the rooms and how to ask; nothing of screens.
"""

from collections.abc import Callable, Iterable
from time import time_ns

import msgspec
from msgspec.structs import replace

from chat_tui.client.cache import Cache
from chat_tui.client.errors import ClientError, RequestError
from chat_tui.client.events import RoomEvent, from_wire
from chat_tui.client.query import Query, parse
from chat_tui.client.requests import Ask
from chat_tui.client.room import Room
from chat_tui.local_time import ZONE, local
from protocol import codec, errors, frames
from protocol.names import fold
from protocol.text import clean_text

PAGE = 50
"""Messages that are asked for at once."""

LOCAL = 500
"""Messages that this computer finds at most."""

_HERE, _NOT_ALL = "only on this computer", "there is more"


class Found(msgspec.Struct):
    """Messages, newest first, as they read now. `note` says what was not looked at, if anything.

    `cursor`: the server has more, for `Searching.more`. `error`: why it could not be asked, or asked further.
    """

    query: Query
    rooms: tuple[str, ...]
    hits: list[RoomEvent] = msgspec.field(default_factory=list)
    note: str = ""
    cursor: str = ""
    error: ClientError | None = None


class Searching:
    """See the module. `hides`: whether this person wants to read nothing of a user; `me`: their own name."""

    def __init__(
        self,
        ask: Ask,
        rooms: dict[str, Room],
        me: Callable[[], str],
        cache: Cache | None = None,
        hides: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self._ask = ask
        self._rooms = rooms
        self._hides = hides
        self._cache = cache
        self._me = me

    async def search(self, text: str, here: str = "") -> Found:
        """What matches what somebody typed; `here` is the room they are in. Raises `ClientError`."""
        today = local(time_ns() // 1_000_000).date()
        query = parse(text, today, ZONE.info)
        found = Found(query, self._where(query, here))
        if not found.rooms:
            return found
        held = await self._local(found)
        await self._ask_server(found)
        # What is older than what the server has told of may still come from there.
        until = found.hits[-1].time if found.cursor and found.hits else 0
        _add(found, (event for event in held if event.time >= until))
        return found

    async def more(self, found: Found) -> None:
        """Go on where the server ended; if it can't be asked, that is the end. Raises `ClientError`."""
        await self._ask_server(found)

    def _where(self, query: Query, here: str) -> tuple[str, ...]:
        """The names of the rooms in which to search."""
        if query.room == "*" or not (query.room or here):
            return tuple(self._rooms)
        if not query.room:
            return (here,)
        wanted = fold(query.room)
        for room in self._rooms.values():
            if fold(room.title) == wanted or (not room.direct and fold(room.name) == wanted):
                return (room.name,)
        if query.room.startswith("@"):
            raise ClientError(f"You have no room with {query.room}")
        raise ClientError(f"You are not in {query.room}: /join {query.room} first")

    # --- this computer

    async def _local(self, found: Found) -> list[RoomEvent]:
        if self._cache is None:
            return []
        query = found.query
        sender = fold(self._sender(query))
        hits = await self._cache.search(query.matches, sender, found.rooms, LOCAL)
        return [event for event in hits if not self._hides(event.user)]

    def _sender(self, query: Query) -> str:
        return self._me() if query.sender.lower() == "me" else query.sender

    # --- the server

    async def _ask_server(self, found: Found) -> None:
        query = found.query
        request = frames.Search(
            1, list(query.words), list(query.phrases),
            found.rooms[0] if len(found.rooms) == 1 else "",
            self._sender(query), query.after, query.before, PAGE, found.cursor,
        )  # fmt: skip
        try:
            answer = await self._ask(request)
        except ClientError as error:
            _give_up(found, error)
            return
        found.cursor = answer.cursor
        found.note = _note(answer)
        edits = {(edit.room, edit.target): edit for edit in answer.edits}
        fresh = [_as_it_reads(event, edits.get((event.room, event.seq))) for event in answer.events]
        _add(found, (event for event in fresh if event.room in self._rooms))


def _give_up(found: Found, error: ClientError) -> None:
    """What is found by now is all, and the note says why. Raises `error` if it is about what was asked."""
    why = "there is no connection"
    if isinstance(error, RequestError):
        if error.code not in (errors.UNKNOWN_TYPE, errors.STORAGE, errors.INTERNAL):
            raise error
        why = f"the server can't: {error}"
    found.note = f"{_NOT_ALL if found.cursor else _HERE}, {'but' if found.cursor else 'for'} {why}"
    found.cursor, found.error = "", error


def _add(found: Found, events: Iterable[RoomEvent]) -> None:
    known = {(event.room, event.seq) for event in found.hits}
    found.hits += [event for event in events if (event.room, event.seq) not in known]
    found.hits.sort(key=lambda event: (-event.time, event.room, -event.seq))


def _note(answer: frames.SearchResult) -> str:
    if answer.stopped:
        return "it took too long to look at all; search in one room, or for rarer words"
    return "what was said last may be missing, it is not indexed yet" if answer.behind else ""


def _as_it_reads(event: frames.Event, edit: frames.Event | None) -> RoomEvent:
    read = from_wire(event)
    text = codec.unpack_body(edit.body, frames.TextBody) if edit is not None else None
    if text is None:
        return read
    return replace(read, text=clean_text(text.text))
