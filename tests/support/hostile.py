"""A server that means harm: it speaks the wire, and answers whatever a test wants.

Real sockets and the real codec; nothing of the real server's care for what it sends.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack

from chat_tui.client.connection import Target
from protocol import VERSION, codec, frames, limits
from protocol.codec import FrameReader
from protocol.frames import Event, Frame, Ok, Request, Result
from tests.support.wire import text_body

CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))

TEXTS = {
    "closing": "[/",
    "markup": "[@click=app.quit]quit[/] [/] [bold red]x[/bold red] [$nothing]y \\[z]",
    "clipboard": "\x1b]52;c;aGFja2Vk\x07one\x1b]52;c;aGFja2Vk\x1b\\two",
    "unterminated": "\x1b]52;c;aGFja2Vk and \x1bP1000p and \x1b_x and \x1b^y",
    "clear": "\x1b[2J\x1b[H\x1b[?1049l\x1bcthe screen",
    "c1": "\x9b31mred\x9d52;c;aGFja2Vk\x9cafter\x90q\x9c\x84",
    "bidi": "user\u202egpj.exe\u202c \u2066isolated\u2069 \u200bzero\ufeff",
    "controls": f"before{CONTROLS}after",
    "long": "A" * 100_000,
    "wide": "日本" * 20_000,
    "lines": "x\n" * 5_000,
    "marks": "e" + "\u0301" * 3_000,
    "joiners": "👨\u200d👩\u200d👧" * 200,
    "blank": " \t ",
    "empty": "",
    "percent": "%s {0} {name} $(reboot) `reboot`",
}
"""Texts that have done harm to terminals, to Textual or to Rich."""

Answer = Callable[[Any], Result | Frame | None]


def event(room: str, seq: int, text: str = "hello", sender: str = "mallory", **fields: Any) -> Event:
    """An event that breaks every rule one wants it to."""
    given: dict[str, Any] = {"user": 666, "time": 1_795_435_200_000, "kind": frames.MESSAGE, **fields}
    return Event(room=room, seq=seq, sender=sender, body=text_body(text), **given)


class HostileServer:
    """See the module; a client's `Endpoint`. `answers` overrides what each kind of request gets."""

    label = "chat.example.org:7777"

    def __init__(self) -> None:
        self.rooms: list[frames.RoomState] = [frames.RoomState("#general", 0)]
        self.online: list[str] = ["alice"]
        self.limits = limits.Limits()
        self.answers: dict[type[Request[Any]], Answer] = {}
        self.asked: list[Request[Any]] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Hang up."""
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def locate(self) -> Target:
        """Where it listens."""
        return Target(*self._server.sockets[0].getsockname()[:2])

    def push(self, *sent: Frame) -> None:
        """Send frames to everybody."""
        self.push_bytes(b"".join(map(codec.encode, sent)))

    def push_map(self, fields: object) -> None:
        """Send anything that msgpack can pack, as a frame."""
        payload: bytes = msgpack.packb(fields)
        self.push_bytes(len(payload).to_bytes(codec.LENGTH_BYTES, "big") + payload)

    def push_bytes(self, data: bytes) -> None:
        """Send bytes to everybody."""
        for writer in self._writers:
            writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        come = FrameReader(frames.FROM_CLIENT, limits.FRAME)
        try:
            while data := await reader.read(2**16):
                for frame in come.feed(data):
                    if isinstance(frame, frames.Hello):
                        welcome = frames.Welcome(VERSION, "epoch", 0, limits=self.limits)
                        writer.write(codec.encode(welcome))
                    elif isinstance(frame, Request):
                        self.asked.append(frame)
                        answer = self._answer(frame)
                        if answer is not None:
                            writer.write(codec.encode(answer))
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, request: Request[Any]) -> Frame | None:
        override = self.answers.get(type(request))
        result = override(request) if override is not None else self._plain(request)
        if isinstance(result, Result):
            return Ok(request.id, codec.result_map(result))
        return result

    def _plain(self, request: Request[Any]) -> Result:
        match request:
            case frames.Login(name=name) | frames.Nick(name=name):
                return frames.LoginResult(1, name)
            case frames.Sync():
                return frames.SyncResult("epoch", self.rooms)
            case frames.Watch(rooms=rooms):
                return frames.WatchResult(dict.fromkeys(rooms, self.online))
            case frames.History():
                return frames.HistoryResult([], complete=True)
            case frames.Join(room=room):
                return frames.JoinResult(frames.RoomState(room, 0))
            case frames.Send():
                return frames.SendResult(10**6, 0)
            case frames.Rooms():
                listed = [frames.RoomInfo(state.room, state.topic) for state in self.rooms]
                return frames.RoomsResult(listed, len(listed))
            case frames.Online():
                people = [
                    frames.PersonInfo(name, [state.room for state in self.rooms]) for name in self.online
                ]
                return frames.OnlineResult(people, len(people))
        return Result()


@asynccontextmanager
async def hostile_server() -> AsyncIterator[HostileServer]:
    """A running one."""
    server = HostileServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
