"""A real server in the test's own process and loop: real sockets, real SQLite, reachable insides."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from server.app import ADMIN_NAME, Server
from server.auth.credentials import Registration
from server.config import Address, Config, Files, Limits, Metrics, Tls, parse_address
from server.context import ServerContext
from server.net.certificate import Certificate
from server.session import Session
from tests.support.waiting import SECONDS
from tests.support.wire import Wire

NO_LIMITS = Limits(enabled=False)
LOOPBACK = Address("127.0.0.1", 0)


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
        limits: Limits = NO_LIMITS,
        metrics: Metrics | None = None,
        *,
        listen: Address = LOOPBACK,
        certificate: Files | None = None,
        registration: Registration | None = None,
        memory: int = 512,
    ) -> None:
        self.data = data
        self.clock = Clock()
        self._socket = Address("", 0, path=f"{data}.sock") if not listen.secure else None
        tls = Tls() if certificate is None else Tls(cert=certificate.certificate, key=certificate.key)
        config = Config(
            listen=(listen, self._socket) if self._socket is not None else (listen,),
            data=data,
            limits=limits,
            metrics=metrics or Metrics(),
            tls=tls,
            registration=registration,
            memory=memory,
        )
        self._server = Server(config, clock=self.clock.ms)
        self._waiting: asyncio.Task[None] | None = None
        self._wires: list[Wire] = []

    async def start(self) -> None:
        """Listen on a free port."""
        await self._server.start()
        self.context.monotonic = self.clock.monotonic
        self._waiting = asyncio.create_task(self._server.wait())

    @property
    def context(self) -> ServerContext:
        """What its sessions share."""
        return self._server._context

    @property
    def sessions(self) -> set[Session]:
        """Those that are there."""
        return cast("set[Session]", self.context.sessions)

    @property
    def certificate(self) -> Certificate:
        """What it shows, if it speaks TLS."""
        assert self._server.certificate is not None
        return self._server.certificate

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self._server.addresses[0]

    @property
    def private_address(self) -> Address:
        """Where it takes passwords and tokens: where it listens with TLS, or else on a socket."""
        return self._socket or self.address

    @property
    def administration(self) -> Administration:
        """Where the local administrator comes in, as the file beside the store says."""
        told = json.loads((self.data / ADMIN_NAME).read_bytes())
        return Administration(parse_address(told["address"]), told.get("key", ""))

    async def first_invite(self) -> str:
        """The code for the first account."""
        return await self._server.first_invite()

    @property
    def monitor(self) -> Address:
        """Where it tells machines how it is, if it was asked to."""
        assert self._server.monitor_address is not None
        return self._server.monitor_address

    async def connect(self, *, buffer: int | None = None, raw: bool = False) -> Wire:
        """A connection that has said nothing yet; hung up when the server stops.

        `raw`: where others speak TLS, this one does not.
        """
        address = self.private_address if buffer is None else self.address
        if raw:
            address = Address(self.address.host, self.address.port, tls=False)
        wire = await Wire.connect(address, buffer=buffer)
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

    def stop_soon(self) -> None:
        """Do what a signal does."""
        self._server.stop()

    async def stop(self) -> None:
        """Hang up and stop it in order. Harmless if it has stopped."""
        for wire in self._wires:
            await wire.close()
        self._wires.clear()
        if self._waiting is not None:
            self._server.stop()
            await self._waiting
            self._waiting = None
