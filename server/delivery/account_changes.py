"""What a session has changed of its user's own affairs, for the user's other sessions: once in a tick.

What somebody changes on one of many connections concerns all the others. Told at once, the requests of a
tick would make as many frames as there are requests times sessions; gathered until its end they make one for
each session, for it tells how things are and not what has changed. Knows sessions by the few things of
`Subscriber`, and the state; how bytes get to a session is the hub's.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TypeVar

from protocol import codec, frames
from protocol.frames import Frame
from server.delivery.subscriber import Subscriber
from server.state.model import State, User

M = TypeVar("M", frames.MineResult, frames.MineChanged)

_MINE = ""
"""Under what it is kept that something else than a read marker has changed; no room has this name."""


def account_data(state: State, user: User, kind: type[M]) -> M:
    """What belongs to a user and is the same everywhere, as a result or a frame."""
    ignored = sorted((state.users[other].name, other) for other in user.ignored)
    people = [frames.Person(other, name) for name, other in ignored]
    return kind(user.away is not None, user.away or "", people, dict(user.levels))


class AccountChanges:
    """See the module. `sessions` are the hub's, by user; `queue` gives bytes to one of them."""

    def __init__(
        self,
        state: State,
        sessions: Mapping[int, set[Subscriber]],
        queue: Callable[[Subscriber, bytes], None],
    ) -> None:
        self._state = state
        self._sessions = sessions
        self._queue = queue
        self._changed: defaultdict[int, dict[str, set[Subscriber]]] = defaultdict(dict)

    def add(self, session: Subscriber, room: str = _MINE) -> None:
        """The session has moved its user's read marker in the room; or changed what `mine` gives."""
        self._changed[session.user.id].setdefault(room, set()).add(session)

    def tell(self) -> None:
        """The tick is over: tell each session what others of its user have changed."""
        changed, self._changed = self._changed, defaultdict(dict)
        for number, things in changed.items():
            user, sessions = self._state.users[number], self._sessions.get(number, ())
            for room, by in things.items():
                told = [one for one in sessions if not one.lagging and by != {one}]
                if told and (frame := self._frame(user, room)) is not None:
                    data = codec.encode(frame)
                    for session in told:
                        self._queue(session, data)

    def _frame(self, user: User, room: str) -> Frame | None:
        if room == _MINE:
            return account_data(self._state, user, frames.MineChanged)
        seq = user.reads.get(room)
        return frames.Marker(room, seq) if seq is not None else None  # they may have left right behind
