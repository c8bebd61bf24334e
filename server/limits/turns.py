"""Whose frames are worked off next, and how many one may have worked off in a while.

One event loop does the work of all, so who has it keeps it from the others. Frames that have come therefore
wait for a turn, and the turns go round *principals*: an address before login, a user after it, however many
connections they have. As in fq_codel's deficit round robin, each gets the same time, who used more sits out,
and who comes after a quiet moment is served before those who keep the server busy: a message waits no
longer for a thousand busy connections of one user than for one.

Beside that each principal has a budget: a token bucket for frames of every kind, and for the bytes of the
answers. Who has spent it is not refused anything (a refusal is an answer, and costs as much): their frames
wait, and soon their connections are not read any more. Knows nothing of sockets, sessions or frames.
"""

import asyncio
import logging
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from server.limits.throttle import address_key

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.005
"""How long frames are worked off before the loop looks at sockets, timers and the disk's answers again."""

SLICE_SECONDS = 0.001
"""What each principal gets in one round: ten frames or so."""

DEBT_SECONDS = 0.1
"""What one request may have taken too long is made good in later rounds, but no more than this: it may have
been the machine that stood still."""

PAUSE_SECONDS = 0.05
"""Who has spent the budget waits at least so long, and then has some frames worked off, not one."""

REMEMBERED = 10_000
"""Principals that are known; of more, those that were not seen for longest begin with a full budget again."""

ANSWER_BYTES = 16 * 1024
"""Of answers that cost as much as one more frame: a page of history, 192 KiB, is 12."""

CONNECT = 5.0
"""What a connection costs, in frames: accepting and ending it is work as well."""


@dataclass(slots=True, frozen=True)
class FrameLimits:
    """How many frames at once, and then in each second, of an address before login and of a user after it."""

    before_login: float = math.inf
    before_login_per_second: float = 0.0
    frames: float = math.inf
    frames_per_second: float = 0.0


NO_FRAME_LIMITS = FrameLimits()


K = TypeVar("K", bound=Hashable)


class TurnTaker(Protocol):
    """Somebody's connection that frames have come on."""

    def take_turn(self, until: float) -> None:
        """Work off frames until then (by the loop's clock) or until the budget is spent; and `add` the
        connection again if more can be worked off."""


class Principal:
    """Who has to answer for what connections cost: an address, or a user. `left` is what is left of the
    budget; it may be below nothing, for what an answer costs is known when it is there."""

    __slots__ = ("_at", "_rate", "_size", "active", "credit", "left", "waiting")

    def __init__(self, size: float = math.inf, rate: float = 0.0, now: float = 0.0) -> None:
        self._size = size
        self._rate = rate
        self._at = now
        self.left = size
        self.credit = SLICE_SECONDS
        self.active = False
        self.waiting: deque[TurnTaker] = deque()

    def charge(self, frames: float) -> None:
        """This has been worked off."""
        self.left -= frames

    def charge_answer(self, size: int) -> None:
        """An answer of so many bytes has been made."""
        self.left -= size / ANSWER_BYTES

    @property
    def spent(self) -> bool:
        """There is not enough left for one frame."""
        return self.left < 1

    def wait(self, now: float) -> float:
        """Seconds until there is enough for one frame."""
        self.left = min(self._size, self.left + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self.left >= 1 else (1 - self.left) / self._rate


class Turns:
    """See the module. `monotonic` is the clock that budgets go by; turns go by the loop's own."""

    def __init__(self, frame_limits: FrameLimits, monotonic: Callable[[], float]) -> None:
        self._limits = frame_limits
        self._monotonic = monotonic
        self._loop = asyncio.get_running_loop()
        self._addresses: OrderedDict[str, Principal] = OrderedDict()
        self._users: OrderedDict[int, Principal] = OrderedDict()
        self._new: deque[Principal] = deque()
        self._old: deque[Principal] = deque()
        self._scheduled = False

    # --- who

    def of_address(self, host: str) -> Principal:
        """Who has not logged in yet: its address, an IPv6 network of /64, loopback, or the
        user of this computer whose process it is."""
        key = address_key(host)
        size, rate = self._limits.before_login, self._limits.before_login_per_second
        return self._known(self._addresses, key, size, rate)

    def of_user(self, user: int) -> Principal:
        """Who has."""
        return self._known(self._users, user, self._limits.frames, self._limits.frames_per_second)

    def _known(self, known: "OrderedDict[K, Principal]", key: "K", size: float, rate: float) -> Principal:
        principal = known.get(key)
        if principal is None:
            principal = known[key] = Principal(size, rate, self._monotonic())
            if len(known) > REMEMBERED:
                known.popitem(last=False)
        else:
            known.move_to_end(key)
        return principal

    # --- when

    def add(self, connection: TurnTaker, principal: Principal) -> None:
        """Frames have come on the connection: it takes its turn, once."""
        principal.waiting.append(connection)
        if not principal.active:
            principal.active = True
            self._new.append(principal)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run)

    def _run(self) -> None:
        self._scheduled = False
        clock = self._loop.time
        now = clock()
        end = now + TURN_SECONDS
        while now < end and (self._new or self._old):
            now = self._serve(now)
        if self._new or self._old:
            self._schedule()

    def _serve(self, began: float) -> float:
        """Let the next principal work; returns how late it is then."""
        fresh = bool(self._new)
        principal = self._new.popleft() if fresh else self._old.popleft()
        if principal.credit <= 0:
            principal.credit += SLICE_SECONDS
            self._old.append(principal)
            return began
        if not principal.waiting:
            # It stays for one more round: nobody is new again and again by coming often.
            principal.active = fresh
            if fresh:
                self._old.append(principal)
            else:
                principal.credit = SLICE_SECONDS
            return began
        if (wait := principal.wait(self._monotonic())) > 0:
            self._loop.call_later(max(wait, PAUSE_SECONDS), self._wake, principal)
            return began
        try:
            principal.waiting.popleft().take_turn(began + principal.credit)
        except Exception:  # one connection must never end the others, whatever bug it met
            logger.exception("what came on a connection could not be worked off")
        now = self._loop.time()
        principal.credit = max(principal.credit - (now - began), -DEBT_SECONDS)
        if fresh and principal.waiting and principal.credit > 0:
            self._new.appendleft(principal)
        else:
            self._old.append(principal)
        return now

    def _wake(self, principal: Principal) -> None:
        """Its budget has grown again."""
        self._old.append(principal)
        self._schedule()
