"""What lies between the events that a client holds of a room and the room's head, fetched until it is there.

A page that the server refuses is asked for again, later each time: nothing else may ever tell that it is
missing. Knows rooms and how to ask, nothing of connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from chat_tui.client.errors import ClientError, RequestError
from chat_tui.client.events import RoomEvent
from chat_tui.client.requests import Ask, Later
from chat_tui.client.room import Room
from protocol import frames, limits

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 15.0
"""Before a page is asked for again whose refusal says no time; twice as long each time."""


class Gaps:
    """See the module. Up to `fill` events are fetched one after the other; `appended` gets them. Instead of
    more than that `anew` has the room begin with its newest page."""

    def __init__(
        self,
        rooms: Mapping[str, Room],
        ask: Ask,
        later: Later,
        fill: int,
        appended: Callable[[Room, list[RoomEvent]], None],
        anew: Callable[[Room], Awaitable[None]],
    ) -> None:
        self._rooms = rooms
        self._ask = ask
        self._later = later
        self._fill = fill
        self._appended = appended
        self._anew = anew
        self._filling: set[str] = set()

    def close(self, room: Room) -> None:
        """Fetch what is missing of the room, if it is not being done."""
        if room.name not in self._filling:
            self._filling.add(room.name)
            self._later(self._fetch_missing(room))

    async def _fetch_missing(self, room: Room) -> None:
        delay = FIRST_SECONDS
        try:
            while room.missing and self._held(room):
                last = room.last
                try:
                    await self._fetch_some(room)
                except RequestError as error:
                    await asyncio.sleep(delay if error.retry_after is None else error.retry_after / 1000)
                    delay = min(2 * delay, LONGEST_SECONDS)
                    continue
                delay = FIRST_SECONDS
                if room.last == last:  # a head that the server can't show: don't ask for ever
                    room.head = last
                    room.ahead.clear()
        except ClientError:
            pass  # the next sync asks for the same
        finally:
            self._filling.discard(room.name)
        now = self._rooms.get(room.name)
        if now is not None and now is not room and now.missing:  # left and entered again meanwhile
            self.close(now)

    async def _fetch_some(self, room: Room) -> None:
        if room.head - room.last <= self._fill:
            page = await self._ask(frames.History(1, room.name, after=room.last, limit=limits.PAGE))
            if not self._held(room):
                return  # left meanwhile: nobody is shown it any more
            if page.floor <= room.last:
                self._appended(room, [new for event in page.events for new in room.receive(event)])
                return
        # Too much, or pruned: start anew from the newest page, with the counts that go with it.
        await self._anew(room)

    def _held(self, room: Room) -> bool:
        return self._rooms.get(room.name) is room
