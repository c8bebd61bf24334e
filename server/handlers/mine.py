"""What belongs to a user and is the same on all of their devices."""

from typing import TYPE_CHECKING, Any, TypeVar

from protocol import frames, names
from protocol.frames import Request, Result
from server import operations
from server.handlers.base import Handler, checked
from server.visibility import began

if TYPE_CHECKING:
    from server.session import Session

M = TypeVar("M", frames.MineResult, frames.MineChanged)


def mine_of(session: "Session", kind: type[M]) -> M:
    """How it is now, as a result or a frame."""
    user, users = session.user, session.core.state.users
    ignored = sorted((users[other].name, other) for other in user.ignored)
    people = [frames.Person(other, name) for name, other in ignored]
    return kind(user.away is not None, user.away or "", people, dict(user.levels))


def mine(session: "Session", request: frames.Mine) -> None:
    """How it is now."""
    session.answer(request, mine_of(session, frames.MineResult))


def ignore(session: "Session", request: frames.Ignore) -> None:
    """Ignore somebody, or no longer."""
    name = checked(names.check_user_name, request.name)

    def stored(_: Request[Any], result: Result) -> None:
        session.core.hub.tell_others(session, mine_of(session, frames.MineChanged))
        session.answer(request, result)
        if isinstance(result, frames.Person) and began(session.core.state, result.user, session.user):
            session.core.hub.arrange(session.user)

    wanted = frames.Ignore(request.id, name, request.on)
    session.core.writer.submit(operations.StoreIgnore(session.user, wanted, stored, session.refuse))


def set_level(session: "Session", request: frames.SetLevel) -> None:
    """Choose how much of a room calls the user."""

    def stored(_: Request[Any], result: Result) -> None:
        session.core.hub.tell_others(session, mine_of(session, frames.MineChanged))
        session.answer(request, result)

    session.core.writer.submit(operations.StoreLevel(session.user, request, stored, session.refuse))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Mine: mine,
    frames.Ignore: ignore,
    frames.SetLevel: set_level,
}
