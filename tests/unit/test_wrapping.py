"""Wrapping keeps the text, the width and the words."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from textual.strip import Strip

from chat_tui.markup import wrapping
from chat_tui.markup.wrapping import clusters, displayable, measurable_parts, snap, truncate, wrap
from protocol.text import clean_text
from tests.support.work import calls_made

FAMILY = "👨\u200d👩\u200d👧"

# Beside any text: what is likely to go wrong, mixed.
hard_text = st.lists(
    st.sampled_from(
        [
            " ",
            "  ",
            "\n",
            "a",
            "word",
            "日",
            "本。",
            "「",
            FAMILY,
            "\u200d",
            "\ufe0f",
            "❤\ufe0f",
            "e\u0301",
            "🇩🇪",
            "🇩",
            "👍🏽",
        ]
    ),
    max_size=30,
).map("".join)
any_text = st.text(max_size=80) | hard_text
widths = st.integers(1, 60)


def lines(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, width)]


@given(any_text, widths)
@example("hello      ", 5)
@example("      ", 3)
@example("a \u200db", 2)
def test_only_blanks_at_line_ends_are_left_out(text: str, width: int) -> None:
    at = 0
    spans = wrap(text, width)
    for index, (start, end) in enumerate(spans):
        assert at <= start <= end
        assert re.fullmatch(" *\n?" if index else "", text[at:start])
        at = end
    assert not text[at:].strip(" ")
    # A newline always ends a line, so as many are left out as there are.
    left_out = sum("\n" in text[a[1] : b[0]] for a, b in pairwise(spans))
    assert left_out == text.count("\n")


@given(any_text, widths)
@example(FAMILY, 1)
@example("日本", 1)
@example("日本    ", 4)
def test_no_line_is_wider_than_the_width(text: str, width: int) -> None:
    for line in lines(text, width):
        assert cell_len(line) <= width or len(list(clusters(line))) == 1


@given(st.text(st.sampled_from("ab  -"), max_size=60), widths)
def test_both_ways_of_wrapping_agree(text: str, width: int) -> None:
    narrow: list[tuple[int, int]] = []
    wide: list[tuple[int, int]] = []
    wrapping._wrap_narrow(text, 0, len(text), width, narrow)
    wrapping._wrap_wide(text, 0, len(text), width, wide)
    assert narrow == wide


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, [""]),
        ("hello world", 7, ["hello", "world"]),
        ("hello world", 5, ["hello", "world"]),
        ("hello   world", 6, ["hello", "world"]),
        ("  an indented line", 9, ["  an", "indented", "line"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("one\n\ntwo\n", 10, ["one", "", "two", ""]),
        ("日本語です。終わり", 10, ["日本語で", "す。終わり"]),
        ("「日本」語", 4, ["「日", "本」", "語"]),
        ("go 日本", 5, ["go 日", "本"]),
        (f"{FAMILY} {FAMILY}", 3, [FAMILY, FAMILY]),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, width: int, expected: list[str]) -> None:
    assert lines(text, width) == expected


def test_what_is_taken_for_narrow_is_one_cell_wide() -> None:
    narrow = [chr(code) for code in range(0x3000) if wrapping._NARROW.fullmatch(chr(code))]
    assert len(narrow) > 1_000
    assert all(get_character_cell_size(character) == 1 for character in narrow)


@given(any_text)
def test_clusters_cover_the_text_and_add_up(text: str) -> None:
    found = list(clusters(text))
    assert "".join(text[start:end] for start, end, _ in found) == text
    for line in text.split("\n"):
        assert sum(cells for _, _, cells in clusters(line)) == cell_len(line)


@pytest.mark.parametrize("character", [FAMILY, "❤\ufe0f", "e\u0301", "🇩🇪", "👍🏽", "한"])
def test_a_cluster_is_what_one_sees_as_a_character(character: str) -> None:
    assert [text_end - start for start, text_end, _ in clusters(f"x{character}y")] == [1, len(character), 1]


@given(any_text)
def test_parts_give_back_the_text_and_each_can_be_measured_by_character(text: str) -> None:
    parts = measurable_parts(text)
    assert "".join(parts) == text
    for part in parts:
        by_character = sum(map(get_character_cell_size, part))
        assert len(list(clusters(part))) == 1 or cell_len(part) == by_character


@given(any_text, st.integers(0, 20))
def test_truncated_text_fits(text: str, width: int) -> None:
    line = displayable(text).replace("\n", " ")
    short = truncate(line, width)
    assert cell_len(short) <= width
    if cell_len(displayable(line)) > width > 0:
        assert short.endswith("…")
        assert cell_len(short) >= width - 1


@given(any_text.map(clean_text), st.integers(0, 80), st.integers(0, 80))
def test_snapping_widens_to_whole_clusters(text: str, one: int, other: int) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    first, last = snap(text, start, end)
    edges = {0, len(text), *(edge for span in clusters(text) for edge in span[:2])}
    assert first <= start
    assert last >= end
    if start < end:
        assert {first, last} <= edges


def test_lines_are_never_one_cluster() -> None:
    assert snap("é\nx", 1, 2) == (1, 2)
    assert snap("x\n\u0301é", 2, 3) == (2, 3)
    assert snap("👨\u200d\nx", 1, 3) == (0, 3)


def test_tabs_are_expanded_and_marks_bounded() -> None:
    assert displayable("\tx") == "    x"
    assert displayable("a\ue000\u200db") == "a\ue000\u200db"
    assert displayable("\u200d\ufe0fx\u200d\n\u200dy \u200dz\u200d") == "x\ny z"
    assert len(displayable("e" + "\u0301" * 10_000)) < 20


@given(any_text, st.integers(0, 40), st.integers(1, 40))
@example("0\x1b\ufe0f", 0, 1)
@example("0\u200d\ufe0f", 0, 1)
def test_textual_can_cut_what_is_displayed_anywhere(text: str, start: int, width: int) -> None:
    text = displayable(text)
    for a, b in wrap(text, 40):
        strip = Strip([Segment(part) for part in measurable_parts(text[a:b])]).adjust_cell_length(40)
        assert cell_len(strip.text) == 40
        assert strip.crop(start, start + width).cell_length <= width


@pytest.mark.parametrize("unit", ["a", "\n", "日", " ", "a ", FAMILY, "e\u0301", "\u200d"])
def test_long_texts_take_linear_work(unit: str) -> None:
    def work(count: int) -> int:
        return calls_made(lambda: wrap(displayable(unit * count), 80))

    work(1_000)  # what is remembered from then on
    assert work(8_000) <= 2.2 * work(4_000) + 100
