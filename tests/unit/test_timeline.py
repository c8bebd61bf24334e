"""A timeline shows the same rows however its events came, and keeps the reader's place."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.client.events import Pending, RoomEvent
from chat_tui.timeline.rows import Activity, DayLine, Info, Message, Row
from chat_tui.timeline.timeline import Timeline

START = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp() * 1000)
MINUTE, DAY = 60_000, 86_400_000
ME = 1
NAMES = {1: "me", 2: "alice", 3: "bob", 4: "carol", 5: "dave"}


def event(
    seq: int, user: int = 2, text: str = "hi", kind: str = "message", at: int = 0, name: str = ""
) -> RoomEvent:
    return RoomEvent("#room", seq, user, name or NAMES[user], kind, text, START + at)


def timeline(*events: RoomEvent) -> Timeline:
    made = Timeline("#room", ME, "me", UTC)
    made.append(events)
    return made


def described(row: Row) -> Any:
    match row:
        case Message():
            return (row.name, row.text, row.action, row.grouped, row.show_time, row.state, row.time)
        case DayLine():
            return row.day
        case Activity():
            return ("activity", row.text(), row.time)
        case Info():
            return ("info", row.text, row.kind)


def shown(made: Timeline) -> list[Any]:
    return [described(row) for row in made.rows]


def flags(made: Timeline) -> list[tuple[bool, bool]]:
    return [(row.grouped, row.show_time) for row in made.rows if isinstance(row, Message)]


def activity(*events: RoomEvent) -> str:
    return " | ".join(row.text() for row in timeline(*events).rows if isinstance(row, Activity))


# --- rows ---------------------------------------------------------------------------------------------


def test_a_message_becomes_a_row_below_its_day() -> None:
    made = timeline(event(1, 2, "hello"), event(2, ME, "waves", "action"))
    day, first, second = made.rows
    assert isinstance(day, DayLine)
    assert day.day.isoformat() == "2026-11-23"
    assert isinstance(first, Message)
    assert (first.name, first.text, first.action, first.mine) == ("alice", "hello", False, False)
    assert isinstance(second, Message)
    assert (second.action, second.mine, second.state) == (True, True, "stored")


def test_an_authors_messages_are_grouped_within_five_minutes() -> None:
    made = timeline(event(1), event(2, at=20_000), event(3, at=5 * MINUTE), event(4, at=11 * MINUTE))
    assert flags(made) == [(False, True), (True, False), (True, True), (False, True)]


@pytest.mark.parametrize(
    "between",
    [
        event(2, 3),
        event(2, 2, kind="action"),
        event(2, 3, kind="join"),
        event(2, 3, "new", "topic"),
        event(2, 2, name="alicia"),
    ],
)
def test_anything_between_ends_a_group(between: RoomEvent) -> None:
    last = timeline(event(1), between, event(3)).rows[-1]
    assert isinstance(last, Message)
    assert not last.grouped


def test_each_local_day_has_one_line() -> None:
    events = [event(1), event(2, at=11 * 60 * MINUTE), event(3, at=13 * 60 * MINUTE), event(4, at=2 * DAY)]
    assert [kind for kind in map(type, timeline(*events).rows) if kind is DayLine] == [DayLine] * 3
    tokyo = Timeline("#room", ME, "me", timezone(timedelta(hours=9)))
    tokyo.append(events)
    days = [row.day.day for row in tokyo.rows if isinstance(row, DayLine)]
    assert days == [23, 24, 25]
    assert tokyo.clock(tokyo.rows[1]) == "21:00"


def test_days_follow_the_time_zone_of_the_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        time.tzset()
        made = Timeline("#room")
        made.append([event(1)])
        first = made.rows[0]
        assert isinstance(first, DayLine)
        assert (first.day.day, made.clock(first)) == (24, "01:00")
    time.tzset()


@pytest.mark.parametrize("moment", [-(2**62), -1, 0, 2**62, 253_402_300_800_000])
def test_impossible_times_are_shown_somehow(moment: int) -> None:
    for offset in (-14, 14):
        made = Timeline("#room", ME, "me", timezone(timedelta(hours=offset)))
        made.append([RoomEvent("#room", 1, 2, "alice", "message", "x", moment)])
        assert len(made.rows) == 2
        assert made.clock(made.rows[1])


def test_unknown_kinds_and_doubled_events_make_no_row() -> None:
    made = timeline(event(1), event(2, kind="reaction"))
    made.append([event(1), event(2), event(3)])
    made.prepend([event(1)])
    assert [row.seq for row in made.rows if isinstance(row, Message)] == [1, 3]


def test_topics_tell_who_and_what() -> None:
    made = timeline(event(1, 2, "Lunch", "topic"), event(2, 3, "", "topic"))
    texts = [row.text for row in made.rows if isinstance(row, Info)]
    assert texts == ["alice changed the topic to: Lunch", "bob removed the topic"]


# --- activity -----------------------------------------------------------------------------------------


def test_comings_and_goings_are_condensed() -> None:
    condensed = activity(
        event(1, 2, kind="join"),
        event(2, 3, kind="join"),
        event(3, 4, kind="leave"),
        event(4, 5, "dan", kind="nick"),
    )
    assert condensed == "+ alice, bob  − carol  dave → dan"


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["join", "leave"], "± alice"),
        (["leave", "join"], "± alice"),
        (["join", "leave", "join"], "+ alice"),
        (["leave", "join", "leave"], "− alice"),
        (["create"], "created by alice"),
        (["create", "leave"], "created by alice"),
    ],
)
def test_who_comes_and_goes_is_named_once(kinds: list[str], expected: str) -> None:
    assert activity(*(event(seq, kind=kind) for seq, kind in enumerate(kinds, 1))) == expected


def test_new_names_within_a_run() -> None:
    assert activity(event(1, kind="join"), event(2, text="ali", kind="nick")) == "+ ali"
    renamed_twice = [event(1, text="ali", kind="nick"), event(2, text="al", kind="nick", name="ali")]
    assert activity(*renamed_twice) == "alice → al"
    assert activity(*renamed_twice, event(3, kind="leave", name="al")) == "− al"


def test_a_message_ends_a_run_and_long_runs_are_counted() -> None:
    assert activity(event(1, kind="join"), event(2), event(3, 3, kind="join")) == "+ alice | + bob"
    crowd = [RoomEvent("#room", n, n, f"u{n}", "join", "", START) for n in range(1, 1_001)]
    assert activity(*crowd).endswith("u20 and 980 more")


# --- the same rows by any way -------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> list[RoomEvent]:
    """Rooms with all kinds of events, clocks that jump, and names that change."""
    kinds = st.sampled_from(
        ["message"] * 4 + ["action", "join", "join", "leave", "nick", "topic", "create", "other"]
    )
    steps = st.sampled_from([0, 1_000, 30_000, 4 * MINUTE, 6 * MINUTE, 7 * 60 * MINUTE, -MINUTE, -DAY])
    at = 0
    events = []
    for seq in range(1, draw(st.integers(1, 25)) + 1):
        at += draw(steps)
        user = draw(st.integers(1, 5))
        name = draw(st.sampled_from([NAMES[user], f"new{user}"]))
        events.append(event(seq, user, f"new{user}", draw(kinds), at, name))
    return events


@given(histories(), st.data())
def test_pages_in_any_split_give_the_rows_of_one_reset(events: list[RoomEvent], data: st.DataObject) -> None:
    whole = Timeline("#room", ME, "me", UTC)
    whole.reset(events)
    low = high = data.draw(st.integers(0, len(events)), "begin")
    parts = Timeline("#room", ME, "me", UTC)
    while low > 0 or high < len(events):
        size = data.draw(st.integers(1, 10), "page")
        if high < len(events) and (low == 0 or data.draw(st.booleans(), "newer")):
            parts.append(events[high : high + size])
            high += size
        else:
            # Before anything is here, a page from `low` on says where "older" begins.
            parts.prepend(events[max(0, low - size) : low])
            low = max(0, low - size)
    assert shown(parts) == shown(whole)
    assert [described(parts.row(key)) for key in range(parts.first, parts.end)] == shown(whole)


@given(histories(), st.data())
def test_prepending_keeps_the_keys_of_rows(events: list[RoomEvent], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(events)))
    made = timeline(*events[cut:])
    before = {made.row(key).seq: key for key in range(made.first, made.end) if _is_message(made.row(key))}  # type: ignore[union-attr]
    made.prepend(events[:cut])
    after = {made.row(key).seq: key for key in range(made.first, made.end) if _is_message(made.row(key))}  # type: ignore[union-attr]
    assert before.items() <= after.items()


def _is_message(row: Row) -> bool:
    return isinstance(row, Message)


# --- pending, notices, clear --------------------------------------------------------------------------


def test_pending_messages_stand_last_whatever_comes() -> None:
    made = timeline(event(1, ME, "sent"))
    made.set_pending(
        [
            Pending("a", "#room", "message", "one", START),
            Pending("b", "#room", "action", "two", START, "failed", "too long"),
        ]
    )
    made.append([event(2, 3, "other")])
    rows = [row for row in made.rows if isinstance(row, Message)]
    assert [(row.text, row.state, row.error) for row in rows] == [
        ("sent", "stored", ""),
        ("other", "stored", ""),
        ("one", "pending", ""),
        ("two", "failed", "too long"),
    ]
    assert (rows[2].name, rows[2].mine, rows[2].grouped) == ("me", True, False)
    made.set_pending([])
    assert len(made.rows) == 3


def test_pending_messages_are_grouped_with_ones_own_last() -> None:
    made = timeline(event(1, ME))
    made.set_pending([Pending("a", "#room", "message", "one", START + 1_000)])
    assert flags(made) == [(False, True), (True, False)]


def test_a_pending_message_alone_has_a_day() -> None:
    made = timeline()
    made.set_pending([Pending("a", "#room", "message", "one", START)])
    assert [type(row) for row in made.rows] == [DayLine, Message]
    made.append([event(1)])
    assert [type(row) for row in made.rows] == [DayLine, Message, Message]


def test_notices_stay_where_they_occurred() -> None:
    made = timeline(event(1))
    made.notice("two\nlines\x1b[2J", "error", START + 1_000)
    made.append([event(2, at=2_000)])
    made.set_pending([Pending("a", "#room", "message", "p", START + 3_000)])
    made.notice("later", "info", START + 4_000)
    expected = [DayLine, Message, Info, Message, Info, Message]
    assert [type(row) for row in made.rows] == expected
    assert described(made.rows[2]) == ("info", "two\nlines", "error")
    made.reset([event(1), event(2, at=2_000)])
    assert [type(row) for row in made.rows] == expected
    made.reset([])
    assert [type(row) for row in made.rows] == [DayLine, Info, Info, Message]


def test_clear_hides_what_was_and_shows_what_comes() -> None:
    made = timeline(event(11), event(12))
    made.has_older = True
    made.set_pending([Pending("a", "#room", "message", "on its way", START)])
    made.clear()
    made.prepend([event(1)])
    made.append([event(12)])
    assert [row.text for row in made.rows if isinstance(row, Message)] == ["on its way"]
    assert not made.has_older
    made.append([event(13, text="new")])
    assert [row.text for row in made.rows if isinstance(row, Message)] == ["new", "on its way"]
    made.reset([event(1)])
    made.has_older = True
    assert made.has_older


# --- the reader ---------------------------------------------------------------------------------------


def test_unseen_counts_what_others_say_while_the_reader_is_away_from_the_bottom() -> None:
    made = timeline(event(1))
    assert made.unseen == 0
    made.view.following = False
    made.append([event(2), event(3, ME), event(4, kind="join"), event(5, kind="action")])
    assert made.unseen == 2
    made.follow()
    assert (made.unseen, made.view.following) == (0, True)


def test_a_reset_finds_the_readers_message_again() -> None:
    made = timeline(*(event(seq, text=str(seq)) for seq in range(10, 20)))
    made.view.following = False
    made.view.row = next(key for key in range(made.first, made.end) if getattr(made.row(key), "seq", 0) == 15)
    made.reset([event(seq, text=str(seq)) for seq in range(1, 30)])
    row = made.row(made.view.row)
    assert isinstance(row, Message)
    assert (row.seq, made.view.following) == (15, False)
    made.reset([event(1)])
    assert made.view.following


def test_a_hundred_thousand_events_are_no_burden() -> None:
    events = [event(seq, seq % 5 + 1, at=seq * 1_000) for seq in range(1, 100_001)]
    made = timeline(*events[50_000:])
    for start in range(50_000, 0, -1_000):
        made.prepend(events[start - 1_000 : start])
    assert sum(isinstance(row, Message) for row in made.rows) == 100_000
    assert made.first < -50_000


# --- ignored people -----------------------------------------------------------------------------------


def test_what_ignored_people_say_has_no_row() -> None:
    ignored = {2}
    made = Timeline("#room", ME, "me", UTC, ignored)
    log = [event(1, 2, "one"), event(2, 3, "two"), event(3, 2, "waves", "action"), event(4, 3, "three")]
    log += [event(5, 2, "", "leave"), event(6, 2, "on", "topic")]
    made.append(log)
    assert [row[1] for row in shown(made)[1:3]] == ["two", "three"]
    assert flags(made) == [(False, True), (True, False)]  # nothing between them
    assert shown(made)[3:] == [
        ("activity", "− alice", START),
        ("info", "alice changed the topic to: on", "info"),
    ]
    assert made.last_seq == 6
    ignored.clear()
    made.judge_anew(log)
    assert shown(made) == shown(timeline(*log))
    ignored.add(3)
    made.judge_anew(log)
    assert [row.text for row in made.rows if isinstance(row, Message)] == ["one", "waves"]


def test_an_older_page_of_ignored_people_only_is_known_to_be_here() -> None:
    made = Timeline("#room", ME, "me", UTC, {2})
    made.append([event(11, 3)])
    before = made.first
    made.prepend([event(seq, 2) for seq in range(1, 11)])
    assert (made.first, made.first_seq) == (before, 1)


def test_what_ignored_people_say_is_not_new_to_who_scrolled_up() -> None:
    made = Timeline("#room", ME, "me", UTC, {2})
    made.append([event(1, 3)])
    made.view.following = False
    made.append([event(2, 2), event(3, 3), event(4, ME)])
    assert made.unseen == 1


def test_what_is_cleared_stays_so_when_others_are_ignored() -> None:
    ignored: set[int] = set()
    made = Timeline("#room", ME, "me", UTC, ignored)
    log = [event(1, 2, "one"), event(2, 3, "two")]
    made.append(log)
    made.clear()
    ignored.add(2)
    made.judge_anew(log)
    assert (made.rows, made.cleared, made.last_seq) == ([], True, 2)
    log += [event(3, 2, "three"), event(4, 3, "four")]
    made.append(log)
    assert [row.text for row in made.rows if isinstance(row, Message)] == ["four"]
    ignored.clear()
    made.judge_anew(log)
    assert [row.text for row in made.rows if isinstance(row, Message)] == ["three", "four"]
