"""Accounts at one moment: operations in one batch, and what changed while a password was hashed."""

import asyncio

import pytest

from protocol import errors
from server.delivery.writer import Writer
from server.errors import RefusedError
from server.features.operations import (
    Awaited,
    ComeByName,
    ComeByPassword,
    EndDevices,
    MakeAccount,
    MakeInvite,
    SetPassword,
)
from server.state.model import Device, Invite, State
from server.store.base import NEW
from server.store.memory import MemoryLog
from tests.support.waiting import SECONDS

OLD, HASH, OTHER = "the old hash", "a hash", "another hash"
NOBODY: frozenset[str] = frozenset()


class Desk:
    """A writer whose log counts its batches."""

    def __init__(self) -> None:
        self.state = State()
        self.writer = Writer(MemoryLog(), self.state, lambda _: None, lambda: 1000)

    async def together(self, *operations: Awaited) -> list[str]:
        """Submit all in one tick: the codes of the errors, empty where there is none."""
        for operation in operations:
            self.writer.submit(operation)
        async with asyncio.timeout(SECONDS):
            answers = await asyncio.gather(
                *(operation.outcome for operation in operations), return_exceptions=True
            )
        return [answer.code if isinstance(answer, RefusedError) else "" for answer in answers]


@pytest.fixture
async def desk() -> Desk:
    return Desk()


def device(name: str = "d") -> Device:
    return Device(NEW, name, f"token of {name}".encode(), "tests", 0, 0)


async def test_two_first_accounts_at_once_are_one_administrator(desk: Desk) -> None:
    made = [MakeAccount(name, HASH, actor=0) for name in ("ann", "bob")]
    assert await desk.together(*made) == ["", ""]
    assert [user.admin for user in desk.state.users.values()] == [True, False]


async def test_nobody_becomes_an_administrator_by_coming_first(desk: Desk) -> None:
    await desk.together(ComeByName("ann", None, NOBODY), MakeAccount("bob", HASH))
    users = list(desk.state.users.values())
    await desk.together(*(SetPassword(user, HASH, old=user.password, actor=user.id) for user in users))
    assert [user.admin for user in users] == [False, False]


async def test_the_last_use_of_an_invitation_is_had_once(desk: Desk) -> None:
    invite = Invite("i", b"code", 0, 0, 0, 1, 1)
    await desk.together(MakeInvite(invite, 1), MakeAccount("eve", HASH))
    come = [MakeAccount(name, HASH, invite=desk.state.invites["i"]) for name in ("ann", "bob")]
    assert await desk.together(*come) == ["", errors.BAD_INVITE]
    assert desk.state.invites == {}
    assert [user.name for user in desk.state.users.values()] == ["eve", "ann"]


async def test_an_invitation_that_ended_while_the_password_was_hashed_lets_nobody_in(desk: Desk) -> None:
    await desk.together(MakeInvite(Invite("i", b"code", 0, 0, 0, 1, 1), 1))
    held = desk.state.invites.pop("i")
    assert await desk.together(MakeAccount("ann", HASH, invite=held)) == [errors.BAD_INVITE]


async def test_a_password_that_changed_while_it_was_looked_at_lets_nobody_in(desk: Desk) -> None:
    await desk.together(MakeAccount("ann", OLD))
    ann = desk.state.users[1]
    come = ComeByPassword(ann, OLD, "", device(), NOBODY)
    assert await desk.together(SetPassword(ann, HASH, old=OLD, actor=1), come) == ["", errors.BAD_LOGIN]
    assert ann.devices == {}


async def test_of_two_changes_of_one_password_the_second_finds_another(desk: Desk) -> None:
    await desk.together(MakeAccount("ann", OLD))
    ann = desk.state.users[1]
    changes = [SetPassword(ann, new, old=OLD, actor=1) for new in (HASH, OTHER)]
    assert await desk.together(*changes) == ["", errors.BAD_LOGIN]
    assert ann.password == HASH


async def test_a_device_that_comes_with_a_new_password_is_not_passed_over(desk: Desk) -> None:
    await desk.together(MakeAccount("ann", OLD))
    ann = desk.state.users[1]
    change = SetPassword(ann, HASH, old=OLD, kept="mine", actor=1)
    await desk.together(
        ComeByPassword(ann, OLD, "", device("mine"), NOBODY),
        ComeByPassword(ann, OLD, "", device("other"), NOBODY),
        change,
    )
    assert ann.devices.keys() == {"mine"}
    assert change.ended == ["other"]
    assert desk.state.tokens.keys() == {b"token of mine"}


async def test_a_name_that_gets_a_password_lets_nobody_in_without_it(desk: Desk) -> None:
    await desk.together(ComeByName("ann", None, NOBODY))
    ann = desk.state.users[1]
    come = ComeByName("ann", device(), NOBODY)
    assert await desk.together(SetPassword(ann, HASH, old="", actor=1), come) == ["", errors.BAD_LOGIN]
    assert ann.devices == {}


async def test_names_that_look_alike_are_not_both_made(desk: Desk) -> None:
    come = ComeByName("scope", None, NOBODY), MakeAccount("ѕсоре", HASH), ComeByName("sc0pe", None, NOBODY)
    assert await desk.together(*come) == ["", errors.NAME_TAKEN, errors.NAME_TAKEN]


async def test_a_device_is_ended_once(desk: Desk) -> None:
    await desk.together(ComeByName("ann", device(), NOBODY))
    ann = desk.state.users[1]
    ends = EndDevices(ann, "d", actor=1), EndDevices(ann, "d", actor=1)
    assert await desk.together(*ends) == ["", errors.NOT_FOUND]
    assert (ann.devices, desk.state.tokens) == ({}, {})
