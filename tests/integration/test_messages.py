"""Messages, history, and read markers over real sockets."""

import asyncio
import logging
import threading

import pytest

from protocol import errors, frames, limits
from protocol.frames import Event, Frame
from server.delivery.hub import Hub
from server.store.sqlite import SqliteLog
from tests.support.inprocess import RunningServer
from tests.support.waiting import until
from tests.support.wire import text_body


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def of_kind(come: list[Frame], kind: type[Frame]) -> list[Frame]:
    return [frame for frame in come if isinstance(frame, kind)]


# --- messages


async def test_a_message_comes_to_all_members_and_oneself(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob", "#a")
    eve = await server.enter("eve")
    stored = await ann.tell("#a", "hello", "cid-1")
    expected = Event("#a", 4, 1, "ann", frames.MESSAGE, server.clock.ms(), text_body("hello"), "cid-1")
    assert stored == frames.SendResult(4, server.clock.ms())
    assert await bob.event("#a") == expected
    assert [frame for frame in await ann.settled() if frame == expected] == [expected]
    assert expected not in await eve.settled()


async def test_the_event_comes_before_the_answer_to_its_send(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    ann.send(ann.say("#a", "x"))
    assert isinstance(await ann.next(), Event)
    assert isinstance(await ann.next(), frames.Ok)


async def test_a_send_may_be_repeated_for_ever(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a", "#b")
    first = await ann.tell("#a", "x", "c1")
    server.clock.seconds += 10**6
    again = await server.connect()
    await again.log_in("ann")
    assert await again.tell("#a", "x", "c1") == frames.SendResult(first.seq, first.time, dup=True)
    for other in (
        again.say("#a", "y", "c1"),
        again.say("#b", "x", "c1"),
        again.say("#a", "x", "c1", frames.ACTION),
    ):
        assert await again.refused(other) == errors.CID_REUSED
    assert server.context.state.rooms["#a"].head == first.seq


async def test_a_message_has_its_limits(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    assert await ann.refused(frames.Send(90, "#a", "c1", b"x" * (limits.BODY + 1))) == errors.TOO_LARGE
    await ann.ask(frames.Send(91, "#a", "c1", b"x" * limits.BODY), frames.SendResult)
    assert await ann.refused(frames.Send(92, "#a", "c2", b"", kind=frames.JOIN)) == errors.BAD_FRAME
    assert await ann.refused(frames.Send(93, "#a", "c2", b"", kind="poll")) == errors.BAD_FRAME
    assert (await ann.ask(frames.Send(94, "#a", "c2", b"\xc1", frames.ACTION), frames.SendResult)).seq == 4


@pytest.mark.parametrize(
    ("bounds", "expected", "complete"),
    [
        ({}, list(range(1, 13)), True),
        ({"limit": 2}, [11, 12], False),
        ({"before": 5, "limit": 2}, [3, 4], False),
        ({"before": 3, "limit": 2}, [1, 2], True),
        ({"before": 1}, [], True),
        ({"before": limits.INTEGER}, list(range(1, 13)), True),
        ({"after": 10}, [11, 12], True),
        ({"after": 8, "limit": 2}, [9, 10], False),
        ({"after": 12}, [], True),
        ({"after": 99}, [], True),
        ({"after": 3, "before": 8}, [4, 5, 6, 7], True),
        ({"after": 3, "before": 8, "limit": 2}, [6, 7], False),
    ],
)
async def test_history_gives_the_page_asked_for(
    server: RunningServer, bounds: dict[str, int], expected: list[int], *, complete: bool
) -> None:
    ann = await server.enter("ann", "#a")
    for number in range(10):
        await ann.tell("#a", str(number))
    result = await ann.ask(frames.History(90, "#a", **bounds), frames.HistoryResult)
    assert (seqs(result.events), result.complete) == (expected, complete)


async def test_a_page_of_long_messages_is_cut_to_what_fits(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    for _ in range(15):
        await ann.tell("#a", "x" * 16_000)
    result = await ann.ask(frames.History(90, "#a", after=2), frames.HistoryResult)
    assert seqs(result.events) == list(range(3, 3 + len(result.events)))
    assert 10 <= len(result.events) < 15
    assert not result.complete


async def test_a_store_that_fails_is_told_and_the_connection_goes_on(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    ann = await server.enter("ann", "#a")
    database = server.context.log
    assert isinstance(database, SqliteLog)
    database._writing.execute("ALTER TABLE events RENAME TO lost")
    with caplog.at_level(logging.CRITICAL):
        for request in (
            frames.Send(90, "#a", "c1", b""), frames.History(91, "#a"), frames.Sync(92),
            frames.Join(93, "#a"), frames.Join(94, "#b"), frames.Nick(95, "zoe"), frames.Topic(96, "#a", "t"),
        ):  # fmt: skip
            assert await ann.refused(request) == errors.STORAGE
        bob = await server.connect()
        await bob.hello()
        for number in (1, 2):
            assert await bob.refused(frames.Login(number, "bob")) == errors.STORAGE
    database._writing.execute("ALTER TABLE lost RENAME TO events")
    assert (await ann.ask(frames.Send(97, "#a", "c1", b""), frames.SendResult)).seq == 3
    assert (await bob.ask(frames.Login(3, "bob"), frames.LoginResult)).name == "bob"
    assert [room.topic for room in (await ann.sync()).rooms] == ["", ""]


# --- read markers


async def test_a_marker_goes_to_the_users_other_sessions(server: RunningServer) -> None:
    ann, phone, bob = [await server.enter(name, "#a") for name in ("ann", "ann", "bob")]
    for number in range(5):
        await bob.tell("#a", str(number))
    await ann.ask(frames.Read(90, "#a", 6), frames.Result)
    assert await phone.next_of(frames.Marker) == frames.Marker("#a", 6)
    await ann.ask(frames.Read(91, "#a", 4), frames.Result)
    assert await phone.next_of(frames.Marker) == frames.Marker("#a", 6)
    await ann.ask(frames.Read(92, "#a", limits.INTEGER), frames.Result)
    assert await phone.next_of(frames.Marker) == frames.Marker("#a", 8)
    (room, _) = (await phone.sync()).rooms
    assert (room.read, room.unread) == (8, 0)
    for wire in (ann, bob):
        assert of_kind(await wire.settled(), frames.Marker) == []


async def test_who_joins_has_missed_nothing(server: RunningServer) -> None:
    ann = await server.enter("ann", "#a")
    for number in range(5):
        await ann.tell("#a", str(number))
    bob = await server.enter("bob")
    room = await bob.join("#a")
    assert (room.head, room.read, room.unread) == (8, 8, 0)


# --- writing


async def test_what_is_said_while_the_count_is_awaited_is_not_in_it(server: RunningServer) -> None:
    """Whoever asks gets it as an event too, and would count it twice."""
    bob = await server.enter("bob")
    ann = await server.enter("ann")
    await bob.tell("#general", "before")
    free = threading.Event()
    server.context._reader.run(0, lambda: free.wait(5))
    asked = asyncio.create_task(ann.sync())
    await until(lambda: bool(server.context._reads))
    await bob.tell("#general", "after")
    free.set()
    (state,) = (room for room in (await asked).rooms if room.room == "#general")
    assert (state.head, state.unread) == (server.context.state.rooms[state.room].head - 1, 1)


async def test_an_events_bytes_are_made_once_and_written_once_per_session(server: RunningServer) -> None:
    """The members' sockets get the very same block, one write for all of a batch."""
    written: list[tuple[object, bytes]] = []
    hub = Hub(server.context.state)

    class Sink:
        lagging = idle = False

        def __init__(self, name: str) -> None:
            user = server.context.state.user_called(name)
            assert user is not None
            self.user = user

        def write(self, data: bytes) -> None:
            written.append((self, data))

    for name in ("ann", "bob"):
        await server.enter(name, "#a")
    sinks = [Sink("ann"), Sink("ann"), Sink("bob")]
    for sink in sinks:
        hub.enter(sink)
    hub.publish([Event("#a", seq, 1, "ann", frames.MESSAGE, 0, b"x") for seq in range(4, 9)])
    assert written == []
    hub.flush()
    assert len(written) == 3
    assert {session for session, _ in written} == set(sinks)
    assert len({id(data) for _, data in written}) == 1
