"""Attack a real server, and see what others notice: `python3 -m tests.attacks [--seconds N] [ATTACK …]`.

Each attack gets a fresh server with its default limits on one core; the attackers are on another, with those
who measure there before them: ten members who say something eight times a second each. A line tells their
time from `send` to `ok` while it is quiet and under the attack, and the server's memory. It holds if their
p99 stays below the larger of 50 ms and three times the quiet one. `frames` is the fuzz: see `frames`.
"""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from protocol import frames
from server.config import parse_address
from tests.attacks.attackers import ATTACKS
from tests.benchmarks.__main__ import pin, processor
from tests.support.processes import ENVIRONMENT
from tests.support.wire import Wire

SERVER_CORE, OTHERS_CORE = 0, 1
HONEST = 10
PER_SECOND = 8
FLOOR_MS = 50.0
FACTOR = 3.0


@dataclass
class Figures:
    """Times in ms, the server's most memory in MB, its part of a processor."""

    p50: float
    p99: float
    count: int
    memory: float
    busy: float

    def __str__(self) -> str:
        return (
            f"{self.p50:6.1f} / {self.p99:6.1f} ms ({self.count:4}), "
            f"{self.memory:4.0f} MB, {self.busy:4.0%} busy"
        )


def memory_of(pid: int) -> float:
    """What the process has in memory, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.asynccontextmanager
async def serving(data: Path) -> AsyncIterator[tuple[int, int]]:
    """A server with its default limits on its own core: its port and its process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--listen", "127.0.0.1:0", "--data", str(data),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: pin(SERVER_CORE),
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    try:
        yield parse_address(line.removeprefix("listening on ").strip()).port, process.pid
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def attacked(name: str, port: int) -> AsyncIterator[None]:
    """The attack is under way."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.attacks.attackers", name, str(port),
        stdout=subprocess.PIPE,
        preexec_fn=lambda: pin(OTHERS_CORE),
    )  # fmt: skip
    assert process.stdout is not None
    if await process.stdout.readline() != b"ready\n":
        raise RuntimeError(f"the attack {name} could not begin")
    try:
        yield
        if process.returncode is not None:
            raise RuntimeError(f"the attack {name} ended by itself")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def measure(wires: list[Wire], seconds: float, pid: int) -> Figures:
    """Let the honest members talk for so long."""
    clock = asyncio.get_running_loop().time
    times: list[float] = []
    most = 0.0
    start, used = clock(), processor(pid)
    end = clock() + seconds

    async def talk(wire: Wire, first: float) -> None:
        nonlocal most
        await asyncio.sleep(first)
        while (began := clock()) < end:
            wire.send(send := wire.say("#honest", "honest words"))
            answer = await wire.answer(send.id)
            assert isinstance(answer, frames.Ok), answer
            times.append((clock() - began) * 1000)
            wire.aside.clear()
            most = max(most, memory_of(pid))
            await asyncio.sleep(max(0.0, began + 1 / PER_SECOND - clock()))

    await asyncio.gather(*(talk(wire, number / PER_SECOND / HONEST) for number, wire in enumerate(wires)))
    times.sort()
    busy = (processor(pid) - used) / (clock() - start)
    return Figures(times[len(times) // 2], times[int(len(times) * 0.99)], len(times), most, busy)


async def run(name: str, seconds: float) -> bool:
    """One attack on a fresh server; whether the promise holds."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder)) as (port, pid):
            address = parse_address(f"127.0.0.1:{port}")
            wires = [await Wire.connect(address) for _ in range(HONEST)]
            for number, wire in enumerate(wires):
                await wire.enter(f"honest{number}", "#honest")
            quiet = await measure(wires, seconds, pid)
            async with attacked(name, port):
                under = await measure(wires, seconds, pid)
            await asyncio.sleep(2)
            after = memory_of(pid)
            for wire in wires:
                await wire.close()
    holds = under.p99 <= max(FLOOR_MS, FACTOR * quiet.p99)
    verdict = "holds" if holds else "DOES NOT HOLD"
    print(f"| {name:12} | {quiet} | {under} | {after:4.0f} MB | {verdict} |", flush=True)
    return holds


def main() -> int:
    """Run and print; the status is 1 if the promise does not hold under one of them."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.attacks", description=__doc__)
    described = "; ".join(f"{name}: {what}" for name, (what, _) in ATTACKS.items())
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"default all; {described}")
    parser.add_argument("--seconds", type=float, default=8.0, help="of quiet, and of each attack")
    given = parser.parse_args()
    if unknown := set(given.attacks) - set(ATTACKS):
        parser.error(f"there is no attack {', '.join(sorted(unknown))}; there are {' '.join(ATTACKS)}")
    pin(OTHERS_CORE)
    print("| attack | quiet: p50 / p99, server | attacked: p50 / p99, server | 2 s later | others' p99 |")
    print("|---|---|---|---|---|", flush=True)
    held = [asyncio.run(run(name, given.seconds)) for name in given.attacks or ATTACKS]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
