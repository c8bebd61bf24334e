"""Whatever shares a batch gives what it would have given alone, and what fails leaves nothing behind."""

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol import frames
from protocol.frames import Event, Request, Result
from server.delivery.writer import Operation, Writer
from server.errors import RefusedError, StorageError
from server.features import operations
from server.features.operations import Awaited
from server.state.model import Device, Invite, State, User, apply
from server.state.records import keep
from server.store.base import NEW, Draft, Entry, Searched
from server.store.sqlite import SqliteLog

SECONDS = 10
NO_ENDS = (lambda _, __: None), (lambda _, __: None)
BORN = "born"
LEVELS = ["all", "mentions", "none"]
NAMES = ["ann", "bob", "eve", "zoe"]
ROOMS = ["#a", "#b"]
Step = tuple[str, int, int, int]
"""What, by whom, and two numbers that say the rest."""

ABOUT: dict[str, tuple[Any, Any]] = {
    "invite": (operations.StoreInvite, frames.Invite),
    "kick": (operations.StoreKick, frames.Kick),
    "ban": (operations.StoreBan, frames.Ban),
    "unban": (operations.StoreUnban, frames.Unban),
    "mute": (operations.StoreMute, frames.Mute),
    "unmute": (operations.StoreUnmute, frames.Unmute),
    "role": (operations.StoreRole, frames.Role),
}
PLAIN: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "read": (operations.StoreRead, frames.Read, ("room", "seq")),
    "join": (operations.StoreJoin, frames.Join, ("room",)),
    "create": (operations.StoreCreate, frames.Create, ("room", "private")),
    "leave": (operations.StoreLeave, frames.Leave, ("room",)),
    "topic": (operations.StoreTopic, frames.Topic, ("room", "topic")),
    "nick": (operations.StoreNick, frames.Nick, ("name",)),
    "delete": (operations.StoreDeleteRoom, frames.DeleteRoom, ("room",)),
    "private": (operations.StoreVisibility, frames.Visibility, ("room", "private")),
    "level": (operations.StoreLevel, frames.SetLevel, ("room", "level")),
    "away": (operations.StoreAway, frames.Away, ("on", "text")),
    "ignore": (operations.StoreIgnore, frames.Ignore, ("name", "on")),
}
OTHERS = [
    "send", "change", "make", "dm", "come", "register", "password", "admin", "end devices", "invitation",
    "server ban", "server unban",
]  # fmt: skip

STEPS = st.lists(
    st.tuples(
        st.sampled_from([*OTHERS, *ABOUT, *PLAIN, *(["send", "read", "join"] * 3)]),
        st.integers(0, 3),
        st.integers(0, 11),
        st.integers(0, 11),
    ),
    max_size=30,
)


class WatchingLog(SqliteLog):
    """Refuses the batches that `failing` says, and compares the state that others see with what it
    has stored. `sizes` are those of its batches."""

    def __init__(self, folder: Path, failing: Sequence[bool] = ()) -> None:
        super().__init__(folder)
        self.stored = self.load()
        self.state: State
        self.sizes: list[int] = []
        self.wrong: list[str] = []
        self._failing = list(failing)

    def append(self, batch: Sequence[Entry]) -> list[Event | None]:
        if difference := differences(self.state, self.stored):
            self.wrong.append(f"others see what is not stored: {difference}")
        self.sizes.append(len(batch))
        if self._failing and self._failing.pop(0):
            raise StorageError("the disk is full")
        events = super().append(batch)
        for entry, event in zip(batch, events, strict=True):
            if event is not None:
                apply(self.stored, event)
            elif not isinstance(entry, Draft):
                keep(self.stored, entry)
        return events


def differences(one: State, other: State) -> str:
    """Where two states differ; in the order of members too, for it says who inherits a room."""
    for field in State.__dataclass_fields__:
        if field in ("channels", "public"):
            listed = [list(getattr(state, field).after("")) for state in (one, other)]
            if listed[0] != listed[1]:
                return f"{field}: {listed}"
        elif field != "_undo" and getattr(one, field) != getattr(other, field):
            return f"{field}: {getattr(one, field)} and {getattr(other, field)}"
    orders = [{name: list(room.members) for name, room in state.rooms.items()} for state in (one, other)]
    return "" if orders[0] == orders[1] else f"order: {orders}"


class InTurn:
    """An operation in the turn that all have: so they are planned in the order in which they come."""

    turn = 1
    size = 1

    def __init__(self, operation: Operation) -> None:
        self.plan = operation.plan
        self.done = operation.done
        self.repeated = operation.repeated
        self.refused = operation.refused


class Server:
    """Hands in operations, and keeps the answers."""

    def __init__(self, log: WatchingLog) -> None:
        self.log = log
        self.state = log.state = log.load()
        self.answers: dict[int, object] = {}
        self.events: list[Event] = []
        self.writer = Writer(log, self.state, self.events.extend, lambda: 1000)
        self.users: list[User] = []
        self._id = 0

    async def drain(self) -> None:
        async with asyncio.timeout(SECONDS):
            await self.writer.drain()
        await asyncio.sleep(0)  # those of `Awaited` are told a step later

    def submit(self, step: Step) -> None:
        """As a handler does."""
        self._id += 1
        operation = self._operation(step, self._id)
        if isinstance(operation, Awaited):
            operation.outcome.add_done_callback(partial(self._outcome, self._id))
        self.writer.submit(InTurn(operation))

    def _outcome(self, number: int, outcome: "asyncio.Future[None]") -> None:
        error = outcome.exception()
        self.answers[number] = error.code if isinstance(error, RefusedError) else Result()

    def _operation(self, step: Step, number: int) -> Any:
        kind, index, one, two = step
        user, other, room = self.users[index], self.users[one % 4], ROOMS[one % 2]
        ends = (self._answered, self._refused)
        if kind in ABOUT:
            operation, request = ABOUT[kind]
            fields = {"role": frames.ROLES[two % 3]} if kind == "role" else {}
            return operation(user, other, request(number, room, other.name, **fields), *ends)
        if kind in PLAIN:
            operation, request, names = PLAIN[kind]
            given = {
                "room": room,
                "seq": two,
                "topic": f"t{two % 3}",
                "name": [*NAMES, "Ann", "new"][two % 6],
                "private": two % 2 == 0,
                "level": LEVELS[two % 3],
                "on": two % 2 == 0,
                "text": f"{one}",
            }
            return operation(user, request(number, **{name: given[name] for name in names}), *ends)
        return self._other(kind, user, other, number, one, two)

    def _other(self, kind: str, user: User, other: User, number: int, one: int, two: int) -> Operation:
        room, ends = ROOMS[one % 2], (self._answered, self._refused)
        network: User | str = other if two % 2 else "192.0.2.0/24"
        match kind:
            case "send":
                reply = two + 1 if two % 3 == 0 else None
                send = frames.Send(number, room, f"c{two}", b"%d" % (one % 3), reply=reply)
                return operations.StoreSend(user, send, *ends)
            case "change":
                change = sorted(frames.CHANGES)[one % 3]
                send = frames.Send(number, room, f"x{two}", b"", change, two + 1)
                said = Event(room, two + 1, self.users[one % 3].id, "x", frames.MESSAGE, 0)
                return operations.StoreChange(user, send, said, BORN, *ends)
            case "make":
                make = frames.MakeRoom(number, room, two % 2 == 0, other.name)
                return operations.StoreMakeRoom(user, other if two % 3 else None, make, *ends)
            case "dm":
                return operations.StoreDm(user, other, frames.Dm(number, other.name), *ends)
            case "server ban":
                return operations.StoreServerBan(user, network, frames.ServerBan(number), *ends)
            case "server unban":
                return operations.StoreServerBan(user, network, frames.ServerUnban(number), *ends)
        return self._of_account(kind, user, one, two)

    def _of_account(self, kind: str, user: User, one: int, two: int) -> Operation:
        device = Device(NEW, f"d{one}", b"%d" % self._id, "tests", 0, 0)
        match kind:
            case "come":
                name = [*NAMES, "new", "newer"][two % 6]
                return operations.ComeByName(name, device if one % 2 else None, frozenset())
            case "register":
                invite = Invite(f"i{one % 2}", b"", 0, 0, 0, 1, 1)
                return operations.MakeAccount(f"new{two % 3}", "hash", device=device, invite=invite)
            case "password":
                return operations.SetPassword(user, f"hash {two}", old=None, kept=f"d{one}", actor=0)
            case "admin":
                return operations.SetRole(user, admin=two % 2 == 0, disabled=two % 4 == 3, actor=0)
            case "end devices":
                return operations.EndDevices(user, f"d{one}" if one % 2 else None, actor=0)
            case "invitation" if two % 3:
                return operations.MakeInvite(Invite(f"i{one % 2}", b"%d" % one, 0, 0, 0, 2, 2), 1)
        return operations.StopInvite(f"i{one % 2}", actor=0)

    def _answered(self, request: Request[Any], result: Result) -> None:
        assert request.id not in self.answers, "answered twice"
        self.answers[request.id] = result

    def _refused(self, request: Request[Any], error: RefusedError) -> None:
        assert request.id not in self.answers, "answered twice"
        self.answers[request.id] = error.code


@pytest.fixture(autouse=True)
def _rooms_are_born_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is by chance in a room would tell two runs apart."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: BORN)


async def served(folder: Path, steps: list[Step], together: int, failing: Sequence[bool] = ()) -> Server:
    """A server after these steps, so many of them at once."""
    server = Server(WatchingLog(folder, failing))
    for name in NAMES:
        server.writer.submit(operations.ComeByName(name, None, frozenset()))
    async with asyncio.timeout(SECONDS):
        await server.writer.drain()
    server.users = list(server.state.users.values())
    for user in server.users[:3]:
        server.writer.submit(operations.StoreJoin(user, frames.Join(0, "#a"), *NO_ENDS))
    await server.drain()
    server.log.sizes.clear()
    for number, step in enumerate(steps, 1):
        server.submit(step)
        if number % together == 0:
            await server.drain()
    await server.drain()
    await server.writer.close()
    return server


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, together=st.integers(2, 30))
def test_what_shares_a_batch_gives_what_it_would_give_alone(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], together: int
) -> None:
    one = asyncio.run(served(tmp_path_factory.mktemp("one"), steps, together))
    many = asyncio.run(served(tmp_path_factory.mktemp("many"), steps, 1))
    try:
        assert one.answers == many.answers
        assert sorted(one.answers) == list(range(1, len(steps) + 1))
        assert one.events == many.events
        assert differences(one.state, many.state) == ""
        assert differences(one.log.load(), one.state) == ""
        assert one.log.audit(Searched(), 100) == many.log.audit(Searched(), 100)
        assert one.log.wrong == many.log.wrong == []
    finally:
        one.log.close()
        many.log.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, together=st.integers(1, 30), failing=st.lists(st.booleans(), max_size=8))
def test_a_batch_that_fails_leaves_nothing_and_everybody_has_one_answer(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], together: int, failing: list[bool]
) -> None:
    """The first two batches make the users and a room."""
    folder = tmp_path_factory.mktemp("log")
    server = asyncio.run(served(folder, steps, together, [False, False, *failing]))
    try:
        assert sorted(server.answers) == list(range(1, len(steps) + 1))
        assert server.log.wrong == []
        assert differences(server.log.load(), server.state) == ""
    finally:
        server.log.close()
