"""The sanitizer: nothing that a terminal obeys comes through, nothing that a person reads is lost."""

import re
import sys
import time
import unicodedata
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.names import fold
from protocol.passwords import prepare
from protocol.text import MARKS, Form, clean_line, clean_text, limit_marks, normalize
from protocol.words import holds, term_of, words_of
from server.state.lookalikes import skeletons

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\u2028\u2029\u200b]"
)

NASTY = st.sampled_from(
    [
        "\x1b",
        "\x1b[",
        "\x1b]0;",
        "\x1b]8;;http://x\x1b\\",
        "\x1bP",
        "\x9b",
        "\x9d",
        "\x90",
        "\x9c",
        "\x07",
        "31m",
        "\r",
        "\r\n",
        "\n",
        "\t",
        "\x00",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202e",
        "\u2066",
        "\ud800",
        "\u200d",
        "é",
        "😀",
    ]
)
ALPHABET = st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"])
TEXTS = st.lists(NASTY | st.text(ALPHABET, max_size=5), max_size=20).map("".join)


@given(TEXTS)
def test_nothing_that_a_terminal_obeys_comes_through(text: str) -> None:
    assert not FORBIDDEN.search(clean_text(text))
    line = clean_line(text)
    assert not FORBIDDEN.search(line)
    assert "\n" not in line
    assert "\t" not in line


def test_no_single_character_that_a_terminal_obeys_comes_through() -> None:
    for number in range(0x3000):
        assert not FORBIDDEN.search(clean_text(f"a{chr(number)}b")), hex(number)


@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@given(TEXTS)
def test_what_is_clean_can_be_sent_and_stored(text: str) -> None:
    assert clean_text(text).encode().decode() == clean_text(text)


@given(TEXTS, st.integers(1, 30))
def test_a_line_has_at_most_the_limit(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert len(line) <= limit
    whole = clean_line(text)
    assert line == whole if len(whole) <= limit else line == whole[: limit - 1] + "…"


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "two\nlines\tand a tab",
        "👨‍👩‍👧‍👦 family, 🏳️‍🌈 flag",
        "❤️ heart, 👍🏽 tone",
        "日本語の文章、改行\nなし",
        "العربية \u200f(ok)\u200e",
        "می\u200cخواهم",
        "e\u0301 o\u0308 n\u0303",
        "क्षत्रिय",
        "עברית",
        "[31m is no sequence",
        "50% ✓ — “quoted” …",
        "",
    ],
)
def test_normal_text_is_unchanged(text: str) -> None:
    assert clean_text(text) == text


@given(
    st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\u3164"), max_size=40)
)
def test_letters_and_signs_are_unchanged(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[32mOK\x1b[0m", "OK"),
        ("\x1b[38;2;1;2;3mred\x1b[m", "red"),
        ("\x9b1mbold", "bold"),
        ("\x1b[2J\x1b[Hgone", "gone"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d52;c;Zm9v\x9cclip", "clip"),
        ("\x1bPq#0;2;0\x1b\\sixel", "sixel"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("\u202eevil\u202c", "evil"),
        ("a\x00b\x07c\x7fd", "abcd"),
        ("\ud83d", "\ufffd"),
        # What has no end loses its control character only.
        ("\x1b]0;title", "]0;title"),
        ("\x1b]0;a\nb\x07", "]0;a\nb"),
        ("\x9dall of this", "all of this"),
        ("\x1b", ""),
        ("end \x1b[31", "end [31"),
        ("\x1bPq no end", "Pq no end"),
        ("\x9dlost \x9dfound\x9c", "lost "),
        # Pieces that would make a sequence once what is between them has gone.
        ("\x1b\x1b[0m[31mred", "[31mred"),
        ("\x1b\u202e[31mred", "[31mred"),
    ],
)
def test_sequences_vanish(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(
    st.text(st.characters(categories=["L", "N"]), max_size=20),
    st.sampled_from(["\x1b]", "\x9d", "\x1bP", "\x9f"]),
)
def test_an_unterminated_string_swallows_no_text(text: str, start: str) -> None:
    assert clean_text(start + text).endswith(text)


@pytest.mark.parametrize("piece", ["\x1b]", "\x9d", "\x1b", "\x9b0", "\x1b[0", "\r", "\x1bP\x9d", " \n"])
def test_cleaning_takes_time_in_proportion(piece: str) -> None:
    """A message that takes seconds to clean would freeze every client that shows it."""
    text = piece * 200_000
    start = time.thread_time()  # whatever else the machine does
    clean_line(text)
    assert time.thread_time() - start < 2


# --- normal forms

FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
MIXED = "\u0301\u0316\u0334\u05b0"
"""Marks of several classes: sorting a row of them is what takes long."""


_normalize = unicodedata.normalize


def longest_row(text: str) -> int:
    """The most marks that stand in a row when the text is taken apart: its square is the work."""
    apart = _normalize("NFKD", text)
    rows = "".join("m" if unicodedata.combining(character) else " " for character in apart)
    return max(map(len, rows.split()), default=0)


@pytest.mark.parametrize(
    "marks", [MIXED, "\u0f73\u0301", "\uff9e\uff9f\u0316", "\u0344\u0316", "\u0f75\u0f81"]
)
@pytest.mark.parametrize("times", [200, 400])
def test_no_more_marks_in_a_row_are_sorted_than_a_language_has(marks: str, times: int) -> None:
    limited = limit_marks(f"a{marks * times}b{marks * times}")
    assert longest_row(limited) <= 2 * MARKS
    assert (limited[0], limited.count("b")) == ("a", 1)


@pytest.mark.parametrize(
    "compare",
    [words_of, fold, skeletons, prepare, partial(holds, terms=()), partial(term_of, phrase=True)],
    ids=["words", "names", "lookalikes", "passwords", "search", "query"],
)
def test_whatever_is_compared_no_long_row_of_marks_is_sorted(
    compare: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 KiB of them once took a quarter of a second, in which the server did nothing else."""
    rows: list[int] = []

    def counted(form: Form, text: str) -> str:
        rows.append(longest_row(text))
        return _normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counted)
    compare("a" + MIXED * 500)
    assert rows
    assert max(rows) <= 2 * MARKS


@given(st.text(st.sampled_from(["a", "é", "字", *MIXED, "\u0f73", "\uff9e", "👍"]), max_size=200))
def test_text_with_few_marks_in_a_row_stays_as_it_is(text: str) -> None:
    if longest_row(text) <= MARKS:
        assert limit_marks(text) == text
        assert [normalize(form, text) for form in FORMS] == [
            unicodedata.normalize(form, text) for form in FORMS
        ]
    assert limit_marks(limit_marks(text)) == limit_marks(text)
    assert longest_row(limit_marks(text)) <= 2 * MARKS


def test_every_character_that_is_taken_apart_into_marks_is_known() -> None:
    apart = [
        one
        for one in map(chr, range(sys.maxunicode + 1))
        if unicodedata.decomposition(one)
        and not unicodedata.combining(one)
        and unicodedata.combining(unicodedata.normalize("NFKD", one)[0])
    ]
    assert all(limit_marks(one * 100) != one * 100 for one in apart)
