"""Searching the logs: one contract for both, and what only the one on disk can show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol import codec, frames, words
from server.state.entries import Draft
from server.store.base import Found, Log, SearchCursor, SearchQuery
from server.store.memory import MemoryLog
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.support.sql import query

ANN, BOB = 1, 2


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    log: Log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path)
    yield log
    log.close()


def say(room: str, text: str, user: int = ANN, *, at: int = 1000) -> Draft:
    return Draft(
        room, user, "ann", frames.MESSAGE, at, codec.pack(frames.TextBody(text)), f"{room}{text}{at}"
    )


def find(
    log: Log, *said: str, rooms: tuple[str, ...] = ("#a", "#b"), limit: int = 10, **fields: Any
) -> Found:
    while log.index(3):
        pass
    terms = [words.term_of(text, phrase=" " in text) for text in said]
    return log.search(SearchQuery(rooms, [term for term in terms if term], limit, **fields), 10)


def found(log: Log, *said: str, **fields: Any) -> list[tuple[str, int]]:
    return [(event.room, event.seq) for event in find(log, *said, **fields).events]


def test_what_matches_is_found_newest_first(log: Log) -> None:
    log.append(
        [
            say("#a", "the disk is full", at=1000),
            say("#b", "no DISK today", BOB, at=2000),
            Draft("#a", ANN, "ann", frames.TOPIC, 2500, codec.pack(frames.TopicBody("disk"))),
            Draft("#a", ANN, "ann", frames.MESSAGE, 2600, b"\xc1disk"),
            say("#a", "disks are cheap", BOB, at=3000),
            say("#c", "a disk that nobody asked for", at=4000),
        ]
    )
    assert found(log, "disk") == [("#a", 4), ("#b", 1), ("#a", 1)]
    assert found(log, "disk", rooms=("#a",)) == [("#a", 4), ("#a", 1)]
    assert found(log, "disk", rooms=("#none",)) == []
    assert found(log, "full", "dis") == [("#a", 1)]
    assert found(log, "disk is") == [("#a", 1)]
    assert found(log, "is disk") == []
    assert found(log, "disk", user=BOB) == [("#a", 4), ("#b", 1)]
    assert found(log, user=BOB) == [("#a", 4), ("#b", 1)]
    assert found(log, "disk", ignored=frozenset({BOB})) == [("#a", 1)]
    assert found(log, "disk", after=2000, before=3000) == [("#b", 1)]
    assert found(log, "disk", after=10**12) == []


@pytest.mark.parametrize("day", range(6))
def test_times_of_days_are_kept_to(log: Log, day: int) -> None:
    """Also where a clock has gone back a bit, and the oldest are pruned."""
    hour = 3_600_000
    times = [hour * number - (number % 3 == 0) * hour // 2 for number in range(24, 120)]
    log.append([say("#a", f"tick {number}", at=at) for number, at in enumerate(times)])
    log.prune("#a", 40 * hour, 100)
    begin, end = 24 * hour * day, 24 * hour * (day + 1)
    wanted = [seq for seq, at in enumerate(times, 1) if begin <= at < end and seq > log.floor("#a")]
    assert [seq for _, seq in found(log, "tick", after=begin, before=end, limit=50)] == wanted[::-1]


@pytest.mark.parametrize("wrong", [200 * 24, -200 * 24], ids=["fast", "slow"])
@pytest.mark.parametrize("day", range(199, 212))
def test_times_of_days_are_kept_to_after_a_time_of_a_wrong_clock(log: Log, day: int, wrong: int) -> None:
    """A search among times that do not rise missed most of a day, and said nothing of it."""
    hour = 3_600_000
    hours = [200 * 24 + number + (wrong if 100 <= number < 130 else 0) for number in range(250)]
    for at in range(0, 250, 50):
        log.append([say("#a", f"tick {number}", at=hours[number] * hour) for number in range(at, at + 50)])
    begin, end = 24 * day, 24 * (day + 1)
    for after, before in ((begin, end), (begin, None), (None, end)):
        wanted = [
            seq
            for seq, at in enumerate(hours, 1)
            if (after or 0) <= at < (10**9 if before is None else before)
        ]
        bounds = {"after": after and after * hour, "before": before and before * hour}
        assert [seq for _, seq in found(log, "tick", limit=300, **bounds)] == wanted[::-1]


def test_pages_hold_everything_once_even_if_the_clock_was_set_back(log: Log) -> None:
    times = [50, 60, 20, 30, 90, 10, 90, 40, 70, 80, 10, 10, 55]
    for number, at in enumerate(times):
        log.append([say("#ab"[::2] if number % 3 else "#a", f"x1 {number}", at=at)])
    everything = found(log, "x1", limit=100)
    assert sorted(everything) == sorted({*everything})
    assert len(everything) == len(times)
    for room in ("#a", "#b"):
        seqs = [seq for name, seq in everything if name == room]
        assert seqs == sorted(seqs, reverse=True)
    pages: list[tuple[str, int]] = []
    begin: SearchCursor | None = None
    while True:
        page = find(log, "x1", limit=4, begin=begin)
        pages += [(event.room, event.seq) for event in page.events]
        begin = page.end
        if begin is None:
            break
    assert pages == everything


def test_what_is_removed_is_found_no_longer(log: Log) -> None:
    log.append([say("#a", "old words", at=1), say("#a", "new words", at=2), say("#b", "words", at=3)])
    assert len(found(log, "words")) == 3
    log.prune("#a", 2, 10)
    assert found(log, "words") == [("#b", 1), ("#a", 2)]
    log.append([Draft("#b", ANN, "ann", frames.DELETE_ROOM, 4)])
    assert found(log, "words") == [("#a", 2)]
    while log.purge(10):
        pass
    log.append([say("#b", "other words", at=5)])
    assert found(log, "words") == [("#b", 1), ("#a", 2)]


def test_what_was_edited_is_found_by_what_it_says_now(log: Log) -> None:
    def change(kind: str, target: int, text: str = "") -> Draft:
        body = codec.pack(frames.TextBody(text)) if text else b""
        return Draft("#a", ANN, "ann", kind, 5, body, f"{kind}{target}{text}", target)

    log.append([say("#a", "one thing"), say("#a", "two things"), say("#b", "three things")])
    assert len(found(log, "thing")) == 3
    log.append([change(frames.EDIT, 1, "first word"), change(frames.EDIT, 1, "last word")])
    assert found(log, "thing") == [("#a", 2), ("#b", 1)]
    (hit,), (edit,), *_ = find(log, "last")
    assert (hit.seq, edit.seq, edit.target) == (1, 4, 1)
    assert found(log, "first") == []
    log.append([change(frames.EDIT, 2, "things gone"), change(frames.DELETE, 1), change(frames.DELETE, 2)])
    assert found(log, "last") == found(log, "gone") == []
    assert found(log, user=ANN) == [("#b", 1)]


@pytest.mark.parametrize(
    "text",
    ['"', '""', "disk*", "*", "NEAR(disk full)", "disk NOT full", "-full", "text : disk", '"disk', "a OR b",
     "^disk", "1·disk", "1··1", "{text} : x", "disk\x00", "𒐫", "'; DROP TABLE words; --", "(", "+"],
)  # fmt: skip
@pytest.mark.parametrize("phrase", [False, True])
def test_nothing_that_is_searched_for_is_syntax(tmp_path: Path, text: str, *, phrase: bool) -> None:
    """What both logs find is the same: the twin in memory knows no syntax at all."""
    logs: list[Log] = [SqliteLog(tmp_path), MemoryLog()]
    answers = []
    for log in logs:
        log.append(
            [say("#a", "disk full"), say("#a", "near disk full a or b"), say("#a", text), say("#a", "other")]
        )
        log.index(100)
        term = words.term_of(text, phrase=phrase)
        if term is not None:
            answers.append(log.search(SearchQuery(("#a",), [term], 10), 10).events)
            assert any(event.seq == 3 for event in answers[-1])
        log.close()
    assert len(answers) in (0, 2)
    assert answers[:1] == answers[1:]


def test_it_is_stopped_when_it_takes_too_long(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append([say("#a", f"word {number}", at=number) for number in range(3000)])
    while log.index(1000):
        pass
    wanted = SearchQuery(("#a",), [words.Term(("word",), whole=False)], 100, before=0)
    assert log.search(wanted, -1) == Found([], [], None, stopped=True)
    assert log.search(wanted, 60) == Found([], [], None, stopped=False)
    log.close()


def test_removed_words_are_gone_from_the_index_too(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append([say("#a", f"common{number % 7} zq{number}xkcd", at=number) for number in range(400)])
    log.index(1000)

    def kept() -> int:
        return sum(
            row[0].count(b"xkcd") for row in query(tmp_path / FILE_NAME, "SELECT block FROM words_data")
        )

    assert kept() == 400
    log.append([Draft("#a", ANN, "ann", frames.DELETE, 1000, target=1)])
    assert kept() == 399
    log.prune("#a", 200, 1000)
    assert kept() > 399  # of many at once the words are only marked as removed
    steps = 1
    while log.tidy():
        steps += 1
        assert steps < 1000
    assert kept() == 200
    assert not log.tidy()
    # What is removed while the rest is being overwritten is not forgotten.
    log.prune("#a", 210, 1000)
    assert log.tidy()
    log.prune("#a", 220, 1000)
    while log.tidy():
        pass
    assert kept() == 180
    assert len(found(log, "common", rooms=("#a",), limit=500)) == 180
    # Also of what an edit, which can't be read itself, has made unfindable.
    log.append([Draft("#a", ANN, "ann", frames.EDIT, 1000, b"\xc1", target=400)])
    log.index(1000)
    assert kept() == 179
    log.append([Draft("#a", ANN, "ann", frames.DELETE, 1000, target=399)])
    assert kept() == 178
    log.close()
    query(tmp_path / FILE_NAME, "INSERT INTO words (words) VALUES ('integrity-check')")


def test_another_rule_of_words_makes_the_index_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SqliteLog(tmp_path)
    log.load()
    log.append([say("#a", "words")])
    log.index(10)
    log.close()
    for _ in range(2):
        monkeypatch.setattr(words, "VERSION", "2 99")
        log = SqliteLog(tmp_path)
        log.load()
        assert found(log, "words") == [("#a", 1)]
        log.close()


def test_a_step_of_the_index_is_short_whatever_was_said(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log.append([say("#a", f"u{number}u " + "x " * 8_000, at=number) for number in range(40)])
    steps = 1
    while log.index(1000):
        steps += 1
    assert steps > 5
    assert all(found(log, f"u{number}u") for number in range(40))
    log.close()
