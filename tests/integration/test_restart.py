"""A server that stops asks its clients to come back one after the other, and they do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client.errors import LostError
from protocol import errors, frames, limits
from server.context import RETURNS_PER_SECOND
from tests.conftest import Dial, StartServer
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.processes import ServerProcess
from tests.support.puppet import ROOM, Puppet
from tests.support.waiting import until
from tests.support.wire import Wire

Meet = Callable[..., Person]


@pytest.fixture
async def puppet() -> AsyncIterator[Puppet]:
    """A server that does what the test says."""
    puppet = Puppet()
    await puppet.start()
    yield puppet
    await puppet.stop()


@pytest.fixture
async def alice(puppet: Puppet) -> AsyncIterator[Person]:
    """A client of the puppet, online."""
    alice = Person(puppet.address, "alice")
    await alice.start()
    yield alice
    await alice.stop()


# --- the server


async def afters(wires: list[Wire]) -> list[int]:
    """What each was told, in ms, when the server ended."""
    told = []
    for wire in wires:
        *_, bye = await wire.rest()
        assert isinstance(bye, frames.Bye)
        assert (bye.code, bye.reconnect) == (errors.SHUTDOWN, True)
        assert bye.retry_after is not None
        told.append(bye.retry_after)
    return told


async def test_each_is_given_a_moment_of_its_own_in_a_while_that_grows_with_their_number(
    start_server: StartServer, dial: Dial
) -> None:
    count = 2 * RETURNS_PER_SECOND
    server = await start_server()
    wires = [await dial(server.address) for _ in range(count)]
    for wire in wires:
        await wire.hello()
    ending = asyncio.create_task(server.stop())
    told = await afters(wires)
    assert await ending == (0, "", "")
    assert min(told) >= 0
    assert max(told) <= 2000
    # By chance, so with room: a second has half of them, and hardly two have the same moment.
    assert count / 3 < sum(after < 1000 for after in told) < count * 2 / 3
    assert len(set(told)) > count / 2


async def test_a_few_come_back_at_once(start_server: StartServer, dial: Dial) -> None:
    server = await start_server()
    wire = await dial(server.address)
    await wire.hello()
    ending = asyncio.create_task(server.stop())
    (after,) = await afters([wire])
    assert after <= 1000 / RETURNS_PER_SECOND
    await ending


async def test_nobody_is_kept_away_for_longer_than_the_wire_allows(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.context.RETURNS_PER_SECOND", 1e-6)
    wires = [await server.enter(f"user{number}") for number in range(20)]
    server.stop_soon()
    told = await afters(wires)
    assert max(told) <= limits.RETURN_SECONDS * 1000
    assert max(told) > 1000


# --- the client


async def test_it_waits_as_long_as_it_was_asked_to_and_says_so(puppet: Puppet, alice: Person) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    puppet.push(frames.Bye(errors.SHUTDOWN, "the server stops", retry_after=700))
    await alice.phase("waiting")
    status = alice.client.status
    assert status.reason == "the server stops"
    assert 0.7 <= status.retry_at - began < 0.7 + 5
    await alice.phase("online")
    assert loop.time() - began >= 0.7
    assert puppet.connections == 2


@pytest.mark.parametrize(("after", "seconds"), [(None, 0), (0, 0), (limits.INTEGER, limits.RETURN_SECONDS)])
async def test_it_waits_no_longer_than_makes_sense(
    puppet: Puppet, alice: Person, after: int | None, seconds: int
) -> None:
    began = asyncio.get_running_loop().time()
    puppet.push(frames.Bye(errors.SHUTDOWN, "the server stops", retry_after=after))
    await until(lambda: any(status.phase == "waiting" for status in alice.statuses))
    (waiting,) = [status for status in alice.statuses if status.phase == "waiting"]
    assert seconds <= waiting.retry_at - began < seconds + 5


async def test_a_person_need_not_wait(puppet: Puppet, alice: Person) -> None:
    puppet.push(frames.Bye(errors.SHUTDOWN, "the server stops", retry_after=60_000))
    await alice.phase("waiting")
    alice.client.reconnect()
    await alice.phase("online")


async def test_only_the_first_pause_is_longer(puppet: Puppet, alice: Person) -> None:
    """Then it is the client's own again."""
    puppet.push(frames.Bye(errors.SHUTDOWN, "the server stops", retry_after=60_000))
    await alice.phase("waiting")
    alice.client.reconnect()
    await alice.phase("online")
    puppet.hang_up()
    await until(lambda: puppet.connections == 3)
    await alice.phase("online")


async def test_who_was_just_coming_in_waits_as_well(puppet: Puppet) -> None:
    puppet.answers[frames.Sync] = lambda _: frames.Bye(
        errors.SHUTDOWN, "the server stops", retry_after=60_000
    )
    alice = Person(puppet.address, "alice")
    alice.begin()
    await alice.phase("waiting")
    assert alice.client.status.retry_at - asyncio.get_running_loop().time() > 30
    await alice.stop()


async def test_what_had_no_answer_says_when_to_try_again(puppet: Puppet, alice: Person) -> None:
    puppet.answers[frames.Topic] = lambda _: frames.Bye(errors.SHUTDOWN, "the server stops", retry_after=1500)
    with pytest.raises(LostError, match="the server stops") as raised:
        await alice.client.ask(frames.Topic(1, ROOM, "topic"))
    assert raised.value.after == 1.5


# --- both


async def test_people_are_back_after_a_restart_and_what_they_said_meanwhile_is_stored_once(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = await start_server()
    people = [Person(server.address, f"user{number}", tmp_path / f"outbox{number}") for number in range(10)]
    for person in people:
        await person.start(ROOM)
    assert await server.stop() == (0, "", "")
    for person in people:
        await until(lambda person=person: person.client.status.phase != "online")  # type: ignore[misc]
        person.client.say(ROOM, f"of {person.client.name}")
    again = await ServerProcess.start(tmp_path / "data", listen=(str(server.address),))
    try:
        for person in people:
            await person.settled()
            await person.said(ROOM, len(people))
        assert sorted(people[0].texts(ROOM)) == sorted(f"of user{number}" for number in range(10))
    finally:
        for person in people:
            await person.stop()
        assert await again.stop() == (0, "", "")
