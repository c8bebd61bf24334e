"""People: what they are called, and who is there."""

from typing import TYPE_CHECKING, Any

from protocol import frames, names
from protocol.frames import Request
from server import operations, permissions
from server.handlers.base import Handler, checked
from server.permissions import Action

if TYPE_CHECKING:
    from server.session import Session


def nick(session: "Session", request: frames.Nick) -> None:
    """Take another name."""
    name = checked(names.check_user_name, request.name)
    session.submit(operations.StoreNick, frames.Nick(request.id, name))


def watch(session: "Session", request: frames.Watch) -> None:
    """Be told who comes and goes."""
    rooms = [
        permissions.require(session.core.state, session.user, room, Action.WATCH).name
        for room in dict.fromkeys(request.rooms)
    ]
    session.core.hub.watch(session, rooms)
    session.answer(request, session.core.online_in(rooms))


def online(session: "Session", request: frames.Online) -> None:
    """Everybody who is there."""
    session.answer(request, session.core.online_list(session.user))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Nick: nick,
    frames.Watch: watch,
    frames.Online: online,
}
