"""The local administrator's way into a server: the one that uses the data folder, or one for the moment.

That the caller may do this the system says: the server listens on a Unix socket in its data folder for its
own user, and for root. Where there are none it is proved by a key in a file that only the server's own user
can read. Knows the folder, its lock and the wire; nothing of what is asked.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar, cast

import filelock
import msgspec

from common import private_files, sockets
from protocol import VERSION, frames
from protocol.codec import Rejected
from protocol.connection import Answer, Role, WireConnection
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.frames import Frame, Request, Result
from protocol.text import clean_line
from server import __version__
from server.app import ADMIN_NAME, Server
from server.config import Config, parse_address
from server.errors import StartError
from server.net.certificate import pin_of_certificate
from server.store.folder import LOCK_NAME
from server.store.sqlite import FILE_NAME

R = TypeVar("R", bound=Result)

SECONDS = 30.0
"""For one answer: a server that has much to do takes its time, one that hangs is not waited for."""

START_SECONDS = 5.0
"""For a server that is just starting to say where it is."""

LOOK_SECONDS = 0.05


class AdminError(Exception):
    """It could not be done; the text is the one line that tells the operator why."""


class Administration:
    """A connection that has logged in as the local administrator."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._wire = WireConnection(Role.CLIENT)

    async def ask(self, request: Request[R]) -> R:
        """Ask for something; the request's `id` is chosen here. Raises `AdminError` if it is refused."""
        request = self._wire.numbered(request)
        try:
            self._say(request)
        except LocalProtocolError as error:
            raise AdminError(str(error)) from error
        while True:
            match await self._next():
                case Answer(outcome=frames.Error(text=text)):
                    raise AdminError(clean_line(text))
                case Answer(outcome=result):
                    return cast("R", result)
                case frames.Bye(text=text):
                    raise AdminError(f"the server has gone: {clean_line(text)}")
                case frames.Ping(n=number):
                    self._say(frames.Pong(number))

    async def enter(self, key: str) -> None:
        """Say hello and log in; where the system says whose process this is, the key is empty. Raises
        `AdminError`."""
        self._say(frames.Hello([VERSION], f"chat-server/{__version__}"))
        await self.ask(frames.Login(1, "administrator", key=key))

    def _say(self, frame: Frame) -> None:
        self._writer.write(self._wire.send(frame))

    async def _next(self) -> Frame | Answer | Rejected:
        try:
            async with asyncio.timeout(SECONDS):
                while (event := self._wire.next_event()) is None:
                    data = await self._reader.read(2**16)
                    if not data:
                        raise AdminError("the server has closed the connection")
                    self._wire.receive_data(data)
        except (OSError, TimeoutError, RemoteProtocolError) as error:
            raise AdminError(f"the server does not answer: {error}") from error
        return event

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def administration(data: Path, *, make: bool = False) -> AsyncIterator[Administration]:
    """Connect to the server of this data folder. `make`: a folder without a chat gets one.

    Raises `AdminError`.
    """
    if not make and not (data / FILE_NAME).exists():
        raise AdminError(f"there is no chat in {data}: give its folder with --data")
    server: Server | None = None
    try:
        if not _lives(data):
            server = Server(Config(listen=(), data=data))
            await server.start()
        connection = await _connect(data)
    except StartError as error:
        raise AdminError(str(error)) from error
    try:
        yield connection
    finally:
        connection.close()
        if server is not None:
            server.stop()
            await server.wait()


def _lives(data: Path) -> bool:
    try:
        private_files.make_folder(data)
        with filelock.FileLock(data / LOCK_NAME, 0, 0o600):
            return False
    except filelock.Timeout:
        return True
    except OSError as error:
        raise AdminError(f"cannot use the data folder {data}: {error.strerror or error}") from error


async def _connect(data: Path) -> Administration:
    problem = "it does not say where the administrator comes in"
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    found = _read(data / ADMIN_NAME)
                    connection = Administration(*await found.open())
                    await connection.enter(found.key)
                except FileNotFoundError:
                    pass  # it is just starting
                except (AdminError, OSError) as error:  # what a killed one has left behind
                    problem = str(error)
                else:
                    return connection
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise AdminError(f"a chat-server uses {data}, but {problem}") from error


class _AdminEndpoint(msgspec.Struct):
    """What the server has written for us. `key` and `pin` are empty where it listens on a Unix socket."""

    address: str
    key: str = ""
    pin: str = ""

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the server that wrote it, and to no other. Raises `AdminError` or `OSError`."""
        address = parse_address(self.address)
        if address.path:
            return await _open_unix(Path(address.path))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is the key that counts
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if pin_of_certificate(shown) != self.pin:
            writer.close()
            raise AdminError("another program listens where it said that it would be")
        return reader, writer


async def _open_unix(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    owner = path.parent.stat().st_uid
    sockets.check_place(path, [owner])
    with sockets.reachable(path) as short:
        reader, writer = await asyncio.open_unix_connection(short)
    peer = sockets.peer_user(writer.get_extra_info("socket").fileno())
    if peer not in (0, sockets.own_user(), owner):
        writer.close()
        raise AdminError(f"another user's program ({private_files.user_name(peer)}) listens at {path}")
    return reader, writer


def _read(path: Path) -> _AdminEndpoint:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_AdminEndpoint)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise AdminError(f"cannot read {path}: {error}") from error
