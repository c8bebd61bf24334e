"""Wherever a line is cut, each part has the cells that it is to have."""

import random

import pytest
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment

from chat_tui.tui import cutting

cutting.install()

SEEN = [
    "a",
    " ",
    "日",
    "👩‍👩‍👧",
    "👍🏽",
    "🇩🇪",
    "🇩",
    "e\u0301",
    "\u0301",
    "\u200d",
    "\ufe0f",
    "❤️",
    "✈️",
    "❤",
    "한",
    "ﷺ",
]


def texts() -> list[str]:
    chosen = random.Random(1)
    return ["".join(chosen.choices(SEEN, k=chosen.randint(1, 8))) for _ in range(1000)]


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_a_line_is_cut_to_cells_wherever_that_is(start: int) -> None:
    for text in texts()[start : start + 250]:
        width = cell_len(text)
        for cut in range(1, width):
            pieces = [list(piece) for piece in Segment.divide([Segment(text)], [cut, width])]
            cells = [sum(segment.cell_length for segment in piece) for piece in pieces]
            assert cells == [cut, width - cut], (text, cut)
            assert cell_len(set_cell_size(text, cut)) == cut, (text, cut)


def test_of_what_is_cut_apart_nothing_is_left() -> None:
    before, after = Segment("a👩‍👩‍👧b").split_cells(2)
    assert (before.text, after.text) == ("a ", " b")
    before, after = Segment("a❤️b").split_cells(2)
    assert (before.text, after.text) == ("a ", " b")


def test_between_two_nothing_is_lost() -> None:
    before, after = Segment("e\u0301👩‍👩‍👧日").split_cells(3)
    assert (before.text, after.text) == ("e\u0301👩‍👩‍👧", "日")


def test_so_many_cuts_are_remembered() -> None:
    for number in range(cutting.REMEMBERED + 100):
        cutting._split_segment(Segment(f"日{number}"), 1)
    assert cutting._split_segment.cache_info().currsize == cutting.REMEMBERED
