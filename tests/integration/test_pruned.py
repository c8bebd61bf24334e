"""Events that the server has removed: nobody waits for them, asks for them again, or sends them twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from chat_tui.client import updates
from protocol import errors, frames
from protocol.frames import HistoryResult
from server.config.retention import Retention
from server.delivery import retention
from server.state.entries import Draft
from server.store.sqlite import SqliteLog
from tests.conftest import Dial, StartServer
from tests.support.clients import Person
from tests.support.commands import Shell
from tests.support.inprocess import RunningServer
from tests.support.puppet import ROOM as PUPPETS
from tests.support.puppet import Puppet, message
from tests.support.waiting import SECONDS, until
from tests.support.wire import Wire, text_body, text_of

ROOM = "#general"
DAY = 86_400

Meet = Callable[..., Person]


@pytest.fixture
async def meet(server: RunningServer) -> AsyncIterator[Meet]:
    """Make people; those who are still there when the test ends quit."""
    met: list[Person] = []

    def make(name: str, **files: Any) -> Person:
        met.append(Person(server.address, name, **files))
        return met[-1]

    yield make
    for person in met:
        await person.stop()


async def chatter(server: RunningServer, wire: Wire, first: int, last: int) -> None:
    """Messages in these numbers, a day after what was before."""
    server.clock.seconds += DAY
    for session in server.sessions:
        session.heard = server.clock.seconds
    for number in range(first, last + 1):
        await wire.tell(ROOM, f"text {number}", f"cid {number}")


async def prune(server: RunningServer, days: float = 0.5) -> int:
    return await retention.prune(server.context, Retention(int(days * DAY)))


async def page(wire: Wire, **bounds: Any) -> HistoryResult:
    return await wire.ask(frames.History(wire.new_id, ROOM, **bounds), HistoryResult)


def seqs(result: HistoryResult | frames.RoomState) -> list[int]:
    return [event.seq for event in result.events]


# --- on the wire


async def test_answers_begin_at_the_floor_and_say_so(server: RunningServer) -> None:
    ann = await server.enter("ann")  # create and join are 1 and 2
    await chatter(server, ann, 3, 10)
    await chatter(server, ann, 11, 20)
    assert await prune(server) == 10
    assert await prune(server) == 0
    whole = list(range(11, 21))
    for bounds, expected, complete in (
        ({}, whole, True),
        ({"after": 0}, whole, True),
        ({"after": 5, "limit": 4}, [11, 12, 13, 14], False),
        ({"after": 12}, whole[2:], True),
        ({"before": 15}, whole[:4], True),
        ({"before": 15, "limit": 3}, [12, 13, 14], False),
        ({"before": 11}, [], True),
        ({"before": 3}, [], True),
        ({"after": 3, "before": 13}, [11, 12], True),
    ):
        got = await page(ann, **bounds)
        assert (seqs(got), got.complete, got.floor) == (expected, complete, 10), bounds
    for cursor, limit, expected, complete in (
        (None, 50, whole, True),
        (5, 50, whole, True),
        (5, 3, [18, 19, 20], False),
        (10, 50, whole, True),
        (15, 50, whole[5:], True),
        (20, 50, [], True),
        (5, 0, [], False),
    ):
        cursors = {} if cursor is None else {ROOM: cursor}
        (state,) = (await ann.sync(cursors=cursors, limit=limit)).rooms
        assert (seqs(state), state.complete, state.floor, state.head) == (expected, complete, 10, 20), cursor
    bob = await server.connect()
    await bob.log_in("bob")
    state = await bob.join(ROOM)
    assert (seqs(state), state.floor) == ([*whole, 21], 10)


async def test_heads_counts_and_markers_stay_what_they_are(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    await ann.ask(frames.Topic(ann.new_id, ROOM, "stays"), frames.Result)
    await chatter(server, bob, 1, 6)
    (before,) = (await ann.sync()).rooms
    await chatter(server, bob, 7, 8)
    assert await prune(server) == before.head
    (state,) = (await ann.sync(limit=0)).rooms
    assert (state.head, state.topic, state.members, state.read) == (
        before.head + 2,
        "stays",
        2,
        before.read,
    )
    assert (before.unread, state.unread) == (6, 2)
    await ann.ask(frames.Read(ann.new_id, ROOM, before.head - 1), frames.Result)
    (state,) = (await ann.sync(limit=0)).rooms
    assert (state.read, state.unread) == (before.head - 1, 2)
    assert (await ann.tell(ROOM, "next")).seq == before.head + 3


async def test_a_pruned_message_sent_again_is_not_stored_again(server: RunningServer) -> None:
    ann = await server.enter("ann", "#other")
    first = await ann.tell(ROOM, "long ago", "c1")
    await chatter(server, ann, 1, 1)
    assert await prune(server)
    again = await ann.tell(ROOM, "long ago", "c1")
    assert again == frames.SendResult(first.seq, first.time, dup=True)
    elsewhere = frames.Send(ann.new_id, "#other", "c1", text_body("long ago"))
    assert await ann.refused(elsewhere) == errors.CID_REUSED
    assert [text_of(event) for event in (await page(ann)).events] == ["text 1"]


async def test_it_does_not_hold_the_others_up(server: RunningServer) -> None:
    """Thousands of events go in steps, and what people say meanwhile comes between."""
    ann = await server.enter("ann")
    core = server.context
    drafts = [Draft(ROOM, ann_id(server), "ann", frames.MESSAGE, 0, b"x", f"c{n}") for n in range(20_000)]
    await core.writer.between(lambda: core.log.append(drafts))
    core.state.rooms[ROOM].head += len(drafts)
    await chatter(server, ann, 1, 1)
    pruning = asyncio.create_task(prune(server))
    said = 0
    while not pruning.done():
        await ann.tell(ROOM, "meanwhile")
        said += 1
    assert await pruning == core.log.floor(ROOM) == 2 + len(drafts)
    assert said > 5
    assert (await page(ann, limit=200)).events[-1].seq == 2 + len(drafts) + 1 + said


def ann_id(server: RunningServer) -> int:
    user = server.context.state.user_called("ann")
    assert user is not None
    return user.id


# --- clients


@pytest.mark.parametrize("fill", [4, 2000])
async def test_who_was_away_since_before_the_floor_gets_what_is_left(
    server: RunningServer, meet: Meet, fill: int
) -> None:
    bob = await server.enter("bob")
    ann = meet("ann", fill=fill)
    await ann.start()
    await chatter(server, bob, 1, 3)
    await ann.sees(ROOM, "text 1", "text 2", "text 3")
    await ann.stop()
    await chatter(server, bob, 4, 9)
    await chatter(server, bob, 10, 15)
    assert await prune(server) == 12

    ann = back(ann, meet, fill)
    await ann.start()
    await ann.sees(ROOM, *(f"text {number}" for number in range(10, 16)))
    room = ann.client.rooms[ROOM]
    assert (room.base, room.unread, room.missing, room.has_older) == (12, 6, False, False)
    assert await ann.client.load_older(room) == []
    await bob.tell(ROOM, "and on")
    await ann.said(ROOM, 7)


def back(ann: Person, meet: Meet, fill: int) -> Person:
    """The same person with what they held, in a client that begins again."""
    again = meet("ann", fill=fill)
    again.client.rooms = ann.client.rooms
    again.client._epoch, again.client.user = ann.client._epoch, ann.client.user
    again.shown = ann.shown
    return again


async def test_a_room_of_which_nothing_is_left(server: RunningServer, meet: Meet) -> None:
    bob = await server.enter("bob")
    ann = meet("ann")
    await ann.start()
    await chatter(server, bob, 1, 3)
    await ann.said(ROOM, 3)
    await ann.stop()
    await chatter(server, bob, 4, 4)
    await prune(server, 0)
    server.clock.seconds += 1
    await prune(server, 0)

    ann = back(ann, meet, 2000)
    await ann.start()
    room = ann.client.rooms[ROOM]
    assert (room.events, room.last, room.unread, room.missing) == ([], 7, 0, False)
    await bob.tell(ROOM, "again")
    await ann.sees(ROOM, "again")
    assert ann.client.rooms[ROOM].unread == 1


async def test_a_cache_keeps_what_joins_on_and_forgets_it_later(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    bob = await server.enter("bob")
    ann = meet("ann", cache=tmp_path / "cache")
    await ann.start()
    await chatter(server, bob, 1, 5)
    await chatter(server, bob, 6, 8)
    await ann.said(ROOM, 8)
    await ann.stop()
    await prune(server)  # of what she holds, and no more
    await bob.tell(ROOM, "text 9")

    ann = meet("ann", cache=tmp_path / "cache")
    assert len(ann.texts(ROOM)) == 8
    await ann.start()
    await ann.sees(ROOM, *(f"text {number}" for number in range(1, 10)))
    room = ann.client.rooms[ROOM]
    assert not room.has_older
    assert not [update for update in ann.heard if isinstance(update, updates.Restarted)]
    await ann.stop()

    ann = meet("ann", cache=tmp_path / "cache")
    assert ann.texts(ROOM) == ["text 6", "text 7", "text 8", "text 9"]
    assert (await ann.client.searching.search("text", ROOM)).hits == ann.shown[ROOM][::-1]
    await ann.start()
    await ann.sees(ROOM, "text 6", "text 7", "text 8", "text 9")


async def test_a_cache_that_ends_below_the_floor_begins_anew(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    bob = await server.enter("bob")
    ann = meet("ann", cache=tmp_path / "cache")
    await ann.start()
    await chatter(server, bob, 1, 5)
    await ann.said(ROOM, 5)
    await ann.stop()
    await chatter(server, bob, 6, 8)
    await chatter(server, bob, 9, 10)
    await prune(server)

    for _ in range(2):
        ann = meet("ann", cache=tmp_path / "cache")
        await ann.start()
        await ann.sees(ROOM, "text 9", "text 10")
        await ann.stop()


async def test_what_is_pruned_while_it_is_being_fetched_ends_the_fetching() -> None:
    """The first page lies above the floor, and between it and the second the floor rises."""
    puppet = Puppet([message(seq) for seq in range(1, 11)])
    await puppet.start()
    ann = Person(puppet.address, "ann")
    try:
        await ann.start()
        puppet.log += [message(seq) for seq in range(11, 61)]
        floor = 40

        def history(request: frames.History) -> frames.Frame:
            kept = puppet.log[max(request.after or 0, floor) :]
            return puppet.ok(request, HistoryResult(kept[: request.limit], floor=floor))

        def sync(request: frames.Sync) -> frames.Frame:
            state = frames.RoomState(PUPPETS, 60, events=puppet.log[55:], complete=False, floor=floor)
            return puppet.ok(request, frames.SyncResult("epoch", [state]))

        puppet.answers[frames.History] = history
        puppet.answers[frames.Sync] = sync
        puppet.push(message(60))
        await until(lambda: ann.client.rooms[PUPPETS].last == 60)
        assert [event.seq for event in ann.shown[PUPPETS]] == list(range(41, 61))
        assert puppet.count(frames.History) == 2
    finally:
        await ann.stop()
        await puppet.stop()


async def test_follow_goes_on_behind_the_floor(server: RunningServer, tmp_path: Path) -> None:
    bob = await server.enter("bob")
    await chatter(server, bob, 1, 4)
    await chatter(server, bob, 5, 90)
    assert await prune(server) == 6
    shell = Shell(tmp_path / "home", server.address, "ann")
    try:
        status, output, _ = await shell.run("follow", ROOM, "--since", "3", "--count", "86")
        assert status == 0
        assert [line.rpartition("text ")[2] for line in output.splitlines()] == [str(n) for n in range(5, 91)]
    finally:
        await shell.close()


# --- by the server itself


async def test_a_server_with_a_retention_removes_what_is_too_old(
    start_server: StartServer, dial: Dial, tmp_path: Path
) -> None:
    server = await start_server()
    ann = await dial(server.address)
    await ann.enter("ann", "#kept", "#short")
    await server.stop()
    log = SqliteLog(tmp_path / "data")
    log.load()
    for room in (ROOM, "#kept", "#short"):
        log.append([Draft(room, 1, "ann", frames.MESSAGE, 1000, text_body(f"old in {room}"), f"old {room}")])
    log._writing.execute("UPDATE events SET time = 1000")
    log.close()

    server = await start_server(
        "--retention", "10y", "--retention", "#kept=forever", "--retention", "short=1d"
    )
    ann = await dial(server.address)
    await ann.enter("ann")
    async with asyncio.timeout(SECONDS):
        while await floors(ann) != [3, 0, 3]:  # it looks once it serves
            pass
    assert (await ann.tell(ROOM, "new")).seq == 4
    assert [text_of(event) for event in (await page(ann)).events] == ["new"]
    assert (await server.stop())[0] == 0


async def floors(wire: Wire) -> list[int]:
    return [state.floor for state in (await wire.sync()).rooms]
