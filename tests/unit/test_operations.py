"""Operations are data: one sent to another process comes to the same there, and a plan changes nothing."""

import copy
import operator
from functools import reduce
from typing import Any

import msgspec
import pytest

from protocol import frames
from server.delivery.last_seen import RecordLastSeenOperation
from server.errors import RefusedError
from server.features import table
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
    LoginByPasswordOperation,
    LoginLocalUserOperation,
    RecordDeviceSeenOperation,
    RecordRefusedLoginOperation,
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
from server.state.entries import NEW
from server.state.model import LOCAL_ADMIN, Device, Penalty, Room, ServerInvite, State, User
from server.state.operation import NEWCOMERS, SERVER, Operation
from server.state.room_quota import RoomQuota

ANN, BOB, EVE = 1, 2, 3
NOW = 1_000_000
DEVICE = Device(NEW, "d", b"hash", "tests", 0, 0)
NOBODY: frozenset[str] = frozenset()
QUOTA = RoomQuota(100, 10)

SAMPLES: list[Operation[Any]] = [
    IgnoreOperation(ANN, "bob", on=True),
    SetLevelOperation(ANN, "#a", "all"),
    EndDevicesOperation(ANN, ANN, None),
    RenameUserOperation(ANN, "anna"),
    SetPasswordOperation(LOCAL_ADMIN, ANN, "a hash", None, "d"),
    MakeRoomOperation(LOCAL_ADMIN, "#made", "born", private=True, owner=BOB),
    CreateInviteOperation(LOCAL_ADMIN, "new", b"hash", 2, 7, "#a", first=True),
    RevokeInviteOperation(LOCAL_ADMIN, "i"),
    SetAccountRoleOperation(LOCAL_ADMIN, BOB, admin=True),
    LoginByNameOperation(NEWCOMERS, "zoe", DEVICE, frozenset({"d", "e"})),
    LoginByPasswordOperation(BOB, "old", "new", DEVICE, NOBODY, 1000),
    LoginLocalUserOperation(NEWCOMERS, 1000, "zoe", DEVICE, NOBODY, admin=True),
    RegisterOperation(NEWCOMERS, "zoe", "a hash", DEVICE, "i"),
    RecordDeviceSeenOperation(ANN, "d"),
    RecordRefusedLoginOperation(SERVER, "ann", "password"),
    SendMessageOperation(ANN, "#a", "c1", b"body", reply=1),
    ChangeMessageOperation(ANN, "#a", "c2", b"", frames.DELETE, 2, None, BOB, "bob", "born"),
    MarkReadOperation(ANN, "#a", 3),
    BanOperation(ANN, "#a", BOB, 60, "why"),
    InviteMemberOperation(ANN, "#a", EVE),
    KickOperation(ANN, "#a", BOB, "why"),
    MuteOperation(ANN, "#a", BOB, 60, "why"),
    UnbanOperation(ANN, "#b", EVE),
    UnmuteOperation(ANN, "#b", BOB),
    SetRoomRoleOperation(ANN, "#a", BOB, frames.MODERATOR),
    ServerBanOperation(LOCAL_ADMIN, BOB, seconds=60, reason="why"),
    ServerUnbanOperation(LOCAL_ADMIN, network="192.0.2.0/24"),
    RecordLastSeenOperation(SERVER, (ANN, BOB)),
    SetAwayOperation(ANN, "lunch"),
    CreateRoomOperation(ANN, "#made", "born", private=True, quota=QUOTA),
    DeleteRoomOperation(ANN, "#a"),
    JoinRoomOperation(EVE, "#a", "born", quota=QUOTA),
    LeaveRoomOperation(ANN, "#a"),
    OpenDirectRoomOperation(ANN, BOB, "born", QUOTA),
    SetTopicOperation(ANN, "#a", "about"),
    SetVisibilityOperation(ANN, "#a", private=True),
]


def kinds(of: type[Any] = Operation) -> set[type[Any]]:
    """All that the server has stored; what begins with an underscore is only what some have in common."""
    below = {kind for direct in of.__subclasses__() for kind in {direct, *kinds(direct)}}
    return {kind for kind in below if kind.__module__.startswith("server.")}


ABSTRACT = {"ModerateMemberOperation"}
CONCRETE = {kind for kind in kinds() if not kind.__name__.startswith("_") and kind.__name__ not in ABSTRACT}
ANY: msgspec.msgpack.Decoder[Operation[Any]] = msgspec.msgpack.Decoder(reduce(operator.or_, CONCRETE))


@pytest.fixture
def state() -> State:
    """Three users, of whom two share rooms."""
    state = State(head=9)
    for number, name in ((ANN, "ann"), (BOB, "bob"), (EVE, "eve")):
        state.add_user(User(number, name))
    state.set_password(BOB, "old")
    state.add_device(Device(ANN, "d", b"token", "tests", 1, 1))
    for name in ("#a", "#b"):
        state.add_room(room := Room(name, head=5, born="born"))
        state.add_member(room, state.users[ANN], frames.OWNER)
        state.add_member(room, state.users[BOB])
    state.rooms["#b"].bans[EVE] = state.rooms["#b"].mutes[BOB] = Penalty(ANN, 1)
    state.banned_networks["192.0.2.0/24"] = Penalty(LOCAL_ADMIN, 1)
    state.invites["i"] = ServerInvite("i", b"code", LOCAL_ADMIN, 1, NOW + 1000, 2, 2)
    return state


def test_there_is_a_sample_of_each() -> None:
    assert len(table.AREAS) > 9  # all of them are loaded
    assert {type(sample) for sample in SAMPLES} == CONCRETE
    assert all(kind.__name__.endswith("Operation") for kind in CONCRETE)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_what_was_sent_elsewhere_comes_to_the_same(state: State, sample: Operation[Any]) -> None:
    operation = msgspec.structs.replace(sample, time=NOW)
    elsewhere = ANY.decode(msgspec.msgpack.encode(operation))
    assert elsewhere == operation
    assert type(elsewhere) is type(operation)
    before = copy.deepcopy(state)
    planned = operation.plan(state)
    assert planned.entries
    assert elsewhere.plan(before) == planned
    assert operation.plan(state) == planned, "it depends on something else than the state"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_plan_changes_nothing(state: State, sample: Operation[Any]) -> None:
    before = copy.deepcopy(state)
    msgspec.structs.replace(sample, time=NOW).plan(state)
    assert state == before


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_nobody_changes_what_was_handed_in(sample: Operation[Any]) -> None:
    with pytest.raises(AttributeError):
        sample.user = 5  # type: ignore[misc]


def test_what_is_refused_is_refused_elsewhere(state: State) -> None:
    operation = msgspec.structs.replace(SendMessageOperation(EVE, "#a", "c1"), time=NOW)
    elsewhere = ANY.decode(msgspec.msgpack.encode(operation))
    refusals = []
    for one in (operation, elsewhere):
        with pytest.raises(RefusedError) as refused:
            one.plan(state)
        refusals.append((refused.value.code, refused.value.text, refused.value.details))
    assert refusals[0] == refusals[1]
