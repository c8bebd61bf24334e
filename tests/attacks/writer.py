"""Attack the writer: `python3 -m tests.attacks.writer [--seconds N] [--server FOLDER] [ATTACK …]`.

One member pipelines what changes the state, as fast as it is answered, over some connections; ten others say
something eight times a second each. A line tells their time from `send` to `ok`, p50 and p99 in ms, while it
is quiet and under the attack, and how much the attacker got stored. The server has no limits: what holds here
holds by the writer's turns alone. It is on one core, all others on another. `--server` runs the server of
another working tree, to compare it with.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from protocol import frames
from protocol.frames import Request
from server.config import parse_address
from tests.benchmarks.__main__ import pin
from tests.support.processes import ENVIRONMENT
from tests.support.wire import Wire, text_body

HONEST = 10
PER_SECOND = 8
FLOOR_MS, FACTOR = 50.0, 3.0
PIPELINED = 200
ROOMS = 200
SERVER_CORE, OTHERS_CORE = 0, 1

Make = Callable[[int], Request[Any]]
"""A request by its number."""

ATTACKS: dict[str, tuple[str, int, Make]] = {
    "deletes": (
        "join, which makes a room, and delete_room",
        1,
        lambda n: frames.DeleteRoom(n, f"#own{n // 2}") if n % 2 else frames.Join(n, f"#own{n // 2}", 0),
    ),
    "topics": ("topic", 1, lambda n: frames.Topic(n, "#eves", f"{n}")),
    "nicks": ("nick", 1, lambda n: frames.Nick(n, f"eve{n}")),
    "nicks-200": (f"nick, in {ROOMS} rooms", 1, lambda n: frames.Nick(n, f"eve{n}")),
    "levels": ("set_level", 60, lambda n: frames.SetLevel(n, "#eves", ("all", "none")[n % 2])),
    "joins": (
        "join and leave",
        1,
        lambda n: frames.Leave(n, "#general") if n % 2 else frames.Join(n, "#general", 0),
    ),
    "reads": ("sends and read", 10, lambda n: frames.Read(n, "#eves", n) if n % 2 else said(n)),
    "sends": ("send", 10, lambda n: said(n)),
    "repeats": ("send, each twice", 10, lambda n: said(n // 2)),
}
"""By name: what is sent, on how many connections, and the requests."""


def said(number: int) -> frames.Send:
    """A message of its own."""
    return frames.Send(number, "#eves", f"eve {number}", text_body(f"{number}"))


async def attack(name: str, port: int) -> None:
    """Do harm until the process is killed; what was answered so far stands on standard output."""
    _, connections, make = ATTACKS[name]
    address = parse_address(f"127.0.0.1:{port}")
    wires = [await Wire.connect(address) for _ in range(connections)]
    token = ""
    for wire in wires:  # with one token: nobody is on so many devices
        token = (await wire.log_in("eve", token=token)).token or token
        await wire.sync()
        await wire.ask(frames.Join(wire.new_id, "#eves", 0), frames.JoinResult)
    if name == "nicks-200":
        for number in range(ROOMS - 2):
            await wires[0].ask(frames.Join(wires[0].new_id, f"#many{number}", 0), frames.JoinResult)
    print("ready", flush=True)
    numbers = itertools.count(1_000_000)
    done = 0

    async def flood(wire: Wire) -> None:
        nonlocal done
        left = 0
        while True:
            if left < PIPELINED // 2:
                wire.send(*(make(next(numbers)) for _ in range(PIPELINED)))
                left += PIPELINED
            frame = await wire.next()
            if isinstance(frame, frames.Ok | frames.Error):
                left -= 1
                done += isinstance(frame, frames.Ok)

    async def tell() -> None:
        while True:
            await asyncio.sleep(1)
            print(done, flush=True)

    await asyncio.gather(tell(), *map(flood, wires))


@contextlib.asynccontextmanager
async def serving(data: Path, tree: Path) -> AsyncIterator[int]:
    """A server without limits on its own core: its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--listen", "127.0.0.1:0", "--data", str(data), "--no-limits",
        stdout=subprocess.PIPE, cwd=tree, preexec_fn=lambda: pin(SERVER_CORE),
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(tree)},
    )  # fmt: skip
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    try:
        yield parse_address(line.removeprefix("listening on ").strip()).port
    finally:
        process.terminate()
        await process.wait()


async def measure(wires: list[Wire], seconds: float) -> list[float]:
    """What the others' messages took, in ms and rising order."""
    clock = asyncio.get_running_loop().time
    times: list[float] = []
    end = clock() + seconds

    async def talk(wire: Wire, first: float) -> None:
        await asyncio.sleep(first)
        while (began := clock()) < end:
            wire.send(send := wire.say("#honest", "honest words"))
            answer = await wire.answer(send.id)
            assert isinstance(answer, frames.Ok), answer
            times.append((clock() - began) * 1000)
            wire.aside.clear()
            await asyncio.sleep(max(0.0, began + 1 / PER_SECOND - clock()))

    await asyncio.gather(*(talk(wire, number / PER_SECOND / HONEST) for number, wire in enumerate(wires)))
    return sorted(times)


async def run(name: str, seconds: float, tree: Path) -> bool:
    """One attack on a fresh server; prints its line, and says whether the promise holds."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder), tree) as port:
            wires = [await Wire.connect(parse_address(f"127.0.0.1:{port}")) for _ in range(HONEST)]
            for number, wire in enumerate(wires):
                await wire.enter(f"honest{number}", "#honest")
            quiet = await measure(wires, seconds)
            attacker = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.attacks.writer", "--attacker", str(port), name,
                stdout=subprocess.PIPE, preexec_fn=_as_attacker,
            )  # fmt: skip
            assert attacker.stdout is not None
            try:
                assert await attacker.stdout.readline() == b"ready\n"
                under = await measure(wires, seconds)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    attacker.kill()
                rest, _ = await attacker.communicate()
            for wire in wires:
                await wire.close()
    stored = int((rest.split() or [b"0"])[-1])
    figures = [f"{_at(times, 0.5):7.1f} / {_at(times, 0.99):7.1f}" for times in (quiet, under)]
    holds = _at(under, 0.99) <= max(FLOOR_MS, FACTOR * _at(quiet, 0.99))
    verdict = "holds" if holds else "DOES NOT HOLD"
    print(f"| {name:9} | {figures[0]} | {figures[1]} | {stored:7,} | {verdict} |", flush=True)
    return holds


def _as_attacker() -> None:
    pin(OTHERS_CORE)
    os.nice(19)  # on the core of those who measure


def _at(times: list[float], part: float) -> float:
    return times[int(len(times) * part)]


def main(arguments: list[str]) -> int:
    """Run and print; 1 if the promise does not hold under one of them."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.attacks.writer", description=__doc__)
    described = "; ".join(f"{name}: {what}" for name, (what, _, _) in ATTACKS.items())
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"default all; {described}")
    parser.add_argument("--seconds", type=float, default=8.0, help="of quiet, and of each attack")
    parser.add_argument("--server", type=Path, default=Path.cwd(), metavar="FOLDER")
    parser.add_argument("--attacker", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if unknown := set(given.attacks) - set(ATTACKS):
        parser.error(f"there is no attack {', '.join(sorted(unknown))}; there are {' '.join(ATTACKS)}")
    if given.attacker is not None:
        asyncio.run(attack(given.attacks[0], given.attacker))
    pin(OTHERS_CORE)
    print("| attack    | quiet, ms p50 / p99 | attacked, ms p50 / p99 | its ok | others' p99 |")
    print("|---|---|---|---|---|", flush=True)
    names = given.attacks or ATTACKS
    held = [asyncio.run(run(name, given.seconds, given.server)) for name in names]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
