"""Nothing is removed because of a clock that was set ahead."""

import logging
from itertools import pairwise

import pytest

from protocol import frames
from server.delivery import clock_guard, retention
from server.delivery.clock_guard import DAY_MS, HOLD_MS, Note, look
from tests.support.inprocess import RunningServer
from tests.support.wire import text_of

HOUR = 3_600_000
NOW = 1_800_000_000_000


def looked(*times: int) -> Note:
    """What is noted after a look at each of these times."""
    note = Note()
    for now in times:
        note = look(note, now)
    return note


def test_a_clock_that_goes_on_is_believed() -> None:
    assert looked(NOW, NOW + HOUR, NOW + 2 * HOUR, NOW + DAY_MS + HOUR) == Note(NOW + DAY_MS + HOUR)


def test_a_clock_that_jumped_is_not(caplog: pytest.LogCaptureFixture) -> None:
    later = NOW + 200 * DAY_MS
    assert looked(NOW, later, later + HOUR) == Note(later + HOUR, NOW, later)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "the clock says 2027-08-03" in record.getMessage()
    assert "it was 2027-01-15" in record.getMessage()
    assert "nothing is removed because of its age until 2027-08-10" in record.getMessage()


def test_it_is_believed_once_it_is_set_right() -> None:
    assert looked(NOW, NOW + 200 * DAY_MS, NOW + HOUR) == Note(NOW + HOUR)
    assert looked(NOW, NOW + 200 * DAY_MS, NOW + HOUR, NOW + 200 * DAY_MS).jumped


def test_it_is_believed_after_a_week_in_which_it_goes_on() -> None:
    later = NOW + 200 * DAY_MS
    hours = [later + hour * HOUR for hour in range(HOLD_MS // HOUR + 1)]
    assert all(two - one == HOUR for one, two in pairwise(hours))
    assert looked(NOW, *hours[:-1]).jumped == later
    assert looked(NOW, *hours) == Note(hours[-1])


def test_each_jump_begins_a_week() -> None:
    second = NOW + 300 * DAY_MS
    assert looked(NOW, NOW + 200 * DAY_MS, second) == Note(second, NOW, second)


async def test_a_server_whose_clock_jumps_removes_nothing(server: RunningServer) -> None:
    """It once removed everything, without a word, also when it was started anew after the jump."""
    ann = await server.enter("ann")
    await ann.tell("#general", "of today")
    assert await retention.clock_is_believed(server.context)
    server.clock.seconds += 200 * 86_400
    assert not await retention.clock_is_believed(server.context)
    await ann.tell("#general", "of the wrong time")
    server.clock.seconds += 3600
    assert not await retention.clock_is_believed(server.context)
    server.clock.seconds -= 200 * 86_400
    assert await retention.clock_is_believed(server.context)
    page = await ann.ask(frames.History(ann.new_id, "#general", limit=50), frames.HistoryResult)
    said = [text_of(event) for event in page.events if event.kind == frames.MESSAGE]
    assert said == ["of today", "of the wrong time"]
    assert clock_guard.GAP_MS < clock_guard.HOLD_MS
