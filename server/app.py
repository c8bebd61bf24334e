"""The running server: its folder, its listening sockets, its end.

An embedded server (`Config.runtime`) is the same one, started by a client for the person at this
computer: it writes where it listens into a file that only this person can read, and ends a while after the
last client has left. That, and the local administrator's entrance, is a Unix socket, where the system says
whose process comes; where there are none, TLS on loopback with a key, and the certificate's pin beside it.
"""

import asyncio
import json
import logging
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from common import private_files, sockets
from protocol import limits
from server.auth import credentials
from server.config import Address, Config
from server.context import ServerContext, now_ms
from server.delivery import retention
from server.errors import StartError
from server.features.admin_users.operations import CreateInviteOperation
from server.limits.disk_space import DiskSpace
from server.net import open_files
from server.net.tcp import TcpTransport
from server.state.model import LOCAL_ADMIN
from server.store import folder
from server.store.sqlite import SqliteLog

if TYPE_CHECKING:
    from server.net.certificate import Certificate
    from server.net.monitor import Monitor

logger = logging.getLogger(__name__)

ADMIN_NAME = "admin.json"
"""Beside the store: where the local administrator comes in, and with which key. Only the server's own user on
this computer can read it (see `admin`)."""

ADMIN_SOCKET = "admin.sock"

ANY_PORT = Address("127.0.0.1", 0, tls=True)
"""Where there are no Unix sockets."""

SWEEP_SECONDS = 1


class Server:
    """`start`, then `wait` until somebody calls `stop`, then it has ended."""

    def __init__(self, config: Config, *, clock: Callable[[], int] = now_ms) -> None:
        self._config = config
        self._clock = clock
        self._context: ServerContext
        self._lock: filelock.BaseFileLock
        self._listeners: list[asyncio.AbstractServer] = []
        self._sockets: list[Path] = []
        self._stopping = asyncio.Event()
        self._leave: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._monitor: Monitor | None = None
        self._pruning: asyncio.Task[None] | None = None
        self.addresses: list[Address] = []
        self.monitor_address: Address | None = None
        self.certificate: Certificate | None = None

    async def start(self) -> None:
        """Open the store and listen; raises `StartError`. `addresses` then has the real ports."""
        files = open_files.raise_limit()
        self._lock = folder.take(self._config.data)
        try:
            log = SqliteLog(self._config.data)
        except StartError:
            self._lock.release()
            raise
        key = secrets.token_urlsafe(32) if self._config.runtime is not None else None
        admin_key = secrets.token_urlsafe(32)
        try:
            self._context = ServerContext(
                log,
                key=key,
                admin_key=admin_key,
                registration=self._config.who_may_enter,
                rate_limits=self._config.limits.rate_limits,
                quotas=self._config.limits.quotas,
                frame_limits=self._config.limits.frames,
                memory=self._config.memory * 2**20,
                clock=self._clock,
            )
        except StartError:
            log.close()
            self._lock.release()
            raise
        self._fit_connections(files)
        try:
            if any(address.secure for address in self._config.listen) or not sockets.AVAILABLE:
                from server.net.certificate import (
                    Certificate,  # 80 ms that the chat on one computer never pays
                )

                self.certificate = Certificate(self._config.data, self._config.certificate, self._clock)
            for address in self._config.listen:
                self.addresses += await self._listen(address)
            place = self._config.data.absolute() / ADMIN_SOCKET
            wanted = Address("", 0, path=str(place)) if sockets.AVAILABLE else ANY_PORT
            (administration,) = await self._listen(wanted, local=True)
            self._write_runtime(self._config.data / ADMIN_NAME, administration, admin_key)
            if self._config.metrics.listen is not None:
                await self._open_monitor(self._config.metrics.listen)
            if self._config.runtime is not None and key is not None:
                self._write_runtime(self._config.runtime, self.addresses[0], key)
        except StartError:
            await self._close("")
            raise
        self._begin_housekeeping()

    def _begin_housekeeping(self) -> None:
        """What is done from time to time, from now on."""
        self._context.left = self._left
        self._context.quotas.disk = disk = DiskSpace(self._config.data, self._config.disk_floor * 2**20)
        disk.measure()
        disk.decide()
        self._context.housekeepers.add(disk.look)
        self._pruning = asyncio.create_task(retention.keep_pruned(self._context, self._config.kept))
        self._context.purge_soon()  # the last run may have been killed while it removed something
        self._sweep()
        self._left()

    async def _listen(self, address: Address, *, local: bool = False) -> list[Address]:
        """Listen there; `local`: for the local administrator. Returns where it really does."""
        if address.path:
            return [await self._listen_unix(address, local=local)]
        loop = asyncio.get_running_loop()
        certificate = self.certificate if address.secure else None

        def accept() -> TcpTransport:
            return TcpTransport(
                self._context, certificate.context if certificate is not None else None, local=local
            )

        try:
            listener = await loop.create_server(accept, address.host, address.port, backlog=4096)
        except (OSError, UnicodeError) as error:
            raise _cannot_listen(address, error) from error
        self._listeners.append(listener)
        if not address.secure and not address.local:
            logger.warning(
                "%s is not encrypted: who is on the way can read and change all that is said", address
            )
        found = (socket.getsockname()[:2] for socket in listener.sockets)
        return [Address(host, port, address.secure) for host, port in found]

    async def _listen_unix(self, address: Address, *, local: bool) -> Address:
        if not sockets.AVAILABLE:
            raise StartError(f"cannot listen on {address}: this system has no Unix sockets")
        path = Path(address.path)
        shared = not local and self._config.runtime is None
        try:
            if not shared and not local:
                private_files.make_strict_folder(path.parent)
            bound = sockets.listening(path, sockets.EVERYBODY if shared else private_files.FILE_MODE)
            self._sockets.append(path)
            listener = await asyncio.get_running_loop().create_unix_server(
                lambda: TcpTransport(self._context, local=local, unix=True), sock=bound, backlog=4096
            )
        except OSError as error:
            raise _cannot_listen(address, error) from error
        self._listeners.append(listener)
        self._context.accounts.local_users |= shared
        return address

    def _write_runtime(self, path: Path, address: Address, key: str) -> None:
        """Tell this person's programs where the server is; nobody else may read it.

        On a Unix socket the system says who they are, and they need no key.
        """
        told = {"address": address.written, "pid": os.getpid()}
        if not address.path and self.certificate is not None:
            told |= {"key": key, "pin": self.certificate.pin}
        try:
            private_files.make_folder(path.parent)
            private_files.write(path, json.dumps(told).encode())
        except OSError as error:
            raise StartError(f"cannot write {path}: {error.strerror or error}") from error

    def _fit_connections(self, files: int | None) -> None:
        """There are no more connections than files may be open."""
        buffers = self._context.buffers
        if files is not None and files - open_files.RESERVE < buffers.connections:
            buffers.connections = max(1, files - open_files.RESERVE)
            logger.warning(
                "the system lets this process have %d files open, so there can be %d connections: "
                "raise that (LimitNOFILE= of systemd, ulimit -n) if there are to be more",
                files,
                buffers.connections,
            )

    def reload(self) -> None:
        """Load the certificate again, for connections to come."""
        if self.certificate is not None:
            self.certificate.reload()

    async def first_invite(self) -> str:
        """The code of an invitation for the first administrator, if there is none yet and one needs an
        invitation here. It is another one each time, and the one before ends."""
        if self._context.state.has_administrator() or self._context.accounts.registration == "open":
            return ""
        code = credentials.new_code()
        identity, hashed = credentials.new_id(), credentials.digest(code)
        operation = CreateInviteOperation(LOCAL_ADMIN, identity, hashed, 1, limits.INVITE_DAYS, first=True)
        await self._context.store(operation)
        return code

    async def _open_monitor(self, address: Address) -> None:
        from server.net.monitor import Monitor  # 0.1 s that only who wants metrics pays

        monitor = Monitor(self._context, self._stopping.is_set, self._config.metrics.hosts)
        try:
            self.monitor_address = await monitor.listen(address)
        except (OSError, UnicodeError) as error:
            raise _cannot_listen(address, error) from error
        self._monitor = monitor

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
        for place in self._sockets:
            sockets.remove(place)
        for timer in (self._leave, self._sweeping):
            if timer is not None:
                timer.cancel()
        self._context.left = lambda: None
        logger.info("stopping", extra={"sessions": len(self._context.sessions)})
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.wait((self._pruning,))
        await self._context.close(text)
        for path in (self._config.runtime, self._config.data / ADMIN_NAME):
            if path is not None:
                with suppress(OSError):  # its folder may be gone, or no folder
                    path.unlink(missing_ok=True)
        if self._monitor is not None:
            self._monitor.close()
        self._lock.release()

    def _sweep(self) -> None:
        self._context.housekeeping()
        if self.certificate is not None:
            self.certificate.look()
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _left(self) -> None:
        """A session has ended, or none has begun yet: an embedded server that nobody uses goes."""
        if self._config.runtime is None or self._context.sessions:
            return
        if self._leave is not None:
            self._leave.cancel()
        loop = asyncio.get_running_loop()
        self._leave = loop.call_later(self._config.linger, self._leave_if_alone)

    def _leave_if_alone(self) -> None:
        if not self._context.sessions:
            self.stop()


def _cannot_listen(address: Address, error: OSError | UnicodeError) -> StartError:
    # `UnicodeError` is for what can be no host's name.
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return StartError(f"cannot listen on {address}: {reason}; is another server running?")
