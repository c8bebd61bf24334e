"""Rooms: being brought up to date, entering, leaving, what they are about."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import errors, frames, limits, names
from protocol.frames import Request, Result
from protocol.text import clean_line
from server import operations
from server.errors import RefusedError
from server.handlers.base import Handler, checked
from server.handlers.mine import mine_of

if TYPE_CHECKING:
    from server.session import Session


def sync(session: "Session", request: frames.Sync) -> None:
    """Resume: where each room stands, and the events asked for."""
    session.core.hub.enter(session)
    reset = bool(request.epoch) and request.epoch != session.core.epoch
    cursors = {} if reset else request.cursors
    questions = [
        session.core.question(session.user, room, cursors.get(room), request.limit)
        for room in sorted(session.user.rooms)
    ]

    def answer() -> Callable[[], None]:
        left = limits.PAGE_BYTES
        rooms = []
        for question in questions:
            state, left = session.core.room_state(question, left)
            rooms.append(state)
        return lambda: session.answer(
            request,
            frames.SyncResult(session.core.epoch, rooms, reset, mine_of(session, frames.MineResult)),
        )

    session.read(request, answer)


def join(session: "Session", request: frames.Join) -> None:
    """Become a member, and see the newest events."""
    name = checked(names.check_room_name, request.room)

    def joined(_: Request[Any], __: Result) -> None:
        question = session.core.question(session.user, name, None, request.limit)

        def answer() -> Callable[[], None]:
            state, _ = session.core.room_state(question, limits.PAGE_BYTES)
            return lambda: session.answer(request, frames.JoinResult(state))

        session.read(request, answer)

    join = frames.Join(request.id, name, request.limit)
    session.core.writer.submit(operations.StoreJoin(session.user, join, joined, session.refuse))


def leave(session: "Session", request: frames.Leave) -> None:
    """Be a member no longer."""
    session.submit(operations.StoreLeave, request)


def topic(session: "Session", request: frames.Topic) -> None:
    """Set a topic."""
    topic = clean_line(request.topic)
    if len(topic) > limits.TOPIC:
        raise RefusedError(errors.TOO_LARGE, f"a topic has at most {limits.TOPIC} characters")
    session.submit(operations.StoreTopic, frames.Topic(request.id, request.room, topic))


def rooms(session: "Session", request: frames.Rooms) -> None:
    """All rooms."""
    session.answer(request, session.core.rooms_list(session.user))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Sync: sync,
    frames.Join: join,
    frames.Leave: leave,
    frames.Topic: topic,
    frames.Rooms: rooms,
}
