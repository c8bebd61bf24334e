"""Who is writing a message: others, as far as they tell, and what we tell of ourselves.

Nothing of it is kept or repaired: what somebody says of it holds for a few seconds. Knows how to tell the
server; nothing of screens or of what is written.
"""

import asyncio
from collections.abc import Callable, Collection

from chat_tui.client import updates
from chat_tui.client.events import NAME
from protocol import frames, limits
from protocol.text import clean_line

ROOMS, PEOPLE = 64, 64
"""Rooms, and people in each, that are remembered at most: more say nothing to anybody."""


class Typing:
    """See the module. `ignored` are the users of whom nothing is shown; `send` gives frames to the server, or
    drops them."""

    def __init__(
        self,
        send: Callable[[frames.Typing], None],
        tell: Callable[[updates.Update], None],
        ignored: Collection[int],
    ) -> None:
        self._send = send
        self._tell = tell
        self._ignored = ignored
        self._loop = asyncio.get_running_loop()
        self._others: dict[str, dict[int, tuple[str, float]]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._told: tuple[str, float] | None = None

    # --- others

    def names(self, room: str) -> list[str]:
        """Who writes in the room now, the first to begin first."""
        now = self._loop.time()
        return [
            name
            for user, (name, until) in self._others.get(room, {}).items()
            if until > now and user not in self._ignored
        ]

    def receive(self, frame: frames.Typing) -> None:
        """Somebody writes, or has stopped."""
        if not frame.on:
            self.spoke(frame.room, frame.user)
            return
        people = self._others.get(frame.room)
        if people is None:
            if len(self._others) >= ROOMS:
                return
            people = self._others[frame.room] = {}
        if frame.user in people or len(people) < PEOPLE:
            until = self._loop.time() + limits.TYPING_LASTS
            people[frame.user] = (clean_line(frame.name, NAME), until)
            self._tell(updates.TypingChanged(frame.room))
            if self._timer is None:
                self._timer = self._loop.call_at(until, self._expire)

    def spoke(self, room: str, user: int) -> None:
        """The user has said in the room what they wrote, or gave it up."""
        people = self._others.get(room, {})
        if people.pop(user, None) is not None:
            if not people:
                del self._others[room]
            self._tell(updates.TypingChanged(room))

    def _expire(self) -> None:
        self._timer = None
        now = self._loop.time()
        for room, people in tuple(self._others.items()):
            for user, (_, until) in tuple(people.items()):
                if until <= now:
                    self.spoke(room, user)
        ends = [until for people in self._others.values() for _, until in people.values()]
        if ends:
            self._timer = self._loop.call_at(min(ends), self._expire)

    def lost(self) -> None:
        """There is no connection, or no more use for this."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rooms, self._others, self._told = tuple(self._others), {}, None
        for room in rooms:
            self._tell(updates.TypingChanged(room))

    # --- ourselves

    def typed(self, room: str, text: str) -> None:
        """Our person has changed what they write to the room: this is it now."""
        started = text.lstrip()
        meant = started.startswith("//") or not started.startswith("/")
        if not (started and meant):
            self.stopped()
            return
        now = self._loop.time()
        if self._told is not None and self._told[0] != room:
            self.stopped()
        if self._told is None or now - self._told[1] >= limits.TYPING_SECONDS:
            self._told = (room, now)
            self._send(frames.Typing(room))

    def stopped(self) -> None:
        """Our person has given up what they wrote."""
        if self._told is not None:
            room, at = self._told
            self._told = None
            if self._loop.time() - at < limits.TYPING_LASTS:
                self._send(frames.Typing(room, on=False))

    def sent(self) -> None:
        """Our person has sent it, which says enough."""
        self._told = None
