"""A server that does what a test says: the wire's other end for what no real server does."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from protocol import VERSION, codec, frames, limits
from protocol.codec import FrameReader
from protocol.frames import Event, Frame, Request
from protocol.limits import Limits
from server.config import Address

ROOM = "#room"
ME, OTHER = 7, 8

_NOTHING: dict[type[Frame], frames.Result] = {
    frames.Watch: frames.WatchResult({}),
    frames.Rooms: frames.RoomsResult([], 0),
    frames.Online: frames.OnlineResult([], 0),
}

Answer = Callable[[Any], Frame | None]
"""What a kind of request gets; None: nothing, ever."""


def message(seq: int, text: str | None = None, user: int = OTHER, cid: str | None = None) -> Event:
    """A message in the puppet's room."""
    body = codec.pack(frames.TextBody(text or f"text {seq}"))
    return Event(ROOM, seq, user, f"user{user}", frames.MESSAGE, seq, body, cid)


def event(kind: str, seq: int, user: int = ME, body: bytes = b"", room: str = ROOM) -> Event:
    """Another kind of event."""
    return Event(room, seq, user, f"user{user}", kind, seq, body)


class Puppet:
    """Answers as a server with one room whose events are `log`, unless `answers` says otherwise.

    `asked` are the requests that came, `greeting` what a new connection gets before it has said anything.
    """

    def __init__(self, log: Sequence[Event] = ()) -> None:
        self.log = list(log)
        self.answers: dict[type[Frame], Answer] = {}
        self.asked: list[Frame] = []
        self.greeting = b""
        self.limits = Limits()
        self.connections = 0
        self.rooms = [ROOM]
        self._writers: list[asyncio.StreamWriter] = []
        self._listener: asyncio.Server

    async def start(self) -> None:
        """Listen on a free port."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def address(self) -> Address:
        """Where it listens."""
        host, port = self._listener.sockets[0].getsockname()[:2]
        return Address(host, port)

    async def stop(self) -> None:
        """Hang up on everybody."""
        self._listener.close()
        self.hang_up()
        await self._listener.wait_closed()

    def hang_up(self) -> None:
        """End the connections, in order."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def push(self, *pushed: Frame) -> None:
        """Send frames that nobody asked for."""
        self.push_bytes(b"".join(map(codec.encode, pushed)))

    def push_bytes(self, data: bytes) -> None:
        """Send anything."""
        for writer in self._writers:
            writer.write(data)

    def count(self, kind: type[Frame]) -> int:
        """How many requests of that kind came."""
        return sum(isinstance(frame, kind) for frame in self.asked)

    # --- inside

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        writer.write(self.greeting)
        frames_in = FrameReader(frames.FROM_CLIENT, limits.FRAME)
        try:
            while data := await reader.read(2**16):
                for frame in frames_in.feed(data):
                    assert isinstance(frame, Frame), frame
                    self.asked.append(frame)
                    answer = self.answers.get(type(frame), self._answer)(frame)
                    if answer is not None:
                        writer.write(codec.encode(answer))
        except ConnectionError:
            return
        finally:
            writer.close()

    def _answer(self, frame: Frame) -> Frame | None:
        match frame:
            case frames.Hello():
                return frames.Welcome(VERSION, "epoch", 0, limits=self.limits)
            case frames.Login():
                return self.ok(frame, frames.LoginResult(ME, frame.name))
            case frames.Sync():
                states = [self.state(room, frame.cursors.get(room), frame.limit) for room in self.rooms]
                return self.ok(frame, frames.SyncResult("epoch", states))
            case frames.Join():
                return self.ok(frame, frames.JoinResult(self.state(frame.room, None, frame.limit)))
            case frames.History():
                before = frame.before or len(self.log) + 1
                page = self.log[frame.after or 0 : before - 1]
                page = page[-frame.limit :] if frame.after is None else page[: frame.limit]
                return self.ok(frame, frames.HistoryResult(page))
            case frames.Send():
                self.log.append(
                    Event(frame.room, len(self.log) + 1, ME, "me", frame.kind, 0, frame.body, frame.cid)
                )
                return self.ok(frame, frames.SendResult(len(self.log), 0))
            case Request():
                return self.ok(frame, _NOTHING.get(type(frame), frames.Result()))
        return None

    def state(self, room: str = ROOM, cursor: int | None = None, limit: int = 50) -> frames.RoomState:
        """The room as `log` has it; another room has no events."""
        log = self.log if room == ROOM else []
        if cursor is not None and cursor > len(log):
            cursor = None
        after = max(cursor or 0, len(log) - limit)
        return frames.RoomState(
            room, len(log), members=2, events=log[after:], complete=after == (cursor or 0)
        )

    @staticmethod
    def ok(request: Request[Any], result: frames.Result) -> frames.Ok:
        """The answer to a request."""
        return frames.Ok(request.id, codec.result_map(result))
