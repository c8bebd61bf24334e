"""What calls a person, and which room wants them most."""

import time

import pytest

from chat_tui.client.calling import Calls, good_word, mentions, urgency, waiting
from chat_tui.client.events import RoomEvent
from chat_tui.client.room import Room
from protocol import frames

ME, OTHER = 1, 2


@pytest.mark.parametrize(
    ("word", "text", "fits"),
    [
        ("ann", "ann?", True),
        ("ann", "@Ann: look", True),
        ("ann", "the plan, Anna", False),
        ("ann", "joann", False),
        ("ann*", "Anna and the announcement", True),
        ("ann*", "ann", True),
        ("ann*", "joanna", False),
        ("dep*y", "who can DEPLOY it?", True),
        ("dep*y", "deployed", False),
        ("d*p*y", "redeploy deploys deploy", True),
        ("d*p*y*", "redeploy deploys", True),
        ("*pl**y", "a deploy-y", True),
        ("*a*b", "ab ba aab-", True),
        ("*a*b", "aba ba", False),
        ("a*+*b", "a+a.b", False),
        ("a*+*b", "aa+ab", True),
        ("c++", "we write c++ here", True),
        ("a.b", "axb", False),
        ("straße", "die STRASSE da", True),
        ("ﬁx", "a fix", True),
        ("*", "anything", False),
        ("", "anything", False),
        ("(", "(", False),
    ],
)
def test_what_calls(word: str, text: str, *, fits: bool) -> None:
    assert Calls("", [word]).fits(text) == fits
    if "*" not in word and word != "(":
        assert Calls(word).fits(text) == fits


def test_no_text_takes_long() -> None:
    began = time.process_time()
    assert not mentions("a" * 2_000, "*a*a*b*")
    assert mentions("a" * 2_000, "*" + "a*" * 30)
    assert time.process_time() - began < 1, "it was ten seconds for the first one"


@pytest.mark.parametrize("bad", ["", "*", "!?", "two words", "x" * 65])
def test_what_can_be_no_word(bad: str) -> None:
    with pytest.raises(ValueError, match="letter"):
        good_word(bad)


def room(name: str, *texts: str, time: int = 0, level: str = "", direct: bool = False, read: int = 0) -> Room:
    """A room in which somebody has said this, a moment after each other."""
    made = Room(name, ME, read=read, direct=direct, loaded=True, calls=Calls("ann"))
    made.levels = {name: level} if level else {}
    made.before([])
    for seq, text in enumerate(texts, 1):
        event = RoomEvent(name, seq, OTHER, "bob", frames.MESSAGE, text, time + seq)
        made.events.append(event)
        made._count(event)
    return made


def test_the_room_that_wants_one_most_comes_first() -> None:
    rooms = [
        room("#muted", "news", level=frames.MUTED),
        room("#later", "news", time=90),
        room("#here", "ann!", time=1),
        room("#sooner", "news", time=80),
        room("#all", "news", time=99, level=frames.EVERYTHING),
        room("@1:2", "hello", time=70, direct=True),
        room("#called", "first", "ann?", "ann!", time=50),
        room("#quietly", "ann?", time=60, level=frames.MUTED),
        room("@1:3", "hello", direct=True, level=frames.MUTED),
        room("#read", "ann?", read=1),
    ]
    found = [one.name for one in waiting(rooms, rooms[2])]
    assert found == ["#called", "#quietly", "@1:2", "#all", "#sooner", "#later"]
    assert [urgency(one) for one in rooms] == [None, 2, 0, 2, 1, 0, 0, 0, None, None]


@pytest.mark.parametrize(
    ("direct", "level", "mentions", "wanting", "told"),
    [
        (False, "", 1, 1, ["ann?"]),
        (False, frames.EVERYTHING, 1, 3, ["one", "ann?", "two"]),
        (False, frames.MUTED, 1, 1, []),
        (True, "", 3, 3, ["one", "ann?", "two"]),
        (True, frames.MENTIONS, 1, 1, ["ann?"]),
        (True, frames.MUTED, 1, 1, []),
    ],
)
def test_what_a_level_means(
    *, direct: bool, level: str, mentions: int, wanting: int, told: list[str]
) -> None:
    one = room("#a", "one", "ann?", "two", direct=direct, level=level)
    assert (one.unread, one.mentions, one.wanting) == (3, mentions, wanting)
    assert [event.text for event in one.events if one.notifies(event)] == told


def test_edits_deletions_and_answers_are_what_they_say() -> None:
    one = room("#a", "nothing", "ann?", "ann, all of you", "more")

    def come(
        kind: str, text: str, user: int = OTHER, *, target: int | None = None, reply: int | None = None
    ) -> None:
        event = RoomEvent("#a", one.last + 1, user, "bob", kind, text, 0, target=target, reply=reply)
        one.events.append(event)
        one._count(event)

    come(frames.EDIT, "ann, something", target=1)
    come(frames.EDIT, "nobody", target=2)
    come(frames.EDIT, "nobody", user=9, target=3)  # no edit of who said it
    assert one.called == {1, 3}
    come(frames.DELETE, "", target=3)
    come(frames.MESSAGE, "mine", user=ME)
    come(frames.MESSAGE, "an answer", reply=9)
    come(frames.MESSAGE, "an answer to another", reply=4)
    come(frames.EDIT, "still an answer", target=10)
    assert one.called == {1, 10}
    one.look_for_calls()
    assert one.called == {1, 10}, "looking again finds the same"


def test_mentions_follow_what_calls_and_what_is_read() -> None:
    one = room("#a", "ann?", "deploy", "ann!")
    assert one.called == {1, 3}
    one.calls.by(["deploy*"])
    one.look_for_calls()
    assert one.called == {1, 2, 3}
    one.calls.name = "zoe"
    one.look_for_calls()
    assert one.called == {2}
    one.ignored = {OTHER}
    one.judge_anew()
    assert (one.unread, one.mentions) == (0, 0)
    one.ignored = frozenset()
    one.judge_anew()
    assert (one.unread, one.mentions) == (3, 1)
    one.mark(2)
    assert (one.unread, one.mentions) == (1, 0)
