"""A thin pseudo-terminal for measuring: it keeps the bytes and when they came, and draws nothing.

An emulator would take longer than the programs that are measured. So a text that is looked for must come in
one piece: see `marker`.
"""

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS = 60.0
"""What takes longer will not come."""

SIZE = (120, 36)

_CONTROL = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[ -~])|[\x00-\x20]"
)
_ALPHABETS = ("αβγδεζηθικλμνξοπρστυφχψω", "бвгджзийлмнптуфцчшщыэюя", "աբգդեզէըթժիլխծկհձղճմյն")
"""Letters that no program shows by itself, and that no escape sequence consists of."""

LETTERS = _ALPHABETS[0]
"""For typing: no two are the same."""


def marker(number: int) -> str:
    """A word for the `number`th message. Programs leave out cells that are as they were: it has no letter in
    common with the words before and after it."""
    alphabet = _ALPHABETS[number % 3]
    word = ""
    for _ in range(5):
        number, at = divmod(number * 7 + 3, len(alphabet))
        word += alphabet[at]
    return word


class Window:
    """A terminal of 120 by 36 with a program in it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._resize(theirs, SIZE)
        # The terminal itself must not echo: only the program's echo counts.
        attributes = termios.tcgetattr(theirs)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        self.data = bytearray()
        self.last = 0.0
        self._come = asyncio.Event()
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        os.set_blocking(self._ours, False)
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._ours, 2**16)
        except OSError:  # the program has gone
            asyncio.get_running_loop().remove_reader(self._ours)
            return
        self.last = time.perf_counter()
        self.data += data
        self._come.set()

    @staticmethod
    def _resize(where: int, size: tuple[int, int]) -> None:
        fcntl.ioctl(where, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    @property
    def pid(self) -> int:
        """The program's process."""
        return self.process.pid

    def type(self, keys: str) -> None:
        """Type on the keyboard."""
        os.write(self._ours, keys.encode())

    def resize(self, size: tuple[int, int]) -> None:
        """Give the window another size."""
        self._resize(self._ours, size)

    async def shows(self, text: str, since: int = 0, seconds: float = SECONDS) -> float:
        """When the text came, in what came from byte `since` on."""
        wanted, at = text.encode(), since
        try:
            async with asyncio.timeout(seconds):
                while (found := self.data.find(wanted, at)) < 0:
                    at = max(since, len(self.data) - len(wanted))
                    self._come.clear()
                    await self._come.wait()
        except TimeoutError:
            shown = _CONTROL.sub(b" ", self.data[-4000:]).decode("utf-8", "replace")
            raise RuntimeError(f"{text!r} is not shown: …{' '.join(shown.split())}") from None
        assert found >= since
        return self.last

    async def paints(self) -> float:
        """When the first visible character came."""
        async with asyncio.timeout(SECONDS):
            while not _CONTROL.sub(b"", self.data):
                self._come.clear()
                await self._come.wait()
        return self.last

    async def rests(self, seconds: float = 0.1) -> float:
        """Wait until nothing has come for a while, from now on: when the last thing did."""
        asked = time.perf_counter()
        while (wait := max(asked, self.last) + seconds - time.perf_counter()) > 0:  # noqa: ASYNC110  # for nothing
            await asyncio.sleep(wait)
        return self.last

    async def ends(self) -> float:
        """Wait for the program's end: when it was."""
        async with asyncio.timeout(SECONDS):
            while self.process.poll() is None:  # noqa: ASYNC110  # nothing tells us
                await asyncio.sleep(0.001)
        return time.perf_counter()

    def close(self) -> None:
        """Take the terminal away, and whatever still runs in it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)

    # --- what the program costs

    @property
    def processor(self) -> float:
        """Seconds of processor time that all its threads have used."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9

    @property
    def memory(self) -> float:
        """Its memory in MB, of shared parts its share."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
