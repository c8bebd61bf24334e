"""Rooms: being brought up to date, making, entering and leaving them, what they are about, their end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import errors, frames, limits, names
from protocol.frames import Request, Result
from protocol.text import clean_line
from server.delivery.account_changes import account_data
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler, checked
from server.state import permissions
from server.state.permissions import Action
from server.state.visibility import rooms_of

if TYPE_CHECKING:
    from server.session import Session


def sync(session: "Session", request: frames.Sync) -> None:
    """Resume: where each room stands, and the events asked for."""
    session.core.hub.enter(session)
    reset = bool(request.epoch) and request.epoch != session.core.epoch
    cursors = {} if reset else request.cursors
    questions = [
        session.core.question(session.user, room, cursors.get(room), request.limit)
        for room in sorted(rooms_of(session.user))
    ]

    invitations = session.core.invitations(session.user)

    def answer() -> Callable[[], None]:
        left = limits.PAGE_BYTES
        rooms = []
        for question in questions:
            state, left = session.core.room_state(question, left)
            rooms.append(state)

        def result() -> Result:
            mine = account_data(session.core.state, session.user, frames.MineResult)
            return frames.SyncResult(session.core.epoch, rooms, reset, mine, invitations)

        return lambda: session.answer(request, result())

    session.read(request, answer)


def join(session: "Session", request: frames.Join) -> None:
    """Become a member, and see the newest events."""
    name = checked(names.check_room_name, request.room)
    _check_new_room(session, name)
    join = frames.Join(request.id, name, request.limit, request.existing)
    entered, refuse = _entered(session, name, request.limit), session.refuse
    quota = session.core.quotas.rooms
    session.core.writer.submit(operations.StoreJoin(session.user, join, entered, refuse, quota))


def _check_new_room(session: "Session", name: str) -> None:
    core = session.core
    if name not in core.state.rooms:
        core.quotas.check_new_room(session.user, len(core.state.rooms), session.heard)


def create(session: "Session", request: frames.Create) -> None:
    """Make a room."""
    name = checked(names.check_room_name, request.room)
    _check_new_room(session, name)
    create = frames.Create(request.id, name, request.private, request.limit)
    entered, refuse = _entered(session, name, request.limit), session.refuse
    quota = session.core.quotas.rooms
    session.core.writer.submit(operations.StoreCreate(session.user, create, entered, refuse, quota))


def dm(session: "Session", request: frames.Dm) -> None:
    """Be in the room with somebody."""
    other = operations.user_called(session.core.state, request.name)
    name = names.direct_room(session.user.id, other.id)
    if name not in session.core.state.rooms:
        rooms = len(session.core.state.rooms)
        session.core.quotas.check_new_room(session.user, rooms, session.heard, direct=True)
    entered = _entered(session, name, request.limit)

    def opened(request: Request[Any], result: Result) -> None:
        session.core.hub.enter_room(name, session.user.id)  # it may have been hidden
        entered(request, result)

    quota = session.core.quotas.rooms
    operation = operations.StoreDm(session.user, other, request, opened, session.refuse, quota)
    session.core.writer.submit(operation)


def _entered(session: "Session", name: str, limit: int) -> Callable[[Request[Any], Result], None]:
    """What answers with the room once the user is in it."""

    def entered(request: Request[Any], _: Result) -> None:
        try:
            question = session.core.question(session.user, name, None, limit)
        except RefusedError as error:  # it was deleted right behind
            session.refuse(request, error)
            return

        def answer() -> Callable[[], None]:
            state, _ = session.core.room_state(question, limits.PAGE_BYTES)
            return lambda: session.answer(request, frames.JoinResult(state))

        session.read(request, answer)

    return entered


def leave(session: "Session", request: frames.Leave) -> None:
    """Be a member no longer."""
    session.submit(operations.StoreLeave, request)


def topic(session: "Session", request: frames.Topic) -> None:
    """Set a topic."""
    topic = clean_line(request.topic)
    if len(topic) > limits.TOPIC:
        text = f"a topic has at most {limits.TOPIC} characters"
        raise RefusedError(errors.TOO_LARGE, text, limit=limits.TOPIC, field="topic")
    session.submit(operations.StoreTopic, frames.Topic(request.id, request.room, topic))


def visibility(session: "Session", request: frames.Visibility) -> None:
    """Show a room to everybody, or to nobody but its members."""
    session.submit(operations.StoreVisibility, request)


def delete_room(session: "Session", request: frames.DeleteRoom) -> None:
    """Delete a room."""

    def stored(_: Request[Any], result: Result) -> None:
        session.core.purge_soon()
        session.answer(request, result)

    session.core.writer.submit(operations.StoreDeleteRoom(session.user, request, stored, session.refuse))


def rooms(session: "Session", request: frames.Rooms) -> None:
    """A page of the channels that one may know of."""
    if request.every:
        permissions.require_admin(session.user, Action.EVERY_ROOM)
    listed = session.core.rooms_list(session.user, request.after, request.limit, every=request.every)
    session.answer(request, listed)


FOR_OPERATOR: dict[type[Request[Any]], Handler] = {
    frames.Topic: topic,
    frames.Visibility: visibility,
    frames.DeleteRoom: delete_room,
    frames.Rooms: rooms,
}

HANDLERS: dict[type[Request[Any]], Handler] = {
    **FOR_OPERATOR,
    frames.Sync: sync,
    frames.Join: join,
    frames.Create: create,
    frames.Dm: dm,
    frames.Leave: leave,
}
