"""Accounts at one moment: operations in one batch, and what changed while a password was hashed."""

import asyncio
from typing import Any

import pytest

from protocol import errors
from protocol.frames import Result
from server.delivery.writer import Writer
from server.errors import RefusedError
from server.features.accounts.operations import EndDevicesOperation, SetPasswordOperation
from server.features.admin_users.operations import (
    CreateInviteOperation,
)
from server.features.login.operations import (
    LoginByNameOperation,
    LoginByPasswordOperation,
    RegisterOperation,
)
from server.state.entries import NEW
from server.state.model import LOCAL_ADMIN, Device, State
from server.state.operation import NEWCOMERS, Operation
from server.store.memory import MemoryLog
from tests.support.waiting import SECONDS

OLD, HASH, OTHER = "the old hash", "a hash", "another hash"
NOBODY: frozenset[str] = frozenset()


class AccountsHarness:
    """A writer whose log counts its batches."""

    def __init__(self) -> None:
        self.state = State()
        self.writer = Writer(MemoryLog(), self.state, lambda _: None, lambda: 1000)

    async def together(self, *operations: Operation[Any]) -> list[str]:
        """Submit all in one tick: the codes of the errors, empty where there is none."""
        outcomes: list[Result | RefusedError] = []
        for operation in operations:
            self.writer.submit(operation, outcomes.append)
        async with asyncio.timeout(SECONDS):
            await self.writer.drain()
        return [outcome.code if isinstance(outcome, RefusedError) else "" for outcome in outcomes]


@pytest.fixture
async def desk() -> AccountsHarness:
    return AccountsHarness()


def device(name: str = "d") -> Device:
    return Device(NEW, name, f"token of {name}".encode(), "tests", 0, 0)


async def test_two_first_accounts_at_once_are_one_administrator(desk: AccountsHarness) -> None:
    made = [RegisterOperation(LOCAL_ADMIN, name, HASH) for name in ("ann", "bob")]
    assert await desk.together(*made) == ["", ""]
    assert [user.admin for user in desk.state.users.values()] == [True, False]


async def test_nobody_becomes_an_administrator_by_coming_first(desk: AccountsHarness) -> None:
    await desk.together(
        LoginByNameOperation(NEWCOMERS, "ann", None, NOBODY), RegisterOperation(NEWCOMERS, "bob", HASH)
    )
    users = list(desk.state.users.values())
    await desk.together(*(SetPasswordOperation(user.id, user.id, HASH, user.password) for user in users))
    assert [user.admin for user in users] == [False, False]


async def test_the_last_use_of_an_invitation_is_had_once(desk: AccountsHarness) -> None:
    await desk.together(
        CreateInviteOperation(LOCAL_ADMIN, "i", b"code", 1, 1), RegisterOperation(NEWCOMERS, "eve", HASH)
    )
    come = [RegisterOperation(NEWCOMERS, name, HASH, invite="i") for name in ("ann", "bob")]
    assert await desk.together(*come) == ["", errors.BAD_INVITE]
    assert desk.state.invites == {}
    assert [user.name for user in desk.state.users.values()] == ["eve", "ann"]


async def test_an_invitation_that_ended_while_the_password_was_hashed_lets_nobody_in(
    desk: AccountsHarness,
) -> None:
    await desk.together(CreateInviteOperation(LOCAL_ADMIN, "i", b"code", 1, 1))
    desk.state.invites.pop("i")
    assert await desk.together(RegisterOperation(NEWCOMERS, "ann", HASH, invite="i")) == [errors.BAD_INVITE]


async def test_a_password_that_changed_while_it_was_looked_at_lets_nobody_in(desk: AccountsHarness) -> None:
    await desk.together(RegisterOperation(NEWCOMERS, "ann", OLD))
    ann = desk.state.users[1]
    come = LoginByPasswordOperation(1, OLD, "", device(), NOBODY)
    assert await desk.together(SetPasswordOperation(1, 1, HASH, OLD), come) == ["", errors.BAD_LOGIN]
    assert ann.devices == {}


async def test_of_two_changes_of_one_password_the_second_finds_another(desk: AccountsHarness) -> None:
    await desk.together(RegisterOperation(NEWCOMERS, "ann", OLD))
    ann = desk.state.users[1]
    changes = [SetPasswordOperation(1, 1, new, OLD) for new in (HASH, OTHER)]
    assert await desk.together(*changes) == ["", errors.BAD_LOGIN]
    assert ann.password == HASH


async def test_a_device_that_comes_with_a_new_password_is_not_passed_over(desk: AccountsHarness) -> None:
    await desk.together(RegisterOperation(NEWCOMERS, "ann", OLD))
    ann = desk.state.users[1]
    change = SetPasswordOperation(1, 1, HASH, OLD, "mine")
    await desk.together(
        LoginByPasswordOperation(1, OLD, "", device("mine"), NOBODY),
        LoginByPasswordOperation(1, OLD, "", device("other"), NOBODY),
        change,
    )
    assert ann.devices.keys() == {"mine"}
    assert desk.state.tokens.keys() == {b"token of mine"}


async def test_a_name_that_gets_a_password_lets_nobody_in_without_it(desk: AccountsHarness) -> None:
    await desk.together(LoginByNameOperation(NEWCOMERS, "ann", None, NOBODY))
    ann = desk.state.users[1]
    come = LoginByNameOperation(NEWCOMERS, "ann", device(), NOBODY)
    assert await desk.together(SetPasswordOperation(1, 1, HASH, ""), come) == ["", errors.BAD_LOGIN]
    assert ann.devices == {}


async def test_names_that_look_alike_are_not_both_made(desk: AccountsHarness) -> None:
    come = (
        LoginByNameOperation(NEWCOMERS, "scope", None, NOBODY),
        RegisterOperation(NEWCOMERS, "ѕсоре", HASH),
        LoginByNameOperation(NEWCOMERS, "sc0pe", None, NOBODY),
    )
    assert await desk.together(*come) == ["", errors.NAME_TAKEN, errors.NAME_TAKEN]


async def test_a_device_is_ended_once(desk: AccountsHarness) -> None:
    await desk.together(LoginByNameOperation(NEWCOMERS, "ann", device(), NOBODY))
    ann = desk.state.users[1]
    ends = EndDevicesOperation(1, 1, "d"), EndDevicesOperation(1, 1, "d")
    assert await desk.together(*ends) == ["", errors.NOT_FOUND]
    assert (ann.devices, desk.state.tokens) == ({}, {})
