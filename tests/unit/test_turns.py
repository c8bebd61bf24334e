"""Whose frames are worked off next: the same for each address or user, whatever number of connections."""

import asyncio

import pytest

from server.limits import turns
from server.limits.turns import NO_FRAME_LIMITS, FrameLimits, Principal, Turns
from tests.support.waiting import SECONDS


class Busy:
    """A connection with so many frames to work off, each of which takes so long; `log` gets its name."""

    def __init__(
        self, known: Turns, principal: Principal, name: str, log: list[str], count: int, seconds: float = 0.0
    ) -> None:
        self._turns = known
        self._principal = principal
        self._name = name
        self._log = log
        self._left = count
        self._seconds = seconds
        known.add(self, principal)

    def take_turn(self, until: float) -> None:
        clock = asyncio.get_running_loop().time
        while self._left and not self._principal.spent:
            self._left -= 1
            self._principal.charge(1)
            self._log.append(self._name)
            began = clock()
            while clock() - began < self._seconds:
                pass
            if clock() >= until:
                break
        if self._left:
            self._turns.add(self, self._principal)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def until_logged(log: list[str], count: int) -> None:
    async with asyncio.timeout(SECONDS):
        while len(log) < count:  # noqa: ASYNC110  # whatever it is, nothing tells us
            await asyncio.sleep(0)


async def test_a_user_on_many_connections_gets_no_more_turns_than_one_on_one() -> None:
    known = Turns(NO_FRAME_LIMITS, Clock())
    log: list[str] = []
    eve, ann = known.of_user(1), known.of_user(2)
    for _ in range(100):
        Busy(known, eve, "eve", log, 5, turns.SLICE_SECONDS)
    await until_logged(log, 20)
    Busy(known, ann, "ann", log, 20, turns.SLICE_SECONDS)
    come = len(log)
    await until_logged(log, come + 40)
    assert log[come : come + 40].count("ann") >= 15


class Broken:
    """A connection that fails at whatever comes."""

    def take_turn(self, until: float) -> None:
        raise AssertionError(f"a bug, before {until}")


async def test_a_connection_that_fails_keeps_no_other_of_its_user_waiting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    known = Turns(NO_FRAME_LIMITS, Clock())
    log: list[str] = []
    eve = known.of_user(1)
    known.add(Broken(), eve)
    Busy(known, eve, "eve", log, 3)
    await until_logged(log, 3)
    assert "could not be worked off" in caplog.text


async def test_who_comes_after_a_quiet_moment_comes_before_those_who_are_busy() -> None:
    known = Turns(NO_FRAME_LIMITS, Clock())
    log: list[str] = []
    for user in range(1, 50):
        Busy(known, known.of_user(user), "busy", log, 20, turns.SLICE_SECONDS)
    await until_logged(log, 200)
    come = len(log)
    Busy(known, known.of_user(99), "ann", log, 1)
    await until_logged(log, come + 20)
    assert "ann" in log[come : come + 10]


async def test_a_request_that_took_long_is_made_good_by_sitting_out() -> None:
    known = Turns(NO_FRAME_LIMITS, Clock())
    log: list[str] = []
    Busy(known, known.of_user(1), "long", log, 5, 10 * turns.SLICE_SECONDS)
    Busy(known, known.of_user(2), "short", log, 60, turns.SLICE_SECONDS)
    await until_logged(log, 40)
    assert log[:40].count("long") <= 6


async def test_who_has_spent_the_budget_waits_and_nobody_else_does() -> None:
    clock = Clock()
    known = Turns(FrameLimits(frames=10, frames_per_second=2), clock)
    log: list[str] = []
    eve, ann = known.of_user(1), known.of_user(2)
    for _ in range(5):
        Busy(known, eve, "eve", log, 4)
    await until_logged(log, 10)
    Busy(known, ann, "ann", log, 5)
    await until_logged(log, 15)
    assert (log.count("eve"), log.count("ann")) == (10, 5)
    clock.now += 2.5
    await until_logged(log, 20)
    assert log[15:] == ["eve"] * 5
    clock.now += 2.5
    await until_logged(log, 25)
    assert log.count("eve") == 20


async def test_an_answer_costs_by_its_size() -> None:
    known = Turns(FrameLimits(frames=10, frames_per_second=1), Clock())
    user = known.of_user(1)
    user.charge_answer(9 * turns.ANSWER_BYTES)
    assert not user.spent
    user.charge_answer(3 * turns.ANSWER_BYTES)
    assert user.wait(0.0) == 3.0


async def test_before_login_a_network_of_64_bits_and_this_computer_are_one_each() -> None:
    known = Turns(FrameLimits(before_login=10, before_login_per_second=1), Clock())
    assert known.of_address("2001:db8::1") is known.of_address("2001:db8::ffff:2")
    assert known.of_address("2001:db8::1") is not known.of_address("2001:db8:0:1::1")
    assert known.of_address("127.0.0.1") is known.of_address("::1")
    assert known.of_address("192.0.2.1") is not known.of_address("192.0.2.2")


async def test_so_many_principals_are_remembered() -> None:
    known = Turns(FrameLimits(before_login=10, before_login_per_second=1), Clock())
    first = known.of_user(0)
    for number in range(turns.REMEMBERED):
        assert known.of_user(0) is first, "who is there is not forgotten"
        known.of_user(number)
        known.of_address(f"192.0.{number >> 8}.{number & 255}")
    known.of_address("198.51.100.1")
    known.of_user(turns.REMEMBERED)
    assert len(known._users) == len(known._addresses) == turns.REMEMBERED
