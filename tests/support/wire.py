"""A raw client: a socket and the frames on it, with no behaviour of its own.

It can also send what no client should: maps that are no frames, bytes that are no maps.
"""

import asyncio
import secrets
import socket
import ssl
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgpack

from common import sockets
from protocol import VERSION, codec, frames, limits
from protocol.codec import FrameReader, Rejected
from protocol.frames import Error, Event, Frame, Ok, Request, Result
from server.config import Address
from tests.support.waiting import SECONDS

F = TypeVar("F", bound=Frame)
R = TypeVar("R", bound=Result)


def any_certificate() -> ssl.SSLContext:
    """For who does not care whom it talks to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Wire:
    """One connection. `aside` holds the frames that came while something else was awaited."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.aside: list[Frame] = []
        self._frames = FrameReader(frames.FROM_SERVER, limits.ANSWER)
        self._come: deque[Frame] = deque()
        self._id = 0
        self._tag = secrets.token_hex(8)

    @classmethod
    async def connect(
        cls, address: Address, *, buffer: int | None = None, tls: ssl.SSLContext | None = None
    ) -> Self:
        """A connection that has said nothing yet; with `tls`, or at an address with TLS, behind a handshake.

        `buffer`: the bytes it lets the system hold unread.
        """
        if address.path:
            with sockets.reachable(Path(address.path)) as short:
                return cls(*await asyncio.open_unix_connection(short, limit=buffer or 2**16))
        wanted = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
        if buffer is not None:
            wanted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        wanted.settimeout(0)
        await asyncio.get_running_loop().sock_connect(wanted, (address.host, address.port))
        if tls is None and address.secure:
            tls = any_certificate()
        limit = buffer or 2**16
        name = address.host if tls is not None else None
        return cls(*await asyncio.open_connection(sock=wanted, limit=limit, ssl=tls, server_hostname=name))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:  # the server was faster, or dead (in TLS: said more behind our last word)
            return

    # --- sending

    @property
    def new_id(self) -> int:
        """An id that no request of this connection has had."""
        self._id += 1
        return self._id

    def send(self, *sent: Frame) -> None:
        """Queue frames on the socket, as one write."""
        self.send_bytes(b"".join(codec.encode(frame) for frame in sent))

    def send_map(self, fields: object) -> None:
        """Queue anything that msgpack can pack, with its length before it."""
        payload: bytes = msgpack.packb(fields)
        self.send_bytes(len(payload).to_bytes(codec.LENGTH_BYTES, "big") + payload)

    def send_bytes(self, data: bytes) -> None:
        """Queue bytes as they are."""
        self.writer.write(data)

    # --- receiving

    async def next(self, seconds: float = SECONDS) -> Frame:
        """The next frame, whatever it is; raises `EOFError` at the end, `TimeoutError` if none comes."""
        async with asyncio.timeout(seconds):
            while not self._come:
                data = await self.reader.read(2**16)
                if not data:
                    raise EOFError("the server has closed the connection")
                self._feed(data)
        return self._come.popleft()

    async def take(self, count: int) -> None:
        """Read so many bytes from the socket, whatever frames they are; `next` gives them."""
        async with asyncio.timeout(SECONDS):
            self._feed(await self.reader.readexactly(count))

    def _feed(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            assert not isinstance(frame, Rejected), frame
            self._come.append(frame)

    async def next_of(self, kind: type[F], seconds: float = SECONDS) -> F:
        """The next frame of that kind; those before it are put `aside`."""
        async with asyncio.timeout(seconds):
            while not isinstance(frame := await self.next(seconds), kind):
                self.aside.append(frame)
        return frame

    async def event(self, room: str | None = None) -> Event:
        """The next event. With a room: the first there that was not looked at, put `aside` or new."""
        if room is None:
            return await self.next_of(Event)
        for frame in self.aside:
            if isinstance(frame, Event) and frame.room == room:
                self.aside.remove(frame)
                return frame
        while (event := await self.next_of(Event)).room != room:
            self.aside.append(event)
        return event

    async def answer(self, number: int, seconds: float = SECONDS) -> Ok | Error:
        """The answer to request `number`; what comes before it is put `aside`, and looked for there."""
        for frame in self.aside:
            if isinstance(frame, Ok | Error) and frame.re == number:
                self.aside.remove(frame)
                return frame
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.next(seconds)
                if isinstance(frame, Ok | Error) and frame.re == number:
                    return frame
                self.aside.append(frame)

    async def rest(self) -> list[Frame]:
        """All frames until the server closes the connection."""
        come: list[Frame] = []
        try:
            while True:
                come.append(await self.next())
        except (EOFError, ConnectionError):
            return come

    async def settled(self) -> list[Frame]:
        """What the server has sent by now: all that comes before the answer to a ping sent now."""
        number = 2**40 + self.new_id
        self.send(frames.Ping(number))
        while not (isinstance(frame := await self.next(), frames.Pong) and frame.n == number):
            self.aside.append(frame)
        come, self.aside = self.aside, []
        return come

    # --- requests

    async def ask(self, request: Request[Any], kind: type[R]) -> R:
        """Send a request that must succeed, and give its result."""
        self.send(request)
        answer = await self.answer(request.id)
        assert isinstance(answer, Ok), answer
        return codec.convert(answer.result, kind)

    async def refused(self, request: Request[Any]) -> str:
        """Send a request that must fail, and give the error's code."""
        self.send(request)
        answer = await self.answer(request.id)
        assert isinstance(answer, Error), answer
        return answer.code

    async def hello(self) -> frames.Welcome:
        """Say hello."""
        self.send(frames.Hello([VERSION], "tests"))
        return await self.next_of(frames.Welcome)

    async def log_in(
        self, name: str, key: str = "", *, token: str = "", password: str = ""
    ) -> frames.LoginResult:
        """Say hello and come in as `name`."""
        await self.hello()
        return await self.ask(frames.Login(self.new_id, name, token, password, key), frames.LoginResult)

    async def register(self, name: str, password: str, invite: str = "") -> frames.LoginResult:
        """Say hello, make an account and come in."""
        await self.hello()
        return await self.ask(frames.Register(self.new_id, name, password, invite), frames.LoginResult)

    async def ended(self) -> frames.Bye:
        """The server's last word."""
        last = (await self.rest())[-1]
        assert isinstance(last, frames.Bye), last
        return last

    async def sync(self, **fields: Any) -> frames.SyncResult:
        """Get where all rooms are, and from now on their events."""
        return await self.ask(frames.Sync(self.new_id, **fields), frames.SyncResult)

    async def enter(self, name: str, *rooms: str) -> frames.SyncResult:
        """Hello, login, join the rooms, sync."""
        await self.log_in(name)
        for room in rooms:
            await self.join(room)
        return await self.sync()

    async def join(self, room: str, limit: int = 50) -> frames.RoomState:
        """Join a room."""
        return (await self.ask(frames.Join(self.new_id, room, limit), frames.JoinResult)).room

    def say(self, room: str, text: str, cid: str | None = None, kind: str = frames.MESSAGE) -> frames.Send:
        """The request that says something, not sent yet."""
        number = self.new_id
        return frames.Send(number, room, cid or f"{self._tag}-{number}", text_body(text), kind)

    async def tell(self, room: str, text: str, cid: str | None = None) -> frames.SendResult:
        """Say something, and wait until it is stored."""
        return await self.ask(self.say(room, text, cid), frames.SendResult)


def text_body(text: str) -> bytes:
    """The body of a message."""
    return codec.pack(frames.TextBody(text))


def text_of(event: Event) -> str:
    """What a message says."""
    body = codec.unpack_body(event.body, frames.TextBody)
    assert body is not None, event
    return body.text
