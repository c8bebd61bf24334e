"""Fixtures for all tests. Everything is real: sockets, SQLite files, processes."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from server.config import Address
from tests.support.inprocess import RunningServer
from tests.support.places import serve as serve  # a fixture for all
from tests.support.processes import ServerProcess
from tests.support.wire import Wire

# Python would look for garbage among all that was imported, again and again: a sixth of the suite's time.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 20, 100)

Dial = Callable[[Address], Awaitable[Wire]]

StartServer = Callable[..., Awaitable[ServerProcess]]
"""Called as `ServerProcess.start` without the folder; `data=` names another folder than the test's own."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server in this process, its data in the test's own folder."""
    running = RunningServer(tmp_path / "data")
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


@pytest.fixture
async def dial() -> AsyncIterator[Dial]:
    """Connect raw clients to an address; those that are still connected when the test ends hang up."""
    wires: list[Wire] = []

    async def connect(address: Address) -> Wire:
        wires.append(await Wire.connect(address))
        return wires[-1]

    yield connect
    for wire in wires:
        await wire.close()


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Start server processes; those that still live when the test ends are killed."""
    started: list[ServerProcess] = []

    async def start(*arguments: str, data: Path | None = None, **options: Any) -> ServerProcess:
        process = await ServerProcess.start(data or tmp_path / "data", *arguments, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        await process.kill()
