"""What somebody does to somebody else in a room, or with the whole server; all of it goes into the audit."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from protocol import codec, errors, frames, limits, names
from protocol.frames import AboutBody, Result
from server.errors import RefusedError
from server.features.rooms.operations import successor
from server.state import audit, permissions
from server.state.entries import Entry
from server.state.model import SERVER_LOG, NetworkBody, Penalty, Room, State, User
from server.state.operation import DONE, Operation, Plan, acting, draft
from server.state.permissions import Action


class _Case(NamedTuple):
    """Who does it, to whom, and where."""

    state: State
    room: Room
    user: User
    other: User


class ModerateMemberOperation(Operation[Result], frozen=True):
    """An action on `other` in a room."""

    kind: ClassVar[str]
    action: ClassVar[Action]
    room: str
    other: int

    def plan(self, state: State) -> Plan[Result]:
        """An event that all members see, and a record."""
        user, other = acting(state, self.user), state.users[self.other]
        room = permissions.require(state, user, self.room, self.action, self.time)
        case = _Case(state, room, user, other)
        self._check(case)
        entries = (
            *self._before(case),
            draft(user, room.name, self.kind, self.time, codec.pack(self._body(case))),
            audit.record(self.time, user, self.kind, other.name, room.name, self._detail()),
        )
        return Plan(entries, DONE)

    def _check(self, case: _Case) -> None:
        """Whether it makes sense; raises `RefusedError`."""
        raise NotImplementedError

    def _before(self, case: _Case) -> Sequence[Entry]:  # noqa: ARG002
        """What has to happen first."""
        return ()

    def _body(self, case: _Case) -> AboutBody | frames.RoleBody:
        return AboutBody(case.other.id, case.other.name)

    def _detail(self) -> str:
        return ""


class InviteMemberOperation(ModerateMemberOperation, frozen=True):
    """`invite`."""

    kind, action = frames.INVITE, Action.INVITE

    def _check(self, case: _Case) -> None:
        room, other = case.room, case.other
        ban = room.bans.get(other.id)
        if other.id in room.members:
            raise RefusedError(errors.DENIED, f"{other.name} is in {room.name} already")
        if other.id in room.invited:
            raise RefusedError(errors.DENIED, f"{other.name} is invited already")
        if ban is not None and ban.holds(self.time):
            text = f"{other.name} is banned from {room.name}: /unban first"
            raise RefusedError(errors.DENIED, text)
        if permissions.muted(room, other, self.time):
            text = f"{other.name} is muted in {room.name}: /unmute first"
            raise RefusedError(errors.DENIED, text)
        if _waiting_invitations(case) >= limits.INVITATIONS:
            text = f"{other.name} has {limits.INVITATIONS} invitations to answer already"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.INVITATIONS)


def _waiting_invitations(case: _Case) -> int:
    """Invitations that are hidden from whom they are for, and the others, leave room for each other."""
    ignored, user = case.other.ignored, case.user.id
    makers = (case.state.rooms[room].invited[case.other.id].by for room in case.other.invited)
    return sum((maker in ignored) == (user in ignored) for maker in makers)


class _SanctionOperation(ModerateMemberOperation, frozen=True):
    """What only who stands above may do."""

    def _check(self, case: _Case) -> None:
        permissions.require_over(case.room, case.user, case.other)


class KickOperation(_SanctionOperation, frozen=True):
    """`kick`."""

    kind, action = frames.KICK, Action.KICK
    reason: str = ""

    def _check(self, case: _Case) -> None:
        room, other = case.room, case.other
        if other.id not in room.members and other.id not in room.invited:
            text = f"{other.name} is not in {room.name}: /members shows who is"
            raise RefusedError(errors.NO_SUCH_USER, text)
        super()._check(case)

    def _before(self, case: _Case) -> Sequence[Entry]:
        return _successor_of(case, self.time)

    def _body(self, case: _Case) -> AboutBody:
        removed = case.other.id in case.room.members
        return AboutBody(case.other.id, case.other.name, self.reason, removed=removed)

    def _detail(self) -> str:
        return self.reason


def _successor_of(case: _Case, time: int) -> Sequence[Entry]:
    """The room's next owner, where its last one is removed."""
    if case.other.id not in case.room.members:
        return ()
    return successor(case.state, case.room, case.other, case.user, time)


class _PenaltyOperation(_SanctionOperation, frozen=True):
    """What may have an end and a reason."""

    seconds: int | None = None
    reason: str = ""

    @property
    def until(self) -> int | None:
        """When it ends by itself."""
        return self.time + 1000 * self.seconds if self.seconds is not None else None

    def _body(self, case: _Case) -> AboutBody:
        removed = self.kind == frames.BAN and case.other.id in case.room.members
        return AboutBody(case.other.id, case.other.name, self.reason, self.until, removed=removed)

    def _detail(self) -> str:
        return audit.term(Penalty(self.user, self.time, self.until, self.reason))


class BanOperation(_PenaltyOperation, frozen=True):
    """`ban`."""

    kind, action = frames.BAN, Action.BAN

    def _before(self, case: _Case) -> Sequence[Entry]:
        return _successor_of(case, self.time)


class MuteOperation(_PenaltyOperation, frozen=True):
    """`mute`."""

    kind, action = frames.MUTE, Action.MUTE

    def _check(self, case: _Case) -> None:
        super()._check(case)
        if permissions.rank(case.room, case.other) >= permissions.Rank.OWNER:
            text = f"{case.other.name} is owner here, and no owner is muted: /role them member first"
            raise RefusedError(errors.DENIED, text)


def _require_penalty(penalties: Mapping[int, Penalty], other: User, now: int, what: str) -> None:
    """There is one of these that holds. Raises `RefusedError`."""
    penalty = penalties.get(other.id)
    if penalty is None or not penalty.holds(now):
        raise RefusedError(errors.NOT_FOUND, f"{other.name} is not {what}: /bans shows who is")


class UnbanOperation(_SanctionOperation, frozen=True):
    """`unban`."""

    kind, action = frames.UNBAN, Action.UNBAN

    def _check(self, case: _Case) -> None:
        _require_penalty(case.room.bans, case.other, self.time, f"banned from {case.room.name}")
        super()._check(case)


class UnmuteOperation(_SanctionOperation, frozen=True):
    """`unmute`."""

    kind, action = frames.UNMUTE, Action.UNMUTE

    def _check(self, case: _Case) -> None:
        _require_penalty(case.room.mutes, case.other, self.time, f"muted in {case.room.name}")
        super()._check(case)


class SetRoomRoleOperation(ModerateMemberOperation, frozen=True):
    """`role`. An owner makes others owners, and may step down while there is another one."""

    kind, action = frames.ROLE, Action.ROLE
    role: str

    def plan(self, state: State) -> Plan[Result]:
        """As ever, but what somebody is already stores nothing."""
        room = permissions.require(state, acting(state, self.user), self.room, self.action)
        if room.members.get(self.other) == self.role:
            return Plan((), DONE)
        return super().plan(state)

    def _check(self, case: _Case) -> None:
        room, other = case.room, case.other
        role = room.members.get(other.id)
        if role is None:
            raise RefusedError(errors.NO_SUCH_USER, f"{other.name} is not in {room.name}: /invite first")
        if room.name == names.FIRST_ROOM and self.role == frames.OWNER:
            raise RefusedError(errors.DENIED, f"{room.name} belongs to the administrators")
        if other.id != case.user.id:
            permissions.require_over(room, case.user, other)
        elif role == frames.OWNER and list(room.members.values()).count(frames.OWNER) == 1:
            text = f"{room.name} needs an owner: make somebody else one first"
            raise RefusedError(errors.DENIED, text)

    def _body(self, case: _Case) -> frames.RoleBody:
        return frames.RoleBody(case.other.id, case.other.name, self.role)

    def _detail(self) -> str:
        return self.role


class _ServerBanOperation(Operation[Result], frozen=True):
    """What concerns a user, or (0) a network."""

    other: int = 0
    network: str = ""

    def _draft_of(self, state: State, kind: str, reason: str, until: int | None) -> Plan[Result]:
        user, called = acting(state, self.user), self._called(state)
        body: NetworkBody | AboutBody = NetworkBody(self.network, reason, until)
        if self.other:
            body = AboutBody(self.other, called, reason, until)
        detail = audit.term(Penalty(user.id, self.time, until, reason))
        record = audit.record(self.time, user, f"server {kind}", called, detail=detail)
        return Plan((draft(user, SERVER_LOG, kind, self.time, codec.pack(body)), record), DONE)

    def _called(self, state: State) -> str:
        return state.users[self.other].name if self.other else self.network


class ServerBanOperation(_ServerBanOperation, frozen=True):
    """`server_ban`."""

    seconds: int | None = None
    reason: str = ""

    def plan(self, state: State) -> Plan[Result]:
        """No administrator is banned."""
        permissions.require_admin(acting(state, self.user), Action.SERVER_BAN)
        if self.other and (self.other == self.user or state.users[self.other].admin):
            raise RefusedError(errors.DENIED, f"{self._called(state)} is an administrator")
        until = self.time + 1000 * self.seconds if self.seconds is not None else None
        return self._draft_of(state, frames.BAN, self.reason, until)


class ServerUnbanOperation(_ServerBanOperation, frozen=True):
    """`server_unban`."""

    def plan(self, state: State) -> Plan[Result]:
        """There must be a ban that holds."""
        permissions.require_admin(acting(state, self.user), Action.SERVER_BAN)
        banned = state.banned_users.get(self.other)
        ban = banned if self.other else state.banned_networks.get(self.network)
        if ban is None or not ban.holds(self.time):
            raise RefusedError(errors.NOT_FOUND, f"{self._called(state)} is not banned")
        return self._draft_of(state, frames.UNBAN, "", None)
