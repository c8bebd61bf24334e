"""Measure the real server, with durability on, over real sockets: `python3 -m tests.benchmarks [A B …]`.

The server runs on one core, the load on another. One table comes out, with the commit it was run on. Figures
are medians of `--runs`; machines are noisy, so compare ratios of figures from one run. `client` instead of
workloads measures the screen: see `client`.
"""

import argparse
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from protocol import codec, frames
from server.state.entries import Draft
from server.store.sqlite import SqliteLog
from tests.benchmarks.generator import Load
from tests.support.processes import ENVIRONMENT

ARCHIVE = 1_000_000
IDLE = 5_000
OVER_TLS = ("A", "E", "F")
"""What `--tls` measures a second time."""

GENERATOR_SECONDS = 300
"""A run that takes longer hangs."""
FIGURES = dict[str, float]

FAN_OUT: dict[str, tuple[str, dict[str, Any]]] = {
    "A": ("one room of 100, 10 senders", {"members": 100, "senders": 10}),
    "A1": ("the same, window of 1", {"members": 100, "senders": 10, "window": 1}),
    "B": ("one room of 1,000, 10 senders", {"members": 1000, "senders": 10}),
    "C": ("one room of 5,000, 5 senders", {"members": 5000, "senders": 5}),
    "D": ("200 rooms of 10, 1 sender each", {"rooms": 200, "members": 10, "senders": 1}),
}
OTHERS = {
    "E": "one room of 100 at 100 messages/s: send to delivery",
    "F": f"{IDLE:,} idle sessions: memory of each, logins with a token",
    "G": f"a page of 50 from {ARCHIVE:,} events",
    "H": f"start with {ARCHIVE:,} events stored",
    "P": "5,000 of one room come back at once and watch it: what they are told of each other",
}


@contextlib.contextmanager
def serving(
    data: Path | None, core: int, *, tls: bool = False
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server process on its own core, and its port. Without data it is the bare one."""
    options = ["tests.benchmarks.bare"]
    if data is not None:
        listen = f"{'tls' if tls else 'plain'}://127.0.0.1:0"
        options = ["server", "--listen", listen, "--data", str(data), "--no-limits"]
    process = subprocess.Popen(
        [sys.executable, "-m", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if tls else None,  # its pin, which nobody asks for here
        text=True,
        preexec_fn=lambda: pin(core),
        env={**os.environ, **ENVIRONMENT},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield process, int(line.rpartition(":")[2])
    finally:
        process.terminate()
        process.wait()


def pin(core: int) -> None:
    """Stay on one core, where the platform can; and allow thousands of sockets."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def generate(kind: str, load: Load, *extra: object, core: int = 1) -> FIGURES:
    """Run the load in a process on the other core."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.benchmarks.generator",
            kind,
            json.dumps(asdict(load)),
            json.dumps(extra),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=GENERATOR_SECONDS,
        preexec_fn=lambda: pin(core),
    )
    figures: FIGURES = json.loads(done.stdout)
    return figures


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, seconds: float, archive: Path, *, tls: bool = False, bare: bool = False) -> FIGURES:
    """One run of one workload."""
    with tempfile.TemporaryDirectory() as folder:
        data = None if bare else archive if name in "GH" else Path(folder)
        kept = str(Path(folder) / "tokens.json")
        if name == "F":
            with serving(data, 0) as (_, port):
                generate("make_users", Load(port, members=IDLE), kept)
        if name == "P":
            with serving(data, 0) as (_, port):
                generate("gather", Load(port, members=IDLE))
        began = time.perf_counter()
        with serving(data, 0, tls=tls) as (process, port):
            load = Load(port, seconds=seconds, tls=tls)
            started = time.perf_counter() - began
            if name == "H":
                return {"s": started}
            used = processor(process.pid)
            if name in FAN_OUT:
                figures = generate("fan_out", replace(load, **FAN_OUT[name][1]))
            elif name == "E":
                figures = generate("latency", replace(load, rate=100))
            elif name == "F":
                figures = generate("idle", replace(load, members=IDLE), process.pid, kept)
            elif name == "P":
                figures = generate("come_back", replace(load, members=IDLE))
            else:
                figures = generate("history", load, ARCHIVE)
            return {**figures, "server": processor(process.pid) - used}


def fill(data: Path) -> None:
    """Make a store with a room of a million events."""
    log = SqliteLog(data)
    log.load()
    body = codec.pack(frames.TextBody("x" * 100))
    user = codec.pack(frames.NickBody("writer"))
    log.append([Draft("", 0, "writer", "user", 0, user), Draft("#archive", 1, "writer", frames.JOIN, 0)])
    for start in range(0, ARCHIVE, 10_000):
        log.append(
            [
                Draft("#archive", 1, "writer", frames.MESSAGE, number, body, f"archive-{number}")
                for number in range(start, start + 10_000)
            ]
        )
    log.close()


def told(name: str, runs: list[FIGURES]) -> str:
    """The figures of a workload, as one would say them."""
    middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    if name in FAN_OUT:
        return (
            f"{middle['deliveries'] / 1e6:.2f} M deliveries/s ({middle['sends']:,.0f} sends/s), "
            f"server {middle['server'] / middle['acknowledged'] * 1e6:.0f} µs a send, "
            f"load {middle['busy']:.0%} busy"
        )
    if name == "E":
        return f"p50 {middle['p50']:.2f} ms, p99 {middle['p99']:.2f} ms, load {middle['busy']:.0%} busy"
    if name == "F":
        return (
            f"{middle['kB']:.1f} kB each, {middle['logins']:,.0f} logins/s (load {middle['busy']:.0%} busy), "
            f"then {middle['syncs']:,.0f} syncs/s"
        )
    if name == "P":
        return (
            f"logins in {middle['login']:.1f} s, {middle['MB']:.1f} MB in {middle['frames']:,.0f} frames, "
            f"server {middle['server']:.1f} s of processor, load {middle['busy']:.0%} busy"
        )
    if name == "G":
        return f"p50 {middle['p50']:.2f} ms, p99 {middle['p99']:.2f} ms"
    return f"{middle['s']:.2f} s"


def main() -> None:
    """Run and print."""
    if sys.argv[1:2] == ["client"]:
        from tests.benchmarks import client  # the screen's; it needs Linux

        client.main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*FAN_OUT, *OTHERS]
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {' '.join(names)}; default all")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--bare", action="store_true", help="beside each, a server that only hands round")
    parser.add_argument("--tls", action="store_true", help=f"{', '.join(OVER_TLS)} also over TLS")
    given = parser.parse_args()
    chosen = [name.upper() for name in given.workloads] or names
    if unknown := set(chosen) - set(names):
        parser.error(f"there is no workload {', '.join(sorted(unknown))}; there are {' '.join(names)}")
    if given.bare and set(chosen) & set("FGH"):
        parser.error("--bare is for A to E: a bare server keeps nothing")
    git = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(git, stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    print(f"commit {commit or 'unknown'}, {os.cpu_count()} cores, median of {given.runs}\n")
    print("| | workload | measured |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder)
        if {"G", "H"} & set(chosen):
            fill(archive)
        for name in chosen:
            what = FAN_OUT[name][0] if name in FAN_OUT else OTHERS[name]
            kinds: dict[str, dict[str, bool]] = {what: {}}
            if given.tls and name in OVER_TLS:
                kinds["the same over TLS"] = {"tls": True}
            if given.bare:
                kinds["bare, nothing stored"] = {"bare": True}
            # Alternating, for a machine is not the same from one minute to the next.
            runs = [
                {kind: measure(name, given.seconds, archive, **options) for kind, options in kinds.items()}
                for _ in range(given.runs)
            ]
            for kind in kinds:
                print(f"| {name} | {kind} | {told(name, [run[kind] for run in runs])} |", flush=True)


if __name__ == "__main__":
    main()
