"""The one writer: what waits goes in one batch, in order; what fails is told to everybody in it."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest

from protocol import errors, frames, limits
from protocol.frames import Event, Result
from server.delivery import writer
from server.delivery.writer import BATCH_BYTES, CHANGE_COST, SHARE, Writer
from server.errors import RefusedError, StorageError
from server.features.account_data.operations import SetLevelOperation
from server.features.accounts.operations import RenameUserOperation
from server.features.login.operations import (
    LoggedIn,
    LoginByNameOperation,
)
from server.features.messages.operations import (
    MarkReadOperation,
    SendMessageOperation,
)
from server.features.moderation.operations import (
    BanOperation,
    KickOperation,
    MuteOperation,
    SetRoomRoleOperation,
    UnmuteOperation,
)
from server.features.rooms.operations import (
    DeleteRoomOperation,
    JoinRoomOperation,
    LeaveRoomOperation,
    SetTopicOperation,
    SetVisibilityOperation,
)
from server.state.entries import Draft, Entry, StoredReadMarker
from server.state.model import SERVER_LOG, State, User
from server.state.operation import DONE, NEWCOMERS, SERVER, Operation, Plan
from server.store.memory import MemoryLog
from tests.support.waiting import SECONDS


class SlowLog(MemoryLog):
    """The log in memory, as a disk that can be slow or full. `batches` is what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Sequence[Entry]] = []
        self.full = False
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def append(self, batch: Sequence[Entry]) -> list[Event | None]:
        self.batches.append(batch)
        self.begun.set()
        assert self.go_on.wait(SECONDS)
        if self.full:
            raise StorageError("the disk is full")
        return super().append(batch)


class WriterHarness:
    """Hands in operations as sessions do, and keeps what is answered, in order."""

    def __init__(self) -> None:
        self.log = SlowLog()
        self.state = State()
        self.published: list[list[Event]] = []
        self.answers: dict[int, Result | str] = {}
        self.writer = Writer(self.log, self.state, self._publish, lambda: 1000)
        self._id = 0

    def _publish(self, events: list[Event]) -> None:
        self.published.append([event for event in events if event.room != SERVER_LOG])

    def submit(self, kind: type[Any], who: User, **fields: Any) -> int:
        """Submit the operation; gives the id under which its answer will stand."""
        self._id += 1
        if kind is JoinRoomOperation:
            fields["born"] = "born"
        self.writer.submit(kind(who.id, **fields), partial(self._put, self._id))
        return self._id

    def make_user(self, name: str) -> int:
        self._id += 1
        number = self._id
        operation = LoginByNameOperation(NEWCOMERS, name, None, frozenset())
        self.writer.submit(operation, partial(self._put, number))
        return number

    def user(self, name: str) -> User:
        user = self.state.user_called(name)
        assert user is not None
        return user

    async def result(self, number: int) -> Result | str:
        """The answer: a result, or the code of an error."""
        await self.drain()
        return self.answers[number]

    async def drain(self) -> None:
        async with asyncio.timeout(SECONDS):
            await self.writer.drain()

    async def users(self, *names: str) -> list[User]:
        for name in names:
            self.make_user(name)
        await self.drain()
        self.log.batches.clear()
        self.published.clear()
        return [self.user(name) for name in names]

    async def stall(self, who: User) -> int:
        """Submit a join, and come back while its commit is under way."""
        self.log.begun.clear()
        self.log.go_on.clear()
        number = self.submit(JoinRoomOperation, who, room="#stall")
        async with asyncio.timeout(SECONDS):
            await asyncio.to_thread(self.log.begun.wait)
        return number

    def _put(self, number: int, outcome: Result | RefusedError) -> None:
        assert number not in self.answers, "answered twice"
        self.answers[number] = outcome.code if isinstance(outcome, RefusedError) else outcome


@pytest.fixture
async def desk() -> AsyncIterator[WriterHarness]:
    desk = WriterHarness()
    yield desk
    desk.log.go_on.set()
    async with asyncio.timeout(SECONDS):
        await desk.writer.close()


def send(desk: WriterHarness, who: User, room: str, cid: str, body: bytes = b"x") -> int:
    return desk.submit(SendMessageOperation, who, room=room, cid=cid, body=body)


async def in_room(desk: WriterHarness, *names: str) -> list[User]:
    users = await desk.users(*names)
    for who in users:
        desk.submit(JoinRoomOperation, who, room="#a")
    await desk.drain()
    desk.log.batches.clear()
    desk.published.clear()
    return users


async def test_what_comes_in_one_tick_is_one_commit(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    numbers = [send(desk, who, "#a", f"c{n}") for n in range(50) for who in (ann, bob)]
    await desk.drain()
    assert [len(batch) for batch in desk.log.batches] == [100]
    assert [len(events) for events in desk.published] == [100]
    results = [desk.answers[number] for number in numbers]
    assert results == [frames.SendResult(seq, 1000) for seq in range(4, 104)]


async def test_what_comes_during_a_commit_is_the_next_one(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    await desk.stall(bob)
    for n in range(30):
        send(desk, ann, "#a", f"c{n}")
        await asyncio.sleep(0)  # each in a tick of its own
    assert len(desk.log.batches) == 1
    desk.log.go_on.set()
    await desk.drain()
    assert [len(batch) for batch in desk.log.batches][1:] == [30]


async def test_long_messages_make_short_batches(desk: WriterHarness) -> None:
    (ann,) = await in_room(desk, "ann")
    body = b"x" * limits.BODY
    for number in range(100):
        send(desk, ann, "#a", f"c{number}", body)
    await desk.drain()
    sizes = [sum(len(event.body) for event in batch) for batch in desk.published]
    assert sum(sizes) == 100 * limits.BODY
    assert max(sizes) < BATCH_BYTES + limits.BODY


async def test_nobody_is_answered_or_told_before_it_is_stored(desk: WriterHarness) -> None:
    (ann,) = await in_room(desk, "ann")
    number = await desk.stall(ann)
    for _ in range(5):
        await asyncio.sleep(0)
    assert number not in desk.answers
    assert desk.published == []
    assert "#stall" not in desk.state.rooms
    desk.log.go_on.set()
    assert await desk.result(number) == Result()
    assert desk.state.rooms["#stall"].members == {ann.id: frames.OWNER}


async def test_order_is_kept(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    for n in range(20):
        send(desk, (ann, bob)[n % 2], "#a", f"c{n}", str(n).encode())
        if n % 7 == 0:
            desk.submit(SetTopicOperation, ann, room="#a", topic=str(n))
        if n % 5 == 0:
            await asyncio.sleep(0)
    await desk.drain()
    published = [event for events in desk.published for event in events]
    assert [event.seq for event in published] == list(range(4, 4 + len(published)))
    for who, first in ((ann, 0), (bob, 1)):
        said = [event.body for event in published if (event.kind, event.user) == (frames.MESSAGE, who.id)]
        assert said == [b"%d" % n for n in range(first, 20, 2)]
    assert published == desk.log.read("#a", after=3, limit=1000, size=10**9)


async def test_two_who_take_one_name_at_once(desk: WriterHarness) -> None:
    ann, bob = await desk.users("ann", "bob")
    first = desk.submit(RenameUserOperation, ann, name="Zoe")
    second = desk.submit(RenameUserOperation, bob, name="zoe")
    assert await desk.result(first) == frames.LoginResult(ann.id, "Zoe")
    assert await desk.result(second) == errors.NAME_TAKEN
    assert desk.user("zoe") is ann
    assert bob.name == "bob"


async def test_two_new_users_of_one_name_at_once_are_one(desk: WriterHarness) -> None:
    first, second = desk.make_user("Ann"), desk.make_user("ann")
    assert [await desk.result(number) for number in (first, second)] == [LoggedIn(1), LoggedIn(1)]
    assert [user.name for user in desk.state.users.values()] == ["Ann"]


async def test_a_new_user_and_one_who_takes_the_name_at_once(desk: WriterHarness) -> None:
    (ann,) = await desk.users("ann")
    made = desk.make_user("zoe")
    taken = desk.submit(RenameUserOperation, ann, name="ZOE")
    assert isinstance(await desk.result(made), LoggedIn)
    assert await desk.result(taken) == errors.NAME_TAKEN


async def test_a_login_that_waits_while_its_name_goes_harms_nobody(desk: WriterHarness) -> None:
    """A user renames themself in the batch in which another login under the old name is planned."""
    (ann,) = await in_room(desk, "ann")
    made = desk.make_user("ann")
    renamed = desk.submit(RenameUserOperation, ann, name="zoe")
    sent = send(desk, ann, "#a", "c1")
    assert isinstance(await desk.result(made), LoggedIn)
    assert await desk.result(renamed) == frames.LoginResult(ann.id, "zoe")
    assert isinstance(await desk.result(sent), frames.SendResult)
    come = desk.make_user("zoe")
    desk.submit(RenameUserOperation, ann, name="eve")
    await desk.drain()
    assert desk.answers[come] == LoggedIn(ann.id)


async def test_two_who_make_one_room_at_once(desk: WriterHarness) -> None:
    ann, bob = await desk.users("ann", "bob")
    for who in (ann, bob):
        desk.submit(JoinRoomOperation, who, room="#new")
    await desk.drain()
    kinds = [(event.kind, event.user) for events in desk.published for event in events]
    assert kinds == [(frames.CREATE, ann.id), (frames.JOIN, ann.id), (frames.JOIN, bob.id)]
    assert desk.state.rooms["#new"].members == {ann.id: frames.OWNER, bob.id: frames.MEMBER}


async def test_many_join_one_room_in_one_commit(desk: WriterHarness) -> None:
    users = await desk.users(*(f"user{n}" for n in range(20)))
    desk.submit(JoinRoomOperation, users[0], room="#new")
    await desk.drain()
    desk.log.batches.clear()
    for who in users[1:]:
        desk.submit(JoinRoomOperation, who, room="#new")
    await desk.drain()
    assert len(desk.log.batches) == 1


async def test_join_send_read_topic_leave_without_waiting(desk: WriterHarness) -> None:
    (ann,) = await desk.users("ann")
    numbers = [
        desk.submit(JoinRoomOperation, ann, room="#a"),
        send(desk, ann, "#a", "c1"),
        desk.submit(MarkReadOperation, ann, room="#a", seq=3),
        desk.submit(SetTopicOperation, ann, room="#a", topic="t"),
        desk.submit(LeaveRoomOperation, ann, room="#a"),
        send(desk, ann, "#a", "c2"),
        desk.submit(MarkReadOperation, ann, room="#a", seq=4),
    ]
    answers = [await desk.result(number) for number in numbers]
    assert answers == [
        Result(), frames.SendResult(3, 1000), Result(), Result(), Result(),
        errors.NOT_A_MEMBER, errors.NOT_A_MEMBER,
    ]  # fmt: skip
    assert ann.reads == {}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (JoinRoomOperation, {"room": "#b"}),
        (LeaveRoomOperation, {"room": "#a"}),
        (SetTopicOperation, {"room": "#a", "topic": "t"}),
        (SendMessageOperation, {"room": "#a", "cid": "c1", "body": b"x"}),
    ],
)
async def test_what_follows_a_nick_bears_the_new_name(
    desk: WriterHarness, kind: type[Any], fields: dict[str, Any]
) -> None:
    """Else the members would see somebody go, or talk, whom they know by another name."""
    (ann,) = await in_room(desk, "ann")
    desk.submit(RenameUserOperation, ann, name="zoe")
    desk.submit(kind, ann, **fields)
    await desk.drain()
    first, *rest = [event for events in desk.published for event in events]
    assert (first.kind, first.sender) == (frames.NICK, "ann")
    assert rest
    assert {event.sender for event in rest} == {"zoe"}


async def test_a_nick_right_behind_a_join_is_told_in_that_room_too(desk: WriterHarness) -> None:
    (ann,) = await in_room(desk, "ann")
    desk.submit(JoinRoomOperation, ann, room="#b")
    desk.submit(RenameUserOperation, ann, name="zoe")
    await desk.drain()
    told = [(event.room, event.kind, event.sender) for events in desk.published for event in events]
    assert ("#b", frames.NICK, "ann") in told


async def test_so_much_waits_in_sum_and_who_has_most_comes_again(
    desk: WriterHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By count and by bytes; who has little waiting is not refused, and everything is answered once."""
    monkeypatch.setattr(writer, "WAITING_BYTES", 400 * 1024)
    ann, bob, eve = await in_room(desk, "ann", "bob", "eve")
    await desk.stall(ann)
    few = [send(desk, ann, "#a", f"ann{n}", b"x") for n in range(10)]
    many = [send(desk, eve, "#a", f"eve{n}", b"x") for n in range(1000)]
    long = [send(desk, bob, "#a", f"bob{n}", bytes(16_000)) for n in range(100)]
    waiting = [one for line in desk.writer._waiting._lines.values() for one in line]
    held = sum(operation.size for operation, _ in waiting)
    assert 300 * 1024 <= held == desk.writer._waiting_bytes <= 400 * 1024
    few += [send(desk, ann, "#a", f"more{n}", b"x") for n in range(10)]
    desk.log.go_on.set()
    await desk.drain()
    assert errors.RATE_LIMITED not in [desk.answers[number] for number in few]
    for numbers in (many, long):
        stored = [desk.answers[number] != errors.RATE_LIMITED for number in numbers]
        assert stored[0], "what came first of each stays"
        assert not all(stored)
    assert desk.answers.keys() >= {*few, *many, *long}, "each has its answer"
    assert desk.writer._waiting_bytes == desk.writer.waiting == 0


async def test_no_pipeline_gets_past_the_limit_of_rooms(desk: WriterHarness) -> None:
    (ann,) = await desk.users("ann")
    numbers = [desk.submit(JoinRoomOperation, ann, room=f"#room{n}") for n in range(limits.ROOMS + 3)]
    await desk.drain()
    answers = [desk.answers[number] for number in numbers]
    assert answers == [Result()] * limits.ROOMS + [errors.TOO_MANY] * 3
    assert len(ann.rooms) == limits.ROOMS


async def test_a_cid_stands_for_one_message(desk: WriterHarness) -> None:
    (ann,) = await in_room(desk, "ann")
    first, again, other = (send(desk, ann, "#a", "c1", body) for body in (b"one", b"one", b"two"))
    assert await desk.result(first) == frames.SendResult(3, 1000)
    assert await desk.result(again) == frames.SendResult(3, 1000, dup=True)
    assert await desk.result(other) == errors.CID_REUSED
    assert [event.body for events in desk.published for event in events] == [b"one"]


async def test_what_changes_nothing_stores_nothing(desk: WriterHarness) -> None:
    (ann,) = await in_room(desk, "ann")
    desk.submit(SetTopicOperation, ann, room="#a", topic="")
    desk.submit(JoinRoomOperation, ann, room="#a")
    desk.submit(RenameUserOperation, ann, name="ann")
    desk.submit(MarkReadOperation, ann, room="#a", seq=0)
    await desk.drain()
    assert desk.log.batches == []
    assert list(desk.answers.values())[-4:] == [
        Result(),
        Result(),
        frames.LoginResult(ann.id, "ann"),
        Result(),
    ]


async def test_a_marker_rises_no_further_than_the_head(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    for seq in (2, 1, 2**53, 3):
        desk.submit(MarkReadOperation, ann, room="#a", seq=seq)
        await desk.drain()
    assert ann.reads == {"#a": 3}
    assert desk.log.batches == [[StoredReadMarker("#a", ann.id, 3)]]  # its join had marked 2 already
    assert bob.reads == {"#a": 3}


async def test_a_disk_that_fails_is_told_to_every_sender_and_it_goes_on(
    desk: WriterHarness, caplog: pytest.LogCaptureFixture
) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    desk.log.full = True
    numbers = [
        send(desk, ann, "#a", "c1"),
        send(desk, bob, "#a", "c2"),
        desk.submit(SetTopicOperation, ann, room="#a", topic="t"),
        desk.make_user("zoe"),
    ]
    with caplog.at_level(logging.CRITICAL, "server.delivery.writer"):
        answers = [await desk.result(number) for number in numbers]
    assert answers == [errors.STORAGE] * 4
    assert desk.published == []
    assert desk.state.rooms["#a"].topic == ""
    assert desk.state.user_called("zoe") is None
    desk.log.full = False
    again = send(desk, ann, "#a", "c1")
    assert await desk.result(again) == frames.SendResult(4, 1000)


class Clumsy(Operation[Result], frozen=True):
    """An operation with a bug."""

    where: str

    def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002
        if self.where == "plan":
            raise ZeroDivisionError
        return Plan((), DONE)

    def result(self, planned: Result, stored: Sequence[Event | None]) -> Result:  # noqa: ARG002
        raise ZeroDivisionError


@pytest.mark.parametrize("where", ["plan", "result"])
@pytest.mark.parametrize("alone", [True, False])
async def test_a_bug_in_one_operation_is_nobody_elses(
    desk: WriterHarness, caplog: pytest.LogCaptureFixture, where: str, *, alone: bool
) -> None:
    (ann,) = await in_room(desk, "ann")
    outcomes: list[Result | RefusedError] = []
    with caplog.at_level(logging.CRITICAL, "server.delivery.writer"):
        desk.writer.submit(Clumsy(SERVER, where=where), outcomes.append)
        if alone:
            await desk.drain()
        sent = send(desk, ann, "#a", "c1")
        assert await desk.result(sent) == frames.SendResult(3, 1000)
    assert [getattr(outcome, "code", "") for outcome in outcomes] == [errors.INTERNAL]


# --- who may do what, in one batch


def about(desk: WriterHarness, kind: type[Any], who: User, other: User, **fields: Any) -> int:
    """Submit an operation of one user on another."""
    return desk.submit(kind, who, other=other.id, **fields)


async def test_a_send_behind_a_kick_is_refused(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    numbers = [
        send(desk, bob, "#a", "c1"),
        about(desk, KickOperation, ann, bob, room="#a"),
        send(desk, bob, "#a", "c2"),
    ]
    await desk.drain()
    numbers += [
        desk.submit(JoinRoomOperation, bob, room="#a"),
        about(desk, MuteOperation, ann, bob, room="#a"),
        send(desk, bob, "#a", "c3"),
    ]
    await desk.drain()
    numbers += [
        about(desk, BanOperation, ann, bob, room="#a"),
        desk.submit(JoinRoomOperation, bob, room="#a"),
    ]
    assert len(desk.log.batches) == 2
    answers = [await desk.result(number) for number in numbers]
    assert answers == [
        frames.SendResult(4, 1000), Result(), errors.NOT_A_MEMBER, Result(), Result(), errors.DENIED,
        Result(), errors.DENIED,
    ]  # fmt: skip


async def test_who_lost_a_role_in_the_same_tick_has_lost_it(desk: WriterHarness) -> None:
    ann, bob, eve = await in_room(desk, "ann", "bob", "eve")
    numbers = [
        about(desk, SetRoomRoleOperation, ann, bob, room="#a", role=frames.MODERATOR),
        about(desk, MuteOperation, bob, eve, room="#a"),
        about(desk, SetRoomRoleOperation, ann, bob, room="#a", role=frames.MEMBER),
        about(desk, KickOperation, bob, eve, room="#a"),
    ]
    answers = [await desk.result(number) for number in numbers]
    assert answers == [Result(), Result(), Result(), errors.DENIED]


async def test_two_owners_who_leave_at_once_leave_an_owner(desk: WriterHarness) -> None:
    ann, bob, eve, zoe = await in_room(desk, "ann", "bob", "eve", "zoe")
    about(desk, SetRoomRoleOperation, ann, bob, room="#a", role=frames.OWNER)
    await desk.drain()
    for who in (eve, ann, bob):
        desk.submit(LeaveRoomOperation, who, room="#a")
    await desk.drain()
    assert desk.state.rooms["#a"].members == {zoe.id: frames.OWNER}


async def test_who_comes_as_the_last_one_leaves_owns_the_room(desk: WriterHarness) -> None:
    ann, bob = await desk.users("ann", "bob")
    desk.submit(JoinRoomOperation, ann, room="#a")
    await desk.drain()
    desk.submit(JoinRoomOperation, bob, room="#a")
    desk.submit(LeaveRoomOperation, ann, room="#a")
    await desk.drain()
    assert desk.state.rooms["#a"].members == {bob.id: frames.OWNER}


async def test_what_follows_a_deletion_finds_no_room_or_a_new_one(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    numbers = [
        desk.submit(DeleteRoomOperation, ann, room="#a"),
        desk.submit(RenameUserOperation, bob, name="rob"),
        send(desk, ann, "#a", "c1"),
        desk.submit(JoinRoomOperation, bob, room="#a"),
    ]
    answers = [await desk.result(number) for number in numbers]
    assert answers == [Result(), frames.LoginResult(bob.id, "rob"), errors.NO_SUCH_ROOM, Result()]
    assert len(desk.log.batches) == 1
    kinds = [(event.kind, event.seq) for events in desk.published for event in events if event.room == "#a"]
    assert kinds == [(frames.DELETE_ROOM, 4), (frames.CREATE, 1), (frames.JOIN, 2)]


async def test_who_joins_while_it_becomes_private(desk: WriterHarness) -> None:
    ann, bob = await desk.users("ann", "bob")
    desk.submit(JoinRoomOperation, ann, room="#a")
    await desk.drain()
    desk.submit(SetVisibilityOperation, ann, room="#a", private=True)
    number = desk.submit(JoinRoomOperation, bob, room="#a")
    assert await desk.result(number) == errors.NO_SUCH_ROOM


# --- turns, and what shares a batch


def pipelined(desk: WriterHarness, kind: str, who: User, other: User, count: int) -> list[int]:
    """So many operations of one user at once, of which each changes what the next one depends on."""
    match kind:
        case "topic":
            return [desk.submit(SetTopicOperation, who, room="#a", topic=str(n)) for n in range(count)]
        case "nick":
            return [desk.submit(RenameUserOperation, who, name=f"ann{n}") for n in range(count)]
        case "level":
            levels = ("all", "none")
            return [desk.submit(SetLevelOperation, who, room="#a", level=levels[n % 2]) for n in range(count)]
        case "delete and join":
            both = (JoinRoomOperation, DeleteRoomOperation)
            return [desk.submit(both[n % 2], who, room="#own") for n in range(count)]
        case "join and leave":
            ways = (JoinRoomOperation, LeaveRoomOperation)
            return [desk.submit(ways[n % 2], who, room="#general") for n in range(count)]
        case "visibility":
            return [
                desk.submit(SetVisibilityOperation, who, room="#a", private=n % 2 == 0) for n in range(count)
            ]
    kinds = (MuteOperation, UnmuteOperation)
    return [about(desk, kinds[n % 2], who, other, room="#a") for n in range(count)]


PIPELINED = ["topic", "nick", "level", "delete and join", "join and leave", "visibility", "mute"]


@pytest.mark.parametrize("kind", PIPELINED)
async def test_what_one_pipelines_is_one_commit_and_holds_nobody_up(desk: WriterHarness, kind: str) -> None:
    ann, bob, eve = await in_room(desk, "ann", "bob", "eve")
    await desk.stall(eve)
    numbers = pipelined(desk, kind, ann, eve, 40)
    sent = send(desk, bob, "#a", "c1")
    desk.log.go_on.set()
    await desk.drain()
    assert not any(isinstance(desk.answers[number], str) for number in numbers)
    assert len(desk.log.batches) == 2
    assert isinstance(desk.answers[sent], frames.SendResult)


@pytest.mark.parametrize("kind", PIPELINED)
async def test_a_long_queue_of_one_is_some_commits_and_delays_others_by_none(
    desk: WriterHarness, kind: str
) -> None:
    """With SHARE of a batch for each."""
    ann, bob, eve = await in_room(desk, "ann", "bob", "eve")
    counts = []
    for count in (500, 1000):
        desk.log.batches.clear()
        pipelined(desk, kind, ann, eve, count)
        sent = send(desk, bob, "#a", f"c{count}")
        await desk.drain()
        counts.append(len(desk.log.batches))
        drafts = [entry for entry in desk.log.batches[0] if isinstance(entry, Draft)]
        assert [draft.cid for draft in drafts if draft.user == bob.id] == [f"c{count}"]
        assert isinstance(desk.answers[sent], frames.SendResult)
        await desk.drain()
    assert counts[1] <= 2 * counts[0] <= 2 * (500 * (1 + 3 * CHANGE_COST) // SHARE + 1)


async def test_ten_thousand_sends_of_one_are_shares_of_batches(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    await desk.stall(ann)
    for number in range(10_000):
        send(desk, ann, "#a", f"c{number}")
    send(desk, bob, "#a", "c")
    desk.log.go_on.set()
    await desk.drain()
    first = desk.log.batches[1]
    assert sum(isinstance(entry, Draft) and entry.user == bob.id for entry in first) == 1
    assert max(len(batch) for batch in desk.log.batches) == SHARE + 1
    said = [event.cid for events in desk.published for event in events if event.user == ann.id]
    assert [cid for cid in said if cid is not None] == [f"c{number}" for number in range(10_000)]


async def test_a_name_change_in_many_rooms_counts_for_each(desk: WriterHarness) -> None:
    (ann,) = await desk.users("ann")
    for number in range(200):
        desk.submit(JoinRoomOperation, ann, room=f"#room{number}")
    await desk.drain()
    desk.log.batches.clear()
    for number in range(20):
        desk.submit(RenameUserOperation, ann, name=f"ann{number}")
    await desk.drain()
    assert len(desk.log.batches) == 20
    assert ann.name == "ann19"


# --- what was stored before, and what fails


async def test_repeated_sends_are_two_tries_and_change_no_order(desk: WriterHarness) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    first = [send(desk, ann, "#a", f"c{n}") for n in range(10)]
    await desk.drain()
    desk.log.batches.clear()
    again = [send(desk, ann, "#a", f"c{n}") for n in range(15)]
    others = [send(desk, bob, "#a", f"c{n}") for n in range(5)]
    read = desk.submit(MarkReadOperation, bob, room="#a", seq=100)
    await desk.drain()
    assert len(desk.log.batches) == 2
    places = [answer.seq for number in first if isinstance(answer := desk.answers[number], frames.SendResult)]
    assert [desk.answers[number] for number in again[:10]] == [
        frames.SendResult(seq, 1000, dup=True) for seq in places
    ]
    new = [event.seq for events in desk.published[1:] for event in events]
    assert new == list(range(14, 24))
    stored = [desk.answers[number] for number in again[10:] + others]
    assert all(answer in stored for answer in (frames.SendResult(seq, 1000) for seq in new))
    assert desk.answers[read] == Result()
    last = max(event.seq for events in desk.published for event in events if event.user == bob.id)
    assert bob.reads["#a"] == last  # no more, though the first plan counted those that were repeated


async def test_what_comes_during_the_second_try_waits_for_its_own_batch(desk: WriterHarness) -> None:
    """Else somebody who repeats without end could have it tried again and again."""
    ann, bob = await in_room(desk, "ann", "bob")
    send(desk, ann, "#a", "c1")
    await desk.stall(bob)
    desk.log.batches.clear()
    numbers = [send(desk, ann, "#a", "c1"), send(desk, bob, "#a", "c2")]
    desk.log.begun.clear()
    desk.log.go_on.set()
    await desk.drain()
    assert [len(batch) for batch in desk.log.batches] == [2, 1]
    assert isinstance(desk.answers[numbers[1]], frames.SendResult)


async def test_a_refusal_that_is_due_to_what_failed_is_none(
    desk: WriterHarness, caplog: pytest.LogCaptureFixture
) -> None:
    ann, bob = await in_room(desk, "ann", "bob")
    desk.log.full = True
    kicked = about(desk, KickOperation, ann, bob, room="#a")
    sent = send(desk, bob, "#a", "c1")
    same = [desk.submit(SetTopicOperation, ann, room="#a", topic="t") for _ in range(2)]
    with caplog.at_level(logging.CRITICAL, "server.delivery.writer"):
        await desk.drain()
    assert [desk.answers[number] for number in (kicked, sent, *same)] == [errors.STORAGE] * 4
    kinds = [[entry.kind for entry in batch if isinstance(entry, Draft)] for batch in desk.log.batches]
    assert kinds == [[frames.KICK, frames.TOPIC], [frames.TOPIC, frames.MESSAGE]]
    assert desk.state.rooms["#a"].members == {ann.id: frames.OWNER, bob.id: frames.MEMBER}


async def test_what_cannot_be_applied_is_refused_alone(
    desk: WriterHarness, caplog: pytest.LogCaptureFixture
) -> None:
    (ann,) = await in_room(desk, "ann")

    class Broken(Operation[Result], frozen=True):
        def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002
            drafts = [Draft("#a", ann.id, "ann", frames.LEAVE, 0), Draft("#a", 999, "x", frames.JOIN, 0)]
            return Plan(drafts, DONE)

    outcomes: list[Result | RefusedError] = []
    before = send(desk, ann, "#a", "c1")
    with caplog.at_level(logging.CRITICAL, "server.delivery.writer"):
        desk.writer.submit(Broken(SERVER), outcomes.append)
        after = send(desk, ann, "#a", "c2")
        await desk.drain()
    assert [getattr(outcome, "code", "") for outcome in outcomes] == [errors.INTERNAL]
    assert [desk.answers[number] for number in (before, after)] == [
        frames.SendResult(3, 1000), frames.SendResult(4, 1000),
    ]  # fmt: skip
    assert desk.state.rooms["#a"].members == {ann.id: frames.OWNER}
