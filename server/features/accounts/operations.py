"""Accounts: users, what proves that it is they, and what they may do.

What was checked before it was planned - a password, say, in a thread that takes its time - is checked again
when it is planned: nothing that has changed meanwhile is passed over.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from protocol import codec, errors, limits
from protocol.frames import Event
from server.delivery.writer import NEWCOMERS, SERVER
from server.errors import RefusedError
from server.features.login.credentials import LOCAL_ADMIN
from server.features.operation import OPERATION_BYTES, Stored
from server.state.model import ROLE, SERVER_LOG, USER, Device, Invite, RoleBody, State, User, UserBody
from server.store.base import NEW, Audit, Bound, Draft, EndDevice, EndInvite, Entry, Password, Record, Seen

NO_MATCH = "this name and this password don't go together"


class Awaited:
    """An operation that a coroutine waits for: see `Core.store`. `turn`: see `writer.Operation`."""

    size = OPERATION_BYTES

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        raise NotImplementedError

    def done(self, stored: Stored) -> None:  # noqa: ARG002
        """See `writer.Operation`."""
        if not self.outcome.done():
            self.outcome.set_result(None)

    def repeated(self, event: Event) -> None:
        """See `writer.Operation`."""
        raise AssertionError(f"only what is sent has a cid: {event.kind}")

    def refused(self, error: RefusedError) -> None:
        """See `writer.Operation`."""
        if not self.outcome.done():
            self.outcome.set_exception(error)
            self.outcome.exception()  # nobody may be waiting


def check_free(state: State, name: str, user: int = 0) -> None:
    """Raise `RefusedError` if another user has this name, or one that looks like it."""
    owner = state.user_called(name)
    if owner is not None and owner.id != user:
        raise RefusedError(errors.NAME_TAKEN, f"{name} is somebody else's name: choose another", field="name")
    if state.lookalike(name, user) is not None:
        text = f"{name} looks too much like somebody else's name: choose another"
        raise RefusedError(errors.NAME_TAKEN, text, field="name")


def _user(name: str, now: int, *, admin: bool) -> Draft:
    return Draft(SERVER_LOG, 0, name, USER, now, codec.pack(UserBody(name, admin)))


def _role(user: User, now: int, *, admin: bool, disabled: bool) -> Draft:
    return Draft(SERVER_LOG, user.id, user.name, ROLE, now, codec.pack(RoleBody(admin, disabled)))


def _check_actor(state: State, actor: int | None) -> None:
    """Raise `RefusedError` if who does this was an administrator and is none any more."""
    user = state.users.get(actor) if actor is not None else None
    if user is not None and (user.disabled or not user.admin):
        raise RefusedError(errors.DENIED, "only an administrator of the server can do that")


def _renewed(device: Device | None, user: int, now: int) -> tuple[Device, ...]:
    if device is None:
        return ()
    return (msgspec.structs.replace(device, user=user, created=now, seen=now),)


def _with_room(user: User, online: frozenset[str]) -> tuple[EndDevice, ...]:
    """Make room for one more device."""
    if len(user.devices) < limits.DEVICES:
        return ()
    away = [device for device in user.devices.values() if device.id not in online]
    if not away:
        text = f"you are logged in on {limits.DEVICES} devices: log out on one of them first"
        raise RefusedError(errors.TOO_MANY, text, limit=limits.DEVICES)
    return (EndDevice(user.id, min(away, key=lambda device: device.seen).id),)


class ComeByName(Awaited):
    """Somebody comes in with nothing but a name: that of a user without a password, or a new one.

    `device` is what shall be let in from now on, if any; `user` is whose it is, afterwards. `online` are the
    user's devices that are there now.
    """

    def __init__(self, name: str, device: Device | None, online: frozenset[str]) -> None:
        super().__init__(NEWCOMERS)
        self.user = 0
        self._name = name
        self._device = device
        self._online = online

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user = state.user_called(self._name)
        self.user = user.id if user is not None else 0
        if user is None:
            check_free(state, self._name)
            return (_user(self._name, now, admin=False), *_renewed(self._device, NEW, now))
        require_name_alone(user)  # again: it may have got a password since it was looked at
        gone = _with_room(user, self._online) if self._device is not None else ()
        return (*gone, *_renewed(self._device, user.id, now))

    def done(self, stored: Stored) -> None:
        """See `writer.Operation`."""
        if not self.user and stored[0] is not None:
            self.user = stored[0].seq
        super().done(stored)


def require_name_alone(user: User) -> None:
    """Raise `RefusedError` unless whoever gives this user's name may come in with nothing else."""
    if user.password or user.disabled:
        raise RefusedError(errors.BAD_LOGIN, f"{user.name} is registered: it needs its password")
    if user.uid is not None:
        text = f"{user.name} is somebody who comes in on the server's own computer: choose another name"
        raise RefusedError(errors.BAD_LOGIN, text)


class ComeAsLocalUser(Awaited):
    """A user of the server's computer comes in over a Unix socket, as whom the system says: `uid`.

    They have the account that is bound to them, or else the one with their system `name`, or a new one. An
    account that has a password needs that once (see `ComeByPassword`). Where one had neither, as on an
    open server, anybody could use it until now: they are logged out, `ended`. `admin`: the server is theirs.
    """

    def __init__(
        self, uid: int, name: str, device: Device, online: Callable[[User], frozenset[str]], *, admin: bool
    ) -> None:
        super().__init__(NEWCOMERS)
        self.user = 0
        self.ended = False
        self._uid = uid
        self._name = name
        self._device = device
        self._online = online
        self._admin = admin

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user = state.by_uid.get(self._uid) or state.user_called(self._name)
        if user is None:
            check_free(state, self._name)
            made = _user(self._name, now, admin=self._admin)
            settled = _settled(state) if self._admin else ()
            device = _renewed(self._device, NEW, now)
            return (made, Bound(NEW, self._uid), *device, *settled, *self._on_record(now))
        self.user = user.id
        entries: list[Entry] = []
        if user.uid is None:
            require_name_alone(user)
            self.ended = True
            entries += [EndDevice(user.id, device) for device in user.devices]
            entries += [Bound(user.id, self._uid), *self._on_record(now)]
        elif user.uid != self._uid:
            text = f"{user.name} belongs to another user of this computer: choose another name"
            raise RefusedError(errors.NAME_TAKEN, text, field="name")
        else:
            entries += _with_room(user, self._online(user))
        if self._admin and not user.admin:
            entries += [_role(user, now, admin=True, disabled=user.disabled), *_settled(state)]
        return (*entries, *_renewed(self._device, user.id, now))

    def _on_record(self, now: int) -> tuple[Audit, ...]:
        return (Audit(now, 0, "bind", self._name, detail=f"to user {self._uid} of this computer"),)

    def done(self, stored: Stored) -> None:
        """See `writer.Operation`."""
        if not self.user and stored[0] is not None:
            self.user = stored[0].seq
        super().done(stored)


class ComeByPassword(Awaited):
    """Somebody gave the password of `user`, whose hash was `proved`; `renewed` is a better one, if any. From
    now on they need none where the system says that they are `uid`."""

    def __init__(
        self,
        user: User,
        proved: str,
        renewed: str,
        device: Device | None,
        online: frozenset[str],
        uid: int | None = None,
    ) -> None:
        super().__init__(user.id)
        self._uid = uid
        self._user = user
        self._proved = proved
        self._renewed = renewed
        self._device = device
        self._online = online

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user = self._user
        if user.password != self._proved or user.disabled:
            raise RefusedError(errors.BAD_LOGIN, NO_MATCH)
        better = (Password(user.id, self._renewed),) if self._renewed else ()
        bound: tuple[Entry, ...] = ()
        if self._uid is not None and user.uid is None and self._uid not in state.by_uid:
            detail = f"to user {self._uid} of this computer"
            bound = (Bound(user.id, self._uid), Audit(now, user.id, "bind", user.name, detail=detail))
        gone = _with_room(user, self._online) if self._device is not None else ()
        return (*better, *bound, *gone, *_renewed(self._device, user.id, now))


class MakeAccount(Awaited):
    """A registered user: `user`, afterwards.

    `invite`: with this invitation; `actor`: made by that administrator, else by themself. The first
    administrator is whom the operator made, or gave the first invitation: never who just came first.
    """

    def __init__(
        self,
        name: str,
        password: str,
        *,
        device: Device | None = None,
        invite: Invite | None = None,
        actor: int | None = None,
    ) -> None:
        super().__init__(NEWCOMERS if actor is None else actor)
        self.user = 0
        self._name = name
        self._password = password
        self._device = device
        self._invite = invite
        self._actor = actor

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        _check_actor(state, self._actor)
        check_free(state, self._name)
        used: tuple[Entry, ...] = ()
        by_operator = self._actor == LOCAL_ADMIN
        if self._invite is not None:
            used = (use_invite(state, self._invite, now),)
            by_operator = self._invite.first
        admin = by_operator and not state.has_administrator()
        return (
            _user(self._name, now, admin=admin),
            Password(NEW, self._password),
            *_renewed(self._device, NEW, now),
            *used,
            *(_settled(state) if admin else ()),
            Audit(now, self._actor or 0, "register", self._name),
        )

    def done(self, stored: Stored) -> None:
        """See `writer.Operation`."""
        if stored[0] is not None:
            self.user = stored[0].seq
        super().done(stored)


def _settled(state: State) -> list[EndInvite]:
    """There is an administrator now: nobody else needs the code for that."""
    return [EndInvite(invite.id) for invite in state.invites.values() if invite.first]


def use_invite(state: State, invite: Invite, now: int) -> Invite | EndInvite:
    """The invitation after one more has registered with it; raises `RefusedError` if none can."""
    invite = check_invite(state.invites.get(invite.id), now)
    if invite.left == 1:
        return EndInvite(invite.id)
    return msgspec.structs.replace(invite, left=invite.left - 1)


def check_invite(invite: Invite | None, now: int) -> Invite:
    """The invitation, if somebody may register with it; raises `RefusedError`."""
    if invite is None or invite.left < 1 or invite.expires <= now:
        text = "there is no such invitation, or it has ended: ask for another"
        raise RefusedError(errors.BAD_INVITE, text, field="invite")
    return invite


class SetPassword(Awaited):
    """A user has another password. Their devices but `kept` are logged out: `ended`, afterwards.

    `old` is the hash that has to be there still, None if that does not matter.
    """

    def __init__(self, user: User, new: str, *, old: str | None, kept: str = "", actor: int) -> None:
        super().__init__(actor)
        self.ended: list[str] = []
        self._user = user
        self._new = new
        self._old = old
        self._kept = kept
        self._actor = actor

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user = self._user
        if self._old is not None and user.password != self._old:
            raise RefusedError(errors.BAD_LOGIN, "the password has just been changed, elsewhere")
        if self._actor != user.id:
            _check_actor(state, self._actor)
        self.ended = [device for device in user.devices if device != self._kept]
        ends = [EndDevice(user.id, device) for device in self.ended]
        return (Password(user.id, self._new), *ends, Audit(now, self._actor, "password", user.name))


class SetRole(Awaited):
    """A user becomes an administrator or none, or may come in or not; None leaves it as it is."""

    def __init__(
        self, user: User, *, admin: bool | None = None, disabled: bool | None = None, actor: int
    ) -> None:
        super().__init__(actor)
        self._user = user
        self._admin = admin
        self._disabled = disabled
        self._actor = actor

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user = self._user
        admin = user.admin if self._admin is None else self._admin
        disabled = user.disabled if self._disabled is None else self._disabled
        _check_actor(state, self._actor)
        if (admin, disabled) == (user.admin, user.disabled):
            return ()
        if self._actor == user.id and disabled:
            text = "that is your own account: another administrator can switch it off, or chat-server user"
            raise RefusedError(errors.DENIED, text)
        goes = user.admin and not user.disabled and (disabled or not admin)
        if self._actor != LOCAL_ADMIN and goes and not state.has_administrator(user):
            text = f"{user.name} is the only administrator: make somebody else one first"
            raise RefusedError(errors.DENIED, text)
        detail = f"admin={admin} disabled={disabled}".lower()
        return (
            _role(user, now, admin=admin, disabled=disabled),
            *(_settled(state) if admin and not disabled else ()),
            Audit(now, self._actor, "role", user.name, detail=detail),
        )


class EndDevices(Awaited):
    """Devices of a user are logged out: one, or (None) all. `ended`, afterwards."""

    def __init__(self, user: User, device: str | None, *, actor: int) -> None:
        super().__init__(actor)
        self.ended: list[str] = []
        self._user = user
        self._device = device
        self._actor = actor

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        user = self._user
        if self._actor != user.id:
            _check_actor(state, self._actor)
        if self._device is not None and self._device not in user.devices:
            raise RefusedError(errors.NOT_FOUND, f"there is no device {self._device}")
        self.ended = [self._device] if self._device is not None else list(user.devices)
        entries = [EndDevice(user.id, device) for device in self.ended]
        return (*entries, Audit(now, self._actor, "logout", user.name))


class Keep(Awaited):
    """Records that depend on nothing. Their time is the plan's."""

    def __init__(self, *records: Seen | Audit) -> None:
        super().__init__(SERVER)
        self._records = records

    def plan(self, state: State, now: int) -> Sequence[Record]:  # noqa: ARG002
        """See `writer.Operation`."""
        return [msgspec.structs.replace(record, time=now) for record in self._records]
