"""Invitations to a server, and what its administrators do with its users, over real sockets."""

import asyncio
import os

import pytest

from protocol import errors, frames, limits
from protocol.frames import Request, Result
from tests.support.accounts import OTHER, PASSWORD, administrator, login, refused
from tests.support.inprocess import RunningServer
from tests.support.places import Serve
from tests.support.wire import Wire


async def administered(serve: Serve) -> tuple[RunningServer, Wire]:
    """A server where one needs an invitation, and its administrator."""
    server = await serve("invite")
    wire = await server.connect()
    await wire.register("ann", PASSWORD, await server.first_invite())
    return server, wire


async def invite(wire: Wire, **fields: object) -> frames.MakeInviteResult:
    return await wire.ask(frames.MakeInvite(wire.new_id, **fields), frames.MakeInviteResult)  # type: ignore[arg-type]


async def invites(wire: Wire) -> list[frames.InviteInfo]:
    return (await wire.ask(frames.Invites(wire.new_id), frames.InvitesResult)).invites


async def come(server: RunningServer, name: str, code: str) -> str:
    """Register on a connection of its own: why not?"""
    wire = await server.connect()
    await wire.hello()
    wire.send(frames.Register(1, name, PASSWORD, code))
    answer = await wire.answer(1)
    return answer.code if isinstance(answer, frames.Error) else ""


async def test_who_has_the_code_comes_in_so_often_and_into_the_room(serve: Serve) -> None:
    server, ann = await administered(serve)
    made = await invite(ann, uses=2, days=3, room="LUNCH")
    assert made.expires == server.clock.ms() + 3 * 24 * 60 * 60 * 1000
    assert len(made.code) == 20
    assert await come(server, "bob", made.code) == ""
    bob = server.context.state.user_called("bob")
    assert bob is not None
    assert (bob.rooms, bob.admin) == ({"#general", "#lunch"}, False)
    (left,) = await invites(ann)
    assert (left.id, left.by, left.uses, left.left, left.room) == (made.id, "ann", 2, 1, "#lunch")
    assert await come(server, "carl", made.code) == ""
    assert await come(server, "dora", made.code) == errors.BAD_INVITE
    assert await invites(ann) == []


async def test_who_wants_the_last_use_at_once_does_not_get_it_twice(serve: Serve) -> None:
    server, ann = await administered(serve)
    made = await invite(ann)
    come_in = await asyncio.gather(*(come(server, f"user{name}", made.code) for name in "abcd"))
    assert sorted(come_in) == ["", *[errors.BAD_INVITE] * 3]
    assert len(server.context.state.users) == 2


async def test_an_invitation_runs_out(serve: Serve) -> None:
    server, ann = await administered(serve)
    made = await invite(ann, days=1)
    server.clock.seconds += 24 * 60 * 60
    assert await come(server, "bob", made.code) == errors.BAD_INVITE
    assert await invites(ann) == []
    await invite(ann)
    assert made.id not in server.context.state.invites  # and goes, in time


async def test_an_invitation_can_be_ended(serve: Serve) -> None:
    server, ann = await administered(serve)
    made = await invite(ann, uses=5)
    await ann.ask(frames.EndInvite(ann.new_id, made.id), Result)
    assert await come(server, "bob", made.code) == errors.BAD_INVITE
    assert await ann.refused(frames.EndInvite(ann.new_id, made.id)) == errors.NOT_FOUND
    assert await ann.refused(frames.EndInvite(ann.new_id, made.code)) == errors.NOT_FOUND


async def test_a_name_that_is_taken_uses_nothing_up(serve: Serve) -> None:
    server, ann = await administered(serve)
    made = await invite(ann)
    assert await come(server, "ANN", made.code) == errors.NAME_TAKEN
    assert await come(server, "-", made.code) == errors.BAD_NAME
    assert await come(server, "bob", made.code) == ""


async def test_a_stranger_does_not_learn_who_is_there(serve: Serve) -> None:
    server, _ = await administered(serve)
    assert await come(server, "ann", "") == await come(server, "noone", "") == errors.BAD_INVITE
    assert await come(server, "ann", "x") == await come(server, "noone", "x") == errors.BAD_INVITE
    for name in ("ann", "noone", "nobody"):  # the last is a user of this computer, who has no account
        assert await refused(server, name) == errors.BAD_LOGIN


async def test_there_are_not_any_number_of_invitations(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INVITES", 2)
    _, ann = await administered(serve)
    made = [await invite(ann) for _ in range(2)]
    assert await ann.refused(frames.MakeInvite(ann.new_id)) == errors.TOO_MANY
    await ann.ask(frames.EndInvite(ann.new_id, made[0].id), Result)
    await invite(ann)


async def test_invitations_are_there_after_a_restart(serve: Serve) -> None:
    server, ann = await administered(serve)
    made = await invite(ann, room="#lunch", uses=3)
    before = await invites(ann)
    await server.stop()
    server = await serve("invite")
    again = await server.connect()
    await again.log_in("ann", password=PASSWORD)
    assert await invites(again) == before
    assert await come(server, "bob", made.code) == ""


async def test_on_an_open_server_an_invitation_still_leads_into_its_room(server: RunningServer) -> None:
    ann = await administrator(server)
    made = await invite(ann, room="#lunch")
    assert await come(server, "bob", "wrong") == errors.BAD_INVITE
    assert await come(server, "bob", made.code) == ""
    bob = server.context.state.user_called("bob")
    assert bob is not None
    assert "#lunch" in bob.rooms


# --- users


def info(name: str, user: int, **fields: object) -> dict[str, object]:
    usual = {"registered": True, "admin": False, "disabled": False, "online": False, "devices": 0, "seen": 0}
    return {"name": name, "user": user, **usual, **fields}


def plain(user: frames.UserInfo) -> dict[str, object]:
    return {name: getattr(user, name) for name in user.__struct_fields__}


async def change(wire: Wire, request: Request[frames.UserResult]) -> dict[str, object]:
    return plain((await wire.ask(request, frames.UserResult)).user)


async def test_an_administrator_makes_accounts_and_sets_passwords(serve: Serve) -> None:
    server, ann = await administered(serve)
    assert await change(ann, frames.AddUser(5, "Bob", PASSWORD)) == info("Bob", 2)
    bob = await server.connect()
    token = (await bob.log_in("bob", password=PASSWORD)).token
    listed = (await ann.ask(frames.Users(6), frames.UsersResult)).users
    now = server.clock.ms()
    assert [plain(user) for user in listed] == [
        info("ann", 1, admin=True, online=True, devices=1, seen=now),
        info("Bob", 2, online=True, devices=1, seen=now),
    ]
    assert (await change(ann, frames.SetPassword(7, "BOB", OTHER)))["devices"] == 0
    assert (await bob.ended()).code == errors.LOGGED_OUT
    assert await refused(server, "bob", token=token) == errors.TOKEN_ENDED
    await login(server, "bob", password=OTHER)


async def test_who_is_switched_off_is_out_until_switched_on_again(serve: Serve) -> None:
    server, ann = await administered(serve)
    await change(ann, frames.AddUser(5, "bob", PASSWORD))
    bob = await server.connect()
    token = (await bob.log_in("bob", password=PASSWORD)).token
    assert (await change(ann, frames.SetDisabled(6, "bob", disabled=True)))["disabled"]
    bye = await bob.ended()
    assert (bye.code, bye.reconnect) == (errors.DENIED, False)
    assert await refused(server, "bob", password=PASSWORD) == errors.DENIED
    assert await refused(server, "bob", token=token) == errors.DENIED
    assert await refused(server, "bob", password=OTHER) == errors.BAD_LOGIN  # tells nothing to others
    await change(ann, frames.SetDisabled(7, "bob", disabled=False))
    await login(server, "bob", token=token)


async def test_administrators_are_made_and_unmade(serve: Serve) -> None:
    server, ann = await administered(serve)
    await change(ann, frames.AddUser(5, "bob", PASSWORD))
    bob = await server.connect()
    assert not (await bob.log_in("bob", password=PASSWORD)).admin
    assert await bob.refused(frames.Users(1)) == errors.DENIED
    await change(ann, frames.SetAdmin(6, "bob", admin=True))
    await bob.ask(frames.Users(2), frames.UsersResult)
    await change(bob, frames.SetAdmin(3, "ann", admin=False))
    assert await ann.refused(frames.Users(7)) == errors.DENIED


async def test_the_last_administrator_stays_one_and_nobody_switches_themself_off(serve: Serve) -> None:
    server, ann = await administered(serve)
    assert await ann.refused(frames.SetAdmin(5, "ann", admin=False)) == errors.DENIED
    await change(ann, frames.AddUser(6, "bob", PASSWORD))
    await change(ann, frames.SetAdmin(7, "bob", admin=True))
    assert await ann.refused(frames.SetDisabled(8, "ann", disabled=True)) == errors.DENIED
    await change(ann, frames.SetDisabled(9, "bob", disabled=True))
    assert await ann.refused(frames.SetAdmin(10, "ann", admin=False)) == errors.DENIED  # bob may not come in
    await change(ann, frames.EndDevices(11, "ann"))
    assert (await ann.ended()).code == errors.LOGGED_OUT  # her own session, too
    assert server.context.state.users[1].admin


async def test_who_has_no_password_is_no_administrator(server: RunningServer) -> None:
    ann = await administrator(server)
    await server.enter("bob")
    assert await ann.refused(frames.SetAdmin(5, "bob", admin=True)) == errors.DENIED


async def test_an_administrator_logs_somebody_out_everywhere(serve: Serve) -> None:
    server, ann = await administered(serve)
    await change(ann, frames.AddUser(5, "bob", PASSWORD))
    phones = [await server.connect() for _ in range(2)]
    tokens = [(await phone.log_in("bob", password=PASSWORD)).token for phone in phones]
    assert (await change(ann, frames.EndDevices(6, "bob")))["devices"] == 0
    for phone, token in zip(phones, tokens, strict=True):
        assert (await phone.ended()).code == errors.LOGGED_OUT
        assert await refused(server, "bob", token=token) == errors.TOKEN_ENDED


@pytest.mark.parametrize(
    "request_",
    [
        frames.SetPassword(5, "nobody", PASSWORD),
        frames.SetAdmin(5, "nobody", admin=True),
        frames.SetDisabled(5, "nobody", disabled=True),
        frames.EndDevices(5, "nobody"),
    ],
    ids=lambda request: type(request).__name__,
)
async def test_nobody_is_told_so(serve: Serve, request_: Request[Result]) -> None:
    _, ann = await administered(serve)
    assert await ann.refused(request_) == errors.NO_SUCH_USER


async def test_what_an_administrator_does_is_written_down(serve: Serve) -> None:
    server, ann = await administered(serve)
    await change(ann, frames.AddUser(5, "bob", PASSWORD))
    await change(ann, frames.SetAdmin(6, "bob", admin=True))
    await refused(server, "bob", password=OTHER)
    await invite(ann, room="#lunch")
    await server.context.writer.drain()
    rows = server.context.log._reading.execute(  # type: ignore[attr-defined]
        "SELECT actor, action, target, room, detail FROM audit ORDER BY id"
    ).fetchall()
    assert [row[:3] for row in rows[1:5]] == [
        (0, "register", "ann"),
        (1, "register", "bob"),
        (1, "role", "bob"),
        (0, "login refused", "bob"),
    ]
    assert rows[3][4] == "admin=true disabled=false"
    assert rows[4][4] == f"password, from user {os.getuid()}"
    assert rows[5][1:4:2] == ("invite", "#lunch")


# --- the local administrator


async def test_where_the_administrator_comes_in_nobody_else_does(serve: Serve) -> None:
    server = await serve()
    async with await Wire.connect(server.administration.address) as wire:
        assert (await wire.hello()).auth == ["key"]
        assert await wire.refused(frames.Register(2, "eve", PASSWORD)) == errors.DENIED
        assert await wire.refused(frames.Users(3)) == errors.OUT_OF_ORDER
    for address in (server.address, server.private_address):  # and nowhere else is one the administrator
        async with await Wire.connect(address) as wire:
            await wire.log_in("eve")
            assert await wire.refused(frames.Users(3)) == errors.DENIED


async def test_the_local_administrator_is_no_user(serve: Serve) -> None:
    server = await serve()
    await server.enter("bob")
    async with await Wire.connect(server.administration.address) as wire:
        result = await wire.log_in("root", server.administration.key)
        assert (result.user, result.admin, result.token) == (0, True, "")
        for request in (
            frames.Sync(1), frames.Join(2, "#general"), frames.Send(3, "#general", "c", b""),
            frames.Nick(4, "x"), frames.ChangePassword(5, PASSWORD), frames.Logout(6), frames.Devices(7),
            frames.Online(8), frames.History(9, "#general"), frames.Read(10, "#general", 1),
            frames.Invite(11, "#general", "bob"), frames.Create(11, "#a"), frames.Kick(11, "#general", "bob"),
        ):  # fmt: skip
            assert await wire.refused(request) == errors.DENIED
        assert (await wire.ask(frames.Users(12), frames.UsersResult)).total == 1
