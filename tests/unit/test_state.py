"""The state is the sum of its events, and nothing else."""

import copy
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec, frames
from protocol.frames import Event
from server.state.apply import apply
from server.state.entries import (
    AwayRecord,
    ChosenLevel,
    EndDeviceRecord,
    EndInviteRecord,
    Ignored,
    LastSeen,
    Password,
    Record,
    Seen,
    StoredReadMarker,
)
from server.state.model import (
    ROLE,
    SERVER_LOG,
    USER,
    AccountRoleBody,
    Device,
    NetworkBody,
    ServerInvite,
    State,
)
from server.state.records import keep


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


# --- trying something out


def everything() -> State:
    """A state with something of each kind."""
    made = (user(1, "Ann"), user(2, "bob"), user(3, "eve"))
    about = codec.pack(frames.AboutBody(2, "bob"))
    state = summed(
        (
            *made,
            event("#a", 1, 1, frames.CREATE, codec.pack(frames.CreateBody("born", private=True))),
            event("#a", 2, 1, frames.JOIN),
            event("#a", 3, 2, frames.JOIN),
            event("#a", 4, 1, frames.MUTE, about),
            event("#a", 5, 1, frames.INVITE, codec.pack(frames.AboutBody(3, "eve"))),
            event("#b", 1, 3, frames.JOIN),
            event("#b", 2, 3, frames.BAN, about),
            Event(SERVER_LOG, 4, 1, "", frames.BAN, 0, about),
            Event(SERVER_LOG, 5, 1, "", frames.BAN, 0, codec.pack(NetworkBody("192.0.2.0/24"))),
        )
    )
    for record in (
        StoredReadMarker("#a", 2, 3), ChosenLevel("#a", 2, "all"), Password(1, "hash"),
        Device(2, "d", b"token", "", 0, 0), ServerInvite("i", b"code", 1, 0, 0, 1, 1),
        AwayRecord(2, "away"), Ignored(2, 1, on=True),
    ):  # fmt: skip
        keep(state, record)
    return state


BOB = codec.pack(frames.AboutBody(2, "bob"))
NETWORK = codec.pack(NetworkBody("192.0.2.0/24"))
CHANGES: list[Event | Record] = [
    user(6, "zoe"),
    renamed(6, 2, "robert"),
    renamed(6, 1, "ANN"),
    Event(SERVER_LOG, 6, 2, "", ROLE, 0, codec.pack(AccountRoleBody(admin=True, disabled=True))),
    *(Event(SERVER_LOG, 6, 1, "", frames.BAN, 0, body) for body in (BOB, NETWORK)),
    *(Event(SERVER_LOG, 6, 1, "", frames.UNBAN, 0, body) for body in (BOB, NETWORK)),
    event("#new", 1, 2, frames.CREATE),
    event("@1@2", 1, 1, frames.CREATE),
    event("#b", 3, 2, frames.JOIN),
    event("#a", 6, 3, frames.JOIN),
    event("#a", 6, 1, frames.LEAVE),
    event("#a", 6, 3, frames.DECLINE),
    event("#a", 6, 1, frames.MESSAGE),
    event("#a", 6, 1, frames.TOPIC, codec.pack(frames.TopicBody("topic"))),
    event("#a", 6, 1, frames.VISIBILITY, codec.pack(frames.VisibilityBody(private=False))),
    event("#a", 6, 1, frames.ROLE, codec.pack(frames.RoleBody(2, "bob", frames.OWNER))),
    event("#a", 6, 1, frames.DELETE_ROOM),
    *(event(room, 6, 1, kind, BOB) for kind in sorted(frames.ABOUT_SOMEBODY) for room in ("#a", "#b")),
    event("#a", 6, 1, frames.BAN, codec.pack(frames.AboutBody(3, "eve"))),
    StoredReadMarker("#a", 2, 5),
    ChosenLevel("#a", 2, ""),
    ChosenLevel("#a", 2, "none"),
    Password(2, "another"),
    Device(2, "d", b"new token", "", 0, 0),
    Device(1, "other", b"other token", "", 0, 0),
    Seen(2, "d", 7),
    EndDeviceRecord(2, "d"),
    ServerInvite("i", b"code", 1, 0, 0, 1, 0),
    ServerInvite("j", b"another code", 1, 0, 0, 1, 1),
    EndInviteRecord("i"),
    LastSeen(2, 7),
    AwayRecord(2, None),
    Ignored(2, 1, on=False),
    Ignored(2, 3, on=True),
]  # fmt: skip


def change(state: State, one: Event | Record) -> None:
    if isinstance(one, Event):
        apply(state, one)
    else:
        keep(state, one)


def orders(state: State) -> tuple[list[str], list[str], dict[str, list[int]]]:
    members = {name: list(room.members) for name, room in state.rooms.items()}
    return list(state.channels.after("")), list(state.public.after("")), members


@pytest.mark.parametrize("one", CHANGES, ids=lambda one: getattr(one, "kind", type(one).__name__))
def test_what_was_tried_out_leaves_no_trace(one: Event | Record) -> None:
    state, untouched, changed = everything(), everything(), everything()
    change(changed, one)
    with state.trial():
        change(state, one)
        assert state == changed
    assert (state, orders(state)) == (untouched, orders(untouched))
    change(state, one)
    assert (state, orders(state)) == (changed, orders(changed))


def test_many_changes_of_one_thing_are_all_taken_back() -> None:
    state, untouched = everything(), everything()
    room, ann = state.rooms["#a"], state.users[1]
    with state.trial():
        for one in (
            event("#a", 6, 1, frames.LEAVE), event("#a", 7, 1, frames.JOIN),
            event("#a", 8, 1, frames.DELETE_ROOM), event("#a", 1, 2, frames.JOIN),
            event("#a", 2, 2, frames.MESSAGE), renamed(6, 1, "x"), user(7, "Ann"),
            renamed(8, 7, "y"), renamed(9, 1, "Ann"), EndDeviceRecord(2, "d"),
            Device(2, "d", b"token", "x", 0, 0),
        ):  # fmt: skip
            change(state, one)
    assert (state, orders(state)) == (untouched, orders(untouched))
    assert state.rooms["#a"] is room
    assert state.users[1] is state.by_name["ann"] is ann
