"""The server's rooms and its audit, for its administrators."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import frames, limits, names
from protocol.frames import AuditInfo, Request
from server.features import operations
from server.features.checks import Handler, administrator, checked
from server.state import permissions
from server.store.base import Recorded, Searched

if TYPE_CHECKING:
    from server.session import Session


def room_details(session: "Session", request: frames.RoomDetails) -> None:
    """How large a channel is."""
    administrator(session)
    core = session.core
    room = permissions.visible(core.state, session.user, request.room)
    members, invited, head = len(room.members), len(room.invited), room.head
    topic, private = room.topic, room.private

    def answer() -> Callable[[], None]:
        size, floor = core.log.size(room.name), core.log.floor(room.name)
        result = frames.RoomDetailsResult(
            room.name, topic, private, members, invited, head, floor, size.events, size.bytes
        )
        return lambda: session.answer(request, result)

    session.read(request, answer)


def make_room(session: "Session", request: frames.MakeRoom) -> None:
    """Make a channel for others."""
    administrator(session)
    name = checked(names.check_room_name, request.room)
    owner = operations.user_called(session.core.state, request.owner) if request.owner else None
    wanted = frames.MakeRoom(request.id, name, request.private, request.owner)
    made = operations.StoreMakeRoom(session.user, owner, wanted, session.answer, session.refuse)
    session.core.writer.submit(made)


def audit(session: "Session", request: frames.Audit) -> None:
    """What was done."""
    administrator(session)
    core = session.core
    user = None
    if request.name:
        person = core.state.user_called(request.name)
        # Who is no user may be there all the same: a network, or who was called so then.
        user = (person.id, person.name) if person is not None else (-1, request.name)
    searched = Searched(request.since, request.before, user, request.room, request.action)

    def answer() -> Callable[[], None]:
        found = core.log.audit(searched, request.limit + 1)
        page, complete = _page(found[-request.limit :])
        return lambda: session.answer(
            request,
            frames.AuditResult(
                [_told(session, one) for one in page], complete and len(found) <= request.limit
            ),
        )

    session.read(request, answer)


def _page(records: list[Recorded]) -> tuple[list[Recorded], bool]:
    """The newest of these that fit into an answer, and whether all of them do."""
    left = limits.PAGE_BYTES
    for place, (_, one) in reversed(list(enumerate(records))):
        left -= sum(len(text.encode()) for text in (one.action, one.target, one.room, one.detail))
        left -= limits.EVENT_BYTES
        if left < 0:
            return records[place + 1 :], False
    return records, True


def _told(session: "Session", recorded: Recorded) -> AuditInfo:
    number, one = recorded
    actor = session.core.state.users.get(one.actor)
    by = actor.name if actor is not None else ""
    return AuditInfo(number, one.time, one.action, one.actor, by, one.target, one.room, one.detail)


HANDLERS: dict[type[Request[Any]], Handler] = {
    frames.RoomDetails: room_details,
    frames.MakeRoom: make_room,
    frames.Audit: audit,
}
