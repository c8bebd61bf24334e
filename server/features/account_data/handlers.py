"""What belongs to a user and is the same on all of their devices."""

from typing import TYPE_CHECKING, Any

from protocol import frames, names
from protocol.frames import Request, Result
from server.delivery.account_changes import account_data
from server.features import operations
from server.features.checks import Handler, checked
from server.state.visibility import began

if TYPE_CHECKING:
    from server.session import Session


def mine(session: "Session", request: frames.Mine) -> None:
    """How it is now."""
    session.answer(request, account_data(session.core.state, session.user, frames.MineResult))


def ignore(session: "Session", request: frames.Ignore) -> None:
    """Ignore somebody, or no longer."""
    name = checked(names.check_user_name, request.name)

    def stored(_: Request[Any], result: Result) -> None:
        session.core.hub.account_changed(session)
        session.answer(request, result)
        if isinstance(result, frames.Person) and began(session.core.state, result.user, session.user):
            session.core.hub.arrange(session.user)

    wanted = frames.Ignore(request.id, name, request.on)
    session.core.writer.submit(operations.StoreIgnore(session.user, wanted, stored, session.refuse))


def set_level(session: "Session", request: frames.SetLevel) -> None:
    """Choose how much of a room calls the user."""

    def stored(_: Request[Any], result: Result) -> None:
        session.core.hub.account_changed(session)
        session.answer(request, result)

    session.core.writer.submit(operations.StoreLevel(session.user, request, stored, session.refuse))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Mine: mine,
    frames.Ignore: ignore,
    frames.SetLevel: set_level,
}
