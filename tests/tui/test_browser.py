"""The screen in a browser: the program speaks with the process that serves it as `textual-serve` does."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO

import pyte
import pytest

from chat_tui import config
from chat_tui.client.outbox import Outbox
from protocol import frames
from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, environment
from tests.support.waiting import until
from tests.support.wire import text_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there it is not tried")

SERVED = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "80", "ROWS": "24"}
"""What `textual-serve` sets for a program."""


class Browser:
    """The program that is served, and what its browser shows. `told` are the kinds of what else it says."""

    def __init__(self, server: RunningServer, home: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            (*PROGRAM, "--server", str(server.address), "--name", "alice"),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env={**environment(home), **SERVED},
            bufsize=0,
        )
        self.told: list[str] = []
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        output = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), _there(self.process.stdout)
        )
        try:
            assert await output.readline() == b"__GANGLION__\n"
            while kind := await output.read(1):
                payload = await output.readexactly(int.from_bytes(await output.readexactly(4), "big"))
                if kind == b"D":
                    self._stream.feed(payload)
                else:
                    self.told.append(json.loads(payload)["type"])
        finally:
            transport.close()

    def type(self, keys: bytes) -> None:
        """What the browser sends of keys."""
        self._send(b"D", keys)

    def tell(self, kind: str, **fields: int) -> None:
        """What the serving process itself has to say."""
        self._send(b"M", json.dumps({"type": kind, **fields}).encode())

    def _send(self, kind: bytes, payload: bytes) -> None:
        _there(self.process.stdin).write(kind + len(payload).to_bytes(4, "big") + payload)

    async def sees(self, text: str) -> None:
        """Wait until it is shown."""
        await until(lambda: self.reading.done() or text in "\n".join(self._screen.display))
        assert not self.reading.done()

    def hang_up(self) -> None:
        """The serving process is killed: nobody has the pipes' other ends any more."""
        self.reading.cancel()
        _there(self.process.stdin).close()

    async def ended(self) -> tuple[int | None, str]:
        """Wait for the end: the status, and what it says of errors."""
        await until(lambda: self.process.poll() is not None)
        with _there(self.process.stderr) as errors:
            return self.process.returncode, errors.read().decode()


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


Open = Callable[[], Browser]


@pytest.fixture
async def browse(server: RunningServer, home: Path) -> AsyncIterator[Open]:
    opened: list[Browser] = []

    def open_one() -> Browser:
        opened.append(Browser(server, home))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.process.kill()
        browser.process.wait()
        browser.hang_up()
        await asyncio.gather(browser.reading, return_exceptions=True)
        _there(browser.process.stderr).close()


def drafts(server: RunningServer) -> dict[str, str]:
    outbox = Outbox(config.outbox_file(), str(server.address), "alice")
    try:
        return outbox.drafts()
    finally:
        outbox.close()


async def test_keys_and_pastes_mean_what_they_mean_in_a_terminal(browse: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    browser = browse()
    await browser.sees("● alice on")
    browser.tell("resize", width=60, height=20)
    browser.type(b"zo" + "ë".encode()[:1])
    browser.type("ë".encode()[1:] + b"\x80\x1b[1114112u")
    browser.type(b"\x1b[200~ a \x1bq\x11\r\nb \x1b")
    browser.type(b"[201~\x1bp\r")
    while (come := await bob.event()).kind != frames.MESSAGE:
        assert come.kind == frames.JOIN
    assert text_of(come) == "zoë\ufffd a q\nb"
    browser.type(b"\x11")
    assert await browser.ended() == (0, "")
    await until(lambda: browser.told == ["exit"])


@pytest.mark.parametrize("way", ["the browser", "the serving process"])
async def test_when_nobody_is_there_any_more_it_ends(browse: Open, server: RunningServer, way: str) -> None:
    bob = await server.enter("bob", "#general")
    browser = browse()
    await browser.sees("● alice on")
    browser.type(b"nearly said")
    await browser.sees("nearly said")
    if way == "the browser":
        browser.tell("quit")
    else:
        browser.hang_up()
        await bob.tell("#general", "it has this to draw, and nowhere to")
    assert await browser.ended() == (129, "")
    assert drafts(server) == {"#general": "nearly said"}
