"""Searching on a server: what is found, by whom, and what never is."""

import msgspec

from protocol import errors, frames
from tests.support.cast import do, refused
from tests.support.inprocess import RunningServer
from tests.support.wire import Wire, text_of


async def found(wire: Wire, *words: str, **fields: object) -> list[str]:
    return [text_of(event) for event in (await result(wire, *words, **fields)).events]


async def result(wire: Wire, *words: str, **fields: object) -> frames.SearchResult:
    answer = await wire.ask(
        msgspec.convert({"t": "search", "id": wire.new_id, "words": words, **fields}, frames.Search),
        frames.SearchResult,
    )
    assert (answer.behind, answer.stopped) == (False, False)
    return answer


async def test_one_finds_what_was_said_where_one_is_and_nothing_else(server: RunningServer) -> None:
    ann = await server.enter("ann", "#dev")
    bob = await server.enter("bob", "#dev")
    eve = await server.enter("eve")
    await do(ann, frames.Create, "#plans", private=True)
    direct = (await do(ann, frames.Dm, "bob")).room.room
    for wire, room, text in (
        (ann, "#dev", "the Disk is full"),
        (bob, "#general", "which disk?"),
        (ann, "#plans", "a disk of our own"),
        (ann, direct, "bob, that disk …"),
    ):
        server.clock.seconds += 1
        await wire.tell(room, text)

    # A moment after it was said, and each sees their own rooms only.
    assert await found(ann, "disk") == [
        "bob, that disk …",
        "a disk of our own",
        "which disk?",
        "the Disk is full",
    ]
    assert await found(bob, "disk") == ["bob, that disk …", "which disk?", "the Disk is full"]
    assert await result(eve, "disk", limit=1) == frames.SearchResult((await result(eve, "disk")).events)
    assert await found(eve, "disk") == ["which disk?"]
    for room in ("#plans", direct, "#nowhere"):
        assert await refused(eve, frames.Search, ["disk"], room=room) == errors.NO_SUCH_ROOM
    assert await refused(eve, frames.Search, ["disk"], room="#dev") == errors.NOT_A_MEMBER

    # Who enters finds what was there before, as `history` shows it; who is removed, nothing.
    await eve.join("#dev")
    assert await found(eve, "disk", room="#dev") == ["the Disk is full"]
    await do(ann, frames.Ban, "#dev", "eve")
    assert await found(eve, "disk") == ["which disk?"]

    assert await found(ann, "disk", **{"from": "BOB"}) == ["which disk?"]
    assert await found(ann, "disk", room="#dev", **{"from": "bob"}) == []
    assert await found(ann, "which", "dis") == ["which disk?"]
    assert await found(ann, phrases=["disk is"]) == ["the Disk is full"]
    assert await refused(ann, frames.Search, ["disk"], sender="nobody") == errors.NO_SUCH_USER
    assert await refused(ann, frames.Search) == errors.BAD_FRAME
    assert await refused(ann, frames.Search, ["*"]) == errors.BAD_FRAME
    assert await refused(ann, frames.Search, ["disk"], cursor="1 x") == errors.BAD_FRAME
    assert await refused(ann, frames.Search, ["disk"] * 17) == errors.BAD_FRAME

    # Pages; ignored people; what is deleted or pruned.
    first = await result(ann, "disk", limit=3)
    assert len(first.events) == 3
    assert await found(ann, "disk", limit=3, cursor=first.cursor) == ["the Disk is full"]
    await do(ann, frames.Ignore, "bob")
    assert "which disk?" not in await found(ann, "disk")
    await do(ann, frames.DeleteRoom, "#plans")
    await do(ann, frames.Create, "#plans", private=True)
    assert await found(ann, "disk") == ["bob, that disk …", "the Disk is full"]
    server.context.log.prune("#dev", server.clock.ms() + 1, 100)
    assert await found(ann, "disk") == ["bob, that disk …"]


async def test_the_index_is_kept_up_beside_the_rest_and_over_restarts(server: RunningServer) -> None:
    ann = await server.enter("ann")
    for number in range(30):
        await ann.tell("#general", f"number{number}")
    server.context.searching.look(0)
    await server.until(lambda: not server.context.log.index(0))
    await ann.tell("#general", "number30")
    await server.stop()
    again = RunningServer(server.data)
    await again.start()
    assert len(await found(await again.enter("ann"), "number")) == 31
    await again.stop()


async def test_nobody_searches_too_often(server: RunningServer) -> None:
    ann, bob = await server.enter("ann"), await server.enter("bob")
    await ann.tell("#general", "hello")
    server.context.searching.limited = True
    for _ in range(20):
        assert await found(ann, "hello") == ["hello"]
    assert await refused(ann, frames.Search, ["hello"]) == errors.RATE_LIMITED
    server.clock.seconds += 1
    assert await found(ann, "hello") == ["hello"]

    # Nor may many wait: those that are one too many are told at once.
    server.context.searching.limited = False
    sent = [frames.Search(ann.new_id, ["hello"]) for _ in range(40)]
    ann.send(*sent)
    assert await found(bob, "hello") == ["hello"], "one does not take the places of all"
    answers = [await ann.answer(request.id) for request in sent]
    late = [answer for answer in answers if isinstance(answer, frames.Error)]
    assert late
    assert {(error.code, error.retry_after) for error in late} == {(errors.RATE_LIMITED, 1000)}
    assert len(late) < 40
