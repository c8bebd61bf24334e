"""People with accounts, on connections of their own."""

from protocol import frames
from server.features import operations
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
    user = server.core.state.user_called(name)
    assert user is not None
    await server.core.store(operations.SetRole(user, admin=True, actor=0))
    return wire


async def login(server: RunningServer, name: str, **given: str) -> frames.LoginResult:
    """Come in on a connection of its own."""
    return await (await server.connect()).log_in(name, **given)


async def refused(server: RunningServer, name: str, **given: str) -> str:
    """Try to come in on a connection of its own: why not?"""
    wire = await server.connect()
    await wire.hello()
    return await wire.refused(frames.Login(wire.new_id, name, **given))
