"""Whatever is done to people, rooms and accounts is on record: by whom, to whom, where."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from common import sockets
from protocol import errors, frames
from server.store.base import AuditFilter
from server.store.sqlite import FILE_NAME
from tests.support.accounts import OTHER, PASSWORD, administrator
from tests.support.cast import ROOM, do, refused
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire

ANN, BOB, NOBODY = 1, 2, 0


def asked(*values: Any, **fields: Any) -> Callable[[Wire], Awaitable[object]]:
    return lambda wire: do(wire, *values, **fields)


BY_ANN: list[tuple[Callable[[Wire], Awaitable[object]], tuple[str, str, str, str]]] = [
    (asked(frames.Topic, ROOM, "what nobody else shall read"), ("topic", "", ROOM, "")),
    (asked(frames.Role, ROOM, "bob", frames.MODERATOR), ("role", "bob", ROOM, "moderator")),
    (
        asked(frames.Mute, ROOM, "bob", 120, "breathe"),
        ("mute", "bob", ROOM, "until 1970-01-12 13:48 UTC: breathe"),
    ),
    (asked(frames.Unmute, ROOM, "bob"), ("unmute", "bob", ROOM, "")),
    (asked(frames.Kick, ROOM, "bob", "bye"), ("kick", "bob", ROOM, "bye")),
    (asked(frames.Ban, ROOM, "bob"), ("ban", "bob", ROOM, "")),
    (asked(frames.Unban, ROOM, "bob"), ("unban", "bob", ROOM, "")),
    (asked(frames.Visibility, ROOM, private=True), ("private", "", ROOM, "")),
    (asked(frames.Visibility, ROOM, private=False), ("public", "", ROOM, "")),
    (asked(frames.Invite, ROOM, "bob"), ("invite", "bob", ROOM, "")),
    (asked(frames.DeleteRoom, ROOM), ("delete room", "", ROOM, "13 events")),
    (asked(frames.MakeRoom, "#new", owner="bob"), ("make room", "bob", "#new", "")),
    (asked(frames.ServerBan, address="192.0.2.7"), ("server ban", "192.0.2.7/32", "", "")),
    (asked(frames.ServerUnban, address="192.0.2.7"), ("server unban", "192.0.2.7/32", "", "")),
    (asked(frames.AddUser, "cy", PASSWORD), ("register", "cy", "", "")),
    (asked(frames.SetPassword, "cy", OTHER), ("password", "cy", "", "")),
    (asked(frames.SetAdmin, "cy", admin=True), ("role", "cy", "", "admin=true disabled=false")),
    (asked(frames.SetDisabled, "cy", disabled=True), ("role", "cy", "", "admin=true disabled=true")),
    (asked(frames.EndDevices, "cy"), ("logout", "cy", "", "")),
    (asked(frames.ChangePassword, OTHER, PASSWORD), ("password", "ann", "", "")),
]


def stored(data: Path) -> bytes:
    return b"".join(path.read_bytes() for path in data.glob(f"{FILE_NAME}*"))


async def newest(server: RunningServer) -> tuple[int, int, tuple[str, str, str, str]]:
    await server.context.writer.drain()
    ((number, one),) = server.context.log.audit(AuditFilter(), 1)
    return number, one.actor, (one.action, one.target, one.room, one.detail)


async def test_all_of_it_is_on_record(server: RunningServer) -> None:
    """One record each, in the order in which it was done."""
    ann, bob = await administrator(server), await server.connect()
    await ann.join(ROOM)
    await ann.sync()
    await bob.enter("bob", ROOM)
    (count, _, _) = await newest(server)
    for act, recorded in BY_ANN:
        await act(ann)
        assert await newest(server) == (count := count + 1, ANN, recorded)
    assert (
        await refused(bob, frames.DeleteRoom, "#general") == errors.DENIED
    )  # what was not done is not there
    assert (await newest(server))[0] == count


async def test_logins_that_are_refused_are_on_record(server: RunningServer) -> None:
    ann, bob = await administrator(server), await server.connect()
    await bob.register("bob", PASSWORD)
    await do(ann, frames.SetDisabled, "bob", disabled=True)
    for password, code, why in (
        (OTHER, errors.BAD_LOGIN, f"password, from user {sockets.own_user()}"),
        (PASSWORD, errors.DENIED, f"switched off, from user {sockets.own_user()}"),
    ):
        async with await Wire.connect(server.private_address) as wire:
            await wire.hello()
            assert await refused(wire, frames.Login, "bob", password=password) == code
        assert (await newest(server))[1:] == (NOBODY, ("login refused", "bob", "", why))
    secrets = (PASSWORD.encode(), OTHER.encode())
    assert [secret for secret in secrets if secret in stored(server.data)] == []


async def test_an_administrator_reads_the_record_in_pages(server: RunningServer) -> None:
    ann, bob = await administrator(server), await server.connect()
    await bob.enter("bob")
    for number in range(3):
        await do(ann, frames.Topic, "#general", f"{number}")
    first = await do(ann, frames.Audit, room="#general", limit=2)
    assert ([one.by for one in first.records], first.complete) == (["ann", "ann"], False)
    rest = await do(ann, frames.Audit, room="#general", limit=2, before=first.records[0].n)
    assert ([one.n for one in rest.records], rest.complete) == ([first.records[0].n - 1], True)
    now = server.clock.ms()
    assert (await do(ann, frames.Audit, since=now + 1)).records == []
    for request in (frames.Audit, frames.RoomDetails, frames.MakeRoom):
        values = ("#general",) if request is not frames.Audit else ()
        assert await refused(bob, request, *values) == errors.DENIED
