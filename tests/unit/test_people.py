"""The people of a watched room, as a client knows them."""

import random

from chat_tui.client.people import LISTED, People, Person
from protocol import frames
from tests.support.work import calls_made

ROOM = "#room"


def come(name: str, *, away: bool = False, text: str = "") -> frames.Presence:
    return frames.Presence(ROOM, name, online=True, away=away, text=text)


def gone(name: str) -> frames.Presence:
    return frames.Presence(ROOM, name, online=False)


def test_people_come_and_go() -> None:
    people = People()
    for one in (come("bob"), come("Alice"), come("bob")):
        people.change(one)
    assert people.names == ["Alice", "bob"]
    people.change(gone("bob"))
    people.change(gone("carol"))
    assert people.names == ["Alice"]


def test_who_is_away_stands_last() -> None:
    people = People()
    for one in (come("alice", away=True, text="lunch"), come("bob"), come("Carol")):
        people.change(one)
    assert people.listed == [Person("bob"), Person("Carol"), Person("alice", away=True, text="lunch")]
    assert (people.total, people.away, people.beyond) == (3, 1, 0)
    people.change(come("alice"))
    assert people.names == ["alice", "bob", "Carol"]


def test_those_beyond_the_list_are_counted() -> None:
    people = People()
    result = frames.WatchResult(
        {ROOM: ["bob", "alice"]}, {ROOM: 3}, {ROOM: {"alice": "lunch"}}, {ROOM: frames.Count(5, 2)}
    )
    people.restart(ROOM, result)
    assert people.listed == [Person("bob"), Person("alice", away=True, text="lunch")]
    assert (people.total, people.away, people.beyond) == (5, 2, 3)
    assert people.summary == "3 online, 2 away"
    people.count(frames.People(ROOM, 4))
    assert (people.total, people.away, people.beyond) == (4, 0, 2)
    assert people.summary == "4 online"


def test_without_numbers_the_list_is_all() -> None:
    people = People()
    people.restart(ROOM, frames.WatchResult({ROOM: ["alice", "bob"]}))
    people.change(come("carol", away=True))
    assert (people.total, people.away, people.beyond) == (3, 1, 0)


def test_what_was_known_is_forgotten_once() -> None:
    people = People()
    assert not people.forget()
    people.restart(ROOM, frames.WatchResult({ROOM: []}, counts={ROOM: frames.Count(3)}))
    assert people.forget()
    assert not people.forget()
    assert (people.listed, people.total) == ([], 0)


def test_texts_are_sanitized() -> None:
    people = People()
    people.change(come("a\x1b[31mnn", away=True, text="\x1b]52;c;x\x07lunch\nat one"))
    people.restart("#x", frames.WatchResult({"#x": ["b\x07ob"]}, {}, {"#x": {"b\x07ob": "\x1b[2Jaway"}}))
    assert people.listed == [Person("bob", away=True, text="away")]


def test_the_list_stays_in_order_whoever_comes_and_goes() -> None:
    chance, people = random.Random(7), People()
    there: dict[str, Person] = {}
    for _ in range(2_000):
        name, away = chance.choice("aAbBcCdD") + chance.choice("eEfF"), chance.random() < 0.5
        if chance.random() < 0.4:
            people.change(gone(name))
            there.pop(name, None)
        else:
            people.change(come(name, away=away))
            there[name] = Person(name, away)
        order = sorted(there.values(), key=lambda one: (one.away, one.name.casefold(), one.name))
        assert people.listed == order


def test_who_comes_costs_the_same_whatever_the_length_of_the_list() -> None:
    """It was put in order anew for each: with 20,000 names a key took twenty seconds."""

    def work(there: int) -> int:
        people = People()
        names = [f"user{number}" for number in range(there)]
        people.restart(ROOM, frames.WatchResult({ROOM: names}))

        def act() -> None:
            for number in range(50):
                people.change(come(f"new{number}"))

        return calls_made(act)

    assert work(800) <= work(100)


def test_the_list_has_a_bound() -> None:
    people = People()
    for number in range(LISTED + 100):
        people.change(come(f"user{number:05}"))
    assert len(people.listed) == LISTED
    people.change(come("alice"))
    assert (people.names[0], len(people.listed)) == ("alice", LISTED)
    people.change(gone("user01050"))
    assert len(people.listed) == LISTED
    people.restart(ROOM, frames.WatchResult({ROOM: [f"user{number}" for number in range(2 * LISTED)]}))
    assert len(people.listed) == LISTED
