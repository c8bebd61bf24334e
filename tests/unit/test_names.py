"""What users and rooms may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits, names
from protocol.names import BadNameError, check_new_user_name, check_room_name, check_user_name, fold

CHARACTERS = st.characters() | st.sampled_from("ßİıſKÅﬃﷺͺ½①\u0345\u034f\u3164\ufe0f\u200d")


@pytest.mark.parametrize(
    "name", ["a", "7", "Ann", "ann-marie_2.0", "Łukasz", "日本語", "علي", "ราชา", "ö", "o\u0308", "a" * 32]
)
def test_good_user_names(name: str) -> None:
    assert fold(check_user_name(name)) == fold(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a\nb",
        "-a",
        ".a",
        "_a",
        "#a",
        "@a",
        "a@b",
        "a/b",
        "a:b",
        "a\x1b[31m",
        "a\u202eb",
        "😀",
        "a\u200db",
        "a\u200bb",
        "\u0301a",
        "a" * 33,
        "a" * 31 + "ﬃ",
        "½",
        "ﷺ",
        "ͺ",
        "⑴",
        "ann\u034f",
        "ann\ufe0f",
        "\u3164",
        "ann\u115f",
        "ann\U000e0100",
        "ann\u180b",
    ],
)
def test_bad_user_names(name: str) -> None:
    with pytest.raises(BadNameError):
        check_user_name(name)


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("general", "#general"),
        ("#General", "#general"),
        ("STRASSE", "#strasse"),
        ("Straße", "#strasse"),
        ("#dev.ops-2", "#dev.ops-2"),
        ("a" * 63, "#" + "a" * 63),
        ("#" + "a" * 63, "#" + "a" * 63),
    ],
)
def test_good_room_names(name: str, stored: str) -> None:
    assert check_room_name(name) == stored


@pytest.mark.parametrize("name", ["", "#", "##a", "# a", "a b", "a" * 64, "#" + "a" * 64, "½", "#ﷺ", "\x00"])
def test_bad_room_names(name: str) -> None:
    with pytest.raises(BadNameError):
        check_room_name(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "ANN"), ("Ａｎｎ", "ann"), ("o\u0308", "Ö"), ("ﬁn", "FIN"), ("\u212a", "k"), ("ß", "SS")],
)
def test_names_that_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_names_that_differ() -> None:
    assert fold("ann") != fold("anna")


@given(st.text(CHARACTERS, max_size=70))
def test_a_room_can_be_joined_by_the_name_it_has(name: str) -> None:
    try:
        stored = check_room_name(name)
    except BadNameError:
        return
    assert check_room_name(stored) == stored
    assert len(stored) <= limits.ROOM


@given(st.text(CHARACTERS, max_size=40))
def test_a_stored_user_name_is_a_good_one(name: str) -> None:
    try:
        stored = check_user_name(name)
    except BadNameError:
        return
    assert check_user_name(stored) == stored
    assert len(stored) <= limits.NAME
    assert stored.isprintable()
    assert names.fold(stored) == names.fold(name)


# --- scripts, for users and rooms alike


@pytest.mark.parametrize(
    "name",
    [
        "жук-2", "ελένη", "ann日本", "東京タワーのann", "中ㄅann", "한국漢字ann", "ann-שלום",
        "annกข", "राधा_x", "ꮳꮃꭹ", "ラーメン", "らーめん", "々", "é", "ё", "жук٣",
    ],
)  # fmt: skip
def test_scripts_that_are_written_together(name: str) -> None:
    assert check_user_name(name) == name
    assert check_room_name(name) == "#" + fold(name)


@pytest.mark.parametrize(
    "name",
    [
        "pаypal",  # Cyrillic а
        "generаl",
        "αnn",
        "annω",
        "жω",
        "ann日ж",
        "日ж",
        "กشا",
        "ann한日ひ",  # Korean with Japanese
        "annꭹ",  # Cherokee is of limited use, and looks like Latin
        "annⲁ",
    ],
)
def test_scripts_that_are_not(name: str) -> None:
    with pytest.raises(BadNameError, match="mix scripts"):
        check_user_name(name)
    with pytest.raises(BadNameError, match="a room's name can't mix scripts"):
        check_room_name(name)


# --- new names of users


@pytest.mark.parametrize(
    "name", ["Ann", "ann-marie_2.0", "Łukasz", "日本語", "علي", "שלום", "ราชา", "Straße"]
)
def test_good_new_names(name: str) -> None:
    assert check_new_user_name(name) == name


def test_a_new_name_is_in_its_one_form() -> None:
    assert check_new_user_name("o\u0308") == "ö"
    assert check_new_user_name("Ａnn") == "Ann"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ǆon", "'ǆ'"),
        ("Ⅷ", "'Ⅷ'"),
        ("aا", "one direction"),
        ("١", "one direction"),
        ("a b", "not ' '"),
        ("", "at least one letter"),
    ],
)
def test_bad_new_names_say_why(name: str, reason: str) -> None:
    with pytest.raises(BadNameError, match=reason):
        check_new_user_name(name)


@given(st.text(CHARACTERS, max_size=40))
def test_a_new_name_is_a_name(text: str) -> None:
    try:
        name = check_new_user_name(text)
    except BadNameError:
        return
    assert check_user_name(name) == name == check_new_user_name(name)
    assert fold(name) == fold(check_user_name(text))
