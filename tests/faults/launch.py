"""The processes of a history: the server, and the persons. Each is killed for real, and none is left
behind."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from server.config import Address
from tests.faults.person import Command, Reply, Verb
from tests.support.processes import ENVIRONMENT, ServerProcess

REPLY_SECONDS = 60.0
"""Longer than a person takes to do anything while the network is whole."""

INVITATION = "join with: chat-tui"
"""What a server with TLS says on stderr, and is no complaint."""

REAL = ("server",)
"""The module, and its first arguments, that serves."""


class Serving(ServerProcess):
    """A server process of any module that takes the server's arguments; `complaints` is its stderr."""

    complaints = ""

    @classmethod
    async def launch(cls, data: Path, address: str, program: tuple[str, ...] = REAL) -> "Serving":
        """Start one, and wait until it listens."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *program,
            "--data",
            str(data),
            "--no-limits",
            "--listen",
            address,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT},
        )
        serving = cls(process)
        try:
            serving.addresses.append(await serving.listening())
        except BaseException:
            await serving.kill()
            raise
        return serving

    async def ended(self) -> tuple[int, str, str]:
        """See `ServerProcess`; harmless when called again."""
        status, output, errors = await super().ended()
        self.complaints += "".join(
            line for line in errors.splitlines(keepends=True) if INVITATION not in line
        )
        return status, output, errors


class PersonProcess:
    """A person in a process of its own, `called` so on the server. Its stderr goes to
    `FOLDER/NAME.stderr`."""

    def __init__(self, address: Address, name: str, folder: Path, fill: int, *, cached: bool) -> None:
        self.name = name
        self.called = name
        self._address = address.written
        self._rest = (str(folder), str(fill), *(["cached"] if cached else []))
        self._errors = folder / f"{name}.stderr"
        self._process: asyncio.subprocess.Process | None = None
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._hearing: asyncio.Task[None] | None = None
        self._number = 0

    @property
    def alive(self) -> bool:
        """It runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, with the outbox that it had before."""
        with self._errors.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.person",
                self._address,
                self.name,
                self.called,
                *self._rest,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        self._hearing = asyncio.create_task(self._hear(self._process))

    async def kill(self) -> None:
        """End it as a power cut would. Harmless if it has ended."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        if self._hearing is not None:
            await self._hearing
        for reply in self._replies.values():
            reply.cancel()
        self._replies.clear()

    async def quit(self) -> int:
        """Have it end by itself; its exit status."""
        self.tell("quit")
        assert self._process is not None
        async with asyncio.timeout(REPLY_SECONDS):
            return await self._process.wait()

    def tell(self, verb: Verb, room: str = "", text: str = "", rooms: tuple[str, ...] = ()) -> int:
        """Tell it to do something, without waiting."""
        self._number += 1
        if self._process is not None and self._process.stdin is not None and self.alive:
            command = Command(self._number, verb, room, text, list(rooms))
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        return self._number

    async def ask(self, verb: Verb, room: str = "", text: str = "", rooms: tuple[str, ...] = ()) -> Reply:
        """Tell it to do something, and wait until it is done."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[self.tell(verb, room, text, rooms)] = reply
        async with asyncio.timeout(REPLY_SECONDS):
            return await reply

    def complaints(self) -> str:
        """Its stderr."""
        return self._errors.read_text(errors="replace") if self._errors.exists() else ""

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            reply = msgspec.json.decode(line, type=Reply)
            waiting = self._replies.pop(reply.number, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)
