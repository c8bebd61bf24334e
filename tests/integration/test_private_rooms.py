"""Private rooms over the wire: who is in, who comes in, and that nobody else can know of them."""

from typing import Any

import pytest

from protocol import errors, frames
from protocol.frames import Event, Frame, Request
from tests.support.cast import do, refused, said
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire, text_of

SECRET, NONE = "#secret", "#secreu"
"""A private room and one that is not there, of the same length: answers must not tell them apart."""


@pytest.fixture
async def ann(server: RunningServer) -> Wire:
    """In a private room of her own, with something said in it."""
    wire = await server.enter("ann")
    state = (await do(wire, frames.Create, SECRET, private=True)).room
    assert (state.private, state.role, state.kind) == (True, frames.OWNER, frames.CHANNEL)
    assert state.born
    await wire.tell(SECRET, "nobody must know")
    return wire


def of_room(come: list[Frame], room: str) -> list[Frame]:
    return [frame for frame in come if getattr(frame, "room", None) == room]


ABOUT: list[tuple[type[Request[Any]], tuple[Any, ...]]] = [
    (frames.Join, ()),
    (frames.Leave, ()),
    (frames.History, ()),
    (frames.Send, ("c", b"x")),
    (frames.Read, (1,)),
    (frames.Topic, ("t",)),
    (frames.Visibility, (False,)),
    (frames.DeleteRoom, ()),
    (frames.Members, ()),
    (frames.Bans, ()),
    (frames.Invite, ("bob",)),
    (frames.Role, ("bob", frames.OWNER)),
    (frames.Kick, ("ann",)),
    (frames.Ban, ("ann",)),
    (frames.Unban, ("ann",)),
    (frames.Mute, ("ann",)),
    (frames.Unmute, ("ann",)),
]


@pytest.mark.parametrize(("kind", "values"), ABOUT, ids=lambda value: getattr(value, "__name__", ""))
async def test_it_is_as_if_it_were_not_there(
    server: RunningServer, ann: Wire, kind: type[Request[Any]], values: tuple[Any, ...]
) -> None:
    bob = await server.enter("bob")
    code, text = await said(bob, kind, SECRET, *values)
    assert (code, text) == (errors.NO_SUCH_ROOM, f"there is no room {SECRET}")
    if kind is not frames.Join:  # which makes a room that is not there
        assert await said(bob, kind, NONE, *values) == (code, text.replace(SECRET, NONE))
    assert of_room(await ann.settled(), SECRET)[-1] == (await ann_head(ann))


async def ann_head(ann: Wire) -> Event:
    """The last event of the room."""
    return (await do(ann, frames.History, SECRET)).events[-1]  # type: ignore[no-any-return]


async def test_no_list_shows_it(server: RunningServer, ann: Wire) -> None:
    bob = await server.enter("bob")
    rooms = await do(bob, frames.Rooms)
    assert ([room.room for room in rooms.rooms], rooms.total) == (["#general"], 1)
    people = (await do(bob, frames.Online)).people
    assert {person.name: person.rooms for person in people} == {"ann": ["#general"], "bob": ["#general"]}
    assert await said(bob, frames.Watch, ["#general", SECRET]) == (
        errors.NO_SUCH_ROOM,
        f"there is no room {SECRET}",
    )
    synced = await bob.sync(cursors={SECRET: 1})
    assert [room.room for room in synced.rooms] == ["#general"]
    assert synced.invitations == []
    await do(bob, frames.Watch, ["#general"])
    await ann.tell(SECRET, "psst")
    await ann.close()
    await bob.next_of(frames.Presence)
    assert of_room(await bob.settled(), SECRET) == []
    own = await server.connect()
    await own.enter("ann")
    listed = (await do(own, frames.Rooms)).rooms
    assert [(room.room, room.joined, room.private) for room in listed] == [
        ("#general", True, False),
        (SECRET, True, True),
    ]


async def test_its_name_is_taken_and_no_more_is_told(server: RunningServer, ann: Wire) -> None:
    bob = await server.enter("bob")
    code, text = await said(bob, frames.Create, "Secret")
    assert (code, SECRET in text) == (errors.NAME_TAKEN, True)
    public = await said(bob, frames.Create, "#general")
    assert public == (code, text.replace(SECRET, "#general"))
    assert ann is not None


async def test_an_invitation_opens_it(server: RunningServer, ann: Wire) -> None:
    bob, phone = await server.enter("bob"), await server.enter("bob")
    await do(ann, frames.Invite, SECRET, "BOB")
    for wire in (bob, phone):
        invited = await wire.next_of(frames.Invited)
        assert invited == frames.Invited(SECRET, "ann", server.clock.ms())
    (invitation,) = (await bob.sync()).invitations
    assert invitation == frames.Invitation(SECRET, "ann", server.clock.ms())
    listed = (await do(bob, frames.Rooms)).rooms[-1]
    assert (listed.room, listed.joined, listed.invited, listed.private) == (SECRET, False, True, True)
    assert await refused(bob, frames.History, SECRET) == errors.NOT_A_MEMBER
    state = await bob.join(SECRET)
    assert (state.role, state.members) == (frames.MEMBER, 2)
    assert [event.kind for event in state.events][-2:] == [frames.INVITE, frames.JOIN]
    assert (await bob.sync()).invitations == []
    await do(bob, frames.Leave, SECRET)
    assert await refused(bob, frames.Join, SECRET) == errors.NO_SUCH_ROOM  # it was for once


async def test_who_is_offline_is_told_later(server: RunningServer, ann: Wire) -> None:
    await (await server.enter("bob")).close()
    await server.until(lambda: len(server.sessions) == 1)
    await do(ann, frames.Invite, SECRET, "bob")
    bob = await server.connect()
    await bob.log_in("bob")
    assert [one.room for one in (await bob.sync()).invitations] == [SECRET]


async def test_an_invitation_is_declined_or_taken_back(server: RunningServer, ann: Wire) -> None:
    bob = await server.enter("bob")
    await do(ann, frames.Invite, SECRET, "bob")
    assert await refused(ann, frames.Invite, SECRET, "bob") == errors.DENIED
    await do(bob, frames.Leave, SECRET)
    assert (await bob.sync()).invitations == []
    while (event := await ann.event(SECRET)).kind != frames.DECLINE:
        pass
    assert event.sender == "bob"
    await do(ann, frames.Invite, SECRET, "bob")
    await do(ann, frames.Kick, SECRET, "bob", "changed my mind")
    assert await refused(bob, frames.Join, SECRET) == errors.NO_SUCH_ROOM
    assert await refused(ann, frames.Kick, SECRET, "bob") == errors.NO_SUCH_USER
    assert of_room(await bob.settled(), SECRET) == [
        frames.Invited(SECRET, "ann", server.clock.ms()),
        frames.Invited(SECRET, "ann", server.clock.ms()),
    ]


async def test_nobody_can_be_flooded_with_invitations(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protocol.limits.INVITATIONS", 2)
    ann, bob = await server.enter("ann", "#a", "#b", "#c"), await server.enter("bob")
    await do(ann, frames.Invite, "#a", "bob")
    await do(ann, frames.Invite, "#b", "bob")
    assert await refused(ann, frames.Invite, "#c", "bob") == errors.TOO_MANY
    await do(bob, frames.Leave, "#a")
    await do(ann, frames.Invite, "#c", "bob")


async def test_a_room_is_hidden_and_shown_again(server: RunningServer) -> None:
    ann, bob, eve = [await server.enter(name) for name in ("ann", "bob", "eve")]
    await ann.join("#a")
    await bob.join("#a")
    assert await refused(bob, frames.Visibility, "#a", private=True) == errors.DENIED
    await do(ann, frames.Visibility, "#a", private=True)
    assert await refused(eve, frames.Join, "#a") == errors.NO_SUCH_ROOM
    await bob.tell("#a", "still here")
    while (await ann.event("#a")).kind != frames.VISIBILITY:
        pass
    head = server.context.state.rooms["#a"].head
    await do(ann, frames.Visibility, "#a", private=True)  # it is: nothing happens
    assert server.context.state.rooms["#a"].head == head
    await do(ann, frames.Visibility, "#a", private=False)
    await eve.join("#a")


async def test_the_last_one_is_warned_before_nobody_can_come_back(server: RunningServer, ann: Wire) -> None:
    code, text = await said(ann, frames.Leave, SECRET)
    assert (code, "/deleteroom" in text) == (errors.DENIED, True)
    await do(ann, frames.Visibility, SECRET, private=False)
    await do(ann, frames.Leave, SECRET)
    state = await (await server.enter("bob")).join(SECRET)
    assert state.role == frames.OWNER  # who comes where nobody is


async def test_an_administrator_comes_in_seen_by_all(server: RunningServer, ann: Wire) -> None:
    ada = await server.enter("ada")
    server.context.state.users[2].admin = True
    assert [room.room for room in (await do(ada, frames.Rooms)).rooms] == ["#general"]
    assert [room.room for room in (await do(ada, frames.Rooms, every=True)).rooms] == ["#general", SECRET]
    assert await refused(ada, frames.History, SECRET) == errors.NOT_A_MEMBER
    await ada.join(SECRET)
    while (event := await ann.event(SECRET)).kind != frames.JOIN or event.sender != "ada":
        pass
    assert await refused(await server.enter("bob"), frames.Rooms, every=True) == errors.DENIED


async def test_all_of_it_outlives_a_restart(server: RunningServer, ann: Wire) -> None:
    await server.enter("bob")
    carl = await server.enter("carl")
    await do(ann, frames.Invite, SECRET, "bob")
    await do(ann, frames.Invite, SECRET, "carl")
    await carl.join(SECRET)
    await do(ann, frames.Role, SECRET, "carl", frames.MODERATOR)
    born = server.context.state.rooms[SECRET].born
    await server.stop()
    again = RunningServer(server.data)
    await again.start()
    try:
        bob = await again.enter("bob")
        assert await refused(await again.enter("eve"), frames.Join, SECRET) == errors.NO_SUCH_ROOM
        state = await bob.join(SECRET)
        assert (state.born, state.private) == (born, True)
        assert text_of(next(one for one in state.events if one.kind == frames.MESSAGE)) == "nobody must know"
        roles = [(one.name, one.role) for one in (await do(bob, frames.Members, SECRET)).members]
        assert roles == [("ann", frames.OWNER), ("bob", frames.MEMBER), ("carl", frames.MODERATOR)]
    finally:
        await again.stop()


async def test_who_was_removed_looks_at_it_no_longer(server: RunningServer, ann: Wire) -> None:
    await (await server.enter("bob")).close()
    await do(ann, frames.Invite, SECRET, "bob")
    bob = await server.connect()  # it logs in and looks at the room, and has never asked for its state
    await bob.log_in("bob")
    await bob.join(SECRET)
    assert SECRET in (await do(bob, frames.Watch, [SECRET])).online
    await do(ann, frames.Kick, SECRET, "bob")
    assert server.context.hub.presence._lists.get(SECRET) is None
    await do(ann, frames.Away)
    assert of_room(await bob.settled(), SECRET) == []


async def test_whois_and_the_list_of_people_say_nothing_of_it(server: RunningServer, ann: Wire) -> None:
    eve = await server.enter("eve")
    await do(ann, frames.Dm, "eve")
    assert (await do(eve, frames.Whois, "ann")).rooms == ["#general"]
    assert [person.rooms for person in (await do(eve, frames.Online)).people] == [["#general"]] * 2
    assert (await do(ann, frames.Whois, "ann")).rooms == ["#general", SECRET]


async def test_an_invitation_to_the_server_does_not_lead_into_it(server: RunningServer, ann: Wire) -> None:
    server.context.state.users[1].admin = True
    assert await refused(ann, frames.MakeInvite, room=SECRET) == errors.DENIED
    code = (await do(ann, frames.MakeInvite, room="#later")).code
    await do(ann, frames.Create, "#later", private=True)
    await do(ann, frames.ChangePassword, "a good password")  # the first one who has any is the administrator
    bob = await server.connect()
    await bob.hello()
    await do(bob, frames.Register, "bob", "a good password", code)
    assert [room.room for room in (await bob.sync()).rooms] == ["#general"]
