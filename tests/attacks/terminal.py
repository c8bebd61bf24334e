"""Whatever a terminal may send: random bytes, reports of keys, pastes, the mouse, other sizes.

The real program, in a pseudo-terminal, must neither crash nor hang; at times it is left and started again.

    python3 -m tests.attacks.terminal [BYTES [SEED]]
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec

from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, Terminal

BYTES, SEED = 1_000_000, 1

HANG_SECONDS = 120.0
"""A program hangs that takes nothing for so long, draws nothing in a resized window or can't be left."""

LOOK_EVERY, LEAVE_EVERY = 5_000, 50_000
"""Bytes between two looks at whether it still draws, and after which it is left."""

_LEAVING = bytes.maketrans(b"\x03\x11", b"xx")
_ENDS = "u~ABCDEFHPQRSMmtcnyhlZIO"
_NUMBERS = ("", "0", "1", "3", "9", "13", "27", "97", "1075", "57442", "55296", "1114112", "9" * 30)
_BUTTONS = (0, 1, 2, 32, 35, 64, 65, 128)
_LETTERS = "abc xyz @/#:~>`*_日本👍🏽é\u0301\u200dשלום[]()"
_PRESSED = (
    "\r", "\t", "\x1b[Z", "\x7f", "\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[H", "\x1bOP", "\x1bm", "\x1b1",
    "\x1bz", "\x1b\r", "\x06", "\x07", "\x0b", "\x15", "\x17", "\x19", "\x1a", "/help\r", "hi\r", "/set\r",
)  # fmt: skip


class Figures(msgspec.Struct):
    """What came of it. `answers` in ms."""

    sent: int = 0
    starts: int = 0
    resizes: int = 0
    pastes: int = 0
    answers: list[float] = msgspec.field(default_factory=list)


def pieces(random: Random) -> Iterator[bytes]:
    """What is sent, for ever; the same for the same seed."""
    kinds = (_bytes, _text, _report, _report, _mouse, _paste, _string, _keys)
    while True:
        yield random.choice(kinds)(random)


def _bytes(random: Random) -> bytes:
    return random.randbytes(random.randint(1, 60)).translate(_LEAVING)


def _text(random: Random) -> bytes:
    return "".join(random.choices(_LETTERS, k=random.randint(1, 30))).encode()


def _report(random: Random) -> bytes:
    """A key's, or nearly."""
    counts = random.choices((1, 1, 2, 3), k=random.randint(0, 4))
    fields = [":".join(random.choices(_NUMBERS, k=count)) for count in counts]
    return f"\x1b[{random.choice(('', '', '?', '<'))}{';'.join(fields)}{random.choice(_ENDS)}".encode()


def _mouse(random: Random) -> bytes:
    x, y = random.randint(0, 200), random.randint(0, 80)
    return f"\x1b[<{random.choice(_BUTTONS)};{x};{y}{random.choice('Mm')}".encode()


def _paste(random: Random) -> bytes:
    pasted = (
        _bytes(random) + _text(random) * random.choice((1, 1, 20)) + random.choice((b"\x1b", b"\r\n", b""))
    )
    return b"\x1b[200~" + pasted + (b"\x1b[201~" if random.random() < 0.95 else b"")


def _string(random: Random) -> bytes:
    return random.choice((b"\x1b]11;", b"\x1bP>|", b"\x1b_G", b"\x1b")) + _bytes(random)[:8] + b"\x1b\\"


def _keys(random: Random) -> bytes:
    """What people press."""
    return "".join(random.choices(_PRESSED, k=random.randint(1, 6))).encode()


class Attack:
    """The program, its server, and what has been sent so far."""

    def __init__(self, folder: Path, server: RunningServer, seed: int) -> None:
        self._folder = folder
        self._server = server
        self._random = Random(seed)
        self._pieces = pieces(Random(seed))
        self._recent: list[bytes] = []
        self.figures = Figures()

    async def run(self, wanted: int) -> Figures:
        """Send so many bytes. Raises `AssertionError`, with what was sent last, if the program fails."""
        while self.figures.sent < wanted:
            terminal = await self._start()
            try:
                await self._use(terminal, min(wanted, self.figures.sent + LEAVE_EVERY))
                await self._leave(terminal)
            finally:
                terminal.close()
        return self.figures

    async def _start(self) -> Terminal:
        self.figures.starts += 1
        variables = {
            "HOME": str(self._folder),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
            "VISUAL": "true",
            "BROWSER": "true",
            "PYTHONFAULTHANDLER": "1",
        }
        arguments = ("--server", str(self._server.address), "--name", "alice")
        terminal = Terminal((*PROGRAM, *arguments), variables)
        await terminal.until(lambda: b"\x1b[?2004h" in terminal.raw, "the program takes the terminal")
        return terminal

    async def _use(self, terminal: Terminal, wanted: int) -> None:
        looked = self.figures.sent
        while self.figures.sent < wanted and terminal.process.poll() is None:
            await self._send(terminal, next(self._pieces))
            if self.figures.sent - looked >= LOOK_EVERY:
                looked = self.figures.sent
                await self._look(terminal)

    async def _send(self, terminal: Terminal, data: bytes) -> None:
        self._recent = [*self._recent[-40:], data]
        self.figures.sent += len(data)
        self.figures.pastes += data.startswith(b"\x1b[200~")
        last = time.monotonic()
        while data and terminal.process.poll() is None:
            cut = self._random.randint(1, len(data))
            try:
                terminal.send(data[:cut])
            except BlockingIOError:  # it has not read what came before
                assert time.monotonic() - last < HANG_SECONDS, self._told(terminal, "takes nothing")
                await asyncio.sleep(0.01)
                continue
            data, last = data[cut:], time.monotonic()
            await asyncio.sleep(0)

    async def _look(self, terminal: Terminal) -> None:
        """The program draws when the window has another size, whatever it shows."""
        self.figures.resizes += 1
        del terminal.raw[:-100_000]
        mark, begun = len(terminal.raw), time.monotonic()
        terminal.resize(self._random.randint(1, 300), self._random.randint(1, 100))
        while len(terminal.raw) == mark and terminal.process.poll() is None:
            assert time.monotonic() - begun < HANG_SECONDS, self._told(terminal, "does not draw")
            await asyncio.sleep(0.002)
        self.figures.answers.append((time.monotonic() - begun) * 1000)

    async def _leave(self, terminal: Terminal) -> None:
        """Ctrl+Q, which comes after all that was sent, leaves: then all of that is done."""
        begun = time.monotonic()
        while terminal.process.poll() is None:
            assert time.monotonic() - begun < HANG_SECONDS, self._told(terminal, "does not end")
            await self._send(terminal, b"\x1b[201~\x11")
            await asyncio.sleep(0.5)
        status = terminal.process.wait()
        assert status == 0, self._told(terminal, f"ended with {status}")
        assert b"Traceback" not in terminal.raw, self._told(terminal, "crashed")

    def _told(self, terminal: Terminal, what: str) -> str:
        """What has gone wrong; where a program that hangs is, Python says at an abort."""
        terminal.abort()
        said = bytes(terminal.raw[-20_000:]).decode("utf-8", "replace")
        return f"{what} after {self.figures.sent} bytes; the last were {self._recent}\n{said}"


async def attack(wanted: int, seed: int) -> Figures:
    """Start a server and the program, and send it so many bytes."""
    with tempfile.TemporaryDirectory() as folder:
        server = RunningServer(Path(folder) / "data")
        await server.start()
        try:
            return await Attack(Path(folder), server, seed).run(wanted)
        finally:
            await server.stop()


def main() -> None:
    """Run as the module says, and print what came of it."""
    given = [int(argument) for argument in sys.argv[1:3]]
    wanted, seed = given + [BYTES, SEED][len(given) :]
    begun = time.monotonic()
    found = asyncio.run(attack(wanted, seed))
    print(
        f"{found.sent:,} bytes, {found.pastes:,} pastes, {found.resizes:,} resizes, {found.starts} starts, "
        f"seed {seed}, {time.monotonic() - begun:.0f} s: no crash, no hang"
    )
    if found.answers:
        middle, longest = statistics.median(found.answers), max(found.answers)
        print(f"until the next drawing: median {middle:.0f} ms, longest {longest:.0f} ms")


if __name__ == "__main__":
    main()
