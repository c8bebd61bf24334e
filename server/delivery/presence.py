"""Who is there, and telling those who look at a room: gathered changes of a short list, and the numbers.

Presence costs what is looked at. Of a watched room a session has a list of so many people at most, and the
count of all; what changes is gathered for a moment and told to all who have the same list in the same bytes.
So a room of 5,000 that comes back after a restart costs each of them some lists, and not 5,000 frames. Who is
pushed off the end of the list is told as gone from it, and who moves up as new, so a client's list is
always the server's, a moment later.

Knows sessions by the few things of `Subscriber`, and the state; how bytes get to a session is the hub's.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from protocol import codec, frames, limits
from server.delivery.subscriber import Subscriber
from server.state import permissions
from server.state.model import State, User

GATHER_SECONDS = 0.25
"""Changes are gathered for so long, but for the first one after a quiet moment: nobody waits for that."""

LONGEST_SECONDS = 5.0
TELLINGS_PER_SECOND = 4000
"""Lists told to this many watchers a second, or 4 KiB each, whatever happens: 5 % of a processor. Many
watchers make the moment longer, up to `LONGEST_SECONDS`."""

TYPING_WATCHERS = 200
"""In a room that more look at nobody is told who types: it would cost much and say nothing."""


class Standing(NamedTuple):
    """Somebody who is there: in the order of lists, and as they are told."""

    away: bool
    folded: str
    name: str
    user: int
    text: str


class _List:
    """What all know who watch a room with the same limit: `told` by user, in order, and the numbers."""

    __slots__ = ("count", "limit", "listed", "room", "watchers")

    def __init__(self, room: str, limit: int) -> None:
        self.room = room
        self.limit = limit
        self.watchers: set[Subscriber] = set()
        self.listed: dict[int, Standing] = {}
        self.count = frames.Count(0)

    def update(self, ranked: list[Standing], count: frames.Count) -> bytes:
        """Take in how it is now; the frames that tell what has changed."""
        before, self.listed = self.listed, {one.user: one for one in ranked[: self.limit]}
        changed: list[frames.Frame] = [
            frames.Presence(self.room, one.name, online=False)
            for user, one in before.items()
            if user not in self.listed or self.listed[user].name != one.name
        ]
        changed += [
            frames.Presence(self.room, one.name, online=True, away=one.away, text=one.text)
            for user, one in self.listed.items()
            if before.get(user) != one
        ]
        if count != self.count:
            self.count = count
            changed.append(frames.People(self.room, count.total, count.away))
        return b"".join(map(codec.encode, changed))


class Presence:
    """See the module. `sessions` are the hub's, by user; `queue` gives bytes to one of them."""

    def __init__(
        self,
        state: State,
        sessions: Mapping[int, set[Subscriber]],
        queue: Callable[[Subscriber, bytes], None],
        clock: Callable[[], int],
    ) -> None:
        self._state = state
        self._clock = clock
        self._sessions = sessions
        self._queue = queue
        self._loop = asyncio.get_running_loop()
        self._away: dict[int, str | None] = {}
        self._lists: dict[str, dict[int, _List]] = {}
        self._watching: dict[Subscriber, list[_List]] = {}
        self._stale: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = 0.0

    # --- what happens

    def changed(self, user: User) -> None:
        """A session of the user has come, gone, or become idle or not; or the user is away or back."""
        sessions = self._sessions.get(user.id)
        known = user.id in self._away
        if not sessions:
            if known:
                del self._away[user.id]
                self.touch(user.rooms)
            return
        idle = "" if all(session.idle for session in sessions) else None
        away = user.away if user.away is not None else idle
        if not known or away != self._away[user.id]:
            self._away[user.id] = away
            self.touch(user.rooms)

    def touch(self, rooms: Iterable[str]) -> None:
        """Something about the people of these rooms may have changed."""
        stale = [room for room in rooms if room in self._lists]
        if stale:
            self._stale.update(stale)
            if self._timer is None:
                self._timer = self._loop.call_at(max(self._loop.time(), self._not_before), self._tell)

    # --- who looks

    def watch(self, session: Subscriber, rooms: list[str], limit: int) -> frames.WatchResult:
        """Tell the session from now on of the people in these rooms, and no longer of others."""
        self.forget(session)
        size = _size(limit, len(rooms))
        result = frames.WatchResult({}, {}, {}, {}, {})
        watched = self._watching[session] = []
        for room in rooms:
            lists = self._lists.setdefault(room, {})
            one = lists.get(size)
            if one is None:
                one = lists[size] = _List(room, size)
                one.update(*self._ranked(room, size))
            # With the list as it was told last, for what is told next is what has changed since.
            one.watchers.add(session)
            watched.append(one)
            result.online[room] = [person.name for person in one.listed.values()]
            result.counts[room] = one.count
            if (more := one.count.total - len(one.listed)) > 0:
                result.more[room] = more
            if roles := permissions.roles(self._state, self._state.rooms[room]):
                result.roles[room] = roles
            if away := {person.name: person.text for person in one.listed.values() if person.away}:
                result.away[room] = away
        return result

    def forget(self, session: Subscriber, room: str | None = None) -> None:
        """The session looks at nothing any more; or no longer at that room."""
        kept = []
        for one in self._watching.pop(session, ()):
            if room is not None and one.room != room:
                kept.append(one)
                continue
            one.watchers.discard(session)
            if not one.watchers:
                del self._lists[one.room][one.limit]
                if not self._lists[one.room]:
                    del self._lists[one.room]
        if kept:
            self._watching[session] = kept

    def shut(self, room: str, user: int | None = None) -> None:
        """This user, or nobody, may look at the room any more; not even by a session that told nobody that it
        has come."""
        lists = self._lists.get(room, {}).values()
        for session in [
            one for each in lists for one in each.watchers if user is None or one.user.id == user
        ]:
            self.forget(session, room)

    def tell_role(self, room: str, user: User) -> None:
        """What a member is there may have changed without an event: tell who looks."""
        known = self._state.rooms.get(room)
        if known is None or user.id not in known.members:
            return
        frame = codec.encode(frames.RoleChanged(room, user.name, permissions.role(known, user)))
        for one in self._lists.get(room, {}).values():
            for watcher in one.watchers:
                if not watcher.lagging:
                    self._queue(watcher, frame)

    def type(self, session: Subscriber, room: str, *, on: bool) -> None:
        """The session's user writes in a room: tell who looks at it, but for the user."""
        if permissions.muted(self._state.rooms[room], session.user, self._clock()):
            return
        watchers = [
            watcher
            for one in self._lists.get(room, {}).values()
            for watcher in one.watchers
            if watcher.user is not session.user and not watcher.lagging
        ]
        if 0 < len(watchers) <= TYPING_WATCHERS:
            frame = codec.encode(frames.Typing(room, on, session.user.id, session.user.name))
            for watcher in watchers:
                self._queue(watcher, frame)

    # --- how it is

    def away(self, user: int) -> str | None:
        """The text of somebody who is away, else None. They must be there."""
        return self._away[user]

    def _ranked(self, room: str, limit: int) -> tuple[list[Standing], frames.Count]:
        """The first so many of the members who are there, and how many there are."""
        users, there, where = self._state.users, self._away, self._state.rooms[room]
        now = self._clock() if where.mutes else 0
        silent = {user for user in where.mutes if permissions.muted(where, users[user], now)}
        here = [
            Standing(
                (text := there[user]) is not None,
                name.casefold(),
                name,
                user,
                text if text is not None and user not in silent else "",
            )
            for user, name in ((user, users[user].name) for user in where.members if user in there)
        ]
        count = frames.Count(len(here), sum(one.away for one in here))
        return heapq.nsmallest(limit, here), count

    def _tell(self) -> None:
        self._timer = None
        stale, self._stale = self._stale, set()
        tellings = 0.0
        for room in stale:
            lists = self._lists.get(room)
            if not lists:
                continue
            ranked, count = self._ranked(room, max(lists))
            for one in lists.values():
                block = one.update(ranked, count)
                if block:
                    tellings += len(one.watchers) * (1 + len(block) / 4096)
                    for watcher in one.watchers:
                        if not watcher.lagging:
                            self._queue(watcher, block)
        wait = min(LONGEST_SECONDS, GATHER_SECONDS + tellings / TELLINGS_PER_SECOND)
        self._not_before = self._loop.time() + wait


def _size(limit: int, rooms: int) -> int:
    """The size of lists that a session gets: of all its rooms together no more than of one alone."""
    most = limits.LISTS[-1] // max(1, rooms)
    wanted = next(size for size in limits.LISTS if size >= limit)
    return wanted if wanted <= most else max(size for size in limits.LISTS if size <= most)
