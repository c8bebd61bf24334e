"""Coming in."""

from typing import TYPE_CHECKING, Any

from protocol import errors, frames, names
from protocol.frames import Request
from server import operations, permissions
from server.errors import RefusedError
from server.handlers.base import Handler, checked
from server.state import User

if TYPE_CHECKING:
    from server.session import Session


def login(session: "Session", request: frames.Login) -> None:
    """Come in under a name; the first login under it makes the user."""
    if not session.core.admits(request.key):
        raise RefusedError(errors.DENIED, "this chat belongs to one person, and the key is not theirs")
    name = checked(names.check_user_name, request.name)
    if session.entering:
        raise RefusedError(errors.OUT_OF_ORDER, "a login is under way")
    user = session.core.state.user_called(name)
    if user is not None:
        permissions.require_not_banned(session.core.state, user, session.core.clock())
    # Who is in no room comes into the first one: a kill may have come between the two transactions below.
    if user is not None and user.rooms:
        _enter(session, request, user)
        return

    def refused(error: RefusedError) -> None:
        session.entering = False
        session.refuse(request, error)

    def outside(user: User, error: RefusedError) -> None:
        if error.code == errors.DENIED:  # banned from the first room: they come in, and are in none
            _enter(session, request, user)
        else:
            refused(error)

    def made() -> None:
        user = session.core.state.user_called(name)
        if user is None:
            raise AssertionError(f"{name} was made, and is not there")
        join = operations.StoreJoin(
            user,
            frames.Join(request.id, names.FIRST_ROOM, 0),
            lambda _, __: _enter(session, request, user),
            lambda _, error: outside(user, error),
        )
        session.core.writer.submit(join)

    session.entering = True
    session.core.writer.submit(operations.MakeUser(name, made, refused))


def _enter(session: "Session", request: frames.Login, user: User) -> None:
    try:
        session.enter(user)
    except RefusedError as error:
        session.refuse(request, error)
    else:
        session.answer(request, frames.LoginResult(user.id, user.name))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Login: login,
}
