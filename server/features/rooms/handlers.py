"""Rooms: making, entering and leaving them, what they are about, their end."""

import heapq
from functools import partial

from protocol import errors, frames, limits, names
from protocol.frames import Result
from protocol.text import clean_line
from server.errors import RefusedError
from server.features.checks import checked
from server.features.registry import RequestContext, handler
from server.features.rooms.operations import (
    CreateRoomOperation,
    DeleteRoomOperation,
    JoinRoomOperation,
    LeaveRoomOperation,
    OpenDirectRoomOperation,
    SetTopicOperation,
    SetVisibilityOperation,
    new_birth,
)
from server.features.rooms.sync import RoomSnapshot, complete_room, snapshot
from server.state import permissions
from server.state.permissions import Action
from server.state.visibility import invited_to


@handler(frames.Join)
async def join(context: RequestContext, request: frames.Join) -> Result:
    """Become a member, and see the newest events."""
    name = checked(names.check_room_name, request.room)
    _check_new_room(context, name)
    quota = context.server.quotas.rooms
    operation = JoinRoomOperation(context.user.id, name, new_birth(), request.existing, quota)
    await context.server.store(operation)
    return await _entered(context, name, request.limit)


def _check_new_room(context: RequestContext, name: str) -> None:
    server = context.server
    if name not in server.state.rooms:
        server.quotas.check_new_room(context.user, len(server.state.rooms), context.heard)


@handler(frames.Create)
async def create(context: RequestContext, request: frames.Create) -> Result:
    """Make a room."""
    name = checked(names.check_room_name, request.room)
    _check_new_room(context, name)
    quota = context.server.quotas.rooms
    operation = CreateRoomOperation(context.user.id, name, new_birth(), request.private, quota)
    await context.server.store(operation)
    return await _entered(context, name, request.limit)


@handler(frames.Dm)
async def dm(context: RequestContext, request: frames.Dm) -> Result:
    """Be in the room with somebody."""
    server, user = context.server, context.user
    other = permissions.require_user(server.state, request.name)
    name = names.direct_room(user.id, other.id)
    if name not in server.state.rooms:
        server.quotas.check_new_room(user, len(server.state.rooms), context.heard, direct=True)
    await server.store(OpenDirectRoomOperation(user.id, other.id, new_birth(), server.quotas.rooms))
    server.hub.enter_room(name, user.id)  # it may have been hidden
    return await _entered(context, name, request.limit)


async def _entered(context: RequestContext, name: str, limit: int) -> Result:
    """The room, now that the user is in it. Raises `RefusedError` if it was deleted right behind."""
    room: RoomSnapshot = snapshot(context.server.state, context.user, name, None, limit)
    state, _ = await context.read(partial(complete_room, context.server.log, room, limits.PAGE_BYTES))
    return frames.JoinResult(state)


@handler(frames.Leave)
def leave(context: RequestContext, request: frames.Leave) -> LeaveRoomOperation:
    """Be a member no longer."""
    return LeaveRoomOperation(context.user.id, request.room)


@handler(frames.Topic, for_operator=True)
def topic(context: RequestContext, request: frames.Topic) -> SetTopicOperation:
    """Set a topic."""
    topic = clean_line(request.topic)
    if len(topic) > limits.TOPIC:
        text = f"a topic has at most {limits.TOPIC} characters"
        raise RefusedError(errors.TOO_LARGE, text, limit=limits.TOPIC, field="topic")
    return SetTopicOperation(context.user.id, request.room, topic)


@handler(frames.Visibility, for_operator=True)
def visibility(context: RequestContext, request: frames.Visibility) -> SetVisibilityOperation:
    """Show a room to everybody, or to nobody but its members."""
    return SetVisibilityOperation(context.user.id, request.room, request.private)


@handler(frames.DeleteRoom, for_operator=True)
async def delete_room(context: RequestContext, request: frames.DeleteRoom) -> Result:
    """Delete a room."""
    result = await context.server.store(DeleteRoomOperation(context.user.id, request.room))
    context.server.purge_soon()
    return result


@handler(frames.Rooms, for_operator=True)
def rooms(context: RequestContext, request: frames.Rooms) -> Result:
    """A page of the channels whose names come after `after`, as many as fit into an answer, that the user may
    know of and is in, is invited to or could join; `every`: all channels."""
    if request.every:
        permissions.require_admin(context.user, Action.EVERY_ROOM)
    state, user, left = context.server.state, context.user, limits.PAGE_BYTES
    asked = {room.name for room in invited_to(state, user)}
    shown = state.channels if request.every else state.public
    mine = user.rooms | asked if not request.every else set()
    # Channels that others may not know of.
    own = [name for name in mine if state.rooms[name].private and not state.rooms[name].direct]
    listed: list[frames.RoomInfo] = []
    after = sorted(one for one in own if one > request.after)
    for name in heapq.merge(shown.after(request.after), after):
        room = state.rooms[name]
        left -= len(name.encode()) + len(room.topic.encode()) + 64
        if len(listed) == request.limit or left < 0:
            return frames.RoomsResult(listed, len(shown) + len(own))
        joined, invited = user.id in room.members, name in asked
        listed.append(frames.RoomInfo(name, room.topic, len(room.members), joined, room.private, invited))
    return frames.RoomsResult(listed, len(shown) + len(own), complete=True)
