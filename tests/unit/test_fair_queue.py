"""Taking turns: nobody waits for more than one thing of each of the others."""

import asyncio
import threading

from hypothesis import given
from hypothesis import strategies as st

from server.delivery.fair_queue import FairQueue, FairThread
from tests.support.waiting import SECONDS

ANN, BOB, EVE = 1, 2, 3


def taken(queue: FairQueue[str]) -> list[str]:
    things = []
    while (one := queue.take()) is not None:
        things.append(one[1])
    return things


def filled(*things: tuple[int, str]) -> FairQueue[str]:
    queue: FairQueue[str] = FairQueue()
    for user, thing in things:
        queue.put(user, thing)
    return queue


def test_users_take_turns_and_each_ones_things_keep_their_order() -> None:
    queue = filled(*((ANN, f"a{n}") for n in range(4)), (BOB, "b0"), (EVE, "e0"), (BOB, "b1"))
    assert len(queue) == 7
    assert taken(queue) == ["a0", "b0", "e0", "a1", "b1", "a2", "a3"]
    assert len(queue) == 0


def test_who_comes_with_one_thing_waits_for_one_of_each_of_the_others() -> None:
    queue = filled(*((ANN, f"a{n}") for n in range(10_000)), *((BOB, f"b{n}") for n in range(10_000)))
    for _ in range(101):
        queue.take()
    queue.put(EVE, "e0")
    assert [queue.take() for _ in range(3)] == [(BOB, "b50"), (ANN, "a51"), (EVE, "e0")]


def test_who_is_held_gets_no_turn_and_then_the_first_one() -> None:
    queue = filled((ANN, "a0"), (BOB, "b0"), (ANN, "a1"), (EVE, "e0"))
    assert queue.take() == (ANN, "a0")
    queue.put_back(ANN, "a0")
    queue.hold(ANN)
    assert taken(queue) == ["b0", "e0"]
    queue.put(BOB, "b1")
    queue.release()
    assert taken(queue) == ["a0", "b1", "a1"]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers())))
def test_nothing_is_lost_or_doubled(things: list[tuple[int, int]]) -> None:
    queue: FairQueue[int] = FairQueue()
    for user, thing in things:
        queue.put(user, thing)
    came: dict[int, list[int]] = {user: [] for user in range(5)}
    while (one := queue.take()) is not None:
        came[one[0]].append(one[1])
    for user, own in came.items():
        assert own == [thing for whose, thing in things if whose == user]


async def test_a_thread_does_its_work_in_turn_and_tells_what_fails() -> None:
    thread, go_on, done = FairThread("tests"), threading.Event(), list[str]()
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    async with asyncio.timeout(SECONDS):
        first = thread.run(ANN, wait)
        await asyncio.to_thread(begun.wait)
        waiting = [thread.run(ANN, lambda n=n: done.append(f"a{n}")) for n in range(5)]  # type: ignore[misc]
        waiting.append(thread.run(BOB, lambda: done.append("b")))
        failing = thread.run(BOB, lambda: 1 // 0)
        go_on.set()
        await asyncio.gather(first, *waiting)
        (error,) = await asyncio.gather(failing, return_exceptions=True)
    assert isinstance(error, ZeroDivisionError)
    assert done == ["a0", "b", "a1", "a2", "a3", "a4"]
    thread.shutdown()
