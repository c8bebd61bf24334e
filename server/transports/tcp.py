"""Sessions over TCP, with or without TLS: bytes in, frames to the session; blocks out, with bounded buffers.

No task and no queue per session. A peer that reads too slowly fills its buffer to `HIGH_WATER`; from then on
its session is `behind`, the hub leaves it out, and it fetches what it missed once it has drained. Nobody
else notices. Knows asyncio's transports and the session's few methods.
"""

import asyncio
import logging
import ssl
import sys
from typing import cast

from protocol import codec, errors, frames, limits, links
from protocol.codec import FrameReader
from protocol.errors import RemoteProtocolError
from server.core import STALL_SECONDS, Core, moment
from server.session import Session
from server.transports.tls import DENIED, HANDSHAKE, Tls

logger = logging.getLogger(__name__)

if sys.platform == "linux":
    import fcntl
    import termios

HIGH_WATER = 1024 * 1024
"""Bytes queued for one peer before it is behind. Centrifugo cuts at the same size, InspIRCd too."""

LOW_WATER = 64 * 1024
"""Bytes at which it may take part again."""

TURN_SECONDS = 0.005
"""How long the frames of one peer may keep the loop before the others have their turn."""

REFUSED_SECONDS = 30
"""Within which who is one too many may try again: they were many, from one address, and perhaps at once."""

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
    """One connection; see `session.Transport`. With a `context` it speaks TLS, and nothing else; `local`: it
    came where the local administrator comes in."""

    def __init__(self, core: Core, context: ssl.SSLContext | None = None, *, local: bool = False) -> None:
        self._core = core
        self._local = local
        self._tls = Tls(context) if context is not None else None
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(frames.FROM_CLIENT, limits.FRAME_BEFORE_LOGIN)
        self._session: Session
        self._transport: asyncio.Transport
        self._untaken = 0
        self._took = 0.0
        self._holds: set[str] = set()
        self._fresh = True
        self._key: str | None = None

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._session = Session(self._core, self, local=self._local)
        self._core.begin(self._session)
        if barred := self._core.bar(self.address):
            self._session.close(errors.DENIED, barred, reconnect=False)
            return
        self._key, problem = self._core.door.knock(self.address, self._core.monotonic())
        if problem:
            self._core.counters.connections_refused += 1
            logger.info("connection refused", extra={"address": self.address, "reason": problem})
            self._session.close(errors.RATE_LIMITED, problem, after=moment(REFUSED_SECONDS))

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._tls is None:
            self._take(data)
        elif not self._transport.is_closing():
            self._unwrap(self._tls, data)

    def _unwrap(self, tls: Tls, data: bytes) -> None:
        if tls.fresh and data[0] != HANDSHAKE:
            self._tls = None
            self.write(_in_the_clear(data))
            self.close()
            return
        try:
            said = tls.receive(data)
        except ssl.SSLError:  # a scanner, or one who does not trust our certificate: its own affair
            self._transport.write(tls.outgoing())  # tells it why
            self._transport.close()
            return
        if answer := tls.outgoing():
            self._transport.write(answer)
        if said:
            self._take(said)
        if tls.ended:
            self.close()

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
                self.write(_line(stranger))
                self.close()
            else:
                self._session.close(error.code, str(error), reconnect=False)

    def pause_writing(self) -> None:
        """The peer does not keep up. What it asks for has to wait too: answers need memory."""
        self._session.behind = True
        self._core.counters.fell_behind += 1
        self._hold("writing")
        self._untaken, self._took = self._queued(), self._core.monotonic()
        self._core.sweeps.add(self._watch_stall)

    def resume_writing(self) -> None:
        """It does again."""
        self._core.sweeps.discard(self._watch_stall)
        self._session.writable()
        self._release("writing")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """The connection is closed or broken; either way the session has ended."""
        self._core.sweeps.discard(self._watch_stall)
        self._core.door.leave(self._key)
        self._session.lost()

    def _watch_stall(self, now: float) -> None:
        queued = self._queued()
        if queued < self._untaken:
            self._untaken, self._took = queued, now
        elif now - self._took >= STALL_SECONDS:
            self._core.counters.stalled += 1
            logger.info("connection cut: it takes nothing", extra={"address": self.address})
            self._transport.abort()

    def _queued(self) -> int:
        """Bytes that the peer has not taken: ours and, where that can be asked, the system's. Of those there
        may be megabytes, and a slow peer takes nothing of ours for minutes."""
        queued = self._transport.get_write_buffer_size()
        if sys.platform == "linux":
            descriptor = self._transport.get_extra_info("socket").fileno()
            if descriptor >= 0:  # not closed yet
                answer = bytearray(4)
                fcntl.ioctl(descriptor, termios.TIOCOUTQ, answer)
                queued += int.from_bytes(answer, sys.byteorder)
        return queued

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

    @property
    def private(self) -> bool:
        """See `session.Transport`."""
        return self._tls is not None or links.is_loopback(self.address)

    @property
    def address(self) -> str:
        """See `session.Transport`."""
        host: str = (self._transport.get_extra_info("peername") or ("",))[0]
        return host

    def write(self, data: bytes) -> None:
        """See `session.Transport`. Before the handshake nothing can be said."""
        if self._tls is None:
            self._transport.write(data)
        elif self._tls.ready and not self._transport.is_closing():
            self._transport.write(self._tls.send(data))

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
        if self._tls is not None and not self._transport.is_closing():
            self._transport.write(self._tls.end() if self._tls.ready else DENIED)
        self._transport.close()
        self._loop.call_later(CLOSE_SECONDS, self._transport.abort)


def _line(language: str) -> bytes:
    return f"This is a chat-tui server; it does not speak {language}. Connect with: chat-tui\r\n".encode()


def _in_the_clear(data: bytes) -> bytes:
    """What somebody is told who does not speak TLS where it is spoken."""
    stranger = _stranger(data)
    if stranger is not None:
        return _line(stranger)
    text = "this port speaks TLS: write tls:// before the server's address"
    return codec.encode(frames.Bye(errors.TLS_REQUIRED, text, reconnect=False))


def _stranger(data: bytes) -> str | None:
    return next((name for start, name in _STRANGERS if data.startswith(start)), None)
