"""Operations: what a request, or the server itself, wants stored. Data, and a pure plan.

An operation holds whose it is, and every choice that was made and everything that chance gave before it was
handed in; its time is that of whoever plans it. `plan` looks at the state and at nothing else, so it can be
repeated, and carried out on another computer than the one that the request came to. Two people who make the
same room at once, or a send right behind its join, need no locks: each is checked when its batch is planned.
Knows the state and what is stored; nothing of sessions, sockets or the writer.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from protocol.frames import Event, Result
from server.state.entries import Draft, Entry
from server.state.model import LOCAL_ADMIN, State, User, local_admin

R = TypeVar("R", bound=Result)

Stored = Sequence[Event | None]
"""What the log gives for the entries of a plan: events for drafts, None for records."""

SERVER = -1
"""Whose operation it is when the server itself has something stored; no user has this id."""

NEWCOMERS = -2
"""Whose it is when somebody comes in who is no user yet, or has proved nothing."""

OPERATION_BYTES = 1024
"""What an operation keeps while it waits, beside a body: its request and its answer to be, about."""

DONE = Result()
"""What most operations have to tell: that they were carried out."""


class Plan(msgspec.Struct, Generic[R], frozen=True):
    """What is to be stored, and what is answered once it is."""

    entries: Sequence[Entry]
    result: R


class _Timed(msgspec.Struct, frozen=True, kw_only=True):
    time: int = 0


class Operation(_Timed, Generic[R], frozen=True, tag=True):
    """See the module. `user` is who has to answer for it, and takes turns with others: a user's id, `SERVER`
    or `NEWCOMERS`. `time` (ms since 1970) is set by whoever plans it."""

    user: int

    @property
    def size(self) -> int:
        """About how many bytes it keeps while it waits."""
        return OPERATION_BYTES

    def plan(self, state: State) -> Plan[R]:
        """What it comes to, as the state is now. May raise `RefusedError`. One that has a cid has no other
        entry."""
        raise NotImplementedError

    def result(self, planned: R, stored: Stored) -> R:  # noqa: ARG002  # most have nothing to add
        """The answer, now that it is stored."""
        return planned

    def repeated(self, event: Event) -> R:
        """The answer where it is stored already, under its cid; the event may be `GONE`. May raise
        `RefusedError`."""
        raise AssertionError(f"only what is sent has a cid: {event.kind}")


def acting(state: State, number: int) -> User:
    """Whose operation it is: a user, or the local administrator, who is in no state."""
    return local_admin() if number == LOCAL_ADMIN else state.users[number]


def draft(actor: User, room: str, kind: str, time: int, body: bytes = b"") -> Draft:
    """The event that somebody does this."""
    return Draft(room, actor.id, actor.name, kind, time, body)
