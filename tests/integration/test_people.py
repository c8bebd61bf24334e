"""What one may know of others, and whom one does not want to read, over real sockets."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from protocol import errors, frames, limits
from protocol.frames import Event, Frame, Result
from server.state.entries import Entry, LastSeen
from tests.conftest import Dial, StartServer
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

ROOM = "#a"


async def whois(wire: Wire, name: str) -> frames.WhoisResult:
    return await wire.ask(frames.Whois(wire.new_id, name), frames.WhoisResult)


async def ignore(wire: Wire, name: str, *, on: bool = True) -> frames.Person:
    return await wire.ask(frames.Ignore(wire.new_id, name, on), frames.Person)


async def unread(wire: Wire, room: str = ROOM) -> int:
    (state,) = [state for state in (await wire.sync()).rooms if state.room == room]
    return state.unread


@pytest.fixture
async def again(server: RunningServer) -> AsyncIterator[RunningServer]:
    """A server for the same data, to be started when the first one has stopped."""
    later = RunningServer(server.data)
    later.clock.seconds = server.clock.seconds + 86_400
    yield later
    await later.stop()


# --- whois


async def test_whois_tells_what_anybody_may_know(server: RunningServer) -> None:
    made = server.clock.ms()
    ann, bob = await server.enter("ann", ROOM, "#b"), await server.enter("Bob", ROOM, "#c")
    server.clock.seconds += 60
    number = (await bob.ask(frames.Nick(90, "Bob"), frames.LoginResult)).user
    known: dict[str, Any] = {"user": number, "name": "Bob", "since": made, "rooms": [ROOM, "#general"]}
    assert await whois(ann, "BOB") == frames.WhoisResult(**known, state="online")
    await bob.ask(frames.Away(91, text="lunch"), Result)
    assert await whois(ann, "bob") == frames.WhoisResult(**known, state="away", text="lunch")
    await bob.close()
    await server.until(lambda: len(server.sessions) == 1)
    await server.context.writer.drain()
    left = server.clock.ms()
    server.clock.seconds += 60
    assert await whois(ann, "bob") == frames.WhoisResult(**known, state="offline", seen=left)
    assert (await whois(ann, "ann")).rooms == [ROOM, "#b", "#general"]


async def test_whois_nobody(server: RunningServer) -> None:
    ann = await server.enter("ann")
    assert await ann.refused(frames.Whois(90, "bob")) == errors.NO_SUCH_USER
    assert await ann.refused(frames.Whois(91, "no name")) == errors.BAD_NAME


async def test_when_somebody_was_made_and_seen_outlives_the_server(
    server: RunningServer, again: RunningServer, dial: Dial
) -> None:
    """Also of those who are there when it stops."""
    made = server.clock.ms()
    bob = await dial(server.address)  # who does not hang up first
    await bob.enter("bob")
    server.clock.seconds += 7
    await (await server.enter("cat")).close()
    await server.until(lambda: len(server.sessions) == 1)
    await server.context.writer.drain()
    server.clock.seconds += 3
    await server.stop()
    await again.start()
    ann = await again.enter("ann")
    times = [(person.since, person.seen) for person in (await whois(ann, "bob"), await whois(ann, "cat"))]
    assert times == [(made, made + 10_000), (made + 7000, made + 7000)]


async def test_a_kill_forgets_no_more_than_a_visit(start_server: StartServer, dial: Dial) -> None:
    """A login stores when it was, for who was not seen for long."""
    process = await start_server()
    bob = await dial(process.address)
    await bob.enter("bob")
    await bob.tell("#general", "a word")  # the login is stored before it
    await process.kill()
    process = await start_server()
    ann = await dial(process.address)
    await ann.enter("ann")
    person = await whois(ann, "bob")
    assert person.state == "offline"
    assert 0 <= person.seen - person.since < 60_000


async def test_who_comes_and_goes_all_day_is_stored_when_they_go_only(server: RunningServer) -> None:
    written: list[Entry] = []
    log = server.context.log
    append = log.append

    def watched(batch: Sequence[Entry]) -> list[Event | None]:
        written.extend(batch)
        return append(batch)

    log.append = watched  # type: ignore[method-assign]
    await server.enter("bob")
    await server.context.writer.drain()
    written.clear()
    for _ in range(3):
        phone = await server.enter("bob")
        await phone.ask(frames.Idle(90, on=True), Result)
        await phone.close()
    await server.until(lambda: len(server.sessions) == 1)
    await server.context.writer.drain()
    assert [entry for entry in written if isinstance(entry, LastSeen)] == []


# --- ignoring


async def test_a_name_is_ignored_as_a_user(server: RunningServer, again: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    phone = await server.enter("ann")
    person = await ignore(ann, "BOB")
    assert person.name == "bob"
    assert await phone.next_of(frames.MineChanged) == frames.MineChanged(ignored=[person])
    assert await ignore(ann, "bob") == person  # again: nothing new
    await bob.ask(frames.Nick(90, "rob"), frames.LoginResult)
    known = frames.MineResult(ignored=[frames.Person(person.user, "rob")])
    assert await ann.ask(frames.Mine(91), frames.MineResult) == known
    assert (await ann.sync()).mine == known
    await server.stop()
    await again.start()
    ann = await again.enter("ann")
    assert await ann.ask(frames.Mine(90), frames.MineResult) == known
    assert await ignore(ann, "rob", on=False) == frames.Person(person.user, "rob")
    assert await ann.ask(frames.Mine(92), frames.MineResult) == frames.MineResult()
    assert await ann.refused(frames.Ignore(93, "bob")) == errors.NO_SUCH_USER


async def test_what_ignored_people_say_is_not_unread(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    cat = await server.enter("cat", ROOM)
    for number in range(3):
        await bob.tell(ROOM, f"bob {number}")
    await cat.tell(ROOM, "cat")
    assert await unread(ann) == 4
    await ignore(ann, "bob")
    assert await unread(ann) == 1
    await ignore(ann, "cat")
    assert await unread(ann) == 0
    await ignore(ann, "bob", on=False)
    assert await unread(ann) == 3
    event = await ann.event(ROOM)  # the events come as ever
    while event.kind != frames.MESSAGE:
        event = await ann.event(ROOM)
    assert event.sender == "bob"


async def test_what_ignored_people_begin_is_hidden(server: RunningServer) -> None:
    """An invitation and a room of two: ann sees neither, eve sees no difference, and nothing is lost."""
    ann, bob, eve = [await server.enter(name, ROOM) for name in ("ann", "bob", "eve")]
    await ignore(ann, "eve")
    await ann.settled()
    for wire, room in ((bob, "#bobs"), (eve, "#eves")):
        await do(wire, frames.Create, room, private=True)
    answers = []
    for wire, room, direct in ((bob, "#bobs", "@1:2"), (eve, "#eves", "@1:3")):
        state = (await do(wire, frames.Dm, "ann")).room
        said = await wire.tell(direct, "psst")
        answers.append((state.kind, state.partner, state.members, said.seq))
        await do(wire, frames.Invite, room, "ann")
        assert await wire.refused(frames.Invite(wire.new_id, room, "ann")) == errors.DENIED
        assert (await do(wire, frames.Members, direct)).total == 2
    assert answers[0] == answers[1]

    def seen(come: Sequence[Frame]) -> set[str]:
        return {frame.room for frame in come if isinstance(frame, frames.Event | frames.Invited)}

    async def told() -> tuple[set[str], set[str], set[str]]:
        state = await ann.sync()
        listed = (await do(ann, frames.Rooms)).rooms
        rooms = {one.room for one in state.rooms}, {one.room for one in state.invitations}
        return *rooms, {one.room for one in listed if one.private}

    assert seen(await ann.settled()) == {"@1:2", "#bobs"}
    assert await told() == ({"#general", ROOM, "@1:2"}, {"#bobs"}, {"#bobs"})
    phone = await server.enter("ann")
    await eve.tell("@1:3", "still there?")
    assert seen(await phone.settled()) == set()
    server.clock.seconds += limits.PING_SECONDS + 1
    server.context.housekeeping()
    assert "@1:3" not in (await phone.next_of(frames.Ping)).heads

    await ignore(ann, "eve", on=False)
    assert (await ann.next_of(frames.Heads)).heads.keys() == {"#general", ROOM, "@1:2", "@1:3"}
    assert await told() == ({"#general", ROOM, "@1:2", "@1:3"}, {"#bobs", "#eves"}, {"#bobs", "#eves"})
    await eve.tell("@1:3", "and now?")
    assert seen(await phone.settled()) == {"@1:3"}
    await ignore(ann, "eve")  # never read: hidden again
    assert "@1:3" not in (await told())[0]
    assert (await do(ann, frames.Dm, "eve")).room.head == 4  # but who asks for it has it, from then on
    await eve.tell("@1:3", "you are back")
    assert "@1:3" in (await told())[0]
    assert seen(await phone.settled()) == {"@1:3"}


async def test_whom_one_cannot_ignore(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await server.enter("ann")
    assert await ann.refused(frames.Ignore(90, "ann")) == errors.DENIED
    assert await ann.refused(frames.Ignore(91, "bob")) == errors.NO_SUCH_USER
    assert await ann.refused(frames.Ignore(92, "no name")) == errors.BAD_NAME
    for name in ("bob", "cat", "dan"):
        await server.enter(name)
    monkeypatch.setattr(limits, "IGNORED", 2)
    await ignore(ann, "bob")
    await ignore(ann, "cat")
    assert await ann.refused(frames.Ignore(93, "dan")) == errors.TOO_MANY
    await ignore(ann, "cat")
    await ignore(ann, "cat", on=False)
    await ignore(ann, "dan")
