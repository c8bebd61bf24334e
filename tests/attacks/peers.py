"""The attackers' connections: they flood, they don't read, they come and go.

Nothing of the real client's manners. An attack's process is as fast as it can be: it packs its frames once
and looks into no answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from protocol import VERSION, codec, frames
from protocol.codec import FrameReader
from protocol.frames import Frame
from tests.support.waiting import SECONDS

AHEAD = 256 * 1024
"""Bytes that wait for the server in this process, at most."""


class Peer(asyncio.Protocol):
    """One connection. Until `silent` it takes frames in, for logins; then it throws away what comes."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._reader: FrameReader | None = FrameReader(frames.FROM_SERVER, 2**20)
        self._answer: asyncio.Future[Frame] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.bytes = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(AHEAD)

    def data_received(self, data: bytes) -> None:
        """Count it, and look for the answer that is waited for."""
        self.bytes += len(data)
        if self._reader is None:
            return
        for frame in self._reader.feed(data):
            awaited = isinstance(frame, frames.Welcome | frames.Ok | frames.Error | frames.Bye)
            if awaited and self._answer is not None and not self._answer.done():
                self._answer.set_result(cast("Frame", frame))

    def pause_writing(self) -> None:
        """The server does not keep up, or does not want to."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """The server has had enough."""
        self.lost = True
        self._writable.set()

    async def ask(self, frame: Frame) -> Frame:
        """Send a frame that is answered, and wait for that."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(codec.encode(frame))
        async with asyncio.timeout(SECONDS):
            return await self._answer

    async def enter(self, name: str, token: str = "") -> str:
        """Hello, login, sync; gives the token to come in with again."""
        await self.ask(frames.Hello([VERSION], "attack"))
        answer = await self.ask(frames.Login(1, name, token))
        assert isinstance(answer, frames.Ok), answer
        await self.ask(frames.Sync(3))
        return codec.convert(answer.result, frames.LoginResult).token

    def deaf(self) -> None:
        """Take nothing from the socket any more."""
        self._transport.pause_reading()

    async def write(self, data: bytes) -> None:
        """Send this as soon as the socket takes it."""
        await self._writable.wait()
        if not self.lost:
            self._transport.write(data)

    async def flood(self, data: bytes | Callable[[], bytes]) -> None:
        """Send this again and again, until the connection or the time is over."""
        self._reader = None
        while not self.lost:
            await self.write(data if isinstance(data, bytes) else data())
            await asyncio.sleep(0)

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()


async def connect(port: int) -> Peer:
    """A connection that has said nothing yet."""
    _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", port)
    return peer


async def enter(port: int, name: str) -> Peer:
    """A connection on which somebody has come in."""
    (peer,) = await enter_often(port, name, 1)
    return peer


async def enter_often(port: int, name: str, count: int) -> list[Peer]:
    """The same on several."""
    peers: list[Peer] = []
    token = ""
    for _ in range(count):
        peers.append(await connect(port))
        token = await peers[-1].enter(name, token) or token
    return peers


async def flood(peers: Sequence[Peer], data: bytes | Callable[[], bytes]) -> None:
    """All of them at once."""
    await asyncio.gather(*(peer.flood(data) for peer in peers))
