"""One rule for names: whatever way a new one comes in, the same is refused."""

from collections.abc import Awaitable, Callable

import pytest

from protocol import errors, frames
from tests.support.accounts import PASSWORD, administrator
from tests.support.cast import do, refused
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

CYRILLIC_SCOPE = "#\u0455\u0441\u043e\u0440\u0435"

Way = Callable[[RunningServer, Wire, str], Awaitable[str]]


async def _by_login(server: RunningServer, ann: Wire, name: str) -> str:  # noqa: ARG001
    wire = await server.connect()
    await wire.hello()
    return await refused(wire, frames.Login, name)


async def _by_register(server: RunningServer, ann: Wire, name: str) -> str:  # noqa: ARG001
    wire = await server.connect()
    await wire.hello()
    return await refused(wire, frames.Register, name, PASSWORD)


async def _by_nick(server: RunningServer, ann: Wire, name: str) -> str:  # noqa: ARG001
    called = "ian" if name == "Ian" else "bob"  # also by another spelling of one's own name
    return await refused(await server.enter(called), frames.Nick, name)


async def _by_add_user(server: RunningServer, ann: Wire, name: str) -> str:  # noqa: ARG001
    return await refused(ann, frames.AddUser, name, PASSWORD)


@pytest.mark.parametrize("way", [_by_login, _by_register, _by_nick, _by_add_user])
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("\u2167", errors.BAD_NAME),  # one character that is a Roman VIII
        ("a\u05d0", errors.BAD_NAME),  # both directions
        ("l\u0430n", errors.BAD_NAME),  # a Cyrillic a
        ("Ian", errors.NAME_TAKEN),
    ],
)
async def test_a_user_is_called_nothing_that_a_login_refuses(
    server: RunningServer, way: Way, name: str, code: str
) -> None:
    ann = await administrator(server)
    await server.enter("lan")
    assert await way(server, ann, name) == code


@pytest.mark.parametrize("room", ["#genera1", CYRILLIC_SCOPE])
async def test_a_room_looks_like_no_other_one(server: RunningServer, room: str) -> None:
    ann = await administrator(server)
    await ann.sync()
    await do(ann, frames.Create, "#scope", private=True)
    bob = await server.enter("bob")
    for wire, kind in (
        (bob, frames.Join),
        (bob, frames.Create),
        (ann, frames.MakeRoom),
    ):
        assert await refused(wire, kind, room) == errors.NAME_TAKEN
    assert await refused(ann, frames.MakeInvite, room=room) == errors.NAME_TAKEN
    await do(ann, frames.DeleteRoom, "#scope")
    if room == CYRILLIC_SCOPE:  # its looks are free again
        await do(bob, frames.Create, room)


@pytest.mark.parametrize("room", ["#gener\u0430l", "#g\u0435n"])
async def test_a_room_has_no_scripts_that_nobody_writes_together(server: RunningServer, room: str) -> None:
    ann = await administrator(server)
    bob = await server.enter("bob")
    for wire, kind in ((bob, frames.Join), (bob, frames.Create), (ann, frames.MakeRoom)):
        assert await refused(wire, kind, room) == errors.BAD_NAME
