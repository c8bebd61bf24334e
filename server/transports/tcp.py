"""Sessions over TCP: bytes in, frames to the session; blocks out, with bounded buffers.

No task and no queue per session. A peer that reads too slowly fills its buffer to `HIGH_WATER`; from then on
its session is `behind`, the hub leaves it out, and it fetches what it missed once it has drained. Nobody
else notices. Knows asyncio's transports and the session's few methods.
"""

import asyncio
from typing import cast

from protocol import errors, frames, limits
from protocol.codec import FrameReader
from protocol.errors import RemoteProtocolError
from server.core import STALL_SECONDS, Core
from server.session import Session

HIGH_WATER = 1024 * 1024
"""Bytes queued for one peer before it is behind. Centrifugo cuts at the same size, InspIRCd too."""

LOW_WATER = 64 * 1024
"""Bytes at which it may take part again."""

TURN_SECONDS = 0.005
"""How long the frames of one peer may keep the loop before the others have their turn."""

CLOSE_SECONDS = 5
"""How long a closing connection may take to deliver its last bytes."""

# What else people point at a port by mistake. As a length each of these is over the limit, so looking costs
# nothing until something is wrong; h11 recognises TLS in the same way.
_STRANGERS = (
    (b"\x16\x03", "TLS"),
    (b"GET ", "HTTP"),
    (b"POST", "HTTP"),
    (b"HEAD", "HTTP"),
    (b"PUT ", "HTTP"),
    (b"SSH-", "SSH"),
    (b"NICK", "IRC"),
    (b"CAP ", "IRC"),
    (b"PASS", "IRC"),
    (b"USER", "IRC"),
)


class TcpTransport(asyncio.Protocol):
    """One connection; see `session.Transport`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(frames.FROM_CLIENT, limits.FRAME_BEFORE_LOGIN)
        self._session: Session
        self._transport: asyncio.Transport
        self._stall: asyncio.TimerHandle | None = None
        self._holds: set[str] = set()
        self._fresh = True
        self._key: str | None = None

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._session = Session(self._core, self)
        self._core.begin(self._session)
        host = (self._transport.get_extra_info("peername") or ("",))[0]
        self._session.host = host
        if barred := self._core.bar(host):
            self._session.close(errors.DENIED, barred, reconnect=False)
            return
        self._key, problem = self._core.door.knock(host, self._core.monotonic())
        if problem:
            self._session.close(errors.RATE_LIMITED, problem)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._take(data)

    def _take(self, data: bytes = b"") -> None:
        """Act on the frames that have come until something holds them back; the rest waits in the reader."""
        if self._transport.is_closing():
            return
        come = self._reader.feed(data)
        clock = self._loop.time
        end = clock() + TURN_SECONDS
        try:
            while not self._holds:
                frame = next(come, None)
                if frame is None:
                    return
                self._fresh = False
                self._session.receive(frame)
                if clock() > end or self._session.unsent > LOW_WATER:
                    self._hold("turn")
                    self._loop.call_soon(self._release, "turn")
        except RemoteProtocolError as error:
            stranger = _stranger(data) if self._fresh else None
            if stranger is not None:
                line = f"This is a chat-tui server; it does not speak {stranger}. Connect with: chat-tui\r\n"
                self._transport.write(line.encode())
                self.close()
            else:
                self._session.close(error.code, str(error), reconnect=False)

    def pause_writing(self) -> None:
        """The peer does not keep up. What it asks for has to wait too: answers need memory."""
        self._session.behind = True
        self._hold("writing")
        self._watch_stall(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """It does again."""
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._session.writable()
        self._release("writing")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """The connection is closed or broken; either way the session has ended."""
        if self._stall is not None:
            self._stall.cancel()
        self._core.door.leave(self._key)
        self._session.lost()

    def _watch_stall(self, queued: int) -> None:
        def check() -> None:
            left = self._transport.get_write_buffer_size()
            if left < queued:
                self._watch_stall(left)
            else:
                self._transport.abort()

        self._stall = self._loop.call_later(STALL_SECONDS, check)

    def _hold(self, why: str) -> None:
        self._holds.add(why)
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def _release(self, why: str) -> None:
        if why in self._holds:
            self._holds.discard(why)
            if not self._holds and not self._transport.is_closing():
                self._transport.resume_reading()
                self._loop.call_soon(self._take)

    # --- what the session calls

    def write(self, data: bytes) -> None:
        """See `session.Transport`."""
        self._transport.write(data)

    def allow(self, frame_bytes: int) -> None:
        """See `session.Transport`."""
        self._reader.limit = frame_bytes

    def pause(self, *, reading: bool) -> None:
        """See `session.Transport`."""
        if reading:
            self._hold("session")
        else:
            self._release("session")

    def close(self) -> None:
        """See `session.Transport`."""
        self._transport.close()
        self._loop.call_later(CLOSE_SECONDS, self._transport.abort)


def _stranger(data: bytes) -> str | None:
    return next((name for start, name in _STRANGERS if data.startswith(start)), None)
