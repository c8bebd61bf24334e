"""Invitations: making and ending them. Registering uses them up (see `accounts.MakeAccount`)."""

from collections.abc import Sequence

import msgspec

from protocol import errors, limits
from server.errors import RefusedError
from server.features.accounts.operations import Awaited
from server.features.rooms.operations import check_name
from server.state.model import Invite, State
from server.store.base import Audit, EndInvite, Entry

DAY_MS = 24 * 60 * 60 * 1000


class MakeInvite(Awaited):
    """A new invitation, for so many `days`. Those that have run out go; of the `first` kind there is one."""

    def __init__(self, invite: Invite, days: int) -> None:
        super().__init__(invite.maker)
        self.expires = 0
        self._invite = invite
        self._days = days

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        if self._invite.room and self._invite.room not in state.rooms:
            check_name(state, self._invite.room)
        self.expires = now + self._days * DAY_MS
        new = msgspec.structs.replace(self._invite, created=now, expires=self.expires)
        over = [
            invite.id
            for invite in state.invites.values()
            if invite.expires <= now or (invite.first and new.first)
        ]
        if len(state.invites) - len(over) >= limits.INVITES:
            text = f"there are {limits.INVITES} invitations: end some first"
            raise RefusedError(errors.TOO_MANY, text, limit=limits.INVITES)
        note = Audit(now, new.maker, "invite", new.id, new.room, f"uses={new.uses} days={self._days}")
        return (*map(EndInvite, over), new, note)


class StopInvite(Awaited):
    """An invitation ends."""

    def __init__(self, identity: str, *, actor: int) -> None:
        super().__init__(actor)
        self._identity = identity
        self._actor = actor

    def plan(self, state: State, now: int) -> Sequence[Entry]:
        """See `writer.Operation`."""
        if self._identity not in state.invites:
            raise RefusedError(errors.NOT_FOUND, f"there is no invitation {self._identity}")
        return (EndInvite(self._identity), Audit(now, self._actor, "uninvite", self._identity))
