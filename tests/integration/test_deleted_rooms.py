"""Deleting a room: who is told, what is left of it, and a new one under its name."""

from pathlib import Path
from typing import Any

import pytest

from protocol import errors, frames
from protocol.frames import Event
from server.store.sqlite import FILE_NAME
from tests.support.cast import do, refused
from tests.support.inprocess import RunningServer
from tests.support.sql import query
from tests.support.wire import text_of

ROOM = "#a"


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    return query(data / FILE_NAME, sql)


async def emptied(server: RunningServer) -> None:
    """Come back once nothing is left to be removed."""
    purging = server.context._purging
    if purging is not None:
        await purging


async def test_it_is_the_last_that_anybody_hears_of_it(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    await do(bob, frames.Watch, [ROOM, "#general"])
    eve = await server.enter("eve")
    await do(ann, frames.Invite, ROOM, "eve")
    ann.send(frames.DeleteRoom(90, ROOM), ann.say(ROOM, "anybody?"))
    assert isinstance(await ann.answer(90), frames.Ok)
    assert isinstance(await ann.next_of(frames.Error), frames.Error)
    come = [frame for frame in await bob.settled() if isinstance(frame, Event) and frame.room == ROOM]
    assert come[-1].kind == frames.DELETE_ROOM
    assert ROOM not in [room.room for room in (await bob.sync()).rooms]
    assert (await eve.sync()).invitations == []
    for kind, values in ((frames.History, ()), (frames.Send, ("c", b"x")), (frames.Leave, ())):
        assert await refused(bob, kind, ROOM, *values) == errors.NO_SUCH_ROOM


async def test_nothing_of_it_stays_in_the_file(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.context.PURGE", 3)
    ann = await server.enter("ann", ROOM, "#b")
    for number in range(10):
        await ann.tell(ROOM, f"a secret called xyzzy {number}")
    await ann.tell("#b", "kept")
    await do(ann, frames.Topic, ROOM, "xyzzy too")
    await do(ann, frames.DeleteRoom, ROOM)
    await emptied(server)
    await server.stop()
    assert rows(server.data, "SELECT count(*) FROM events WHERE length(body) > 0 AND room = 3") == [(0,)]
    assert rows(server.data, "SELECT count(*), count(cid) FROM events WHERE sender = ''") == [(10, 10)]
    assert rows(server.data, "SELECT name FROM rooms ORDER BY name") == [("",), ("#b",), ("#general",)]
    assert b"xyzzy" not in (server.data / FILE_NAME).read_bytes()


async def test_a_new_room_of_that_name_is_another_one(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    for number in range(5):
        await ann.tell(ROOM, f"old {number}")
    (old,) = [room for room in (await bob.sync()).rooms if room.room == ROOM]
    await do(bob, frames.Read, ROOM, old.head)
    await do(ann, frames.Ban, ROOM, "bob")
    await do(ann, frames.DeleteRoom, ROOM)
    state = await bob.join(ROOM)  # bans have gone with it
    assert (state.head, state.role, state.topic, state.read) == (2, frames.OWNER, "", 2)
    assert state.born != old.born
    await bob.tell(ROOM, "new")
    await ann.join(ROOM)
    page = await do(ann, frames.History, ROOM)
    assert [event.seq for event in page.events] == [1, 2, 3, 4]
    assert page.complete
    assert text_of(page.events[2]) == "new"


async def test_a_cid_is_never_stored_again(server: RunningServer) -> None:
    ann = await server.enter("ann", ROOM)
    sent = await ann.tell(ROOM, "once", "cid-1")
    await do(ann, frames.DeleteRoom, ROOM)
    same = frames.SendResult(sent.seq, sent.time, dup=True)
    assert await ann.tell(ROOM, "once", "cid-1") == same  # also while no such room is there
    await emptied(server)
    assert await ann.tell(ROOM, "once", "cid-1") == same
    await ann.join(ROOM)
    assert await ann.tell(ROOM, "once", "cid-1") == same
    assert server.context.state.rooms[ROOM].head == 2
    assert await ann.refused(ann.say("#general", "once", "cid-1")) == errors.CID_REUSED
    await server.stop()
    again = RunningServer(server.data)
    await again.start()
    try:
        ann = await again.enter("ann")
        assert await ann.tell(ROOM, "once", "cid-1") == same
    finally:
        await again.stop()


async def test_what_a_kill_left_is_removed_at_the_next_start(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.context, "purge_soon", lambda: None)
    ann = await server.enter("ann", ROOM)
    await ann.tell(ROOM, "xyzzy")
    await do(ann, frames.DeleteRoom, ROOM)
    await server.stop()
    assert rows(server.data, "SELECT count(*) FROM events WHERE room = 3 AND length(body) > 0") != [(0,)]
    again = RunningServer(server.data)
    await again.start()
    try:
        await emptied(again)
        assert ROOM not in again.context.state.rooms
    finally:
        await again.stop()
    assert rows(server.data, "SELECT count(*) FROM events WHERE room = 3 AND length(body) > 0") == [(0,)]


async def test_ids_are_not_given_twice(server: RunningServer) -> None:
    """Else the events that are still to be removed would be those of the new room."""
    ann = await server.enter("ann")
    for _ in range(3):
        await ann.join(ROOM)
        await ann.tell(ROOM, "x")
        await do(ann, frames.DeleteRoom, ROOM)
    await ann.join(ROOM)
    await emptied(server)
    page = await do(ann, frames.History, ROOM)
    assert [event.kind for event in page.events] == [frames.CREATE, frames.JOIN]


async def test_a_pipeline_across_the_end(server: RunningServer) -> None:
    """Everything is answered, and nothing that comes behind brings the old room back."""
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)

    def batch(first: int) -> list[frames.Request[Any]]:
        return [
            frames.Topic(first, ROOM, "t"), frames.Nick(first + 1, f"name{first}"),
            frames.DeleteRoom(first + 2, ROOM), frames.Nick(first + 3, f"other{first}"),
            frames.Send(first + 4, ROOM, f"cid{first}", b"\x80"), frames.Join(first + 5, ROOM),
            frames.Leave(first + 6, ROOM), frames.Join(first + 7, ROOM),
        ]  # fmt: skip

    for turn in range(5):
        for wire in (bob, ann):
            wire.send(*batch(100 * turn + 1))
        for wire in (ann, bob):
            for number in range(8):
                answer = await wire.answer(100 * turn + 1 + number)
                assert not isinstance(answer, frames.Error) or answer.code != errors.INTERNAL
    room = server.context.state.rooms[ROOM]
    page = await do(ann, frames.History, ROOM)
    assert [event.seq for event in page.events] == list(range(1, room.head + 1))
    assert page.events[0].kind == frames.CREATE
