"""The client and who may be where: rooms of two, invitations, being removed, rooms that end, while it is
connected and while it is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client.errors import LostError, RequestError
from protocol import errors, frames
from tests.support.accounts import PASSWORD
from tests.support.cast import do
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.waiting import until
from tests.support.wire import Wire

ROOM = "#room"

Meet = Callable[[str], Person]


@pytest.fixture
async def meet(server: RunningServer, tmp_path: Path) -> AsyncIterator[Meet]:
    """People with outbox and cache on disk; the same name again is the same computer, started again."""
    people: list[Person] = []

    def person(name: str) -> Person:
        files = tmp_path / name
        people.append(Person(server.address, name, files / "outbox", cache=files / "cache"))
        return people[-1]

    yield person
    for one in people:
        await one.stop()


def direct(person: Person) -> str:
    """The one room of two that a person has."""
    (room,) = [room.name for room in person.client.rooms.values() if room.direct]
    return room


# --- rooms of two


async def test_two_who_have_never_written_to_each_other(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start()
    await bob.start()
    room = await alice.client.dm("BOB")
    assert (room.title, room.direct, room.members) == ("@bob", True, 2)
    await until(lambda: len(bob.client.rooms) == 2)
    assert (bob.client.rooms[room.name].title, bob.client.rooms[room.name].unused) == ("@alice", True)
    alice.client.say(room.name, "psst")
    await bob.sees(room.name, "psst")
    await bob.unread(room.name, 1)
    assert not bob.client.rooms[room.name].unused
    again = await bob.client.dm("alice")
    assert again is bob.client.rooms[room.name]
    bob.client.say(again.name, "what?")
    await alice.sees(room.name, "psst", "what?")


async def test_who_is_away_finds_it_later(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await bob.start()
    await bob.stop()
    await alice.start()
    room = (await alice.client.dm("bob")).name
    alice.client.say(room, "when you are back")
    await alice.settled()
    bob = meet("bob")
    await bob.start()
    await bob.sees(room, "when you are back")
    assert (bob.client.rooms[room].title, bob.client.rooms[room].unread) == ("@alice", 1)


async def test_what_is_written_without_a_connection_arrives(server: RunningServer, meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start()
    await bob.start()
    room = (await alice.client.dm("bob")).name
    await until(lambda: room in bob.client.rooms)
    await alice.stop()
    await server.enter("carl")
    alice = meet("alice")  # the cache knows with whom the room is
    assert alice.client.rooms[room].title == "@bob"
    assert (await alice.client.dm("bob")).name == room
    with pytest.raises(LostError):
        await alice.client.dm("carl")
    alice.client.say(room, "from the train")
    assert bob.texts(room) == []
    alice.begin()
    await bob.sees(room, "from the train")


async def test_a_new_name_is_the_rooms_too(meet: Meet) -> None:
    alice, bob = meet("alice"), meet("bob")
    await alice.start()
    await bob.start()
    room = await alice.client.dm("bob")
    await bob.client.nick("rob")
    await until(lambda: room.title == "@rob")
    await alice.client.nick("ally")
    assert room.title == "@rob"
    await until(lambda: bob.client.rooms[room.name].title == "@ally")
    assert (await alice.client.dm("rob")) is room


# --- invitations


async def test_an_invitation_is_told_once(server: RunningServer, meet: Meet) -> None:
    ann, bob = await server.enter("ann"), meet("bob")
    await do(ann, frames.Create, ROOM, private=True)
    await bob.start()
    with pytest.raises(RequestError, match="there is no room #room"):
        await bob.client.join(ROOM)
    await do(ann, frames.Invite, ROOM, "bob")
    text = "ann invites you to #room: /join #room enters, /leave #room declines"
    await until(lambda: bob.told == [text])
    assert bob.client.invitations.open == {ROOM: "ann"}
    for session in tuple(server.sessions):
        if session.ready and session.user.name == "bob":
            session.close(errors.SHUTDOWN, "again")
    await until(lambda: bob.client.status.phase != "online")
    await bob.phase("online")
    assert bob.told == [text]
    await bob.stop()
    bob = meet("bob")
    await bob.start()
    await until(lambda: bob.told == [text])
    room = await bob.client.join(ROOM)
    assert (room.private, room.role, bob.client.invitations.open) == (True, frames.MEMBER, {})


async def test_an_invitation_is_declined(server: RunningServer, meet: Meet) -> None:
    ann, bob = await server.enter("ann", ROOM), meet("bob")
    await bob.start()
    await do(ann, frames.Invite, ROOM, "bob")
    await until(lambda: bob.client.invitations.open)
    await bob.client.leave(ROOM)
    assert bob.client.invitations.open == {}
    while (await ann.event(ROOM)).kind != frames.DECLINE:
        pass


# --- being there no longer


async def test_who_is_removed_is_told_why(server: RunningServer, meet: Meet) -> None:
    ann, bob = await server.enter("ann", ROOM), meet("bob")
    await bob.start(ROOM)
    await do(ann, frames.Kick, ROOM, "bob", "be\x1b[31m kind")
    await until(lambda: ROOM not in bob.client.rooms)
    assert bob.told == ["#room: ann removed bob: be kind"]
    await bob.client.join(ROOM)
    await do(ann, frames.Ban, ROOM, "bob")
    await until(lambda: ROOM not in bob.client.rooms)
    assert bob.told[1:] == ["#room: ann banned bob"]
    with pytest.raises(RequestError, match="you are banned from #room"):
        await bob.client.join(ROOM)


async def test_a_room_ends(server: RunningServer, meet: Meet) -> None:
    ann, bob = await server.enter("ann", ROOM), meet("bob")
    await bob.start(ROOM)
    await do(ann, frames.DeleteRoom, ROOM)
    await until(lambda: ROOM not in bob.client.rooms)
    assert bob.told == ["#room: ann deleted the room"]


async def test_who_was_put_into_a_room_and_removed_is_not_brought_back(
    server: RunningServer, meet: Meet
) -> None:
    """Joined from another device, and removed before the client has asked what that room is."""
    ann, bob = await server.enter("ann", ROOM), meet("bob")
    await bob.start()
    phone = await server.enter("bob")
    for _ in range(20):
        phone.send(frames.Join(phone.new_id, ROOM))
        ann.send(frames.Kick(ann.new_id, ROOM, "bob"))
        await asyncio.sleep(0)
    await phone.settled()
    await do(ann, frames.Role, ROOM, "ann", frames.OWNER)
    wanted = 2 in server.context.state.rooms[ROOM].members
    await until(lambda: (ROOM in bob.client.rooms) is wanted and not bob.client._arrivals._busy)
    await phone.join(ROOM)
    await until(lambda: ROOM in bob.client.rooms)
    await do(ann, frames.Kick, ROOM, "bob")
    await until(lambda: ROOM not in bob.client.rooms)
    assert 2 not in server.context.state.rooms[ROOM].members


async def test_roles_and_who_sees_it_are_known(server: RunningServer, meet: Meet) -> None:
    ann, bob = await server.enter("ann", ROOM), meet("bob")
    await bob.start(ROOM)
    room = bob.client.rooms[ROOM]
    bob.client.company.watching.watch([ROOM])
    await until(lambda: room.roles == {"ann": frames.OWNER})
    await do(ann, frames.Role, ROOM, "bob", frames.OWNER)
    await until(lambda: room.role == frames.OWNER)
    assert room.roles == {"ann": frames.OWNER, "bob": frames.OWNER}
    await do(ann, frames.Nick, "anna")
    await do(ann, frames.Visibility, ROOM, private=True)
    await until(lambda: room.private)
    assert room.roles == {"anna": frames.OWNER, "bob": frames.OWNER}
    await do(ann, frames.Leave, ROOM)
    await until(lambda: room.members == 1)
    assert room.roles == {"bob": frames.OWNER}


async def test_a_new_administrator_is_known_at_once(server: RunningServer, meet: Meet) -> None:
    """The first room is theirs, and there is no event in it that says so."""
    ann, bob = await server.connect(), meet("bob")
    await ann.register("ann", PASSWORD)
    server.context.state.by_name["ann"].admin = True  # as the operator makes somebody one
    await (await server.connect()).register("cy", PASSWORD)
    await bob.start()
    room = bob.client.rooms["#general"]
    bob.client.company.watching.watch(["#general"])
    await until(lambda: room.roles == {"ann": frames.OWNER})
    await do(ann, frames.SetAdmin, "cy", admin=True)
    await until(lambda: room.roles == {"ann": frames.OWNER, "cy": frames.OWNER})
    await do(ann, frames.SetAdmin, "cy", admin=False)
    await until(lambda: room.roles == {"ann": frames.OWNER})


# --- coming back


async def away(server: RunningServer, meet: Meet) -> tuple[Wire, Person]:
    """Ann, who owns the room, and bob, who was in it, has something to say there, and is away."""
    ann, bob = await server.enter("ann", ROOM), meet("bob")
    await bob.start(ROOM)
    await ann.tell(ROOM, "old")
    await bob.sees(ROOM, "old")
    await bob.stop()
    bob = meet("bob")
    assert bob.texts(ROOM) == ["old"]
    bob.client.say(ROOM, "from the train")
    return ann, bob


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("kick", "you are not in #room: /join #room first"),
        ("ban", "you are not in #room: /join #room first"),
        ("kick from private", "there is no room #room"),
        ("delete", "there is no room #room"),
    ],
)
async def test_who_was_removed_while_away_comes_back_to_nothing(
    server: RunningServer, meet: Meet, what: str, reason: str
) -> None:
    ann, bob = await away(server, meet)
    if what == "ban":
        await do(ann, frames.Ban, ROOM, "bob", 60)
    elif what == "delete":
        await do(ann, frames.DeleteRoom, ROOM)
    else:
        await do(ann, frames.Kick, ROOM, "bob")
        if what == "kick from private":
            await do(ann, frames.Visibility, ROOM, private=True)
    bob.begin()
    await until(lambda: bob.client.status.phase == "online" and ROOM not in bob.client.rooms)
    assert bob.told == ["You are in #room no longer"]
    await until(lambda: bob.client.sender.stranded(bob.client.rooms))
    (entry,) = bob.client.sender.stranded(bob.client.rooms)
    assert (entry.text, entry.error) == ("from the train", reason)
    await bob.stop()
    again = meet("bob")  # neither the cache nor the outbox has it otherwise
    assert ROOM not in again.client.rooms
    assert [one.error for one in again.client.sender.stranded(again.client.rooms)] == [reason]
    assert (await again.client.searching.search("old", ROOM)).hits == []


async def test_who_was_muted_while_away_is_told_for_how_long(server: RunningServer, meet: Meet) -> None:
    ann, bob = await away(server, meet)
    await do(ann, frames.Mute, ROOM, "bob", 600)
    bob.begin()
    await bob.phase("online")
    await until(lambda: any(entry.state == "failed" for entry in bob.client.sender.in_room(ROOM)))
    (entry,) = bob.client.sender.in_room(ROOM)
    assert entry.error.startswith("you are muted in #room until ")
    await do(ann, frames.Unmute, ROOM, "bob")
    assert bob.client.sender.retry(ROOM) == 1
    await bob.sees(ROOM, "old", "from the train")


async def test_who_was_removed_and_let_in_again_has_all_of_it(server: RunningServer, meet: Meet) -> None:
    ann, bob = await away(server, meet)
    await do(ann, frames.Kick, ROOM, "bob")
    await ann.tell(ROOM, "meanwhile")
    phone = await server.enter("bob", ROOM)
    await ann.tell(ROOM, "welcome back")
    bob.begin()
    await bob.sees(ROOM, "old", "meanwhile", "welcome back", "from the train")
    assert bob.told == []
    await phone.close()


@pytest.mark.parametrize("said", [0, 3, 300])
async def test_another_room_of_the_same_name_is_another_room(
    server: RunningServer, meet: Meet, said: int
) -> None:
    """Deleted and made anew while away, with fewer, as many and more events than the old one."""
    ann, bob = await away(server, meet)
    await do(ann, frames.DeleteRoom, ROOM)
    await ann.join(ROOM)
    phone = await server.enter("bob", ROOM)
    await phone.close()
    new = [f"new {number}" for number in range(said)]
    for text in new:
        await ann.tell(ROOM, text)
    bob.begin()
    await bob.phase("online")
    await bob.settled()
    room = bob.client.rooms[ROOM]
    await until(lambda: room.last == server.context.state.rooms[ROOM].head)
    texts = bob.texts(ROOM)
    assert "old" not in texts
    assert texts == [*new, "from the train"][-len(texts) :]
    while await bob.client.load_older(room):
        pass
    assert bob.texts(ROOM) == [*new, "from the train"]
    await bob.stop()
    again = meet("bob")
    assert (await again.client.searching.search("old", ROOM)).hits == []
    assert set(again.texts(ROOM)) <= {*new, "from the train"}


async def test_a_change_that_waits_is_for_no_other_room_of_that_name(
    server: RunningServer, meet: Meet
) -> None:
    bob = meet("bob")
    await bob.start(ROOM)
    bob.client.say(ROOM, "old")
    await bob.settled()
    seq = bob.client.rooms[ROOM].last
    await bob.stop()
    bob = meet("bob")
    entry = bob.client.changes.delete(bob.client.rooms[ROOM], seq)
    bob.kill()
    phone = await server.enter("bob")
    await do(phone, frames.DeleteRoom, ROOM)
    await phone.join(ROOM)
    assert (await phone.tell(ROOM, "new")).seq == seq
    bob = meet("bob")
    for _ in range(2):
        if bob.running is None:
            await bob.start()
        else:
            assert bob.client.sender.retry(ROOM) == 1
        await until(lambda: bob.client.sender.pending[entry.cid].state == "failed")
    assert bob.client.sender.pending[entry.cid].error.startswith("the room was made anew: ")
    while await bob.client.load_older(bob.client.rooms[ROOM]):
        pass
    assert bob.texts(ROOM) == ["new"]
    assert frames.DELETE not in [event.kind for event in bob.shown[ROOM]]


async def test_a_message_that_was_stored_is_not_called_failed(server: RunningServer, meet: Meet) -> None:
    """Its answer got lost, and then its sender was removed."""
    ann, bob = await away(server, meet)
    (entry,) = bob.client.sender.in_room(ROOM)
    phone = await server.connect()
    await phone.log_in("bob")
    await phone.tell(ROOM, "from the train", entry.cid)
    await do(ann, frames.Ban, ROOM, "bob")
    bob.begin()
    await bob.phase("online")
    await bob.settled()


async def test_who_reads_too_slowly_and_is_removed(server: RunningServer, meet: Meet) -> None:
    ann, bob = await server.enter("ann", ROOM, "#other"), meet("bob")
    await bob.start(ROOM, "#other")
    await ann.tell("#other", "old")
    await bob.sees("#other", "old")
    (session,) = [one for one in server.sessions if one.ready and one.user.name == "bob"]
    session.lagging = True  # as when the socket takes no more
    await do(ann, frames.Kick, ROOM, "bob")
    await do(ann, frames.DeleteRoom, "#other")
    await ann.join("#other")
    phone = await server.enter("bob", "#other")
    for number in range(5):
        await ann.tell("#other", f"new {number}")
    await phone.close()
    session.writable()
    await until(lambda: ROOM not in bob.client.rooms)
    await until(lambda: bob.client.rooms["#other"].born == server.context.state.rooms["#other"].born)
    while await bob.client.load_older(bob.client.rooms["#other"]):
        pass
    await bob.sees("#other", *(f"new {number}" for number in range(5)))
