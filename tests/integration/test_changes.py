"""Edits, deletions, reactions and replies on the wire: who may, on what, and what stays."""

import threading
from typing import Any

from protocol import codec, errors, frames, limits
from protocol.frames import Event
from server.store.base import AuditFilter
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire, text_body

ROOM = "#a"


def changing(
    wire: Wire, kind: str, target: int | None, body: bytes | None = None, **fields: Any
) -> frames.Send:
    """The request that changes what was said."""
    if body is None:
        body = {
            frames.EDIT: text_body("better"),
            frames.REACTION: codec.pack(frames.ReactionBody("👍")),
        }.get(kind, b"")
    number = wire.new_id
    fields = {"room": ROOM, "cid": f"{wire._tag}-{number}", **fields}
    return frames.Send(number, body=body, kind=kind, target=target, **fields)


async def change(wire: Wire, kind: str, target: int, body: bytes | None = None) -> frames.SendResult:
    return await wire.ask(changing(wire, kind, target, body), frames.SendResult)


async def log_of(wire: Wire) -> list[Event]:
    """All events of the room, as who comes now gets them."""
    return list((await do(wire, frames.History, ROOM, limit=200)).events)


async def test_everybody_gets_changes_as_events(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    said = (await ann.tell(ROOM, "good")).seq
    stored = [await change(ann, frames.EDIT, said), await change(bob, frames.REACTION, said)]
    answer = bob.new_id
    bob.send(frames.Send(answer, ROOM, "c9", text_body("so it is"), reply=said))
    assert isinstance(await bob.answer(answer), frames.Ok)
    stored.append(await change(ann, frames.DELETE, said))
    assert [one.seq for one in stored] == [said + 1, said + 2, said + 4]
    come: list[Event] = []
    while len(come) < 5:
        event = await ann.event(ROOM)
        come += [event] if event.seq >= said else []
    assert [(event.kind, event.user, event.target, event.reply) for event in come] == [
        ("message", 1, None, None), ("edit", 1, said, None), ("reaction", 2, said, None),
        ("message", 2, None, said), ("delete", 1, said, None),
    ]  # fmt: skip
    assert come[1].body == text_body("better")
    left = [(event.kind, bool(event.body)) for event in await log_of(bob) if event.seq >= said]
    assert left == [
        ("message", False), ("edit", False), ("reaction", True), ("message", True), ("delete", False),
    ]  # fmt: skip
    eve = await server.enter("eve")
    state = await eve.join(ROOM)
    assert [bool(event.body) for event in state.events if event.seq >= said][:2] == [False, False]


async def test_changes_are_not_unread(server: RunningServer) -> None:
    ann = await server.enter("ann", ROOM)
    await (await server.enter("bob", ROOM)).close()
    said = (await ann.tell(ROOM, "good")).seq
    for kind in (frames.EDIT, frames.REACTION):
        await change(ann, kind, said)
    bob = await server.connect()
    await bob.log_in("bob")
    assert next(room.unread for room in (await bob.sync()).rooms if room.room == ROOM) == 1


async def test_a_change_may_be_repeated_for_ever(server: RunningServer) -> None:
    ann = await server.enter("ann", ROOM)
    said = await ann.tell(ROOM, "good", "c1")
    requests = [changing(ann, kind, said.seq) for kind in (frames.EDIT, frames.DELETE)]
    first = [await ann.ask(request, frames.SendResult) for request in requests]
    again = await server.connect()
    await again.enter("ann")
    for request, result in zip(requests, first, strict=True):
        repeated = frames.SendResult(result.seq, result.time, dup=True)
        assert await again.ask(request, frames.SendResult) == repeated
    assert await again.tell(ROOM, "good", "c1") == frames.SendResult(said.seq, said.time, dup=True)
    other = changing(ann, frames.EDIT, said.seq + 1, cid=requests[0].cid)
    assert await again.refused(other) in (errors.CID_REUSED, errors.NOT_FOUND)
    assert server.context.state.rooms[ROOM].head == said.seq + 2


async def test_what_is_not_ones_own_and_what_is_not_there(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM, "#b"), await server.enter("bob", ROOM)
    mine, hers = (await bob.tell(ROOM, "mine")).seq, (await ann.tell(ROOM, "hers")).seq
    elsewhere = (await ann.tell("#b", "elsewhere")).seq
    edit = await change(bob, frames.EDIT, mine)
    for kind in (frames.EDIT, frames.DELETE):
        assert await bob.refused(changing(bob, kind, hers)) == errors.DENIED
        # A room that one is not in, whether or not there is something; and one that is not there.
        assert await bob.refused(changing(bob, kind, elsewhere, room="#b")) == errors.NOT_A_MEMBER
        assert await bob.refused(changing(bob, kind, 999, room="#b")) == errors.NOT_A_MEMBER
        assert await bob.refused(changing(bob, kind, 1, room="#none")) == errors.NO_SUCH_ROOM
    for kind in frames.CHANGES:
        for seq in (1, edit.seq, 999, limits.INTEGER):  # a `create`, a change, nothing
            assert await bob.refused(changing(bob, kind, seq)) == errors.NOT_FOUND, (kind, seq)
    await change(bob, frames.DELETE, mine)
    for kind in frames.CHANGES:
        assert await bob.refused(changing(bob, kind, mine)) == errors.NOT_FOUND
    reply = frames.Send(
        bob.new_id, ROOM, "c8", text_body("?"), reply=server.context.state.rooms[ROOM].head + 1
    )
    assert await bob.refused(reply) == errors.NOT_FOUND
    assert [event.kind for event in await log_of(ann)][-2:] == [frames.EDIT, frames.DELETE]


async def test_what_is_no_change(server: RunningServer) -> None:
    ann = await server.enter("ann", ROOM)
    said = (await ann.tell(ROOM, "good")).seq
    for request in (
        changing(ann, frames.EDIT, None),
        changing(ann, frames.REACTION, None),
        changing(ann, frames.MESSAGE, said),
        changing(ann, frames.EDIT, said, reply=said),
        changing(ann, frames.DELETE, said, b"a last word"),
    ):
        assert await ann.refused(request) == errors.BAD_FRAME
    for kind, limit in ((frames.REACTION, limits.REACTION), (frames.EDIT, limits.BODY)):
        assert await ann.refused(changing(ann, kind, said, b"x" * (limit + 1))) == errors.TOO_LARGE
        await change(ann, kind, said, b"x" * limit)
    for target in (0, -1, limits.INTEGER + 1, "1"):
        ann.send_map(
            {
                "t": "send",
                "id": 900,
                "room": ROOM,
                "cid": "c",
                "body": b"",
                "kind": "delete",
                "target": target,
            }
        )
        answer = await ann.answer(900)
        assert isinstance(answer, frames.Error)
        assert answer.code == errors.BAD_FRAME


async def test_moderators_delete_what_others_say_and_it_is_recorded(server: RunningServer) -> None:
    ann, bob, mo = [await server.enter(name, ROOM) for name in ("ann", "bob", "mo")]
    await do(ann, frames.Role, ROOM, "mo", frames.MODERATOR)
    said = (await bob.tell(ROOM, "advertising")).seq
    assert await mo.refused(changing(mo, frames.EDIT, said)) == errors.DENIED
    await change(mo, frames.DELETE, said)
    own = (await mo.tell(ROOM, "mine")).seq
    await change(mo, frames.DELETE, own)
    record = server.context.log.audit(AuditFilter(), 100)[-1].audit
    assert (record.actor, record.action, record.target) == (3, "delete message", "bob")
    assert (record.room, record.detail) == (ROOM, f"message {said}")
    again = (await bob.tell(ROOM, "and again")).seq
    await do(ann, frames.Mute, ROOM, "mo")
    for kind in frames.CHANGES:
        assert await mo.refused(changing(mo, kind, again)) == errors.DENIED
    assert await mo.refused(mo.say(ROOM, "what?")) == errors.DENIED


async def test_a_room_of_the_same_name_is_another_one(server: RunningServer) -> None:
    """What was looked up in a room that is deleted before the change is stored does not count in the next."""
    ann = await server.enter("ann", ROOM)
    said = (await ann.tell(ROOM, "good")).seq
    late = changing(ann, frames.DELETE, said)
    # In one burst: the change is looked up in the old room, and planned when there is the new one.
    ann.send(late, frames.DeleteRoom(ann.new_id, ROOM), frames.Create(ann.new_id, ROOM), ann.say(ROOM, "new"))
    answer = await ann.answer(late.id)
    assert isinstance(answer, frames.Ok) or answer.code == errors.NOT_FOUND
    await ann.settled()
    assert not [event for event in await log_of(ann) if event.kind == frames.DELETE]


async def test_a_change_that_is_being_looked_up_is_stored_when_the_server_stops(
    server: RunningServer,
) -> None:
    ann = await server.enter("ann", ROOM)
    said = (await ann.tell(ROOM, "hello")).seq
    busy = threading.Event()
    server.context._reader.run(0, busy.wait)
    request = changing(ann, frames.EDIT, said)
    ann.send(request)
    await server.until(lambda: bool(server.context._reads))
    server.stop_soon()
    await server.until(lambda: server.context._closing)
    busy.set()
    assert isinstance(await ann.answer(request.id), frames.Ok)


async def test_the_audit_has_what_was_done_and_nothing_else(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    said = [(await bob.tell(ROOM, text)).seq for text in ("one", "two")]
    await ann.ask(ann.say(ROOM, "used", "used"), frames.SendResult)
    assert await ann.refused(changing(ann, frames.DELETE, said[0], cid="used")) == errors.CID_REUSED
    # Both find the message there; the second is a repetition all the same.
    twice = [changing(ann, frames.DELETE, said[1], cid="again") for _ in range(2)]
    ann.send(*twice)
    for request in twice:
        assert isinstance(await ann.answer(request.id), frames.Ok)
    deleted = server.context.log.audit(AuditFilter(action="delete message"), 100)
    assert [record.audit.detail for record in deleted] == [f"message {said[1]}"]
