"""Being brought up to date: where the rooms of a user stand, and what they have missed.

How a room stands is taken from the state at one moment; its events, and how many of them are unread, come
from the log, in the reader's thread."""

from dataclasses import dataclass

import msgspec

from protocol import frames, limits, names
from protocol.frames import Result
from server.delivery.account_changes import account_data
from server.features.registry import RequestContext, handler
from server.state import permissions
from server.state.model import Room, State, User
from server.state.visibility import invited_to, rooms_of
from server.store.base import Log, Unread

UNREAD_CAP = 1000
"""Nobody reads the difference between 1,000 and 5,000 unread, but counting costs the same per message."""


@dataclass(slots=True, frozen=True)
class RoomSnapshot:
    """A room as it is at one moment, to be completed with events from the log in another thread."""

    state: frames.RoomState
    unread: Unread
    cursor: int | None
    limit: int


@handler(frames.Sync)
async def sync(context: RequestContext, request: frames.Sync) -> Result:
    """Resume: where each room stands, and the events asked for."""
    server, user = context.server, context.user
    server.hub.enter(context)
    reset = bool(request.epoch) and request.epoch != server.epoch
    cursors = {} if reset else request.cursors
    snapshots = [
        snapshot(server.state, user, room, cursors.get(room), request.limit)
        for room in sorted(rooms_of(user))
    ]
    invitations = _invitations(server.state, user)

    def completed() -> list[frames.RoomState]:
        left = limits.PAGE_BYTES
        rooms = []
        for one in snapshots:
            state, left = complete_room(server.log, one, left)
            rooms.append(state)
        return rooms

    rooms = await context.read(completed)
    mine = account_data(server.state, user, frames.MineResult)
    return frames.SyncResult(server.epoch, rooms, reset, mine, invitations)


def _invitations(state: State, user: User) -> list[frames.Invitation]:
    """To which rooms `user` is invited."""
    found = []
    for room in invited_to(state, user):
        invitation = room.invited[user.id]
        found.append(frames.Invitation(room.name, state.users[invitation.by].name, invitation.time))
    return found


def snapshot(state: State, user: User, name: str, cursor: int | None, limit: int) -> RoomSnapshot:
    """The room as it is now for `user`, who has its events up to `cursor`; raises `RefusedError`."""
    room = permissions.visible(state, user, name)
    unread = Unread(name, user.id, user.reads.get(name, 0), room.head, frozenset(user.ignored))
    if cursor is not None and cursor > room.head:
        cursor = None  # it counts events of another store
    room_state = frames.RoomState(
        room=name,
        head=room.head,
        topic=room.topic,
        members=len(room.members),
        read=unread.seq,
        kind=frames.DIRECT if room.direct else frames.CHANNEL,
        partner=_partner(state, room, user),
        private=room.private,
        role=permissions.role(room, user),
        born=room.born,
    )
    return RoomSnapshot(room_state, unread, cursor, limit)


def _partner(state: State, room: Room, user: User) -> str:
    pair = names.direct_pair(room.name)
    if pair is None:
        return ""
    one, other = pair
    return state.users[other if one == user.id else one].name


def complete_room(log: Log, snapshot: RoomSnapshot, size: int) -> tuple[frames.RoomState, int]:
    """Complete a snapshot from the log; in the reader's thread.

    The events take at most `size` bytes. Returns the state and how many bytes are left.
    """
    cursor = snapshot.cursor or 0
    room, head = snapshot.state.room, snapshot.state.head
    events: list[frames.Event] = []
    if size > 0 and snapshot.limit and cursor < head:
        events = log.read(room, after=cursor, before=head + 1, limit=snapshot.limit, size=size)
    floor = log.floor(room)
    first = events[0].seq if events else head + 1
    state = msgspec.structs.replace(
        snapshot.state,
        unread=log.unread(snapshot.unread, UNREAD_CAP),
        events=events,
        complete=first <= max(cursor, floor) + 1,
        floor=floor,
    )
    return state, size - sum(len(event.body) + limits.EVENT_BYTES for event in events)
