"""A server that may have few files open refuses connections in words, and goes on."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from protocol import errors, frames
from server.config import parse_address
from server.net.open_files import RESERVE
from tests.support.processes import ENVIRONMENT, LISTENING
from tests.support.waiting import SECONDS
from tests.support.wire import Wire

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody counts files there")

FILES = 100


async def test_who_finds_no_room_is_told_and_the_log_says_why(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", sys.executable, "-m", "server"),
        *("--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", "--no-limits"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **ENVIRONMENT},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    address = parse_address((await process.stdout.readline()).decode().removeprefix(LISTENING).strip())
    places = FILES - RESERVE
    inside: list[Wire] = []
    while len(inside) < places:
        wire = await Wire.connect(address)
        with suppress(EOFError):  # nearly full, it makes room of those that have not logged in yet
            await wire.enter(f"user{len(inside)}")
            inside.append(wire)
    for _ in range(3 * RESERVE):
        late = await Wire.connect(address)
        bye = await late.next_of(frames.Bye)
        assert (bye.code, bye.text) == (
            errors.RATE_LIMITED,
            f"there are {places} connections, and no room for more",
        )
        await late.close()
    await inside[0].tell("#general", "it goes on")
    for wire in inside:
        await wire.close()
    async with asyncio.timeout(SECONDS):
        async with await Wire.connect(address) as again:
            await again.enter("again")
        process.send_signal(signal.SIGTERM)
        told = await process.stderr.read()
    assert await process.wait() == 0
    assert f"have {FILES} files open, so there can be {places} connections".encode() in told
    assert b"Traceback" not in told
