"""The client's search: this computer and the server as one, and back to what was said long ago."""

import asyncio
from pathlib import Path

import pytest

from chat_tui.client import reaching
from chat_tui.client.errors import ClientError
from chat_tui.client.reaching import reach
from protocol import codec, frames
from tests.support.clients import Person
from tests.support.inprocess import RunningServer

ROOM = "#room"


async def test_the_server_and_this_computer_are_one(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = Person(server.address, "ann", tmp_path / "outbox", cache=tmp_path / "cache")
    bob = await server.enter("bob", ROOM)
    for number in range(300):
        server.clock.seconds += 1
        bob.send(bob.say(ROOM, f"Straße {number}"))
    await bob.tell(ROOM, "the disk")
    change = frames.Send(
        bob.new_id, ROOM, "edit", codec.pack(frames.TextBody("the STRASSE 2")), frames.EDIT, target=4
    )
    await bob.ask(change, frames.SendResult)
    await ann.start(ROOM)
    room = ann.client.rooms[ROOM]
    search = ann.client.searching.search

    async def texts(text: str, here: str = ROOM) -> list[str]:
        return [event.text for event in (await search(text, here)).hits]

    # What this computer never held is found, each once, as it reads now; and page by page.
    found = await search("strasse", ROOM)
    while found.cursor:
        await ann.client.searching.more(found)
    assert [event.seq for event in found.hits] == list(range(302, 2, -1))
    assert (found.hits[-2].text, found.hits[-2].seq, found.note) == ("the STRASSE 2", 4, "")
    assert await texts("disk from:bob in:*", "") == ["the disk"]
    assert await texts("disk from:me") == []
    for text, problem in (
        ("disk in:#nowhere", "not in #nowhere: /join"),
        ("disk in:@nobody", "no room with @nobody"),
        ("disk from:nobody", "nobody here is called nobody"),
    ):
        with pytest.raises(ClientError, match=problem):
            await search(text, ROOM)

    # Back to it.
    left: list[int] = []
    await asyncio.gather(  # and something else, like what catches up, asks for the same pages
        reach(ann.client.rooms, ann.client.load_older, ROOM, 5, lambda _: None),
        reach(ann.client.rooms, ann.client.load_older, ROOM, 5, left.append),
    )
    assert room.base < 5
    assert left == sorted(left, reverse=True)
    assert len(left) > 1
    monkeypatch.setattr(reaching, "FAR", -10)
    with pytest.raises(ClientError, match="too long ago"):
        await reach(ann.client.rooms, ann.client.load_older, ROOM, 1, left.append)

    # Without a connection it is what is here, and says so.
    await server.stop()
    await ann.phase("waiting")
    found = await search('"straße 17"', ROOM)
    assert [event.text for event in found.hits] == ["Straße 17"]
    assert found.note == "only on this computer, for there is no connection"
    await ann.stop()
