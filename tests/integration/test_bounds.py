"""What others can fill on the server, each connection and all together; `docs/bounds.md` has the table."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from protocol import VERSION, codec, errors, frames, limits
from protocol.frames import Event
from server.config import Limits
from server.limits.buffers import SHARE
from server.limits.turns import Principal
from server.net.tcp import HIGH_WATER, READ, SOCKET_HIGH, STRANGER_READ, TcpTransport
from server.session import Session
from tests.support.inprocess import RunningServer
from tests.support.waiting import SECONDS
from tests.support.wire import Wire, text_of

SMALL = 4096
"""Bytes that a slow peer lets its system hold."""

PING = codec.encode(frames.Ping(2**40))
PONG = codec.encode(frames.Pong(2**40))


@asynccontextmanager
async def serving(
    data: Path, limits: Limits | None = None, memory: int = 512
) -> AsyncIterator[RunningServer]:
    server = RunningServer(data, limits or Limits(enabled=False), memory=memory)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def transport_of(session: Session) -> TcpTransport:
    transport = session._transport
    assert isinstance(transport, TcpTransport)
    return transport


def received(session: Session) -> int:
    """Bytes that have come and wait."""
    return len(transport_of(session)._reader._buffer)


async def watch(until: Callable[[], bool], figure: Callable[[], int]) -> int:
    """The highest value of a figure until something is so."""
    most = 0
    async with asyncio.timeout(4 * SECONDS):
        while not until():
            most = max(most, figure())
            await asyncio.sleep(0)
    return most


# --- each connection


async def test_what_comes_faster_than_it_is_worked_off_is_not_read(server: RunningServer) -> None:
    """Before login and after it: pings in one piece of megabytes, all answered, and few of them in memory."""
    count = 100_000
    for before_login in (True, False):
        wire = await server.connect()
        await wire.hello()
        if not before_login:
            await wire.ask(frames.Login(wire.new_id, "ann"), frames.LoginResult)
        (session,) = server.sessions
        wire.send_bytes(PING * count)
        answers = asyncio.create_task(wire.reader.readexactly(count * len(PONG)))
        most = await watch(answers.done, partial(received, session))
        assert await answers == PONG * count
        assert most <= (2 * STRANGER_READ if before_login else 2 * READ)
        await wire.close()
        await server.until(lambda: not server.sessions)


async def test_a_stranger_who_takes_no_answers_is_cut(server: RunningServer) -> None:
    wire = await server.connect(buffer=SMALL)
    await wire.hello()
    for _ in range(400):
        wire.send_bytes(PING * 1000)
    await server.until(lambda: not server.sessions)
    assert server.context.counters.cut == 1


async def test_what_was_said_before_the_end_of_the_stream_is_worked_off(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    ann.send(*(ann.say("#general", f"message {number}") for number in range(200)))
    ann.writer.write_eof()
    while (event := await bob.event("#general")).kind != frames.MESSAGE or text_of(event) != "message 199":
        pass
    await ann.rest()


# --- all of an address or a user together


async def test_a_budget_holds_for_all_connections_and_all_frames_of_a_user(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(frames_at_once=100, frames_per_second=10)) as server:
        bob = await server.enter("bob")
        wires = [await server.enter("ann") for _ in range(4)]
        kinds: list[Callable[[Wire], Any]] = [
            lambda wire: wire.send(frames.Whois(wire.new_id, "bob")),
            lambda wire: wire.send(frames.Ping(wire.new_id)),
            lambda wire: wire.send_map({"t": "nothing", "id": wire.new_id}),
            lambda wire: wire.send(frames.Watch(wire.new_id, ["#general"], 50)),
        ]
        for wire in wires:
            for number in range(50):
                kinds[number % 4](wire)
        ann = server.context.turns.of_user(server.context.state.user_called("ann").id)  # type: ignore[union-attr]
        await server.until(lambda: ann.spent)
        for _ in range(20):  # nobody else waits
            await bob.ask(frames.Whois(bob.new_id, "ann"), frames.WhoisResult)
        assert ann.spent
        answers = [asyncio.create_task(answered(wire, 50)) for wire in wires]
        while not all(task.done() for task in answers):
            server.clock.seconds += 1
            await asyncio.sleep(0.01)
        for task in answers:
            assert task.result() == 50, "each is answered once, however late"


async def answered(wire: Wire, count: int) -> int:
    """How many answers come, of so many."""
    come = 0
    while come < count:
        frame = await wire.next()
        come += isinstance(frame, frames.Ok | frames.Error | frames.Pong)
    return come


def budget_of_strangers(server: RunningServer) -> Principal:
    """Of those who have not logged in; all of them come from the same address here."""
    (found,) = {one.principal for one in server.sessions if one.stranger}
    return found


async def test_a_budget_holds_for_all_who_have_not_logged_in_from_an_address(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(login_frames_at_once=100, login_frames_per_second=10)) as server:
        ann = await server.enter("ann")
        strangers = [await server.connect() for _ in range(5)]
        for wire in strangers:
            wire.send(*(frames.Ping(number) for number in range(40)))
        await server.until(lambda: len(server.sessions) == 6)
        here = budget_of_strangers(server)
        await server.until(lambda: here.spent)
        await ann.tell("#general", "nobody who is in waits")
        assert here.spent
        server.clock.seconds += 5
        server.context.housekeeping()
        assert len(server.sessions) == 6, "their silence is ours"
        tasks = [asyncio.create_task(answered(wire, 40)) for wire in strangers]
        while not all(task.done() for task in tasks):
            server.clock.seconds += 0.5
            await asyncio.sleep(0.01)


async def test_5000_come_back_at_once_from_one_address_without_waiting(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits()) as server:
        stranger = await server.connect()
        await server.until(lambda: len(server.sessions) == 1)
        here = budget_of_strangers(server)
        await stranger.close()
        per_login = here.left
        await (await server.enter("ann")).close()
        per_login -= here.left
        assert per_login > 0
        assert here.left - 5000 * per_login > 0


# --- all connections together


async def test_slow_readers_together_hold_so_much_and_are_told_the_heads(tmp_path: Path) -> None:
    memory = 64
    async with serving(tmp_path, memory=memory) as server:
        ann = await server.enter("ann", "#a")
        slow = []
        for number in range(60):
            wire = await server.connect(buffer=SMALL)
            await wire.enter(f"slow{number}", "#a")
            slow.append(wire)
        budget = server.context.buffers.unsent
        assert budget.most < len(slow) * HIGH_WATER / 2, "together they would hold more"
        sends = [ann.say("#a", "x" * 15_000) for _ in range(400)]
        sending = asyncio.create_task(all_stored(ann, sends))
        most = await watch(sending.done, lambda: budget.total)
        await sending
        assert budget.most // 2 < most <= budget.most
        assert most <= memory * 2**20 / SHARE
        assert len(server.sessions) == 61, "nobody is cut for being slow"
        for wire in slow[:3]:
            heads = await wire.next_of(frames.Heads, 4 * SECONDS)
            got = [one.seq for one in wire.aside if isinstance(one, Event) and one.room == "#a"]
            page = await wire.ask(frames.History(wire.new_id, "#a", after=got[-1]), frames.HistoryResult)
            assert heads.heads["#a"] == server.context.state.rooms["#a"].head
            assert page.events


async def all_stored(wire: Wire, sends: list[frames.Send]) -> None:
    wire.send(*sends)
    for send in sends:
        assert isinstance(await wire.answer(send.id, 4 * SECONDS), frames.Ok)


async def test_who_holds_most_of_what_came_is_cut_when_it_is_too_much(tmp_path: Path) -> None:
    """Frames that are begun and not ended, on many connections of one; and one of somebody else."""
    async with serving(tmp_path, memory=64) as server:
        budget = server.context.buffers.received
        half = (limits.FRAME).to_bytes(4, "big") + bytes(limits.FRAME - 10_000)
        bob = await server.enter("bob")
        bob.send_bytes(half)
        count = budget.most // len(half) + 10
        wires = [await server.enter("eve") for _ in range(count)]
        for wire in wires:
            wire.send_bytes(half)
        most = await watch(lambda: server.context.counters.cut > 0, lambda: budget.total)
        assert most <= budget.most
        await server.until(lambda: len(server.sessions) < count)
        names = [session.user.name for session in server.sessions]
        assert "bob" in names
        await (await server.enter("cleo")).tell("#general", "all is well")


async def test_who_asks_for_more_than_they_take_is_cut_when_it_is_too_much(tmp_path: Path) -> None:
    async with serving(tmp_path, memory=64) as server:
        ann = await server.enter("ann", "#a")
        await all_stored(ann, [ann.say("#a", "x" * 15_000) for _ in range(60)])
        budget = server.context.buffers.unsent
        # Each page is more than a socket takes; what is kept of each is about as much.
        server.context.buffers.unsent.most = 20 * SOCKET_HIGH
        greedy = []
        for _ in range(60):
            wire = await server.connect(buffer=SMALL)
            await wire.enter("eve", "#a")
            wire.send(*(frames.History(wire.new_id, "#a") for _ in range(100)))
            greedy.append(wire)
        most = await watch(lambda: server.context.counters.cut > 0, lambda: budget.total)
        assert most <= budget.most
        await ann.tell("#a", "nobody else notices")


async def test_there_are_so_many_connections_and_strangers_make_room(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        server.context.buffers.connections = 40
        ann = await server.enter("ann")
        strangers = []
        for number in range(39):
            strangers.append(await server.connect())
            await server.until(lambda come=number + 2: len(server.sessions) == come)  # type: ignore[misc]
            server.clock.seconds += 0.1
        await server.until(lambda: len(server.sessions) == 40)
        refused = await server.connect()
        bye = await refused.next_of(frames.Bye)
        assert (bye.code, bye.reconnect) == (errors.RATE_LIMITED, True)
        await server.until(lambda: len(server.sessions) == 40)
        server.context.housekeeping()
        await server.until(lambda: len(server.sessions) == 30)
        first = await strangers[0].next_of(frames.Bye)
        assert first.reconnect
        strangers[-1].send(frames.Hello([VERSION], "tests"))
        await strangers[-1].next_of(frames.Welcome)
        await (await server.enter("bob")).tell("#general", "there is room")
        await ann.tell("#general", "still here")
