"""The server's certificate: its own over the years, and one it is given while its files change."""

import datetime as dt
import logging
import os
import resource
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509

from server.config import Files
from server.errors import StartError
from server.net.certificate import CERTIFICATE_NAME, KEY_NAME, RENEW, VALID, Certificate, read_certificate
from tests.support.authority import Authority, locked, new_key, pin_of, self_signed

DAY = 86_400_000
NOW = time.time_ns() // 1_000_000
"""Certificates that an authority of the tests has signed are of today."""


class Years:
    """A clock of ms since 1970 that a test moves."""

    def __init__(self) -> None:
        self.ms = NOW

    def __call__(self) -> int:
        return self.ms

    def go(self, days: float) -> None:
        """So much later."""
        self.ms += int(days * DAY)


@pytest.fixture
def clock() -> Years:
    return Years()


@pytest.fixture
def own(tmp_path: Path, clock: Years) -> Certificate:
    """A server's own one."""
    return Certificate(tmp_path, None, clock)


def stored(folder: Path) -> x509.Certificate:
    return read_certificate(folder / CERTIFICATE_NAME)


def test_its_own_key_is_its_owners_alone(own: Certificate, tmp_path: Path) -> None:
    assert sorted(os.listdir(tmp_path)) == [CERTIFICATE_NAME, KEY_NAME]  # noqa: PTH208
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600
    assert own.self_signed


def test_a_key_that_others_can_read_becomes_private(own: Certificate, tmp_path: Path, clock: Years) -> None:
    (tmp_path / KEY_NAME).chmod(0o640)
    again = Certificate(tmp_path, None, clock)
    assert again.pin == own.pin
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600


def test_its_own_stays_over_restarts(own: Certificate, tmp_path: Path, clock: Years) -> None:
    before = stored(tmp_path)
    clock.go(30)
    assert Certificate(tmp_path, None, clock).pin == own.pin
    assert stored(tmp_path) == before
    assert before.not_valid_before_utc < dt.datetime.fromtimestamp(NOW / 1000, dt.UTC)


@pytest.mark.parametrize("running", [True, False])
def test_its_own_is_renewed_with_the_same_key(
    own: Certificate, tmp_path: Path, clock: Years, *, running: bool
) -> None:
    before, context = stored(tmp_path), own.context
    clock.go((VALID - RENEW).days - 0.5)
    own.look()
    assert stored(tmp_path) == before
    assert own.context is context
    clock.go(1)
    if running:
        own.look()
        assert own.context is not context
        context = own.context
        own.look()
        assert own.context is context, "once is enough"
    else:
        own = Certificate(tmp_path, None, clock)
    after = stored(tmp_path)
    assert after.not_valid_after_utc > before.not_valid_after_utc + dt.timedelta(days=3000)
    assert after.public_key() == before.public_key()
    assert own.pin == Certificate(tmp_path, None, clock).pin


def test_a_lost_certificate_is_made_anew_with_the_same_key(
    own: Certificate, tmp_path: Path, clock: Years
) -> None:
    for content in (None, b"", b"nonsense"):
        (tmp_path / CERTIFICATE_NAME).unlink()
        if content is not None:
            (tmp_path / CERTIFICATE_NAME).write_bytes(content)
        assert Certificate(tmp_path, None, clock).pin == own.pin


def test_a_certificate_of_another_key_is_made_anew(own: Certificate, tmp_path: Path, clock: Years) -> None:
    (tmp_path / CERTIFICATE_NAME).write_bytes(self_signed(tmp_path / "other").certificate.read_bytes())
    assert Certificate(tmp_path, None, clock).pin == own.pin


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_key_of_its_own_is_never_written_over(
    own: Certificate, tmp_path: Path, clock: Years, content: bytes
) -> None:
    (tmp_path / KEY_NAME).write_bytes(content)
    with pytest.raises(StartError, match=f"{KEY_NAME} is not the key that this server made.*chat-tui forget"):
        Certificate(tmp_path, None, clock)
    assert (tmp_path / KEY_NAME).read_bytes() == content
    assert own.pin


def test_a_renewal_that_the_disk_refuses_is_logged_and_tried_again_later(
    own: Certificate, tmp_path: Path, clock: Years, caplog: pytest.LogCaptureFixture
) -> None:
    clock.go((VALID - RENEW).days + 1)
    before, context = stored(tmp_path), own.context
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))  # no file may grow: the disk is full
    try:
        for _ in range(5):
            own.look()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert own.context is context
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    own.look()
    assert stored(tmp_path) == before
    clock.go(1)
    own.look()
    assert stored(tmp_path) != before


# --- a given one


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def test_a_given_one_is_used(authority: Authority, tmp_path: Path, clock: Years) -> None:
    files = authority.issue()
    given = Certificate(tmp_path / "data", files, clock)
    assert given.pin == pin_of(files)
    assert not given.self_signed
    assert Certificate(tmp_path, self_signed(tmp_path), clock).self_signed
    assert not (tmp_path / "data").exists(), "none of its own was made"


def test_a_given_one_is_loaded_again_when_it_changes(
    authority: Authority, tmp_path: Path, clock: Years, caplog: pytest.LogCaptureFixture
) -> None:
    key = new_key()
    files = authority.issue(key=key)
    given = Certificate(tmp_path, files, clock)
    first, pin = given.context, given.pin
    given.look()
    assert given.context is first
    authority.issue(key=key, into=files)
    given.look()
    second = given.context
    assert second is not first
    assert given.pin == pin
    assert caplog.text == ""
    authority.issue(into=files)
    given.look()
    assert given.context is not second
    assert given.pin == pin_of(files) != pin
    assert f"another key now: {given.pin}" in caplog.text


def test_one_that_ends_or_has_not_begun_is_told_each_day(
    authority: Authority, tmp_path: Path, clock: Years, caplog: pytest.LogCaptureFixture
) -> None:
    def told(days: float) -> list[str]:
        caplog.clear()
        clock.go(days)
        given.look()
        return [record.getMessage() for record in caplog.records]

    files = authority.issue(days=(-1, 30))
    given = Certificate(tmp_path, files, clock)
    assert told(1.1) == []
    (soon,) = told(15.5)
    assert f"the certificate {files.certificate} expires on " in soon
    assert told(0.5) == [], "it was told on this day"
    (over,) = told(13.5)
    assert "has expired, on " in over
    authority.issue(days=(40, 50), into=files)
    assert "is not valid before " in told(0)[-1]
    authority.issue(days=(-1, 100), into=files)
    (new_key,) = told(0)
    assert "another key" in new_key


def test_an_expired_one_is_told_at_the_start(
    authority: Authority, tmp_path: Path, clock: Years, caplog: pytest.LogCaptureFixture
) -> None:
    Certificate(tmp_path, authority.issue(days=(-2, -1)), clock)
    assert "has expired, on " in caplog.text


@pytest.mark.parametrize("broken", ["empty", "gone", "half"])
def test_a_broken_new_one_is_logged_once_and_the_old_one_stays(
    authority: Authority, tmp_path: Path, clock: Years, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    files = authority.issue()
    given = Certificate(tmp_path, files, clock)
    context, pin = given.context, given.pin
    match broken:
        case "empty":
            files.certificate.write_bytes(b"")
        case "gone":
            files.certificate.unlink()
        case "half":  # the certificate is the new one already, the key is still the old one
            files.certificate.write_bytes(authority.issue().certificate.read_bytes())
    for _ in range(3):
        given.look()
    assert (given.context, given.pin) == (context, pin)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert str(files.certificate) in record.getMessage()
    authority.issue(into=files)
    given.look()
    assert given.pin == pin_of(files) != pin


def test_what_cannot_be_used_is_a_clear_error(authority: Authority, tmp_path: Path, clock: Years) -> None:
    good, other = authority.issue(), authority.issue()
    for files, reason in (
        (Files(good.certificate, other.key), "don't go together"),
        (Files(good.key, good.key), f"{good.key} holds no certificate"),
        (Files(tmp_path / "none", good.key), f"{tmp_path / 'none'}: No such file"),
        (Files(good.certificate, tmp_path / "none"), f"{tmp_path / 'none'}: No such file"),
        (locked(good), "the key has a password"),
    ):
        with pytest.raises(StartError, match=reason):
            Certificate(tmp_path, files, clock)
