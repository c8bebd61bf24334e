"""People with accounts, on connections of their own."""

from protocol import frames
from server.features.admin_users.operations import SetAccountRoleOperation
from server.state.model import LOCAL_ADMIN
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

PASSWORD = "correct horse battery"
OTHER = "a quite different one"


async def registered(server: RunningServer, name: str = "ann", password: str = PASSWORD) -> Wire:
    """A connection of somebody who has just registered."""
    wire = await server.connect()
    await wire.register(name, password)
    return wire


async def administrator(server: RunningServer, name: str = "ann", password: str = PASSWORD) -> Wire:
    """A connection of somebody who has just registered, and whom the operator has made an administrator."""
    wire = await registered(server, name, password)
    user = server.context.state.user_called(name)
    assert user is not None
    await server.context.store(SetAccountRoleOperation(LOCAL_ADMIN, user.id, admin=True))
    return wire


async def login(server: RunningServer, name: str, **given: str) -> frames.LoginResult:
    """Come in on a connection of its own."""
    return await (await server.connect()).log_in(name, **given)


async def refused(server: RunningServer, name: str, **given: str) -> str:
    """Try to come in on a connection of its own: why not?"""
    wire = await server.connect()
    await wire.hello()
    return await wire.refused(frames.Login(wire.new_id, name, **given))
