"""Random histories under faults keep every promise; and a server that is broken on purpose is found out.

`FAULTS_SEED=N` runs the history of that seed alone, `FAULTS_STEPS=S` with so many steps. For hours of it see
`python3 -m tests.faults --help`.
"""

import itertools
import os
import random
import re
from pathlib import Path

import pytest

from tests.faults.driver import run_history
from tests.faults.plan import make_plan

GIVEN = os.environ.get("FAULTS_SEED")
STEPS = int(os.environ.get("FAULTS_STEPS", "55"))
SEEDS = [2, 3, 9, random.SystemRandom().randrange(10**9)] if GIVEN is None else [int(GIVEN)]
"""Three that are always the same, and one that nobody has tried before."""

OVER_TLS = 1
"""Which of these is over TLS."""

BROKEN_STEPS = 50
BROKEN_REST = 1.5
"""Seconds in which the clients of a broken server may come to rest; many never do."""


def test_a_seed_is_a_plan() -> None:
    assert make_plan(7, 200) == make_plan(7, 200)
    assert make_plan(7, 200) != make_plan(8, 200)


@pytest.mark.parametrize(
    "number", range(len(SEEDS))
)  # not the seed itself: names of tests are always the same
async def test_nothing_is_lost_doubled_or_reordered(number: int, tmp_path: Path) -> None:
    outcome = await run_history(SEEDS[number], tmp_path / "history", STEPS, tls=number == OVER_TLS)
    print(outcome)
    assert not outcome.wrong, outcome.report()
    assert outcome.stored > 50
    assert outcome.kills


def _has_flood(seed: int) -> bool:
    return any(step.verb == "flood" for step in make_plan(seed, BROKEN_STEPS).steps)


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "sentence", "likely"),  # `likely`: a seed that shows it soon
    [
        ("forget-cids", "doubled", 9),
        ("acknowledge-early", "LOST", 9),
        ("count-outside", "seqs have a gap", 9),
        ("shuffle-batches", "no word of what was left out", 9),
        ("keep-telling-the-removed", "was removed from .* and saw", 11),
        ("say-nothing-of-gaps", "no word of what was left out|did not come to rest", 17),
    ],
)
async def test_a_broken_server_is_found_out(fault: str, sentence: str, likely: int, tmp_path: Path) -> None:
    flooded = fault == "say-nothing-of-gaps"  # who reads all in time is never behind
    others = (seed for seed in range(10, 200) if not flooded or _has_flood(seed))
    for seed in [likely, *itertools.islice(others, 7)]:
        program = ("tests.faults.broken", fault)
        outcome = await run_history(seed, tmp_path / str(seed), BROKEN_STEPS, program, BROKEN_REST)
        if any(re.search(sentence, wrong) for wrong in outcome.wrong):
            return
    pytest.fail(f"nobody noticed {fault} in eight histories")
