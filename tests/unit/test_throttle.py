"""Token buckets, and what one address may have."""

import pytest

from protocol import errors
from protocol.errors import Details
from server.errors import RefusedError
from server.limits import throttle
from server.limits.throttle import (
    NO_LIMITS,
    Bucket,
    ConnectionLimiter,
    LoginAttempts,
    RateLimits,
    address_key,
)


def test_a_bucket_gives_its_size_at_once_and_then_its_rate() -> None:
    bucket = Bucket(3, 2.0, 100.0)
    assert [bucket.take(100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(100.0) == pytest.approx(0.5)
    assert bucket.take(100.25) == pytest.approx(0.25)
    assert bucket.take(100.5) == 0.0
    assert bucket.take(1000.0) == 0.0
    assert [bucket.take(1000.0) for _ in range(2)] == [0.0, 0.0]
    assert bucket.take(1000.0) > 0


def test_a_bucket_is_full_again_after_a_while() -> None:
    bucket = Bucket(2, 1.0, 0.0)
    bucket.take(0.0)
    assert not bucket.full(0.5)
    assert bucket.full(1.0)


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1%eth0", "2001:db8:1:2::/64"),
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("", "loopback"),
        ("user 1000", "user 1000"),
        ("user 1001", "user 1001"),
    ],
)
def test_what_an_address_counts_as(host: str, key: str) -> None:
    assert address_key(host) == key


def sent_away(limiter: ConnectionLimiter, host: str) -> tuple[str, Details]:
    with pytest.raises(RefusedError) as refused:
        limiter.acquire(host, 0.0)
    assert refused.value.code == errors.RATE_LIMITED
    return refused.value.text, refused.value.details


def test_sessions_at_once_are_counted_by_address_and_given_back() -> None:
    limiter = ConnectionLimiter(RateLimits(sessions=2, connects=None))
    keys = [limiter.acquire("192.0.2.7", 0.0) for _ in range(2)]
    assert sent_away(limiter, "192.0.2.7") == (
        "there are 2 connections from your address already",
        {"limit": 2},
    )
    assert limiter.acquire("192.0.2.8", 0.0) == "192.0.2.8"
    limiter.release(keys[0])
    assert limiter.acquire("192.0.2.7", 0.0) == "192.0.2.7"


def test_an_ipv6_network_is_one_address() -> None:
    limiter = ConnectionLimiter(RateLimits(sessions=1, connects=None))
    limiter.acquire("2001:db8::1", 0.0)
    sent_away(limiter, "2001:db8::2")
    limiter.acquire("2001:db8:0:1::1", 0.0)


def test_new_connections_are_counted_over_time() -> None:
    limiter = ConnectionLimiter(RateLimits(sessions=None, connects=3, connect_seconds=60))
    assert len([limiter.acquire("192.0.2.7", 0.0) for _ in range(3)]) == 3
    text = "too many connections from your address in a short time"
    assert sent_away(limiter, "192.0.2.7") == (text, {"retry_after": 20_000})
    limiter.acquire("192.0.2.7", 20.0)


def test_loopback_is_counted_only_if_asked() -> None:
    tight = RateLimits(sessions=1, connects=1)
    open_limiter, shut_limiter = (
        ConnectionLimiter(tight),
        ConnectionLimiter(RateLimits(sessions=1, connects=1, loopback=True)),
    )
    assert [open_limiter.acquire(host, 0.0) for host in ("127.0.0.1", "::1", "user 1000") * 2] == [None] * 6
    assert shut_limiter.acquire("127.0.0.1", 0.0) == "loopback"
    sent_away(shut_limiter, "127.0.0.1")
    assert shut_limiter.acquire("user 1000", 0.0) == "user 1000"
    sent_away(shut_limiter, "user 1000")
    assert shut_limiter.acquire("user 1001", 0.0) == "user 1001"


def test_limits_can_be_switched_off() -> None:
    limiter = ConnectionLimiter(NO_LIMITS)
    assert {limiter.acquire("192.0.2.7", 0.0) for _ in range(1000)} == {"192.0.2.7"}


def test_addresses_that_came_once_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.limits.throttle.FORGET", 10)
    limiter = ConnectionLimiter(RateLimits(connects=5, connect_seconds=1))
    for number in range(100):
        limiter.release(limiter.acquire(f"192.0.2.{number}", float(number)))
    assert len(limiter._connects) <= 10


# --- guessing passwords and invitations


HOME, AWAY, ATTACKER = "192.0.2.1", "198.51.100.1", "203.0.113.1"


def guesses(count: int = 3) -> LoginAttempts:
    return LoginAttempts(RateLimits(guesses=count, guess_seconds=10.0))


def wrong(attempts: LoginAttempts, host: str, account: str, times: int, now: float = 0.0) -> int:
    """Guess wrong so often: how many were heard."""
    heard = 0
    for _ in range(times):
        try:
            attempts.begin(host, account, now)
            heard += 1
        except RefusedError:
            continue
    return heard


def test_who_has_to_wait_is_told_how_long() -> None:
    attempts = guesses(1)
    wrong(attempts, ATTACKER, "ann", 1)
    with pytest.raises(RefusedError, match="try again in 8 s") as refused:
        attempts.begin(ATTACKER, "ann", 2.5)
    assert (refused.value.code, refused.value.details["retry_after"]) == (errors.RATE_LIMITED, 7500)
    attempts.begin(ATTACKER, "ann", 10.0)


def test_guesses_are_counted_by_address() -> None:
    attempts = guesses()
    assert wrong(attempts, ATTACKER, "ann", 2) == 2
    assert wrong(attempts, ATTACKER, "bob", 5) == 1
    assert wrong(attempts, AWAY, "bob", 1) == 1
    assert wrong(attempts, ATTACKER, "bob", 5, now=20.0) == 2


def test_guesses_are_counted_by_account_wherever_they_come_from() -> None:
    attempts = guesses()
    assert sum(wrong(attempts, f"203.0.113.{number}", "ann", 1) for number in range(20)) == 3
    assert wrong(attempts, "203.0.113.99", "bob", 1) == 1


def test_whoever_guesses_locks_nobody_out_where_they_are_known() -> None:
    attempts = guesses()
    attempts.know(HOME, "ann")
    assert wrong(attempts, ATTACKER, "ann", 20) == 3
    assert wrong(attempts, AWAY, "ann", 1) == 0  # the price: from a new place they have to wait
    attempts.begin(HOME, "ann", 0.0).succeeded()
    assert wrong(attempts, HOME, "bob", 20) == 3  # somebody at the same address, guessing at others
    attempts.begin(HOME, "ann", 0.0).succeeded()
    assert wrong(attempts, HOME, "ann", 20) == 3  # and at her: even that is no way to guess on
    with pytest.raises(RefusedError):
        attempts.begin(HOME, "ann", 0.0)


def test_what_is_right_is_not_counted_and_makes_the_address_known() -> None:
    attempts = guesses()
    for _ in range(10):
        attempts.begin(HOME, "ann", 0.0).succeeded()
    assert wrong(attempts, ATTACKER, "ann", 20) == 3
    attempts.begin(HOME, "ann", 0.0).succeeded()


def test_who_waits_for_one_count_is_not_counted_in_the_other() -> None:
    attempts = guesses()
    assert wrong(attempts, ATTACKER, "ann", 3) == 3
    assert wrong(attempts, ATTACKER, "bob", 50) == 0
    assert wrong(attempts, AWAY, "bob", 20) == 3


def test_invitations_are_counted_by_address_only() -> None:
    attempts = guesses()
    assert wrong(attempts, ATTACKER, "", 5) == 3
    assert wrong(attempts, AWAY, "", 5) == 3


def test_a_network_of_ipv6_is_one_address() -> None:
    attempts = guesses()
    assert sum(wrong(attempts, f"2001:db8::{number:x}", "ann", 1) for number in range(1, 9)) == 3
    attempts.know("2001:db8:1::5", "bob")
    assert ("2001:db8:1::/64", "bob") in attempts._known


def test_loopback_is_counted_too() -> None:
    assert wrong(guesses(), "127.0.0.1", "ann", 5) == 3


def test_what_is_known_is_not_remembered_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "FORGET", 5)
    attempts = guesses()
    for number in range(50):
        attempts.know(HOME, f"user{number}")
        attempts.begin(f"192.0.2.{number}", "x", 1000.0 * number)
    assert len(attempts._known) == 5
    assert len(attempts._buckets) <= 7


def test_without_limits_nothing_is_counted() -> None:
    assert wrong(LoginAttempts(NO_LIMITS), ATTACKER, "ann", 100) == 100
