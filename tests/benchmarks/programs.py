"""The programs whose screens are measured: ours with its real server, weechat and irssi with an IRC server.

Each knows how to start with a home of its own, what keys do what, and how others get to say something. What
is measured, and how, is `screen`'s business.
"""

import asyncio
import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from tests.benchmarks.generator import OK, Load, crowd
from tests.benchmarks.window import Window
from tests.support.processes import ServerProcess

ROOM = "#general"
BACKLOG = "#backlog"
REST_SECONDS = 0.3
"""For a program to do what comes of what the server has just said."""


class Program(ABC):
    """One to measure. `clear` empties the line that is being written, `quit` ends the program."""

    name: ClassVar[str]
    clear = "\x15"
    page_up = "\x1b[5~"
    quit = "/quit\r"

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def environment(self) -> dict[str, str]:
        """What a login shell would give to it."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LOGNAME": "alice",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    @property
    @abstractmethod
    def command(self) -> Sequence[str]:
        """How it is started."""

    @abstractmethod
    async def serve(self) -> None:
        """Start what it connects to."""

    @abstractmethod
    async def close(self) -> None:
        """Stop that."""

    @abstractmethod
    def say(self, texts: Sequence[str], room: str = ROOM) -> None:
        """Let somebody else say these, all at once."""

    @abstractmethod
    async def connected(self, window: Window) -> None:
        """Come back when the program, in its window, is connected and logged in."""

    @abstractmethod
    async def entered(self) -> None:
        """Come back when the program is in the room that it was told to join."""

    @abstractmethod
    async def heard(self) -> None:
        """Come back when the server has taken all that was said."""


class Ours(Program):
    """This client, with its server as a process and other sessions as raw sockets."""

    name = "chat-tui"
    quit = "\x11"

    @property
    def command(self) -> Sequence[str]:
        where = f"plain://{self._server.address}"
        return (sys.executable, "-P", "-m", "chat_tui", "--name", "alice", "--server", where)

    async def serve(self) -> None:
        self._server = await ServerProcess.start(self.home / "server")
        load = Load(self._server.address.port)
        self._peers = {peer.room: peer for peer in await crowd(load, [("bob", ROOM), ("carol", BACKLOG)])}
        self._unheard = 0
        self._quiet = asyncio.Event()
        for peer in self._peers.values():
            peer.on_payload = self._answered

    def _answered(self, payload: bytes) -> None:
        if payload.startswith(OK, 1):
            self._unheard -= 1
            if not self._unheard:
                self._quiet.set()

    async def connected(self, window: Window) -> None:
        await window.shows("alice on")

    async def entered(self) -> None:
        return  # it is there when the screen is, and the log has it

    def say(self, texts: Sequence[str], room: str = ROOM) -> None:
        self._unheard += len(texts)
        self._quiet.clear()
        for text in texts:
            self._peers[room].say(text)

    async def heard(self) -> None:
        if self._unheard:
            await self._quiet.wait()

    async def close(self) -> None:
        for peer in self._peers.values():
            peer.close()
        await self._server.stop()


class _Irc(asyncio.Protocol):
    """As much of an IRC server as one client needs, in this process."""

    def __init__(self, program: "IrcProgram") -> None:
        self._program = program
        self._nick = ""
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take(line.decode().rstrip("\r").split(" "))

    def _take(self, words: list[str]) -> None:
        match words:
            case ["CAP", "LS", *_]:
                self.send(":irc CAP * LS :")
            case ["NICK", nick]:
                self._nick = nick
            case ["USER", *_]:
                self.send(f":irc 001 {self._nick} :Aboard", f":irc 376 {self._nick} :End of /MOTD command.")
                self._program.registered()
            case ["PING", *rest]:
                self.send(f":irc PONG irc {' '.join(rest)}")
            case ["QUIT", *_]:
                self._transport.close()
            case ["JOIN", rooms, *_]:
                for room in rooms.split(","):
                    self.send(
                        f":{self._nick}!u@h JOIN {room}",
                        f":irc 353 {self._nick} = {room} :{self._nick} bob",
                        f":irc 366 {self._nick} {room} :End of /NAMES list.",
                    )
                    self._program.joined(self, room)

    def send(self, *lines: str) -> None:
        """Send lines."""
        self._transport.write("".join(f"{line}\r\n" for line in lines).encode())


class IrcProgram(Program):
    """A client of IRC. Its server has no disk, and is in the process that measures."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._client: _Irc | None = None
        self._backlog: list[str] = []
        self._registered, self._inside = asyncio.Event(), asyncio.Event()

    async def serve(self) -> None:
        self._listener = await asyncio.get_running_loop().create_server(lambda: _Irc(self), "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    def joined(self, client: _Irc, room: str) -> None:
        """The client is in a room: what had been said there is played back, as a bouncer does."""
        self._client = client
        self._inside.set()
        if room == BACKLOG:
            self._send(self._backlog, room)

    def say(self, texts: Sequence[str], room: str = ROOM) -> None:
        if room == BACKLOG:
            self._backlog.extend(texts)
        else:
            self._send(texts, room)

    def _send(self, texts: Sequence[str], room: str) -> None:
        assert self._client is not None
        self._client.send(*(f":bob!u@h PRIVMSG {room} :{text}" for text in texts))

    def registered(self) -> None:
        """The client is logged in."""
        self._registered.set()

    async def connected(self, window: Window) -> None:
        await _once(self._registered)
        await window.rests(REST_SECONDS)

    async def entered(self) -> None:
        await _once(self._inside)

    async def heard(self) -> None:
        return

    async def close(self) -> None:
        self._listener.close()


async def _once(event: asyncio.Event) -> None:
    async with asyncio.timeout(REST_SECONDS * 100):
        await event.wait()
    event.clear()


class WeeChat(IrcProgram):
    """weechat with its settings as they come."""

    name = "weechat"

    @property
    def command(self) -> Sequence[str]:
        return (
            "weechat",
            "--dir",
            str(self.home / "weechat"),
            "--run-command",
            f"/server add bench 127.0.0.1/{self.port} -nossl -nicks=alice",
            "--run-command",
            "/connect bench",
        )


class Irssi(IrcProgram):
    """irssi with its settings as they come."""

    name = "irssi"

    @property
    def command(self) -> Sequence[str]:
        folder = self.home / "irssi"
        folder.mkdir(exist_ok=True)
        (folder / "config").write_text(
            f'servers = ({{ address = "127.0.0.1"; chatnet = "bench"; port = "{self.port}"; '
            'autoconnect = "yes"; });\n'
            'chatnets = { bench = { type = "IRC"; nick = "alice"; }; };\n'
            'settings = { core = { nick = "alice"; user_name = "alice"; real_name = "alice"; }; };\n',
            encoding="utf-8",
        )
        return ("irssi", "--home", str(folder))


PROGRAMS: tuple[type[Program], ...] = (Irssi, WeeChat, Ours)


def installed(program: type[Program]) -> bool:
    """Whether it can be started here."""
    return program is Ours or shutil.which(program.name) is not None
