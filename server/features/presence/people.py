"""People: what they are called, and what others may know of them."""

from typing import TYPE_CHECKING, Any

from protocol import errors, frames, names
from protocol.frames import Request, Result
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler, check_not_a_local_user, checked, stored
from server.state.visibility import may_see, rooms_shared

if TYPE_CHECKING:
    from server.session import Session


def nick(session: "Session", request: frames.Nick) -> None:
    """Take another name."""
    name = checked(names.check_user_name, request.name)
    if name != session.user.name:  # whoever has an old name may keep it
        name = checked(names.check_new_user_name, name)
        if session.core.accounts.local_users:
            session.work(request, _nick(session, frames.Nick(request.id, name)))
            return
    session.submit(operations.StoreNick, frames.Nick(request.id, name))


async def _nick(session: "Session", request: frames.Nick) -> Result:
    await check_not_a_local_user(session, request.name, session.user)
    return await stored(session, session.user, operations.StoreNick, request)


def online(session: "Session", request: frames.Online) -> None:
    """Everybody who is there."""
    session.answer(request, session.core.online_list(session.user))


def whois(session: "Session", request: frames.Whois) -> None:
    """What anybody may know of somebody."""
    person = operations.user_called(session.core.state, checked(names.check_user_name, request.name))
    if not may_see(session.user, person):
        raise RefusedError(errors.NO_SUCH_USER, f"nobody here is called {request.name}")
    hub = session.core.hub
    online = hub.is_online(person)
    away = hub.presence.away(person.id) if online else None
    result = frames.WhoisResult(
        user=person.id,
        name=person.name,
        state="offline" if not online else "online" if away is None else "away",
        text=away or "",
        seen=0 if online else person.seen,
        since=person.since,
        role="administrator" if person.admin else "",
        rooms=rooms_shared(session.user, person),
    )
    session.answer(request, result)


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Nick: nick,
    frames.Online: online,
    frames.Whois: whois,
}
