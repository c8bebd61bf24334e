"""The client with servers that misbehave, go away or say no; and its status meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chat_tui.client.errors import LostError, RequestError
from chat_tui.client.sender import TRIES
from protocol import codec, errors, frames, limits
from protocol.frames import Event, Frame
from protocol.limits import Limits
from server.config import Address
from tests.support.clients import Person
from tests.support.proxy import Proxy
from tests.support.puppet import ME, OTHER, ROOM, Puppet, event, message
from tests.support.waiting import until

Meet = Callable[..., Person]
"""Called with what `Person` takes, but for the name and the address."""


@pytest.fixture
async def puppet() -> AsyncIterator[Puppet]:
    """A server with three messages in its room."""
    puppet = Puppet([message(seq) for seq in range(1, 4)])
    await puppet.start()
    yield puppet
    await puppet.stop()


@pytest.fixture
async def meet(puppet: Puppet) -> AsyncIterator[Meet]:
    """Alice, who is stopped when the test ends."""
    people: list[Person] = []

    def person(outbox: Path | None = None, **options: object) -> Person:
        people.append(Person(puppet.address, "alice", outbox, **options))  # type: ignore[arg-type]
        return people[-1]

    yield person
    for one in people:
        await one.stop()


def _phases(person: Person) -> list[str]:
    return [status.phase for status in person.statuses]


# --- events in the wrong order, heads, rooms


async def test_an_event_that_overtakes_has_the_gap_filled(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    puppet.log += [message(seq) for seq in range(4, 9)]
    puppet.push(puppet.log[7], puppet.log[5])
    await alice.sees(ROOM, *(f"text {seq}" for seq in range(1, 9)))
    puppet.push(puppet.log[4], puppet.log[7])  # they come after all
    puppet.log.append(message(9))
    puppet.push(puppet.log[8])
    await alice.sees(ROOM, *(f"text {seq}" for seq in range(1, 10)))


async def test_an_event_that_comes_while_its_gap_is_fetched(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    pages: list[frames.History] = []
    puppet.answers[frames.History] = pages.append  # its answer comes later
    puppet.log += [message(seq) for seq in range(4, 9)]
    puppet.push(message(5))
    await until(lambda: pages)
    puppet.push(message(4), message(6), frames.Ping(0, {ROOM: 8}))
    await until(lambda: alice.client.rooms[ROOM].head == 8)
    del puppet.answers[frames.History]
    answer = frames.HistoryResult(puppet.log[3:6])
    puppet.push(Puppet.ok(pages[0], answer))
    await alice.sees(ROOM, *(f"text {seq}" for seq in range(1, 9)))


async def test_events_before_the_answer_to_sync_are_kept(meet: Meet, puppet: Puppet) -> None:
    """As after a reconnect: they are newer than the answer, which was made before them."""
    alice = meet()
    await alice.start()

    def late(sync: frames.Sync) -> frames.Ok:
        answer = puppet.state(cursor=sync.cursors[ROOM])
        puppet.log.append(message(4))
        puppet.push(puppet.log[3])
        return Puppet.ok(sync, frames.SyncResult("epoch", [answer]))

    puppet.answers[frames.Sync] = late
    puppet.hang_up()
    await alice.sees(ROOM, "text 1", "text 2", "text 3", "text 4")
    assert [event.text for event in alice.client.rooms[ROOM].events][-1] == "text 4"
    assert alice.client.rooms[ROOM].unread == 1


@pytest.mark.parametrize("kind", ["heads", "ping"])
async def test_heads_before_the_answer_to_sync_are_kept(meet: Meet, puppet: Puppet, kind: str) -> None:
    """As after falling behind during it: what they tell of is in no answer and in no event."""
    alice = meet()
    await alice.start()

    def late(sync: frames.Sync) -> frames.Ok:
        answer = puppet.state(cursor=sync.cursors[ROOM])
        puppet.log.append(message(4))
        puppet.push(frames.Heads({ROOM: 4}) if kind == "heads" else frames.Ping(0, {ROOM: 4}))
        return Puppet.ok(sync, frames.SyncResult("epoch", [answer]))

    puppet.answers[frames.Sync] = late
    puppet.hang_up()
    await alice.sees(ROOM, "text 1", "text 2", "text 3", "text 4")


async def test_a_marker_right_behind_the_answer_to_sync_is_kept(meet: Meet, puppet: Puppet) -> None:
    """Another device has read what this one missed: the answer is not taken in yet when that comes."""
    alice = meet()
    await alice.start()
    puppet.log.append(message(4))

    def read_at_once(sync: frames.Sync) -> None:
        answer = puppet.state(cursor=sync.cursors[ROOM])
        puppet.push(Puppet.ok(sync, frames.SyncResult("epoch", [answer])), frames.Marker(ROOM, 4))

    puppet.answers[frames.Sync] = read_at_once
    puppet.hang_up()
    await until(lambda: alice.client.rooms[ROOM].read == 4)


async def test_joined_elsewhere_while_syncing(meet: Meet, puppet: Puppet) -> None:
    def with_join(sync: frames.Sync) -> frames.Ok:
        del puppet.answers[frames.Sync]
        puppet.push(event(frames.JOIN, 1, room="#other"))
        answer = Puppet.ok(sync, frames.SyncResult("epoch", [puppet.state()]))
        puppet.rooms.append("#other")
        return answer

    puppet.answers[frames.Sync] = with_join
    alice = meet()
    await alice.start()
    await until(lambda: alice.client.rooms.keys() == {ROOM, "#other"})
    assert (puppet.count(frames.Sync), puppet.count(frames.Join)) == (2, 0)


async def test_a_ping_tells_of_a_last_event_that_was_lost(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    puppet.log.append(message(4))
    puppet.push(frames.Ping(3, {ROOM: 4}))
    await alice.sees(ROOM, "text 1", "text 2", "text 3", "text 4")
    assert frames.Pong(3) in puppet.asked


@pytest.mark.parametrize(
    ("code", "wait"), [(errors.STORAGE, None), (errors.INTERNAL, None), (errors.RATE_LIMITED, 10)]
)
async def test_a_gap_is_fetched_again_when_its_page_was_refused(
    meet: Meet, puppet: Puppet, monkeypatch: pytest.MonkeyPatch, code: str, wait: int | None
) -> None:
    monkeypatch.setattr("chat_tui.client.gaps.FIRST_SECONDS", 0.01)
    alice = meet()
    await alice.start()
    refused: list[int] = []

    def once(history: frames.History) -> frames.Error:
        refused.append(history.id)
        del puppet.answers[frames.History]
        return frames.Error(code, "not now", history.id, retry_after=wait)

    puppet.answers[frames.History] = once
    puppet.log += [message(4), message(5)]
    puppet.push(message(5))
    await alice.sees(ROOM, *(f"text {seq}" for seq in range(1, 6)))
    assert refused


@pytest.mark.parametrize("head", [9, limits.INTEGER])
async def test_a_head_that_the_server_cannot_show_is_not_asked_for_ever(
    meet: Meet, puppet: Puppet, head: int
) -> None:
    alice = meet()
    await alice.start()
    puppet.push(frames.Heads({ROOM: head}))
    room = alice.client.rooms[ROOM]
    await until(lambda: puppet.count(frames.History) + puppet.count(frames.Sync) > 1)
    await until(lambda: not room.missing)
    asked = len(puppet.asked)
    await alice.client.ask(frames.Online(1))
    assert len(puppet.asked) <= asked + 2
    assert (room.last, room.head) == (3, 3)


async def test_own_messages_that_come_before_their_answer_are_not_pending(meet: Meet, puppet: Puppet) -> None:
    def shown_first(send: frames.Send) -> frames.Ok:
        puppet.log.append(Event(ROOM, 4, ME, "alice", send.kind, 4, send.body, send.cid))
        puppet.push(puppet.log[3])
        return Puppet.ok(send, frames.SendResult(4, 4))

    puppet.answers[frames.Send] = shown_first
    alice = meet()
    await alice.start()
    alice.client.say(ROOM, "mine")
    await alice.sees(ROOM, "text 1", "text 2", "text 3", "mine")
    assert not alice.client.sender.pending
    assert alice.client.rooms[ROOM].unread == 0


async def test_a_message_is_sent_again_when_the_server_asks_for_it(
    meet: Meet, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_tui.client.sender.RETRY_SECONDS", 3600.0)  # the server's word goes before it
    sent: list[str] = []

    def busy(send: frames.Send) -> frames.Frame:
        sent.append(send.cid)
        if len(sent) < 2:
            return frames.Error("slow_down", "too fast", send.id, retry_after=1)
        return Puppet.ok(send, frames.SendResult(4, 4))

    puppet.answers[frames.Send] = busy
    alice = meet()
    await alice.start()
    alice.client.say(ROOM, "again")
    await alice.settled()
    assert len(sent) == 2
    assert len(set(sent)) == 1


async def test_a_message_at_which_the_server_fails_does_not_keep_the_others_back(
    meet: Meet, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_tui.client.sender.RETRY_SECONDS", 0.01)
    usual = puppet._answer

    def fails(send: frames.Send) -> frames.Frame | None:
        return frames.Error(errors.INTERNAL, "a bug", send.id) if b"poison" in send.body else usual(send)

    puppet.answers[frames.Send] = fails
    alice = meet()
    await alice.start()
    for text in ("poison", "more poison", "behind it"):
        alice.client.say(ROOM, text)
    await until(lambda: [one.state for one in alice.client.sender.in_room(ROOM)] == ["failed"] * 2)
    assert {one.error for one in alice.client.sender.pending.values()} == {"a bug"}
    assert puppet.count(frames.Send) == 2 * TRIES + 1
    assert puppet.log[-1].body == codec.pack(frames.TextBody("behind it"))


async def test_a_gap_in_a_room_that_was_left_and_entered_again(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    pages: list[frames.History] = []
    puppet.answers[frames.History] = pages.append
    puppet.log += [message(4), message(5)]
    puppet.push(message(5))
    await until(lambda: pages)
    await alice.client.leave(ROOM)
    await alice.client.join(ROOM)
    puppet.log += [message(6), message(7)]
    puppet.push(message(7))
    del puppet.answers[frames.History]
    puppet.push(Puppet.ok(pages[0], frames.HistoryResult(puppet.log[3:5])))
    await alice.sees(ROOM, *(f"text {seq}" for seq in range(1, 8)))


async def test_a_marker_beyond_the_head_marks_nothing_that_is_yet_to_come(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    puppet.push(frames.Marker(ROOM, limits.INTEGER), message(4))
    await alice.unread(ROOM, 1)


async def test_a_burst_is_sent_once_each(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    for number in range(20):
        alice.client.say(ROOM, str(number))
    await alice.settled()
    assert puppet.count(frames.Send) == 20


async def test_a_join_is_asked_for_once(meet: Meet, puppet: Puppet) -> None:
    def told_first(join: frames.Join) -> frames.Ok:
        puppet.push(event(frames.JOIN, 1, room=join.room))
        return Puppet.ok(join, frames.JoinResult(frames.RoomState(join.room, 1)))

    puppet.answers[frames.Join] = told_first
    alice = meet()
    await alice.start("#new")
    await alice.client.ask(frames.Rooms(1))
    assert puppet.count(frames.Join) == 1


async def test_a_store_that_has_less_than_we_do_is_another_one(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    del puppet.log[1:]
    puppet.log[0] = message(1, "put back by hand")
    puppet.hang_up()
    await alice.sees(ROOM, "put back by hand")


# --- nonsense


@pytest.mark.parametrize(
    "greeting",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x01\xc1", b"\xff" * 100, b"\0\0\0\x02\x92\x01\x02"],
    ids=["http", "no msgpack", "too long", "no map"],
)
async def test_nonsense_stops_it_until_told_to_try_again(meet: Meet, puppet: Puppet, greeting: bytes) -> None:
    puppet.greeting = greeting
    alice = meet()
    alice.begin()
    await alice.phase("stopped")
    assert "no chat server" in alice.client.status.reason
    assert puppet.connections == 1
    puppet.greeting = b""
    alice.client.reconnect()
    await alice.phase("online")
    assert _phases(alice) == ["connecting", "stopped", "connecting", "online"]


@pytest.mark.parametrize("kind", [frames.Login, frames.Sync, frames.Join, frames.History, frames.Rooms])
async def test_answers_that_make_no_sense(meet: Meet, puppet: Puppet, kind: type[frames.Request]) -> None:  # type: ignore[type-arg]
    puppet.answers[kind] = lambda request: frames.Ok(request.id, {"user": "x", "epoch": 3, "room": []})
    alice = meet()
    alice.begin()
    if kind is frames.Login:
        await alice.phase("stopped")
    elif kind is frames.Sync:
        await alice.phase("waiting")
    else:
        await alice.phase("online")
        room = alice.client.rooms[ROOM]
        room.base += 1
        del room.events[0]
        asking: dict[type[Frame], Callable[[], Awaitable[object]]] = {
            frames.Join: lambda: alice.client.join("#x"),
            frames.History: lambda: alice.client.load_older(room),
            frames.Rooms: lambda: alice.client.ask(frames.Rooms(1)),
        }
        with pytest.raises(RequestError, match="makes no sense"):
            await asking[kind]()
        return
    assert "makes no sense" in alice.client.status.reason


async def test_frames_that_nobody_knows_are_skipped(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    for payload in (b"\x81\xa1t\xa6future", b"\x80"):
        puppet.push_bytes(len(payload).to_bytes(4, "big") + payload)
    strange = frames.Event("#elsewhere", 5, OTHER, "\x1b", "\x1bkind", limits.TIME, b"\xc1", "c\x9b1mid")
    puppet.push(strange, frames.Error("code", "text"), frames.Marker("#elsewhere", 3))
    hostile = Event(ROOM, 4, OTHER, "\x1b[2J", "message", 0, b"\xc1", "c\x9b1mid")
    puppet.push(frames.Presence(ROOM, "\x1b[31mbob", online=True), hostile)
    await until(lambda: alice.client.rooms[ROOM].last == 4)
    shown = alice.shown[ROOM][-1]
    assert (shown.sender, shown.text) == ("?", "(this client can't read this message)")
    assert (shown.time, shown.cid) == (0, "cid")
    assert alice.client.rooms[ROOM].people.names == ["bob"]
    assert alice.client.status.phase == "online"


async def test_a_frame_that_is_broken_stops_it_and_says_so(meet: Meet, puppet: Puppet) -> None:
    """Skipped, it would leave a room that is not as the server has it, and nobody would know."""
    alice = meet()
    await alice.start()
    payload = b"\x82\xa1t\xa5event\xa3seq\x01"
    puppet.push_bytes(len(payload).to_bytes(4, "big") + payload)
    await alice.phase("stopped")
    assert "a broken one: event: Object missing required field `room`" in alice.client.status.reason


@pytest.mark.parametrize("answer", [frames.Ok(2**50), frames.Error("code", "text", 2**50)])
async def test_an_answer_to_no_request_stops_it(meet: Meet, puppet: Puppet, answer: Frame) -> None:
    alice = meet()
    await alice.start()
    puppet.push(answer)
    await alice.phase("stopped")
    assert "a broken one: an answer to no request" in alice.client.status.reason


async def test_a_server_that_hangs_up_at_once(meet: Meet, puppet: Puppet) -> None:
    puppet.answers[frames.Hello] = lambda _: puppet.hang_up()
    alice = meet()
    alice.begin()
    await until(lambda: puppet.connections > 3)
    attempts = [status.attempt for status in alice.statuses if status.phase == "connecting"]
    assert attempts[:4] == [1, 2, 3, 4]
    del puppet.answers[frames.Hello]
    await alice.phase("online")
    assert alice.client.status.attempt == 0


async def test_a_refused_login_stops_it(meet: Meet, puppet: Puppet) -> None:
    puppet.answers[frames.Login] = lambda login: frames.Error(errors.BAD_NAME, "no \x1b[1mway", login.id)
    alice = meet()
    alice.begin()
    await alice.phase("stopped")
    assert alice.client.status.reason == "no way"
    assert puppet.connections == 1


async def test_until_when_a_refusal_holds_is_told_in_local_time(
    meet: Meet, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    until_ = 1_795_476_600_000  # 2026-11-23 23:30 UTC
    puppet.answers[frames.Topic] = lambda topic: frames.Error(
        errors.DENIED, "you are muted in #room", topic.id, until=until_, reason="take a \x1b[1mbreath"
    )
    alice = meet()
    await alice.start()
    with pytest.raises(RequestError) as refused:
        await alice.client.ask(frames.Topic(1, ROOM, "x"))
    assert str(refused.value) == "you are muted in #room until 2026-11-24 08:30: take a breath"
    assert refused.value.details["until"] == until_
    assert refused.value.retry_after is None
    puppet.push(frames.Bye(errors.DENIED, "you are banned", reconnect=False, until=until_))
    await alice.phase("stopped")
    assert alice.client.status.reason == "you are banned until 2026-11-24 08:30"


async def test_a_login_that_could_not_be_stored_is_tried_again(meet: Meet, puppet: Puppet) -> None:
    puppet.answers[frames.Login] = lambda login: frames.Error(errors.STORAGE, "the disk is full", login.id)
    alice = meet()
    alice.begin()
    await until(lambda: puppet.connections > 2)
    assert {status.phase for status in alice.statuses} == {"connecting", "waiting"}
    del puppet.answers[frames.Login]
    await alice.phase("online")


async def test_bye_without_return_stops_it_and_reconnect_works(meet: Meet, puppet: Puppet) -> None:
    alice = meet()
    await alice.start()
    puppet.push(frames.Bye(errors.BAD_VERSION, "update \x1b]0;x\x07your client", reconnect=False))
    await alice.phase("stopped")
    assert alice.client.status.reason == "update your client"
    alice.client.say(ROOM, "meanwhile")
    with pytest.raises(LostError, match="not connected"):
        await alice.client.join("#x")
    alice.client.reconnect()
    await alice.phase("online")
    await alice.settled()
    assert puppet.count(frames.Send) == 1


async def test_a_silent_server_is_given_up(meet: Meet, puppet: Puppet) -> None:
    puppet.limits = Limits(silence=1)
    alice = meet()
    await alice.start()
    await until(lambda: "waiting" in _phases(alice))
    reasons = [status.reason for status in alice.statuses if status.phase == "waiting"]
    assert reasons[0] == "the server has been silent for 1 s"


# --- the status


async def test_the_status_says_what_is(meet: Meet, puppet: Puppet) -> None:
    alice = meet(backoff=lambda attempt: 0.05 * attempt)
    await alice.start()
    puppet.push(frames.Bye(errors.SHUTDOWN, "the server stops"))
    puppet.hang_up()
    await until(lambda: _phases(alice).count("online") == 2)
    told = [(status.phase, status.reason, status.attempt) for status in alice.statuses]
    assert told == [
        ("connecting", "", 1),
        ("online", "", 0),
        ("waiting", "the server stops", 0),
        ("connecting", "the server stops", 1),
        ("online", "", 0),
    ]


async def test_the_status_counts_attempts_and_says_when_the_next_is(tmp_path: Path) -> None:
    nobody = Proxy(Address("127.0.0.1", 1))
    await nobody.start()
    nowhere = nobody.address
    await nobody.stop()
    asked: list[int] = []

    def delay(attempt: int) -> float:
        asked.append(attempt)
        return 0.01 if attempt < 4 else 60

    alice = Person(nowhere, "alice", tmp_path / "outbox", backoff=delay)
    alice.begin()
    await until(lambda: asked == [2, 3, 4])
    status = alice.client.status
    assert (status.phase, status.attempt) == ("waiting", 3)
    assert status.reason == f"no server at {nowhere}: connection refused"
    assert 50 < status.retry_at - asyncio.get_running_loop().time() <= 60
    alice.client.reconnect()  # don't wait that long
    await until(lambda: len(asked) == 4)
    assert asked == [2, 3, 4, 5]
    await alice.stop()


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "no\u2028way"])
async def test_a_host_that_cannot_be(host: str) -> None:
    alice = Person(Address(host, 1), "alice", backoff=lambda _: 60)
    alice.begin()
    await alice.phase("waiting")
    assert alice.client.status.reason.startswith("no server at ")
    await alice.stop()
