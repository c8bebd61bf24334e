"""Messages: sending, reading back, what has been read."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import errors, frames, limits
from protocol.frames import Request, Result
from server import operations
from server.errors import RefusedError
from server.handlers.base import Handler

if TYPE_CHECKING:
    from server.session import Session


def send(session: "Session", request: frames.Send) -> None:
    """Say something."""
    if len(request.body) > limits.BODY:
        raise RefusedError(
            errors.TOO_LARGE,
            f"a message has at most {limits.BODY:,} bytes, this one {len(request.body):,}: send it in parts",
        )
    if request.kind not in frames.SPOKEN:
        raise RefusedError(errors.BAD_FRAME, f"{request.kind!r} is nothing that a client can send")
    session.core.spend(session.user)
    session.submit(operations.StoreSend, request)


def history(session: "Session", request: frames.History) -> None:
    """A page of a room's log."""
    room = operations.member_room(session.core.state, session.user, request.room)
    before = room.head + 1 if request.before is None and request.after is None else request.before

    def answer() -> Callable[[], None]:
        events = session.core.log.read(
            room.name, after=request.after, before=before, limit=request.limit, size=limits.PAGE_BYTES
        )
        floor = session.core.log.floor(room.name)
        if not events:
            complete = True
        elif before is None:
            complete = events[-1].seq >= room.head
        else:
            complete = events[0].seq <= max(request.after or 0, floor) + 1
        return lambda: session.answer(request, frames.HistoryResult(events, complete, floor))

    session.read(request, answer)


def read(session: "Session", request: frames.Read) -> None:
    """Move the read marker."""

    def stored(_: Request[Any], result: Result) -> None:
        seq = session.user.reads.get(request.room, 0)
        if session.ready:
            session.core.hub.tell_others(session, frames.Marker(request.room, seq))
        session.answer(request, result)

    session.core.writer.submit(operations.StoreRead(session.user, request, stored, session.refuse))


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Send: send,
    frames.History: history,
    frames.Read: read,
}
