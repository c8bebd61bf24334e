"""What one member and one address may have stored, over real sockets, each bound filled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from chat_tui.client.errors import RequestError
from chat_tui.client.reads import ReadMarkers
from protocol import errors, frames
from server.auth.credentials import Registration
from server.config import Address, Config, Limits, Metrics
from server.config.retention import Age, Retention
from server.delivery.retention import prune
from server.limits.quotas import COSTS, DISK_RETRY_MS
from server.store.base import AuditFilter
from tests.integration.test_server import EVERY_REQUEST
from tests.support.cast import do, refused
from tests.support.http import fetch
from tests.support.inprocess import RunningServer


@asynccontextmanager
async def serving(
    data: Path, limits: Limits, registration: Registration | None = None
) -> AsyncIterator[RunningServer]:
    """A server that allows this much."""
    server = RunningServer(data, limits, registration=registration)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_a_user_makes_so_many_rooms_that_stay(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(rooms_per_user=3)) as server:
        await server.enter("eve")  # who made #general
        ann, bob = await server.enter("ann"), await server.enter("bob")
        for number in range(3):
            await do(ann, frames.Create, f"#a{number}")
            await do(ann, frames.Leave, f"#a{number}")
        assert await refused(ann, frames.Create, "#a3") == errors.TOO_MANY
        assert await refused(ann, frames.Join, "#a3") == errors.TOO_MANY
        assert "#a3" not in server.context.state.rooms
        assert server.context.log.load().users[2].made == 3, "a restart forgets nothing"
        await do(bob, frames.Join, "#a0")
        await do(ann, frames.Join, "#a0")
        await do(bob, frames.DeleteRoom, "#a0")
        await do(ann, frames.Create, "#a3")
        server.context.state.users[2].admin = True
        await do(ann, frames.Create, "#a4")


async def test_no_pipeline_gets_past_what_rooms_there_may_be(tmp_path: Path) -> None:
    """Of requests that come in one piece each sees what those before it have made."""
    for limits in (Limits(rooms_per_user=3, changes_at_once=1000), Limits(rooms=4, changes_at_once=1000)):
        async with serving(tmp_path / str(limits.rooms), limits) as server:
            await server.enter("eve")  # who made #general
            ann = await server.enter("ann")
            kinds = (frames.Create, frames.Join)
            requests = [kinds[number % 2](ann.new_id, f"#a{number}") for number in range(8)]
            ann.send(*requests)
            answers = [await ann.answer(request.id) for request in requests]
            assert [answer.code for answer in answers if isinstance(answer, frames.Error)] == [
                errors.TOO_MANY
            ] * 5
            assert len(server.context.state.rooms) == 4


async def test_a_user_makes_so_many_rooms_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(changes_at_once=22)) as server:
        ann = await server.enter("ann")
        await do(ann, frames.Create, "#a")
        await do(ann, frames.Join, "#b")
        assert await refused(ann, frames.Join, "#c") == errors.RATE_LIMITED
        server.clock.seconds += 12
        await do(ann, frames.Join, "#c")


async def test_a_user_opens_so_many_direct_rooms_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(changes_at_once=20)) as server:
        others = [f"user{number}" for number in range(5)]
        for name in others:
            await server.enter(name)
        ann = await server.enter("ann")
        for name in others[:4]:
            await do(ann, frames.Dm, name)
        assert await refused(ann, frames.Dm, others[4]) == errors.RATE_LIMITED
        await do(ann, frames.Dm, others[0])  # it is there
        server.clock.seconds += 5
        await do(ann, frames.Dm, others[4])


async def test_a_server_takes_so_many_rooms_and_accounts(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(rooms=2, users=2)) as server:
        ann, _ = await server.enter("ann", "#a"), await server.enter("bob")
        assert await refused(ann, frames.Create, "#b") == errors.TOO_MANY
        assert await refused(ann, frames.Dm, "bob") == errors.TOO_MANY
        wire = await server.connect()
        await wire.hello()
        assert await wire.refused(frames.Login(1, "carl")) == errors.TOO_MANY
        assert await wire.refused(frames.Register(2, "carl", "a long password")) == errors.TOO_MANY
        server.context.state.users[1].admin = True
        await do(ann, frames.Dm, "bob")


async def test_an_address_makes_so_many_accounts_an_hour(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(users_per_address=2)) as server:
        await server.enter("ann")
        wire = await server.connect()
        await wire.hello()
        assert await wire.refused(frames.Register(1, "ann", "a long password")) == errors.NAME_TAKEN
        await wire.ask(frames.Login(2, "bob"), frames.LoginResult)
        late = await server.connect()
        await late.hello()
        late.send(frames.Login(1, "carl"))
        answer = await late.answer(1)
        assert isinstance(answer, frames.Error)
        assert (answer.code, answer.retry_after) == (errors.RATE_LIMITED, 1_800_001)
        assert answer.text == "2 accounts were made from your address within an hour: try again in 1,800 s"
        assert await late.refused(frames.Register(2, "carl", "a long password")) == errors.RATE_LIMITED
        await server.enter("ann")  # who has one comes in
        server.clock.seconds += 1801
        await server.enter("carl")


async def test_invitations_are_counted_by_themselves(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits(users_per_address=1), "invite") as server:
        wire = await server.connect()
        await wire.hello()
        code = await server.first_invite()
        await wire.ask(frames.Register(1, "ada", "a long password", code), frames.LoginResult)
        await wire.sync()
        code = (await wire.ask(frames.MakeInvite(50, uses=2), frames.MakeInviteResult)).code
        for name in ("ann", "bob"):
            guest = await server.connect()
            await guest.hello()
            await guest.ask(frames.Register(1, name, "a long password", code), frames.LoginResult)


async def test_a_new_name_in_many_rooms_comes_seldom(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits()) as server:
        ann = await server.enter("ann")
        names = ["ann1", "ann2", "ann3"]
        for name in names:
            await do(ann, frames.Nick, name)
        assert await refused(ann, frames.Nick, "ann4") == errors.RATE_LIMITED
        await ann.tell("#general", "messages are counted apart")


async def test_a_client_repeats_read_markers_that_came_too_fast() -> None:
    asked: list[frames.Read] = []

    async def ask(read: frames.Read) -> frames.Result:
        asked.append(read)
        if len(asked) == 1:
            raise RequestError(errors.RATE_LIMITED, "too fast", retry_after=1)
        return frames.Result()

    markers = ReadMarkers(ask, lambda work: work.close())
    markers.put("#a", 7)
    await markers.send()
    assert [(read.room, read.seq) for read in asked] == [("#a", 7)] * 2


async def test_with_little_room_on_the_disk_only_administrators_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "data"
    server = RunningServer(data, Limits(), Metrics(listen=Address("127.0.0.1", 0)))
    await server.start()
    try:
        disk = server.context.quotas.disk
        assert disk is not None
        ada, ann = await server.enter("ada"), await server.enter("ann", "#a")
        seq = (await ann.tell("#a", "before")).seq
        server.context.state.users[1].admin = True
        ready = await fetch(server.monitor, "/readyz")
        assert ready.status == 200

        disk.floor = 2**60
        server.context.housekeeping()
        await server.until(lambda: disk.low)
        ann.send(send := ann.say("#a", "now"))
        answer = await ann.answer(send.id)
        assert isinstance(answer, frames.Error)
        assert (answer.code, answer.retry_after) == (errors.STORAGE, DISK_RETRY_MS)
        assert "disk is nearly full" in answer.text
        for request in EVERY_REQUEST.values():
            if type(request) in COSTS and not COSTS[type(request)].frees:
                number = ann.new_id
                assert await ann.refused(msgspec.structs.replace(request, id=number)) == errors.STORAGE
        await ann.ask(frames.History(ann.new_id, "#a"), frames.HistoryResult)
        await ann.ask(frames.Send(ann.new_id, "#a", "gone", b"", frames.DELETE, seq), frames.SendResult)
        await do(ann, frames.Leave, "#general")
        await do(ann, frames.DeleteRoom, "#a")
        stranger = await server.connect()
        await stranger.hello()
        assert await stranger.refused(frames.Login(1, "carl")) == errors.STORAGE
        await ada.tell("#general", "an administrator")
        ready = await fetch(server.monitor, "/readyz")
        assert (ready.status, ready.body) == (503, "not ready: the disk is nearly full\n")
        assert "chat_disk_low 1.0" in (await fetch(server.monitor, "/metrics")).body

        disk.floor = 1
        server.clock.seconds += 6
        server.context.housekeeping()
        await server.until(lambda: not disk.low)
        await do(ann, frames.Join, "#general")
    finally:
        await server.stop()
    told = [record.getMessage() for record in caplog.records if record.name == "server.limits.disk_space"]
    assert told == [
        "the disk is nearly full: only administrators can store anything",
        "there is room on the disk again",
    ]


async def test_the_audit_is_kept_for_a_while(tmp_path: Path) -> None:
    async with serving(tmp_path, Limits()) as server:
        ann = await server.enter("ann", "#a")
        for number in range(3):
            await do(ann, frames.Topic, "#a", f"topic {number}")
        server.clock.seconds += 40 * 86_400
        ann = await server.enter("ann")
        await do(ann, frames.Topic, "#a", "the last one")
        assert len(server.context.log.audit(AuditFilter(action="topic"), 10)) == 4
        assert await prune(server.context, Retention(audit=30 * 86_400)) == 0
        (kept,) = server.context.log.audit(AuditFilter(action="topic"), 10)
        assert kept.audit.time == server.clock.ms()
        assert not Config(audit_retention=Age("1y")).kept.forever
        assert Config(audit_retention=Age("forever")).kept.forever
