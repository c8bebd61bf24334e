"""The requests about rooms and people from somebody who means harm: each is answered, nothing breaks."""

import copy
import math
from typing import Any

import pytest

from protocol import errors, frames, limits
from tests.support.cast import ROOM, cast, do, refused
from tests.support.inprocess import RunningServer

NASTY = [
    "'; DROP TABLE rooms; --",
    '" OR 1=1 --',
    "../../../../etc/passwd",
    "..\\..\\x",
    "%s%s%s%n",
    "{0.__class__.__mro__}",
    "${jndi:ldap://x}",
    "\x00",
    "\x1b[2J\x1b]0;x\x07",
    "\u202egnp.exe",
    "@1:2",
    "@0:0",
    "@1:2:3",
    "@１:２",
    "@-1:2",
    "#",
    "",
    " ",
    "#room\n#general",
    "x" * 4000,
]
NAMED = ("room", "name", "role", "reason", "after", "address")
SIZED = {"private": True, "seconds": 60, "limit": 5, "every": True}
REQUESTS = [
    kind
    for kind in frames.REQUESTS
    if kind not in (frames.Login, frames.Nick, frames.Send, frames.Read, frames.Sync)
]


def fields_of(kind: type[frames.Request[Any]]) -> dict[str, Any]:
    """The fields of a request that is all right."""
    usual: dict[str, Any] = {
        "id": 1, "room": ROOM, "name": "tim", "role": frames.MEMBER, "private": False, "topic": "t",
        "rooms": [ROOM],
    }  # fmt: skip
    return {
        "t": kind.__struct_config__.tag,
        **{key: usual[key] for key in usual if key in kind.__struct_fields__},
    }


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: str(kind.__struct_config__.tag))
async def test_every_field_is_tried_with_everything(
    server: RunningServer, kind: type[frames.Request[Any]]
) -> None:
    mel = (await cast(server, private=True))["member"]
    before = copy.deepcopy(server.context.state)
    good = fields_of(kind)
    strange: list[Any] = [None, True, -1, 2**63, math.nan, b"#room", ["x"], {"a": 1}]
    tries = [{**good, field: text} for field in NAMED if field in kind.__struct_fields__ for text in NASTY]
    tries += [{**good, field: value} for field in good if field not in ("t", "id") for value in strange]
    tries += [
        {**good, field: value} for field in SIZED if field in kind.__struct_fields__ for value in strange
    ]
    for number, fields in enumerate(tries, 1):
        mel.send_map({**fields, "id": number})
    answers = [await mel.answer(number) for number in range(1, len(tries) + 1)]
    codes = {answer.code for answer in answers if isinstance(answer, frames.Error)}
    assert errors.INTERNAL not in codes
    assert codes <= {
        errors.BAD_FRAME, errors.BAD_NAME, errors.NO_SUCH_ROOM, errors.NO_SUCH_USER, errors.DENIED,
        errors.TOO_LARGE, errors.NAME_TAKEN, errors.NOT_A_MEMBER,
    }  # fmt: skip
    after = server.context.state
    assert after.users.keys() == before.users.keys()
    assert not after.banned_users
    assert not after.banned_networks
    members = {name: room.members for name, room in before.rooms.items()}
    assert {name: room.members for name, room in after.rooms.items()} == members
    await do(await server.enter("new"), frames.Rooms)


async def test_fields_that_are_too_long(server: RunningServer) -> None:
    olga = (await cast(server, private=False))["owner"]
    long = "y" * (limits.REASON + 1)
    for kind in (frames.Kick, frames.Ban, frames.Mute):
        assert await refused(olga, kind, ROOM, "tim", reason=long) == errors.TOO_LARGE
        olga.send_map(
            {"t": kind.__struct_config__.tag, "id": 900, "room": ROOM, "name": "tim", "reason": long * 4}
        )
        answer = await olga.answer(900)
        assert isinstance(answer, frames.Error)
        assert answer.code == errors.BAD_FRAME
    await do(
        olga, frames.Kick, ROOM, "tim", "\x1b[31m" * 40 + "y" * limits.REASON
    )  # counted once it is clean


async def test_a_direct_room_is_no_way_to_speak_as_somebody_else(server: RunningServer) -> None:
    ann, _bob, eve = [await server.enter(name) for name in ("ann", "bob", "eve")]
    for room in ("@1:2", "@2:1", "@01:2", "@1:2 ", "@3:3", "@3:1", "@0:3"):
        assert await eve.refused(eve.say(room, "it's me, bob")) == errors.NO_SUCH_ROOM
    assert [name for name in server.context.state.rooms if name.startswith("@")] == []
    await do(ann, frames.Dm, "bob")
    for room in ("@1:2", "@2:1", "@01:2"):
        assert await eve.refused(eve.say(room, "it's me, bob")) == errors.NO_SUCH_ROOM


async def test_answers_about_a_hidden_room_take_no_longer_path(server: RunningServer) -> None:
    """Timing: who may not know of a room is turned away in the same line as from one that is not there."""
    stan = (await cast(server, private=True))["stranger"]
    for name in (ROOM, "#none"):
        request = frames.History(stan.new_id, name)
        stan.send(request)
        answer = await stan.answer(request.id)
        assert isinstance(answer, frames.Error)
        assert (answer.code, answer.text) == (errors.NO_SUCH_ROOM, f"there is no room {name}")
    assert server.context._reader.waiting == 0  # the log was not asked for either
