"""Getting back to a message that was said long ago, with all that was said since.

A room holds one run of events without a gap, so what lies between has to be fetched; there is an end to that.
"""

from collections.abc import Awaitable, Callable, Mapping

from chat_tui.client.errors import ClientError
from chat_tui.client.room import Room
from protocol import limits

FAR = 20_000
"""Events that are fetched at most: a hundred pages, some seconds."""

Load = Callable[[Room, int], Awaitable[object]]
"""Has a room hold a page more of what came before."""


async def reach(
    rooms: Mapping[str, Room], load: Load, name: str, seq: int, progress: Callable[[int], None]
) -> None:
    """Hold the room's events back to `seq`; `progress` gets how many are still to come.

    Raises `ClientError`, if it is too far too.
    """
    room = rooms.get(name)
    if room is None:
        raise ClientError("You are not in that room any more")
    if room.base - seq > FAR:
        raise ClientError(
            f"That is too long ago to scroll back to it: {room.base - seq:,} events lie between"
        )
    while room.base >= seq:
        base = room.base
        progress(base - seq + 1)
        await load(room, limits.PAGE)
        # Who scrolls up meanwhile may be given our page first: only what the room holds tells.
        if room.base == base or rooms.get(name) is not room:
            raise ClientError("That message is not there any more")
