"""Roles, kicks, bans and mutes over the wire: what each does, to whom it is told, and when it ends."""

import ipaddress

import pytest

from protocol import codec, errors, frames, limits
from protocol.frames import AboutBody, Event, RoleBody
from server.session import Session
from tests.support.cast import do, refusal, refused, said
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

ROOM = "#a"


@pytest.fixture
async def ann(server: RunningServer) -> Wire:
    """User 1, who owns the room."""
    return await server.enter("ann", ROOM)


@pytest.fixture
async def bob(server: RunningServer, ann: Wire) -> Wire:  # noqa: ARG001  # who has to be first
    """User 2, a member."""
    return await server.enter("bob", ROOM)


async def told(wire: Wire, kind: str) -> Event:
    """The next event of that kind in the room."""
    while (event := await wire.event(ROOM)).kind != kind:
        pass
    return event


def about(event: Event) -> AboutBody:
    body = codec.unpack_body(event.body, AboutBody)
    assert body is not None
    return body


async def test_a_role_is_told_and_seen(server: RunningServer, ann: Wire, bob: Wire) -> None:
    await do(ann, frames.Role, ROOM, "BOB", frames.MODERATOR)
    event = await told(bob, frames.ROLE)
    assert codec.unpack_body(event.body, RoleBody) == RoleBody(2, "bob", frames.MODERATOR)
    assert (await do(bob, frames.Watch, [ROOM])).roles == {
        ROOM: {"ann": frames.OWNER, "bob": frames.MODERATOR}
    }
    (state,) = [room for room in (await bob.sync()).rooms if room.room == ROOM]
    assert state.role == frames.MODERATOR
    head = server.context.state.rooms[ROOM].head
    await do(ann, frames.Role, ROOM, "bob", frames.MODERATOR)
    assert server.context.state.rooms[ROOM].head == head
    assert await refused(ann, frames.Role, ROOM, "bob", "king") == errors.BAD_FRAME
    assert await refused(ann, frames.Role, ROOM, "nobody", frames.OWNER) == errors.NO_SUCH_USER
    await server.enter("eve")
    assert await refused(ann, frames.Role, ROOM, "eve", frames.OWNER) == errors.NO_SUCH_USER


async def test_who_is_kicked_sees_that_and_no_more(ann: Wire, bob: Wire) -> None:
    await do(bob, frames.Watch, [ROOM])
    await do(ann, frames.Watch, [ROOM])
    kick = frames.Kick(90, ROOM, "bob", " be\x1b[31m\nkind ")
    ann.send(kick, ann.say(ROOM, "gone?"))
    assert await ann.next_of(frames.Presence) == frames.Presence(ROOM, "bob", online=False)
    assert isinstance(await ann.answer(90), frames.Ok)
    assert about(await told(bob, frames.KICK)) == AboutBody(2, "bob", "be kind", removed=True)
    await ann.tell(ROOM, "really gone")
    assert [frame for frame in await bob.settled() if isinstance(frame, Event | frames.Presence)] == []
    assert await refused(bob, frames.History, ROOM) == errors.NOT_A_MEMBER
    assert ROOM not in [room.room for room in (await bob.sync()).rooms]
    state = await bob.join(ROOM)  # a kick is no ban
    assert (state.members, state.role) == (2, frames.MEMBER)


async def test_a_send_right_before_the_kick_is_stored_one_behind_it_is_not(ann: Wire, bob: Wire) -> None:
    before = await bob.tell(ROOM, "before", "cid-before")
    ann.send(frames.Kick(90, ROOM, "bob"))
    await ann.answer(90)
    assert await bob.refused(bob.say(ROOM, "behind")) == errors.NOT_A_MEMBER
    again = await bob.tell(ROOM, "before", "cid-before")  # the answer may have got lost
    assert again == frames.SendResult(before.seq, before.time, dup=True)
    assert await bob.refused(bob.say(ROOM, "other words", "cid-before")) == errors.NOT_A_MEMBER


async def test_a_ban_keeps_out_until_it_ends(server: RunningServer, ann: Wire, bob: Wire) -> None:
    now = server.clock.ms()
    await do(ann, frames.Ban, ROOM, "bob", 3600, "spam")
    body = about(await told(bob, frames.BAN))
    assert body == AboutBody(2, "bob", "spam", now + 3_600_000, removed=True)
    error = await refusal(bob, frames.Join, ROOM)
    assert (error.code, error.text) == (errors.DENIED, "you are banned from #a")
    assert error.details == {"until": now + 3_600_000, "reason": "spam"}
    assert await refused(ann, frames.Invite, ROOM, "bob") == errors.DENIED
    (banned,) = (await do(ann, frames.Bans, ROOM)).people
    assert banned == frames.Punished("bob", frames.Term("ann", now, now + 3_600_000, "spam"))
    server.clock.seconds += 3599
    assert await refused(bob, frames.Join, ROOM) == errors.DENIED
    server.clock.seconds += 1
    assert (await do(ann, frames.Bans, ROOM)).people == []
    await bob.join(ROOM)


async def test_a_ban_for_good_is_lifted_by_hand(server: RunningServer, ann: Wire) -> None:
    eve = await server.enter("eve")
    await do(ann, frames.Ban, ROOM, "eve")
    assert not about(await told(ann, frames.BAN)).removed
    assert await said(eve, frames.Join, ROOM) == (errors.DENIED, "you are banned from #a")
    server.clock.seconds += 10 * limits.PENALTY_SECONDS
    assert await refused(eve, frames.Join, ROOM) == errors.DENIED
    await do(ann, frames.Unban, ROOM, "eve")
    assert about(await told(ann, frames.UNBAN)) == AboutBody(2, "eve")
    assert await refused(ann, frames.Unban, ROOM, "eve") == errors.NOT_FOUND
    await eve.join(ROOM)


async def test_a_ban_takes_an_invitation_back(server: RunningServer, ann: Wire) -> None:
    eve = await server.enter("eve")
    await do(ann, frames.Visibility, ROOM, private=True)
    await do(ann, frames.Invite, ROOM, "eve")
    await do(ann, frames.Ban, ROOM, "eve", 60)
    assert await refused(eve, frames.Join, ROOM) == errors.NO_SUCH_ROOM
    assert (await eve.sync()).invitations == []


async def test_who_is_muted_is_told_for_how_long(server: RunningServer, ann: Wire, bob: Wire) -> None:
    await do(ann, frames.Mute, ROOM, "bob", 600, "breathe")
    assert about(await told(bob, frames.MUTE)).until == server.clock.ms() + 600_000
    server.clock.seconds += 60
    message = bob.say(ROOM, "but")
    bob.send(message)
    answer = await bob.answer(message.id)
    assert isinstance(answer, frames.Error)
    assert (answer.code, answer.text) == (errors.DENIED, "you are muted in #a")
    assert answer.details == {"until": server.clock.ms() + 540_000, "reason": "breathe"}
    assert await refused(bob, frames.Topic, ROOM, "but") == errors.DENIED
    assert await refused(bob, frames.Invite, ROOM, "ann") == errors.DENIED
    await do(bob, frames.History, ROOM)
    server.clock.seconds += 540
    await bob.tell(ROOM, "thank you")
    await do(ann, frames.Mute, ROOM, "bob")
    assert await bob.refused(bob.say(ROOM, "but")) == errors.DENIED
    await do(ann, frames.Unmute, ROOM, "bob")
    await bob.tell(ROOM, "sorry")
    assert await refused(ann, frames.Unmute, ROOM, "bob") == errors.NOT_FOUND


async def test_what_was_stored_before_the_mute_is_acknowledged(ann: Wire, bob: Wire) -> None:
    sent = await bob.tell(ROOM, "hello", "cid-1")
    await do(ann, frames.Mute, ROOM, "bob")
    assert await bob.tell(ROOM, "hello", "cid-1") == frames.SendResult(sent.seq, sent.time, dup=True)


async def test_members_and_bans_come_in_pages(server: RunningServer, ann: Wire) -> None:
    names = [f"User{number:02}" for number in range(9)]
    for name in names:
        await server.enter(name, ROOM)
        await do(ann, frames.Mute, ROOM, name)
    listed: list[frames.MemberInfo] = []
    muted: list[str] = []
    while True:
        page = await do(ann, frames.Members, ROOM, listed[-1].name if listed else "", 4)
        assert page.total == 10
        listed += page.members
        muted += [
            one.name for one in (await do(ann, frames.Bans, ROOM, muted[-1] if muted else "", 4)).people
        ]
        if page.complete:
            break
    assert [one.name for one in listed] == ["ann", *names]
    assert [(one.role, one.online) for one in listed[:2]] == [(frames.OWNER, True), (frames.MEMBER, True)]
    assert muted == names
    assert (await do(ann, frames.Bans, ROOM)).complete


@pytest.mark.usefixtures("bob")
async def test_when_the_last_owner_goes_somebody_follows(server: RunningServer, ann: Wire) -> None:
    eve, carl = await server.enter("eve", ROOM), await server.enter("carl", ROOM)
    await do(ann, frames.Role, ROOM, "eve", frames.MODERATOR)
    await do(ann, frames.Leave, ROOM)
    assert codec.unpack_body((await told(carl, frames.ROLE)).body, RoleBody) == RoleBody(
        3, "eve", frames.MODERATOR
    )
    event = await told(carl, frames.ROLE)
    assert event.sender == "ann"
    assert codec.unpack_body(event.body, RoleBody) == RoleBody(3, "eve", frames.OWNER)
    assert (await carl.event(ROOM)).kind == frames.LEAVE
    await do(eve, frames.Leave, ROOM)
    assert codec.unpack_body((await told(carl, frames.ROLE)).body, RoleBody) == RoleBody(
        2, "bob", frames.OWNER
    )


@pytest.mark.usefixtures("ann", "bob")
async def test_an_owner_who_is_kicked_is_followed_too(server: RunningServer) -> None:
    ada = await server.enter("ada")
    server.context.state.users[3].admin = True
    for kind, name in ((frames.Kick, "ann"), (frames.Ban, "bob")):
        heir = await server.enter(f"heir-{name}", ROOM)
        await do(ada, kind, ROOM, name)
        while (await told(heir, frames.ROLE)).sender != "ada":
            pass
    owners = [one for one in server.context.state.rooms[ROOM].members.values() if one == frames.OWNER]
    assert len(owners) == 1


async def test_who_is_muted_says_nothing_by_going_and_coming_back_under_another_name(
    server: RunningServer, ann: Wire, bob: Wire
) -> None:
    await do(ann, frames.Mute, ROOM, "bob", 600)
    assert await refused(bob, frames.Nick, "ann_is_mean") == errors.DENIED
    await do(bob, frames.Leave, ROOM)
    await do(bob, frames.Nick, "ann_is_mean")
    error = await refusal(bob, frames.Join, ROOM)
    assert (error.code, error.text) == (errors.DENIED, "you are muted in #a, and left it")
    assert error.details == {"until": server.clock.ms() + 600_000}
    assert await refused(ann, frames.Invite, ROOM, "ann_is_mean") == errors.DENIED
    server.clock.seconds += 600
    await bob.join(ROOM)


# --- the whole server


async def test_a_user_is_kept_out_of_the_server(server: RunningServer, ann: Wire, bob: Wire) -> None:
    server.context.state.users[1].admin = True
    phone = await server.enter("bob")
    assert await refused(bob, frames.ServerBan, "ann") == errors.DENIED
    assert await refused(ann, frames.ServerBan, "ann") == errors.DENIED
    await do(ann, frames.ServerBan, "bob", seconds=3600, reason="spam")
    for wire in (bob, phone):
        bye = (await wire.rest())[-1]
        assert isinstance(bye, frames.Bye)
        assert (bye.code, bye.reconnect) == (errors.DENIED, False)
        assert bye.text == "you are banned from this server"
        assert bye.details == {"until": server.clock.ms() + 3_600_000, "reason": "spam"}
    wire = await server.connect()
    await wire.hello()
    assert await refused(wire, frames.Login, "Bob") == errors.DENIED
    (ban,) = (await do(ann, frames.ServerBans)).bans
    assert (ban.name, ban.term.by, ban.term.reason) == ("bob", "ann", "spam")
    await server.stop()
    again = RunningServer(server.data)
    again.clock.seconds = server.clock.seconds
    await again.start()
    try:
        wire = await again.connect()
        await wire.hello()
        assert await refused(wire, frames.Login, "bob") == errors.DENIED
        again.clock.seconds += 3600
        await do(wire, frames.Login, "bob")
    finally:
        await again.stop()


async def test_a_ban_of_a_user_is_lifted(server: RunningServer, ann: Wire, bob: Wire) -> None:
    server.context.state.users[1].admin = True
    await do(ann, frames.ServerBan, "bob")
    await bob.rest()
    await do(ann, frames.ServerUnban, "BOB")
    assert await refused(ann, frames.ServerUnban, "bob") == errors.NOT_FOUND
    await server.enter("bob")


async def test_a_network_is_kept_out(
    server: RunningServer, ann: Wire, bob: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.context.state.users[1].admin = True
    far = property(lambda one: "::ffff:192.0.2.7" if one.ready and one.user.name == "bob" else "127.0.0.1")
    monkeypatch.setattr(Session, "address", far)  # all come from loopback here
    await do(ann, frames.ServerBan, address="192.0.2.99/24")
    bye = (await bob.rest())[-1]
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.text) == (errors.DENIED, "your network is banned from this server")
    assert [ban.address for ban in (await do(ann, frames.ServerBans)).bans] == ["192.0.2.0/24"]
    assert server.context.banned_network("192.0.2.1")
    assert not server.context.banned_network("192.0.3.1")
    for address in ("127.0.0.0/8", "::1", "0.0.0.0/0", "::/0", "0.0.0.0/7", "2000::/3", "::ffff:0:0/96"):
        assert await refused(ann, frames.ServerBan, address=address) == errors.DENIED
    await server.enter("carl")
    monkeypatch.setattr("server.state.networks._address", lambda _: ipaddress.ip_address("192.0.2.8"))
    wire = await server.connect()
    bye = (await wire.rest())[-1]
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.DENIED, False)
    await do(ann, frames.ServerUnban, address="192.0.2.0/24")
    await server.enter("dora")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, errors.BAD_FRAME),
        ({"name": "bob", "address": "192.0.2.1"}, errors.BAD_FRAME),
        ({"address": "192.0.2.300"}, errors.BAD_NAME),
        ({"address": "'; DROP TABLE users; --"}, errors.BAD_NAME),
        ({"address": "%s%n{0.__class__}"}, errors.BAD_NAME),
        ({"name": "nobody"}, errors.NO_SUCH_USER),
        ({"name": "bob", "reason": "x" * (limits.REASON + 1)}, errors.TOO_LARGE),
        ({"name": "bob", "seconds": 0}, errors.BAD_FRAME),
        ({"name": "bob", "seconds": 2**53}, errors.BAD_FRAME),
    ],
)
async def test_a_ban_that_makes_no_sense(
    server: RunningServer, ann: Wire, bob: Wire, fields: dict[str, object], code: str
) -> None:
    server.context.state.users[1].admin = True
    ann.send_map({"t": "server_ban", "id": 99, **fields})
    answer = await ann.answer(99)
    assert isinstance(answer, frames.Error)
    assert answer.code == code
    await bob.tell(ROOM, "still here")


async def test_nothing_of_who_is_muted_reaches_the_room(server: RunningServer, ann: Wire, bob: Wire) -> None:
    own = await bob.tell(ROOM, "mine")
    await do(ann, frames.Role, ROOM, "bob", frames.MODERATOR)
    eve = await server.enter("eve", ROOM)
    await do(bob, frames.Away, on=True, text="an insult")
    await do(ann, frames.Mute, ROOM, "bob", 600)
    for kind, body in ((frames.EDIT, b"x"), (frames.REACTION, b"x")):
        assert await bob.refused(frames.Send(bob.new_id, ROOM, kind, body, kind=kind, target=own.seq)) == (
            errors.DENIED
        )
    for request, values in (
        (frames.Nick, ("insult",)),
        (frames.Topic, (ROOM, "insult")),
        (frames.Invite, (ROOM, "carl")),
        (frames.Kick, (ROOM, "eve", "insult")),
        (frames.Ban, (ROOM, "eve", None, "insult")),
        (frames.Mute, (ROOM, "eve", None, "insult")),
    ):
        if request is frames.Invite:
            await server.enter("carl")
        assert await refused(bob, request, *values) == errors.DENIED, request
    there = await do(eve, frames.Watch, [ROOM, "#general"])
    assert (there.away[ROOM], there.away["#general"]) == ({"bob": ""}, {"bob": "an insult"})
    bob.send(frames.Typing(ROOM, on=True))
    bob.send(frames.Typing("#general", on=True))
    while not isinstance(frame := await eve.next(), frames.Typing):
        pass
    assert frame.room == "#general"
    server.clock.seconds += 601
    await do(bob, frames.Nick, "rob")


@pytest.mark.usefixtures("bob")
async def test_what_has_no_effect_is_no_success(server: RunningServer, ann: Wire) -> None:
    server.context.state.users[1].admin = True
    await do(ann, frames.Role, ROOM, "bob", frames.OWNER)
    assert await refused(ann, frames.Mute, ROOM, "bob") == errors.DENIED
    await do(ann, frames.Role, ROOM, "bob", frames.MEMBER)
    for put, lift in ((frames.Mute, frames.Unmute), (frames.Ban, frames.Unban)):
        await do(ann, put, ROOM, "bob", 60)
        server.clock.seconds += 61
        assert await refused(ann, lift, ROOM, "bob") == errors.NOT_FOUND
    await do(ann, frames.ServerBan, "bob", seconds=60)
    server.clock.seconds += 61
    assert await refused(ann, frames.ServerUnban, "bob") == errors.NOT_FOUND


async def test_who_is_banned_is_told_of_by_address_too(
    server: RunningServer, ann: Wire, bob: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.context.state.users[1].admin = True
    far = property(lambda one: "192.0.2.7" if one.ready and one.user.name == "bob" else "192.0.2.9")
    monkeypatch.setattr(Session, "address", far)
    assert await refused(ann, frames.ServerBan, address="192.0.2.9") == errors.DENIED  # it is her own
    assert (await do(ann, frames.ServerBan, "bob")).addresses == ["192.0.2.7"]
    await bob.rest()
