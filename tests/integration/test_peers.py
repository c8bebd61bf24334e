"""Peers that are strange, slow, silent or hostile: they get what they deserve, and nobody else notices."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import msgpack
import pytest

from protocol import VERSION, codec, errors, frames, limits
from protocol.frames import Event
from server.config import Address
from server.context import STALL_SECONDS
from server.delivery.subscriber import Phase
from server.limits.turns import SLICE_SECONDS
from server.net.tcp import HIGH_WATER, TcpTransport
from server.session import Session
from tests.support.inprocess import RunningServer
from tests.support.waiting import SECONDS
from tests.support.wire import Wire, text_of

SMALL = 4096
"""Bytes that a slow peer lets its system hold."""


@pytest.fixture(params=["plain", "tls"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningServer]:
    """All of this goes for both ways of speaking."""
    running = RunningServer(tmp_path / "data", listen=Address("127.0.0.1", 0, request.param == "tls"))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


def session_of(server: RunningServer, name: str) -> Session:
    (session,) = [one for one in server.sessions if one._user is not None and one.user.name == name]
    return session


def queued(session: Session) -> int:
    """Bytes that the server holds for a session."""
    transport = session._transport
    assert isinstance(transport, TcpTransport)
    waiting = sum(len(data) for data in session.server.hub._out.get(session, []))
    return waiting + transport._transport.get_write_buffer_size() + transport._output.size


def untaken(session: Session) -> int:
    """Bytes that its peer has not taken, the system's share included."""
    transport = session._transport
    assert isinstance(transport, TcpTransport)
    return transport._queued() + transport._output.size


async def enter_slowly(server: RunningServer, name: str, *rooms: str) -> Wire:
    wire = await server.connect(buffer=SMALL)
    await wire.enter(name, *rooms)
    return wire


# --- strangers


@pytest.mark.parametrize(
    ("greeting", "name"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508), "TLS"),
        (b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n", "HTTP"),
        (b"POST /login HTTP/1.1\r\n\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH"),
        (b"NICK ann\r\nUSER ann 0 * :Ann\r\n", "IRC"),
        (b"CAP LS 302\r\n", "IRC"),
    ],
    ids=lambda given: given if isinstance(given, str) else "greeting",
)
async def test_who_speaks_something_else_gets_one_line(
    server: RunningServer, greeting: bytes, name: str
) -> None:
    wire = await server.connect()
    wire.send_bytes(greeting)
    async with asyncio.timeout(SECONDS):
        answer = await wire.reader.read()
    assert answer.endswith(b"\r\n")
    line = answer.decode("ascii").removesuffix("\r\n")
    assert line.isprintable()
    assert name in line


async def test_only_a_first_frame_is_taken_for_a_greeting(server: RunningServer) -> None:
    wire = await server.connect()
    await wire.hello()
    wire.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
    (bye,) = await wire.rest()
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.TOO_LARGE, False)


@pytest.mark.parametrize("logged_in", [False, True])
async def test_an_over_long_frame_ends_the_connection(server: RunningServer, *, logged_in: bool) -> None:
    wire = await server.connect()
    if logged_in:
        await wire.log_in("ann")
    limit = limits.FRAME if logged_in else limits.FRAME_BEFORE_LOGIN
    wire.send(frames.Ping(1))
    wire.send_bytes((limit + 1).to_bytes(4, "big"))
    pong, bye = await wire.rest()
    assert pong == frames.Pong(1)
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.TOO_LARGE, False)


@pytest.mark.parametrize("logged_in", [False, True])
async def test_a_frame_of_exactly_the_limit_is_taken(server: RunningServer, *, logged_in: bool) -> None:
    wire = await server.connect()
    if logged_in:
        await wire.log_in("ann")
    limit = limits.FRAME if logged_in else limits.FRAME_BEFORE_LOGIN
    shorter = msgpack.packb({"t": "ping", "n": 5, "fill": "x" * (limit - 100)})
    wire.send_map({"t": "ping", "n": 5, "fill": "x" * (limit - 100 + limit - len(shorter))})
    assert await wire.next() == frames.Pong(5)


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x90", b"\x81\xa1t\xa1\xff", b"\x91" * 4000])
async def test_what_is_no_map_ends_the_connection(server: RunningServer, payload: bytes) -> None:
    wire = await server.connect()
    wire.send_bytes(len(payload).to_bytes(4, "big") + payload)
    (bye,) = await wire.rest()
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.BAD_FRAME, False)


async def test_a_frame_may_come_in_pieces(server: RunningServer) -> None:
    wire = await server.connect()
    for byte in codec.encode(frames.Ping(5)):
        wire.send_bytes(bytes((byte,)))
        await wire.writer.drain()
        await asyncio.sleep(0)
    assert await wire.next() == frames.Pong(5)


async def test_who_hangs_up_before_a_send_is_looked_up_harms_nobody(server: RunningServer) -> None:
    writer = server.context.writer
    honest, eve = await server.enter("honest", "#here"), await server.enter("eve")
    begun, go_on = threading.Event(), threading.Event()

    def stand() -> None:
        begun.set()
        go_on.wait(SECONDS)

    blocked = asyncio.create_task(writer.between(stand))
    await server.until(begun.is_set)
    honest.send(honest.say("#here", "first"))
    await server.until(lambda: writer._busy)
    eve.send(eve.say("#here", "never"))  # refused, and then looked up, as she is in another room
    await server.until(lambda: writer.waiting > 0)
    eve.writer.transport.abort()
    await server.until(lambda: all(one._user is None or one.user.name != "eve" for one in server.sessions))
    go_on.set()
    await blocked
    assert (await honest.tell("#here", "second")).seq > 0


async def test_who_hangs_up_in_the_middle_harms_nobody(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    for data in (
        b"",
        b"\x00\x00",
        codec.encode(frames.Hello([VERSION]))[:-1],
        codec.encode(frames.Login(1, "x")),
    ):
        wire = await server.connect()
        wire.send_bytes(data)
        wire.writer.transport.abort()
    bob = await server.enter("bob", "#a")
    bob.send(*(bob.say("#a", "x" * 10_000) for _ in range(50)), frames.Sync(1))
    bob.writer.transport.abort()
    await server.until(lambda: len(server.sessions) == 1)
    await ann.tell("#a", "still here")
    assert await ann.ask(frames.Online(90), frames.OnlineResult) == frames.OnlineResult(
        [frames.PersonInfo("ann", ["#a", "#general"])], 1
    )


# --- time


async def expect_timeout(wire: Wire) -> None:
    *_, bye = await wire.rest()
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.TIMEOUT, True)


async def test_without_hello_it_ends_soon(server: RunningServer) -> None:
    wire = await server.connect()
    wire.send(frames.Ping(1))
    await wire.next()
    server.clock.seconds += limits.HANDSHAKE_SECONDS
    server.context.housekeeping()
    assert await wire.settled() == []
    server.clock.seconds += 1
    server.context.housekeeping()
    await expect_timeout(wire)


async def test_without_login_it_ends(server: RunningServer) -> None:
    wire = await server.connect()
    await wire.hello()
    server.clock.seconds += limits.LOGIN_SECONDS
    server.context.housekeeping()
    assert await wire.settled() == []
    server.clock.seconds += 1
    server.context.housekeeping()
    await expect_timeout(wire)


async def test_the_silent_are_pinged_then_cut(server: RunningServer) -> None:
    silent, lively = await server.enter("ann"), await server.enter("bob")
    server.clock.seconds += limits.PING_SECONDS + 1
    server.context.housekeeping()
    for wire in (silent, lively):
        await wire.next_of(frames.Ping)
    lively.send(frames.Pong())
    await lively.settled()
    server.clock.seconds += limits.SILENCE_SECONDS - limits.PING_SECONDS
    server.context.housekeeping()
    await expect_timeout(silent)
    assert await lively.settled() == []
    await lively.ask(frames.Rooms(90), frames.RoomsResult)


async def test_a_ping_tells_the_heads_that_changed(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    heads = []
    for text in ("one", None, "two"):
        if text is not None:
            await ann.tell("#a", text)
        await ann.settled()
        server.clock.seconds += limits.PING_SECONDS + 1
        server.context.housekeeping()
        heads.append((await ann.next_of(frames.Ping)).heads)
    assert heads == [{"#a": 3, "#general": 2}, {}, {"#a": 4}]


# --- slow and greedy peers


async def test_a_slow_reader_is_told_the_heads_and_slows_nobody(server: RunningServer) -> None:
    ann, eve = await server.enter("ann", "#a"), await server.enter("eve", "#a")
    bob = await enter_slowly(server, "bob", "#a")
    await ann.settled()
    slow = session_of(server, "bob")
    reading = [asyncio.create_task(read_until(wire, 4 + 600)) for wire in (ann, eve)]
    ann.send(*(ann.say("#a", "x" * 15_000, f"c{number}") for number in range(600)))
    for task in reading:
        assert await task == list(range(5, 605))
    assert slow.lagging
    assert queued(slow) < HIGH_WATER + limits.ANSWER
    # It is not cut, however long it takes, as long as it takes something.
    for _ in range(10):
        before = untaken(slow)
        while untaken(slow) >= before:
            await bob.take(SMALL)
        server.clock.seconds += STALL_SECONDS
        session_of(server, "ann").heard = session_of(server, "eve").heard = server.clock.seconds
        server.context.housekeeping()
    assert slow.phase is Phase.READY
    assert slow.lagging
    # Once it reads, it gets what was queued, without a gap, then where its rooms stand now.
    heads = await bob.next_of(frames.Heads)
    got = [frame.seq for frame in bob.aside if isinstance(frame, Event) and frame.room == "#a"]
    assert got == list(range(got[0], got[-1] + 1))
    assert got[-1] < heads.heads["#a"] == 604
    while got[-1] < 604:
        page = await bob.ask(frames.History(bob.new_id, "#a", after=got[-1]), frames.HistoryResult)
        got += [event.seq for event in page.events]
    assert got == list(range(got[0], 605))
    await ann.tell("#a", "together again")
    assert (await bob.event()).seq == 605


async def test_who_takes_nothing_at_all_is_cut(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await enter_slowly(server, "bob", "#a")
    gone = session_of(server, "bob")
    ann.send(*(ann.say("#a", "x" * 15_000) for _ in range(600)))
    await read_until(ann, 603)
    assert gone.lagging

    async def wait(seconds: int) -> None:
        server.clock.seconds += seconds
        session_of(server, "ann").heard = server.clock.seconds
        server.context.housekeeping()
        await ann.settled()

    await wait(STALL_SECONDS - 1)
    assert gone in server.sessions
    for _ in range(3):  # its system may have taken something since the sweep before
        await wait(STALL_SECONDS)
    assert gone not in server.sessions
    assert not any(getattr(look, "__name__", "") == "_watch_stall" for look in server.context.housekeepers)
    # The others have noticed nothing, and who comes back finds everything.
    assert (await ann.tell("#a", "still here")).seq == 604
    again = await server.enter("bob")
    page = await again.ask(frames.History(again.new_id, "#a", after=603), frames.HistoryResult)
    assert [text_of(event) for event in page.events] == ["still here"]
    assert not [frame for frame in await bob.rest() if isinstance(frame, frames.Bye)]


async def read_until(wire: Wire, seq: int) -> list[int]:
    """The numbers of the events that come, up to `seq`."""
    seqs: list[int] = []
    while not seqs or seqs[-1] < seq:
        seqs.append((await wire.event("#a")).seq)
    return [number for number in seqs if number > 4]


@pytest.mark.parametrize("what", ["history", "rooms", "ping"])
async def test_who_asks_much_and_reads_nothing_waits(server: RunningServer, what: str) -> None:
    """The answers to come must not fill the memory, and all of them come in the end."""
    ann = await server.enter("ann", "#a")
    ann.send(*(ann.say("#a", "x" * 15_000) for _ in range(12)))
    for number in range(100):
        ann.send(frames.Join(1000 + number, f"#room{number}", 0))
        ann.send(frames.Topic(2000 + number, f"#room{number}", "🙂" * limits.TOPIC))
    assert isinstance(await ann.answer(2099), frames.Ok)
    greedy = await enter_slowly(server, "greedy", "#a")
    session = session_of(server, "greedy")
    asked, pongs = range(1000, 1200), 250_000
    if what == "ping":  # many, for a pong is short
        greedy.send_bytes(codec.encode(frames.Ping(2**40)) * pongs)
    else:
        history = what == "history"
        greedy.send(*(frames.History(each, "#a") if history else frames.Rooms(each) for each in asked))
    most = 0
    for _ in range(3):
        await server.until(lambda: session.congested)
        for number in range(20):
            await ann.ask(frames.Join(3000 + number, "#a", 0), frames.JoinResult)
            most = max(most, queued(session))
    assert most < HIGH_WATER + 2 * limits.ANSWER
    if what == "ping":
        async with asyncio.timeout(60):
            await greedy.reader.readexactly(pongs * len(codec.encode(frames.Pong(2**40))))
    else:
        for number in asked:
            assert isinstance(await greedy.answer(number), frames.Ok)


async def test_one_peers_burst_leaves_the_others_their_turn(server: RunningServer) -> None:
    """What came in one piece of 200 KB is not worked off in one piece."""
    wire = await server.enter("ann")
    session = session_of(server, "ann")
    burst = [frames.Rooms(number) for number in range(1000, 11_000)]
    transport = session._transport
    assert isinstance(transport, TcpTransport)
    transport._reader.add(b"".join(codec.encode(request) for request in burst))
    transport.take_turn(asyncio.get_running_loop().time() + SLICE_SECONDS)
    assert len(server.context.hub._out[session]) < len(burst)
    for request in burst:
        assert isinstance(await wire.answer(request.id), frames.Ok)


async def test_markers_do_not_pile_up_for_a_slow_reader(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    slow = await enter_slowly(server, "ann")
    ann.send(*(ann.say("#a", "x" * 15_000) for _ in range(600)))
    await read_until(ann, 602)
    (behind,) = [one for one in server.sessions if one.lagging]
    before = queued(behind)
    for number in range(50):
        await ann.ask(frames.Read(5000 + number, "#a", 3), frames.Result)
    assert queued(behind) <= before
    await slow.close()


async def test_nothing_comes_behind_bye(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    bob = await enter_slowly(server, "bob", "#a")
    leaving = session_of(server, "bob")
    while not queued(leaving):  # as long as the system takes it all, the socket closes at once
        await ann.tell("#a", "x" * 15_000)
    leaving.close(errors.TIMEOUT, "test")
    for _ in range(20):
        await ann.tell("#a", "x")
    *_, last = await bob.rest()
    assert isinstance(last, frames.Bye)
