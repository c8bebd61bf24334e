"""Who is there, and who they are: looking at rooms, being away, what others may know of somebody."""

from protocol import errors, frames, limits, names
from protocol.frames import Result
from protocol.text import clean_line
from server.errors import RefusedError
from server.features.checks import checked
from server.features.presence.operations import SetAwayOperation
from server.features.registry import RequestContext, handler
from server.state import permissions
from server.state.permissions import Action
from server.state.visibility import may_see, rooms_shared, rooms_told


@handler(frames.Watch)
def watch(context: RequestContext, request: frames.Watch) -> Result:
    """Be told who comes and goes."""
    rooms = [
        permissions.require(context.server.state, context.user, room, Action.WATCH).name
        for room in dict.fromkeys(request.rooms)
    ]
    return context.server.hub.presence.watch(context, rooms, request.limit)


@handler(frames.Away)
async def away(context: RequestContext, request: frames.Away) -> Result:
    """Be away, on all devices, until the user says otherwise."""
    text = clean_line(request.text)
    if len(text) > limits.AWAY:
        raise RefusedError(
            errors.TOO_LARGE, f"say it in {limits.AWAY} characters", limit=limits.AWAY, field="text"
        )
    result = await context.server.store(SetAwayOperation(context.user.id, text if request.on else None))
    context.server.hub.presence.changed(context.user)
    context.server.hub.account_changed(context)
    return result


@handler(frames.Idle)
def idle(context: RequestContext, request: frames.Idle) -> Result:
    """Nobody sits at this session, or somebody does."""
    context.idle = request.on
    context.server.hub.presence.changed(context.user)
    return Result()


@handler(frames.Online)
def online(context: RequestContext, request: frames.Online) -> Result:  # noqa: ARG001
    """Everybody who is there, as many as fit into an answer, and where the user can meet them."""
    server, viewer = context.server, context.user
    left = limits.PAGE_BYTES
    present = [user for user in server.hub.online() if may_see(viewer, user)]
    listed = []
    for user in sorted(present, key=lambda user: user.name.casefold()):
        rooms = rooms_told(server.state, viewer, user)
        away = server.hub.presence.away(user.id)
        left -= len(user.name.encode()) + sum(len(room.encode()) + 2 for room in rooms) + 32
        left -= len((away or "").encode())
        if left < 0:
            break
        listed.append(frames.PersonInfo(user.name, rooms, away is not None, away or ""))
    return frames.OnlineResult(listed, len(present))


@handler(frames.Whois)
def whois(context: RequestContext, request: frames.Whois) -> Result:
    """What anybody may know of somebody."""
    person = permissions.require_user(context.server.state, checked(names.check_user_name, request.name))
    if not may_see(context.user, person):
        raise RefusedError(errors.NO_SUCH_USER, f"nobody here is called {request.name}")
    hub = context.server.hub
    present = hub.is_online(person)
    away = hub.presence.away(person.id) if present else None
    return frames.WhoisResult(
        user=person.id,
        name=person.name,
        state="offline" if not present else "online" if away is None else "away",
        text=away or "",
        seen=0 if present else person.seen,
        since=person.since,
        role="administrator" if person.admin else "",
        rooms=rooms_shared(context.user, person),
    )
