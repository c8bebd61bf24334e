"""Servers, people and an interceptor, and what both tests of trust do with them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chat_tui.client.known import KnownServers
from chat_tui.endpoints import RemoteServer
from protocol import links
from server.config import Address, Files, Limits
from tests.support.authority import Authority
from tests.support.clients import Person
from tests.support.inprocess import NO_LIMITS, RunningServer
from tests.support.interceptor import Interceptor

Serve = Callable[..., Awaitable[RunningServer]]
Meet = Callable[..., Person]
Intercept = Callable[..., Awaitable[Interceptor]]

LINK = "chat://localhost:{port}/#general?pin={pin}"


async def stopped(person: Person) -> str:
    """Come back once the client has stopped; why it has."""
    await person.phase("stopped")
    return person.client.status.reason


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    """What alice's computer remembers."""
    return KnownServers(tmp_path / "known_servers")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one that alice's computer believes."""
    authority = Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    return authority


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start servers with TLS; the later ones with the same data, on the port that they are told."""
    started: list[RunningServer] = []

    async def start(
        certificate: Files | None = None,
        *,
        port: int = 0,
        tls: bool = True,
        data: str = "data",
        limits: Limits = NO_LIMITS,
    ) -> RunningServer:
        listen = Address("127.0.0.1", port, tls)
        server = RunningServer(tmp_path / data, limits, listen=listen, certificate=certificate)
        await server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def meet(known: KnownServers) -> AsyncIterator[Meet]:
    """Alice at a port, by whatever she was told."""
    people: list[Person] = []

    def make(port: int, text: str = "tls://localhost:{port}", pin: str = "") -> Person:
        link = links.parse(text.format(port=port, pin=pin))
        people.append(Person(RemoteServer(link, known), "alice"))
        return people[-1]

    yield make
    for person in people:
        await person.stop()


@pytest.fixture
async def intercept() -> AsyncIterator[Intercept]:
    """Put somebody in a server's place."""
    there: list[Interceptor] = []

    async def start(files: Files, onward: RunningServer, port: int, greeting: bytes = b"") -> Interceptor:
        there.append(Interceptor(files, onward.address, greeting))
        await there[-1].start(port)
        return there[-1]

    yield start
    for one in there:
        await one.stop()
