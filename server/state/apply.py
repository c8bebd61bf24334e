"""How events change the state.

`apply` is a pure, deterministic function of (state, event): no clock, no I/O, no chance. Whoever applies the
same events in the same order has the same state - today the loop, in a cluster every node. Knows the state
and the bodies of events; nothing of sessions, sockets or SQL, nor of who may do what (see `permissions`)."""

from collections.abc import Callable
from typing import TypeVar

from protocol import codec, frames, names
from protocol.frames import MEMBER, OWNER, Body
from server.state.model import (
    ROLE,
    SERVER_LOG,
    USER,
    AccountRoleBody,
    NetworkBody,
    Penalty,
    Room,
    RoomInvitation,
    State,
    User,
    UserBody,
)

B = TypeVar("B", bound=Body)


def first_role(room: str, *, empty: bool) -> str:
    """What somebody is who joins: who comes where nobody is owns the room, but for the first one, which is
    everybody's."""
    return OWNER if empty and room != names.FIRST_ROOM else MEMBER


def apply(state: State, event: frames.Event) -> None:
    """Change `state` by one stored event."""
    if event.room == SERVER_LOG:
        _apply_to_server(state, event)
        return
    room = state.rooms.get(event.room)
    if room is None:
        state.add_room(room := Room(event.room))
    effect = _EFFECTS.get(event.kind)
    if effect is not None:  # of what is said there is none
        state.changing(room)
        effect(state, room, event)
    state.advance(room, event.seq)


def _create(state: State, room: Room, event: frames.Event) -> None:
    body = codec.unpack_body(event.body, frames.CreateBody)
    if body is not None:  # rooms of old have none
        state.set_private(room, private=body.private)
        room.born = body.born
    state.set_maker(room, event.user)
    for number in sorted(set(names.direct_pair(room.name) or ())):
        state.add_member(room, state.users[number])


def _join(state: State, room: Room, event: frames.Event) -> None:
    role = first_role(room.name, empty=not room.members)
    state.add_member(room, state.users[event.user], role)


def _leave(state: State, room: Room, event: frames.Event) -> None:
    state.remove_member(room, state.users[event.user])


def _decline(state: State, room: Room, event: frames.Event) -> None:
    state.uninvite(room, state.users[event.user])


def _topic(_: State, room: Room, event: frames.Event) -> None:
    room.topic = read(event, frames.TopicBody).topic


def _visibility(state: State, room: Room, event: frames.Event) -> None:
    state.set_private(room, private=read(event, frames.VisibilityBody).private)


def _role(_: State, room: Room, event: frames.Event) -> None:
    body = read(event, frames.RoleBody)
    if body.user in room.members:
        room.members[body.user] = body.role


def _delete_room(state: State, room: Room, _: frames.Event) -> None:
    state.remove_room(room)


def _about_somebody(state: State, room: Room, event: frames.Event) -> None:
    body = read(event, frames.AboutBody)
    user = state.users[body.user]
    match event.kind:
        case frames.INVITE:
            state.invite(room, user, RoomInvitation(event.user, event.time))
        case frames.KICK | frames.BAN:
            state.remove_member(room, user)
            state.uninvite(room, user)
            if event.kind == frames.BAN:
                room.bans[user.id] = penalty(event, body)
        case frames.UNBAN:
            room.bans.pop(user.id, None)
        case frames.MUTE:
            room.mutes[user.id] = penalty(event, body)
        case frames.UNMUTE:
            room.mutes.pop(user.id, None)


_EFFECTS: dict[str, Callable[[State, Room, frames.Event], None]] = {
    frames.CREATE: _create,
    frames.JOIN: _join,
    frames.LEAVE: _leave,
    frames.DECLINE: _decline,
    frames.TOPIC: _topic,
    frames.VISIBILITY: _visibility,
    frames.ROLE: _role,
    frames.DELETE_ROOM: _delete_room,
    **dict.fromkeys(frames.ABOUT_SOMEBODY, _about_somebody),
}


def _apply_to_server(state: State, event: frames.Event) -> None:
    state.head = event.seq
    match event.kind:
        case frames.BAN | frames.UNBAN:
            _apply_server_ban(state, event)
        case kind if kind == USER:
            made = read(event, UserBody)
            state.add_user(User(event.seq, made.name, made.admin, since=event.time))
        case kind if kind == ROLE:
            role, user = read(event, AccountRoleBody), state.users[event.user]
            state.changing(user)
            user.admin, user.disabled = role.admin, role.disabled
        case _:
            state.rename(state.users[event.user], read(event, frames.NickBody).name)


def _apply_server_ban(state: State, event: frames.Event) -> None:
    network = codec.unpack_body(event.body, NetworkBody)
    about = network or read(event, frames.AboutBody)
    if event.kind == frames.BAN:
        term = penalty(event, about)
        if isinstance(about, NetworkBody):
            state.put(state.banned_networks, about.network, term)
        else:
            state.put(state.banned_users, about.user, term)
    elif isinstance(about, NetworkBody):
        state.drop(state.banned_networks, about.network)
    else:
        state.drop(state.banned_users, about.user)


def penalty(event: frames.Event, body: frames.AboutBody | NetworkBody) -> Penalty:
    """What a `ban` or a `mute` event puts on somebody."""
    return Penalty(event.user, event.time, body.until, body.reason)


def read(event: frames.Event, kind: type[B]) -> B:
    """The body of an event that this server has made."""
    body = codec.unpack_body(event.body, kind)
    if body is None:
        where = f"the log of {event.room}" if event.room else "the server's log"
        raise AssertionError(f"{where} holds an unreadable {event.kind} event at {event.seq}")
    return body
