"""The rows of an editor: none is too wide, all characters stand in some, and a key costs those it changes."""

import random

import pytest
from rich.cells import cell_len
from textual.document._document import Document

from chat_tui.markup import wrapping
from chat_tui.tui.widgets.composer.visual_rows import Rows

LETTERS = ["a", "b", " ", " ", ".", "\t", "é", "日", "本", "e\u0301", "\u0301", "🇩", "🇪", "👍🏽", "\u200d"]


def rows_of(text: str, width: int) -> list[str]:
    return Rows(Document(text), width).get_sections(0)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("one two three", ["one ", "two ", "three"]),
        ("longwords go on", ["longw", "ords ", "go on"]),
        ("a longword", ["a ", "longw", "ord"]),
        ("ab    cd", ["ab   ", " cd"]),
        ("   abcdef", ["   ab", "cdef"]),
        ("日本語の文", ["日本", "語の", "文"]),
        ("abcd🇩🇪x", ["abcd", "🇩🇪x"]),
        ("abcde\u0301f", ["abcde\u0301", "f"]),
        ("a\tbc", ["a\t", "bc"]),
        ("", [""]),
    ],
)
def test_where_rows_end(text: str, rows: list[str]) -> None:
    assert rows_of(text, 5) == rows


def test_any_text_stands_in_rows_that_are_not_too_wide() -> None:
    chosen = random.Random(1)
    for _ in range(300):
        text = "".join(chosen.choices(LETTERS, k=chosen.randint(0, 60)))
        width = chosen.randint(4, 20)
        rows = rows_of(text, width)
        assert "".join(rows) == text
        assert all(cell_len(row.expandtabs(4)) <= width for row in rows if row.isascii()), (text, width)
        assert all(cell_len(row) <= width for row in rows), (text, width)


@pytest.mark.parametrize("letters", ["ab    .", "日本語。かな"])
def test_what_is_wrapped_quickly_is_wrapped_like_any(letters: str) -> None:
    chosen = random.Random(2)
    for _ in range(300):
        text = "".join(chosen.choices(letters, k=chosen.randint(1, 60)))
        width = chosen.randint(2, 12)
        assert rows_of(text, width) == _slowly(text, width)


def _slowly(text: str, width: int) -> list[str]:
    rows, start = [], 0
    while start < len(text):
        end = wrapping._row_end_wide(text, start, width, 4)
        rows.append(text[start:end])
        start = end
    return rows


def test_after_any_edits_the_rows_are_those_of_the_text() -> None:
    chosen = random.Random(3)
    for _ in range(60):
        document = Document("".join(chosen.choices([*LETTERS, "\n"], k=80)))
        rows = Rows(document, chosen.randint(4, 20))
        for _ in range(40):
            start, end = sorted(_place(document, chosen) for _ in range(2))
            if chosen.random() < 0.8:
                end = min(end, (start[0], start[1] + 2))
            text = "".join(chosen.choices([*LETTERS, "\n"], k=chosen.choice((0, 1, 1, 5, 30))))
            result = document.replace_range(start, end, text)
            rows.wrap_range(start, end, result.end_location)
            fresh = Rows(document, rows._width)
            assert rows._wrap_offsets == fresh._wrap_offsets
            assert rows._offset_to_line_info == fresh._offset_to_line_info
            assert rows._line_index_to_offsets == fresh._line_index_to_offsets


def _place(document: Document, chosen: random.Random) -> tuple[int, int]:
    row = chosen.randrange(document.line_count)
    return row, chosen.randint(0, len(document.get_line(row)))


@pytest.mark.parametrize(
    ("text", "at"), [("word and ", 0), ("word and ", 0.5), ("x", 1), ("日本", 1), ("e\u0301", 1)]
)
def test_a_key_wraps_a_few_rows_however_long_the_line(
    text: str, at: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = (text * 20_000)[:20_000]
    document = Document(line)
    rows = Rows(document, 40)
    asked: list[int] = []
    row_end = wrapping.row_end

    def counted(text: str, start: int, width: int, tab: int) -> int:
        asked.append(start)
        return row_end(text, start, width, tab)

    monkeypatch.setattr(wrapping, "row_end", counted)
    place = (0, int(at * len(line)))
    end = document.replace_range(place, place, "y").end_location
    rows.wrap_range(place, place, end)
    assert 0 < len(asked) < 20
    monkeypatch.undo()
    assert rows._wrap_offsets == Rows(document, 40)._wrap_offsets
