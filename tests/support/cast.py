"""A room with one of each who may be there: what each may do is tried on it."""

from typing import Any

from protocol import frames
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

ROOM = "#room"
OTHERS = ("tim", "kim", "bart", "rob", "bea", "mia")
"""On whom it is tried: three members, a moderator, one who is banned, one who is muted."""
SAID = 27
"""What tim has said there, the last one before they come."""


async def do(wire: Wire, kind: type[frames.Request[Any]], *values: Any, **fields: Any) -> Any:
    """Send a request that must succeed; gives its result."""
    return await wire.ask(kind(wire.new_id, *values, **fields), kind.result)


async def refused(wire: Wire, kind: type[frames.Request[Any]], *values: Any, **fields: Any) -> str:
    """Send a request that must fail; gives the error's code."""
    return await wire.refused(kind(wire.new_id, *values, **fields))


async def said(wire: Wire, kind: type[frames.Request[Any]], *values: Any, **fields: Any) -> tuple[str, str]:
    """Send a request that must fail; gives the error's code and its text."""
    error = await refusal(wire, kind, *values, **fields)
    return error.code, error.text


async def refusal(wire: Wire, kind: type[frames.Request[Any]], *values: Any, **fields: Any) -> frames.Error:
    """Send a request that must fail; gives the error."""
    request = kind(wire.new_id, *values, **fields)
    wire.send(request)
    answer = await wire.answer(request.id)
    assert isinstance(answer, frames.Error), answer
    return answer


async def cast(server: RunningServer, *, private: bool) -> dict[str, Wire]:
    """Everybody's connections, by what they are in `ROOM`: an owner and so on, `invited` and `banned` too."""
    admin = await server.enter("ada")
    server.context.state.users[1].admin = True
    owner = await server.enter("olga")
    await do(owner, frames.Create, ROOM, private=private)
    wires = {"owner": owner, "admin": admin}
    names = {"moderator": "mo", "member": "mel", "stranger": "stan", "invited": "ina", "banned": "ben"}
    for what, name in names.items():
        wires[what] = await server.enter(name)
    for name in OTHERS:
        wires[name] = await server.enter(name)
    for name in ("mo", "mel", "ben", *OTHERS):
        await do(owner, frames.Invite, ROOM, name)
    for what in ("moderator", "member", "banned", *OTHERS):
        await wires[what].join(ROOM)
    for name in ("mo", "rob"):
        await do(owner, frames.Role, ROOM, name, frames.MODERATOR)
    await do(owner, frames.Invite, ROOM, "ina")
    for name in ("ben", "bea"):
        await do(owner, frames.Ban, ROOM, name)
    await do(owner, frames.Mute, ROOM, "mia")
    assert (await wires["tim"].tell(ROOM, "so this is it")).seq == SAID
    for wire in wires.values():
        await wire.settled()
    return wires
