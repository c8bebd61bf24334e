"""Quitting: whatever the client is doing, it ends within a second or so and leaves nothing running."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client.connection import Target
from chat_tui.client.errors import ClientError, LostError
from protocol import frames
from tests.support.clients import Person
from tests.support.proxy import Proxy
from tests.support.puppet import ROOM, Puppet, message
from tests.support.waiting import until

Meet = Callable[..., Person]
"""Called with what `Person` takes, but for the name and the address."""


@pytest.fixture
async def puppet() -> AsyncIterator[Puppet]:
    """A server with three messages in its room."""
    puppet = Puppet([message(seq) for seq in range(1, 4)])
    await puppet.start()
    yield puppet
    await puppet.stop()


@pytest.fixture
async def meet(puppet: Puppet) -> AsyncIterator[Meet]:
    """Alice, who is stopped when the test ends."""
    people: list[Person] = []

    def person(outbox: Path | None = None, **options: object) -> Person:
        people.append(Person(puppet.address, "alice", outbox, **options))  # type: ignore[arg-type]
        return people[-1]

    yield person
    for one in people:
        await one.stop()


class _Lost:
    """An endpoint that is looked for and never found."""

    label = "nowhere"

    async def locate(self) -> Target:
        await asyncio.Event().wait()
        raise ClientError("never")


async def _quits(alice: Person) -> None:
    others = asyncio.all_tasks() - {alice.running}
    clock = asyncio.get_running_loop().time
    begun = clock()
    async with asyncio.timeout(5):
        await alice.stop()
    assert clock() - begun < 3
    await until(lambda: not {task for task in asyncio.all_tasks() - others if not task.done()})


async def test_quitting_while_the_server_is_looked_for() -> None:
    alice = Person(_Lost(), "alice")
    alice.begin()
    await alice.phase("connecting")
    await asyncio.sleep(0)
    await _quits(alice)


async def test_quitting_before_it_has_begun(meet: Meet, tmp_path: Path) -> None:
    files = {"cache": tmp_path / "cache"}
    alice = meet(**files)
    await alice.start()
    await alice.stop()
    alice = meet(**files)
    alice.begin()
    await _quits(alice)
    assert alice.statuses == []


@pytest.mark.parametrize("step", [frames.Hello, frames.Login, frames.Sync])
async def test_quitting_while_connecting(meet: Meet, puppet: Puppet, step: type[frames.Frame]) -> None:
    puppet.answers[step] = lambda _: None
    alice = meet()
    alice.begin()
    await until(lambda: puppet.count(step))
    await _quits(alice)


async def test_quitting_while_waiting(meet: Meet, puppet: Puppet) -> None:
    puppet.answers[frames.Hello] = lambda _: puppet.hang_up()
    alice = meet(backoff=lambda _: 60)
    alice.begin()
    await alice.phase("waiting")
    await _quits(alice)


async def test_quitting_when_stopped_for_good(meet: Meet, puppet: Puppet) -> None:
    puppet.greeting = b"HTTP"
    alice = meet()
    alice.begin()
    await alice.phase("stopped")
    await _quits(alice)


async def test_quitting_says_bye(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    await _quits(alice)
    await until(lambda: frames.Bye("quit") in puppet.asked)
    with pytest.raises(ClientError):
        alice.client.say(ROOM, "too late")


async def test_quitting_before_and_during_a_request(meet: Meet, puppet: Puppet) -> None:
    puppet.answers[frames.Rooms] = lambda _: None
    alice = meet()
    await alice.start()
    asking = asyncio.create_task(alice.client.ask(frames.Rooms(1)))
    await until(lambda: puppet.count(frames.Rooms))
    await _quits(alice)
    with pytest.raises(LostError):
        await asking
    idle = meet()
    await idle.client.stop()
    await idle.client.run()
    assert idle.statuses == []


async def test_quitting_while_the_network_takes_nothing(puppet: Puppet) -> None:
    """Full buffers on the way: not even a bye can be said any more."""
    proxy = Proxy(puppet.address, buffer=4096)
    await proxy.start()
    puppet.rooms = [f"#room{number}" for number in range(250)]
    puppet.answers[frames.Send] = lambda _: None
    alice = Person(proxy.address, "alice")
    await alice.start()
    proxy.stall("up", "down")
    for room in puppet.rooms:
        alice.client.say(room, "x" * 16_000)
    connection = alice.client._connection
    assert connection is not None
    await until(lambda: connection._transport.get_write_buffer_size() > 10_000)
    alice.client.mark_read(alice.client.rooms["#room0"], 1)
    await _quits(alice)
    await proxy.stop()


async def test_the_loop_is_clean_after_a_cancelled_run(meet: Meet, puppet: Puppet) -> None:
    """As a screen does that is torn down: the task of `run` is cancelled, then `stop` is called."""
    alice = meet()
    await alice.start()
    assert alice.running is not None
    alice.running.cancel()
    await asyncio.wait([alice.running])
    async with asyncio.timeout(3):
        await alice.client.stop()
    await until(lambda: frames.Bye("quit") in puppet.asked)
    alice.running = None
