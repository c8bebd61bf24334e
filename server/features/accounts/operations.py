"""What users do about their own accounts, and what all that makes or changes accounts has in common.

What was checked before it was planned - a password, say, in a thread that takes its time - is checked again
when it is planned: nothing that has changed meanwhile is passed over.
"""

from protocol import codec, errors, frames
from protocol.frames import LoginResult, Result
from server.errors import RefusedError
from server.state import permissions
from server.state.entries import AuditRecord, Draft, EndDeviceRecord, EndInviteRecord, Password
from server.state.model import ROLE, SERVER_LOG, AccountRoleBody, State, User
from server.state.operation import DONE, Operation, Plan, draft


def check_free(state: State, name: str, user: int = 0) -> None:
    """Raise `RefusedError` if another user has this name, or one that looks like it."""
    owner = state.user_called(name)
    if owner is not None and owner.id != user:
        raise RefusedError(errors.NAME_TAKEN, f"{name} is somebody else's name: choose another", field="name")
    if state.lookalike(name, user) is not None:
        text = f"{name} looks too much like somebody else's name: choose another"
        raise RefusedError(errors.NAME_TAKEN, text, field="name")


def check_actor(state: State, actor: int) -> None:
    """Raise `RefusedError` if who does this was an administrator and is none any more."""
    user = state.users.get(actor)
    if user is not None and (user.disabled or not user.admin):
        raise RefusedError(errors.DENIED, "only an administrator of the server can do that")


def role_draft(user: User, time: int, *, admin: bool, disabled: bool) -> Draft:
    """The event that changes what a user may do."""
    return draft(user, SERVER_LOG, ROLE, time, codec.pack(AccountRoleBody(admin, disabled)))


def first_invites(state: State) -> list[EndInviteRecord]:
    """There is an administrator now: nobody else needs the code for that."""
    return [EndInviteRecord(invite.id) for invite in state.invites.values() if invite.first]


class RenameUserOperation(Operation[LoginResult], frozen=True):
    """`nick`: renames the user, and says so in each of their rooms."""

    name: str

    def plan(self, state: State) -> Plan[LoginResult]:
        """The answer calls the user as this does: they may have another name already."""
        user = state.users[self.user]
        renamed = LoginResult(user.id, self.name, registered=bool(user.password), admin=user.admin)
        if self.name == user.name:
            return Plan((), renamed)
        check_free(state, self.name, user.id)
        permissions.require_voice(state, user, self.time)
        body = codec.pack(frames.NickBody(self.name))
        rooms = (SERVER_LOG, *sorted(user.rooms))
        return Plan([draft(user, room, frames.NICK, self.time, body) for room in rooms], renamed)


class SetPasswordOperation(Operation[Result], frozen=True):
    """An account has another password, whose hash this is. Its devices but `kept` are logged out.

    `old` is the hash that has to be there still, None if that does not matter.
    """

    account: int
    password: str
    old: str | None
    kept: str = ""

    def plan(self, state: State) -> Plan[Result]:
        """Who sets somebody else's is an administrator."""
        account = state.users[self.account]
        if self.old is not None and account.password != self.old:
            raise RefusedError(errors.BAD_LOGIN, "the password has just been changed, elsewhere")
        if self.user != account.id:
            check_actor(state, self.user)
        ends = [EndDeviceRecord(account.id, device) for device in account.devices if device != self.kept]
        record = AuditRecord(self.time, self.user, "password", account.name)
        return Plan((Password(account.id, self.password), *ends, record), DONE)


class EndDevicesOperation(Operation[Result], frozen=True):
    """Devices of an account are logged out: one, or (None) all."""

    account: int
    device: str | None

    def plan(self, state: State) -> Plan[Result]:
        """Who logs somebody else out is an administrator."""
        account = state.users[self.account]
        if self.user != account.id:
            check_actor(state, self.user)
        if self.device is not None and self.device not in account.devices:
            raise RefusedError(errors.NOT_FOUND, f"there is no device {self.device}")
        ended = [self.device] if self.device is not None else list(account.devices)
        record = AuditRecord(self.time, self.user, "logout", account.name)
        return Plan((*(EndDeviceRecord(account.id, device) for device in ended), record), DONE)
