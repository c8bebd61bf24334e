"""What can be completed, by where the cursor stands."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.commands.completion import (
    AWAY,
    ONLINE,
    Candidate,
    Completion,
    Known,
    PersonCandidate,
    RoomCandidate,
    complete,
)
from chat_tui.commands.registry import BY_NAME
from chat_tui.markup.shortcodes import complete_emoji, load
from tests.support.work import calls_made

BOB, BEA, ALICE = (
    PersonCandidate("bob", ONLINE, "online"),
    PersonCandidate("Bea", AWAY, "away: lunch"),
    PersonCandidate("alice"),
)

KNOWN = Known(
    rooms=lambda: (
        RoomCandidate("#general", "be kind"),
        RoomCandidate("#deploys"),
        RoomCandidate("#Ärger"),
        RoomCandidate("@zed"),
    ),
    others=lambda: (RoomCandidate("#web-deploys"), RoomCandidate("#garden")),
    people=lambda: (BOB, BEA, ALICE),
    strangers=lambda: (PersonCandidate("zed"),),
    themes=lambda: ("chat-dark", "chat-light"),
    emoji=complete_emoji,
)


ACCENTED = Known(
    people=lambda: tuple(map(PersonCandidate, ("Zoë", "İpek", "Øyvind", "Łukasz", "zoe", "Ärger")))
)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("zoe", ("Zoë", "zoe")),
        ("zoë", ("Zoë",)),
        ("ip", ("İpek",)),
        ("İp", ("İpek",)),
        ("oy", ("Øyvind",)),
        ("luk", ("Łukasz",)),
        ("ar", ("Ärger",)),
        ("är", ("Ärger",)),
        ("a\u0308r", ("Ärger",)),
        ("ör", ()),
    ],
)
def test_names_are_completed_without_their_accents(typed: str, names: tuple[str, ...]) -> None:
    found = complete(f"@{typed}", ACCENTED)
    assert tuple(candidate.shown for candidate in found.candidates) == names


def texts(found: Completion) -> tuple[str, ...]:
    return tuple(candidate.text for candidate in found.candidates)


@pytest.mark.parametrize(
    ("line", "start", "candidates"),
    [
        # commands: what begins so, what is called so too, what has it inside
        ("/jo", 0, ("/join ",)),
        ("/JO", 0, ("/join ",)),
        ("/part", 0, ("/leave ",)),
        ("/q", 0, ("/quit ", "/msg ")),
        ("/roomlist", 0, ("/roomlist ",)),
        ("/xyz", 0, ()),
        # their arguments
        ("/leave #", 7, ("#general ", "#deploys ", "#Ärger ")),
        ("/leave ", 7, ("#general ", "#deploys ", "#Ärger ", "@zed ")),
        ("/leave gard", 7, ()),
        ("/join dep", 6, ("#deploys ", "#web-deploys ")),
        ("/join #GAR", 6, ("#garden ",)),
        ("/join ä", 6, ("#Ärger ",)),
        ("/join #general #d", 15, ()),
        ("/switch @", 8, ("@zed ",)),
        ("/help top", 6, ("topic ",)),
        ("/help /top", 6, ("topic ",)),
        ("/theme light", 7, ("chat-light ",)),
        ("/me hugs b", 9, ("bob ", "Bea ")),
        ("/me thanks al", 11, ("alice ",)),
        ("/invite ", 8, ("bob ", "Bea ", "alice ", "zed ")),
        ("/role b", 6, ("bob ", "Bea ")),
        ("/role @b", 6, ("@bob ", "@Bea ")),
        ("/role bob ", 10, ("owner ", "moderator ", "member ")),
        ("/role bob m", 10, ("moderator ", "member ")),
        ("/ban bob ", 9, ("10m ", "2h ", "1d ", "7d ")),
        ("/ban bob 7d b", 12, ()),
        ("/create #x p", 11, ("private ",)),
        ("/create #g", 8, ()),  # a new one
        ("/nick a", 6, ()),
        ("/xyz a", 5, ()),
        # messages: a plain word is a name only if it begins one
        ("b", 0, ("bob: ", "Bea: ")),
        ("B", 0, ("bob: ", "Bea: ")),
        ("@b", 0, ("@bob ", "@Bea ")),
        ("@li", 0, ("@alice ",)),
        ("li", 0, ()),
        ("thanks b", 7, ("bob ", "Bea ")),
        ("see #d", 4, ("#deploys ", "#web-deploys ")),
        ("two\nbe", 4, ("Bea ",)),
        ("two\n/jo", 4, ()),  # no command: the message has begun before it
        ("/me waves\nat @bo", 13, ("@bob ",)),
        ("//b", 0, ()),
        ("xyz", 0, ()),
        ("", 0, ()),
        # behind a sign that opens or divides
        ("(b", 1, ("bob ", "Bea ")),
        ("one,two,@b", 8, ("@bob ", "@Bea ")),
        ("“«be", 2, ("Bea ",)),
        ("**b", 2, ("bob ", "Bea ")),
        ("（b", 1, ("bob ", "Bea ")),
        ("see (#dep", 5, ("#deploys ", "#web-deploys ")),
        ("/me hugs (b", 10, ("bob ", "Bea ")),
        ("b)", 2, ()),
        ("(", 1, ()),
        ("hello ", 6, ()),
        # emoji, the shortest name of each
        ("done :tad", 5, ("🎉 ",)),
        (":TADA", 0, ("🎉 ",)),
        (":tada:", 0, ()),
        ("at 12:tad", 3, ()),
        # blanks before a command: it is one all the same, but too odd to complete
        (" /jo", 1, ()),
        ("  /join #d", 8, ("#deploys ", "#web-deploys ")),
        ("/ x", 2, ()),
    ],
)
def test_candidates(line: str, start: int, candidates: tuple[str, ...]) -> None:
    found = complete(line, KNOWN)
    assert (found.start, texts(found)) == (start, candidates)


@pytest.mark.parametrize(
    ("line", "opens", "sure"),
    [
        ("/", True, False),
        ("/topi", True, True),
        ("/topic", True, False),  # it is a command as it stands: Enter does it
        ("/t", True, False),
        ("/q", True, False),
        ("/join ", True, False),
        ("/role bob m", True, False),
        ("/me hugs b", False, False),
        ("b", False, False),
        ("hello b", False, False),
        ("@", False, False),
        ("@b", True, False),
        ("ask @bob", True, False),
        ("#", False, False),
        ("#d", True, False),
        (":t", False, False),
        (":th", True, False),
        (":tada", True, True),
        (":30", False, False),
        (":D", False, False),
        ("+:-", False, False),
    ],
)
def test_what_opens_by_itself_and_what_enter_may_take(line: str, opens: bool, sure: bool) -> None:  # noqa: FBT001
    found = complete(line, KNOWN)
    assert (found.opens, found.sure) == (opens, sure)


def test_each_candidate_says_what_it_is() -> None:
    def first(line: str) -> Candidate:
        return complete(line, KNOWN).candidates[0]

    assert first("/ban") == Candidate("/ban ", "/ban name [time] [reason]", BY_NAME["ban"].help)
    assert first("@bo") == Candidate("@bob ", "bob", "online", ONLINE)
    assert first("@be") == Candidate("@Bea ", "Bea", "away: lunch", AWAY)
    assert first("#gen") == Candidate("#general ", "#general", "be kind")
    assert first(":tada") == Candidate("🎉 ", ":tada:", sign="🎉")
    assert first("/role bob o") == Candidate("owner ", "owner", "role")


def test_every_command_is_offered() -> None:
    assert set(texts(complete("/", KNOWN))) == {f"/{command.name} " for command in BY_NAME.values()}


@given(st.text(alphabet=st.sampled_from("/jointhe #@ab:\n\t-"), max_size=25))
def test_what_is_offered_goes_where_the_word_is(line: str) -> None:
    found = complete(line, KNOWN)
    assert not any(character.isspace() for character in line[found.start :])
    assert all(candidate.text.endswith(" ") for candidate in found.candidates)
    assert found.candidates or not found.sure


@given(st.text(max_size=40))
def test_no_line_is_too_odd(line: str) -> None:
    assert 0 <= complete(line, KNOWN).start <= len(line)


@pytest.mark.parametrize("line", ["/jo", "@user99", "see #room99", ":sm", "/invite user9", "(ü", "@ü"])
def test_a_key_looks_at_each_name_once(line: str) -> None:
    def work(count: int) -> int:
        rooms: Sequence[RoomCandidate] = [RoomCandidate(f"#room{number}") for number in range(count // 4)]
        people: Sequence[PersonCandidate] = [PersonCandidate(f"user{number}") for number in range(count)]
        known = Known(rooms=lambda: rooms, people=lambda: people, emoji=complete_emoji)
        load()
        complete(line, known)
        return calls_made(lambda: complete(line, known))

    assert work(1_000) < 40_000
    assert work(2_000) < 2.5 * work(1_000)


@pytest.mark.parametrize("sign", ["", "@", "#", ":", "/", "/topic ", "/join ", "/msg "])
def test_a_word_that_is_longer_than_any_name_is_compared_with_none(sign: str) -> None:
    people = KNOWN.people()

    def asked() -> Sequence[PersonCandidate]:
        raise AssertionError("compared")

    known = Known(people=asked, strangers=asked)
    assert complete(f"{sign}{'b' * 201}", known).candidates == ()
    assert complete("b", Known(people=lambda: people)).candidates
