"""Messages that change after they were said, and where the new begins."""

import time
from collections.abc import Callable
from datetime import UTC
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chat_tui.client.events import Pending, RoomEvent
from chat_tui.timeline.rows import Message, Reply
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.row_text import text_of
from protocol import limits
from tests.support.work import calls_made
from tests.unit.test_timeline import ME, START, event, timeline


def message(made: Timeline, seq: int) -> Message:
    return next(row for row in made.rows if isinstance(row, Message) and row.seq == seq)


def numbered(*seqs: int) -> Timeline:
    return timeline(*(event(seq, text=str(seq)) for seq in seqs))


# --- changes


def test_a_message_is_edited_deleted_answered_and_reacted_to() -> None:
    made = numbered(1, 2, 3)
    row = message(made, 2)
    made.changes.edit(2, "better")
    assert (row.text, row.edited, row.revision) == ("better", True, 1)
    made.changes.set_reply(2, Reply(1, "alice", "1"))
    made.changes.react(2, "👍", 5)
    made.changes.react(2, "👍", ME)
    made.changes.react(2, "🎉", 5)
    made.changes.react(2, "👍", 5)
    assert row.reactions == {"👍": {5, ME}, "🎉": {5}}
    made.changes.react(2, "🎉", 5, on=False)
    made.changes.react(2, "🎉", 5, on=False)
    assert row.reactions == {"👍": {5, ME}}
    assert row.reply == Reply(1, "alice", "1")
    made.changes.delete(2)
    made.changes.edit(2, "back again")
    assert (row.text, row.deleted) == ("", True)
    assert row.revision == 10
    assert message(made, 1).revision == message(made, 3).revision == 0


def test_changes_find_their_message_between_rows_of_all_kinds() -> None:
    events = [event(seq, seq % 4 + 2, str(seq), "message" if seq % 5 else "join") for seq in range(1, 200)]
    made = timeline(*events[100:])
    made.notice("something local", "info", events[-1].time)
    for start in (50, 20, 0):
        made.prepend(events[start : start + 50])
    for seq in range(1, 200):
        made.changes.edit(seq, f"new {seq}")
    rows = [row for row in made.rows if isinstance(row, Message)]
    assert [row.text for row in rows] == [f"new {row.seq}" for row in rows]
    assert len(rows) == 160


def test_changes_wait_for_a_message_on_an_older_page() -> None:
    made = numbered(10, 11)
    made.changes.edit(5, "second")
    made.changes.react(5, "👍", 2)
    made.changes.edit(5, "first", older=True)
    made.changes.delete(6)
    made.prepend([event(seq, text=str(seq)) for seq in (4, 5, 6)])
    assert [row.text for row in made.rows if isinstance(row, Message)] == ["4", "second", "", "10", "11"]
    assert message(made, 5).reactions == {"👍": {2}}
    assert message(made, 6).deleted


def test_a_message_that_joins_an_older_group_stays_changed() -> None:
    made = numbered(2)
    made.changes.edit(2, "better")
    made.prepend([event(1)])
    assert (message(made, 2).text, message(made, 2).grouped) == ("better", True)
    made.changes.edit(2, "best")
    assert message(made, 2).text == "best"


def test_other_events_are_void_after_a_reset_and_so_are_their_changes() -> None:
    made = numbered(5)
    made.changes.edit(3, "of another store")
    made.reset([event(seq, text=str(seq)) for seq in range(1, 6)])
    assert message(made, 3).text == "3"


@given(st.integers(1, 40), st.integers(0, 40), st.sampled_from(["edit", "delete", "react"]))
def test_a_change_touches_one_message_wherever_the_log_was_cut(count: int, cut: int, kind: str) -> None:
    events = [event(seq, text=str(seq), at=seq * 1000) for seq in range(1, count + 1)]
    made = timeline(*events[cut:])
    made.prepend(events[:cut])
    for seq in range(1, count + 1):
        before = [row.revision for row in made.rows if isinstance(row, Message)]
        change: dict[str, Callable[[], None]] = {
            "edit": lambda seq=seq: made.changes.edit(seq, "x"),  # type: ignore[misc]
            "delete": lambda seq=seq: made.changes.delete(seq),  # type: ignore[misc]
            "react": lambda seq=seq: made.changes.react(seq, "👍", 2),  # type: ignore[misc]
        }
        change[kind]()
        before[seq - 1] += 1
        assert [row.revision for row in made.rows if isinstance(row, Message)] == before


# --- changes that come as events


def changed(
    seq: int, kind: str, target: int, text: str = "", user: int = 2, *, off: bool = False
) -> RoomEvent:
    return replace(event(seq, user, text, kind, at=seq * 1000), target=target, text=text, off=off)


def shown(made: Timeline) -> list[tuple[object, ...]]:
    """All that a person can see of the messages."""
    return [
        (row.seq, row.text, row.edited, row.deleted, row.reactions or {}, row.reply)
        for row in made.rows
        if isinstance(row, Message)
    ]


def test_only_the_author_edits_and_nothing_comes_after_a_deletion() -> None:
    made = timeline(event(1, text="one"), event(2, text="two"), event(3, ME, "three"))
    made.append(
        [changed(4, "edit", 1, "uno"), changed(5, "edit", 2, "zwei", ME), changed(6, "edit", 1, "eins")]
    )
    made.append([changed(7, "reaction", 1, "👍"), changed(8, "reaction", 1, "👍", ME)])
    made.append([changed(9, "reaction", 1, "👍", off=True), changed(10, "delete", 2, user=ME)])
    made.append([changed(11, "edit", 2, "back"), changed(12, "reaction", 2, "🎉"), changed(13, "poll", 1)])
    assert shown(made) == [
        (1, "eins", True, False, {"👍": {ME}}, None),
        (2, "", False, True, {}, None),
        (3, "three", False, False, {}, None),
    ]
    assert text_of(message(made, 2)) == "message deleted by me"  # a moderator
    made.append([changed(14, "delete", 3, user=ME)])
    assert text_of(message(made, 3)) == "message deleted"


def test_reactions_are_bounded_and_those_of_ignored_people_do_not_count() -> None:
    made = Timeline("#room", ME, "me", UTC, ignored={5})
    made.append([event(1), changed(2, "reaction", 1, "👎", 5)])
    made.append(changed(seq, "reaction", 1, f"e{seq}") for seq in range(3, 100))
    made.append([changed(100, "reaction", 1, "e3", ME)])
    reactions = message(made, 1).reactions or {}
    assert len(reactions) == limits.REACTIONS
    assert reactions["e3"] == {2, ME}
    assert "👎" not in reactions


def test_a_quote_follows_what_it_quotes() -> None:
    made = timeline(event(10, text="ten"), replace(event(11), reply=10), replace(event(12, ME), reply=5))
    assert message(made, 11).reply == Reply(10, "alice", "ten")
    assert message(made, 12).reply == Reply(5, "", "an earlier message", known=False)
    made.append([changed(13, "edit", 10, "TEN")])
    assert message(made, 11).reply == Reply(10, "alice", "TEN")
    made.append([changed(14, "delete", 10)])
    assert message(made, 11).reply == Reply(10, "", "message deleted")
    made.changes.quoted(5, event(5, text="from afar"))
    assert message(made, 12).reply == Reply(5, "alice", "from afar")
    made.changes.quoted(5, None)
    assert message(made, 12).reply == Reply(5, "", "a message that is gone")
    made.prepend([event(seq, text=f"number {seq}") for seq in range(1, 10)])
    assert message(made, 12).reply == Reply(5, "alice", "number 5")


def test_what_is_not_confirmed_stands_at_its_message_or_at_the_end() -> None:
    made = timeline(*(event(seq, ME) for seq in (5, 6)))
    edit = Pending("a", "#room", "edit", "better", START, target=6)
    failed = Pending("b", "#room", "delete", "", START - 1, "failed", "no", target=2)
    said = Pending("c", "#room", "message", "new", START, reply=6)
    made.set_pending([edit, failed, said])
    assert message(made, 6).waiting == (edit,)
    tail = [row for row in made.rows if isinstance(row, Message) and not row.seq]
    assert [(row.text, row.state, row.error) for row in tail] == [
        ("deletion of an earlier message", "failed", "no"), ("new", "pending", ""),
    ]  # fmt: skip
    assert tail[1].reply == Reply(6, "me", "hi")
    made.prepend([event(seq, ME) for seq in range(1, 5)])
    assert message(made, 2).waiting == (failed,)
    revision = message(made, 6).revision
    made.set_pending([failed])
    assert message(made, 6).waiting == ()
    assert message(made, 6).revision > revision
    assert not [row for row in made.rows if isinstance(row, Message) and not row.seq]


HISTORY = st.lists(
    st.tuples(
        st.sampled_from(["message", "message", "edit", "delete", "reaction", "reply"]),
        st.integers(1, 12),
        st.sampled_from([2, 3, ME]),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


@given(HISTORY, st.lists(st.integers(0, 30), max_size=4))
def test_a_log_shows_the_same_however_it_came(
    steps: list[tuple[str, int, int, bool]], cuts: list[int]
) -> None:
    events = []
    for seq, (kind, back, user, off) in enumerate(steps, 1):
        target = max(1, seq - back)
        if kind == "message":
            events.append(event(seq, user, f"text {seq}", at=seq * 1000))
        elif kind == "reply":
            events.append(replace(event(seq, user, f"text {seq}", at=seq * 1000), reply=target))
        else:
            text = {"edit": f"edit {seq}", "reaction": "👍👎🎉"[back % 3]}.get(kind, "")
            events.append(changed(seq, kind, target, text, user, off=off))
    whole = timeline(*events)
    ends = sorted({0, *(min(cut, len(events)) for cut in cuts), len(events)})
    middle = ends[len(ends) // 2]
    made = timeline(*events[:middle])
    made.append(events[middle:])
    in_pages = timeline()
    for first, last in reversed(list(pairwise(ends))):
        in_pages.prepend(events[first:last])
    again = timeline(*events[:middle])
    again.reset(events)
    for one in (made, in_pages, again):
        assert shown(one) == shown(whole)


# --- where the new begins


def ruled(made: Timeline) -> list[int]:
    return [row.seq for row in made.rows if isinstance(row, Message) and row.ruler]


def test_the_ruler_stands_before_the_first_new_message_of_somebody_else() -> None:
    made = timeline(
        event(1), event(2), event(3, ME), event(4, kind="join"), event(5, 3), event(6, 3), event(7, 2)
    )
    made.set_ruler(2)
    assert ruled(made) == [5]
    assert made.ruler is not None
    assert made.row(made.ruler) is message(made, 5)
    made.append([event(8)])
    assert ruled(made) == [5]
    made.set_ruler(6)
    assert ruled(made) == [7]
    made.set_ruler(8)
    assert ruled(made) == []
    made.set_ruler(0)
    assert ruled(made) == [1]
    revision = message(made, 1).revision
    made.clear_ruler()
    assert ruled(made) == []
    assert message(made, 1).revision > revision
    assert made.ruler is None


def test_the_ruler_waits_for_the_page_on_which_the_new_begins() -> None:
    made = numbered(10, 11)
    made.has_older = True
    made.set_ruler(4)
    assert ruled(made) == []
    made.prepend([event(seq) for seq in (7, 8, 9)])
    assert ruled(made) == []
    made.prepend([event(seq) for seq in (3, 4, 5, 6)])
    assert ruled(made) == [5]
    made.prepend([event(seq) for seq in (1, 2)])
    assert ruled(made) == [5]
    assert message(made, 5) is made.row(made.ruler or 0)


def test_the_ruler_survives_a_reset_and_goes_with_a_clear() -> None:
    made = numbered(1, 2, 3)
    made.set_ruler(2)
    made.reset([event(seq) for seq in range(1, 6)])
    assert ruled(made) == [3]
    made.clear()
    made.append([event(6)])
    assert ruled(made) == []


def test_the_first_row_keeps_the_ruler_when_it_joins_an_older_group() -> None:
    made = numbered(5, 6)
    made.set_ruler(4)
    made.prepend([event(3), event(4)])
    assert ruled(made) == [5]
    made.clear_ruler()
    assert ruled(made) == []


# --- what was seen


def test_a_reader_at_the_ruler_has_all_the_new_below() -> None:
    made = timeline(event(1), event(2), event(3, ME), event(4, 3), event(5, 3))
    made.set_ruler(1)
    made.show_ruler()
    assert (made.view.following, made.view.row, made.unseen) == (False, made.ruler, 3)
    made.append([event(6), event(7, ME)])
    assert made.unseen == 4
    made.saw(made.view.row)
    assert made.unseen == 3
    made.saw(made.view.row)
    made.saw(made.first)
    assert made.unseen == 3
    made.saw(made.end)
    assert made.unseen == 0
    made.append([event(8)])
    assert made.unseen == 1
    made.follow()
    assert made.unseen == 0


def test_without_a_ruler_the_newest_is_shown() -> None:
    made = numbered(1, 2)
    made.view.following = False
    made.show_ruler()
    assert made.view.following


def test_a_reset_counts_anew_what_was_not_seen() -> None:
    made = numbered(*range(1, 20))
    made.set_ruler(9)
    made.show_ruler()
    assert made.unseen == 10
    made.reset([event(seq) for seq in range(1, 31)])
    assert made.unseen == 21
    made.reset([event(1)])
    assert (made.unseen, made.view.following) == (0, True)


def test_people_are_known_by_what_they_said_and_by_being_there() -> None:
    made = timeline(event(1), event(2, name="Alice"), event(3, 3))
    made.know(["Zoë"])
    assert made.people == {"alice", "bob", "zoë"}


def test_a_change_costs_the_same_in_a_long_log() -> None:
    made = timeline(*(event(seq, at=seq * 1_000) for seq in range(1, 100_001)))
    started = time.process_time()
    for seq in range(1, 100_001, 20):
        made.changes.edit(seq, "x")
    assert time.process_time() - started < 1.0


# --- work


def test_answers_and_edits_of_what_is_answered_cost_the_same_however_many_there_are() -> None:
    """All that answered a message were looked through for each: with 2,000 a key took nineteen seconds."""

    def work(answers: int) -> int:
        made = timeline(event(1), *(replace(event(seq), reply=1) for seq in range(2, answers)))
        more = [replace(event(seq), reply=1) for seq in range(answers, answers + 20)]
        edits = [changed(seq, "edit", 1, f"text {seq}") for seq in range(answers + 20, answers + 40)]

        def act() -> None:
            for one in (*more, *edits):
                made.append([one])

        return calls_made(act)

    assert work(1_600) < 2 * work(100)
