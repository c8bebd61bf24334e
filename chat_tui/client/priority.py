"""Which room comes first for a person: where they are mentioned, then what they want all of, then the rest.

Pure: knows how rooms compare, and neither connections nor screens.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_tui.client.room import Room


def priority(room: "Room") -> int | None:
    """How much a room wants the person, 0 first: they are mentioned, there is something new where they want
    everything, or elsewhere. None: nothing."""
    if room.mentions:
        return 0
    if not room.unread or room.muted:
        return None
    return 1 if room.everything else 2


def by_priority(rooms: Iterable["Room"], here: "Room | None" = None) -> Sequence["Room"]:
    """The rooms that want the person, but for the one they are in: the most urgent first, and of those the
    one that has waited longest."""
    wanting = [(level, room) for room in rooms if room is not here and (level := priority(room)) is not None]
    return [room for _, room in sorted(wanting, key=lambda one: (one[0], one[1].waits_since()))]
