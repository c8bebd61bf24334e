"""Accounts over real sockets: coming in, passwords, devices, names."""

import asyncio

import pytest

from protocol import errors, frames, limits
from protocol.frames import Result
from tests.support.accounts import OTHER, PASSWORD, administrator, login, refused, registered
from tests.support.inprocess import RunningServer
from tests.support.places import Serve
from tests.support.wire import Wire

REGISTERED: list[tuple[dict[str, str], str]] = [
    ({}, errors.BAD_LOGIN),
    ({"password": OTHER}, errors.BAD_LOGIN),
    ({"password": PASSWORD[:-1]}, errors.BAD_LOGIN),
    ({"password": PASSWORD + "\0"}, errors.BAD_LOGIN),
    ({"password": " "}, errors.BAD_LOGIN),
    ({"password": "x" * 512}, errors.BAD_LOGIN),
    ({"password": "x" * 513}, errors.BAD_FRAME),
    ({"token": "x" * 43}, errors.TOKEN_ENDED),
    ({"token": PASSWORD}, errors.TOKEN_ENDED),
    ({"token": "x", "password": PASSWORD}, errors.TOKEN_ENDED),
]


# --- coming in


async def test_a_registered_name_needs_its_password_and_gets_a_token(server: RunningServer) -> None:
    wire = await server.connect()
    made = await wire.register("Ann", PASSWORD)
    assert (made.name, made.registered, len(made.token)) == ("Ann", True, 43)
    assert "#general" in server.context.state.users[made.user].rooms
    by_password = await login(server, "ANN", password=PASSWORD)
    assert (by_password.user, by_password.name) == (made.user, "Ann")
    assert by_password.token not in ("", made.token)
    by_token = await login(server, "ann", token=made.token)
    assert (by_token.user, by_token.device, by_token.token) == (made.user, made.device, "")


@pytest.mark.parametrize(("given", "code"), REGISTERED)
async def test_nothing_else_comes_in_under_a_registered_name(
    server: RunningServer, given: dict[str, str], code: str
) -> None:
    await registered(server)
    assert await refused(server, "ann", **given) == code


async def test_after_a_refusal_the_same_connection_may_try_again(server: RunningServer) -> None:
    await registered(server)
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Login(1, "ann", password=OTHER)) == errors.BAD_LOGIN
    await wire.ask(frames.Login(2, "ann", password=PASSWORD), frames.LoginResult)


async def test_a_password_is_the_same_however_it_was_typed(server: RunningServer) -> None:
    await registered(server, password="Ma\u00f1ana\u00a0ma\u00f1ana")
    await login(server, "ann", password="Man\u0303ana man\u0303ana")
    assert await refused(server, "ann", password="Manana manana") == errors.BAD_LOGIN


@pytest.mark.parametrize(
    "password", ["", "x" * 7, "x" * 129, "with\nnewlines", "with\x1b[2Jescape", "🙂" * 7]
)
async def test_passwords_that_cannot_be(server: RunningServer, password: str) -> None:
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Register(1, "ann", password)) == errors.BAD_PASSWORD
    assert not server.context.state.users


@pytest.mark.parametrize(
    "password", ["x" * 8, "x" * 128, "🙂" * 8, "pass phrase with blanks", "пароль-пароль"]
)
async def test_passwords_that_can_be(server: RunningServer, password: str) -> None:
    await registered(server, password=password)
    await login(server, "ann", password=password)


async def test_an_open_name_comes_in_alone_but_not_with_a_password(server: RunningServer) -> None:
    first = await login(server, "bob")
    assert not first.registered
    assert (await login(server, "bob")).user == first.user
    assert await refused(server, "bob", password=PASSWORD) == errors.BAD_LOGIN
    assert await refused(server, "nobody", password=PASSWORD) == errors.BAD_LOGIN
    assert [user.name for user in server.context.state.users.values()] == ["bob"]


async def test_a_device_that_was_away_during_a_rename_is_still_the_same_user(server: RunningServer) -> None:
    before = await login(server, "bob")
    wire = await server.enter("bob")
    await wire.ask(frames.Nick(wire.new_id, "robert"), frames.LoginResult)
    after = await login(server, "bob", token=before.token)
    assert (after.user, after.name) == (before.user, "robert")
    assert (await login(server, "bob")).user != before.user  # the name is free for somebody else


async def test_who_registers_at_once_under_one_name_is_one_user(server: RunningServer) -> None:
    wires = [await server.connect() for _ in range(4)]
    for wire in wires:
        await wire.hello()
        wire.send(frames.Register(1, "ann", PASSWORD))
    answers = [await wire.answer(1) for wire in wires]
    assert sorted(type(answer).__name__ for answer in answers) == ["Error", "Error", "Error", "Ok"]
    assert {answer.code for answer in answers if isinstance(answer, frames.Error)} == {errors.NAME_TAKEN}
    assert len(server.context.state.users) == 1


async def test_a_second_login_while_one_is_under_way_has_no_place(server: RunningServer) -> None:
    wire = await server.connect()
    await wire.hello()
    wire.send(
        frames.Register(1, "ann", PASSWORD), frames.Login(2, "bob"), frames.Register(3, "eve", PASSWORD)
    )
    answers = [await wire.answer(number) for number in (1, 2, 3)]
    codes = [answer.code if isinstance(answer, frames.Error) else "" for answer in answers]
    assert codes == ["", errors.OUT_OF_ORDER, errors.OUT_OF_ORDER]


async def test_all_is_there_after_a_restart(serve: Serve) -> None:
    server = await serve()
    wire = await administrator(server)
    token = (await login(server, "ann", password=PASSWORD)).token
    await wire.ask(frames.Logout(wire.new_id), Result)
    await server.stop()
    server = await serve()
    assert (await login(server, "ann", token=token)).name == "ann"
    assert (await login(server, "ann", password=PASSWORD)).admin
    assert await refused(server, "ann") == errors.BAD_LOGIN


# --- who may come in at all


async def test_where_one_needs_an_invitation_a_name_alone_opens_nothing(serve: Serve) -> None:
    server = await serve("invite")
    wire = await server.connect()
    assert (await wire.hello()).auth == ["invite"]
    assert await wire.refused(frames.Login(1, "ann")) == errors.BAD_LOGIN
    assert await wire.refused(frames.Register(2, "ann", PASSWORD)) == errors.BAD_INVITE
    assert not server.context.state.users


async def test_names_from_open_days_need_a_password_when_the_server_is_open_no_more(serve: Serve) -> None:
    server = await serve("open")
    token = (await login(server, "bob")).token
    await server.stop()
    server = await serve("invite")
    assert await refused(server, "bob") == errors.BAD_LOGIN
    assert await refused(server, "bob", token=token) == errors.BAD_LOGIN


@pytest.mark.parametrize("entrance", ["invite", "closed"])
async def test_the_first_account_is_made_with_the_code_that_is_printed_and_is_the_administrators(
    serve: Serve, entrance: str
) -> None:
    server = await serve(entrance)
    code = await server.first_invite()
    wire = await server.connect()
    assert (await wire.register("ann", PASSWORD, code)).admin
    assert await server.first_invite() == ""
    second = await server.connect()
    await second.hello()
    used = errors.BAD_INVITE  # in both: there is no such invitation any more
    assert await second.refused(frames.Register(1, "bob", PASSWORD, code)) == used


async def test_only_the_code_that_was_printed_last_is_good(serve: Serve) -> None:
    server = await serve("invite")
    old, new = await server.first_invite(), await server.first_invite()
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Register(1, "ann", PASSWORD, old)) == errors.BAD_INVITE
    await wire.ask(frames.Register(2, "ann", PASSWORD, f" {new.upper()} "), frames.LoginResult)


async def test_nobody_makes_an_account_on_a_closed_server(serve: Serve) -> None:
    server = await serve("closed")
    wire = await server.connect()
    assert (await wire.hello()).auth == ["closed"]
    assert await wire.refused(frames.Register(1, "ann", PASSWORD)) == errors.DENIED
    assert await wire.refused(frames.Register(2, "ann", PASSWORD, "x" * 20)) == errors.BAD_INVITE


async def test_who_registers_first_on_an_open_server_is_no_administrator(serve: Serve) -> None:
    server = await serve("open")
    stranger = await server.connect()
    assert not (await stranger.register("eve", PASSWORD)).admin
    assert await stranger.refused(frames.Users(stranger.new_id)) == errors.DENIED
    named = await server.connect()
    await named.log_in("bob")
    await named.ask(frames.ChangePassword(named.new_id, PASSWORD), Result)
    assert await named.refused(frames.Users(named.new_id)) == errors.DENIED
    place = server.administration
    async with await Wire.connect(place.address) as operator:
        await operator.log_in("root", place.key)
        ann = await operator.ask(frames.AddUser(operator.new_id, "ann", PASSWORD), frames.UserResult)
        joe = await operator.ask(frames.AddUser(operator.new_id, "joe", PASSWORD), frames.UserResult)
    assert (ann.user.admin, joe.user.admin) == (True, False)


async def test_nobody_is_administrator_after_a_restart_who_was_none(serve: Serve) -> None:
    server = await serve("open")
    await registered(server, "eve")
    await server.stop()
    server = await serve("invite")
    back = await login(server, "eve", password=PASSWORD)
    code = await server.first_invite()
    owner = await server.connect()
    assert (back.admin, (await owner.register("ann", PASSWORD, code)).admin) == (False, True)


# --- passwords and devices


async def test_an_open_name_becomes_a_registered_one(server: RunningServer) -> None:
    wire, thief = await server.connect(), await server.connect()
    await wire.log_in("bob")
    stolen = await thief.log_in("bob")
    await wire.ask(frames.ChangePassword(wire.new_id, PASSWORD), Result)
    bye = await thief.ended()
    assert (bye.code, bye.reconnect) == (errors.LOGGED_OUT, False)
    assert await refused(server, "bob") == errors.BAD_LOGIN
    assert await refused(server, "bob", token=stolen.token) == errors.TOKEN_ENDED
    await login(server, "bob", password=PASSWORD)


async def test_a_new_password_ends_all_other_devices(server: RunningServer) -> None:
    wire = await server.connect()
    mine = await wire.register("ann", PASSWORD)
    second, third = await server.connect(), await server.connect()
    other = await second.log_in("ann", password=PASSWORD)
    await third.log_in("ann", token=mine.token)  # the same device
    assert await wire.refused(frames.ChangePassword(wire.new_id, OTHER)) == errors.BAD_LOGIN
    assert await wire.refused(frames.ChangePassword(wire.new_id, OTHER, OTHER)) == errors.BAD_LOGIN
    assert await wire.refused(frames.ChangePassword(wire.new_id, "short", PASSWORD)) == errors.BAD_PASSWORD
    await third.settled()
    await wire.ask(frames.ChangePassword(wire.new_id, OTHER, PASSWORD), Result)
    assert (await second.ended()).code == errors.LOGGED_OUT
    assert await third.settled() == []  # it lives
    assert await refused(server, "ann", token=other.token) == errors.TOKEN_ENDED
    assert await refused(server, "ann", password=PASSWORD) == errors.BAD_LOGIN
    await login(server, "ann", token=mine.token)
    await login(server, "ann", password=OTHER)


async def test_two_new_passwords_at_once_are_not_both_right(server: RunningServer) -> None:
    wires = [await registered(server), await server.connect()]
    await wires[1].log_in("ann", password=PASSWORD)
    for number, wire in enumerate(wires):
        wire.send(frames.ChangePassword(50, f"{OTHER} {number}", PASSWORD))
    await asyncio.gather(*(wire.answer(50) for wire in wires), return_exceptions=True)
    right = [number for number in (0, 1) if await _comes_in(server, "ann", password=f"{OTHER} {number}")]
    assert len(right) == 1


async def _comes_in(server: RunningServer, name: str, **given: str) -> bool:
    wire = await server.connect()
    await wire.hello()
    wire.send(frames.Login(1, name, **given))
    return isinstance(await wire.answer(1), frames.Ok)


async def test_devices_are_listed_to_their_owner(server: RunningServer) -> None:
    wire = await server.connect()
    mine = await wire.register("ann", PASSWORD)
    server.clock.seconds += 60
    phone = await server.connect()
    other = await phone.log_in("ann", password=PASSWORD)
    await server.enter("bob")
    listed = (await wire.ask(frames.Devices(9), frames.DevicesResult)).devices
    assert {(one.id, one.current, one.online) for one in listed} == {
        (mine.device, True, True),
        (other.device, False, True),
    }
    assert {one.client for one in listed} == {"tests"}
    (first,) = [one for one in listed if one.current]
    assert first.created == first.seen == server.clock.ms() - 60_000
    assert set(frames.DeviceInfo.__struct_fields__) == {
        "id",
        "client",
        "created",
        "seen",
        "online",
        "current",
    }
    await phone.close()
    await server.until(lambda: len(server.context.online_devices(server.context.state.users[mine.user])) == 1)
    listed = (await wire.ask(frames.Devices(10), frames.DevicesResult)).devices
    assert [(one.id, one.online) for one in listed] == [(mine.device, True), (other.device, False)]


async def test_a_device_that_is_ended_loses_its_connections_and_its_token(server: RunningServer) -> None:
    wire = await registered(server)
    phones = [await server.connect(), await server.connect()]
    other = await phones[0].log_in("ann", password=PASSWORD)
    await phones[1].log_in("ann", token=other.token)
    await wire.ask(frames.EndDevice(9, other.device), Result)
    for phone in phones:
        bye = await phone.ended()
        assert (bye.code, bye.reconnect) == (errors.LOGGED_OUT, False)
    assert await refused(server, "ann", token=other.token) == errors.TOKEN_ENDED
    assert await wire.refused(frames.EndDevice(10, other.device)) == errors.NOT_FOUND
    assert await wire.settled() == []


async def test_a_device_may_end_itself(server: RunningServer) -> None:
    wire = await server.connect()
    mine = await wire.register("ann", PASSWORD)
    wire.send(frames.EndDevice(9, mine.device))
    answer, bye = await wire.rest()
    assert isinstance(answer, frames.Ok)
    assert isinstance(bye, frames.Bye)
    assert bye.code == errors.LOGGED_OUT
    assert await refused(server, "ann", token=mine.token) == errors.TOKEN_ENDED


async def test_nobody_ends_the_device_of_another(server: RunningServer) -> None:
    wire = await server.connect()
    mine = await wire.register("ann", PASSWORD)
    bob = await server.enter("bob")
    assert await bob.refused(frames.EndDevice(9, mine.device)) == errors.NOT_FOUND
    assert await wire.settled() == []
    await login(server, "ann", token=mine.token)


async def test_logging_out_ends_the_token_and_every_connection_of_the_device(server: RunningServer) -> None:
    wire, second = await server.connect(), await server.connect()
    mine = await wire.register("ann", PASSWORD)
    await second.log_in("ann", token=mine.token)
    wire.send(frames.Logout(9), frames.Devices(10))
    come = await wire.rest()
    assert [frame.re for frame in come if isinstance(frame, frames.Ok)][-1] == 9
    assert isinstance(come[-1], frames.Bye)
    assert (await second.ended()).code == errors.LOGGED_OUT
    assert await refused(server, "ann", token=mine.token) == errors.TOKEN_ENDED


async def test_the_device_that_was_away_for_longest_makes_room(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DEVICES", 3)
    wire = await server.connect()
    stays = await wire.register("ann", PASSWORD)
    tokens = []
    for _ in range(3):
        server.clock.seconds += 1
        phone = await server.connect()
        tokens.append((await phone.log_in("ann", password=PASSWORD)).token)
        await phone.close()
        user = server.context.state.users[stays.user]
        await server.until(lambda user=user: server.context.online_devices(user) == {stays.device})  # type: ignore[misc]
    assert await refused(server, "ann", token=tokens[0]) == errors.TOKEN_ENDED
    await login(server, "ann", token=stays.token)
    for token in tokens[1:]:
        await login(server, "ann", token=token)
    assert await refused(server, "ann", password=PASSWORD) == errors.TOO_MANY  # all of them are there


async def test_when_a_device_was_there_is_kept_now_and_then(server: RunningServer) -> None:
    made = await login(server, "bob")
    device = server.context.state.users[made.user].devices[made.device]
    server.clock.seconds += 5 * 60
    await login(server, "bob", token=made.token)
    assert server.context.state.users[made.user].devices[made.device] == device
    server.clock.seconds += 6 * 60
    await login(server, "bob", token=made.token)
    await server.context.writer.drain()
    assert server.context.state.users[made.user].devices[made.device].seen == server.clock.ms()


# --- names


@pytest.mark.parametrize("name", ["aոn", "Ann", "ａｎｎ"])
async def test_nobody_takes_a_name_that_looks_like_anothers(server: RunningServer, name: str) -> None:
    await registered(server, "ann")
    bob = await server.enter("bob")
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Register(1, name, PASSWORD)) == errors.NAME_TAKEN
    taken = await wire.refused(frames.Login(2, name))
    assert taken in (errors.NAME_TAKEN, errors.BAD_LOGIN)
    assert await bob.refused(frames.Nick(3, name)) == errors.NAME_TAKEN


async def test_two_lookalikes_at_once_are_not_both_made(server: RunningServer) -> None:
    wires = [await server.connect() for _ in range(2)]
    for wire, name in zip(wires, ("scope", "ѕсоре"), strict=True):
        await wire.hello()
        wire.send(frames.Login(1, name))
    answers = [await wire.answer(1) for wire in wires]
    assert [type(answer) for answer in answers].count(frames.Ok) == 1


async def test_an_old_name_gives_its_looks_free(server: RunningServer) -> None:
    wire = await server.enter("scope")
    await wire.ask(frames.Nick(wire.new_id, "SCOPE"), frames.LoginResult)
    await wire.ask(frames.Nick(wire.new_id, "ann"), frames.LoginResult)
    await login(server, "ѕсоре")


@pytest.mark.parametrize("name", ["ǆon", "aا", "x\u00b7y", "Ⅷ"])
async def test_names_that_nobody_may_take_any_more_still_let_their_owners_in(
    server: RunningServer, name: str
) -> None:
    wire = await server.connect()
    await wire.hello()
    assert await wire.refused(frames.Login(1, name)) == errors.BAD_NAME
    assert await wire.refused(frames.Register(2, name, PASSWORD)) == errors.BAD_NAME
    if name == "x\u00b7y":
        return  # never was a name
    made = await login(server, "old")
    server.context.state.rename(server.context.state.users[made.user], name)  # as an older server let them
    assert (await login(server, name)).user == made.user
