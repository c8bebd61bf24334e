"""What one user and one address may have stored: the table of costs, and counting."""

from typing import Any

import pytest

from protocol import errors, frames
from server.errors import RefusedError
from server.features.registry import HANDLERS
from server.limits.quotas import COSTS, UNCOUNTED, QuotaLimits, Quotas
from server.state.model import User
from tests.integration.test_server import EVERY_REQUEST

ANN, BOB, ADMIN = User(1, "ann"), User(2, "bob"), User(3, "ada", admin=True)


def refused(
    quotas: Quotas, user: User, request: frames.Request[Any], now: float = 0.0
) -> RefusedError | None:
    """How it is refused, if it is."""
    try:
        quotas.check(user, request, now)
    except RefusedError as error:
        return error
    return None


def test_every_request_counts_or_is_said_not_to() -> None:
    assert set(HANDLERS) == set(COSTS) | UNCOUNTED
    assert not set(COSTS) & UNCOUNTED


@pytest.mark.parametrize("kind", [kind for kind, cost in COSTS.items() if cost.changes])
def test_no_change_can_be_made_for_ever_and_each_can_again_later(kind: type[frames.Request[Any]]) -> None:
    quotas = Quotas(QuotaLimits(changes=60, changes_per_second=1))
    request = next(request for request in EVERY_REQUEST.values() if type(request) is kind)
    count = 0
    while (error := refused(quotas, ANN, request)) is None:
        count += 1
        assert count <= 600
    assert count == round(60 / COSTS[kind].changes)
    assert error.code == errors.RATE_LIMITED
    assert refused(quotas, BOB, request) is None
    assert refused(quotas, ADMIN, request) is None
    assert refused(quotas, ANN, request, error.details["retry_after"] / 1000) is None


def test_messages_have_a_rate_of_their_own() -> None:
    quotas = Quotas(QuotaLimits(messages=2, messages_per_second=1, changes=20))
    send = frames.Send(1, "#a", "c", b"x")
    assert [refused(quotas, ANN, send) is None for _ in range(3)] == [True, True, False]
    assert refused(quotas, ANN, frames.Topic(1, "#a", "t")) is None
    assert [refused(quotas, ADMIN, send) is None for _ in range(3)] == [True, True, False]


def test_bytes_a_day_count_what_is_said_and_one_event_for_each_room_of_a_new_name() -> None:
    day = Quotas(QuotaLimits(bytes_per_day=300 * 1024))
    sends = [frames.Send(1, "#a", "c", bytes(16 * 1024)) for _ in range(7)]
    answers = [refused(day, ANN, send) for send in sends]
    assert answers[:6] == [None] * 6
    error = answers[6]
    assert error is not None
    assert error.code == errors.RATE_LIMITED
    assert error.text.startswith("you have had 0.293 MiB stored, as much as may be stored in a day: try ag")
    assert refused(day, ANN, sends[0], error.details["retry_after"] / 1000) is None
    assert refused(day, ADMIN, sends[0]) is None

    many = User(4, "joe", rooms={f"#{number}" for number in range(599)})
    count = 0
    while refused(day, many, frames.Nick(1, "x")) is None:
        count += 1
    assert count == 2, "of 600 events each"


def test_what_is_refused_for_one_reason_counts_for_no_other() -> None:
    quotas = Quotas(QuotaLimits(messages=2, messages_per_second=1, bytes_per_day=30_000))
    large = frames.Send(1, "#a", "c", bytes(9000))
    assert [refused(quotas, ANN, large) is None for _ in range(5)] == [True] + [False] * 4
    assert refused(quotas, ANN, frames.Send(1, "#a", "c", b"x")) is None
