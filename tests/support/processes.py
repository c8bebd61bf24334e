"""Real server processes: started as an operator would, stopped as an operator or a power cut would."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.config import Address, parse_address
from tests.support import preloaded
from tests.support.waiting import SECONDS

ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "CHAT_SERVER_CONFIG": os.devnull}
"""A server of the tests goes by its flags, not by what whoever runs them has in a settings file."""


LISTENING = "listening on "

NOTHING: Mapping[str, str] = {}


class ServerProcess:
    """`python -m server`, running. `addresses` are where it says that it listens."""

    def __init__(self, process: asyncio.subprocess.Process | preloaded.Forked) -> None:
        self._process = process
        self.addresses: list[Address] = []

    @classmethod
    async def start(
        cls,
        data: Path,
        *arguments: str,
        listen: Sequence[str] = ("127.0.0.1:0",),
        cwd: Path | None = None,
        env: Mapping[str, str] = NOTHING,
    ) -> "ServerProcess":
        """Start one without limits, and wait until it has said one `listening on` line per address."""
        listening = [part for address in listen for part in ("--listen", address)]
        every = ("--data", str(data), "--no-limits", *listening, *arguments)
        return await cls.run(*every, addresses=len(listen), cwd=cwd, env=env)

    @classmethod
    async def run(
        cls, *arguments: str, addresses: int = 1, cwd: Path | None = None, env: Mapping[str, str] = NOTHING
    ) -> "ServerProcess":
        """Start one with exactly these arguments, and wait for so many `listening on` lines."""
        server = cls(await _spawn(*arguments, cwd=cwd, env=env))
        try:
            for _ in range(addresses):
                server.addresses.append(await server.listening())
        except BaseException:
            await server.kill()
            raise
        return server

    @property
    def address(self) -> Address:
        """The first address."""
        return self.addresses[0]

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def listening(self) -> Address:
        """The address in the next line of output, which must be a `listening on` one."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = (await self._process.stdout.readline()).decode()
        if not line.startswith(LISTENING):
            _, output, errors = await self.ended()
            raise AssertionError(f"no server: {line}{output}{errors}")
        return parse_address(line.removeprefix(LISTENING).rstrip("\n"))

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal and wait for the end: exit status, the rest of stdout, stderr."""
        self._process.send_signal(number)
        return await self.ended()

    async def kill(self) -> None:
        """End it as a power cut would. Harmless if it has ended."""
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()

    async def ended(self) -> tuple[int, str, str]:
        """Wait until it has ended: exit status, the rest of stdout, stderr."""
        async with asyncio.timeout(SECONDS):
            output, errors = await self._process.communicate()
            status = await self._process.wait()
        return status, output.decode(), errors.decode()


async def run_server(*arguments: str, env: Mapping[str, str] = NOTHING) -> tuple[int, str, str]:
    """Run a server that ends by itself: exit status, stdout, stderr."""
    return await ServerProcess(await _spawn(*arguments, env=env)).ended()


async def _spawn(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] = NOTHING
) -> asyncio.subprocess.Process | preloaded.Forked:
    return await preloaded.start(
        "server", *arguments, stdin=False, cwd=cwd, env={**os.environ, **ENVIRONMENT, **env}
    )
