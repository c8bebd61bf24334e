"""Who is there: looking at rooms, being away, typing."""

from typing import TYPE_CHECKING, Any

from protocol import errors, frames, limits
from protocol.frames import Request, Result
from protocol.text import clean_line
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler
from server.state import permissions
from server.state.permissions import Action

if TYPE_CHECKING:
    from server.session import Session


def watch(session: "Session", request: frames.Watch) -> None:
    """Be told who comes and goes."""
    rooms = [
        permissions.require(session.core.state, session.user, room, Action.WATCH).name
        for room in dict.fromkeys(request.rooms)
    ]
    session.answer(request, session.core.hub.presence.watch(session, rooms, request.limit))


def away(session: "Session", request: frames.Away) -> None:
    """Be away, on all devices, until the user says otherwise."""
    text = clean_line(request.text)
    if len(text) > limits.AWAY:
        raise RefusedError(
            errors.TOO_LARGE, f"say it in {limits.AWAY} characters", limit=limits.AWAY, field="text"
        )

    def stored(_: Request[Any], result: Result) -> None:
        session.core.hub.presence.changed(session.user)
        session.core.hub.account_changed(session)
        session.answer(request, result)

    wanted = frames.Away(request.id, request.on, text)
    session.core.writer.submit(operations.StoreAway(session.user, wanted, stored, session.refuse))


def idle(session: "Session", request: frames.Idle) -> None:
    """Nobody sits at this session, or somebody does."""
    session.idle = request.on
    session.core.hub.presence.changed(session.user)
    session.answer(request, Result())


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Watch: watch,
    frames.Away: away,
    frames.Idle: idle,
}
