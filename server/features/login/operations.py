"""Coming in, and becoming a user.

What was checked before it was planned - a password, say, in a thread that takes its time - is checked again
when it is planned: nothing that has changed meanwhile is passed over.
"""

import msgspec

from protocol import codec, errors, limits
from protocol.frames import Result
from server.errors import RefusedError
from server.features.accounts.operations import check_actor, check_free, first_invites, role_draft
from server.state.entries import (
    NEW,
    AuditRecord,
    Bound,
    Draft,
    EndDeviceRecord,
    EndInviteRecord,
    Entry,
    Password,
    Seen,
)
from server.state.model import LOCAL_ADMIN, SERVER_LOG, USER, Device, ServerInvite, State, User, UserBody
from server.state.operation import DONE, NEWCOMERS, Operation, Plan, Stored

NO_MATCH = "this name and this password don't go together"


class LoggedIn(Result, frozen=True):
    """Who has come in: a user's id. `bound`: their account belongs to a user of this computer from now on,
    and who used it until now is logged out."""

    user: int
    bound: bool = False


class _LoginOperation(Operation[LoggedIn], frozen=True):
    """Where the plan makes the user, their id is the place of the first event."""

    def result(self, planned: LoggedIn, stored: Stored) -> LoggedIn:
        """Who it is."""
        if not planned.user and stored[0] is not None:
            return LoggedIn(stored[0].seq, planned.bound)
        return planned


def _user_draft(name: str, time: int, *, admin: bool) -> Draft:
    return Draft(SERVER_LOG, 0, name, USER, time, codec.pack(UserBody(name, admin)))


def _renewed(device: Device | None, user: int, time: int) -> tuple[Device, ...]:
    if device is None:
        return ()
    return (msgspec.structs.replace(device, user=user, created=time, seen=time),)


def _make_room_for_device(user: User, online: frozenset[str]) -> tuple[EndDeviceRecord, ...]:
    """Make room for one more device; `online` are those that are there now."""
    if len(user.devices) < limits.DEVICES:
        return ()
    away = [device for device in user.devices.values() if device.id not in online]
    if not away:
        text = f"you are logged in on {limits.DEVICES} devices: log out on one of them first"
        raise RefusedError(errors.TOO_MANY, text, limit=limits.DEVICES)
    return (EndDeviceRecord(user.id, min(away, key=lambda device: device.seen).id),)


class LoginByNameOperation(_LoginOperation, frozen=True):
    """Somebody comes in with nothing but a name: that of a user without a password, or a new one.

    `device` is what shall be let in from now on, if any. `online` are the user's devices that are there now.
    """

    name: str
    device: Device | None
    online: frozenset[str]

    def plan(self, state: State) -> Plan[LoggedIn]:
        """Who is new is made."""
        user = state.user_called(self.name)
        if user is None:
            check_free(state, self.name)
            made = _user_draft(self.name, self.time, admin=False)
            return Plan((made, *_renewed(self.device, NEW, self.time)), LoggedIn(0))
        require_name_alone(user)  # again: it may have got a password since it was looked at
        gone = _make_room_for_device(user, self.online) if self.device is not None else ()
        return Plan((*gone, *_renewed(self.device, user.id, self.time)), LoggedIn(user.id))


def require_name_alone(user: User) -> None:
    """Raise `RefusedError` unless whoever gives this user's name may come in with nothing else."""
    if user.password or user.disabled:
        raise RefusedError(errors.BAD_LOGIN, f"{user.name} is registered: it needs its password")
    if user.uid is not None:
        text = f"{user.name} is somebody who comes in on the server's own computer: choose another name"
        raise RefusedError(errors.BAD_LOGIN, text)


class LoginLocalUserOperation(_LoginOperation, frozen=True):
    """A user of the server's computer comes in over a Unix socket, as whom the system says: `uid`.

    They have the account that is bound to them, or else the one with their system `name`, or a new one. An
    account that has a password needs that once (see `LoginByPasswordOperation`). Where one had neither, as on
    an open server, anybody could use it until now: they are logged out. `admin`: the server is theirs.
    """

    uid: int
    name: str
    device: Device
    online: frozenset[str]
    admin: bool

    def plan(self, state: State) -> Plan[LoggedIn]:
        """Who is new is made, and bound; who is not bound yet is."""
        user = state.by_uid.get(self.uid) or state.user_called(self.name)
        if user is None:
            check_free(state, self.name)
            made = _user_draft(self.name, self.time, admin=self.admin)
            settled = first_invites(state) if self.admin else ()
            device = _renewed(self.device, NEW, self.time)
            return Plan((made, Bound(NEW, self.uid), *device, *settled, self._record()), LoggedIn(0))
        entries: list[Entry] = []
        bound = user.uid is None
        if bound:
            require_name_alone(user)
            entries += [EndDeviceRecord(user.id, device) for device in user.devices]
            entries += [Bound(user.id, self.uid), self._record()]
        elif user.uid != self.uid:
            text = f"{user.name} belongs to another user of this computer: choose another name"
            raise RefusedError(errors.NAME_TAKEN, text, field="name")
        else:
            entries += _make_room_for_device(user, self.online)
        if self.admin and not user.admin:
            role = role_draft(user, self.time, admin=True, disabled=user.disabled)
            entries += [role, *first_invites(state)]
        return Plan((*entries, *_renewed(self.device, user.id, self.time)), LoggedIn(user.id, bound))

    def _record(self) -> AuditRecord:
        return AuditRecord(self.time, 0, "bind", self.name, detail=f"to user {self.uid} of this computer")


class LoginByPasswordOperation(Operation[Result], frozen=True):
    """The user gave their password, whose hash was `proved`; `renewed` is a better one, if any. From now on
    they need none where the system says that they are `uid`."""

    proved: str
    renewed: str
    device: Device | None
    online: frozenset[str]
    uid: int | None = None

    def plan(self, state: State) -> Plan[Result]:
        """The password must still be that one."""
        user = state.users[self.user]
        if user.password != self.proved or user.disabled:
            raise RefusedError(errors.BAD_LOGIN, NO_MATCH)
        better = (Password(user.id, self.renewed),) if self.renewed else ()
        bound: tuple[Entry, ...] = ()
        if self.uid is not None and user.uid is None and self.uid not in state.by_uid:
            detail = f"to user {self.uid} of this computer"
            bound = (
                Bound(user.id, self.uid),
                AuditRecord(self.time, user.id, "bind", user.name, detail=detail),
            )
        gone = _make_room_for_device(user, self.online) if self.device is not None else ()
        return Plan((*better, *bound, *gone, *_renewed(self.device, user.id, self.time)), DONE)


class RegisterOperation(_LoginOperation, frozen=True):
    """A registered user, made by an administrator, or by themself (`NEWCOMERS`), with the invitation `invite`
    if they need one. `password` is its hash. The first administrator is whom the operator made, or gave the
    first invitation: never who just came first."""

    name: str
    password: str
    device: Device | None = None
    invite: str | None = None

    def plan(self, state: State) -> Plan[LoggedIn]:
        """The invitation is used up by it."""
        check_actor(state, self.user)
        check_free(state, self.name)
        used: tuple[Entry, ...] = ()
        by_operator = self.user == LOCAL_ADMIN
        if self.invite is not None:
            invite = check_invite(state.invites.get(self.invite), self.time)
            used = (_used(invite),)
            by_operator = invite.first
        admin = by_operator and not state.has_administrator()
        actor = self.user if self.user != NEWCOMERS else 0
        entries = (
            _user_draft(self.name, self.time, admin=admin),
            Password(NEW, self.password),
            *_renewed(self.device, NEW, self.time),
            *used,
            *(first_invites(state) if admin else ()),
            AuditRecord(self.time, actor, "register", self.name),
        )
        return Plan(entries, LoggedIn(0))


def _used(invite: ServerInvite) -> ServerInvite | EndInviteRecord:
    """The invitation after one more has registered with it."""
    if invite.left == 1:
        return EndInviteRecord(invite.id)
    return msgspec.structs.replace(invite, left=invite.left - 1)


def check_invite(invite: ServerInvite | None, now: int) -> ServerInvite:
    """The invitation, if somebody may register with it; raises `RefusedError`."""
    if invite is None or invite.left < 1 or invite.expires <= now:
        text = "there is no such invitation, or it has ended: ask for another"
        raise RefusedError(errors.BAD_INVITE, text, field="invite")
    return invite


class RecordDeviceSeenOperation(Operation[Result], frozen=True):
    """A device of the user's was there."""

    device: str

    def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002  # it depends on nothing
        """Now is when it is planned."""
        return Plan((Seen(self.user, self.device, self.time),), DONE)


class RecordRefusedLoginOperation(Operation[Result], frozen=True):
    """Somebody could not come in under a name; `detail` says why."""

    name: str
    detail: str

    def plan(self, state: State) -> Plan[Result]:  # noqa: ARG002  # it depends on nothing
        """It goes into the audit."""
        return Plan((AuditRecord(self.time, 0, "login refused", self.name, "", self.detail),), DONE)
