"""How long a deleted room stays in files: `python3 -m tests.attacks.removal [--messages N]`.

A room of so many messages, all in the index of words, is deleted while ten others say something eight times
a second each. A line tells when no file of the server held a word of it any more, counted from the `ok`, and
the others' time from `send` to `ok` while it is quiet and until then. Then the same again with a server that
is killed right after the `ok` and started anew.
"""

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, closing
from pathlib import Path

from protocol import frames
from server.config import parse_address
from server.state.entries import Draft
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.attacks.__main__ import (
    FACTOR,
    FLOOR_MS,
    HONEST,
    OTHERS_CORE,
    SERVER_CORE,
    Figures,
    measure,
)  # fmt: skip
from tests.benchmarks.__main__ import pin
from tests.support.processes import ENVIRONMENT
from tests.support.wire import Wire, text_body

ROOM, SECRET = "#large", b"xyzzysecret"
BOUND = 60.0
BLOCK = 2**20
SLICE_SECONDS = 1.0


class Server:
    """A server without limits on its own core, that can be killed."""

    def __init__(self, data: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server", "--listen", "127.0.0.1:0", "--data", str(data), "--no-limits"],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: pin(SERVER_CORE),
            env={**os.environ, **ENVIRONMENT},
        )
        assert self._process.stdout is not None
        self.address = parse_address(self._process.stdout.readline().removeprefix("listening on ").strip())
        self.pid = self._process.pid

    def end(self, *, kill: bool = False) -> None:
        """Stop it, or with `kill -9`."""
        if self._process.poll() is None:
            self._process.kill() if kill else self._process.terminate()
        self._process.wait()


def held(data: Path) -> list[str]:
    """The files that have the word in them."""
    return sorted(path.name for path in data.rglob("*") if path.is_file() and _has(path))


def _has(path: Path) -> bool:
    before = b""
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                if SECRET in before + block:
                    return True
                before = block[-len(SECRET) :]
    except FileNotFoundError:
        pass
    return False


async def _members(server: Server) -> list[Wire]:
    wires = [await Wire.connect(server.address) for _ in range(HONEST)]
    for number, wire in enumerate(wires):
        await wire.enter(f"honest{number}", "#honest")
    return wires


def _words(number: int) -> bytes:
    return text_body(f"words {number} {SECRET.decode()}")


async def fill(data: Path, messages: int) -> None:
    """The room with so many messages, all of them indexed, and everything in the one file."""
    server = Server(data)
    async with await Wire.connect(server.address) as ann:
        await ann.enter("ann", ROOM)
    server.end()
    with closing(SqliteLog(data)) as log:
        user = log.load().user_called("ann")
        assert user is not None
        for start in range(0, messages, 5000):
            log.append(
                [
                    Draft(
                        ROOM, user.id, "ann", frames.MESSAGE, 0, _words(number),
                        f"cid-{number}",
                    )
                    for number in range(start, min(messages, start + 5000))
                ]
            )  # fmt: skip
        while log.index(5000):
            pass


async def gone(data: Path, began: float) -> float:
    """Seconds until no file has the word any more."""
    while True:
        looked = time.monotonic()
        if not await asyncio.to_thread(held, data):
            return looked - began
        await asyncio.sleep(SLICE_SECONDS)


async def _until_gone(
    data: Path, server: Server, wires: list[Wire], began: float
) -> tuple[float, list[Figures]]:
    going = asyncio.create_task(gone(data, began))
    figures = []
    while not going.done():
        figures.append(await measure(wires, 2 * SLICE_SECONDS, server.pid))
    return await going, figures


async def run(messages: int, *, kill: bool) -> bool:
    """Fill, delete, and wait; whether the promises hold."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        await fill(data, messages)
        size = (data / FILE_NAME).stat().st_size
        async with AsyncExitStack() as stack:
            server = Server(data)
            stack.callback(lambda: server.end())
            wires = await _members(server)
            quiet = await measure(wires, 6, server.pid)
            ann = await stack.enter_async_context(await Wire.connect(server.address))
            await ann.enter("ann")
            ann.send(request := frames.DeleteRoom(ann.new_id, ROOM))
            answer = await ann.answer(request.id)
            assert isinstance(answer, frames.Ok), answer
            began = time.monotonic()
            before = held(data)
            if kill:
                server.end(kill=True)
                server = Server(data)
                wires = await _members(server)
            seconds, under = await _until_gone(data, server, wires, began)
            for wire in wires:
                await wire.close()
    p99 = max(figures.p99 for figures in under)
    holds = before != [] and seconds < BOUND and p99 <= max(FLOOR_MS, FACTOR * quiet.p99)
    print(
        f"| {'kill -9 after the ok' if kill else 'it goes on':20} | {size / 1e6:5.0f} MB | {seconds:5.1f} s "
        f"| {quiet.p50:5.1f} / {quiet.p99:5.1f} ms "
        f"| {' '.join(f'{figures.p50:.0f}/{figures.p99:.0f}' for figures in itertools.islice(under, 12))} "
        f"| {'holds' if holds else 'DOES NOT HOLD'} |",
        flush=True,
    )
    return holds


def main() -> int:
    """Run and print; the status is 1 if something of the room stays, or others notice."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.attacks.removal", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000, help="default %(default)s")
    given = parser.parse_args()
    pin(OTHERS_CORE)
    print("| | files | gone after | quiet: p50 / p99 | p50/p99 until then, each 2 s | |")
    print("|---|---|---|---|---|---|", flush=True)
    holds = [asyncio.run(run(given.messages, kill=kill)) for kill in (False, True)]
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
