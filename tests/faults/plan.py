"""From a seed to what is done in a history: who takes part, and the steps, in order.

Pure, so that the same seed is the same plan on every machine. What the machine adds is only when each step
falls into what goes on meanwhile.
"""

import heapq
import random
from dataclasses import dataclass
from typing import Literal

ROOMS = ("#general", "#one", "#two")
"""The last one is left and joined again now and then; from the last two people are removed, too."""

Verb = Literal[
    "say", "burst", "flood", "repeat", "forge",
    "join", "leave", "topic", "nick", "older", "kick", "promote",
    "cut", "cut after", "stall", "go on", "bytes", "whole", "late", "prompt", "slow", "quick",
    "kill server", "stop server", "start server", "kill person", "start person",
]  # fmt: skip

_WEIGHTS: dict[Verb, int] = {
    "say": 26, "burst": 14, "flood": 2, "repeat": 9, "forge": 3,
    "join": 5, "leave": 4, "topic": 3, "nick": 1, "older": 5, "kick": 6, "promote": 4,
    "cut": 7, "cut after": 5, "stall": 4, "bytes": 3, "late": 3, "slow": 3,
    "kill server": 5, "stop server": 2, "kill person": 4,
}  # fmt: skip

_UNDO: dict[Verb, tuple[Verb, int]] = {
    "stall": ("go on", 6),
    "bytes": ("whole", 8),
    "late": ("prompt", 8),
    "slow": ("quick", 30),
    "kill server": ("start server", 3),
    "stop server": ("start server", 3),
    "kill person": ("start person", 6),
}
"""What ends each trouble, and after how many steps at most."""

_PAUSES = (0.0, 0.0, 0.0, 0.002, 0.005, 0.01, 0.03, 0.1)


@dataclass(slots=True, frozen=True)
class Step:
    """One thing that is done: `who` does it or suffers it (all clients stand in one row, persons first).
    `count` is how much of it, or to whom of the row (modulo its length), `pause` the seconds until the next
    step."""

    verb: Verb
    who: int
    room: str
    count: int
    pause: float

    def __str__(self) -> str:
        return f"{self.verb} who={self.who} room={self.room} count={self.count} pause={self.pause}"


@dataclass(slots=True, frozen=True)
class Plan:
    """`fills`: one person each, with the `fill` of its client; every other one has a cache. `buffers`: one
    raw client each, with the size of its receive buffer. `early`: the server is killed when so many have
    come in for the first time (0: it is not). `killed`: so it is at the end."""

    seed: int
    fills: tuple[int, ...]
    buffers: tuple[int, ...]
    steps: tuple[Step, ...]
    early: int
    killed: bool


def make_plan(seed: int, length: int, persons: int = 3, raws: int = 3) -> Plan:
    """The plan of a seed with `length` steps."""
    chance = random.Random(seed)
    fills = tuple(chance.choice((60, 60, 200, 2000)) for _ in range(persons))
    buffers = tuple(chance.choice((4096, 2**14, 2**16)) for _ in range(raws))
    steps: list[Step] = []
    undo: list[tuple[int, Verb, int]] = []
    troubled: set[tuple[Verb, int]] = set()
    floods: list[Step] = []
    for number in range(length):
        while undo and undo[0][0] <= number:
            _, verb, who = heapq.heappop(undo)
            troubled = {one for one in troubled if (_UNDO[one[0]][0], one[1]) != (verb, who)}
            steps.append(_step(chance, verb, who))
        (verb,) = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        who = _who(chance, verb, persons, raws)
        if verb == "flood":  # somebody who does not read
            floods.append(_step(chance, verb, persons + (who - persons + 1) % raws))
            verb = "slow"
        if verb in _UNDO:
            ending, longest = _UNDO[verb]
            if any(_UNDO[one][0] == ending and whose == who for one, whose in troubled):
                continue
            troubled.add((verb, who))
            heapq.heappush(undo, (number + chance.randint(1, longest), ending, who))
        steps.append(_step(chance, verb, who))
        steps += floods
        floods.clear()
    early = chance.randint(1, persons + raws) if chance.random() < 0.4 else 0
    return Plan(seed, fills, buffers, tuple(steps), early, chance.random() < 0.5)


def _who(chance: random.Random, verb: Verb, persons: int, raws: int) -> int:
    if verb in ("kill server", "stop server"):
        return -1
    if verb in ("kill person", "older"):
        return chance.randrange(persons)
    if verb in ("repeat", "forge", "slow", "flood"):
        return persons + chance.randrange(raws)
    return chance.randrange(persons + raws)


def _step(chance: random.Random, verb: Verb, who: int) -> Step:
    room = chance.choice(ROOMS)
    if verb in ("join", "leave"):
        room = ROOMS[-1]
    elif verb in ("kick", "promote"):
        room = chance.choice(ROOMS[1:])
    elif verb == "flood":
        room = ROOMS[0]
    count = chance.randint(1, 60) if verb == "burst" else chance.randrange(10_000)
    return Step(verb, who, room, count, chance.choice(_PAUSES))
