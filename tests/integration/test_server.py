"""The server over real sockets, in this process: what each request does, and what it must refuse."""

from collections.abc import Iterator
from typing import Any

import pytest

from protocol import VERSION, codec, errors, frames, limits
from protocol.frames import Event, Frame, Request
from protocol.limits import Limits
from server.state.model import Room
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire, text_of

EVERY_REQUEST: dict[str, Request[Any]] = {
    "login": frames.Login(1, "ann"),
    "sync": frames.Sync(1),
    "join": frames.Join(1, "#a"),
    "leave": frames.Leave(1, "#a"),
    "topic": frames.Topic(1, "#a", "t"),
    "nick": frames.Nick(1, "zoe"),
    "send": frames.Send(1, "#a", "c", b""),
    "history": frames.History(1, "#a"),
    "read": frames.Read(1, "#a", 1),
    "watch": frames.Watch(1, ["#a"]),
    "rooms": frames.Rooms(1),
    "online": frames.Online(1),
    "register": frames.Register(1, "ann", "a good password"),
    "password": frames.ChangePassword(1, "a good password"),
    "logout": frames.Logout(1),
    "devices": frames.Devices(1),
    "end_device": frames.EndDevice(1, "nothing"),
    "make_invite": frames.MakeInvite(1),
    "invites": frames.Invites(1),
    "end_invite": frames.EndInvite(1, "nothing"),
    "users": frames.Users(1),
    "add_user": frames.AddUser(1, "zoe", "a good password"),
    "set_password": frames.SetPassword(1, "ann", "a good password"),
    "set_admin": frames.SetAdmin(1, "ann", admin=True),
    "set_disabled": frames.SetDisabled(1, "ann", disabled=True),
    "end_devices": frames.EndDevices(1, "ann"),
    "away": frames.Away(1),
    "idle": frames.Idle(1, on=True),
    "whois": frames.Whois(1, "ann"),
    "ignore": frames.Ignore(1, "ann", on=False),
    "mine": frames.Mine(1),
    "create": frames.Create(1, "#new", private=True),
    "dm": frames.Dm(1, "ann"),
    "visibility": frames.Visibility(1, "#a", private=True),
    "delete_room": frames.DeleteRoom(1, "#a"),
    "members": frames.Members(1, "#a"),
    "invite": frames.Invite(1, "#a", "bob"),
    "role": frames.Role(1, "#a", "bob", frames.MODERATOR),
    "kick": frames.Kick(1, "#a", "bob"),
    "ban": frames.Ban(1, "#a", "bob", 60),
    "unban": frames.Unban(1, "#a", "eve"),
    "bans": frames.Bans(1, "#a"),
    "mute": frames.Mute(1, "#a", "bob"),
    "unmute": frames.Unmute(1, "#a", "dora"),
    "server_ban": frames.ServerBan(1, "bob"),
    "server_unban": frames.ServerUnban(1, address="192.0.2.7"),
    "server_bans": frames.ServerBans(1),
    "room_details": frames.RoomDetails(1, "#a"),
    "make_room": frames.MakeRoom(1, "#made", private=True, owner="bob"),
    "audit": frames.Audit(1),
    "search": frames.Search(1, ["disk"]),
    "set_level": frames.SetLevel(1, "#a", "none"),
}
"""Each is what ann, the owner of #a and an administrator, may ask for, once `prepare` has been there."""


async def prepare(server: RunningServer) -> Wire:
    """Somebody to ask in vain, and what the requests need."""
    ann = await server.enter("ann", "#a")
    server.context.state.users[1].admin = True
    for name in ("bob", "dora", "eve", "carl"):
        await server.enter(name, "#a")
    await ann.ask(frames.Ban(90, "#a", "eve"), frames.Result)
    await ann.ask(frames.Mute(91, "#a", "dora"), frames.Result)
    await ann.ask(frames.Kick(92, "#a", "carl"), frames.Result)
    await ann.ask(frames.ServerBan(93, address="192.0.2.7"), frames.Result)
    return ann


REFUSED = {
    "login": errors.OUT_OF_ORDER,
    "register": errors.OUT_OF_ORDER,
    "end_device": errors.NOT_FOUND,
    "end_invite": errors.NOT_FOUND,
    "set_admin": errors.DENIED,
    "set_disabled": errors.DENIED,
}
"""What she is not given: she has come in already, there is nothing of that id, she has no password, and can't
switch herself off."""

LAST = frozenset({"logout", "end_devices", "set_password"})
"""What ends her own connection, once it is answered."""


def room_of(result: frames.SyncResult, name: str) -> frames.RoomState:
    (room,) = [room for room in result.rooms if room.room == name]
    return room


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def of_kind(come: list[Frame], kind: type[Frame]) -> list[Frame]:
    return [frame for frame in come if isinstance(frame, kind)]


def kinds(come: list[Frame]) -> list[str]:
    return [frame.kind for frame in come if isinstance(frame, Event)]


def test_every_request_is_tried_here() -> None:
    assert {type(request) for request in EVERY_REQUEST.values()} == set(frames.REQUESTS)


# --- hello


async def test_hello_is_welcomed(server: RunningServer) -> None:
    wire = await server.connect()
    welcome = await wire.hello()
    assert welcome.v == VERSION
    assert welcome.epoch == server.context.epoch
    assert welcome.time == server.clock.ms()
    assert welcome.server.startswith("chat-server/")
    assert welcome.auth == ["open"]
    assert welcome.limits == Limits()


async def test_any_common_version_will_do(server: RunningServer) -> None:
    wire = await server.connect()
    wire.send(frames.Hello([99, VERSION, 7], "x", ["what"]))
    assert (await wire.next_of(frames.Welcome)).v == VERSION


async def test_no_common_version_is_said_so(server: RunningServer) -> None:
    wire = await server.connect()
    wire.send(frames.Hello([VERSION + 1, limits.INTEGER]), frames.Rooms(1))
    (bye,) = await wire.rest()
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.BAD_VERSION, False)


async def test_hello_comes_once(server: RunningServer) -> None:
    wire = await server.connect()
    await wire.hello()
    wire.send(frames.Hello([VERSION]))
    assert (await wire.next_of(frames.Error)).code == errors.OUT_OF_ORDER
    await wire.ask(frames.Login(9, "ann"), frames.LoginResult)


# --- one answer per request


@pytest.mark.parametrize("request_", EVERY_REQUEST.values(), ids=list(EVERY_REQUEST))
async def test_every_request_before_hello_is_answered(server: RunningServer, request_: Request[Any]) -> None:
    wire = await server.connect()
    assert await wire.refused(request_) == errors.OUT_OF_ORDER
    await wire.hello()
    if not isinstance(request_, frames.Login | frames.Register):
        assert await wire.refused(request_) == errors.OUT_OF_ORDER
    assert await wire.settled() == []


@pytest.mark.parametrize("name", EVERY_REQUEST)
async def test_every_request_is_answered_once(server: RunningServer, name: str) -> None:
    request_ = EVERY_REQUEST[name]
    wire = await prepare(server)
    if isinstance(request_, frames.Invite):
        await wire.ask(frames.Kick(94, "#a", request_.name), frames.Result)
    await wire.settled()
    wire.send(request_, *([] if name in LAST else [frames.Ping(7)]))
    answer = await wire.answer(request_.id)
    assert (answer.code if isinstance(answer, frames.Error) else None) == REFUSED.get(name)
    if isinstance(answer, frames.Ok):
        codec.convert(answer.result, request_.result)
    come = await wire.settled() if name not in LAST else await wire.rest()
    assert of_kind(come, frames.Ok) == of_kind(come, frames.Error) == []


async def test_two_logins_at_once_are_answered_once_each(server: RunningServer) -> None:
    wire = await server.connect()
    await wire.hello()
    wire.send(frames.Login(1, "ann"), frames.Login(2, "bob"))
    answers = [await wire.next(), await wire.next()]
    by_id = {answer.re: answer for answer in answers if isinstance(answer, frames.Ok | frames.Error)}
    assert isinstance(by_id[1], frames.Ok)
    assert isinstance(second := by_id[2], frames.Error)
    assert second.code == errors.OUT_OF_ORDER
    assert [user.name for user in server.context.state.users.values()] == ["ann"]


async def test_a_thousand_requests_at_once_are_answered_once_each(server: RunningServer) -> None:
    """More than may be in flight, and a new one under each old id as soon as that is free."""
    wire = await server.enter("ann", "#a")
    requests = [
        (frames.Rooms(n), frames.History(n, "#a"), wire.say("#a", str(n)), frames.Read(n, "#a", n))[n % 4]
        for n in range(1000, 2000)
    ]
    wire.send(*requests)
    left = sorted(request.id for request in requests)
    come: list[int] = []
    while len(come) < len(left):
        frame = await wire.next()
        if isinstance(frame, frames.Ok):
            come.append(frame.re)
    assert sorted(come) == left
    assert kinds(await wire.settled()) == []
    assert server.context.state.rooms["#a"].head == 2 + 250


async def test_an_unknown_type_keeps_the_connection(server: RunningServer) -> None:
    wire = await server.connect()
    wire.send_map({"t": "dance", "id": 5})
    assert await wire.next() == frames.Error(errors.UNKNOWN_TYPE, "unknown frame type 'dance'", 5)
    wire.send_map({"t": "login", "id": 6, "name": 1})
    error = await wire.next_of(frames.Error)
    assert (error.code, error.re) == (errors.BAD_FRAME, 6)
    wire.send_map({"hello": 1})
    error = await wire.next_of(frames.Error)
    assert (error.code, error.re) == (errors.UNKNOWN_TYPE, None)
    wire.send_map({"t": "\x1b[31mred\n"})
    assert (await wire.next_of(frames.Error)).text.isprintable()
    await wire.enter("ann")


async def test_a_tag_that_is_a_deep_list_keeps_the_connection(server: RunningServer) -> None:
    wire = await server.connect()
    payload = b"\x81\xa1t" + b"\x91" * 1000 + b"\xc0"
    wire.send_bytes(len(payload).to_bytes(4, "big") + payload)
    assert (await wire.next_of(frames.Error)).code == errors.UNKNOWN_TYPE
    await wire.enter("ann")


async def test_fields_that_are_not_known_are_ignored(server: RunningServer) -> None:
    wire = await server.enter("ann")
    wire.send_map({"t": "rooms", "id": 99, "sort": "age"})
    assert isinstance(await wire.answer(99), frames.Ok)


async def test_ping_is_answered_at_any_time(server: RunningServer) -> None:
    wire = await server.connect()
    wire.send(frames.Ping(5), frames.Ping())
    assert [await wire.next(), await wire.next()] == [frames.Pong(5), frames.Pong(0)]
    wire.send(frames.Pong(9))
    assert await wire.settled() == []


async def test_bye_is_the_end(server: RunningServer) -> None:
    wire = await server.enter("ann")
    wire.send(frames.Ping(3), frames.Bye("quit"), frames.Ping(4))
    assert await wire.rest() == [frames.Pong(3)]


# --- login


async def test_the_first_login_makes_a_user_in_the_first_room(server: RunningServer) -> None:
    wire = await server.connect()
    result = await wire.log_in("Ann")
    assert (result.user, result.name) == (1, "Ann")
    rooms = (await wire.sync()).rooms
    assert [(room.room, room.members, room.unread) for room in rooms] == [("#general", 1, 0)]
    assert [event.kind for event in rooms[0].events] == [frames.CREATE, frames.JOIN]


async def test_the_same_name_is_the_same_user(server: RunningServer) -> None:
    first = await server.connect()
    one = await first.log_in("Ann")
    second = await server.connect()
    other = await second.log_in("ANN")
    assert (other.user, other.name) == (one.user, one.name)


@pytest.mark.parametrize("name", ["-", "a b", "a" * 33, "a\x1b[31m", "\u202eann"])
async def test_a_bad_name_is_refused_and_may_be_corrected(server: RunningServer, name: str) -> None:
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Login(1, name)) == errors.BAD_NAME
    assert (await wire.ask(frames.Login(2, "ann"), frames.LoginResult)).name == "ann"


async def test_an_empty_name_is_no_frame(server: RunningServer) -> None:
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Login(1, "")) == errors.BAD_FRAME


async def test_a_hundred_new_logins_at_once(server: RunningServer) -> None:
    wires = [await server.connect() for _ in range(100)]
    for number, wire in enumerate(wires):
        wire.send(frames.Hello([VERSION]), frames.Login(1, f"user{number // 2}"))
    answers = [await wire.answer(1) for wire in wires]
    results = [
        codec.convert(answer.result, frames.LoginResult)
        for answer in answers
        if isinstance(answer, frames.Ok)
    ]
    assert len(results) == 100
    assert len({result.user for result in results}) == 50
    assert len(server.context.state.rooms["#general"].members) == 50
    assert server.context.state.rooms["#general"].head == 51


# --- sync


async def test_sync_gives_the_newest_events_first(server: RunningServer) -> None:
    wire = await server.enter("ann", "#a")
    for number in range(10):
        await wire.tell("#a", str(number))
    room = room_of(await wire.sync(limit=3), "#a")
    assert (room.head, seqs(room.events), room.complete) == (12, [10, 11, 12], False)
    room = room_of(await wire.sync(limit=12), "#a")
    assert (seqs(room.events), room.complete) == (list(range(1, 13)), True)
    room = room_of(await wire.sync(limit=0), "#a")
    assert (room.head, room.events, room.complete) == (12, [], False)


async def test_sync_gives_exactly_what_was_missed(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob", "#a")
    await bob.close()
    for number in range(5):
        await ann.tell("#a", str(number))
    bob = await server.connect()
    await bob.log_in("bob")
    epoch = server.context.epoch
    room = room_of(await bob.sync(epoch=epoch, cursors={"#a": 3}), "#a")
    assert (seqs(room.events), room.complete, room.unread) == ([4, 5, 6, 7, 8], True, 5)
    room = room_of(await bob.sync(epoch=epoch, cursors={"#a": 3}, limit=2), "#a")
    assert (seqs(room.events), room.complete) == ([7, 8], False)
    room = room_of(await bob.sync(epoch=epoch, cursors={"#a": 8}), "#a")
    assert (room.events, room.complete) == ([], True)
    room = room_of(await bob.sync(epoch=epoch, cursors={"#a": 8, "#none": 5}, limit=0), "#a")
    assert (room.events, room.complete) == ([], True)


async def test_sync_with_another_epoch_begins_anew(server: RunningServer) -> None:
    wire = await server.enter("ann", "#a")
    result = await wire.sync(epoch="of another store", cursors={"#a": 1})
    assert result.reset
    assert result.epoch == server.context.epoch
    assert seqs(room_of(result, "#a").events) == [1, 2]
    assert not (await wire.sync(epoch=server.context.epoch)).reset
    assert not (await wire.sync()).reset


async def test_a_cursor_beyond_the_head_is_none(server: RunningServer) -> None:
    wire = await server.enter("ann", "#a")
    room = room_of(await wire.sync(epoch=server.context.epoch, cursors={"#a": 99}), "#a")
    assert (room.head, seqs(room.events), room.complete) == (2, [1, 2], True)


async def test_a_sync_of_much_is_cut_to_what_fits(server: RunningServer) -> None:
    wire = await server.enter("ann", "#a", "#b", "#c")
    for name in ("#a", "#b", "#c"):
        wire.send(*(wire.say(name, "x" * 15_000) for _ in range(10)))
    while (await wire.event("#c")).seq < 12:
        pass
    result = await wire.sync(limit=limits.PAGE)
    rooms = {room.room: room for room in result.rooms}
    events = [event for room in result.rooms for event in room.events]
    assert 8 <= len([event for event in events if event.kind == frames.MESSAGE]) <= 14
    assert rooms["#a"].complete != rooms["#c"].complete
    for room in result.rooms:
        assert room.head == server.context.state.rooms[room.room].head
        assert seqs(room.events) == list(range(room.head - len(room.events) + 1, room.head + 1))


async def test_no_events_come_before_the_first_sync(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.connect()
    await bob.log_in("bob")
    await bob.join("#a")
    await ann.tell("#a", "x")
    assert await bob.settled() == []
    await bob.sync()
    await ann.tell("#a", "y")
    assert text_of(await bob.event("#a")) == "y"


async def test_unread_counts_what_others_said_up_to_a_thousand(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob", "#a")
    ann.send(*(ann.say("#a", str(number)) for number in range(1005)))
    while (await bob.event("#a")).seq < 1008:
        pass
    await bob.tell("#a", "mine")
    assert room_of(await bob.sync(limit=0), "#a").unread == 1000
    await bob.ask(frames.Read(bob.new_id, "#a", 1000), frames.Result)
    room = room_of(await bob.sync(limit=0), "#a")
    assert (room.head, room.read, room.unread) == (1009, 1000, 8)


# --- rooms


async def test_join_tells_the_members(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob")
    room = await bob.join("A", limit=1)
    assert (room.room, room.head, room.members, room.unread) == ("#a", 3, 2, 0)
    assert (seqs(room.events), room.complete) == ([3], False)
    for wire in (ann, bob):
        event = await wire.event("#a")
        assert (event.seq, event.kind, event.sender) == (3, frames.JOIN, "bob")
    again = await bob.join("#a")
    assert again.head == 3


@pytest.mark.parametrize("room", ["#", "a b", "#" + "a" * 64, "a\nb"])
async def test_a_bad_room_name_is_refused(server: RunningServer, room: str) -> None:
    wire = await server.enter("ann")
    assert await wire.refused(frames.Join(99, room)) == errors.BAD_NAME


async def test_who_leaves_sees_that_and_no_more(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob", "#a")
    bob.send(frames.Leave(90, "#a"))
    ann.send(ann.say("#a", "gone?"))
    assert isinstance(await bob.answer(90), frames.Ok)
    await ann.next_of(frames.Ok)
    assert kinds(await bob.settled())[-1] == frames.LEAVE
    assert await bob.refused(frames.Leave(91, "#a")) == errors.NOT_A_MEMBER
    assert await bob.refused(frames.Leave(92, "#none")) == errors.NO_SUCH_ROOM
    assert "#a" not in [room.room for room in (await bob.sync()).rooms]


@pytest.mark.parametrize(
    "request_",
    [
        frames.Send(1, "{}", "c", b""), frames.Topic(1, "{}", "t"), frames.History(1, "{}"),
        frames.Read(1, "{}", 1), frames.Leave(1, "{}"), frames.Watch(1, ["#general", "{}"]),
    ],
    ids=["send", "topic", "history", "read", "leave", "watch"],
)  # fmt: skip
async def test_who_is_not_in_a_room_is_told_so(server: RunningServer, request_: Request[Any]) -> None:
    await server.enter("ann", "#a")
    bob = await server.enter("bob")
    for room, code in (
        ("#a", errors.NOT_A_MEMBER),
        ("#none", errors.NO_SUCH_ROOM),
        ("A", errors.NO_SUCH_ROOM),
    ):
        packed = codec.pack(request_).replace(b"\xa2{}", bytes((0xA0 + len(room),)) + room.encode())
        bob.send_bytes(len(packed).to_bytes(4, "big") + packed)
        answer = await bob.answer(1)
        assert isinstance(answer, frames.Error)
        assert answer.code == code


async def test_a_topic_is_cleaned_and_told(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("bob", "#a")
    await ann.ask(frames.Topic(90, "#a", " lunch\x1b[31m at\n12 "), frames.Result)
    event = await bob.event("#a")
    body = codec.unpack_body(event.body, frames.TopicBody)
    assert (event.kind, body) == (frames.TOPIC, frames.TopicBody("lunch at 12"))
    assert room_of(await bob.sync(), "#a").topic == "lunch at 12"
    assert await ann.refused(frames.Topic(91, "#a", "x" * (limits.TOPIC + 1))) == errors.TOO_LARGE
    await ann.ask(frames.Topic(92, "#a", "lunch at 12"), frames.Result)
    await ann.ask(frames.Topic(93, "#a", ""), frames.Result)
    room = room_of(await ann.sync(), "#a")
    assert (room.topic, room.head) == ("", 5)


async def test_a_nick_is_told_in_all_rooms(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a", "#b"), await server.enter("bob", "#a")
    assert await ann.ask(frames.Nick(90, "Zoe"), frames.LoginResult) == frames.LoginResult(1, "Zoe")
    come = [await bob.event("#general"), await bob.event("#a")]
    body = codec.pack(frames.NickBody("Zoe"))
    assert [(event.kind, event.sender, event.body) for event in come] == [(frames.NICK, "ann", body)] * 2
    assert await bob.refused(frames.Nick(90, "zoe")) == errors.NAME_TAKEN
    assert await bob.refused(frames.Nick(91, "a b")) == errors.BAD_NAME
    assert (await bob.ask(frames.Nick(92, "ann"), frames.LoginResult)).name == "ann"
    await ann.tell("#a", "x")
    come = [await bob.event("#a"), await bob.event("#a")]
    assert [(event.kind, event.sender) for event in come] == [(frames.NICK, "bob"), (frames.MESSAGE, "Zoe")]


async def test_a_user_may_be_in_so_many_rooms(server: RunningServer) -> None:
    wire = await server.enter("ann")
    requests = [frames.Join(1000 + n, f"#room{n}", 0) for n in range(limits.ROOMS)]
    wire.send(*requests)
    answers = [await wire.answer(request.id) for request in requests]
    assert [type(answer) for answer in answers[:-1]] == [frames.Ok] * (limits.ROOMS - 1)
    assert isinstance(answers[-1], frames.Error)
    assert answers[-1].code == errors.TOO_MANY
    assert len((await wire.sync()).rooms) == limits.ROOMS


async def test_rooms_are_listed(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#b", "#a"), await server.enter("bob")
    await ann.ask(frames.Topic(90, "#a", "t"), frames.Result)
    assert await bob.ask(frames.Rooms(90), frames.RoomsResult) == frames.RoomsResult(
        [
            frames.RoomInfo("#a", "t", 1, joined=False),
            frames.RoomInfo("#b", "", 1, joined=False),
            frames.RoomInfo("#general", "", 2, joined=True),
        ],
        3,
        complete=True,
    )


async def test_rooms_are_listed_by_pages(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    for number in range(8):
        await ann.ask(frames.Create(ann.new_id, f"#room{number}", private=number % 2 == 1), frames.JoinResult)
    await ann.ask(frames.Visibility(ann.new_id, "#room1", private=False), frames.Result)
    await ann.ask(frames.Visibility(ann.new_id, "#room2", private=True), frames.Result)
    await ann.ask(frames.Invite(ann.new_id, "#room3", "bob"), frames.Result)
    await ann.ask(frames.DeleteRoom(ann.new_id, "#room4"), frames.Result)
    await server.context.writer.drain()

    async def all_of(wire: Wire, **fields: bool) -> tuple[list[str], set[int]]:
        found: list[str] = []
        totals = set()
        while True:
            after = found[-1] if found else ""
            page = await wire.ask(
                frames.Rooms(wire.new_id, after=after, limit=2, **fields), frames.RoomsResult
            )
            assert len(page.rooms) <= 2
            found += [room.room for room in page.rooms]
            totals.add(page.total)
            if page.complete:
                return found, totals

    mine = ["#general", *(f"#room{number}" for number in (0, 1, 2, 3, 5, 6, 7))]
    assert await all_of(ann) == (mine, {8})
    assert await all_of(bob) == (["#general", "#room0", "#room1", "#room3", "#room6"], {5})
    server.context.state.users[2].admin = True
    assert await all_of(bob, every=True) == (mine, {8})
    again = server.context.log.load()
    assert list(again.channels.after("")) == list(server.context.state.channels.after("")) == mine
    assert list(again.public.after("")) == list(server.context.state.public.after(""))
    assert await bob.refused(frames.Rooms(bob.new_id, after="#" + "x" * 300)) == errors.BAD_FRAME


async def test_a_page_of_rooms_costs_what_it_holds(server: RunningServer) -> None:
    """However many there are: 32,000 kept everybody waiting for 38 ms."""
    wire = await server.enter("ann")

    async def work() -> int:
        looked_up: Looked = Looked(server.context.state.rooms)
        server.context.state.rooms = looked_up
        page = await wire.ask(frames.Rooms(wire.new_id, after="#r01"), frames.RoomsResult)
        assert (len(page.rooms), page.complete) == (limits.PAGE, False)
        return looked_up.count

    for number in range(4000):
        server.context.state.add_room(Room(f"#r{number:05}"))
    few = await work()
    for number in range(4000, 8000):
        server.context.state.add_room(Room(f"#r{number:05}"))
    assert await work() == few


class Looked(dict[str, Room]):
    """Rooms that count how often one of them is looked up, and that are never walked over."""

    count = 0

    def __getitem__(self, name: str) -> Room:
        self.count += 1
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("a page takes no look at all rooms")

    values = __iter__  # type: ignore[assignment]
    items = __iter__  # type: ignore[assignment]


async def test_who_is_online_is_listed(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a"), await server.enter("Bob")
    idle = await server.connect()
    await idle.log_in("idle")  # has not synced: not there yet
    assert await bob.ask(frames.Online(90), frames.OnlineResult) == frames.OnlineResult(
        [frames.PersonInfo("ann", ["#a", "#general"]), frames.PersonInfo("Bob", ["#general"])], 2
    )
    await ann.close()
    await server.until(lambda: len(server.sessions) == 2)
    assert (await bob.ask(frames.Online(91), frames.OnlineResult)).total == 1


async def test_who_comes_while_the_server_stops_is_told_so(server: RunningServer) -> None:
    server.context._closing = True
    wire = await server.connect()
    (bye,) = await wire.rest()
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.SHUTDOWN, True)
