"""What somebody types to search, and what it means."""

import time
from datetime import UTC, date, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from chat_tui.client.errors import ClientError
from chat_tui.client.query import Query, parse
from chat_tui.local_time import LocalTime

TODAY = date(2026, 11, 25)
DAY = 86_400_000
NOVEMBER = 1_793_491_200_000
"""2026-11-01, 00:00 UTC."""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("disk full", Query(("disk", "full"))),
        ('"disk is" full', Query(("full",), ("disk is",))),
        ('"disk is', Query((), ("disk is",))),
        ("from:alice", Query(sender="alice")),
        ("FROM:@alice disk", Query(("disk",), sender="alice")),
        ('from:"alice" disk', Query(("disk",), sender="alice")),
        ("x in:dev", Query(("x",), room="#dev")),
        ("x in:#dev", Query(("x",), room="#dev")),
        ("x in:@bob", Query(("x",), room="@bob")),
        ("x in:*", Query(("x",), room="*")),
        ("x before:2026-11-01", Query(("x",), before=NOVEMBER)),
        ("x after:2026-11-01", Query(("x",), after=NOVEMBER)),
        ("x on:2026-11-01", Query(("x",), after=NOVEMBER, before=NOVEMBER + DAY)),
        ("x on:today", Query(("x",), after=NOVEMBER + 24 * DAY, before=NOVEMBER + 25 * DAY)),
        ("x before:Yesterday", Query(("x",), before=NOVEMBER + 23 * DAY)),
        ("https://example.org a:b NEAR(x)", Query(("https://example.org", "a:b", "NEAR(x)"))),
        ("wherein:x", Query(("wherein:x",))),
    ],
)
def test_what_is_meant(text: str, meant: Query) -> None:
    assert parse(text, TODAY, UTC) == meant


def test_days_begin_where_the_person_is() -> None:
    east = timezone(timedelta(hours=9))
    assert parse("x after:2026-11-01", TODAY, east).after == NOVEMBER - 9 * 3_600_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "What shall be searched for"),
        ("in:#dev", "What shall be searched for"),
        ("*", r"\* can't be searched for"),
        ('x "?!"', "can't be searched for"),
        ("x from:", "from: needs something"),
        ("x before:november", "before:november is no day: write it as before:2026-11-25"),
        ("x on:2026-02-30", "on:2026-02-30 is no day"),
        ("before:foo", "before:foo is no day: write it as before:2026-11-25"),
        ("x after:0001-01-01", "is no day"),
        ("x on:today before:today", "on: is one day"),
        ("x after:2026-11-02 before:2026-11-02", "from 2026-11-02 on and before 2026-11-02"),
        ("x " * 17, "too much"),
        ("x" * 129, "too long"),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    with pytest.raises(ClientError, match=problem):
        parse(text, TODAY, UTC)


@pytest.mark.parametrize(
    ("wanted", "text", "marked"),
    [
        ("कमला", "कमला और कमल", ["कमला"]),
        ("कमल", "नमस्ते, कमला और कमल", ["कमला", "कमल"]),  # a word is found by its beginning
        ("स", "नमस्ते", []),
        ("cafe", "the cafe\u0301s", ["cafe\u0301s"]),
        ("东京", "我在东京", ["东", "京"]),
        ("case", "snake_case", ["case"]),
    ],
)
def test_what_was_found_is_marked_in_every_script(wanted: str, text: str, marked: list[str]) -> None:
    query = parse(wanted, TODAY)
    assert [text[start:end] for start, end in query.marks(text)] == marked


@pytest.mark.parametrize("zone", ["Africa/Cairo", "America/Santiago", "Asia/Beirut", "America/Havana", "UTC"])
@pytest.mark.parametrize("given", ["the zone", "nothing"])
def test_every_day_ends_where_the_next_begins(zone: str, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clocks are put forward at midnight, the last hour of the day before was missed."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        there = LocalTime(ZoneInfo(zone))
        for number in range(366 * 2):
            day = date(2025, 1, 1) + timedelta(days=number)
            query = parse(f"x on:{day}", day, ZoneInfo(zone) if given == "the zone" else None)
            assert query.after is not None
            assert query.before is not None
            assert there.day(query.after) == there.day(query.before - 1) == day
            assert there.day(query.after - 1) == day - timedelta(days=1)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_day_that_was_left_out_has_nothing() -> None:
    """Samoa went over the date line: there was no 30 December 2011."""
    query = parse("x on:2011-12-30", date(2026, 1, 1), ZoneInfo("Pacific/Apia"))
    assert query.after == query.before
