"""What somebody does to somebody else in a room, or with the whole server; all of it goes into the audit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from protocol import codec, errors, frames, limits, names
from protocol.frames import AboutBody, Request, Result
from server.errors import RefusedError
from server.features.operation import Store, StoreTowards
from server.features.rooms.operations import successor
from server.state import audit, permissions
from server.state.model import SERVER_LOG, NetworkBody, Penalty, Room, State, User
from server.state.permissions import Action
from server.store.base import Entry


class StoreAbout(StoreTowards):
    """An action on `other` in a room."""

    __slots__ = ()
    kind: str
    action: Action

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        room = permissions.require(state, self.user, self.request.room, self.action, now)
        self._check(state, room, now)
        return (
            *self._before(state, room, now),
            self._draft(room.name, self.kind, now, codec.pack(self._body(room, now))),
            audit.record(now, self.user, self.kind, self.other.name, room.name, self._detail(now)),
        )

    def _check(self, state: State, room: Room, now: int) -> None:
        """Whether it makes sense; raises `RefusedError`."""
        raise NotImplementedError

    def _before(self, state: State, room: Room, now: int) -> Sequence[Entry]:  # noqa: ARG002
        """What has to happen first."""
        return ()

    def _body(self, room: Room, now: int) -> AboutBody | frames.RoleBody:  # noqa: ARG002
        return AboutBody(self.other.id, self.other.name)

    def _detail(self, now: int) -> str:  # noqa: ARG002
        return ""

    def _none(self, text: str) -> RefusedError:
        return RefusedError(errors.NO_SUCH_USER, f"{self.other.name} {text}")


class StoreInvite(StoreAbout):
    """`invite`."""

    __slots__ = ()
    kind, action = frames.INVITE, Action.INVITE

    def _check(self, state: State, room: Room, now: int) -> None:
        ban = room.bans.get(self.other.id)
        if self.other.id in room.members:
            raise RefusedError(errors.DENIED, f"{self.other.name} is in {room.name} already")
        if self.other.id in room.invited:
            raise RefusedError(errors.DENIED, f"{self.other.name} is invited already")
        if ban is not None and ban.holds(now):
            text = f"{self.other.name} is banned from {room.name}: /unban first"
            raise RefusedError(errors.DENIED, text)
        if permissions.muted(room, self.other, now):
            text = f"{self.other.name} is muted in {room.name}: /unmute first"
            raise RefusedError(errors.DENIED, text)
        if self._waiting(state) >= limits.INVITATIONS:
            text = f"{self.other.name} has {limits.INVITATIONS} invitations to answer already"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.INVITATIONS)

    def _waiting(self, state: State) -> int:
        """Invitations that are hidden from whom they are for, and the others, leave room for each other."""
        ignored, user = self.other.ignored, self.user.id
        makers = (state.rooms[room].invited[self.other.id].by for room in self.other.invited)
        return sum((maker in ignored) == (user in ignored) for maker in makers)


class _StoreAgainst(StoreAbout):
    """What only who stands above may do."""

    __slots__ = ()

    def _check(self, state: State, room: Room, now: int) -> None:  # noqa: ARG002
        permissions.require_over(room, self.user, self.other)


class StoreKick(_StoreAgainst):
    """`kick`."""

    __slots__ = ()
    kind, action = frames.KICK, Action.KICK
    request: frames.Kick

    def _check(self, state: State, room: Room, now: int) -> None:
        if self.other.id not in room.members and self.other.id not in room.invited:
            raise self._none(f"is not in {room.name}: /members shows who is")
        super()._check(state, room, now)

    def _before(self, state: State, room: Room, now: int) -> Sequence[Entry]:
        if self.other.id not in room.members:
            return ()
        return successor(state, room, self.other, self.user, now)

    def _body(self, room: Room, now: int) -> AboutBody:  # noqa: ARG002
        removed = self.other.id in room.members
        return AboutBody(self.other.id, self.other.name, self.request.reason, removed=removed)

    def _detail(self, now: int) -> str:  # noqa: ARG002
        return self.request.reason


def _require_penalty(penalties: Mapping[int, Penalty], other: User, now: int, what: str) -> None:
    """There is one of these that holds. Raises `RefusedError`."""
    penalty = penalties.get(other.id)
    if penalty is None or not penalty.holds(now):
        raise RefusedError(errors.NOT_FOUND, f"{other.name} is not {what}: /bans shows who is")


class _StorePenalty(_StoreAgainst):
    """What may have an end and a reason."""

    __slots__ = ()
    request: frames.Ban | frames.Mute

    def _until(self, now: int) -> int | None:
        return now + 1000 * self.request.seconds if self.request.seconds is not None else None

    def _body(self, room: Room, now: int) -> AboutBody:
        removed = self.kind == frames.BAN and self.other.id in room.members
        return AboutBody(
            self.other.id, self.other.name, self.request.reason, self._until(now), removed=removed
        )

    def _detail(self, now: int) -> str:
        return audit.term(Penalty(self.user.id, now, self._until(now), self.request.reason))


class StoreBan(_StorePenalty):
    """`ban`."""

    __slots__ = ()
    kind, action = frames.BAN, Action.BAN

    def _before(self, state: State, room: Room, now: int) -> Sequence[Entry]:
        if self.other.id not in room.members:
            return ()
        return successor(state, room, self.other, self.user, now)


class StoreMute(_StorePenalty):
    """`mute`."""

    __slots__ = ()
    kind, action = frames.MUTE, Action.MUTE

    def _check(self, state: State, room: Room, now: int) -> None:
        super()._check(state, room, now)
        if permissions.rank(room, self.other) >= permissions.Rank.OWNER:
            text = f"{self.other.name} is owner here, and no owner is muted: /role them member first"
            raise RefusedError(errors.DENIED, text)


class StoreUnban(_StoreAgainst):
    """`unban`."""

    __slots__ = ()
    kind, action = frames.UNBAN, Action.UNBAN

    def _check(self, state: State, room: Room, now: int) -> None:
        _require_penalty(room.bans, self.other, now, f"banned from {room.name}")
        super()._check(state, room, now)


class StoreUnmute(_StoreAgainst):
    """`unmute`."""

    __slots__ = ()
    kind, action = frames.UNMUTE, Action.UNMUTE

    def _check(self, state: State, room: Room, now: int) -> None:
        _require_penalty(room.mutes, self.other, now, f"muted in {room.name}")
        super()._check(state, room, now)


class StoreRole(StoreAbout):
    """`role`. An owner makes others owners, and may step down while there is another one."""

    __slots__ = ()
    kind, action = frames.ROLE, Action.ROLE
    request: frames.Role

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """As ever, but what somebody is already stores nothing."""
        room = permissions.require(state, self.user, self.request.room, self.action)
        if room.members.get(self.other.id) == self.request.role:
            return ()
        return super().plan(state, now)

    def _check(self, state: State, room: Room, now: int) -> None:  # noqa: ARG002
        role = room.members.get(self.other.id)
        if role is None:
            raise self._none(f"is not in {room.name}: /invite first")
        if room.name == names.FIRST_ROOM and self.request.role == frames.OWNER:
            raise RefusedError(errors.DENIED, f"{room.name} belongs to the administrators")
        if self.other is not self.user:
            permissions.require_over(room, self.user, self.other)
        elif role == frames.OWNER and list(room.members.values()).count(frames.OWNER) == 1:
            text = f"{room.name} needs an owner: make somebody else one first"
            raise RefusedError(errors.DENIED, text)

    def _body(self, room: Room, now: int) -> frames.RoleBody:  # noqa: ARG002
        return frames.RoleBody(self.other.id, self.other.name, self.request.role)

    def _detail(self, now: int) -> str:  # noqa: ARG002
        return self.request.role


class StoreServerBan(Store):
    """`server_ban`, `server_unban`: of a user, or of a network."""

    __slots__ = ("target",)
    request: frames.ServerBan | frames.ServerUnban

    def __init__(
        self,
        user: User,
        target: User | str,
        request: Any,  # noqa: ANN401  # as in `Store`
        answer: Callable[[Request[Any], Result], None],
        refuse: Callable[[Request[Any], RefusedError], None],
    ) -> None:
        super().__init__(user, request, answer, refuse)
        self.target = target

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        permissions.require_admin(self.user, Action.SERVER_BAN)
        request, target = self.request, self.target
        called = target if isinstance(target, str) else target.name
        if isinstance(request, frames.ServerUnban):
            kind, until, reason = frames.UNBAN, None, ""
            penalty = (
                state.banned_networks.get(target)
                if isinstance(target, str)
                else state.banned_users.get(target.id)
            )
            if penalty is None or not penalty.holds(now):
                raise RefusedError(errors.NOT_FOUND, f"{called} is not banned")
        else:
            kind, reason = frames.BAN, request.reason
            until = now + 1000 * request.seconds if request.seconds is not None else None
            if target is self.user or (isinstance(target, User) and target.admin):
                raise RefusedError(errors.DENIED, f"{called} is an administrator")
        body: NetworkBody | AboutBody
        if isinstance(target, str):
            body = NetworkBody(target, reason, until)
        else:
            body = AboutBody(target.id, target.name, reason, until)
        detail = audit.term(Penalty(self.user.id, now, until, reason))
        return (
            self._draft(SERVER_LOG, kind, now, codec.pack(body)),
            audit.record(now, self.user, f"server {kind}", called, detail=detail),
        )
