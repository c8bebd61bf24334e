"""Messages: sending, reading back, what has been read."""

from functools import partial

from protocol import errors, frames, limits
from protocol.frames import Event, Result
from server.errors import RefusedError
from server.features.messages.operations import (
    ChangeMessageOperation,
    MarkReadOperation,
    SendMessageOperation,
)
from server.features.registry import RequestContext, Returned, handler, recovery
from server.state import permissions
from server.state.permissions import Action

_NOT_HERE = frozenset({errors.NO_SUCH_ROOM, errors.NOT_A_MEMBER, errors.DENIED, errors.NOT_FOUND})


@handler(frames.Send)
def send(context: RequestContext, request: frames.Send) -> Returned:
    """Say something, or change what was said."""
    _check(request)
    if request.target is None:
        return _operation(context, request)
    return _change(context, request, request.target)


def _operation(context: RequestContext, request: frames.Send) -> SendMessageOperation:
    return SendMessageOperation(
        context.user.id, request.room, request.cid, request.body, request.kind, request.target, request.reply
    )


@recovery(frames.Send)
async def acknowledge(context: RequestContext, request: frames.Send, error: RefusedError) -> Result:
    """What is stored is acknowledged, also to who may say nothing there any more, and if its target is
    deleted: they may have asked again only because the first answer was lost."""
    if error.code not in _NOT_HERE:
        raise error
    event = await context.read(partial(context.server.log.find, context.user.id, request.cid))
    if event is None or not _operation(context, request).made(event):
        raise error
    return frames.SendResult(event.seq, event.time, dup=True)


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


async def _change(context: RequestContext, request: frames.Send, target: int) -> Result:
    """Look up what is to be changed, then have it stored; who may do it is seen then."""
    room = context.server.state.rooms.get(request.room)
    born = room.born if room is not None else ""
    changed: Event | None = await context.read(partial(context.server.log.get_message, request.room, target))
    operation = ChangeMessageOperation(
        context.user.id,
        request.room,
        request.cid,
        request.body,
        request.kind,
        request.target,
        request.reply,
        changed.user if changed is not None else None,
        changed.sender if changed is not None else "",
        born,
    )
    try:
        return await context.server.store(operation)
    except RefusedError as error:
        return await acknowledge(context, request, error)


@handler(frames.History)
async def history(context: RequestContext, request: frames.History) -> Result:
    """A page of a room's log."""
    room = permissions.require(context.server.state, context.user, request.room, Action.HISTORY)
    before = room.head + 1 if request.before is None and request.after is None else request.before
    head, log = room.head, context.server.log

    def page() -> Result:
        events = log.read(
            room.name, after=request.after, before=before, limit=request.limit, size=limits.PAGE_BYTES
        )
        floor = log.floor(room.name)
        if not events:
            complete = True
        elif before is None:
            complete = events[-1].seq >= head
        else:
            complete = events[0].seq <= max(request.after or 0, floor) + 1
        return frames.HistoryResult(events, complete, floor)

    return await context.read(page)


@handler(frames.Read)
async def read(context: RequestContext, request: frames.Read) -> Result:
    """Move the read marker."""
    result = await context.server.store(MarkReadOperation(context.user.id, request.room, request.seq))
    context.server.hub.marker_moved(context, request.room)
    return result
