"""The command line, run as people and scripts run it: real processes with a home of their own."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from server.config import Address
from tests.support import preloaded
from tests.support.waiting import SECONDS


def home(folder: Path) -> dict[str, str]:
    """The environment of a person whose files are all in that folder."""
    places = {}
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        place = folder / variable.lower()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        places[variable] = str(place)
    return places


class Command:
    """One running `chat-tui …`."""

    def __init__(self, process: asyncio.subprocess.Process | preloaded.Forked) -> None:
        self.process = process

    @classmethod
    async def start(
        cls, *arguments: str | bytes, env: dict[str, str], python: tuple[str, ...] = ()
    ) -> "Command":
        """Start it; `python` are arguments of the interpreter."""
        environment = {**os.environ, **env}
        if not python and all(isinstance(argument, str) for argument in arguments):
            return cls(await preloaded.start("chat_tui", *map(str, arguments), env=environment))
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                *python,
                "-m",
                "chat_tui",
                *arguments,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=environment,
            )
        )

    async def line(self) -> str:
        """The next line of its output, without the line's end."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            return (await self.process.stdout.readline()).decode().removesuffix("\n")

    async def event(self) -> dict[str, Any]:
        """The next line of its output, which is JSON."""
        read: dict[str, Any] = json.loads(await self.line())
        return read

    async def told(self) -> str:
        """The next line of what it says on stderr."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SECONDS):
            return (await self.process.stderr.readline()).decode().removesuffix("\n")

    async def ended(self, given: bytes = b"") -> tuple[int, str, str]:
        """Give it this on stdin and wait for its end: exit status, the rest of stdout, stderr."""
        try:
            async with asyncio.timeout(SECONDS):
                output, told = await self.process.communicate(given if self.process.stdin else None)
        except TimeoutError:
            self.process.kill()
            raise
        assert self.process.returncode is not None
        return self.process.returncode, (output or b"").decode(), told.decode()

    async def stop(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal, and wait for the end."""
        self.process.send_signal(number)
        return await self.ended()

    async def kill(self) -> None:
        """End it. Harmless if it has ended."""
        if self.process.returncode is None:
            self.process.kill()
            await self.ended()


class Shell:
    """Runs commands at one server; what still runs in the end is killed by `close`."""

    def __init__(self, folder: Path, server: Address | None, name: str = "alice") -> None:
        self.env = home(folder)
        self._who = ["--name", name]
        if server is not None:
            self._who += [
                "--server",
                str(server) if server.secure or server.local else server.written,
            ]
        self._running: list[Command] = []

    async def start(self, command: str, *arguments: str | bytes) -> Command:
        """Start a command."""
        started = await Command.start(command, *self._who, *arguments, env=self.env)
        self._running.append(started)
        return started

    async def run(self, command: str, *arguments: str | bytes, given: bytes = b"") -> tuple[int, str, str]:
        """Run a command to its end: exit status, stdout, stderr."""
        return await (await self.start(command, *arguments)).ended(given)

    async def close(self) -> None:
        """End what runs."""
        for command in self._running:
            await command.kill()
