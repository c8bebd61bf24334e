"""What belongs to a user and is the same on all of their devices: being away, whom they ignore, which rooms
call them.

The server keeps it, and tells of changes that another device made. Knows how to ask; nothing of rooms.
"""

from collections.abc import Callable
from contextlib import suppress

from chat_tui.client import updates
from chat_tui.client.errors import ClientError, LostError, RequestError
from chat_tui.client.events import NAME, ROOM
from chat_tui.client.people import REASON
from chat_tui.client.requests import Ask, Later
from chat_tui.client.room import Room
from protocol import frames
from protocol.text import clean_line


class Mine:
    """See the module. `away` is what the user said when they went away, None if they did not; `ignored` the
    ids of users, `levels` the rooms whose level is not the usual one: one set and one map for ever, so that
    others may hold them."""

    def __init__(self, ask: Ask, later: Later, tell: Callable[[updates.Update], None]) -> None:
        self._ask = ask
        self._later = later
        self._tell = tell
        self._returning = False
        self.away: str | None = None
        self.ignored: set[int] = set()
        self.levels: dict[str, str] = {}

    def take(self, told: frames.MineResult | frames.MineChanged) -> None:
        """This is how it is, says the server."""
        self._set_away(clean_line(told.text, REASON) if told.away else None)
        self._set_ignored({person.user for person in told.ignored})
        self._set_levels(
            {clean_line(room, ROOM): clean_line(level, NAME) for room, level in told.levels.items()}
        )

    async def refresh(self) -> None:
        """Ask how it is: we may have missed a change."""
        with suppress(ClientError):  # the next sync tells
            await self._ask(frames.Mine(1), self.take)

    # --- being away

    async def go(self, text: str) -> None:
        """Be away until `back`. Raises `ClientError`."""
        self._returning = False
        await self._ask(frames.Away(1, text=text), lambda _: self._set_away(clean_line(text, REASON)))

    async def back(self) -> None:
        """Be away no longer. Raises `ClientError`."""
        await self._ask(frames.Away(1, on=False), lambda _: self._set_away(None))
        self._returning = False

    def spoke(self) -> None:
        """The user has said something: they are back, and the server gets to know as soon as may be."""
        if self.away is not None:
            self._returning = True
            self.resume()

    def resume(self) -> None:
        """There is a connection (again): do what had to wait for it."""
        if self._returning:
            self._later(self._return())

    async def _return(self) -> None:
        try:
            await self.back()
        except LostError:
            return  # `resume` says it
        except RequestError:
            self._returning = False

    def _set_away(self, away: str | None) -> None:
        if away != self.away:
            self.away = away
            self._tell(updates.AwayChanged())

    # --- ignoring

    async def people(self) -> list[frames.Person]:
        """Whom the user ignores, as they are called now; sanitized. Raises `ClientError`."""
        result = await self._ask(frames.Mine(1), self.take)
        return [frames.Person(person.user, clean_line(person.name, NAME)) for person in result.ignored]

    async def ignore(self, name: str, *, on: bool) -> str:
        """Ignore somebody, or no longer; returns their name as it is written. Raises `ClientError`."""

        def known(person: frames.Person) -> None:
            self._set_ignored(self.ignored | {person.user} if on else self.ignored - {person.user})

        return clean_line((await self._ask(frames.Ignore(1, name, on), known)).name, NAME)

    def _set_ignored(self, ignored: set[int]) -> None:
        if ignored != self.ignored:
            self.ignored &= ignored
            self.ignored |= ignored
            self._tell(updates.IgnoredChanged())

    # --- levels of rooms

    async def choose(self, room: Room, level: frames.Level) -> None:
        """From now on this of the room calls the user, on all devices. Raises `ClientError`."""
        chosen = {} if level == room.usual_level else {room.name: str(level)}

        def known(_: frames.Result) -> None:
            others = {name: level for name, level in self.levels.items() if name != room.name}
            self._set_levels(others | chosen)

        await self._ask(frames.SetLevel(1, room.name, level), known)

    def left(self, room: str) -> None:
        """The user is in that room no longer, and what they chose there is void."""
        self._set_levels({name: level for name, level in self.levels.items() if name != room})

    def _set_levels(self, levels: dict[str, str]) -> None:
        if levels != self.levels:
            self.levels.clear()
            self.levels.update(levels)
            self._tell(updates.LevelsChanged())
