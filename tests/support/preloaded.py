"""Starts `chat-server` and `chat-tui` as processes without loading Python anew for each: there are hundreds.

A process that has loaded their modules forks for each of them. The fork is as real a process as any: it has
its own file descriptors, folder, environment and signals, and can be killed. What depends on how Python is
started (its options, its own variables, the locale) needs a real start: `start` makes one where the
environment asks for it, and the tests in a terminal always do.
"""

import asyncio
import atexit
import gc
import importlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from asyncio.streams import FlowControlMixin
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

LOADED = (
    "asyncio.runners", "server.admin.serve", "server.config.check", "server.admin.pin", "server.admin.users",
    "server.admin.invites", "server.admin.bans", "server.admin.rooms", "server.admin.audit",
    "server.admin.store", "chat_tui.cli.main", "chat_tui.cli.actions", "chat_tui.cli.search",
    "chat_tui.cli.logins",
)  # fmt: skip

PYTHONS = ("PYTHON", "LC_", "LANG", "MALLOC")
"""Variables that begin so are read when Python starts."""

UNBUFFERED = "PYTHONUNBUFFERED"

_PROCESSES: dict[int, socket.socket] = {}
"""The process that forks, by the process that asked for it."""


async def start(
    module: str, *arguments: str, env: Mapping[str, str], stdin: bool = True, cwd: Path | None = None
) -> "asyncio.subprocess.Process | Forked":
    """Run `python -m MODULE ARGUMENTS` with its output in pipes; `stdin`: its input too, else it has none."""
    if not _forkable(env):
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *arguments, env=dict(env), cwd=cwd,
            stdin=pipe if stdin else asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        )  # fmt: skip
    return await Forked.start(module, arguments, env, cwd or Path.cwd(), stdin=stdin)


def _forkable(env: Mapping[str, str]) -> bool:
    def of_python(environment: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value
            for name, value in environment.items()
            if name.startswith(PYTHONS) and name != UNBUFFERED
        }

    return sys.platform == "linux" and of_python(env) == of_python(os.environ)


class Forked:
    """A process that was forked; what the tests need of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int, report: asyncio.StreamReader, *files: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None
        self.stderr: asyncio.StreamReader | None
        self.stdout, self.stderr = files
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(report))

    @classmethod
    async def start(
        cls, module: str, arguments: tuple[str, ...], env: Mapping[str, str], cwd: Path, *, stdin: bool
    ) -> "Forked":
        """Fork, and wait until it is there."""
        given = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY), None)
        outputs = [os.pipe() for _ in range(3)]
        order = {"module": module, "arguments": arguments, "env": dict(env), "cwd": str(cwd)}
        theirs = [given[0], *(write for _, write in outputs)]
        socket.send_fds(_forker(), [json.dumps(order).encode()], theirs)
        for fd in theirs:
            os.close(fd)
        stdout, stderr, report = [await _reader(read) for read, _ in outputs]
        made = cls(int(await report.readline()), report, stdout, stderr)
        if given[1] is not None:
            loop = asyncio.get_running_loop()
            pipe = os.fdopen(given[1], "wb", buffering=0)
            transport, protocol = await loop.connect_write_pipe(FlowControlMixin, pipe)
            made.stdin = asyncio.StreamWriter(transport, protocol, None, loop)
        return made

    async def _end(self, report: asyncio.StreamReader) -> int:
        self.returncode = int(await report.readline())
        await report.read()  # to its end, which closes the pipe
        return self.returncode

    async def wait(self) -> int:
        """The exit status; minus the number of the signal that ended it."""
        return await asyncio.shield(self._ended)

    async def communicate(self, given: bytes | None = None) -> tuple[bytes, bytes]:
        """Give it this, then nothing more, and wait for its end: the rest of stdout and stderr."""
        if self.stdin is not None:
            try:
                self.stdin.write(given or b"")
                await self.stdin.drain()
            except ConnectionError:
                pass  # it wanted no more, as with asyncio's
            self.stdin.close()
        assert self.stdout is not None
        assert self.stderr is not None
        output, errors = await asyncio.gather(self.stdout.read(), self.stderr.read())
        await self.wait()
        return output, errors

    def send_signal(self, number: int) -> None:
        """Harmless if it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)


async def _reader(fd: int) -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(2**16, loop)
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader, loop=loop), os.fdopen(fd, "rb", buffering=0)
    )
    return reader


def _forker() -> socket.socket:
    """Where orders go. Started for the first one."""
    if os.getpid() not in _PROCESSES:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", __name__, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        _PROCESSES[os.getpid()] = ours
        atexit.register(process.wait)
        atexit.register(ours.close)  # what is registered last is done first
    return _PROCESSES[os.getpid()]


# --- in the process that forks


def _work(connection: socket.socket) -> Callable[[], object]:
    """Fork for each order until nobody is left to give one. Returns in each fork, with what it has to do."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, fds, _, _ = socket.recv_fds(connection, 2**20, 4)
        if not data:
            os._exit(0)
        if not os.fork():
            connection.close()
            return _watched(json.loads(data), fds)
        for fd in fds:
            os.close(fd)


def _watched(order: dict[str, object], fds: list[int]) -> Callable[[], object]:
    """Fork once more: somebody has to wait for the end, and nobody else may."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    report = fds.pop()
    if pid := os.fork():
        for fd in (0, 1, 2, *fds):
            os.close(fd)
        _report(pid, report)
    os.close(report)
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    return _prepared(**order)  # type: ignore[arg-type]


def _report(pid: int, report: int) -> NoReturn:
    os.write(report, b"%d\n" % pid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they mean the other one
    _, status = os.waitpid(pid, 0)
    os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _prepared(module: str, arguments: list[str], env: dict[str, str], cwd: str) -> Callable[[], object]:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    random.seed()
    through = UNBUFFERED in env
    sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb"), encoding="utf-8", errors="surrogateescape")
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), encoding="utf-8", write_through=through)
    sys.stderr = io.TextIOWrapper(
        os.fdopen(2, "wb"), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    main = importlib.import_module(f"{module}.__main__")
    sys.argv = [str(main.__file__), *arguments]
    run: Callable[[], object] = main.main
    return run


if __name__ == "__main__":
    for name in LOADED:
        importlib.import_module(name)
    gc.freeze()
    _work(socket.socket(fileno=int(sys.argv[1])))()
