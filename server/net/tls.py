"""TLS of one connection, without I/O: the network's bytes on one side, those of frames on the other.

Not asyncio's TLS, for three reasons. A connection counts at the door, and its time to say hello runs, from
the moment it is there and not only after a handshake that may never end. Who does not speak TLS is told
so, in its own language. And what is written lies in one buffer, the socket's, whose high water means
what it says; asyncio's keeps two more. Knows `ssl`, nothing of sockets.
"""

import ssl
from contextlib import suppress

PIECE = 64 * 1024
"""Read at once, at most; a record has 16 KiB."""

PASSED = 4 * 1024
"""Bytes passed through the memory before and behind OpenSSL at once. It keeps for ever what it once needed at
most: with whole answers that was 20 kB for each session."""

HANDSHAKE = 0x16
"""The first byte of whoever speaks TLS."""

DENIED = b"\x15\x03\x03\x00\x02\x02\x31"
"""The alert `access_denied`, for who is sent away before the handshake: it costs nothing, unlike one."""


class Tls:
    """The server's side. `ready` after the handshake; `ended` when the peer will say nothing more."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._come, self._go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._come, self._go, server_side=True)
        self.fresh = True
        self.ready = False
        self.ended = False

    def receive(self, data: bytes) -> bytes:
        """Take what came from the network; return what it says, if it says something yet.

        Raises `ssl.SSLError` if the peer breaks the rules. In any case `outgoing` may have an answer.
        """
        self.fresh = False
        return b"".join([self._receive(data[at : at + PASSED]) for at in range(0, len(data), PASSED)])

    def _receive(self, data: bytes) -> bytes:
        self._come.write(data)
        if not self.ready:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return b""
            self.ready = True
        pieces = []
        while self._come.pending or self._object.pending():
            try:
                piece = self._object.read(PIECE)
            except ssl.SSLWantReadError:
                break
            if not piece:
                self.ended = True
                break
            pieces.append(piece)
        return b"".join(pieces)

    def send(self, data: bytes | memoryview) -> bytes:
        """What goes to the network to say `data`. Only when `ready`."""
        parts = []
        for at in range(0, len(data), PASSED):
            self._object.write(data[at : at + PASSED])  # all of it: there is no end to the memory behind it
            parts.append(self._go.read())
        return b"".join(parts)

    def outgoing(self) -> bytes:
        """What else has to go to the network now."""
        return self._go.read()

    def end(self) -> bytes:
        """The last that goes to the network: nothing has been cut off."""
        with suppress(ssl.SSLError):  # the peer's own last word has not come yet; nobody waits for it
            self._object.unwrap()
        return self._go.read()
