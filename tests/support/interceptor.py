"""Somebody between a client and its server, who speaks TLS to both and reads along: the attack itself."""

import asyncio
import ssl

from server.config import Address, Files
from tests.support.wire import any_certificate


class Interceptor:
    """Listens where a client looks for its server, shows `files`, and passes on what is said to `onward`.

    `heard` is what the client said, as far as the interceptor could read it; `greeting` is what it says
    to the client by itself, before the server has said anything.
    """

    def __init__(self, files: Files, onward: Address, greeting: bytes = b"") -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.certificate, files.key)
        # In TLS 1.2 the server is done with the handshake first, and may speak before it was looked at.
        self._context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._onward = onward
        self._greeting = greeting
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server
        self.heard = bytearray()
        self.met = 0

    async def start(self, port: int) -> None:
        """Take the server's place."""
        self._listener = await asyncio.start_server(self._meet, "127.0.0.1", port, ssl=self._context)

    async def stop(self) -> None:
        """Go away."""
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._tasks)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            writer.write(self._greeting)
            host, port = self._onward.host, self._onward.port
            secure = any_certificate() if self._onward.secure else None
            up, down = await asyncio.open_connection(host, port, ssl=secure)
            try:
                await asyncio.gather(self._pump(reader, down, note=True), self._pump(up, writer, note=False))
            finally:
                down.transport.abort()
        except OSError:  # one of them has gone
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, note: bool) -> None:
        while data := await reader.read(2**16):
            if note:
                self.heard += data
            writer.write(data)
            await writer.drain()
        writer.close()
