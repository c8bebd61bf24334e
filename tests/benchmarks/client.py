"""Measure the screen in a real pseudo-terminal of 120x36: `python3 -m tests.benchmarks client [PROGRAM …]`.

Our client with its server, and beside it, on the same machine in the same minutes, weechat and irssi where
they are installed. Programs take turns; each figure is the median of `--runs`. Next to ours stands the reach:
what a figure may be at most, on an idle machine with two cores.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import screen
from tests.benchmarks.programs import PROGRAMS, Ours, Program, installed
from tests.benchmarks.screen import Figures

if not sys.platform.startswith("linux"):
    sys.exit("the client's benchmark reads /proc: it needs Linux")


@dataclass(slots=True, frozen=True)
class Line:
    """A line of the table: what it says, of which figures it consists, and how far they may go."""

    what: str
    figures: tuple[str, ...]
    reach: tuple[float, ...]
    form: Callable[[float], str] = "{:.1f}".format


LINES = (
    Line("first paint / first key echoed after the start, ms", ("first paint", "first echo"), (30, 400)),
    Line("a key to its echo, idle, ms p50 / p99", ("echo p50", "echo p99"), (5, 15)),
    Line("the same at 1,000 messages/s", ("loaded echo p50", "loaded echo p99"), (6, 30)),
    Line("processor at 1,000 messages/s, %", ("processor",), (40,)),
    Line("message to screen, idle, ms p50 / p99", ("message p50", "message p99"), (8, 20)),
    Line(f"{screen.FLOOD:,} messages at once, s to the last", ("flood",), (0.4,), "{:.2f}".format),
    Line(f"into a room with {screen.PLAYED_BACK:,}, s to the newest", ("backlog",), (0.3,), "{:.2f}".format),
    Line(
        f"memory at start / with {screen.MANY:,} messages, MB",
        ("memory", "memory with many"),
        (60, 120),
        "{:.0f}".format,
    ),
    Line(f"PageUp / resize with {screen.MANY:,} messages, ms", ("page", "resize"), (10, 90)),
    Line("processor, idle, %", ("idle",), (0.5,)),
    Line("Ctrl+Q or /quit to the end of the process, ms", ("exit",), (), "{:.0f}".format),
)


def main(arguments: list[str]) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks client", description=__doc__)
    names = [program.name for program in PROGRAMS]
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(names)}; default all")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args(arguments)
    if unknown := set(given.programs) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = [program for program in PROGRAMS if program.name in (given.programs or names)]
    for program in chosen:
        if not installed(program):
            print(f"{program.name} is not installed here: left out")
    chosen = [program for program in chosen if installed(program)]
    before = _load()
    runs: dict[type[Program], list[Figures]] = {program: [] for program in chosen}
    for _ in range(given.runs):
        for program in chosen:
            runs[program].append(asyncio.run(screen.measure(program)))
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    print(f"commit {commit or 'unknown'}, {os.cpu_count()} cores, median of {given.runs}; ", end="")
    print(f"load of the machine {before} before, {_load()} after\n")
    print(table(runs))


def table(runs: dict[type[Program], list[Figures]]) -> str:
    """The figures of all programs, a line each."""
    reach = Ours in runs
    heads = ["120x36", *(program.name for program in runs), *["reach"] * reach]
    rows = [heads, ["---"] * len(heads)]
    for line in LINES:
        cells = [
            _cell(line, [statistics.median(run[name] for run in runs[kind]) for name in line.figures])
            for kind in runs
        ]
        rows.append([line.what, *cells, *[_cell(line, line.reach)] * reach])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(line: Line, values: "list[float] | tuple[float, ...]") -> str:
    return " / ".join(map(line.form, values))


def _load() -> str:
    return Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
