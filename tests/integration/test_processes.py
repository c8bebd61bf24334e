"""The server as an operator meets it: real processes, real signals, a data folder that outlives them."""

import asyncio
import json
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from protocol import errors, frames
from protocol.frames import Event
from server.config import parse_address
from server.store import schema
from server.store.sqlite import FILE_NAME
from tests.conftest import Dial, StartServer
from tests.support.processes import ServerProcess, run_server
from tests.support.sql import query
from tests.support.waiting import SECONDS
from tests.support.wire import Wire, text_of

LOOPBACK = "127.0.0.1:0"


def one_line(errors_: str) -> str:
    (line,) = errors_.splitlines()
    assert line.startswith("chat-server: ")
    return line


async def history(wire: Wire, room: str) -> list[Event]:
    """All events of a room, page by page."""
    events: list[Event] = []
    while True:
        last = events[-1].seq if events else 0
        page = await wire.ask(frames.History(wire.new_id, room, after=last, limit=200), frames.HistoryResult)
        events += page.events
        if page.complete:
            return events


# --- start


async def test_it_says_where_it_listens_once_per_address(start_server: StartServer, dial: Dial) -> None:
    server = await start_server(listen=(LOOPBACK, LOOPBACK))
    first, second = server.addresses
    assert first.port != second.port
    for address in (first, second):
        async with await dial(address) as wire:
            await wire.hello()
    assert await server.stop() == (0, "", "")


async def test_it_listens_on_ipv6(start_server: StartServer, dial: Dial) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    server = await start_server(listen=("[::1]:0",))
    assert str(server.address).startswith("[::1]:")
    async with await dial(server.address) as wire:
        await wire.hello()


async def test_it_works_from_any_folder(start_server: StartServer, dial: Dial, tmp_path: Path) -> None:
    folder = tmp_path / "a folder with blanks"
    folder.mkdir()
    server = await start_server(cwd=folder, data=Path("relative"))
    async with await dial(server.address) as wire:
        await wire.enter("ann")
    assert await server.stop() == (0, "", "")
    assert (folder / "relative" / FILE_NAME).exists()


async def test_its_folder_is_its_owners_alone(start_server: StartServer, tmp_path: Path) -> None:
    await start_server(data=tmp_path / "new" / "data")
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700


async def test_wrong_usage_ends_with_2() -> None:
    status, output, errors_ = await run_server("--listen", "nowhere")
    assert (status, output) == (2, "")
    assert "nowhere" in errors_
    assert "Traceback" not in errors_


async def test_a_taken_port_is_a_clear_error(start_server: StartServer, tmp_path: Path) -> None:
    first = await start_server()
    other = tmp_path / "other"
    status, output, errors_ = await run_server("--listen", str(first.address), "--data", str(other))
    assert (status, output) == (1, "")
    assert str(first.address) in one_line(errors_)
    # It has let go of what it had opened.
    second = await start_server(data=other)
    assert await second.stop() == (0, "", "")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70, "192.0.2.1"])
async def test_a_host_that_is_not_here_is_a_clear_error(tmp_path: Path, host: str) -> None:
    status, output, errors_ = await run_server("--listen", f"{host}:0", "--data", str(tmp_path))
    assert (status, output) == (1, "")
    assert host in one_line(errors_)


@pytest.mark.parametrize("below", [True, False])
async def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path: Path, *, below: bool) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    data = file / "data" if below else file
    status, output, errors_ = await run_server("--listen", LOOPBACK, "--data", str(data))
    assert (status, output) == (1, "")
    assert str(data) in one_line(errors_)


async def test_one_folder_is_for_one_server(start_server: StartServer, dial: Dial, tmp_path: Path) -> None:
    first = await start_server()
    status, output, errors_ = await run_server("--listen", LOOPBACK, "--data", str(tmp_path / "data"))
    assert (status, output) == (1, "")
    assert "another chat-server" in one_line(errors_)
    async with await dial(first.address) as wire:
        await wire.enter("ann")


async def test_a_killed_server_leaves_its_folder_free(start_server: StartServer) -> None:
    first = await start_server()
    await first.kill()
    second = await start_server()
    assert await second.stop() == (0, "", "")


async def test_a_newer_database_is_a_clear_error(start_server: StartServer, tmp_path: Path) -> None:
    await (await start_server()).stop()
    query(tmp_path / "data" / FILE_NAME, f"PRAGMA user_version = {schema.VERSION + 1}")
    status, output, errors_ = await run_server("--listen", LOOPBACK, "--data", str(tmp_path / "data"))
    assert (status, output) == (1, "")
    assert "newer" in one_line(errors_)


async def test_a_database_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all\n" * 100)
    status, output, errors_ = await run_server("--listen", LOOPBACK, "--data", str(tmp_path))
    assert (status, output) == (1, "")
    assert FILE_NAME in one_line(errors_)


# --- stop


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(
    start_server: StartServer, dial: Dial, number: signal.Signals
) -> None:
    server = await start_server()
    stranger, wire = await dial(server.address), await dial(server.address)
    await wire.enter("ann", "#a")
    for text in ("one", "two"):
        await wire.tell("#a", text)
    await wire.ask(frames.Topic(90, "#a", "stored"), frames.Result)
    await wire.ask(frames.Read(91, "#a", 4), frames.Result)
    ending = asyncio.create_task(server.stop(number))
    for one in (stranger, wire):
        *_, bye = await one.rest()
        assert isinstance(bye, frames.Bye)
        assert (bye.code, bye.reconnect) == (errors.SHUTDOWN, True)
    assert await ending == (0, "", "")
    server = await start_server()
    async with await dial(server.address) as again:
        room, _ = (await again.enter("ANN")).rooms
        assert (room.room, room.topic, room.head, room.read) == ("#a", "stored", 5, 4)
        assert [text_of(event) for event in room.events if event.kind == frames.MESSAGE] == ["one", "two"]


async def test_a_flood_does_not_keep_it_from_stopping(start_server: StartServer, dial: Dial) -> None:
    """More in flight than a session may have, from two sides, for as long as it takes them."""
    server = await start_server()
    wires = [await dial(server.address) for _ in range(2)]
    answered = asyncio.Event()

    async def flood(wire: Wire, name: str) -> None:
        await wire.enter(name, "#a")

        async def read() -> None:
            try:
                while True:
                    if isinstance(await wire.next(), frames.Ok):
                        answered.set()
            except (EOFError, ConnectionError):
                return

        reading = asyncio.create_task(read())
        try:
            while not reading.done():
                wire.send(*(wire.say("#a", "x") for _ in range(300)))
                await wire.writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        await reading

    floods = [
        asyncio.create_task(flood(wire, name)) for wire, name in zip(wires, ("ann", "bob"), strict=True)
    ]
    await answered.wait()
    status, _, errors_ = await server.stop()
    assert (status, errors_) == (0, "")
    await asyncio.gather(*floods)


class Talker:
    """Talks without end, a few dozen sends ahead of the answers; keeps what was said and acknowledged."""

    AHEAD = 40

    def __init__(self, wire: Wire, name: str, enough: asyncio.Event) -> None:
        self.wire = wire
        self.enough = enough
        self.name = name
        self.sent: list[str] = []
        self.acknowledged: dict[str, tuple[int, int]] = {}

    async def talk(self) -> None:
        """Until the server is gone."""
        await self.wire.enter(self.name, "#a")
        cids: dict[int, str] = {}
        try:
            while True:
                while len(cids) < self.AHEAD:
                    cid = f"{self.name}-{len(self.sent)}"
                    request = self.wire.say("#a", cid, cid)
                    self.wire.send(request)
                    self.sent.append(cid)
                    cids[request.id] = cid
                answer = await self.wire.next_of(frames.Ok)
                self.acknowledged[cids.pop(answer.re)] = (answer.result["seq"], answer.result["time"])
                if len(self.acknowledged) == 100:
                    self.enough.set()
        except (EOFError, ConnectionError):
            return

    async def repeat(self, wire: Wire) -> list[frames.SendResult]:
        """Send all of it again."""
        await wire.enter(self.name)
        return [await wire.tell("#a", cid, cid) for cid in self.sent]


def messages(events: list[Event]) -> dict[str, tuple[int, int]]:
    """The place of each message by its cid; fails if one is there twice, or a number is missing."""
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    said = [event for event in events if event.kind == frames.MESSAGE]
    places = {text_of(event): (event.seq, event.time) for event in said if event.cid == text_of(event)}
    assert len(places) == len(said)
    return places


async def test_kill_9_in_a_stream_of_sends_loses_and_doubles_nothing(
    start_server: StartServer, dial: Dial
) -> None:
    server = await start_server()
    enough = asyncio.Event()
    talkers = [Talker(await dial(server.address), name, enough) for name in ("ann", "bob", "eve")]
    streams = [asyncio.create_task(talker.talk()) for talker in talkers]
    async with asyncio.timeout(SECONDS):
        await enough.wait()
    await server.kill()
    await asyncio.gather(*streams)

    # All that was acknowledged is there, once, where it was said to be, and in the order it was sent.
    server = await start_server()
    wire = await dial(server.address)
    await wire.enter("ann")
    before = await history(wire, "#a")
    places = messages(before)
    for talker in talkers:
        assert {cid: places[cid] for cid in talker.acknowledged} == talker.acknowledged
        stored = [cid for cid in places if cid.startswith(talker.name)]
        assert stored == talker.sent[: len(stored)]

    # Sending all of it again adds what was not there yet, and nothing else.
    for talker in talkers:
        results = await talker.repeat(await dial(server.address))
        for cid, result in zip(talker.sent, results, strict=True):
            assert result.dup == (cid in places)
            assert places.get(cid, (result.seq, result.time)) == (result.seq, result.time)
    after = await history(wire, "#a")
    assert after[: len(before)] == before
    assert sorted(messages(after)) == sorted(cid for talker in talkers for cid in talker.sent)


# --- embedded


async def embedded(
    start_server: StartServer, tmp_path: Path, linger: str = "0.2"
) -> tuple[ServerProcess, str]:
    """An embedded server where there are no Unix sockets, and its key."""
    runtime = tmp_path / "run" / "server.json"
    server = await start_server("--runtime", str(runtime), "--linger", linger, listen=("tls://127.0.0.1:0",))
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o600
    assert os.listdir(runtime.parent) == [runtime.name]  # noqa: PTH208
    told = json.loads(runtime.read_text())
    assert told.keys() == {"address", "key", "pid", "pin"}
    listening = parse_address(told["address"])
    assert (listening.host, listening.port) == (server.address.host, server.address.port)
    assert listening.secure
    server.addresses = [listening]
    assert told["pid"] == server.pid
    return server, told["key"]


async def test_an_embedded_server_is_for_who_has_its_key(
    start_server: StartServer, dial: Dial, tmp_path: Path
) -> None:
    server, key = await embedded(start_server, tmp_path, "60")
    async with await dial(server.address) as wire:
        assert (await wire.hello()).auth == ["key", "open"]
        for wrong in ("", key[:-1], key + "x", "ключ"):
            assert await wire.refused(frames.Login(wire.new_id, "ann", key=wrong)) == errors.DENIED
        await wire.ask(frames.Login(wire.new_id, "ann", key=key), frames.LoginResult)


async def test_an_embedded_server_ends_after_its_last_client(
    start_server: StartServer, dial: Dial, tmp_path: Path
) -> None:
    server, key = await embedded(start_server, tmp_path)
    first, second = await dial(server.address), await dial(server.address)
    for wire in (first, second):
        await wire.log_in("ann", key)
    await first.close()
    # A round trip after the linger's time shows that the one who is left keeps it.
    with pytest.raises(TimeoutError):
        await second.next(0.4)
    assert await second.settled() == []
    await second.close()
    assert (await server.ended())[:2] == (0, "")
    assert os.listdir(tmp_path / "run") == []  # noqa: PTH208


async def test_an_embedded_server_that_nobody_uses_ends(start_server: StartServer, tmp_path: Path) -> None:
    server, _ = await embedded(start_server, tmp_path)
    assert (await server.ended())[:2] == (0, "")


async def test_an_embedded_server_removes_its_file_when_stopped(
    start_server: StartServer, tmp_path: Path
) -> None:
    server, _ = await embedded(start_server, tmp_path, "60")
    assert (await server.stop())[:2] == (0, "")
    assert os.listdir(tmp_path / "run") == []  # noqa: PTH208


async def test_a_runtime_file_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    arguments = (
        "--listen",
        LOOPBACK,
        "--data",
        str(tmp_path / "data"),
        "--runtime",
        str(tmp_path / "file" / "r"),
    )
    status, output, errors_ = await run_server(*arguments)
    assert (status, output) == (1, "")
    assert "cannot write" in one_line(errors_)
