"""The client with a real server: what people do, and what they then see."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client import updates
from chat_tui.client.client import PAGE
from chat_tui.client.entrance import FIRST_DELAY, LONGEST_DELAY, backoff
from chat_tui.client.errors import ClientError, RequestError
from protocol import errors, frames, limits
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.waiting import until

ROOM = "#room"

Meet = Callable[..., Person]
"""Called with a name, and what else `Person` takes."""


@pytest.fixture
async def meet(server: RunningServer) -> AsyncIterator[Meet]:
    """People who are stopped when the test ends."""
    people: list[Person] = []

    def person(name: str, outbox: Path | None = None, fill: int = 2000) -> Person:
        people.append(Person(server.address, name, outbox, fill=fill))
        return people[-1]

    yield person
    for one in people:
        await one.stop()


async def test_two_talk(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    alice.client.say(ROOM, "hello")
    await bob.sees(ROOM, "hello")
    bob.client.say(ROOM, "waves\nlong", frames.ACTION)
    await alice.sees(ROOM, "hello", "waves\nlong")
    await bob.sees(ROOM, "hello", "waves\nlong")
    said = alice.shown[ROOM][-2:]
    assert said == bob.shown[ROOM][-2:]
    assert [(event.sender, event.kind, event.room) for event in said] == [
        ("alice", "message", ROOM),
        ("bob", "action", ROOM),
    ]
    await alice.settled()
    await bob.settled()
    assert (alice.missed, bob.missed) == ([], [])


async def test_a_burst_keeps_its_order_in_every_room(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    for person in (alice, bob):
        await person.start(ROOM, "#other")
    for number in range(150):
        for person in (alice, bob):
            person.client.say((ROOM, "#other")[number % 2], f"{person.client.name} {number}")
    for room, rest in ((ROOM, 0), ("#other", 1)):
        await alice.said(room, 150)
        await bob.said(room, 150)
        assert alice.texts(room) == bob.texts(room)
        for name in ("alice", "bob"):
            own = [text for text in bob.texts(room) if text.startswith(name)]
            assert own == [f"{name} {number}" for number in range(rest, 150, 2)]


async def test_what_was_said_waits_as_pending_until_it_is_stored(meet: Meet, server: RunningServer) -> None:
    alice = meet("alice")
    await alice.start()
    alice.client.say("#general", "hello")
    (pending,) = alice.client.sender.in_room("#general")
    assert (pending.text, pending.state, alice.texts("#general")) == ("hello", "pending", [])
    await alice.settled()
    await alice.sees("#general", "hello")
    assert updates.PendingChanged("#general") in alice.heard
    assert alice.shown["#general"][-1].cid == pending.cid
    assert server.context.state.rooms["#general"].head == alice.shown["#general"][-1].seq


async def test_hostile_text_comes_in_clean(meet: Meet, server: RunningServer) -> None:
    alice = meet("alice")
    await alice.start(ROOM)
    wire = await server.enter("mallory", ROOM)
    await wire.tell(ROOM, "\x1b[31mred\x1b]0;title\x07 \u202eback\x9b0m")
    await alice.sees(ROOM, "red back")


async def test_a_message_that_is_too_long_is_not_said(meet: Meet, tmp_path: Path) -> None:
    alice = meet("alice", tmp_path / "outbox")
    await alice.start()
    with pytest.raises(ClientError, match="too long: this is 16,391 bytes; the server takes 16,384"):
        alice.client.say("#general", "x" * (limits.BODY - 2))
    assert not alice.client.sender.pending
    alice.client.say("#general", "x" * (limits.BODY - 9))
    await until(lambda: len(alice.texts("#general")) == 1)


# --- rooms


async def test_joining_makes_a_room_and_opens_it(meet: Meet) -> None:
    alice = meet("alice")
    await alice.start()
    assert list(alice.client.rooms) == ["#general"]
    room = await alice.client.join("#new")
    assert [event.kind for event in room.events] == [frames.CREATE, frames.JOIN]
    assert (room.members, room.unread, room.missing) == (1, 0, False)
    assert updates.RoomsChanged("#new") in alice.heard
    with pytest.raises(RequestError, match="letters, digits"):
        await alice.client.join("#no way")


async def test_rooms_can_be_joined_and_left_at_once(meet: Meet, server: RunningServer) -> None:
    alice = meet("alice")
    await alice.start(*(f"#room{number}" for number in range(20)))
    for number in range(20):
        await alice.client.leave(f"#room{number}")
    await alice.client.ask(frames.Rooms(1))
    assert list(alice.client.rooms) == ["#general"]
    assert not server.context.state.user_called("alice").rooms - {"#general"}  # type: ignore[union-attr]


async def test_leaving(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await until(lambda: alice.client.rooms[ROOM].members == 2)
    await bob.client.leave(ROOM)
    assert ROOM not in bob.client.rooms
    await until(lambda: alice.client.rooms[ROOM].members == 1)
    assert alice.shown[ROOM][-1].kind == frames.LEAVE
    alice.client.say(ROOM, "alone")
    with pytest.raises(RequestError) as raised:
        await bob.client.leave(ROOM)
    assert raised.value.code == errors.NOT_A_MEMBER
    again = await bob.client.join(ROOM)
    assert [event.text for event in again.events if event.spoken] == ["alone"]


async def test_the_topic(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await alice.client.ask(frames.Topic(1, ROOM, "Releases"))
    await until(lambda: bob.client.rooms[ROOM].topic == alice.client.rooms[ROOM].topic == "Releases")
    carol = meet("carol")
    await carol.start(ROOM)
    assert carol.client.rooms[ROOM].topic == "Releases"


async def test_a_new_name(meet: Meet, tmp_path: Path) -> None:
    alice, bob = meet("alice", tmp_path / "outbox"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await alice.client.nick("Carol")
    assert alice.client.name == "Carol"
    alice.client.say(ROOM, "it's me")
    await bob.sees(ROOM, "it's me")
    nick, said = bob.shown[ROOM][-2:]
    assert (nick.kind, nick.sender, nick.text, said.sender) == (frames.NICK, "alice", "Carol", "Carol")
    with pytest.raises(RequestError, match="somebody else"):
        await alice.client.nick("BOB")
    assert alice.client.name == "Carol"


async def test_lists_of_rooms_and_people(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start()
    rooms = await bob.client.ask(frames.Rooms(1))
    assert [(info.room, info.members, info.joined) for info in rooms.rooms] == [
        ("#general", 2, True),
        (ROOM, 1, False),
    ]
    online = await bob.client.ask(frames.Online(1))
    assert [(person.name, person.rooms) for person in online.people] == [
        ("alice", ["#general", ROOM]),
        ("bob", ["#general"]),
    ]


async def test_who_is_online_in_a_watched_room(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("Bob")
    await alice.start(ROOM)
    room = alice.client.rooms[ROOM]
    alice.client.company.watching.watch([ROOM, "#not there"])
    await until(lambda: room.people.names == ["alice"])
    await bob.start(ROOM)
    await until(lambda: room.people.names == ["alice", "Bob"])
    await bob.client.nick("Zoe")
    await until(lambda: room.people.names == ["alice", "Zoe"])
    await bob.stop()
    await until(lambda: room.people.names == ["alice"])


# --- two devices of one person


async def test_read_markers_are_shared(meet: Meet, server: RunningServer) -> None:
    laptop, phone = meet("alice"), meet("alice")
    await laptop.start(ROOM)
    await phone.start()
    wire = await server.enter("bob", ROOM)
    seqs = [(await wire.tell(ROOM, f"text {number}")).seq for number in range(5)]
    for device in (laptop, phone):
        await device.unread(ROOM, 5)
    laptop.client.mark_read(laptop.client.rooms[ROOM], seqs[2])
    assert laptop.client.rooms[ROOM].unread == 2
    await until(lambda: phone.client.rooms[ROOM].unread == 2)
    phone.client.mark_read(phone.client.rooms[ROOM], seqs[1])  # it never falls
    assert phone.client.rooms[ROOM].unread == 2
    tablet = meet("alice")
    await tablet.start()
    assert (tablet.client.rooms[ROOM].read, tablet.client.rooms[ROOM].unread) == (seqs[2], 2)


async def test_many_marks_are_sent_as_one(meet: Meet, server: RunningServer) -> None:
    alice, wire = meet("alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM, "#other")
    for number in range(20):
        await wire.tell(ROOM, f"text {number}")
    room = alice.client.rooms[ROOM]
    await until(lambda: room.unread == 20)
    for seq in range(room.last - 20, room.last + 1):
        alice.client.mark_read(room, seq)
    assert len(alice.client._tasks) == 1
    user = server.context.state.user_called("alice")
    assert user is not None
    await until(lambda: user.reads[ROOM] == room.last)


async def test_what_was_read_is_told_when_one_quits(meet: Meet, server: RunningServer) -> None:
    alice, wire = meet("alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    seq = (await wire.tell(ROOM, "hello")).seq
    await alice.sees(ROOM, "hello")
    alice.client.mark_read(alice.client.rooms[ROOM], seq)
    await alice.stop()
    user = server.context.state.user_called("alice")
    assert user is not None
    assert user.reads[ROOM] == seq


async def test_a_room_that_one_left_does_not_keep_other_marks_back(meet: Meet, server: RunningServer) -> None:
    alice, wire = meet("alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM, "#gone")
    seq = (await wire.tell(ROOM, "hello")).seq
    await alice.sees(ROOM, "hello")
    alice.client._reads._unsent["#gone"] = 1
    alice.client.mark_read(alice.client.rooms[ROOM], seq)
    phone = await server.enter("alice")
    await phone.ask(frames.Leave(phone.new_id, "#gone"), frames.Result)
    alice.client._reads._unsent["#gone"] = 1  # marked in the moment before it was told
    user = server.context.state.user_called("alice")
    assert user is not None
    await until(lambda: user.reads[ROOM] == seq)


async def test_joined_and_left_on_another_device(meet: Meet) -> None:
    laptop, phone = meet("alice"), meet("alice")
    await laptop.start()
    await phone.start(ROOM)
    await until(lambda: ROOM in laptop.client.rooms)
    await until(lambda: updates.RoomsChanged() in laptop.heard)
    assert [event.seq for event in laptop.client.rooms[ROOM].events] == [1, 2]
    await laptop.client.leave(ROOM)
    await until(lambda: ROOM not in phone.client.rooms)


async def test_a_name_given_on_another_device_is_known_here(meet: Meet, server: RunningServer) -> None:
    laptop, phone = meet("alice"), meet("alice")
    await laptop.start()
    await phone.start()
    await phone.client.nick("carol")
    await until(lambda: laptop.client.name == "carol")
    assert laptop.statuses[-1].phase == "online"
    before = len(laptop.statuses)
    for session in tuple(server.sessions):
        session.close(errors.SHUTDOWN, "a pause")
    await until(lambda: any(status.phase == "online" for status in laptop.statuses[before:]))
    assert laptop.client.user == phone.client.user
    assert server.context.state.user_called("alice") is None


# --- history


async def test_older_messages_come_page_by_page(meet: Meet, server: RunningServer) -> None:
    wire = await server.enter("bob", ROOM)
    for number in range(2 * PAGE + 20):
        await wire.tell(ROOM, f"text {number}")
    alice = meet("alice")
    await alice.start(ROOM)
    room = alice.client.rooms[ROOM]
    assert len(room.events) == PAGE
    pages = 0
    while room.has_older:
        older = await alice.client.load_older(room)
        assert older
        pages += 1
    assert pages == 2
    assert alice.texts(ROOM) == [f"text {number}" for number in range(2 * PAGE + 20)]
    assert alice.shown[ROOM] == room.events
    assert await alice.client.load_older(room) == []


async def test_asking_twice_for_a_page_shows_it_once(meet: Meet, server: RunningServer) -> None:
    wire = await server.enter("bob", ROOM)
    for number in range(PAGE + 20):
        await wire.tell(ROOM, f"text {number}")
    alice = meet("alice")
    await alice.start(ROOM)
    room = alice.client.rooms[ROOM]
    await asyncio.gather(alice.client.load_older(room), alice.client.load_older(room))
    assert alice.texts(ROOM) == [f"text {number}" for number in range(PAGE + 20)]


# --- what the server refuses


async def test_a_refused_message_waits_for_its_sender(meet: Meet, tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    alice = meet("alice", path)
    await alice.start("#mine")
    alice.client.say("#secret", "first")
    alice.client.say("#secret", "second")
    await until(lambda: [one.state for one in alice.client.sender.in_room("#secret")] == ["failed"] * 2)
    assert "there is no room #secret" in alice.client.sender.in_room("#secret")[0].error
    await alice.stop()
    alice = meet("alice", path)
    await alice.start()
    assert [one.state for one in alice.client.sender.in_room("#secret")] == ["failed"] * 2
    await alice.client.join("#secret")
    assert alice.client.sender.retry("#secret") == 2
    await alice.sees("#secret", "first", "second")
    await alice.settled()


async def test_a_refused_message_can_be_given_up(meet: Meet, tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    alice = meet("alice", path)
    await alice.start()
    alice.client.say("#secret", "typed in vain")
    await until(lambda: alice.client.sender.in_room("#secret")[0].state == "failed")
    assert [one.text for one in alice.client.sender.discard("#secret")] == ["typed in vain"]
    assert alice.client.sender.discard("#secret") == []
    await alice.stop()
    assert not meet("alice", path).client.sender.pending


# --- the back-off, which is pure


@pytest.mark.parametrize("attempt", [1, 2, 3, 6, 7, 8, 20, 100_000])
def test_backoff_stays_within_its_bounds(attempt: int) -> None:
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(attempt - 1, 30))
    delays = [backoff(attempt) for _ in range(300)]
    assert longest / 2 <= min(delays)
    assert max(delays) <= longest
    assert max(delays) - min(delays) > longest / 5, "everybody would come back at once"
