"""A real server in the test's own process and loop: real sockets, real SQLite, reachable insides."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from server.accounts import Entrance
from server.app import ADMIN_NAME, Server
from server.config import Address, Config, parse_address
from server.core import Core
from server.throttle import NO_LIMITS, Allowance
from tests.support.wire import SECONDS, Wire


class Clock:
    """A clock that stands still until a test moves it: seconds, or ms since 1970."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def monotonic(self) -> float:
        """For everything that times out."""
        return self.seconds

    def ms(self) -> int:
        """For the time in events."""
        return int(self.seconds * 1000)


class Administration(NamedTuple):
    """Where the local administrator comes in."""

    address: Address
    key: str


class RunningServer:
    """A started server; `clock` is the one it goes by."""

    def __init__(
        self,
        data: Path,
        allowance: Allowance = NO_LIMITS,
        entrance: Entrance | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.data = data
        self.clock = Clock()
        config = Config((Address(host, 0),), data, allowance=allowance, given_entrance=entrance)
        self._server = Server(config, clock=self.clock.ms)
        self._waiting: asyncio.Task[None] | None = None
        self._wires: list[Wire] = []

    async def start(self) -> None:
        """Listen on a free port."""
        await self._server.start()
        self.core.monotonic = self.clock.monotonic
        self._waiting = asyncio.create_task(self._server.wait())

    @property
    def core(self) -> Core:
        """What its sessions share."""
        return self._server._core

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._server.addresses[0]

    @property
    def administration(self) -> Administration:
        """Where the local administrator comes in, as the file beside the store says."""
        told = json.loads((self.data / ADMIN_NAME).read_bytes())
        return Administration(parse_address(told["address"]), told["key"])

    async def first_invite(self) -> str:
        """The code for the first account."""
        return await self._server.first_invite()

    async def connect(self, *, buffer: int | None = None) -> Wire:
        """A connection that has said nothing yet; hung up when the server stops."""
        wire = await Wire.connect(self.address, buffer=buffer)
        self._wires.append(wire)
        return wire

    async def enter(self, name: str, *rooms: str) -> Wire:
        """A connection that has logged in, is in the rooms and has synced."""
        wire = await self.connect()
        await wire.enter(name, *rooms)
        return wire

    async def until(self, condition: Callable[[], bool]) -> None:
        """Come back once the condition is true."""
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110  # whatever it is, nothing tells us
                await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Hang up and stop it in order. Harmless if it has stopped."""
        for wire in self._wires:
            await wire.close()
        self._wires.clear()
        if self._waiting is not None:
            self._server.stop()
            await self._waiting
            self._waiting = None
