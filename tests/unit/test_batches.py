"""Whatever shares a batch gives what it would have given alone, and what fails leaves nothing behind."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol import frames
from protocol.frames import Event, Result
from server.delivery.writer import Writer
from server.errors import RefusedError, StorageError
from server.features.account_data.operations import IgnoreOperation, SetLevelOperation
from server.features.accounts.operations import EndDevicesOperation, RenameUserOperation, SetPasswordOperation
from server.features.admin_rooms.operations import MakeRoomOperation
from server.features.admin_users.operations import (
    CreateInviteOperation,
    RevokeInviteOperation,
    SetAccountRoleOperation,
)
from server.features.login.operations import (
    LoginByNameOperation,
    RegisterOperation,
)
from server.features.messages.operations import (
    ChangeMessageOperation,
    MarkReadOperation,
    SendMessageOperation,
)
from server.features.moderation.operations import (
    BanOperation,
    InviteMemberOperation,
    KickOperation,
    MuteOperation,
    ServerBanOperation,
    ServerUnbanOperation,
    SetRoomRoleOperation,
    UnbanOperation,
    UnmuteOperation,
)
from server.features.presence.operations import SetAwayOperation
from server.features.rooms.operations import (
    CreateRoomOperation,
    DeleteRoomOperation,
    JoinRoomOperation,
    LeaveRoomOperation,
    OpenDirectRoomOperation,
    SetTopicOperation,
    SetVisibilityOperation,
)
from server.state.apply import apply
from server.state.entries import NEW, Draft, Entry
from server.state.model import LOCAL_ADMIN, Device, State, User
from server.state.operation import NEWCOMERS, Operation, Plan
from server.state.records import keep
from server.store.base import AuditFilter
from server.store.sqlite import SqliteLog

SECONDS = 10
BORN = "born"
LEVELS = ["all", "mentions", "none"]
NAMES = ["ann", "bob", "eve", "zoe"]
ROOMS = ["#a", "#b"]
Step = tuple[str, int, int, int]
"""What, by whom, and two numbers that say the rest."""

ABOUT: dict[str, Any] = {
    "invite": InviteMemberOperation,
    "kick": KickOperation,
    "ban": BanOperation,
    "unban": UnbanOperation,
    "mute": MuteOperation,
    "unmute": UnmuteOperation,
    "role": SetRoomRoleOperation,
}
PLAIN: dict[str, tuple[Any, tuple[str, ...]]] = {
    "read": (MarkReadOperation, ("room", "seq")),
    "join": (JoinRoomOperation, ("room", "born")),
    "create": (CreateRoomOperation, ("room", "born", "private")),
    "leave": (LeaveRoomOperation, ("room",)),
    "topic": (SetTopicOperation, ("room", "topic")),
    "nick": (RenameUserOperation, ("name",)),
    "delete": (DeleteRoomOperation, ("room",)),
    "private": (SetVisibilityOperation, ("room", "private")),
    "level": (SetLevelOperation, ("room", "level")),
    "away": (SetAwayOperation, ("text",)),
    "ignore": (IgnoreOperation, ("name", "on")),
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


class InTurn(Operation[Any], frozen=True):
    """An operation in the turn that all have: so they are planned in the order in which they come."""

    operation: Any

    def plan(self, state: State) -> Plan[Any]:
        return msgspec.structs.replace(self.operation, time=self.time).plan(state)  # type: ignore[no-any-return]

    def result(self, planned: Any, stored: Sequence[Event | None]) -> Any:
        return self.operation.result(planned, stored)

    def repeated(self, event: Event) -> Any:
        return self.operation.repeated(event)


class BatchHarness:
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

    def submit(self, step: Step) -> None:
        """As a session does."""
        self._id += 1
        self.writer.submit(InTurn(1, self._operation(step)), partial(self._settled, self._id))

    def _settled(self, number: int, outcome: Result | RefusedError) -> None:
        assert number not in self.answers, "answered twice"
        self.answers[number] = outcome.code if isinstance(outcome, RefusedError) else outcome

    def _operation(self, step: Step) -> Operation[Any]:
        kind, index, one, two = step
        user, other, room = self.users[index], self.users[one % 4], ROOMS[one % 2]
        if kind in ABOUT:
            fields = {"role": frames.ROLES[two % 3]} if kind == "role" else {}
            moderated: Operation[Any] = ABOUT[kind](user.id, room=room, other=other.id, **fields)
            return moderated
        if kind in PLAIN:
            operation, names = PLAIN[kind]
            given = {
                "room": room,
                "born": BORN,
                "seq": two,
                "topic": f"t{two % 3}",
                "name": [*NAMES, "Ann", "new"][two % 6],
                "private": two % 2 == 0,
                "level": LEVELS[two % 3],
                "on": two % 2 == 0,
                "text": f"{one}" if two % 2 == 0 else None,
            }
            plain: Operation[Any] = operation(user.id, **{name: given[name] for name in names})
            return plain
        return self._other(kind, user, other, one, two)

    def _other(self, kind: str, user: User, other: User, one: int, two: int) -> Operation[Any]:
        room = ROOMS[one % 2]
        banned: dict[str, Any] = {"other": other.id} if two % 2 else {"network": "192.0.2.0/24"}
        match kind:
            case "send":
                reply = two + 1 if two % 3 == 0 else None
                return SendMessageOperation(user.id, room, f"c{two}", b"%d" % (one % 3), reply=reply)
            case "change":
                change, author = sorted(frames.CHANGES)[one % 3], self.users[one % 3].id
                return ChangeMessageOperation(
                    user.id, room, f"x{two}", b"", change, two + 1, None, author, "x", BORN
                )
            case "make":
                return MakeRoomOperation(user.id, room, BORN, two % 2 == 0, other.id if two % 3 else None)
            case "dm":
                return OpenDirectRoomOperation(user.id, other.id, BORN)
            case "server ban":
                return ServerBanOperation(user.id, **banned)
            case "server unban":
                return ServerUnbanOperation(user.id, **banned)
        return self._of_account(kind, user, one, two)

    def _of_account(self, kind: str, user: User, one: int, two: int) -> Operation[Any]:
        device = Device(NEW, f"d{one}", b"%d" % self._id, "tests", 0, 0)
        admin = LOCAL_ADMIN
        match kind:
            case "come":
                name = [*NAMES, "new", "newer"][two % 6]
                return LoginByNameOperation(NEWCOMERS, name, device if one % 2 else None, frozenset())
            case "register":
                return RegisterOperation(NEWCOMERS, f"new{two % 3}", "hash", device, f"i{one % 2}")
            case "password":
                return SetPasswordOperation(admin, user.id, f"hash {two}", None, f"d{one}")
            case "admin":
                return SetAccountRoleOperation(admin, user.id, two % 2 == 0, two % 4 == 3)
            case "end devices":
                return EndDevicesOperation(admin, user.id, f"d{one}" if one % 2 else None)
            case "invitation" if two % 3:
                return CreateInviteOperation(admin, f"i{one % 2}", b"%d" % one, 2, 1)
        return RevokeInviteOperation(admin, f"i{one % 2}")


async def served(
    folder: Path, steps: list[Step], together: int, failing: Sequence[bool] = ()
) -> BatchHarness:
    """A server after these steps, so many of them at once."""
    server = BatchHarness(WatchingLog(folder, failing))
    for name in NAMES:
        server.writer.submit(LoginByNameOperation(NEWCOMERS, name, None, frozenset()), lambda _: None)
    async with asyncio.timeout(SECONDS):
        await server.writer.drain()
    server.users = list(server.state.users.values())
    for user in server.users[:3]:
        server.writer.submit(JoinRoomOperation(user.id, "#a", BORN), lambda _: None)
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
        assert one.log.audit(AuditFilter(), 100) == many.log.audit(AuditFilter(), 100)
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
