"""Who may do what: every request about a room, as everybody that one can be there."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from protocol import errors, frames
from protocol.frames import Request
from server.state.permissions import IN_DIRECT, LEAST, PRESENT, Action, Rank
from tests.support.cast import ROOM, SAID, cast, do, refused, said
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

ASKED: dict[Action, Callable[[int], Request[Any]]] = {
    Action.SEND: lambda n: frames.Send(n, ROOM, f"cid-{n}", b"\x80"),
    Action.HISTORY: lambda n: frames.History(n, ROOM),
    Action.READ: lambda n: frames.Read(n, ROOM, 1),
    Action.REMOVE: lambda n: frames.Send(n, ROOM, f"cid-{n}", b"", frames.DELETE, target=SAID),
    Action.WATCH: lambda n: frames.Watch(n, [ROOM]),
    Action.MEMBERS: lambda n: frames.Members(n, ROOM),
    Action.LEAVE: lambda n: frames.Leave(n, ROOM),
    Action.TOPIC: lambda n: frames.Topic(n, ROOM, f"topic {n}"),
    Action.INVITE: lambda n: frames.Invite(n, ROOM, "stan"),
    Action.KICK: lambda n: frames.Kick(n, ROOM, "kim"),
    Action.BAN: lambda n: frames.Ban(n, ROOM, "bart"),
    Action.UNBAN: lambda n: frames.Unban(n, ROOM, "bea"),
    Action.BANS: lambda n: frames.Bans(n, ROOM),
    Action.MUTE: lambda n: frames.Mute(n, ROOM, "tim"),
    Action.UNMUTE: lambda n: frames.Unmute(n, ROOM, "mia"),
    Action.ROLE: lambda n: frames.Role(n, ROOM, "tim", frames.MODERATOR),
    Action.VISIBILITY: lambda n: frames.Visibility(n, ROOM, private=True),
    Action.DELETE: lambda n: frames.DeleteRoom(n, ROOM),
    Action.EVERY_ROOM: lambda n: frames.Rooms(n, every=True),
    Action.SERVER_BAN: lambda n: frames.ServerBan(n, "tim"),
}
SERVER_WIDE = {Action.EVERY_ROOM, Action.SERVER_BAN}
RANKS = {
    "admin": Rank.ADMIN, "owner": Rank.OWNER, "moderator": Rank.MODERATOR, "member": Rank.MEMBER,
    "stranger": Rank.STRANGER, "invited": Rank.STRANGER, "banned": Rank.STRANGER,
}  # fmt: skip


def expected(who: str, action: Action, *, private: bool) -> str | None:
    """The code with which it is refused, by the table; None if it is carried out."""
    rank = RANKS[who]
    if action in SERVER_WIDE:
        return None if rank is Rank.ADMIN else errors.DENIED
    if who == "invited" and action is Action.LEAVE:
        return None  # they decline
    if private and who in ("stranger", "banned"):
        return errors.NO_SUCH_ROOM
    if rank is Rank.STRANGER or (rank is Rank.ADMIN and action in PRESENT):
        return errors.NOT_A_MEMBER
    return None if rank >= LEAST[action] else errors.DENIED


def test_the_table_has_every_action_and_each_is_tried() -> None:
    assert LEAST.keys() == ASKED.keys() == set(Action)


@pytest.mark.parametrize("private", [False, True], ids=["public", "private"])
@pytest.mark.parametrize("who", RANKS)
async def test_everybody_tries_everything(server: RunningServer, who: str, *, private: bool) -> None:
    """But that the owner leaves, which has tests of its own. What ends things comes last."""
    wire = (await cast(server, private=private))[who]
    last = [Action.VISIBILITY, Action.SERVER_BAN, Action.DELETE]
    if who != "owner":
        last.insert(2 if who == "admin" else 3, Action.LEAVE)
    order = [action for action in Action if action not in (*last, Action.LEAVE)] + last
    found = {}
    for action in order:
        request = ASKED[action](wire.new_id)
        wire.send(request)
        answer = await wire.answer(request.id)
        found[action] = answer.code if isinstance(answer, frames.Error) else None
    assert found == {action: expected(who, action, private=private) for action in order}


@pytest.mark.parametrize("action", [action for action in Action if action not in SERVER_WIDE])
async def test_the_room_of_two_is_theirs_alone(server: RunningServer, action: Action) -> None:
    ada, ann, bob = [await server.enter(name) for name in ("ada", "ann", "bob")]
    server.context.state.users[1].admin = True
    await server.enter("tim")
    room = (await do(ann, frames.Dm, "bob")).room.room
    number = (await ann.tell(room, "one of the two says so")).seq

    def ask(wire: Wire) -> Request[Any]:
        request = ASKED[action](wire.new_id)
        where = {"rooms": [room]} if isinstance(request, frames.Watch) else {"room": room}
        named = {"name": "ann"} if hasattr(request, "name") else {}
        target = {"target": number} if action is Action.REMOVE else {}
        return msgspec.structs.replace(request, **where, **named, **target)

    assert await ada.refused(ask(ada)) == errors.NO_SUCH_ROOM
    request = ask(bob)
    if action in IN_DIRECT:
        await bob.ask(request, request.result)
    else:
        assert await bob.refused(request) == errors.DENIED


# --- who stands above whom


@pytest.mark.parametrize("kind", [frames.Kick, frames.Ban, frames.Mute])
async def test_nobody_acts_on_who_is_no_lower(server: RunningServer, kind: type[Request[Any]]) -> None:
    wires = await cast(server, private=False)
    await wires["admin"].join(ROOM)
    for who, name in (
        ("moderator", "rob"), ("moderator", "mo"), ("moderator", "olga"), ("moderator", "ada"),
        ("owner", "olga"), ("owner", "ada"), ("admin", "ada"),
    ):  # fmt: skip
        assert await refused(wires[who], kind, ROOM, name) == errors.DENIED, (who, name)
    for who, name in (("moderator", "mel"), ("owner", "rob")):
        await do(wires[who], kind, ROOM, name)
    if kind is frames.Mute:  # an owner can't be muted, and is not said to be
        assert await refused(wires["admin"], kind, ROOM, "olga") == errors.DENIED
    else:
        await do(wires["admin"], kind, ROOM, "olga")


async def test_an_owner_shares_what_an_owner_may(server: RunningServer) -> None:
    wires = await cast(server, private=False)
    await do(wires["owner"], frames.Role, ROOM, "mel", frames.OWNER)
    assert await refused(wires["member"], frames.Role, ROOM, "olga", frames.MEMBER) == errors.DENIED
    await do(wires["member"], frames.Role, ROOM, "mo", frames.MEMBER)
    await do(wires["owner"], frames.Role, ROOM, "olga", frames.MEMBER)  # steps down: there is another one
    code, text = await said(wires["member"], frames.Role, ROOM, "mel", frames.MEMBER)
    assert (code, "needs an owner" in text) == (errors.DENIED, True)
    assert await refused(wires["owner"], frames.Role, ROOM, "tim", frames.OWNER) == errors.DENIED


async def test_a_moderator_is_muted_by_the_owner_and_stays_so(server: RunningServer) -> None:
    wires = await cast(server, private=False)
    mo = wires["moderator"]
    await do(wires["owner"], frames.Mute, ROOM, "mo")
    assert await mo.refused(mo.say(ROOM, "me?")) == errors.DENIED
    assert await refused(mo, frames.Unmute, ROOM, "mo") == errors.DENIED
    assert await refused(wires["rob"], frames.Unmute, ROOM, "mo") == errors.DENIED
    await do(wires["owner"], frames.Unmute, ROOM, "mo")
    await mo.tell(ROOM, "me!")


async def test_the_first_room_belongs_to_the_administrators(server: RunningServer) -> None:
    ada, bob = await server.enter("ada"), await server.enter("bob")
    assert await refused(ada, frames.Kick, "#general", "bob") == errors.DENIED
    server.context.state.users[1].admin = True
    watched = await do(bob, frames.Watch, ["#general"])
    assert watched.roles == {"#general": {"ada": frames.OWNER}}
    await do(ada, frames.Role, "#general", "bob", frames.MODERATOR)
    assert await refused(ada, frames.Role, "#general", "bob", frames.OWNER) == errors.DENIED
    assert await refused(ada, frames.DeleteRoom, "#general") == errors.DENIED
    assert await refused(ada, frames.Visibility, "#general", private=True) == errors.DENIED
    await do(ada, frames.Ban, "#general", "bob")
    assert await refused(bob, frames.Join, "#general") == errors.DENIED
    again = await server.connect()  # who is in no room may come in all the same
    await again.log_in("bob")
    assert (await again.sync()).rooms == []
    await again.join("#elsewhere")
