"""Token buckets, and what one address may have."""

import pytest

from server.throttle import NO_LIMITS, Allowance, Bucket, Door, address_key


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
        ("127.0.0.1", None),
        ("127.8.8.8", None),
        ("::1", None),
        ("", None),
    ],
)
def test_what_an_address_counts_as(host: str, key: str | None) -> None:
    assert address_key(host) == key


def test_sessions_at_once_are_counted_by_address_and_given_back() -> None:
    door = Door(Allowance(sessions=2, connects=None))
    keys = [door.knock("192.0.2.7", 0.0)[0] for _ in range(2)]
    assert door.knock("192.0.2.7", 0.0) == (None, "there are 2 connections from your address already")
    assert door.knock("192.0.2.8", 0.0)[0] == "192.0.2.8"
    door.leave(keys[0])
    assert door.knock("192.0.2.7", 0.0)[0] == "192.0.2.7"


def test_an_ipv6_network_is_one_address() -> None:
    door = Door(Allowance(sessions=1, connects=None))
    assert door.knock("2001:db8::1", 0.0)[1] == ""
    assert door.knock("2001:db8::2", 0.0)[1] != ""
    assert door.knock("2001:db8:0:1::1", 0.0)[1] == ""


def test_new_connections_are_counted_over_time() -> None:
    door = Door(Allowance(sessions=None, connects=3, connect_seconds=60))
    assert [door.knock("192.0.2.7", 0.0)[1] for _ in range(3)] == ["", "", ""]
    assert "try again in 20 s" in door.knock("192.0.2.7", 0.0)[1]
    assert door.knock("192.0.2.7", 20.0)[1] == ""


def test_loopback_is_counted_only_if_asked() -> None:
    tight = Allowance(sessions=1, connects=1)
    open_door, shut_door = Door(tight), Door(Allowance(sessions=1, connects=1, loopback=True))
    assert [open_door.knock("127.0.0.1", 0.0)[1] for _ in range(5)] == [""] * 5
    assert [bool(shut_door.knock("127.0.0.1", 0.0)[1]) for _ in range(2)] == [False, True]


def test_limits_can_be_switched_off() -> None:
    door = Door(NO_LIMITS)
    assert {door.knock("192.0.2.7", 0.0)[1] for _ in range(1000)} == {""}


def test_addresses_that_came_once_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.throttle.FORGET", 10)
    door = Door(Allowance(connects=5, connect_seconds=1))
    for number in range(100):
        door.leave(door.knock(f"192.0.2.{number}", float(number))[0])
    assert len(door._knocks) <= 10
