"""The server's rooms and its audit, for its administrators."""

from functools import partial

from protocol import frames, limits, names
from protocol.frames import AuditInfo, Result
from server.features.admin_rooms.operations import MakeRoomOperation
from server.features.checks import checked, require_administrator
from server.features.registry import RequestContext, handler
from server.features.rooms.operations import new_birth
from server.state import permissions
from server.state.model import State
from server.store.base import AuditFilter, Recorded


@handler(frames.RoomDetails, for_operator=True)
async def room_details(context: RequestContext, request: frames.RoomDetails) -> Result:
    """How large a channel is."""
    require_administrator(context)
    log = context.server.log
    room = permissions.visible(context.server.state, context.user, request.room)
    members, invited, head = len(room.members), len(room.invited), room.head
    topic, private = room.topic, room.private

    def details() -> Result:
        size, floor = log.size(room.name), log.floor(room.name)
        return frames.RoomDetailsResult(
            room.name, topic, private, members, invited, head, floor, size.events, size.bytes
        )

    return await context.read(details)


@handler(frames.MakeRoom, for_operator=True)
def make_room(context: RequestContext, request: frames.MakeRoom) -> MakeRoomOperation:
    """Make a channel for others."""
    require_administrator(context)
    name = checked(names.check_room_name, request.room)
    state = context.server.state
    owner = permissions.require_user(state, request.owner).id if request.owner else None
    return MakeRoomOperation(context.user.id, name, new_birth(), request.private, owner)


@handler(frames.Audit, for_operator=True)
async def audit(context: RequestContext, request: frames.Audit) -> Result:
    """What was done."""
    require_administrator(context)
    state = context.server.state
    user = None
    if request.name:
        person = state.user_called(request.name)
        # Who is no user may be there all the same: a network, or who was called so then.
        user = (person.id, person.name) if person is not None else (-1, request.name)
    searched = AuditFilter(request.since, request.before, user, request.room, request.action)
    found = await context.read(partial(context.server.log.audit, searched, request.limit + 1))
    page, complete = _page(found[-request.limit :])
    return frames.AuditResult([_info(state, one) for one in page], complete and len(found) <= request.limit)


def _page(records: list[Recorded]) -> tuple[list[Recorded], bool]:
    """The newest of these that fit into an answer, and whether all of them do."""
    left = limits.PAGE_BYTES
    for place, (_, one) in reversed(list(enumerate(records))):
        left -= sum(len(text.encode()) for text in (one.action, one.target, one.room, one.detail))
        left -= limits.EVENT_BYTES
        if left < 0:
            return records[place + 1 :], False
    return records, True


def _info(state: State, recorded: Recorded) -> AuditInfo:
    number, one = recorded
    actor = state.users.get(one.actor)
    by = actor.name if actor is not None else ""
    return AuditInfo(number, one.time, one.action, one.actor, by, one.target, one.room, one.detail)
