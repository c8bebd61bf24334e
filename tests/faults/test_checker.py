"""The checker finds each kind of fault in a history made by hand, and none in one that is whole."""

import pytest

from protocol import errors, frames
from tests.faults.checker import check
from tests.faults.history import (
    Acked,
    AnyRecord,
    Began,
    Entered,
    Forged,
    Gone,
    History,
    Jumped,
    Leaked,
    Meant,
    Older,
    Refused,
    Restarted,
    Said,
    Seen,
    Shown,
    Store,
)

ROOM = "#room"
ANN, BOB = 1, 2
ADA = 3


def event(seq: int, user: int, text: str, cid: str | None, kind: str = frames.MESSAGE) -> Seen:
    return Seen(seq, user, kind, text, cid)


EVENTS = [
    event(1, ANN, "", None, frames.CREATE),
    event(2, ANN, "", None, frames.JOIN),
    event(3, BOB, "", None, frames.JOIN),
    event(4, ANN, "first", "a1"),
    event(5, BOB, "hi", "b1"),
    event(6, ANN, "second", "a2"),
    event(7, BOB, "new topic", None, frames.TOPIC),
]


class Story:
    """A whole history: ann has an outbox, bob is raw, both saw everything. Tests spoil it."""

    def __init__(self) -> None:
        self.store = Store({ROOM: list(EVENTS)}, {ROOM: 7}, {ROOM: {ANN, BOB}})
        self.ann: list[AnyRecord] = [
            Began(fill=100),
            Entered(ANN),
            Restarted(ROOM, 3, EVENTS[:3]),
            Said("a1", ROOM, "first", kept=True),
            Said("a2", ROOM, "second", kept=True),
            Acked("a1", 4),
            Shown(ROOM, EVENTS[3:5]),
            Acked("a2", 6),
            Shown(ROOM, EVENTS[5:]),
        ]
        self.bob: list[AnyRecord] = [
            Began(),
            Entered(BOB),
            Restarted(ROOM, 3, []),
            Said("b1", ROOM, "hi", link=1),
            Acked("b1", 5),
            Meant(ROOM, "new topic", frames.TOPIC),
            Shown(ROOM, EVENTS[3:]),
            Older(ROOM, EVENTS[1:3]),
            Older(ROOM, EVENTS[:1]),
        ]

    def replace(self, *events: Seen) -> None:
        """Have the room hold these."""
        self.store.events[ROOM] = list(events)
        self.store.heads[ROOM] = events[-1].seq

    def wrong(self) -> str:
        """What the checker says."""
        history: History = {"ann": self.ann, "bob": self.bob}
        return "\n".join(check(history, self.store))


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_whole_history_is_whole(story: Story) -> None:
    assert story.wrong() == ""


def test_lost(story: Story) -> None:
    story.replace(*EVENTS[:5], event(6, BOB, "new topic", None, frames.TOPIC))
    wrong = story.wrong()
    assert "LOST: ann got an ok for 'second' (cid a2, #room 6); it is not stored" in wrong
    assert "LOST: 'second' was in ann's outbox (cid a2, #room); it never came" in wrong


def test_lost_from_the_outbox_of_the_run_before(story: Story) -> None:
    story.ann[0] = Began([Said("a0", ROOM, "from before", kept=True)], fill=100)
    assert "LOST: 'from before' was in ann's outbox" in story.wrong()


def test_what_no_outbox_holds_and_nobody_acknowledged_may_be_missing(story: Story) -> None:
    story.bob.append(Said("b2", ROOM, "into the void", link=1))
    assert story.wrong() == ""


def test_doubled_under_its_cid(story: Story) -> None:
    story.replace(*EVENTS, event(8, ANN, "first", "a1"))
    wrong = story.wrong()
    assert "Cid a1 of user 1 is stored 2 times: #room 4, #room 8" in wrong
    assert "'first' was doubled" in wrong


def test_doubled_under_another_cid(story: Story) -> None:
    story.ann.append(Meant(ROOM, "first"))
    story.replace(*EVENTS, event(8, ANN, "first", "a9"))
    assert "'first' was doubled" in story.wrong()


def test_reordered(story: Story) -> None:
    first, second = event(4, ANN, "second", "a2"), event(6, ANN, "first", "a1")
    story.replace(*EVENTS[:3], first, EVENTS[4], second, EVENTS[6])
    assert "REORDERED: ann said 'first' before 'second'; in #room they are at 6 and 4" in story.wrong()


def test_reordered_on_one_connection(story: Story) -> None:
    story.bob[3:5] = [Said("b0", ROOM, "before hi", link=1), Said("b1", ROOM, "hi", link=1)]
    story.replace(*EVENTS, event(8, BOB, "before hi", "b0"))
    assert "REORDERED: bob said 'before hi' before 'hi'" in story.wrong()


def test_what_was_repeated_or_refused_may_come_later(story: Story) -> None:
    late = event(8, BOB, "before hi", "b0")
    before = Said("b0", ROOM, "before hi", link=1)
    story.bob[3:5] = [before, Said("b1", ROOM, "hi", link=1), before]
    story.ann[3:3] = [Said("a0", ROOM, "refused first", kept=True), Refused("a0", errors.NOT_A_MEMBER)]
    more = (late, event(9, ANN, "refused first", "a0"))
    story.replace(*EVENTS, *more)
    story.ann.append(Shown(ROOM, list(more)))
    story.bob.append(Shown(ROOM, list(more)))
    assert story.wrong() == ""


def test_a_gap_in_the_store(story: Story) -> None:
    story.replace(*EVENTS[:6], event(8, BOB, "new topic", None, frames.TOPIC))
    assert "In the store #room goes from 6 to 8: its seqs have a gap" in story.wrong()


def test_a_head_that_is_not_the_last_event(story: Story) -> None:
    story.store.heads[ROOM] = 9
    assert "#room says its head is 9; its events end at 7" in story.wrong()


def test_members_that_the_events_do_not_make(story: Story) -> None:
    story.store.members[ROOM] = {ANN}
    assert "#room has members {1}; its events say {1, 2}" in story.wrong()


def test_a_phantom_in_the_store(story: Story) -> None:
    story.replace(*EVENTS, event(8, BOB, "who said that?", "b7"))
    assert "PHANTOM: user 2 never said 'who said that?' (cid b7), stored at #room 8" in story.wrong()


def test_a_topic_that_nobody_set(story: Story) -> None:
    story.replace(*EVENTS, event(8, ANN, "a strange topic", None, frames.TOPIC))
    assert "PHANTOM: nobody set the topic 'a strange topic'" in story.wrong()


def test_told_to_a_client_that_died_at_once(story: Story) -> None:
    story.ann.append(Meant(ROOM, "last words"))
    assert story.wrong() == ""
    last = event(8, ANN, "last words", "a5")
    story.replace(*EVENTS, last)
    story.ann.append(Shown(ROOM, [last]))
    story.bob.append(Shown(ROOM, [last]))
    assert story.wrong() == ""


def test_another_text(story: Story) -> None:
    story.replace(*EVENTS[:3], event(4, ANN, "worst", "a1"), *EVENTS[4:])
    assert "At #room 4 the text is 'worst'; under cid a1 'first' was said" in story.wrong()


def test_another_sender(story: Story) -> None:
    story.replace(*EVENTS[:3], event(4, BOB, "first", "a1"), *EVENTS[4:])
    assert "PHANTOM: user 2 never said 'first'" in story.wrong()


def test_another_room(story: Story) -> None:
    story.ann[3] = Said("a1", "#elsewhere", "first", kept=True)
    assert "'first' was said in #elsewhere; it is stored at #room 4" in story.wrong()


def test_what_was_forged_is_stored(story: Story) -> None:
    story.bob.append(Forged("b1", ROOM, "not hi"))
    assert story.wrong() == ""
    story.replace(*EVENTS[:4], event(5, BOB, "not hi", "b1"), *EVENTS[5:])
    assert "At #room 5 the text is 'not hi'; under cid b1 'hi' was said" in story.wrong()


def test_two_seqs_for_a_cid(story: Story) -> None:
    story.ann.append(Acked("a1", 6, dup=True))
    assert "ann was told two seqs for cid a1: 4 and 6" in story.wrong()


def test_new_twice(story: Story) -> None:
    story.ann.append(Acked("a1", 4))
    assert "ann was told twice that cid a1 was new" in story.wrong()


def test_acknowledged_elsewhere(story: Story) -> None:
    story.ann[5] = Acked("a1", 5)
    assert "ann was told that 'first' is at #room 5; it is at #room 4" in story.wrong()


def test_an_answer_to_what_was_never_sent(story: Story) -> None:
    story.ann.append(Acked("a8", 8))
    assert "ann got an ok for cid a8, which it never sent" in story.wrong()


@pytest.mark.parametrize("code", [errors.INTERNAL, errors.STORAGE, errors.CID_REUSED, errors.BAD_FRAME])
def test_refused_without_a_reason(story: Story, code: str) -> None:
    story.ann.append(Refused("a1", code))
    assert f"ann was refused cid a1 with {code}, without a reason" in story.wrong()


def test_somebody_else_after_a_restart(story: Story) -> None:
    story.ann += [Began(fill=100), Entered(ADA)]
    assert "ann came in as several users: [1, 3]" in story.wrong()


# --- what was shown


def test_shown_after_a_gap(story: Story) -> None:
    story.ann[6] = Shown(ROOM, EVENTS[4:5])
    assert "ann showed #room 5 after a gap: 3 was shown before it" in story.wrong()


def test_shown_twice(story: Story) -> None:
    story.ann.append(Shown(ROOM, EVENTS[6:]))
    assert "ann showed #room 7 again: 7 was shown before it" in story.wrong()


def test_shown_in_another_order(story: Story) -> None:
    story.ann[6] = Shown(ROOM, [EVENTS[4], EVENTS[3]])
    assert "ann showed #room 4 again: 5 was shown before it" in story.wrong()


def test_shown_otherwise_than_stored(story: Story) -> None:
    story.bob[6] = Shown(ROOM, [event(4, ANN, "worst", "a1"), *EVENTS[4:]])
    assert "bob showed #room 4 as" in story.wrong()


def test_shown_but_not_stored(story: Story) -> None:
    story.bob.append(Shown(ROOM, [event(8, ANN, "phantom", "a7")]))
    assert "PHANTOM: bob showed #room 8, 'phantom', which is not stored" in story.wrong()


def test_not_all_shown(story: Story) -> None:
    del story.ann[-1]
    assert "ann is in #room, which goes to 7; it was shown up to 5" in story.wrong()


def test_nothing_shown(story: Story) -> None:
    story.bob = story.bob[:2]
    assert "bob is in #room, which goes to 7; it was shown nothing" in story.wrong()


def test_older_that_does_not_fit(story: Story) -> None:
    story.bob[7:] = [Older(ROOM, EVENTS[:2])]
    assert "bob showed #room 1 after a gap: 1 was shown before it" not in story.wrong()
    assert "bob showed #room" in story.wrong()


def test_started_anew_without_a_reason(story: Story) -> None:
    story.ann.append(Restarted(ROOM, 7, EVENTS[5:]))
    assert "ann started #room anew at 7, though it had shown up to 7" in story.wrong()


def test_a_new_run_and_a_room_entered_again_start_anew(story: Story) -> None:
    story.ann += [Gone(ROOM), Restarted(ROOM, 7, EVENTS[5:]), Began(fill=100), Restarted(ROOM, 7, EVENTS)]
    assert story.wrong() == ""


def test_shown_in_a_room_that_was_left(story: Story) -> None:
    story.bob[6:6] = [Gone(ROOM)]
    assert "bob showed #room 4 after a gap" in story.wrong()


def test_left_out_without_a_word(story: Story) -> None:
    story.bob.append(Jumped(ROOM, 4, 6))
    assert "bob got #room 6 right after 4, and no word of what was left out" in story.wrong()


def test_seen_after_being_removed(story: Story) -> None:
    story.bob.append(Leaked(ROOM, 9))
    assert "bob was removed from #room and saw 9 after that" in story.wrong()


def test_members_follow_from_who_was_removed(story: Story) -> None:
    story.replace(*EVENTS, event(8, ANN, "removed bob", None, frames.KICK))
    story.store.removed[ROOM, 8] = BOB
    assert "#room has members {1, 2}; its events say {1}" in story.wrong()


def test_a_room_that_nobody_owns(story: Story) -> None:
    story.store.owners[ROOM] = set()
    assert "nobody owns #room" in story.wrong()


def test_many_sentences_are_cut(story: Story) -> None:
    story.ann += [Acked(f"x{number}", number) for number in range(100)]
    assert story.wrong().endswith("… and 60 sentences more")
