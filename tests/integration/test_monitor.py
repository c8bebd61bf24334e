"""The port for machines: what it counts, whether it says the truth about health, and who gets no answer."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from protocol import VERSION, errors, frames
from server.config import Address, Limits, Metrics
from server.net import monitor
from server.store.sqlite import SqliteLog
from tests.support.http import ask, fetch
from tests.support.inprocess import RunningServer
from tests.support.processes import run_server
from tests.support.wire import Wire

ON = Metrics(listen=Address("127.0.0.1", 0))
Figures = dict[str, float]


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningServer]:
    """A server that tells how it is at that moment, and lets three connections of an address in."""
    monkeypatch.setattr(monitor, "METRICS_SECONDS", 0)
    limits = Limits(sessions_per_address=3, count_loopback=True, sends_at_once=10_000)
    running = RunningServer(tmp_path / "data", limits, ON)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def figures(server: RunningServer) -> Figures:
    """All that is told, by name and labels."""
    answer = await fetch(server.monitor, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        sample.name + "".join(f"/{value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.body)
        for sample in family.samples
    }


def rise(before: Figures, after: Figures) -> Figures:
    """What has changed, by how much."""
    return {
        name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)
    }


# --- figures


async def test_what_is_said_is_counted(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob", "#a")
    await ann.settled()
    await server.context.writer.drain()
    before = await figures(server)
    for number in range(3):
        await ann.tell("#a", "text", f"cid-{number}")
    await ann.tell("#a", "text", "cid-0")
    await ann.ask(frames.Topic(90, "#a", "topic"), frames.Result)
    await ann.ask(frames.Read(91, "#a", 3), frames.Result)
    await ann.ask(frames.History(92, "#a"), frames.HistoryResult)
    await bob.settled()
    told = rise(before, await figures(server))
    assert told["chat_sends_total"] == 3
    assert told["chat_sends_repeated_total"] == 1
    assert told["chat_events_total"] == 4
    assert told["chat_deliveries_total"] == 2 * 4
    assert told["chat_batch_size_count"] == told["chat_commit_seconds_count"] == 6
    assert told["chat_queue_wait_seconds_count"] == 6
    assert told["chat_batch_size_sum"] == 7  # the topic goes to the audit, too
    assert (told["chat_batch_size_bucket/1"], told["chat_batch_size_bucket/+Inf"]) == (5, 6)
    assert 0 < told["chat_commit_seconds_sum"] < 60
    assert told["chat_read_seconds_count"] == 1
    assert told["chat_written_bytes_total"] > 8 * len("text")
    assert 0 < told["chat_writes_total"] <= 2 * 4 + 7 + 1


async def test_bytes_are_those_that_were_written(server: RunningServer) -> None:
    wire = await server.connect()
    before = await figures(server)
    wire.send(frames.Hello([VERSION], "tests"))
    come = await wire.reader.read(2**16)
    told = rise(before, await figures(server))
    assert (told["chat_writes_total"], told["chat_written_bytes_total"]) == (1, len(come))


async def test_who_is_there_is_told(server: RunningServer) -> None:
    await server.enter("ann", "#a")
    await server.connect()
    told = await figures(server)
    assert (told["chat_sessions/ready"], told["chat_sessions/hello"]) == (1, 1)
    assert (told["chat_users_online"], told["chat_users"], told["chat_rooms"]) == (1, 1, 2)
    assert told["chat_sessions_behind"] == told["chat_requests_waiting"] == 0
    assert told["process_resident_memory_bytes"] > 0 or sys.platform != "linux"


async def test_what_is_refused_is_counted(server: RunningServer) -> None:
    before = await figures(server)
    ann = await server.enter("ann")
    assert await ann.refused(frames.Leave(90, "#nowhere")) == errors.NO_SUCH_ROOM
    ann.send_map({"t": "strange", "id": 91})
    await ann.answer(91)
    bob = await server.connect()
    await bob.hello()
    assert await bob.refused(frames.Login(92, "ann bob")) == errors.BAD_NAME
    await server.connect()
    await (await server.connect()).rest()
    told = rise(before, await figures(server))
    assert told["chat_logins_total"] == told["chat_logins_refused_total"] == 1
    assert told["chat_connections_total"] == 4
    assert told["chat_connections_refused_total"] == told["chat_byes_total/rate_limited"] == 1
    assert {name: value for name, value in told.items() if name.startswith("chat_errors")} == {
        "chat_errors_total/bad_name": 1,
        "chat_errors_total/no_such_room": 1,
        "chat_errors_total/unknown_type": 1,
    }


async def fall_behind(server: RunningServer) -> Wire:
    """A session whose peer reads nothing, with more to read than the server keeps for it."""
    ann = await server.enter("ann")
    slow = await server.connect(buffer=4096)
    await slow.enter("slow")
    while not any(session.lagging for session in server.sessions):
        await ann.tell("#general", "x" * 15_000)
    return slow


async def test_who_falls_behind_is_counted_and_left_out(server: RunningServer) -> None:
    slow = await fall_behind(server)
    told = await figures(server)
    assert (told["chat_fell_behind_total"], told["chat_sessions_behind"]) == (1, 1)
    before = told["chat_deliveries_total"]
    bob = await server.enter("bob")
    await bob.tell("#general", "hello")
    told = await figures(server)
    assert told["chat_deliveries_total"] - before <= 2 + 2, "the events that are bob's, to ann and to bob"
    await slow.next_of(frames.Heads)
    assert (await figures(server))["chat_sessions_behind"] == 0


def test_without_metrics_nothing_of_them_is_loaded() -> None:
    code = "import server.admin.serve, sys; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- health


async def test_it_is_alive_and_ready(server: RunningServer) -> None:
    for path, body in (("/healthz", "alive\n"), ("/readyz", "ready\n"), ("/readyz?verbose=1", "ready\n")):
        answer = await fetch(server.monitor, path)
        assert (answer.status, answer.body) == (200, body)


async def test_it_is_not_ready_while_its_store_cannot_be_written(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "PROBE_SECONDS", 0.0)
    log = server.context.log
    assert isinstance(log, SqliteLog)
    log._writing.execute("PRAGMA query_only = ON")
    answer = await fetch(server.monitor, "/readyz")
    assert answer.status == 503
    assert answer.body.startswith("not ready: the server's disk refuses")
    assert (await fetch(server.monitor, "/healthz")).status == 200
    log._writing.execute("PRAGMA query_only = OFF")
    assert (await fetch(server.monitor, "/readyz")).status == 200


async def test_it_is_not_ready_while_its_store_does_not_answer(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(monitor, "STORE_SECONDS", 0.1)
    other = SqliteLog(tmp_path / "data")
    other._writing.execute("BEGIN IMMEDIATE")
    answer = await fetch(server.monitor, "/readyz")
    assert (answer.status, answer.body) == (503, "not ready: the store has not answered for 0.1 s\n")
    other._writing.execute("ROLLBACK")
    other.close()
    await server.until(lambda: server.context.writer.waiting == 0)
    monkeypatch.setattr(monitor, "STORE_SECONDS", 10)
    assert (await fetch(server.monitor, "/readyz")).status == 200


async def test_asking_often_does_not_make_the_disk_work(server: RunningServer) -> None:
    log = server.context.log
    assert isinstance(log, SqliteLog)
    answers = await asyncio.gather(*(fetch(server.monitor, "/readyz") for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    rows = log._reading.execute("SELECT value FROM meta WHERE key = 'probe'").fetchall()
    assert (await fetch(server.monitor, "/readyz")).status == 200
    assert log._reading.execute("SELECT value FROM meta WHERE key = 'probe'").fetchall() == rows


async def test_while_it_ends_it_is_alive_and_not_ready(server: RunningServer) -> None:
    slow = await fall_behind(server)  # who takes nothing keeps it for some seconds
    assert (await fetch(server.monitor, "/readyz")).status == 200
    server.stop_soon()
    answer = await fetch(server.monitor, "/readyz")
    assert (answer.status, answer.body) == (503, "not ready: stopping\n")
    assert (await fetch(server.monitor, "/healthz")).status == 200
    await slow.close()
    await server.stop()
    with pytest.raises(ConnectionError):
        await fetch(server.monitor, "/healthz")


# --- who gets no answer


async def test_only_what_there_is(server: RunningServer) -> None:
    assert (await fetch(server.monitor, "/")).status == 404
    refused = await fetch(server.monitor, "/metrics", "POST")
    assert (refused.status, refused.headers["allow"]) == (405, "get, head")
    head = await fetch(server.monitor, "/healthz", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, "", "6")


@pytest.mark.parametrize(
    "request_", [b"GET /" + b"x" * 10_000, b"\x16\x03\x01\x02\x00" * 2000], ids=["long", "binary"]
)
async def test_a_long_request_gets_nothing(server: RunningServer, request_: bytes) -> None:
    assert (await ask(server.monitor, request_ + b"\r\n\r\n")).status == 0


async def test_what_makes_no_sense_is_not_found(server: RunningServer) -> None:
    for request in (b"\r\n\r\n", b"\xff\xfe\r\n\r\n", b"GET\r\n\r\n", b"GET /healthz /metrics\r\n\r\n"):
        assert (await ask(server.monitor, request)).status in (404, 405, 200)


async def test_who_says_nothing_is_cut(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "REQUEST_SECONDS", 0.1)
    assert (await ask(server.monitor, b"GET /metrics HTTP/1.1\r\n")).status == 0


async def test_who_is_slow_makes_room(server: RunningServer) -> None:
    address = (server.monitor.host, server.monitor.port)
    slow = [await asyncio.open_connection(*address) for _ in range(2 * monitor.CONNECTIONS)]
    for _, writer in slow:
        writer.write(b"GET /metrics HTTP/1.1\r\n")
    for path in ("/readyz", "/healthz", "/metrics"):
        assert (await fetch(server.monitor, path)).status == 200
    ended = await asyncio.gather(*(reader.read() for reader, _ in slow), return_exceptions=True)
    assert all(isinstance(one, ConnectionError) or one == b"" for one in ended)
    for _, writer in slow:
        writer.close()
    assert (await fetch(server.monitor, "/readyz")).status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9464", 200),
        ("192.0.2.7", 200),
        ("[::1]:9464", 200),
        ("[2001:db8::1]", 200),
        ("LocalHost:9464", 200),
        ("localhost.", 200),
        (socket.gethostname(), 200),
        ("chat.internal:80", 200),
        ("attacker.example", 421),
        ("127.0.0.1.attacker.example:9464", 421),
        ("localhost.attacker.example", 421),
        ("127.0.0.1\r\nHost: attacker.example", 421),
        ("[attacker.example]", 421),
    ],
)
async def test_the_figures_are_told_to_who_knows_the_server(tmp_path: Path, host: str, status: int) -> None:
    listen = Address("127.0.0.1", 0)
    running = RunningServer(tmp_path, metrics=Metrics(listen=listen, hosts=("Chat.internal",)))
    await running.start()
    try:
        answer = await fetch(running.monitor, "/metrics", host=host)
        assert answer.status == status
        assert ("metrics.hosts" in answer.body) == (status == 421)
        assert (await fetch(running.monitor, "/readyz", host=host)).status == 200
    finally:
        await running.stop()


async def test_asking_often_for_figures_gathers_them_once(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "METRICS_SECONDS", 3600)
    first = await fetch(server.monitor, "/metrics")
    await server.enter("ann")
    assert (await fetch(server.monitor, "/metrics")).body == first.body


async def test_a_taken_port_is_a_clear_error(server: RunningServer, tmp_path: Path) -> None:
    taken = str(server.monitor)
    arguments = ("--listen", "127.0.0.1:0", "--data", str(tmp_path / "other"), "--metrics-listen", taken)
    status, output, errors_ = await run_server(*arguments)
    assert (status, output) == (1, "")
    assert errors_.startswith(f"chat-server: cannot listen on {taken}")
