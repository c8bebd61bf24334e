"""The state is the sum of its events, and nothing else."""

import copy
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec, frames
from protocol.frames import Event
from server.state import SERVER_LOG, USER, State, apply


def user(seq: int, name: str) -> Event:
    return Event(SERVER_LOG, seq, 0, name, USER, 0, codec.pack(frames.NickBody(name)))


def renamed(seq: int, number: int, name: str) -> Event:
    return Event(SERVER_LOG, seq, number, "", frames.NICK, 0, codec.pack(frames.NickBody(name)))


def event(room: str, seq: int, number: int, kind: str, body: bytes = b"") -> Event:
    return Event(room, seq, number, "", kind, 0, body)


def summed(events: Iterable[Event]) -> State:
    state = State()
    for one in events:
        apply(state, one)
    return state


ANN_AND_BOB = (user(1, "Ann"), user(2, "bob"))


def test_a_user_is_found_by_any_form_of_the_name() -> None:
    state = summed(ANN_AND_BOB)
    ann = state.user_called("ANN")
    assert ann is not None
    assert (ann.id, ann.name) == (1, "Ann")
    assert state.user_called("nobody") is None


def test_a_new_name_frees_the_old_one() -> None:
    state = summed((*ANN_AND_BOB, renamed(3, 1, "Anna"), user(4, "ann")))
    assert [state.users[number].name for number in (1, 2, 4)] == ["Anna", "bob", "ann"]
    found = [state.user_called(name) for name in ("anna", "ann")]
    assert found == [state.users[1], state.users[4]]


def test_a_name_may_change_its_case_only() -> None:
    state = summed((*ANN_AND_BOB, renamed(3, 1, "ANN")))
    assert state.user_called("ann") is state.users[1]
    assert state.users[1].name == "ANN"


def test_joins_and_leaves_make_members() -> None:
    state = summed(
        (
            *ANN_AND_BOB,
            event("#a", 1, 1, frames.CREATE),
            event("#a", 2, 1, frames.JOIN),
            event("#a", 3, 2, frames.JOIN),
            event("#a", 4, 1, frames.LEAVE),
        )
    )
    assert state.rooms["#a"].members == {2: frames.MEMBER}
    assert state.rooms["#a"].head == 4
    assert state.users[1].rooms == set()
    assert state.users[2].rooms == {"#a"}


def test_a_topic_stays_until_the_next() -> None:
    topic = codec.pack(frames.TopicBody("lunch"))
    events = [*ANN_AND_BOB, event("#a", 1, 1, frames.JOIN), event("#a", 2, 1, frames.TOPIC, topic)]
    assert summed(events).rooms["#a"].topic == "lunch"
    events.append(event("#a", 3, 1, frames.TOPIC, codec.pack(frames.TopicBody(""))))
    assert summed(events).rooms["#a"].topic == ""


def test_kinds_that_are_not_known_count() -> None:
    assert summed((*ANN_AND_BOB, event("#a", 1, 1, "reaction"))).rooms["#a"].head == 1


def test_markers_only_rise_and_go_with_the_member() -> None:
    state = summed((*ANN_AND_BOB, event("#a", 1, 1, frames.JOIN)))
    for seq, expected in ((5, 5), (3, 5), (8, 8)):
        state.mark(1, "#a", seq)
        assert state.users[1].reads == {"#a": expected}
    apply(state, event("#a", 2, 1, frames.LEAVE))
    assert state.users[1].reads == {}
    state.mark(1, "#a", 9)
    assert state.users[1].reads == {}


def test_an_unreadable_user_is_an_error_of_ours() -> None:
    with pytest.raises(AssertionError):
        apply(State(), Event(SERVER_LOG, 1, 0, "x", USER, 0, b"\xc1"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["#a", "#b"]),
            st.integers(1, 2),
            st.sampled_from([frames.JOIN, frames.LEAVE, frames.MESSAGE]),
        )
    ),
    st.integers(0, 20),
)
def test_the_same_events_give_the_same_state(steps: list[tuple[str, int, str]], cut: int) -> None:
    heads: dict[str, int] = {}
    events: list[Event] = list(ANN_AND_BOB)
    for room, number, kind in steps:
        heads[room] = heads.get(room, 0) + 1
        events.append(event(room, heads[room], number, kind))
    state = summed(events[:cut])
    resumed = copy.deepcopy(state)
    for one in events[cut:]:
        apply(resumed, one)
    assert resumed == summed(events)
    assert {name: room.head for name, room in resumed.rooms.items()} == heads
    for name, place in resumed.rooms.items():
        assert set(place.members) == {number for number, one in resumed.users.items() if name in one.rooms}


def test_who_comes_where_nobody_is_owns_the_room() -> None:
    events = [
        *ANN_AND_BOB,
        event("#a", 1, 1, frames.CREATE),
        event("#a", 2, 1, frames.JOIN),
        event("#a", 3, 2, frames.JOIN),
        event("#general", 1, 1, frames.JOIN),
    ]
    state = summed(events)
    assert list(state.rooms["#a"].members.items()) == [(1, frames.OWNER), (2, frames.MEMBER)]
    assert state.rooms["#general"].members == {1: frames.MEMBER}
    for seq, number in ((4, 1), (5, 2)):
        apply(state, event("#a", seq, number, frames.LEAVE))
    apply(state, event("#a", 6, 2, frames.JOIN))
    assert state.rooms["#a"].members == {2: frames.OWNER}


def test_a_deleted_room_leaves_nothing() -> None:
    about = codec.pack(frames.AboutBody(2, "bob"))
    state = summed(
        (
            *ANN_AND_BOB,
            event("#a", 1, 1, frames.CREATE, codec.pack(frames.CreateBody("0a", private=True))),
            event("#a", 2, 1, frames.JOIN),
            event("#a", 3, 1, frames.INVITE, about),
        )
    )
    assert (state.rooms["#a"].born, state.rooms["#a"].private, state.users[2].invited) == ("0a", True, {"#a"})
    state.mark(1, "#a", 2)
    apply(state, event("#a", 4, 1, frames.DELETE_ROOM))
    assert state == summed(ANN_AND_BOB)
