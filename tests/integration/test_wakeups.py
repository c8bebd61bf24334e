"""A computer that was asleep: the connection is tried at once, not believed for another 35 seconds."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from chat_tui.client import connection, wakeups
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.proxy import Proxy


class Sleeper:
    """A wall clock that can jump, as it does over a sleep."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self) -> float:
        return time.time() + self.slept


@pytest.fixture
async def proxy(server: RunningServer) -> AsyncIterator[Proxy]:
    proxy = Proxy(server.address)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(connection, "PROVE_SECONDS", 0.3)


async def test_a_connection_that_died_in_the_sleep_is_noticed_at_once(
    server: RunningServer, proxy: Proxy
) -> None:
    clock = Sleeper()
    ann = Person(proxy.address, "ann", wall=clock)
    await ann.start()
    proxy.stall()
    bob = await server.enter("bob")
    await bob.tell("#general", "said while ann slept")
    began = time.monotonic()
    clock.slept = 3600.0
    await ann.phase("waiting")
    assert time.monotonic() - began < 25, "long before the 35 s of silence"
    assert "silent" in ann.client.status.reason
    proxy.go_on()
    await ann.sees("#general", "said while ann slept")
    await ann.stop()


async def test_a_connection_that_lives_is_kept(server: RunningServer, proxy: Proxy) -> None:
    clock = Sleeper()
    ann = Person(proxy.address, "ann", wall=clock)
    await ann.start()
    clock.slept = 3600.0
    bob = await server.enter("bob")
    loop = asyncio.get_running_loop()
    until = loop.time() + 4 * connection.PROVE_SECONDS
    while loop.time() < until:
        await bob.tell("#general", "still here")
        await asyncio.sleep(0.05)
    assert [status.phase for status in ann.statuses] == ["connecting", "online"]
    await ann.stop()


async def test_who_waits_to_try_again_tries_at_once(proxy: Proxy) -> None:
    clock = Sleeper()
    ann = Person(proxy.address, "ann", wall=clock, backoff=lambda _: 3600.0)
    await ann.start()
    proxy.cut()
    await ann.phase("waiting")
    clock.slept = 7200.0
    await ann.phase("online")
    await ann.stop()
