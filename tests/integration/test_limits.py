"""What one address and one user may ask for, over real sockets; and 5,000 sockets that say nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from protocol import errors, frames, limits
from server.config import Limits
from server.net.tcp import REFUSED_SECONDS
from tests.conftest import StartServer
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

SLOW_LORIS = 5_000


@asynccontextmanager
async def serving(data: Path, limits: Limits) -> AsyncIterator[RunningServer]:
    """A server that allows this much, from loopback too."""
    server = RunningServer(data, limits)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_an_address_has_so_many_sessions_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(sessions_per_address=2, count_loopback=True)) as server:
        first, second = await server.enter("ann"), await server.enter("bob")
        third = await server.connect()
        bye = await third.next_of(frames.Bye)
        assert (bye.code, bye.reconnect) == (errors.RATE_LIMITED, True)
        assert "2 connections from your address" in bye.text
        assert await third.rest() == []
        after = [bye.retry_after] + [
            (await (await server.connect()).next_of(frames.Bye)).retry_after for _ in range(9)
        ]
        assert len(set(after)) > 5, "they come back at moments of their own"
        assert all(0 <= one <= REFUSED_SECONDS * 1000 for one in after if one is not None)
        assert None not in after
        await first.close()
        await second.ask(frames.Rooms(second.new_id), frames.RoomsResult)
        assert (await server.enter("cleo")) is not None


async def test_an_address_makes_so_many_connections_in_a_while(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(connects_per_address=2, count_loopback=True)) as server:
        for _ in range(2):
            await (await server.enter("ann")).close()
        bye = await (await server.connect()).next_of(frames.Bye)
        assert bye.code == errors.RATE_LIMITED
        assert "too many connections from your address" in bye.text
        assert bye.retry_after == limits.RETURN_SECONDS * 1000
        server.clock.seconds += 300
        await server.enter("ann")


async def test_a_user_sends_so_much_and_is_told_when_to_go_on(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(sends_at_once=3, sends_per_second=2)) as server:
        ann, other_device, bob = [await server.enter(name) for name in ("ann", "ann", "bob")]
        for number in range(3):
            await ann.tell("#general", f"message {number}")
        ann.send(send := ann.say("#general", "one too many", "cid-4"))
        refused = await ann.answer(send.id)
        assert isinstance(refused, frames.Error)
        assert (refused.code, refused.retry_after) == (errors.RATE_LIMITED, 501)
        assert await other_device.refused(other_device.say("#general", "same user")) == errors.RATE_LIMITED
        await bob.tell("#general", "another user")
        server.clock.seconds += 0.501
        stored = await ann.tell("#general", "one too many", "cid-4")
        assert not stored.dup


async def test_sends_that_are_refused_by_a_limit_do_not_hold_up_other_requests(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(sends_at_once=1, sends_per_second=1)) as server:
        ann = await server.enter("ann")
        await ann.tell("#general", "first")
        requests = [ann.say("#general", f"more {number}") for number in range(limits.IN_FLIGHT * 2)]
        ann.send(*requests)
        answers = [await ann.answer(request.id) for request in requests]
        assert {answer.code for answer in answers if isinstance(answer, frames.Error)} == {
            errors.RATE_LIMITED
        }
        assert len((await ann.ask(frames.Rooms(ann.new_id), frames.RoomsResult)).rooms) == 1


@pytest.mark.long
async def test_5000_sockets_that_say_nothing_leave_the_others_untouched(start_server: StartServer) -> None:
    server = await start_server()
    ann = await Wire.connect(server.address)
    bob = await Wire.connect(server.address)
    await ann.enter("ann")
    await bob.enter("bob")
    address = (server.address.host, server.address.port)
    opened = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(SLOW_LORIS)))
    try:
        for _, writer in opened:
            writer.write(b"\x00\x00")  # half a length, and then nothing
        worst = 0.0
        for number in range(50):
            began = time.perf_counter()
            await ann.tell("#general", f"message {number}")
            while (await bob.event("#general")).kind != frames.MESSAGE:
                pass
            worst = max(worst, time.perf_counter() - began)
        assert worst < limits.HANDSHAKE_SECONDS / 2, f"a message took {worst:.1f} s"
        # Each of them is told, and cut, after the time for a handshake.
        async with asyncio.timeout(4 * limits.HANDSHAKE_SECONDS):
            for reader, _ in opened[::500]:
                assert b"timeout" in await reader.read()
    finally:
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.gather(ann.close(), bob.close())
