"""The people of a watched room, as a client knows them."""

from chat_tui.client.people import People, Person
from protocol import frames

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
