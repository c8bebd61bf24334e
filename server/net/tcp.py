"""Sessions over TCP, with TLS or without, and over Unix sockets: bytes in, blocks out, with bounded buffers.

No task per session. What has come waits for its turn (see `turns`), and no more is read than a frame ahead.
A peer that takes too little has no more requests worked off, and its queue grows to `HIGH_WATER`; from then
on its session is `lagging`, the hub leaves it out, and it fetches what it missed once it has drained. Nobody
else notices. Knows asyncio's transports and the session's few methods.
"""

import asyncio
import logging
import ssl
import sys
from typing import cast

from common import sockets
from protocol import codec, errors, frames, limits
from protocol.codec import FrameReader
from protocol.errors import RemoteProtocolError
from server.context import NETWORK_BANNED, STALL_SECONDS, ServerContext, moment
from server.delivery.subscriber import Phase
from server.errors import RefusedError
from server.limits.turns import CONNECT, Principal
from server.net.output import OutputQueue
from server.net.tls import DENIED, HANDSHAKE, Tls
from server.session import Session
from server.state import permissions

logger = logging.getLogger(__name__)

if sys.platform == "linux":
    import fcntl
    import termios

HIGH_WATER = 1024 * 1024
"""Bytes queued for one peer before it is behind. Centrifugo cuts at the same size, InspIRCd too."""

SOCKET_HIGH, SOCKET_LOW = 64 * 1024, 16 * 1024
"""Bytes given to the system's side before the rest waits on ours, where it can be dropped; what is left of
them when more is given."""

STRANGER_HIGH = 16 * 1024
"""Bytes queued for who has not logged in, before it is cut: the answers to hello and login are some
hundred."""

READ, STRANGER_READ = 64 * 1024, 4 * 1024
"""Bytes read at once, after login and before it, and waiting when reading pauses. Of a longer frame all is
read."""

ANSWERED = 64 * 1024
"""Bytes of answers made in one tick, about; then they are sent first."""

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


class TcpTransport(asyncio.BufferedProtocol):
    """One connection; see `session.Transport`. With a `context` it speaks TLS, and nothing else; `local`: it
    came where the local administrator comes in; `unix`: over a Unix socket."""

    _space = memoryview(bytearray(READ))
    """One for all: what was read into it has been copied when the next socket is read."""

    def __init__(
        self,
        server: ServerContext,
        context: ssl.SSLContext | None = None,
        *,
        local: bool = False,
        unix: bool = False,
    ) -> None:
        self._server = server
        self._local = local
        self._unix = unix
        self.peer: int | None = None
        self._tls = Tls(context) if context is not None else None
        self._encrypted = bytearray()
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(frames.FROM_CLIENT, limits.FRAME_BEFORE_LOGIN)
        self._ahead = STRANGER_READ
        self._output = OutputQueue()
        self._session: Session
        self._transport: asyncio.Transport
        self._untaken = 0
        self._took = 0.0
        self._holds: set[str] = set()
        self._waits = False  # for a turn
        self._full = False  # the socket takes no more for now
        self._ended = False  # the peer will say nothing more
        self._fresh = True
        self._key: str | None = None

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer has connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(STRANGER_HIGH, 0)
        if self._unix:
            self.peer = sockets.peer_user(transport.get_extra_info("socket").fileno())
        self._session = Session(self._server, self, local=self._local)
        self.principal.charge(CONNECT)
        self._server.begin(self._session)
        if (ban := self._server.banned_network(self.address)) is not None:
            self._session.close(errors.DENIED, NETWORK_BANNED, reconnect=False, **permissions.term(ban))
            return
        try:
            self._server.check_full()
            self._key = self._server.connection_limiter.acquire(self.address, self._server.monotonic())
        except RefusedError as error:
            self._server.counters.connections_refused += 1
            logger.info("connection refused", extra={"address": self.address, "reason": error.text})
            wait = error.details.get("retry_after", 0) + moment(REFUSED_SECONDS)
            error.details["retry_after"] = min(wait, limits.RETURN_SECONDS * 1000)
            self._session.close(error.code, error.text, **error.details)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio's signature
        """Where the next bytes go."""
        return self._space[: self._ahead]

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        if self._transport.is_closing():
            return
        self._session.heard = self._server.monotonic()
        data = self._space[:nbytes]
        if self._tls is None:
            self._reader.add(data)
        else:
            self._encrypted += data
        self._arrange()

    def eof_received(self) -> bool:
        """The peer says nothing more. What it has said is worked off before the connection ends."""
        self._ended = True
        return self._ready and not self._transport.is_closing()

    def pause_writing(self) -> None:
        """The peer does not keep up. What it asks for has to wait too: answers need memory."""
        self._full = True
        if self._session.phase in (Phase.HELLO, Phase.LOGIN):
            self.cut("it takes no answers")
            return
        self._session.congested = True
        self._hold("writing")
        self._untaken, self._took = self._queued(), self._server.monotonic()
        self._server.housekeepers.add(self._watch_stall)

    def resume_writing(self) -> None:
        """It does again."""
        self._full = False
        while self._output.size and not self._full:
            self._put(self._output.pop())
        self._note_unsent()
        if not self._full:
            self._server.housekeepers.discard(self._watch_stall)
            self._session.writable()
            self._release("writing")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """The connection is closed or broken; either way the session has ended."""
        self._server.housekeepers.discard(self._watch_stall)
        self._server.buffers.forget(self)
        self._server.connection_limiter.release(self._key)
        self._session.lost()

    # --- what has come

    @property
    def _ready(self) -> bool:
        """There is something to work off."""
        return bool(self._encrypted) or self._reader.ready

    def _arrange(self) -> None:
        """Wait for a turn if there is something to work off and nothing against it, and read on if little is
        left to do."""
        ready = self._ready
        if ready and not self._waits and not self._holds:
            self._waits = True
            self._server.turns.add(self, self.principal)
        received = len(self._encrypted) + self._reader.buffered
        self._server.buffers.set_received(self, received)
        pause = ready and received >= self._ahead
        if pause != self._session.reading_paused and not self._transport.is_closing():
            self._session.reading_paused = pause
            if self._ended:
                return
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def take_turn(self, until: float) -> None:
        """See `turns.TurnTaker`."""
        self._waits = False
        if self._transport.is_closing():
            return
        try:
            if self._encrypted and self._tls is not None:
                self._unwrap(self._tls)
            self._work_off(until)
        except RemoteProtocolError as error:
            stranger = _stranger(self._reader.start) if self._fresh else None
            if stranger is not None:
                self.write(_line(stranger))
                self.close()
            else:
                self._session.close(error.code, str(error), reconnect=False, **error.details)
        if self._ended and not self._ready:
            self.close()
        else:
            self._arrange()

    def _unwrap(self, tls: Tls) -> None:
        data, self._encrypted = bytes(self._encrypted), bytearray()
        if tls.fresh and data[0] != HANDSHAKE:
            self._tls = None
            self.write(_in_the_clear(data))
            self.close()
            return
        try:
            self._reader.add(tls.receive(data))
        except ssl.SSLError:  # a scanner, or one who does not trust our certificate: its own affair
            self._transport.write(tls.outgoing())  # tells it why
            self._transport.close()
            return
        if answer := tls.outgoing():
            self._transport.write(answer)
        self._ended = self._ended or tls.ended

    def _work_off(self, until: float) -> None:
        """Act on frames until something holds them back; the rest waits in the reader."""
        clock = self._loop.time
        while not self._holds and not self._transport.is_closing():
            frame = self._reader.next_frame()
            if frame is None:
                return
            self._fresh = False
            principal = self.principal  # the frame may be a login
            principal.charge(1)
            self._session.receive(frame)
            if self._session.unsent > ANSWERED:
                self._hold("answers")
                self._loop.call_soon(self._release, "answers")
            if principal.spent or clock() >= until:
                return

    def _hold(self, why: str) -> None:
        self._holds.add(why)

    def _release(self, why: str) -> None:
        self._holds.discard(why)
        if not self._holds:
            self._arrange()

    # --- what waits to be sent

    def _put(self, block: bytes | memoryview) -> None:
        """Give a block to the socket, of TLS only what it takes: encrypted it is nobody else's any more."""
        if self._tls is None:
            self._transport.write(block)
            return
        rest = memoryview(block)
        while rest and not self._full:
            self._transport.write(self._tls.send(rest[:SOCKET_HIGH]))
            rest = rest[SOCKET_HIGH:]
        if rest:
            self._output.put_back(rest)

    def _note_unsent(self) -> None:
        self._server.buffers.set_unsent(self, self._output.size)
        if self._output.size > HIGH_WATER:
            self._leave_out()

    def _leave_out(self) -> None:
        if not self._session.lagging:
            self._session.lagging = True
            self._server.counters.fell_behind += 1

    def drop_output(self) -> None:
        """See `buffers.Holder`."""
        before = self._output.size
        self._output.drop()
        if self._output.size < before:
            self._leave_out()
            self._server.buffers.set_unsent(self, self._output.size)

    def cut(self, why: str) -> None:
        """See `buffers.Holder`."""
        self._server.counters.cut += 1
        logger.info("connection cut: %s", why, extra={"address": self.address})
        self._server.buffers.forget(self)
        self._transport.abort()

    def _watch_stall(self, now: float) -> None:
        queued = self._queued()
        if queued < self._untaken:
            self._untaken, self._took = queued, now
        elif now - self._took >= STALL_SECONDS:
            self._server.counters.stalled += 1
            self.cut("it takes nothing")

    def _queued(self) -> int:
        """Bytes that were given to the socket and the peer has not taken: in the program and, where that can
        be asked, in the system. There may be megabytes, and a slow peer takes nothing of ours for minutes."""
        queued = self._transport.get_write_buffer_size()
        if sys.platform == "linux":
            descriptor = self._transport.get_extra_info("socket").fileno()
            if descriptor >= 0:  # not closed yet
                answer = bytearray(4)
                fcntl.ioctl(descriptor, termios.TIOCOUTQ, answer)
                queued += int.from_bytes(answer, sys.byteorder)
        return queued

    # --- what the session calls

    @property
    def principal(self) -> Principal:
        """See `buffers.Holder`."""
        return self._session.principal

    @property
    def private(self) -> bool:
        """See `session.Transport`. Not plain loopback: who listens there may be any user of this computer."""
        return self._tls is not None or self._unix

    @property
    def address(self) -> str:
        """See `session.Transport`."""
        if self.peer is not None:
            return f"user {self.peer}"
        host: str = (self._transport.get_extra_info("peername") or ("",))[0]
        return host

    def write(self, data: bytes, *, keep: bool = True) -> None:
        """See `session.Transport`. Before the handshake nothing can be said."""
        if self._transport.is_closing() or (self._tls is not None and not self._tls.ready):
            return
        if self._full:
            self._output.add(data, keep=keep)
        elif self._tls is None:
            self._transport.write(data)  # what `_put` would do, and the most frequent thing a server does
        else:
            self._put(data)
        if self._output.size:
            self._note_unsent()

    def allow(self, frame_bytes: int) -> None:
        """See `session.Transport`."""
        self._reader.limit = frame_bytes
        self._ahead = READ
        self._transport.set_write_buffer_limits(SOCKET_HIGH, SOCKET_LOW)

    def pause(self, *, reading: bool) -> None:
        """See `session.Transport`."""
        if reading:
            self._hold("session")
        else:
            self._release("session")

    def close(self) -> None:
        """See `session.Transport`."""
        if not self._transport.is_closing():
            self._output.drop()
            while self._output.size:
                block = self._output.pop()
                self._transport.write(block if self._tls is None else self._tls.send(block))
            if self._tls is not None:
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
