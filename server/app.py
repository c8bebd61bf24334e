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

from protocol import limits
from server import accounts, operations
from server.config import Address, Config
from server.core import Core, now_ms
from server.errors import StartError
from server.state import Invite
from server.store.sqlite import SqliteLog
from server.transports.tcp import TcpTransport

LOCK_NAME = "server.lock"
LOCK_SECONDS = 2
"""A client that looks whether a server lives holds the lock for a moment; wait that out."""

ADMIN_NAME = "admin.json"
"""Beside the store: where the local administrator comes in, and with which key. Only the server's own user on
this computer can read it (see `admin`)."""

ADMIN_LISTEN = Address("127.0.0.1", 0)

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
        admin_key = secrets.token_urlsafe(32)
        try:
            self._core = Core(
                log,
                key=key,
                admin_key=admin_key,
                entrance=self._config.entrance,
                allowance=self._config.allowance,
                clock=self._clock,
            )
        except StartError:
            log.close()
            self._lock.release()
            raise
        try:
            for address in self._config.listen:
                self.addresses += await self._listen(address)
            (administration,) = await self._listen(ADMIN_LISTEN, local=True)
            write_runtime(self._config.data / ADMIN_NAME, str(administration), admin_key)
            if self._config.runtime is not None and key is not None:
                write_runtime(self._config.runtime, str(self.addresses[0]), key)
        except StartError:
            await self._close("")
            raise
        self._core.left = self._left
        self._sweep()
        self._left()

    async def _listen(self, address: Address, *, local: bool = False) -> list[Address]:
        """Listen there; `local`: for the local administrator. Returns where it really does."""
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(
                lambda: TcpTransport(self._core, local=local), address.host, address.port, backlog=4096
            )
        except (OSError, UnicodeError) as error:  # the latter for what can be no host's name
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            raise StartError(f"cannot listen on {address}: {reason}; is another server running?") from error
        self._listeners.append(listener)
        return [Address(*socket.getsockname()[:2]) for socket in listener.sockets]

    async def first_invite(self) -> str:
        """The code of an invitation for the first account, if there is none yet and not everybody may make
        one. It is another one each time, and the one before ends."""
        if self._core.state.registered or self._core.accounts.entrance == "open":
            return ""
        code = accounts.new_code()
        maker = accounts.LOCAL_ADMIN
        invite = Invite(accounts.new_id(), accounts.digest(code), maker, 0, 0, 1, 1, first=True)
        await self._core.store(operations.MakeInvite(invite, limits.INVITE_DAYS))
        return code

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
        for path in (self._config.runtime, self._config.data / ADMIN_NAME):
            if path is not None:
                with suppress(OSError):  # its folder may be gone, or no folder
                    path.unlink(missing_ok=True)
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


def write_runtime(path: Path, address: str, key: str) -> None:
    """Tell this person's programs where the server is; nobody else may read it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"address": address, "key": key, "pid": os.getpid()}, file)
        draft.replace(path)
    except OSError as error:
        raise StartError(f"cannot write {path}: {error.strerror or error}") from error
