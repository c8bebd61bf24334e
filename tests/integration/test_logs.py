"""What a running server writes to its log, and above all what it does not."""

import json
from pathlib import Path

import pytest

from protocol import errors, frames
from server.store.sqlite import SqliteLog
from tests.conftest import Dial, StartServer
from tests.support.inprocess import RunningServer
from tests.support.processes import ServerProcess
from tests.support.wire import Wire, text_body

SAID = "what-only-the-room-may-know"
KEY = "a-key-that-nobody-may-see"


async def say_everywhere(wire: Wire) -> None:
    """Put the text and the keys wherever a client can, in good frames and in bad ones."""
    await wire.hello()
    assert await wire.refused(frames.Login(wire.new_id, "ann", token=KEY)) == errors.NOT_PRIVATE
    wire.send_map({"t": "login", "id": wire.new_id, "name": SAID * 5, "key": KEY})
    wire.send_map({"t": "login", "id": wire.new_id, "name": 7, "key": KEY, SAID: SAID})
    await wire.ask(frames.Login(wire.new_id, "ann"), frames.LoginResult)
    await wire.join("#a")
    await wire.sync()
    await wire.tell("#a", SAID, "cid")
    assert await wire.refused(wire.say("#a", "other", "cid")) == errors.CID_REUSED
    assert await wire.refused(wire.say("#nowhere", SAID)) == errors.NO_SUCH_ROOM
    assert await wire.refused(wire.say("#a", SAID * 1000)) == errors.TOO_LARGE
    assert await wire.refused(wire.say("#a", SAID, kind=SAID)) == errors.BAD_FRAME
    await wire.ask(frames.Topic(wire.new_id, "#a", SAID), frames.Result)
    await wire.ask(frames.History(wire.new_id, "#a"), frames.HistoryResult)
    number = wire.new_id
    wire.send_map({"t": SAID, "id": number, "body": text_body(SAID)})
    await wire.answer(number)
    wire.send_bytes(b"\x00\x00\x00\x20" + SAID.encode() + bytes(32))
    await wire.rest()


@pytest.mark.parametrize("format_", ["text", "json"])
async def test_no_level_tells_what_is_said_or_a_key(
    start_server: StartServer, dial: Dial, tmp_path: Path, format_: str
) -> None:
    server = await start_server("--log-level", "debug", "--log-format", format_)
    await say_everywhere(await dial(server.address))
    status, output, told = await server.stop()
    assert (status, output) == (0, "")
    assert [secret for secret in (SAID, SAID[5:], KEY) if secret in told] == []
    for word in (
        "serving",
        "login",
        "login refused",
        "not_private",
        "ann",
        "127.0.0.1",
        "stopping",
        "stopped",
    ):
        assert word in told
    if format_ == "json":
        lines = [json.loads(line) for line in told.splitlines()]
        (login,) = [line for line in lines if line["event"] == "login"]
        assert (login["user"], login["address"], login["level"]) == ("ann", "127.0.0.1", "info")
        (serving,) = [line for line in lines if line["event"] == "serving"]
        assert serving["addresses"] == [str(server.address)]
        assert serving["data"] == str(tmp_path / "data")


async def test_who_is_refused_at_the_door_is_told_with_the_address(tmp_path: Path, dial: Dial) -> None:
    arguments = f"--listen 127.0.0.1:0 --data {tmp_path / 'data'} --log-level info".split()
    server = await ServerProcess.run(*arguments, "--count-loopback", "--sessions-per-address", "1")
    try:
        await (await dial(server.address)).hello()
        await (await dial(server.address)).rest()
    finally:
        _, _, told = await server.stop()
    assert 'connection refused address=127.0.0.1 reason="there are 1 connections' in told


async def test_a_store_that_fails_is_told(server: RunningServer, caplog: pytest.LogCaptureFixture) -> None:
    wire = await server.enter("ann")
    await server.context.writer.drain()
    log = server.context.log
    assert isinstance(log, SqliteLog)
    log._writing.execute("PRAGMA query_only = ON")
    assert await wire.refused(wire.say("#general", SAID)) == errors.STORAGE
    log._writing.execute("PRAGMA query_only = OFF")
    log._reading.execute("PRAGMA query_only = OFF")
    log._reading.execute("DROP TABLE events")
    assert await wire.refused(frames.History(wire.new_id, "#general")) == errors.STORAGE
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [text.partition(":")[0] for text in told] == ["a batch of 1 was not stored", "a read failed"]
    assert SAID not in caplog.text
