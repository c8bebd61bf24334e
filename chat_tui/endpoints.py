"""Where to connect: a server somewhere, or the one on this computer, started if need be.

The chat on this computer works like tmux: whoever comes first starts a `chat-server` process of its own,
detached; later clients of the same person find it. A lock in its data folder says whether it lives, a file in
the runtime folder, readable by this person only, where it listens: on a Unix socket beside that file, or,
where there are none, with TLS on loopback, with the pin that it shows and the key it wants. It ends by itself
a while after the last client has left.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import msgspec

from chat_tui import config
from chat_tui.client.connection import Target
from chat_tui.client.errors import ClientError, LostError
from chat_tui.client.known import KnownServers
from chat_tui.client.trust import SocketOwner, Trust, check_plain
from common import private_files, sockets
from protocol import links
from protocol.links import Link, LinkError

START_SECONDS = 15
"""For a server to start: a second on a laptop, several on a busy board computer."""

LOOK_SECONDS = 0.05
"""Between two looks for a server that another client is just starting."""

LINGER_SECONDS = 60.0
"""For a server that everybody has left: long enough to come back, too short to be in the way."""


class _Runtime(msgspec.Struct):
    """What the server has written. `key` and `pin` are empty where it listens on a Unix socket."""

    address: str
    key: str = ""
    pin: str = ""


class RemoteServer:
    """A server at a fixed address; see `client.Endpoint`."""

    def __init__(self, link: Link, known: KnownServers) -> None:
        self._link = link
        self._known = known
        self._trust = Trust(link.address, known, link.pin)

    @property
    def label(self) -> str:
        """Its address."""
        return self._link.address

    @property
    def place(self) -> str:
        """What the settings remember it by."""
        return self._link.place

    @property
    def room(self) -> str:
        """Where the link leads, if it leads into a room."""
        return self._link.room

    async def locate(self) -> Target:
        """Its address, without looking. Raises `ClientError` if it is known to speak TLS and shall not."""
        link = self._link
        if link.path:
            return Target("", 0, owner=SocketOwner(Path(link.path), self._known))
        if not link.secure:
            check_plain(link.address, self._known)
            return Target(link.host, link.port, invite=link.invite)
        return Target(link.host, link.port, trust=self._trust, invite=link.invite)


class LocalServer:
    """The server of the chat on this computer; see the module."""

    label = "this computer"
    place = config.LOCAL
    room = ""

    def __init__(self, data: Path, runtime: Path, *, linger: float = LINGER_SECONDS) -> None:
        self._data = data
        self._runtime = runtime
        self._linger = linger
        self._process: subprocess.Popen[bytes] | None = None

    async def locate(self) -> Target:
        """Find the server, or start it. Raises `ClientError`, with the server's own words if it had any."""
        try:
            async with asyncio.timeout(START_SECONDS):
                while True:
                    target = self._read_runtime() if self._lives() else await self._start()
                    if target is not None:
                        return target
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError as error:
            raise LostError(f"the chat on this computer does not start; see {self._log}") from error

    @property
    def _log(self) -> Path:
        return self._data / "server.log"

    def _lives(self) -> bool:
        import filelock  # as in `client.known`

        lock = filelock.FileLock(self._data / "server.lock", 0, 0o600)
        try:
            private_files.make_own_folder(self._data)
            with lock:
                # One that was killed has left it behind; nobody shall take it for that of the next.
                self._runtime.unlink(missing_ok=True)
                return False
        except filelock.Timeout:
            return True
        except OSError as error:
            where = error.filename or self._data
            raise ClientError(f"cannot use {where}: {error.strerror or error}") from error

    def _read_runtime(self) -> Target | None:
        try:
            runtime = msgspec.json.decode(private_files.read(self._runtime), type=_Runtime)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return None  # it is just starting, or just ending
        except OSError as error:
            raise ClientError(f"cannot read {self._runtime}: {error.strerror or error}") from error
        try:
            link = links.parse(runtime.address)
        except LinkError as error:
            raise ClientError(f"{self._runtime} makes no sense: {error}") from error
        if link.path:
            return Target("", 0, owner=SocketOwner(Path(link.path)))
        if not runtime.pin:
            raise ClientError(f"{self._runtime} makes no sense: it has no pin")
        # What is known of other servers is in another file; of this one nothing has to be remembered.
        trust = Trust(link.address, KnownServers(self._data / "known_servers"), runtime.pin, kept=False)
        return Target(link.host, link.port, runtime.key, trust=trust)

    async def _start(self) -> Target | None:
        """Start a server; None if another client is just doing so."""
        import filelock

        try:
            with filelock.FileLock(self._data / "start.lock", 0, 0o600):
                return await self._start_alone()
        except filelock.Timeout:
            return None
        except OSError as error:
            raise ClientError(f"cannot start the chat on this computer: {error}") from error

    async def _start_alone(self) -> Target | None:
        if self._lives():
            return None  # another client was quicker
        if self._process is not None:
            self._process.wait()  # the lock is free: it has ended
        listen = f"unix:{self._runtime.with_suffix('.sock')}" if sockets.AVAILABLE else "tls://127.0.0.1:0"
        serve = [sys.executable, "-P", "-m", "server", "--listen", listen]
        where = ["--data", str(self._data), "--runtime", str(self._runtime), "--linger", str(self._linger)]
        with os.fdopen(private_files.open_to_append(self._log), "ab") as log:
            self._process = _spawn_detached(serve + where, log)
        output = self._process.stdout
        if output is None:
            raise AssertionError("the server was started without a pipe")
        line = await asyncio.to_thread(output.readline)
        output.close()
        if line.startswith(b"listening on "):
            return self._read_runtime()
        self._process.wait()
        if self._lives():
            return None
        reason = self._log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        raise LostError(f"the chat on this computer does not start: {reason or 'it says nothing'}")


def _spawn_detached(command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a process that outlives this one and its terminal. The one place where platforms differ."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(  # noqa: S603  # our own program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        creationflags=flags,
    )


def endpoint(server: str) -> LocalServer | RemoteServer:
    """The endpoint that a `--server` or the settings name; raises `LinkError`."""
    if server in ("", config.LOCAL):
        return LocalServer(config.local_data(), config.local_runtime())
    return RemoteServer(links.parse(server), KnownServers(config.known_servers_file()))
