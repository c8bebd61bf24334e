"""The running server: its folder, its listening sockets, its end.

An embedded server (`Config.runtime`) is the same one, started by a client for the person at this
computer: it writes where it listens, and the key it asks for, into a file that only this person can read, and
ends a while after the last client has left.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import filelock

from server.config import Address, Config
from server.core import Core, now_ms
from server.errors import StartError
from server.store.sqlite import SqliteLog
from server.transports.tcp import TcpTransport

LOCK_NAME = "server.lock"
LOCK_SECONDS = 2
"""A client that looks whether a server lives holds the lock for a moment; wait that out."""

SWEEP_SECONDS = 1


class Server:
    """`start`, then `wait` until somebody calls `stop`, then it has ended."""

    def __init__(self, config: Config, *, clock: Callable[[], int] = now_ms) -> None:
        self._config = config
        self._clock = clock
        self._core: Core
        self._lock: filelock.BaseFileLock
        self._listeners: list[asyncio.Server] = []
        self._stopping = asyncio.Event()
        self._leave: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self.addresses: list[Address] = []

    async def start(self) -> None:
        """Open the store and listen; raises `StartError`. `addresses` then has the real ports."""
        self._lock = _take(self._config.data)
        try:
            log = SqliteLog(self._config.data)
        except StartError:
            self._lock.release()
            raise
        key = secrets.token_urlsafe(32) if self._config.runtime is not None else None
        try:
            self._core = Core(log, key=key, allowance=self._config.allowance, clock=self._clock)
        except StartError:
            log.close()
            self._lock.release()
            raise
        try:
            for address in self._config.listen:
                await self._listen(address)
            if self._config.runtime is not None and key is not None:
                _write_runtime(self._config.runtime, str(self.addresses[0]), key)
        except StartError:
            await self._close("")
            raise
        self._core.left = self._left
        self._core.purge_soon()  # the last run may have been killed while it removed something
        self._sweep()
        self._left()

    async def _listen(self, address: Address) -> None:
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                lambda: TcpTransport(self._core), address.host, address.port, backlog=4096
            )
        except (OSError, UnicodeError) as error:  # the latter for what can be no host's name
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise StartError(f"cannot listen on {address}: {reason}; is another server running?") from error
        self._listeners.append(listener)
        for socket in listener.sockets:
            host, port = socket.getsockname()[:2]
            self.addresses.append(Address(host, port))

    def stop(self) -> None:
        """End: store everything, say bye to everybody."""
        self._stopping.set()

    async def wait(self) -> None:
        """Serve until `stop` is called, then end in order."""
        await self._stopping.wait()
        await self._close("the server stops")

    async def _close(self, text: str) -> None:
        for listener in self._listeners:
            listener.close()
        for timer in (self._leave, self._sweeping):
            if timer is not None:
                timer.cancel()
        self._core.left = lambda: None
        await self._core.close(text)
        if self._config.runtime is not None:
            with suppress(OSError):  # its folder may be gone, or no folder
                self._config.runtime.unlink(missing_ok=True)
        self._lock.release()

    def _sweep(self) -> None:
        self._core.sweep()
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _left(self) -> None:
        """A session has ended, or none has begun yet: an embedded server that nobody uses goes."""
        if self._config.runtime is None or self._core.sessions:
            return
        if self._leave is not None:
            self._leave.cancel()
        loop = asyncio.get_running_loop()
        self._leave = loop.call_later(self._config.linger, self._leave_if_alone)

    def _leave_if_alone(self) -> None:
        if not self._core.sessions:
            self.stop()


def _take(data: Path) -> filelock.BaseFileLock:
    """Make the data folder and lock it for this process."""
    lock = filelock.FileLock(data / LOCK_NAME, timeout=LOCK_SECONDS)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise StartError(
            f"another chat-server uses the data folder {data}: stop it, or give --data"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(
            f"cannot write to the data folder {data}: {reason}; give another with --data"
        ) from error
    return lock


def _write_runtime(path: Path, address: str, key: str) -> None:
    """Tell this person's clients where the server is; nobody else may read it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"address": address, "key": key, "pid": os.getpid()}, file)
        draft.replace(path)
    except OSError as error:
        raise StartError(f"cannot write {path}: {error.strerror or error}") from error
