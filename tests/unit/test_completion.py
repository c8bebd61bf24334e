"""What Tab offers, by where the cursor stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.commands.completion import Completion, Known, complete
from chat_tui.commands.registry import BY_NAME

KNOWN = Known(
    rooms=("#general", "#deploys", "#Ärger"),
    names=("bob", "Bea", "alice"),
    themes=("chat-dark", "chat-light"),
)


@pytest.mark.parametrize(
    ("line", "start", "candidates"),
    [
        # commands
        ("/jo", 0, ("/join ",)),
        ("/JO", 0, ("/join ",)),
        ("/q", 0, ("/quit ",)),
        ("/part", 0, ("/leave ",)),
        ("/xyz", 0, ()),
        # their arguments
        ("/join #", 6, ("#general ", "#deploys ", "#Ärger ")),
        ("/join ", 6, ("#general ", "#deploys ", "#Ärger ")),
        ("/join dep", 6, ("#deploys ",)),
        ("/join #DEP", 6, ("#deploys ",)),
        ("/join ä", 6, ("#Ärger ",)),
        ("/join #general #d", 15, ()),
        ("/help to", 6, ("topic ",)),
        ("/theme chat-l", 7, ("chat-light ",)),
        ("/me hugs b", 9, ("bob ", "Bea ")),
        ("/me thanks al", 11, ("alice ",)),
        ("/nick a", 6, ()),
        ("/xyz a", 5, ()),
        # messages
        ("b", 0, ("bob: ", "Bea: ")),
        ("B", 0, ("bob: ", "Bea: ")),
        ("@b", 0, ("@bob ", "@Bea ")),
        ("thanks b", 7, ("bob ", "Bea ")),
        ("see #d", 4, ("#deploys ",)),
        ("two\nbe", 4, ("Bea ",)),
        ("//b", 0, ()),
        ("xyz", 0, ()),
        ("", 0, ()),
        ("hello ", 6, ()),
        # blanks before a command: it is one all the same, but too odd to complete
        (" /jo", 1, ()),
        ("  /join #d", 8, ("#deploys ",)),
        ("/ x", 2, ()),
    ],
)
def test_candidates(line: str, start: int, candidates: tuple[str, ...]) -> None:
    assert complete(line, KNOWN) == Completion(start, candidates)


def test_every_command_is_offered() -> None:
    offered = complete("/", KNOWN).candidates
    assert set(offered) == {f"/{command.name} " for command in BY_NAME.values()}


@given(st.text(alphabet=st.sampled_from("/jointhe #@ab\n\t-"), max_size=25))
def test_what_is_offered_fits_where_it_goes(line: str) -> None:
    offered = complete(line, KNOWN)
    word = line[offered.start :]
    assert not any(character.isspace() for character in word)
    for candidate in offered.candidates:
        if line and candidate[0] != "/":
            assert candidate.casefold().lstrip("#").startswith(word.casefold().lstrip("#"))
        assert candidate.endswith(" ")


@given(st.text(max_size=40))
def test_no_line_is_too_odd(line: str) -> None:
    offered = complete(line, KNOWN)
    assert 0 <= offered.start <= len(line)
