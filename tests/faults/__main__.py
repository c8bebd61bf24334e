"""Histories for hours: `python3 -m tests.faults [--seed N] [--minutes M] [--steps S] [--tls] [--fault NAME]`.

Runs one history after another, seeds N, N + 1, … (N is random if not given), for M minutes (10), each of S
steps (120), and prints a line for each. Of one that went wrong it prints the sentences, and its folder
stays: the plan (`plan.txt`), the records of each client (`*.jsonl`), the outboxes, the caches, the store
(`data/`) and what the processes wrote to stderr (`complaints.txt`). The folders of the others are removed.

The same seed and number of steps make the same plan again. What the machine adds is only when a step falls
into what goes on meanwhile, so what needs one exact moment may need a few runs: `--seed N --again R`.

`--fault` runs against a server that is broken on purpose (see `broken`). The status is 1 if anything went
wrong.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.broken import FAULTS
from tests.faults.driver import run_history
from tests.faults.launch import REAL


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m tests.faults", description="Random histories under faults."
    )
    parser.add_argument("--seed", type=int, default=None, help="the first seed (default: a random one)")
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="how long to go on (default: %(default)g)"
    )
    parser.add_argument("--steps", type=int, default=120, help="steps of one history (default: %(default)d)")
    parser.add_argument("--again", type=int, default=0, metavar="R", help="only the first seed, R times")
    parser.add_argument("--tls", action="store_true", help="over TLS")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="break the server on purpose")
    return parser.parse_args()


async def _run(given: argparse.Namespace) -> int:
    seed = random.SystemRandom().randrange(10**9) if given.seed is None else given.seed
    program = REAL if given.fault is None else ("tests.faults.broken", given.fault)
    logs = Path(tempfile.mkdtemp(prefix="chat-faults-"))
    end = time.monotonic() + given.minutes * 60
    histories = wrong = 0
    while time.monotonic() < end and (not given.again or histories < given.again):
        outcome = await run_history(seed, logs / f"{seed}-{histories}", given.steps, program, tls=given.tls)
        histories += 1
        print(outcome, flush=True)
        if outcome.wrong:
            wrong += 1
            print(outcome.report(), flush=True)
        else:
            shutil.rmtree(outcome.folder)
        seed += not given.again
    print(f"{histories} histories, {wrong} went wrong" + (f"; their logs are in {logs}" if wrong else ""))
    if not wrong:
        shutil.rmtree(logs)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(_parse())))
