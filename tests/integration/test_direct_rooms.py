"""The room of two over the wire: how it comes to be, and that it stays between them."""

import pytest

from protocol import errors, frames
from server.config.settings import Limits
from tests.support.cast import do, refused
from tests.support.inprocess import RunningServer
from tests.support.wire import text_of

ROOM = "@1:2"


async def test_both_are_in_it_from_the_start(server: RunningServer) -> None:
    ann, bob, phone = [await server.enter(name) for name in ("ann", "bob", "bob")]
    state = (await do(ann, frames.Dm, "BOB")).room
    assert (state.room, state.kind, state.partner, state.members) == (ROOM, frames.DIRECT, "bob", 2)
    assert (state.private, state.role, state.topic) == (False, frames.MEMBER, "")
    for wire in (bob, phone, ann):
        event = await wire.event(ROOM)
        assert (event.kind, event.sender, event.seq) == (frames.CREATE, "ann", 1)
    await ann.tell(ROOM, "psst")
    for wire in (bob, phone):
        assert text_of(await wire.event(ROOM)) == "psst"
    theirs = (await do(bob, frames.Dm, "ann")).room
    assert (theirs.room, theirs.partner, theirs.head, theirs.unread) == (ROOM, "ann", 2, 1)


async def test_who_is_offline_gets_it_later(server: RunningServer) -> None:
    ann = await server.enter("ann")
    await (await server.enter("bob")).close()
    await do(ann, frames.Dm, "bob")
    await ann.tell(ROOM, "when you are back")
    bob = await server.connect()
    await bob.log_in("bob")
    (state,) = [room for room in (await bob.sync()).rooms if room.room == ROOM]
    assert (state.partner, state.unread, text_of(state.events[-1])) == ("ann", 1, "when you are back")
    await do(bob, frames.Read, ROOM, 2)
    (state,) = [room for room in (await bob.sync()).rooms if room.room == ROOM]
    assert state.unread == 0


async def test_it_resumes_like_any_room(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    await do(bob, frames.Dm, "ann")
    await bob.close()
    sent = await ann.tell(ROOM, "one", "cid-1")
    assert await ann.tell(ROOM, "one", "cid-1") == frames.SendResult(sent.seq, sent.time, dup=True)
    bob = await server.connect()
    await bob.log_in("bob")
    (state,) = [room for room in (await bob.sync(cursors={ROOM: 1})).rooms if room.room == ROOM]
    assert ([event.seq for event in state.events], state.complete) == ([2], True)


async def test_two_who_write_to_each_other_at_once(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    ann.send(frames.Dm(90, "bob"))
    bob.send(frames.Dm(90, "ann"))
    for wire in (ann, bob):
        assert isinstance(await wire.answer(90), frames.Ok)
    assert server.context.state.rooms[ROOM].head == 1


async def test_a_pad_for_oneself(server: RunningServer) -> None:
    ann = await server.enter("ann")
    state = (await do(ann, frames.Dm, "ann")).room
    assert (state.room, state.partner, state.members) == ("@1:1", "ann", 1)
    await ann.tell("@1:1", "buy milk")


async def test_nobody_else_learns_of_it(server: RunningServer) -> None:
    ann, _bob, eve = [await server.enter(name) for name in ("ann", "bob", "eve")]
    server.context.state.users[3].admin = True
    await do(ann, frames.Dm, "bob")
    await do(ann, frames.Watch, [ROOM])
    for kind, values in (
        (frames.History, ()), (frames.Send, ("c", b"x")), (frames.Read, (1,)), (frames.Members, ()),
        (frames.Leave, ()), (frames.Topic, ("t",)), (frames.DeleteRoom, ()),
    ):  # fmt: skip
        assert await refused(eve, kind, ROOM, *values) == errors.NO_SUCH_ROOM
        assert await refused(eve, kind, "@1:9", *values) == errors.NO_SUCH_ROOM
    assert await refused(eve, frames.Watch, [ROOM]) == errors.NO_SUCH_ROOM
    assert await refused(eve, frames.Join, ROOM) == errors.BAD_NAME
    assert await refused(eve, frames.Create, ROOM) == errors.BAD_NAME
    for every in (False, True):
        assert [room.room for room in (await do(eve, frames.Rooms, every=every)).rooms] == ["#general"]
    people = (await do(eve, frames.Online)).people
    assert {room for person in people for room in person.rooms} == {"#general"}
    await ann.tell(ROOM, "psst")
    assert [frame for frame in await eve.settled() if getattr(frame, "room", "") == ROOM] == []


async def test_a_new_name_is_told_there(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    await do(ann, frames.Dm, "bob")
    await do(bob, frames.Nick, "zoe")
    while (event := await ann.event(ROOM)).kind != frames.NICK:
        pass
    assert event.sender == "bob"
    assert (await do(ann, frames.Dm, "zoe")).room.partner == "zoe"
    assert await refused(ann, frames.Dm, "bob") == errors.NO_SUCH_USER


async def test_who_is_there_is_told(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    await do(ann, frames.Dm, "bob")
    assert (await do(ann, frames.Watch, [ROOM])).online == {ROOM: ["ann", "bob"]}
    await bob.close()
    assert await ann.next_of(frames.Presence) == frames.Presence(ROOM, "bob", online=False)


async def test_they_are_not_counted_as_channels_and_have_a_limit(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.limits.ROOMS", 2)
    monkeypatch.setattr("protocol.limits.DIRECT", 2)
    ann = await server.enter("ann")
    for name in ("bob", "carl", "dora"):
        await server.enter(name)
    await do(ann, frames.Dm, "bob")
    await do(ann, frames.Dm, "carl")
    await ann.join("#a")
    assert await refused(ann, frames.Join, "#b") == errors.TOO_MANY
    assert await refused(ann, frames.Dm, "dora") == errors.TOO_MANY
    await do(ann, frames.Dm, "bob")  # the one that is there


async def test_rooms_that_others_open_never_count_against_ones_own(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.limits.DIRECT", 2)
    ann = await server.enter("ann")
    strangers = [await server.enter(name) for name in ("bob", "carl", "dora")]
    for stranger in strangers[:2]:
        await do(stranger, frames.Dm, "ann")
    assert await refused(strangers[2], frames.Dm, "ann") == errors.TOO_MANY
    await do(ann, frames.Dm, "dora")
    await do(strangers[2], frames.Dm, "ann")  # it is there now
    await server.enter("eve")
    await do(ann, frames.Dm, "eve")
    assert await refused(ann, frames.Dm, "ann") == errors.TOO_MANY, "those that one has opened have a limit"
    assert await refused(await server.enter("flo"), frames.Dm, "ann") == errors.TOO_MANY
    await do(ann, frames.Ignore, "bob")
    await do(await server.enter("flo"), frames.Dm, "ann")  # who is ignored takes nobody's place
    before = {name: room.maker for name, room in server.context.state.rooms.items()}
    assert server.context.log.load().rooms.keys() == before.keys()
    assert {name: room.maker for name, room in server.context.log.load().rooms.items()} == before


async def test_opening_many_counts_like_messages(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RunningServer(tmp_path_factory.mktemp("data"), Limits(sends_at_once=2, sends_per_second=1))
    await server.start()
    try:
        ann = await server.enter("ann")
        for name in ("bob", "carl", "dora"):
            await server.enter(name)
        await do(ann, frames.Dm, "bob")
        await do(ann, frames.Dm, "carl")
        assert await refused(ann, frames.Dm, "dora") == errors.RATE_LIMITED
    finally:
        await server.stop()
