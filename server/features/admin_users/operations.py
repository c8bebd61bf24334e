"""What administrators do to accounts, and invitations to the server. Registering uses those up."""

from protocol import errors, limits
from protocol.frames import Result
from server.errors import RefusedError
from server.features.accounts.operations import check_actor, first_invites, role_draft
from server.features.rooms.operations import check_name
from server.state.entries import AuditRecord, EndInviteRecord
from server.state.model import LOCAL_ADMIN, ServerInvite, State
from server.state.operation import DONE, Operation, Plan

DAY_MS = 24 * 60 * 60 * 1000


class SetAccountRoleOperation(Operation[Result], frozen=True):
    """A user becomes an administrator or none, or may come in or not; None leaves it as it is."""

    account: int
    admin: bool | None = None
    disabled: bool | None = None

    def plan(self, state: State) -> Plan[Result]:
        """As it is already stores nothing."""
        account = state.users[self.account]
        admin = account.admin if self.admin is None else self.admin
        disabled = account.disabled if self.disabled is None else self.disabled
        check_actor(state, self.user)
        if (admin, disabled) == (account.admin, account.disabled):
            return Plan((), DONE)
        if self.user == account.id and disabled:
            text = "that is your own account: another administrator can switch it off, or chat-server user"
            raise RefusedError(errors.DENIED, text)
        goes = account.admin and not account.disabled and (disabled or not admin)
        if self.user != LOCAL_ADMIN and goes and not state.has_administrator(account):
            text = f"{account.name} is the only administrator: make somebody else one first"
            raise RefusedError(errors.DENIED, text)
        detail = f"admin={admin} disabled={disabled}".lower()
        entries = (
            role_draft(account, self.time, admin=admin, disabled=disabled),
            *(first_invites(state) if admin and not disabled else ()),
            AuditRecord(self.time, self.user, "role", account.name, detail=detail),
        )
        return Plan(entries, DONE)


class InviteMade(Result, frozen=True):
    """When an invitation ends."""

    expires: int


class CreateInviteOperation(Operation[InviteMade], frozen=True):
    """A new invitation, for so many `days`; `code` is the hash of its code. Those that have run out go; of
    the `first` kind there is one."""

    invite: str
    code: bytes
    uses: int
    days: int
    room: str = ""
    first: bool = False

    def plan(self, state: State) -> Plan[InviteMade]:
        """There are so many at most."""
        if self.room and self.room not in state.rooms:
            check_name(state, self.room)
        expires = self.time + self.days * DAY_MS
        new = ServerInvite(
            self.invite, self.code, self.user, self.time, expires, self.uses, self.uses, self.room, self.first
        )
        over = [
            invite.id
            for invite in state.invites.values()
            if invite.expires <= self.time or (invite.first and new.first)
        ]
        if len(state.invites) - len(over) >= limits.INVITES:
            text = f"there are {limits.INVITES} invitations: end some first"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.INVITES)
        record = AuditRecord(
            self.time, self.user, "invite", new.id, new.room, f"uses={new.uses} days={self.days}"
        )
        return Plan((*map(EndInviteRecord, over), new, record), InviteMade(expires))


class RevokeInviteOperation(Operation[Result], frozen=True):
    """An invitation ends."""

    invite: str

    def plan(self, state: State) -> Plan[Result]:
        """If it is there."""
        if self.invite not in state.invites:
            raise RefusedError(errors.NOT_FOUND, f"there is no invitation {self.invite}")
        return Plan(
            (EndInviteRecord(self.invite), AuditRecord(self.time, self.user, "uninvite", self.invite)), DONE
        )
