"""What a password may be, and hashing it."""

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import limits, passwords
from protocol.passwords import BadPasswordError, check_password
from server.auth.passwords import NICE, Hasher

SECRET = "correct horse battery"


@given(st.text(max_size=200))
def test_a_password_that_can_be_is_in_its_one_form(text: str) -> None:
    try:
        prepared = check_password(text)
    except BadPasswordError:
        return
    assert check_password(prepared) == prepared
    assert limits.PASSWORD_MIN <= len(prepared) <= limits.PASSWORD


def test_forms_of_the_same_password_are_one() -> None:
    assert passwords.prepare("e\u0301\u2003x") == passwords.prepare("\u00e9 x") == "\u00e9 x"
    assert passwords.prepare("A") != passwords.prepare("a")


async def test_a_hash_is_of_one_password() -> None:
    hasher = Hasher()
    made = await hasher.hash(SECRET)
    assert await hasher.matches(SECRET, made)
    assert not await hasher.matches(SECRET + ".", made)
    assert not await hasher.matches("", made)
    assert not hasher.outdated(made)
    assert await hasher.hash(SECRET) != made
    hasher.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
async def test_whoever_guesses_passwords_takes_no_time_from_those_who_are_in() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, 0)

    hasher = Hasher()
    before = niceness()
    assert await hasher._work(niceness) == min(19, before + NICE)
    assert niceness() == before
    hasher.close()


@pytest.mark.parametrize("known", ["", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$broken"])
async def test_what_is_no_hash_has_no_password(known: str) -> None:
    hasher = Hasher()
    for guess in ("", known, SECRET, hasher._nobody):
        assert not await hasher.matches(guess, known)
    hasher.close()
