"""The other people, for real clients of a real server: away, typing, ignored."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client import updates, watching
from chat_tui.client.cache import Cache
from chat_tui.client.client import Client
from chat_tui.client.errors import LostError, RequestError
from chat_tui.client.people import Person as Seen
from chat_tui.client.typing import Typing
from protocol import errors, frames, limits
from protocol.frames import Frame
from server.delivery import presence
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.puppet import OTHER, Puppet
from tests.support.puppet import ROOM as PUPPETS
from tests.support.waiting import until

ROOM = "#room"

Meet = Callable[..., Person]


@pytest.fixture
async def meet(server: RunningServer) -> AsyncIterator[Meet]:
    """People who are stopped when the test ends."""
    people: list[Person] = []

    def person(name: str, **options: int) -> Person:
        people.append(Person(server.address, name, **options))  # type: ignore[arg-type]  # only `fill`
        return people[-1]

    yield person
    for one in people:
        await one.stop()


@pytest.fixture
async def puppet() -> AsyncIterator[Puppet]:
    """A server that does what the test says."""
    server = Puppet()
    await server.start()
    yield server
    await server.stop()


def seen(looking: Person, name: str, room: str = ROOM) -> Seen | None:
    """How somebody stands in the list of a room."""
    people = looking.client.rooms[room].people.listed
    return next((person for person in people if person.name == name), None)


async def look(looking: Person, *names: str) -> None:
    """Watch the room, and come back when these are seen there."""
    looking.client.company.watching.watch([ROOM])
    await until(lambda: set(names) <= set(looking.client.rooms[ROOM].people.names))


# --- being away


async def test_away_until_one_says_something(meet: Meet) -> None:
    alice, bob, phone = meet("alice"), meet("bob"), meet("bob")
    for person in (alice, bob, phone):
        await person.start(ROOM)
    await look(alice, "bob")
    await bob.client.company.mine.go("lunch")
    await until(lambda: seen(alice, "bob") == Seen("bob", away=True, text="lunch"))
    await until(lambda: phone.client.company.mine.away == "lunch")
    phone.client.say(ROOM, "I am back")
    await until(lambda: seen(alice, "bob") == Seen("bob"))
    await until(lambda: bob.client.company.mine.away is None)
    assert updates.AwayChanged() in bob.heard


async def test_away_ends_with_what_was_said_without_a_connection(meet: Meet, server: RunningServer) -> None:
    bob = meet("bob")
    await bob.start(ROOM)
    await bob.client.company.mine.go("lunch")
    await server.stop()
    await bob.phase("waiting")
    bob.client.say(ROOM, "I am back")
    with pytest.raises(LostError, match="not connected"):
        await bob.client.company.mine.go("")
    assert bob.client.company.mine.away == "lunch"
    bob.client.say(ROOM, "I am back indeed")
    again = RunningServer(server.data)
    await again.start()
    try:
        bob.client.endpoint = Person(again.address, "x").client.endpoint
        bob.client.reconnect()
        await until(lambda: bob.client.company.mine.away is None and bob.client.status.phase == "online")
        user = again.context.state.user_called("bob")
        assert user is not None
        assert user.away is None
        await bob.stop()
    finally:
        await again.stop()


async def test_idle_after_a_while_and_back_at_a_touch(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await look(alice, "bob")
    bob.client.company.idling.after(0.05)
    await until(lambda: seen(alice, "bob") == Seen("bob", away=True))
    bob.client.company.idling.after(60)
    bob.client.company.idling.touched()
    await until(lambda: seen(alice, "bob") == Seen("bob"))


async def test_a_touch_does_not_end_what_was_said(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await look(alice, "bob")
    await bob.client.company.mine.go("lunch")
    idling = bob.client.company.idling
    idling.after(0.02)
    await until(lambda: idling.told)
    idling.after(60)
    idling.touched()
    await until(lambda: not idling.told)
    assert seen(alice, "bob") == Seen("bob", away=True, text="lunch")


async def test_who_is_idle_says_so_before_anybody_sees_them(puppet: Puppet) -> None:
    alice = Person(puppet.address, "alice")
    puppet.answers[frames.Hello] = lambda _: frames.Welcome(1, "epoch", 0, features=["away"])
    alice.client.company.idling.after(1e-9)  # at once
    await alice.start()
    asked = [type(frame) for frame in puppet.asked]
    assert asked.index(frames.Idle) < asked.index(frames.Sync)
    puppet.hang_up()
    await until(lambda: puppet.count(frames.Idle) == 2)  # it belongs to the connection
    await alice.phase("online")
    alice.client.company.idling.after(60)
    alice.client.company.idling.touched()
    await until(lambda: puppet.count(frames.Idle) == 3)
    assert [frame.on for frame in puppet.asked if isinstance(frame, frames.Idle)] == [True, True, False]
    await alice.stop()


async def test_who_touches_a_key_while_connecting_is_not_idle(puppet: Puppet) -> None:
    alice = Person(puppet.address, "alice")
    puppet.answers[frames.Hello] = lambda _: frames.Welcome(1, "epoch", 0, features=["away"])
    idling = alice.client.company.idling
    idling.after(1e-9)  # at once

    def sync(frame: Frame) -> Frame | None:
        idling.after(60)
        idling.touched()
        return puppet._answer(frame)

    puppet.answers[frames.Sync] = sync
    await alice.start()
    await until(lambda: puppet.count(frames.Idle) == 2)
    assert [frame.on for frame in puppet.asked if isinstance(frame, frames.Idle)] == [True, False]
    await alice.stop()


async def test_a_server_that_knows_nothing_of_it_is_told_nothing(puppet: Puppet) -> None:
    alice = Person(puppet.address, "alice")
    idling = alice.client.company.idling
    idling.after(1e-9)  # at once
    await alice.start()
    idling.after(60)
    idling.touched()
    alice.client.company.typing.typed(PUPPETS, "hello")
    alice.client.say(PUPPETS, "hello")
    await alice.settled()
    assert puppet.count(frames.Idle) == puppet.count(frames.Typing) == 0
    await alice.stop()


# --- who is there


async def test_a_long_list_is_asked_for_in_parts(
    meet: Meet, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LISTS", (2, 4, 8))
    for size, name in zip(limits.LISTS, ("FEW", "MANY", "MOST"), strict=True):
        monkeypatch.setattr(watching, name, size)
    alice = meet("alice")
    await alice.start(ROOM)
    wires = [await server.enter(f"p{number}", ROOM) for number in range(11)]
    await until(lambda: alice.client.rooms[ROOM].members == 12)
    room, company = alice.client.rooms[ROOM], alice.client.company
    company.watching.watch([ROOM])
    await until(lambda: room.people.names == ["alice", "p0"] and room.people.beyond == 10)
    company.watching.more()
    company.watching.more()  # while it is under way: nothing
    await until(lambda: len(room.people.names) == 4)
    company.watching.more()
    await until(lambda: len(room.people.names) == 8 and room.people.beyond == 4)
    company.watching.more()  # there is no longer list
    await wires[0].close()
    await until(lambda: room.people.names[1] == "p1" and room.people.total == 11)
    company.watching.watch([])
    company.watching.watch([ROOM])
    await until(lambda: len(room.people.names) == 2)


async def test_a_list_in_a_small_room_is_whole(meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[frames.Watch] = []
    alice = meet("alice")
    await alice.start(ROOM)
    ask = alice.client.ask

    async def noted(request: frames.Watch, taken: Callable[[frames.WatchResult], None]) -> frames.WatchResult:
        asked.append(request)
        return await ask(request, taken)

    monkeypatch.setattr(alice.client.company.watching, "_ask", noted)
    await look(alice, "alice")
    assert [request.limit for request in asked] == [watching.MANY]


async def test_what_comes_right_behind_an_answer_counts(puppet: Puppet) -> None:
    """In the same bytes: the list, and then that somebody has gone from it."""
    alice = Person(puppet.address, "alice")

    def watch(request: frames.Watch) -> None:
        answer = puppet.ok(request, frames.WatchResult({PUPPETS: ["alice", "bob"]}))
        puppet.push(answer, frames.Presence(PUPPETS, "bob", online=False))

    puppet.answers[frames.Watch] = watch
    await alice.start()
    alice.client.company.watching.watch([PUPPETS])
    await until(lambda: alice.client.rooms[PUPPETS].people.names == ["alice"])
    await alice.stop()


# --- typing


async def test_others_are_seen_typing(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await look(alice, "bob")
    company = alice.client.company
    bob.client.company.typing.typed(ROOM, "hello")
    await until(lambda: company.typing.names(ROOM) == ["bob"])
    assert company.typing.names("#general") == []
    bob.client.say(ROOM, "hello")
    await alice.sees(ROOM, "hello")
    assert company.typing.names(ROOM) == []
    bob.client.company.typing.stopped()  # after a message there is nothing to take back
    bob.client.say(ROOM, "there")
    await alice.sees(ROOM, "hello", "there")
    assert alice.heard.count(updates.TypingChanged(ROOM)) == 2


async def test_typing_ends_by_itself(meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TYPING_LASTS", 0.05)
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await look(alice, "bob")
    bob.client.company.typing.typed(ROOM, "hello")
    await until(lambda: alice.heard.count(updates.TypingChanged(ROOM)) == 2)
    assert alice.client.company.typing.names(ROOM) == []


class Written:
    """What a client tells of its own typing, on a clock that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[frames.Typing] = []
        self.now = 100.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now, raising=False)
        self.typing = Typing(self.sent.append, lambda _: None, ())


@pytest.fixture
async def written() -> AsyncIterator[Written]:
    """With a loop's clock of its own."""
    with pytest.MonkeyPatch.context() as patch:
        one = Written(patch)
        clock = one.typing._loop
        one.typing._loop = Clocked(one)  # type: ignore[assignment]
        assert clock is asyncio.get_running_loop()
        yield one


class Clocked:
    """As much of a loop as telling needs."""

    def __init__(self, written: Written) -> None:
        self._written = written

    def time(self) -> float:
        """What the test says."""
        return self._written.now


async def test_typing_is_told_while_it_goes_on(written: Written) -> None:
    typing, sent = written.typing, written.sent
    for second in range(10):
        written.now = 100.0 + second
        typing.typed(ROOM, "x" * (second + 1))
    assert sent == [frames.Typing(ROOM)] * 4  # at 0, 3, 6 and 9 s
    typing.typed(ROOM, "")
    assert sent[4:] == [frames.Typing(ROOM, on=False)]
    typing.typed(ROOM, "")
    typing.stopped()
    assert len(sent) == 5


async def test_another_room_ends_typing_in_the_first(written: Written) -> None:
    written.typing.typed(ROOM, "x")
    written.typing.typed("#other", "x")
    assert written.sent == [frames.Typing(ROOM), frames.Typing(ROOM, on=False), frames.Typing("#other")]


async def test_what_has_ended_by_itself_is_not_taken_back(written: Written) -> None:
    written.typing.typed(ROOM, "x")
    written.now += limits.TYPING_LASTS
    written.typing.typed(ROOM, " ")
    assert written.sent == [frames.Typing(ROOM)]


@pytest.mark.parametrize("text", ["", "  ", "/", "/me waves", " /join #x", "\n/topic"])
async def test_commands_are_not_told(written: Written, text: str) -> None:
    written.typing.typed(ROOM, text)
    assert written.sent == []
    written.typing.typed(ROOM, "//usr/bin")  # which is a message
    assert written.sent == [frames.Typing(ROOM)]
    written.typing.typed(ROOM, text)
    assert written.sent == [frames.Typing(ROOM), frames.Typing(ROOM, on=False)]


async def test_a_flood_of_typing_is_bounded(puppet: Puppet) -> None:
    alice = Person(puppet.address, "alice")
    await alice.start()
    for number in range(500):
        puppet.push(frames.Typing(PUPPETS, user=number + 10, name=f"u{number}"))
        puppet.push(frames.Typing(f"#r{number}", user=1, name="x\x1b[31m"))
    await until(lambda: len(alice.client.company.typing.names(PUPPETS)) == 64)
    await until(lambda: len(alice.client.company.typing._others) == 64)
    assert alice.client.company.typing.names("#r1") == ["x"]
    await alice.stop()
    assert alice.client.company.typing._timer is None


# --- ignoring


async def test_ignored_people_are_hidden_on_all_devices(meet: Meet) -> None:
    alice, phone, bob, carol = meet("alice"), meet("alice"), meet("bob"), meet("carol")
    for person in (alice, phone, bob, carol):
        await person.start(ROOM)
    bob.client.say(ROOM, "one")
    carol.client.say(ROOM, "two")
    for person in (alice, phone):
        await person.unread(ROOM, 2)
    assert await alice.client.company.mine.ignore("BOB", on=True) == "bob"
    for person in (alice, phone):
        await person.unread(ROOM, 1)
        assert updates.IgnoredChanged() in person.heard
    bob.client.say(ROOM, "three")
    await bob.client.nick("rob")
    bob.client.say(ROOM, "four")
    for person in (alice, phone):
        await person.said(ROOM, 4)  # they are held as all others
        room = person.client.rooms[ROOM]
        assert room.unread == 1
        assert [event.text for event in room.events if room.hides(event)] == ["one", "three", "four"]
    assert [person.name for person in await phone.client.company.mine.people()] == ["rob"]
    await phone.client.company.mine.ignore("rob", on=False)
    for person in (alice, phone):
        await person.unread(ROOM, 4)


async def test_who_comes_later_knows_whom_they_ignore(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await alice.client.company.mine.ignore("bob", on=True)
    for number in range(3):
        bob.client.say(ROOM, str(number))
    await bob.settled()
    later = meet("alice")
    await later.start()
    assert later.client.company.hides(bob.client.user)
    assert later.client.rooms[ROOM].unread == 0


async def test_what_lies_before_all_that_is_held_is_counted_by_the_server(meet: Meet) -> None:
    alice, bob = meet("alice", fill=60), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await alice.stop()
    for number in range(150):
        bob.client.say(ROOM, str(number))
    await bob.settled()
    later = meet("alice", fill=60)
    await later.start()
    await later.unread(ROOM, 150)
    assert later.client.rooms[ROOM].read < later.client.rooms[ROOM].base
    await later.client.company.mine.ignore("bob", on=True)
    await later.unread(ROOM, 0)
    await later.client.company.mine.ignore("bob", on=False)
    await later.unread(ROOM, 150)


async def test_ignored_people_type_unseen(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await look(alice, "bob")
    bob.client.company.typing.typed(ROOM, "hello")
    await until(lambda: alice.client.company.typing.names(ROOM) == ["bob"])
    await alice.client.company.mine.ignore("bob", on=True)
    assert alice.client.company.typing.names(ROOM) == []


async def test_whom_one_cannot_ignore(meet: Meet) -> None:
    alice = meet("alice")
    await alice.start()
    for name, code in (("alice", errors.DENIED), ("nobody", errors.NO_SUCH_USER)):
        with pytest.raises(RequestError) as refused:
            await alice.client.company.mine.ignore(name, on=True)
        assert refused.value.code == code


async def test_the_cache_knows_whom_one_ignores(server: RunningServer, tmp_path: Path) -> None:
    """So what they said is hidden before there is a connection."""

    def person(cache: Path) -> Person:
        one = Person(server.address, "alice")
        endpoint = one.client.endpoint
        one.client = Client(endpoint, "alice", one.client.sender._outbox, one._hear, cache=Cache(cache))
        return one

    bob = await server.enter("bob", ROOM)
    alice = person(tmp_path / "cache.sqlite3")
    await alice.start(ROOM)
    await bob.tell(ROOM, "hello")
    await alice.unread(ROOM, 1)
    await alice.client.company.mine.ignore("bob", on=True)
    number = alice.client.company.mine.ignored.copy()
    assert (await alice.client.searching.search("hello", ROOM)).hits == []
    await alice.stop()
    later = person(tmp_path / "cache.sqlite3")
    assert later.client.company.mine.ignored == number
    room = later.client.rooms[ROOM]
    assert [event.text for event in room.events if room.hides(event)] == ["hello"]
    assert room.unread == 0
    later.client.sender.close()


async def test_what_was_missed_is_asked_for(puppet: Puppet) -> None:
    alice = Person(puppet.address, "alice")
    known = frames.MineResult(away=True, text="lunch", ignored=[frames.Person(OTHER, "bob")])
    puppet.answers[frames.Mine] = lambda request: puppet.ok(request, known)
    await alice.start()
    assert not alice.client.company.hides(OTHER)
    puppet.push(frames.Heads({PUPPETS: 0}))
    await until(lambda: alice.client.company.hides(OTHER))
    assert alice.client.company.mine.away == "lunch"
    puppet.push(frames.MineChanged())
    await until(lambda: alice.client.company.mine.away is None and not alice.client.company.hides(OTHER))
    await alice.stop()


async def test_a_mass_of_typing_is_nothing_to_a_crowd(meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "TYPING_WATCHERS", 0)
    alice, bob = meet("alice"), meet("bob")
    await alice.start(ROOM)
    await bob.start(ROOM)
    await look(alice, "bob")
    bob.client.company.typing.typed(ROOM, "hello")
    bob.client.say(ROOM, "hello")
    await alice.sees(ROOM, "hello")
    assert updates.TypingChanged(ROOM) not in alice.heard
