"""Users of the server's computer, who come over a Unix socket: each under their system name, no password."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from protocol import errors, frames
from server.auth.credentials import Registration
from server.features.login.operations import RegisterOperation
from server.state.model import LOCAL_ADMIN
from server.store.base import AuditFilter
from tests.support.accounts import PASSWORD
from tests.support.inprocess import RunningServer
from tests.support.places import Serve, own_address
from tests.support.users import as_user
from tests.support.wire import Wire

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be other users"
)

DAEMON, BIN = 1, 2
"""Users that every Linux has, called so."""

ENTRANCES: tuple[Registration, ...] = ("open", "invite", "closed")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder into which other users may look, which pytest's are not."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@asynccontextmanager
async def connected(server: RunningServer, user: int) -> AsyncIterator[Wire]:
    """As that user, over the server's socket, after hello."""
    with as_user(user, server.private_address.path) as socket:
        wire = Wire(*await asyncio.open_unix_connection(sock=socket))
        await wire.hello()
        yield wire
        await wire.close()


def opened(server: RunningServer) -> str:
    """Where the administrator comes in, as if others could reach it."""
    path = server.administration.address.path
    server.data.chmod(0o755)
    Path(path).chmod(0o666)
    return path


async def come(server: RunningServer, user: int, name: str, **given: str) -> frames.LoginResult:
    async with connected(server, user) as wire:
        return await wire.ask(frames.Login(wire.new_id, name, **given), frames.LoginResult)


async def refused(server: RunningServer, user: int, name: str, **given: str) -> str:
    async with connected(server, user) as wire:
        return await wire.refused(frames.Login(wire.new_id, name, **given))


async def on_record(server: RunningServer) -> tuple[str, str, str]:
    await server.context.writer.drain()
    ((_, one),) = server.context.log.audit(AuditFilter(), 1)
    return one.action, one.target, one.detail


@pytest.mark.parametrize("registration", ENTRANCES)
async def test_each_has_their_system_name_without_a_password(
    serve: Serve, registration: Registration
) -> None:
    server = await serve(registration)
    made = await come(server, DAEMON, "daemon")
    assert (made.name, made.admin, made.registered) == ("daemon", False, False)
    assert await on_record(server) == ("bind", "daemon", "to user 1 of this computer")
    again = await come(server, DAEMON, "daemon")
    assert again.user == made.user
    assert (await come(server, DAEMON, "daemon", token=made.token)).user == made.user


@pytest.mark.parametrize("registration", ENTRANCES)
async def test_nobody_else_comes_in_under_that_name(serve: Serve, registration: Registration) -> None:
    server = await serve(registration)
    await come(server, DAEMON, "daemon")
    assert await refused(server, BIN, "daemon") == errors.BAD_LOGIN
    assert await refused(server, BIN, "daemon", password=PASSWORD) == errors.BAD_LOGIN
    async with await Wire.connect(server.address) as wire:  # from somewhere else
        await wire.hello()
        assert await wire.refused(frames.Login(1, "daemon")) == errors.BAD_LOGIN


async def test_nobody_takes_a_name_before_the_one_whose_it_is_comes(serve: Serve) -> None:
    server = await serve("open")
    assert await refused(server, BIN, "daemon") == errors.NAME_TAKEN
    async with connected(server, BIN) as wire:
        assert await wire.refused(frames.Register(1, "daemon", PASSWORD)) == errors.NAME_TAKEN
        assert await wire.refused(frames.Register(2, "DAEMON", PASSWORD)) == errors.NAME_TAKEN
    assert not server.context.state.users
    assert not (await come(server, BIN, "ann")).admin  # nobody's on this computer: as everywhere


async def test_nor_does_anybody_take_it_from_somewhere_else(serve: Serve) -> None:
    server = await serve("open")
    async with await Wire.connect(server.address) as wire:
        await wire.hello()
        assert await wire.refused(frames.Login(1, "daemon")) == errors.NAME_TAKEN
        await wire.ask(frames.Login(2, "ann"), frames.LoginResult)
        assert await wire.refused(frames.Nick(3, "daemon")) == errors.NAME_TAKEN


async def test_nor_by_a_new_name(serve: Serve) -> None:
    server = await serve("open")
    async with connected(server, BIN) as wire:
        await wire.ask(frames.Login(wire.new_id, "bin"), frames.LoginResult)
        for name in ("daemon", "Daemon", "root"):
            assert await wire.refused(frames.Nick(wire.new_id, name)) == errors.NAME_TAKEN
        for name in ("bean", "bin"):  # their own name stays theirs
            assert (await wire.ask(frames.Nick(wire.new_id, name), frames.LoginResult)).name == name


async def test_other_names_are_as_the_entrance_says(serve: Serve) -> None:
    server = await serve("invite")
    assert await refused(server, DAEMON, "ann") == errors.BAD_LOGIN


async def test_an_account_that_was_there_needs_its_password_once(serve: Serve) -> None:
    server = await serve("invite")
    hashed = await server.context.accounts.hasher.hash(PASSWORD)
    await server.context.store(RegisterOperation(LOCAL_ADMIN, "daemon", hashed))
    assert await refused(server, DAEMON, "daemon") == errors.BAD_LOGIN
    await come(server, BIN, "daemon", password=PASSWORD)  # who knows it, but is not called so here
    assert await refused(server, DAEMON, "daemon") == errors.BAD_LOGIN
    known = await come(server, DAEMON, "daemon", password=PASSWORD)
    assert await on_record(server) == ("bind", "daemon", "to user 1 of this computer")
    assert (await come(server, DAEMON, "daemon")).user == known.user
    assert await refused(server, BIN, "daemon") == errors.BAD_LOGIN


async def test_who_used_it_with_the_name_alone_is_logged_out(serve: Serve) -> None:
    server = await serve("open", host="0.0.0.0")
    async with await Wire.connect(own_address(server.address.port)) as stranger:
        server.context.accounts.local_users = False  # as before it listened on a socket
        made = await stranger.log_in("daemon")
        server.context.accounts.local_users = True
        assert (await come(server, DAEMON, "daemon")).user == made.user
        assert (await stranger.ended()).code == errors.LOGGED_OUT
        assert len(server.context.state.users[made.user].devices) == 1


async def test_the_user_whose_the_server_is_administers_it(serve: Serve) -> None:
    server = await serve("closed")
    assert await server.first_invite() != ""
    assert (await come(server, 0, "root")).admin
    assert not (await come(server, DAEMON, "daemon")).admin
    assert await server.first_invite() == ""
    assert not server.context.state.invites


async def test_where_the_administrator_comes_in_no_other_user_does(serve: Serve) -> None:
    server = await serve("open")
    with as_user(DAEMON, opened(server)) as socket:
        wire = Wire(*await asyncio.open_unix_connection(sock=socket))
        await wire.hello()
        for key in ("", "guess"):
            assert await wire.refused(frames.Login(wire.new_id, "root", key=key)) == errors.DENIED
        assert await wire.refused(frames.Users(wire.new_id)) == errors.OUT_OF_ORDER
        await wire.close()


async def test_it_stays_bound_after_a_restart_and_under_another_name(serve: Serve) -> None:
    server = await serve("closed")
    made = await come(server, DAEMON, "daemon")
    async with connected(server, DAEMON) as wire:
        await wire.ask(frames.Login(wire.new_id, "daemon"), frames.LoginResult)
        await wire.ask(frames.Nick(wire.new_id, "demon"), frames.LoginResult)
    await server.stop()
    server = await serve("closed")
    again = await come(server, DAEMON, "daemon")
    assert (again.user, again.name) == (made.user, "demon")
    assert await refused(server, BIN, "demon") == errors.BAD_LOGIN
