"""Whose search is next."""

import asyncio

import pytest

from protocol import errors
from server.delivery import search_queue
from server.delivery.search_queue import SearchQueue
from server.errors import RefusedError
from tests.support.inprocess import Clock


class Searches:
    """Searches that end when a test says so; `order` has the users whose turn came."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.queue = SearchQueue(self.clock.monotonic)
        self.order: list[int] = []
        self.refused: list[int] = []
        self.codes: set[tuple[str, int | None]] = set()
        self.tasks: list[asyncio.Task[None]] = []
        self._end = asyncio.Event()

    def ask(self, user: int, address: str) -> None:
        """Somebody searches."""
        self.tasks.append(asyncio.create_task(self._search(user, address)))

    async def _search(self, user: int, address: str) -> None:
        try:
            async with self.queue.turn(user, address):
                self.order.append(user)
                await self._end.wait()
        except RefusedError as error:
            self.refused.append(user)
            self.codes.add((error.code, error.details.get("retry_after")))

    async def asked(self) -> None:
        """All that have asked wait, run, or are refused."""
        for _ in range(3):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Let all of them have their turn."""
        self._end.set()
        await asyncio.gather(*self.tasks)
        self._end.clear()
        self.tasks.clear()


@pytest.mark.parametrize("address", ["192.0.2.1", "192.0.2.2"], ids=["theirs", "another"])
async def test_twenty_accounts_that_search_all_the_time_keep_nobody_waiting(address: str) -> None:
    searches = Searches()
    for _ in range(3):
        await ask_much(searches)
        await searches.end()
    searches.order.clear()
    await ask_much(searches)
    searches.ask(100, address)
    await searches.asked()
    await searches.end()
    assert searches.order[1] == 100, "only the one that runs comes before"
    assert searches.codes == {(errors.RATE_LIMITED, 1000)}


async def ask_much(searches: Searches) -> None:
    """Twenty accounts at one address search twice each."""
    for user in range(1, 21):
        for _ in range(2):
            searches.ask(user, "192.0.2.1")
    await searches.asked()


async def test_another_address_comes_before_the_second_search_of_one() -> None:
    searches = Searches()
    await ask_much(searches)
    searches.ask(100, "192.0.2.2")
    await searches.asked()
    await searches.end()
    assert searches.order[1] == 100


async def test_many_addresses_wait_behind_one_that_has_used_less() -> None:
    searches = Searches()
    for user in range(1, 21):
        searches.ask(user, f"192.0.2.{user}")
    await searches.asked()
    assert len(searches.refused) == 20 - 1 - search_queue.WAITING
    await searches.end()
    searches.order.clear()
    for user in range(1, 18):
        searches.ask(user, f"192.0.2.{user}")
    await searches.asked()
    searches.refused.clear()
    searches.ask(100, "192.0.2.100")
    await searches.asked()
    assert len(searches.refused) == 1, "somebody else gives way"
    await searches.end()
    assert searches.order[1] == 100


async def test_a_user_has_so_many_at_once() -> None:
    searches = Searches()
    for _ in range(search_queue.OWN + 3):
        searches.ask(1, "192.0.2.1")
    await searches.asked()
    assert searches.refused == [1] * 3
    await searches.end()
    assert searches.order == [1] * search_queue.OWN


async def test_what_was_used_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    usage = search_queue.Usage(clock.monotonic)
    usage.add(1, 8.0)
    clock.seconds += 3 * search_queue.HALF_LIFE
    assert usage.of(1) == 1.0
    monkeypatch.setattr(search_queue, "FORGET", 3)
    for key in range(10, 20):
        usage.add(key, 1.0)
    assert (usage.of(1), len(usage._used)) == (0.0, 3)
