"""Servers in this process with settings of their own, as many as a test wants."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from server.auth.credentials import Registration
from server.config import Address, Limits
from tests.support.inprocess import NO_LIMITS, RunningServer

Serve = Callable[..., Awaitable[RunningServer]]
"""Called with the registration, the limits, a host to listen on, a name for the data folder; all optional."""


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start servers; they stop with the test."""
    started: list[RunningServer] = []

    async def start(
        registration: Registration | None = None,
        limits: Limits = NO_LIMITS,
        host: str = "127.0.0.1",
        data: str = "data",
    ) -> RunningServer:
        server = RunningServer(
            tmp_path / data, limits, listen=Address(host, 0, tls=False), registration=registration
        )
        started.append(server)
        await server.start()
        return server

    yield start
    for server in started:
        await server.stop()


def own_address(port: int) -> Address:
    """The same computer by an address that is not loopback: what the network can reach, it could read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the system says from where it would
        except OSError:
            pytest.skip("this computer has no address but loopback")
        host: str = probe.getsockname()[0]
    if host.startswith("127."):
        pytest.skip("this computer has no address but loopback")
    return Address(host, port, tls=False)
