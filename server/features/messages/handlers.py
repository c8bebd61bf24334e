"""Messages: sending, reading back, what has been read."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from protocol import errors, frames, limits
from protocol.frames import Request, Result
from server.errors import RefusedError
from server.features import operations
from server.features.checks import Handler
from server.state import permissions
from server.state.permissions import Action

if TYPE_CHECKING:
    from server.session import Session


Refuse = Callable[[Request[Any], RefusedError], None]

_NOT_HERE = frozenset({errors.NO_SUCH_ROOM, errors.NOT_A_MEMBER, errors.DENIED, errors.NOT_FOUND})


def send(session: "Session", request: frames.Send) -> None:
    """Say something, or change what was said."""
    _check(request)

    refused = partial(_refuse_send, session)
    if request.target is None:
        session.core.writer.submit(operations.StoreSend(session.user, request, session.answer, refused))
    else:
        _change(session, request, request.target, refused)


def _refuse_send(session: "Session", request: frames.Send, error: RefusedError) -> None:
    """What is stored is acknowledged, also to who may say nothing there any more, and if its target is
    deleted: they may have asked again only because the first answer was lost."""
    if error.code not in _NOT_HERE:
        session.refuse(request, error)
        return

    def answer() -> Callable[[], None]:
        event = session.core.log.find(session.user.id, request.cid)
        if event is None or not operations.same_message(event, request):
            return lambda: session.refuse(request, error)
        return lambda: session.answer(request, frames.SendResult(event.seq, event.time, dup=True))

    session.read(request, answer)


def _check(request: frames.Send) -> None:
    """Raise `RefusedError` for what nobody can send."""
    limit = limits.REACTION if request.kind == frames.REACTION else limits.BODY
    if len(request.body) > limit:
        raise RefusedError(
            errors.TOO_LARGE,
            f"a {request.kind} has at most {limit:,} bytes, this one {len(request.body):,}: "
            + ("take a shorter one" if request.kind == frames.REACTION else "send it in parts"),
            limit=limit,
            field="body",
        )
    if request.kind not in frames.SENT:
        raise RefusedError(
            errors.BAD_FRAME, f"{request.kind!r} is nothing that a client can send", field="kind"
        )
    changes = request.kind in frames.CHANGES
    if changes != (request.target is not None) or (changes and request.reply is not None):
        text = f"{request.kind} has {'a target and no reply' if changes else 'no target'}"
        wrong = "reply" if changes and request.target is not None else "target"
        raise RefusedError(errors.BAD_FRAME, text, field=wrong)
    if request.kind == frames.DELETE and request.body:
        raise RefusedError(errors.BAD_FRAME, "a delete has no body", field="body")


def _change(session: "Session", request: frames.Send, target: int, refused: Refuse) -> None:
    """Look up what is to be changed, then have it stored; who may do it is seen then."""
    core = session.core
    room = core.state.rooms.get(request.room)
    born = room.born if room is not None else ""

    def answer() -> Callable[[], None]:
        said = core.log.said(request.room, target)
        change = operations.StoreChange(session.user, request, said, born, session.answer, refused)
        return lambda: core.writer.submit(change)

    session.read(request, answer)


def history(session: "Session", request: frames.History) -> None:
    """A page of a room's log."""
    room = permissions.require(session.core.state, session.user, request.room, Action.HISTORY)
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
    stored = partial(_marker_moved, session)
    session.core.writer.submit(operations.StoreRead(session.user, request, stored, session.refuse))


def _marker_moved(session: "Session", request: frames.Read, result: Result) -> None:
    session.core.hub.marker_moved(session, request.room)
    session.answer(request, result)


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.Send: send,
    frames.History: history,
    frames.Read: read,
}
