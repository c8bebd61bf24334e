"""What one of a user's sessions has changed, and how often the others hear of it."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from protocol import frames
from protocol.frames import Frame, Request, Result
from tests.support.inprocess import RunningServer
from tests.support.waiting import SECONDS
from tests.support.wire import Wire

ROOM = "#general"
SESSIONS = 6

Change = Callable[[int, int], Request[Result]]
"""A request with that id, which is the n-th of a tick."""


async def stored_at_once(server: RunningServer, wires: list[Wire], requests: list[Request[Result]]) -> None:
    """The requests, each sent on the next connection, are answered in one tick."""
    free = threading.Event()
    server.context.writer._thread.submit(free.wait, SECONDS)
    # What begins the batch that is held up; the others gather behind it.
    await wires[0].ask(frames.Idle(wires[0].new_id, on=False), Result)
    wires[0].send(frames.Topic(2**30, ROOM, str(requests[0].id)))
    await server.until(lambda: server.context.writer._busy and not server.context.writer.waiting)
    for number, request in enumerate(requests):
        wires[number % len(wires)].send(request)
    await server.until(lambda: server.context.writer.waiting == len(requests))
    free.set()
    for number, request in enumerate(requests):
        answer = await wires[number % len(wires)].answer(request.id)
        assert isinstance(answer, frames.Ok), answer


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda id_, n: frames.SetLevel(id_, ROOM, (frames.MUTED, frames.EVERYTHING)[n % 2]), "mine_changed"),
        (lambda id_, n: frames.Away(id_, on=True, text=str(n)), "mine_changed"),
        (lambda id_, n: frames.Ignore(id_, "bob", on=n % 2 == 0), "mine_changed"),
        (lambda id_, n: frames.Ignore(id_, "bob", on=n % 2 == 0), "heads"),
        (lambda id_, n: frames.Read(id_, ROOM, n + 1), "marker"),
    ],
)
async def test_sessions_hear_once_in_a_tick_of_what_was_changed(
    server: RunningServer, change: Change, told: str
) -> None:
    """However many requests there were, of however many sessions."""
    bob = await server.enter("bob", ROOM)
    for number in range(30):
        await bob.tell(ROOM, str(number))
    wires = [await server.enter("ann", ROOM) for _ in range(SESSIONS)]
    await bob.ask(frames.Dm(bob.new_id, "ann"), frames.JoinResult)
    for count in (SESSIONS, 4 * SESSIONS):
        for wire in wires:
            await wire.settled()
        requests = [change(2**31 + count + n, n) for n in range(count)]
        await stored_at_once(server, wires, requests)
        heard = [tags(await wire.settled())[told] for wire in wires]
        assert heard == [1] * SESSIONS


async def test_who_has_changed_something_alone_is_told_nothing(server: RunningServer) -> None:
    desk, phone = await server.enter("ann", ROOM), await server.enter("ann", ROOM)
    requests: list[Request[Result]] = [
        frames.SetLevel(2**31, ROOM, frames.MUTED),
        frames.Read(2**31 + 1, ROOM, 1),
    ]
    for request in requests:
        await desk.ask(request, Result)
    assert not tags(await desk.settled()).keys() & {"mine_changed", "marker"}
    assert tags(await phone.settled())["mine_changed"] == 1


def tags(come: list[Frame]) -> Counter[str]:
    return Counter(str(frame.__struct_config__.tag) for frame in come)
