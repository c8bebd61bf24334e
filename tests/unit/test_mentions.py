"""Who is mentioned, and which room wants a person most."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui.client import mentions
from chat_tui.client.events import RoomEvent
from chat_tui.client.mentions import MentionMatcher, good_word, mentioned
from chat_tui.client.priority import by_priority, priority
from chat_tui.client.room import Room
from protocol import frames
from tests.support.work import calls_made

ME, OTHER = 1, 2

LONGER = {"太郎丸", "太郎丸さん", "สมชาย", "김철수"}
"""Names of others."""


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("ann", "ann?", ["ann"]),
        ("ann", "@Ann: look, ANN", ["@Ann", "ANN"]),
        ("ann", "the plan, Anna; joann", []),
        ("ann", "_ann_ *ann* **ann** `ann` ~~ann~~ “ann” ann’s ann's", ["ann"] * 8),
        ("ann", "ann. ann... -ann- ann_", ["ann"] * 4),
        ("ann", "(@ann) [@ann] @ann, bob/ann: ann|bob", ["@ann"] * 3 + ["ann"] * 2),
        ("ann", "@ann-marie @ann.lee @ann_ ann-marie joe-ann lee_ann", ["@ann"]),
        ("ann_", "@ann_ ann_! ann", ["@ann_", "ann_"]),
        ("ann", "https://example.com/~ann/x www.example.com/ann ssh://ann@host/ann?ann", []),
        ("ann", "joe-ann.lee@example.org ann@example.org joe@ann root+ann@host mailto:ann", []),
        ("joe", "joe+chat@example.org", []),
        ("ann", "see https://example.com/x, ann", ["ann"]),
        ("ann", "(https://example.com/ann)ann", ["ann"]),
        ("ann", "https://example.com/を見て。ann", ["ann"]),
        ("Straße", "die STRASSE da", ["STRASSE"]),
        ("ann", "ａｎｎ, @ａｎｎ", ["ａｎｎ", "@ａｎｎ"]),
        ("zoé", "zoe\u0301 zoé zoe", ["zoe\u0301", "zoé"]),
        ("zoe", "zoe\u0301", []),
        ("कमल", "@कमला कमला", []),
        ("कमल", "@कमल, कमल।", ["@कमल", "कमल"]),
        ("कमला", "“कमला”", ["कमला"]),
        ("иван", "@иван-петров иван@пример.рф иванов", []),
        ("иван", "«иван», иван!", ["иван", "иван"]),
        ("太郎", "太郎さん、", ["太郎"]),
        ("太郎", "@太郎さん", ["@太郎"]),
        ("太郎", "明日@太郎が来る。太郎、太郎！", ["@太郎", "太郎", "太郎"]),
        ("太郎", "桃太郎さん 太郎左衛門 太郎が来る", []),
        ("太郎", "@太郎丸さん @太郎丸", []),
        ("太郎", "太郎くん、桃太郎くん", ["太郎"]),
        ("タロウ", "@ﾀﾛｳさん タロウさん", ["@ﾀﾛｳ", "タロウ"]),
        ("สมชาย", "@สมชายครับ สมชายครับ สมชาย", ["@สมชาย", "สมชาย"]),
        ("สม", "@สมชายครับ", []),
        ("철수", "@철수야 철수님 김철수 @김철수야 철수", ["@철수", "철수", "철수"]),
        ("ann", "annさん、@annさんは", ["ann", "@ann"]),
        ("ann", "❤️ann 👍🏽@ann", ["ann", "@ann"]),
        ("", "anything", []),
    ],
)
def test_where_a_name_is_mentioned(name: str, text: str, where: list[str]) -> None:
    matcher = MentionMatcher(name)
    for other in LONGER:
        matcher.know(other)
    assert [text[start:end] for start, end in matcher.spans(text)] == where
    assert matcher.matches(text) == bool(where)
    assert MentionMatcher(name).matches(text, LONGER) == bool(where), "it is told with the text"


def test_names_behind_the_sign_are_the_longest_that_exist() -> None:
    names = {"ann", "ann-marie", "ann.", "太郎", "太郎丸"}
    text = "@Ann-Marie. @ann.lee @ann... @太郎丸さん @太郎さん @bob joe@ann @annさん"
    assert [(text[start:end], name) for start, end, name in mentioned(text, names)] == [
        ("@Ann-Marie", "ann-marie"), ("@ann.", "ann."), ("@太郎丸", "太郎丸"), ("@太郎", "太郎"),
        ("@ann", "ann"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "text", "fits"),
    [
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
        ("deploy", "pre-deploy, deploy-day", True),
        ("deploy", "https://example.com/deploy deploy@example.org", False),
        ("straße", "die STRASSE da", True),
        ("ﬁx", "a fix", True),
        ("कमल", "कमला", False),
        ("मला", "कमला", False),
        ("障害", "また障害が発生", True),
        ("❤x", "❤️x", False),
        ("*", "anything", False),
        ("", "anything", False),
        ("(", "(", False),
    ],
)
def test_what_words_mention(word: str, text: str, *, fits: bool) -> None:
    assert MentionMatcher("", [word]).matches(text) == fits


PARTS = [
    *["a", "ann", "ann-", "@ann", "@", "a@", "a@a", "x://", "://", "www.", "mailto:", "https://a)"],
    *["太", "太郎", "@太郎", "@太", "太a", "太郎さ", "@太\u3099", "क\u093e", "e\u0301", "\u0301"],
    *["ａ", "_", "."],
]


@pytest.mark.parametrize("part", PARTS)
def test_looking_takes_work_linear_in_the_text(part: str) -> None:
    def work(count: int) -> int:
        text = part * count
        matcher = MentionMatcher("太郎丸太郎丸", ["*a*b*c", "deploy"])
        matcher.know("太郎丸太郎丸太郎丸")

        def look() -> None:
            matcher.spans(text)
            MentionMatcher("ann").spans(text)
            mentioned(text, {"太郎"})

        return calls_made(look)

    assert work(2_000) < 2.5 * work(1_000) + 1_000


def test_no_text_takes_long() -> None:
    began = time.process_time()
    assert not MentionMatcher("", ["*a*a*b*"]).matches("a" * 2_000)
    assert MentionMatcher("", ["*" + "a*" * 30]).matches("a" * 2_000)
    assert time.process_time() - began < 1, "it was ten seconds for the first one"


@given(
    st.text(max_size=80) | st.text("ann太郎さ@._-\u0301 x:/", max_size=80),
    st.sampled_from(["ann", "太郎", "a-n"]),
)
def test_any_text_can_be_looked_through(text: str, name: str) -> None:
    matcher = MentionMatcher(name, ["x", "太*"])
    spans = matcher.spans(text)
    assert matcher.matches(text) == bool(spans)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(text[start] == "@" for start, _, _ in mentioned(text, {name}))


@pytest.mark.parametrize("bad", ["", "*", "!?", "two words", "x" * 65])
def test_what_can_be_no_word(bad: str) -> None:
    with pytest.raises(ValueError, match="letter"):
        good_word(bad)


def room(name: str, *texts: str, time: int = 0, level: str = "", direct: bool = False, read: int = 0) -> Room:
    """A room in which somebody has said this, a moment after each other."""
    made = Room(name, ME, read=read, direct=direct, loaded=True, calls=MentionMatcher("ann"))
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
    found = [one.name for one in by_priority(rooms, rooms[2])]
    assert found == ["#called", "#quietly", "@1:2", "#all", "#sooner", "#later"]
    assert [priority(one) for one in rooms] == [None, 2, 0, 2, 1, 0, 0, 0, None, None]


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


def test_so_many_longer_names_are_told_apart() -> None:
    matcher = MentionMatcher("太郎")
    for number in range(mentions.LONGER + 10):
        matcher.know(f"太郎{number}号")
    assert not matcher.matches(f"@太郎{mentions.LONGER - 1}号")
    assert matcher.matches(f"@太郎{mentions.LONGER}号"), "that one is more than are kept"
