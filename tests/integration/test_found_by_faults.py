"""What random histories under faults have found (see tests/faults), each made again in the plainest way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from protocol import codec, frames
from protocol.frames import Frame
from server.state.entries import Draft
from server.state.model import SERVER_LOG, USER
from server.store.sqlite import SqliteLog
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.puppet import ROOM, Puppet, message
from tests.support.waiting import until


@pytest.fixture
async def puppet() -> AsyncIterator[Puppet]:
    puppet = Puppet([message(seq) for seq in range(1, 121)])
    await puppet.start()
    yield puppet
    await puppet.stop()


@pytest.fixture
async def alice(puppet: Puppet) -> AsyncIterator[Person]:
    alice = Person(puppet.address, "alice")
    await alice.start()
    yield alice
    await alice.stop()


class Late:
    """An answer to `history` that comes when the test says so."""

    def __init__(self, puppet: Puppet) -> None:
        self.asked: list[frames.History] = []
        self._puppet = puppet
        puppet.answers[frames.History] = self._hold

    def _hold(self, request: Any) -> Frame | None:
        self.asked.append(request)
        return None

    def come(self, first: int, last: int) -> None:
        """Give the first question the page from `first` to `last`."""
        page = frames.HistoryResult([message(seq) for seq in range(first, last + 1)], complete=True)
        self._puppet.push(self._puppet.ok(self.asked[0], page))


async def test_a_page_that_comes_after_the_room_was_left_is_not_shown(puppet: Puppet, alice: Person) -> None:
    late = Late(puppet)
    puppet.push(message(125))
    await until(lambda: late.asked)
    await alice.client.leave(ROOM)
    late.come(121, 124)
    await alice.client.ask(frames.Rooms(1))  # what was sent before its answer has come too
    assert ROOM not in alice.shown


async def test_an_older_page_that_comes_after_the_room_was_entered_again_is_not_shown(
    puppet: Puppet, alice: Person
) -> None:
    late = Late(puppet)
    scrolling = asyncio.create_task(alice.client.load_older(alice.client.rooms[ROOM]))
    await until(lambda: late.asked)
    await alice.client.leave(ROOM)
    puppet.log += [message(seq) for seq in range(121, 201)]
    await alice.client.join(ROOM)
    late.come(21, 70)
    assert await scrolling == []
    assert [event.seq for event in alice.shown[ROOM]] == list(range(151, 201))


async def test_a_kill_between_a_new_user_and_their_first_room_leaves_nobody_outside(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    log = SqliteLog(data)
    log.append([Draft(SERVER_LOG, 0, "ann", USER, 0, codec.pack(frames.NickBody("ann")))])
    log.close()
    server = RunningServer(data)
    await server.start()
    try:
        ann = await server.connect()
        synced = await ann.enter("ann")
        assert [state.room for state in synced.rooms] == ["#general"]
        assert (await ann.tell("#general", "here I am")).seq == 3
    finally:
        await server.stop()
