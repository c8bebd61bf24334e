"""A TCP proxy that breaks connections in every way a network does.

It stands between client and server on real sockets and passes bytes on as it is told to: in single bytes,
late, not at all, so many and then nothing more. What it is told holds for the connections there are and for
those to come.
"""

import asyncio
import socket
import struct
from typing import Literal

from server.config import Address

Direction = Literal["up", "down"]
"""`up` is towards the server."""


class _Link:
    """One connection through the proxy: the sockets' two ends, by where their bytes go."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.writers: dict[Direction, asyncio.StreamWriter] = {"up": server, "down": client}

    def reset(self) -> None:
        """End both at once; what is under way is lost."""
        for writer in self.writers.values():
            _reset(writer)

    def close(self) -> None:
        """End both in order; what was passed on arrives."""
        for writer in self.writers.values():
            writer.close()


class Proxy:
    """Listens on `address` and passes on to `target`, which may be changed at any time.

    `refusing`: hang up on new connections. `delay`: seconds that each piece waits. `piece`: bytes passed on
    at once, at most. `passed` counts the bytes that went through.
    """

    def __init__(self, target: Address, *, buffer: int | None = None) -> None:
        """`buffer`: the bytes that the system may hold on the proxy's sockets, each way."""
        self.target = target
        self._buffer = buffer
        self.refusing = False
        self.delay = 0.0
        self.piece = 2**16
        self.passed: dict[Direction, int] = {"up": 0, "down": 0}
        self.accepted = 0
        self._left: dict[Direction, int] = {}
        self._going = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._links: set[_Link] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server
        self.go_on()

    async def start(self) -> None:
        """Listen on a free port."""
        listening = self._socket()
        listening.bind(("127.0.0.1", 0))
        self._listener = await asyncio.start_server(self._accept, sock=listening, limit=self._limit)

    @property
    def address(self) -> Address:
        """Where clients connect to."""
        host, port = self._listener.sockets[0].getsockname()[:2]
        return Address(host, port)

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._links)

    async def stop(self) -> None:
        """End everything."""
        self._listener.close()
        self.cut()
        for pump in tuple(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    # --- what a test does to the network

    def cut(self) -> None:
        """Break all connections, now."""
        for link in tuple(self._links):
            link.reset()

    def cut_after(self, count: int, direction: Direction) -> None:
        """Pass on so many bytes more in that direction, then break that connection. Happens once."""
        self._left[direction] = count

    def stall(self, *directions: Direction) -> None:
        """Pass nothing on, in these directions (none given: both), and break nothing."""
        for direction in directions or ("up", "down"):
            self._going[direction].clear()

    def go_on(self) -> None:
        """Pass on again, beginning with what was held."""
        for going in self._going.values():
            going.set()

    # --- inside

    @property
    def _limit(self) -> int:
        return self._buffer or 2**16

    def _socket(self) -> socket.socket:
        made = socket.socket()
        made.setblocking(False)  # noqa: FBT003  # the standard library's signature
        if self._buffer is not None:  # before it connects or listens: later it has no effect
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._buffer)
        return made

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.refusing:
            _reset(writer)
            return
        onward = self._socket()
        try:
            await asyncio.get_running_loop().sock_connect(onward, (self.target.host, self.target.port))
            up, down = await asyncio.open_connection(sock=onward, limit=self._limit)
        except OSError:  # no server there: to the client it looks the same
            onward.close()
            _reset(writer)
            return
        link = _Link(writer, down)
        self._links.add(link)
        pumps = [
            asyncio.create_task(self._pump(reader, link, "up")),
            asyncio.create_task(self._pump(up, link, "down")),
        ]
        self._pumps.update(pumps)
        try:
            await asyncio.wait(pumps)
        finally:
            link.close()
            self._links.discard(link)
            self._pumps.difference_update(pumps)

    async def _pump(self, reader: asyncio.StreamReader, link: _Link, direction: Direction) -> None:
        writer = link.writers[direction]
        try:
            while data := await reader.read(2**16):
                for start in range(0, len(data), self.piece):
                    if not await self._pass(data[start : start + self.piece], writer, direction):
                        break
                else:
                    continue
                break
        except OSError:  # one end broke: so does the other
            link.reset()
        link.close()

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter, direction: Direction) -> bool:
        """Pass on some bytes; False if the connection is to end behind them."""
        if self.delay:
            await asyncio.sleep(self.delay)
        await self._going[direction].wait()
        left = self._left.pop(direction, None)
        if left is not None and left > len(data):
            self._left[direction] = left - len(data)
            left = None
        data = data[:left]
        writer.write(data)
        self.passed[direction] += len(data)
        await writer.drain()
        return left is None


def _reset(writer: asyncio.StreamWriter) -> None:
    wire = writer.get_extra_info("socket")
    if wire is not None and wire.fileno() >= 0:  # the other end gets an RST, as from a router that forgot it
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
