"""How well names fit what was typed of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.commands.matching import BEGINS, INSIDE, LETTERS, PART, best, fit


@pytest.mark.parametrize(
    ("wanted", "name", "how"),
    [
        ("gen", "general", BEGINS),
        ("", "general", BEGINS),
        ("ops", "web-ops", PART),
        ("ops", "loops-ops", PART),
        ("ops", "loops", INSIDE),
        ("wbo", "web-ops", LETTERS),
        ("obw", "web-ops", None),
        ("generals", "general", None),
    ],
)
def test_fit(wanted: str, name: str, how: int | None) -> None:
    assert fit(wanted, name) == how


def test_the_best_come_first_and_equals_keep_their_order() -> None:
    names = ["oddness", "deploys", "Dev", "x-dev", "DELTA"]
    assert [name for _, name in best("de", names, lambda name: (name,))] == [
        "deploys",
        "Dev",
        "DELTA",
        "x-dev",
        "oddness",
    ]
    assert best("de", names, lambda name: (name,), PART) == [
        *((BEGINS, name) for name in names[1:3]),
        (BEGINS, "DELTA"),
        (PART, "x-dev"),
    ]


@given(st.text(max_size=6), st.text(max_size=12))
def test_what_fits_has_all_the_letters(wanted: str, name: str) -> None:
    if fit(wanted, name) is not None:
        assert all(name.count(letter) >= wanted.count(letter) for letter in wanted)
