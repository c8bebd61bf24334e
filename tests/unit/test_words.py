"""What a word is, and what a text holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import words as module
from protocol.words import CHARACTERS, LETTERS, holds, spans_of, term_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The disk is FULL!", ["the", "disk", "is", "full"]),
        ("web-4.12_0 (snake_case)", ["web", "4", "12", "0", "snake", "case"]),
        ("Crème brûlée, Straße, ÅNGSTRÖM", ["creme", "brulee", "strasse", "angstrom"]),
        ("東京 abc京都", ["東", "京", "abc", "京", "都"]),
        ("ﾃﾞｨｽｸ ﬁle", ["テ", "ィ", "ス", "ク", "file"]),
        ("👍🏽 ok ❤️", ["👍", "ok", "❤"]),
        ("Ελλάδα ёлка", ["ελλαδα", "елка"]),
        ("हिन्दी", ["हिनदी"]),
        ("* - \"' ([·", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "word", "there"),
    [
        ("the Disk is full", "disk", True),
        ("the Disk is full", "DIS", True),
        ("the Disk is full", "isk", False),
        ("the Disk is full", "d", False),
        ("plan d failed", "d", True),
        ("今日は東京へ行く", "東京", True),
        ("今日は東京へ行く", "京東", False),
        ("Köln", "koln", True),
        ("release-4.12.1", "release-4.12", True),
        ("release 4 of 12", "4.12", False),
    ],
)
def test_a_word_is_found_by_its_beginning(text: str, word: str, *, there: bool) -> None:
    term = term_of(word, phrase=False)
    assert term is not None
    assert holds(text, [term]) is there


def test_what_stands_for_a_sentence_makes_no_text_endless() -> None:
    assert len("".join(words_of("\ufdfa" * 5_000))) <= LETTERS


def test_a_phrase_stands_there_as_it_is() -> None:
    def found(text: str, phrase: str) -> bool:
        term = term_of(phrase, phrase=True)
        return term is not None and holds(text, [term])

    assert found("well, the DISK: is full", "disk is")
    assert not found("the disk isn't", "disk is full")
    assert not found("the disks are full", "disk")
    assert not found("is disk", "disk is")
    assert term_of("?!", phrase=True) is None


@given(st.text())
def test_a_word_has_no_sign_in_it(text: str) -> None:
    for word in words_of(text):
        assert word
        assert not set(word) & set("·\"*'- :^(){}\x00")
    assert words_of(text) == words_of(" ".join(words_of(text))) or not text.isascii()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("web-4.12 (snake_case)!", ["web", "4", "12", "snake", "case"]),
        ("नमस्ते कमला!", ["नमस्ते", "कमला"]),
        ("e\u0301te\u0301, שָׁלוֹם", ["e\u0301te\u0301", "שָׁלוֹם"]),
        ("ที่นี่ ok", ["ที่", "นี่", "ok"]),
        ("太郎さんabc👍🏽", ["太", "郎", "さ", "ん", "abc", "👍", "🏽"]),
        ("5㎏, 20€", ["5㎏", "20", "€"]),
        ("* - “·", []),
    ],
)
def test_where_the_words_stand(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in spans_of(text)] == words


@given(st.text(max_size=60))
def test_where_the_words_stand_is_where_they_are_found(text: str) -> None:
    spans = list(spans_of(text))
    assert "".join(word for start, end in spans for word in words_of(text[start:end])) == (
        "".join(words_of(text))
    )
    edges = [at for span in spans for at in span]
    assert edges == sorted(edges)


def test_so_many_characters_are_remembered() -> None:
    for code in range(0x4E00, 0x4E00 + CHARACTERS + 100):
        module._kind(chr(code))
    assert module._kind.cache_info().currsize == CHARACTERS
