"""Names that look the same. Run as a program with Unicode's `confusables.txt`, this writes the table anew."""

import sys
import textwrap
from pathlib import Path

import pytest

from server.state import lookalike_table
from server.state.lookalikes import skeletons, table


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "аlice"),  # a Cyrillic a
        ("alice", "ALICE"),
        ("alice", "AIice"),  # a capital i
        ("alice", "ALICЕ"),  # a Cyrillic capital E
        ("Bob", "Воb"),  # Cyrillic V and o
        ("bob", "b0b"),
        ("lll", "I1l"),
        ("Ωmega", "ωmega"),
        ("zoë", "zoe\u0308"),
        ("scope", "ѕсоре"),
    ],
)
def test_these_look_the_same(one: str, other: str) -> None:
    assert skeletons(one) & skeletons(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ian", "lan"), ("zoe", "zoë"), ("tom", "torn"), ("anna", "ann"), ("u1", "u2"), ("日本", "日木")],
)
def test_these_do_not(one: str, other: str) -> None:
    assert not skeletons(one) & skeletons(other)


def main() -> None:
    """Write the table."""
    path = Path(lookalike_table.__file__)
    head = path.read_text("utf-8").partition("TABLE = ")[0]
    made = textwrap.wrap(table(Path(sys.argv[1]).read_text("utf-8")), 100, break_on_hyphens=False)
    lines = "".join(f'    "{line} "\n' for line in made[:-1]) + f'    "{made[-1]}"\n'
    path.write_text(f"{head}TABLE = (\n{lines})\n", "utf-8")


if __name__ == "__main__":
    main()
