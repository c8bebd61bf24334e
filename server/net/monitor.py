"""The port for machines: `/metrics` for Prometheus, `/healthz` and `/readyz` for whoever restarts or routes.

Just as much of HTTP/1.1 as these need, on the server's own loop, one answer per connection. A request is
small and quick, or it gets nothing: where there are too many connections, the one that has kept us waiting
longest makes room. `/metrics` is for who knows this server by its address or a name of its own, so that no
page in a browser can read it by a name that leads here (DNS rebinding). Knows the server context, and what
`app` tells it of the end."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CONTENT_TYPE_LATEST

from server.config import Address
from server.context import ServerContext
from server.errors import StorageError
from server.net.metrics import Metrics

REQUEST_BYTES = 8192
"""Of a request's head; Prometheus sends some 300, a browser a few thousand."""

REQUEST_SECONDS = 5
"""From connecting to having the whole answer; Prometheus itself gives up after 10."""

CONNECTIONS = 32
"""At once. One Prometheus and one balancer use two."""

METRICS_SECONDS = 1.0
"""The figures are good for so long: to gather them takes some ms of everybody's time."""

PROBE_SECONDS = 1.0
"""The store's answer is good for so long: nobody shall make the disk work by asking."""

STORE_SECONDS = 3
"""For the store to take a write that waits behind the others'."""


@dataclass(slots=True, frozen=True)
class Page:
    """An answer."""

    status: str
    body: bytes
    kind: str = "text/plain; charset=utf-8"


class Monitor:
    """Answers for one server. `stopping` says whether it is about to end; `hosts` are the names under which
    `/metrics` may be asked for, beside those that can be no one else's."""

    def __init__(
        self, server: ServerContext, stopping: Callable[[], bool], hosts: Sequence[str] = ()
    ) -> None:
        self._server = server
        self._stopping = stopping
        self._metrics = Metrics(server)
        self._hosts = {"localhost", socket.gethostname().lower(), *(host.lower() for host in hosts)}
        self._listener: asyncio.Server
        self._connections: dict[asyncio.StreamWriter, None] = {}  # the longest there first
        self._figures = b""
        self._gathered = float("-inf")
        self._probing: asyncio.Task[str] | None = None
        self._probed = 0.0
        self._pages: dict[str, Callable[[], Awaitable[Page]]] = {
            "/metrics": self._told,
            "/healthz": self._alive,
            "/readyz": self._ready,
        }

    async def listen(self, address: Address) -> Address:
        """Begin to answer; gives the real port. Raises `OSError` or `UnicodeError`."""
        self._listener = await asyncio.start_server(
            self._serve, address.host, address.port, limit=REQUEST_BYTES
        )
        self._hosts.add(address.host.lower())
        host, port = self._listener.sockets[0].getsockname()[:2]
        return Address(host, port)

    def close(self) -> None:
        """Answer no more."""
        self._listener.close()

    # --- the pages

    async def _told(self) -> Page:
        now = asyncio.get_running_loop().time()
        if now - self._gathered >= METRICS_SECONDS:
            self._gathered, self._figures = now, self._metrics.text()
        return Page("200 OK", self._figures, CONTENT_TYPE_LATEST)

    async def _alive(self) -> Page:
        return Page("200 OK", b"alive\n")

    async def _ready(self) -> Page:
        problem = "stopping" if self._stopping() else await self._store_problem()
        if problem:
            return Page("503 Service Unavailable", f"not ready: {problem}\n".encode())
        return Page("200 OK", b"ready\n")

    async def _store_problem(self) -> str:
        """What keeps the store from being written; empty if nothing does."""
        disk = self._server.quotas.disk
        if disk is not None and disk.low:
            return "the disk is nearly full"
        now = asyncio.get_running_loop().time()
        if self._probing is None or (self._probing.done() and now - self._probed > PROBE_SECONDS):
            self._probed = now
            self._probing = asyncio.create_task(self._probe())
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await asyncio.shield(self._probing)
        except TimeoutError:
            return f"the store has not answered for {STORE_SECONDS} s"

    async def _probe(self) -> str:
        if self._stopping():  # meanwhile; its writer takes nothing any more
            return "stopping"
        try:
            await self._server.writer.probe()
        except StorageError as error:
            return str(error)
        return ""

    # --- HTTP

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= CONNECTIONS:
            # Who asks at once is answered at once; what has been here longest is slow.
            slow = next(iter(self._connections))
            del self._connections[slow]
            slow.transport.abort()
        self._connections[writer] = None
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._answer(head))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.transport.abort()  # whoever is too slow, too long or gone
        finally:
            self._connections.pop(writer, None)

    def _knows_us(self, head: bytes) -> bool:
        """Whether the request names us by an address, which nobody can redirect, or by a name of ours."""
        lines = (line.partition(":") for line in head.decode("latin-1").lower().split("\r\n")[1:])
        for host in [value.strip() for name, _, value in lines if name.strip() == "host"]:
            bare, bracket, _ = host.removeprefix("[").partition("]")
            name = bare if bracket else host.partition(":")[0]
            try:
                ipaddress.ip_address(name)
            except ValueError:
                if name.removesuffix(".") not in self._hosts:
                    return False
        return True

    async def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method not in ("GET", "HEAD"):
            page = Page("405 Method Not Allowed", b"only GET and HEAD\n")
        elif path == "/metrics" and not self._knows_us(head):
            page = Page("421 Misdirected Request", b"ask by address, or add this name to metrics.hosts\n")
        elif path in self._pages:
            page = await self._pages[path]()
        else:
            page = Page("404 Not Found", f"there are {', '.join(self._pages)}\n".encode())
        lines = (
            f"HTTP/1.1 {page.status}",
            f"Content-Type: {page.kind}",
            f"Content-Length: {len(page.body)}",
            "Cache-Control: no-store",
            "Connection: close",
            *(["Allow: GET, HEAD"] if page.status.startswith("405") else []),
        )
        return "\r\n".join((*lines, "", "")).encode() + (b"" if method == "HEAD" else page.body)
