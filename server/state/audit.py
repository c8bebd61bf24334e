"""Who did what to whom: the records that stay when rooms and bans have gone.

A record goes into the store in the same transaction as what it tells of (see `entries.AuditRecord`), and no
request can change or remove one. It never holds what somebody said, nor a secret.
"""

from datetime import UTC, datetime

from server.state.entries import AuditRecord
from server.state.model import Penalty, Room, User


def record(
    now: int, actor: User | None, action: str, target: str = "", room: Room | str = "", detail: str = ""
) -> AuditRecord:
    """The record of an action; without an actor the server itself, or somebody unknown, did it."""
    where = room if isinstance(room, str) else room.name
    return AuditRecord(now, actor.id if actor is not None else 0, action, target, where, detail)


def term(penalty: Penalty) -> str:
    """How long a ban or a mute holds, and why. In UTC, as the times in a log."""
    ends = ""
    if penalty.until is not None:
        ends = f"until {datetime.fromtimestamp(penalty.until / 1000, tz=UTC):%Y-%m-%d %H:%M} UTC"
    return ": ".join(part for part in (ends, penalty.reason) if part)
