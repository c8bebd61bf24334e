"""The client's cache: it opens at once with the last state, works without a server, and is never wrong."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from chat_tui import endpoints
from chat_tui.client.cache import OPENED, Cache
from chat_tui.client.client import PAGE, Client
from chat_tui.client.errors import LostError
from chat_tui.client.events import RoomEvent
from chat_tui.client.outbox import Outbox
from chat_tui.client.query import parse
from chat_tui.client.room import Room
from chat_tui.client.updates import Restarted, RoomsChanged, Update
from common import database
from protocol import frames, limits
from tests.support.inprocess import RunningServer
from tests.support.puppet import ME, ROOM, message
from tests.support.sql import query
from tests.support.waiting import until
from tests.support.work import instructions


class Person:
    """A client with a cache on disk; `told` holds its updates."""

    def __init__(self, where: str, path: Path, name: str = "ann") -> None:
        self.told: list[Update] = []
        self.client = Client(
            endpoints.endpoint(where),
            name,
            Outbox(None, where, name),
            self.told.append,
            cache=Cache(path),
        )

    def texts(self, room: str = "#general") -> list[str]:
        """What it holds of a room."""
        return [event.text for event in self.client.rooms[room].events if event.spoken]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "ann.sqlite3"


async def met(server: RunningServer, path: Path, messages: int) -> Person:
    """Ann, who has been there while bob said so much, and has gone."""
    ann = Person(str(server.address), path)
    running = asyncio.create_task(ann.client.run())
    await until(lambda: ann.client.status.phase == "online")
    bob = await server.enter("bob")
    for number in range(messages):
        await bob.tell("#general", f"message {number}")
    await until(lambda: len(ann.texts()) == messages)
    await ann.client.stop()
    await running
    return ann


async def test_it_opens_with_the_last_state_without_a_server(server: RunningServer, path: Path) -> None:
    first = await met(server, path, 20)
    again = Person("127.0.0.1:1", path)
    room = again.client.rooms["#general"]
    assert again.texts() == first.texts() == [f"message {number}" for number in range(20)]
    assert (room.last, room.members, room.me) == (first.client.rooms["#general"].last, 2, first.client.user)
    await again.client.stop()


async def test_what_was_missed_is_added_once(server: RunningServer, path: Path) -> None:
    await met(server, path, 5)
    bob = await server.enter("bob")
    for number in range(5, 12):
        await bob.tell("#general", f"message {number}")
    again = Person(str(server.address), path)
    running = asyncio.create_task(again.client.run())
    await until(lambda: len(again.texts()) == 12)
    assert again.texts() == [f"message {number}" for number in range(12)]
    assert not [update for update in again.told if isinstance(update, Restarted)]
    assert isinstance(again.told[0], RoomsChanged), "the rooms are there before the connection"
    await again.client.stop()
    await running


async def test_older_messages_come_from_the_cache_while_offline(server: RunningServer, path: Path) -> None:
    many = OPENED + PAGE + 10
    await met(server, path, many)
    again = Person("127.0.0.1:1", path)
    room = again.client.rooms["#general"]
    assert len(room.events) == OPENED
    assert len(await again.client.load_older(room)) == PAGE
    while room.has_older:
        await again.client.load_older(room)
    assert again.texts() == [f"message {number}" for number in range(many)]
    assert [event.seq for event in room.events] == list(range(1, room.last + 1))
    await again.client.stop()


async def test_what_the_cache_has_not_comes_from_the_server_or_not_at_all(
    server: RunningServer, path: Path
) -> None:
    await met(server, path, 30)
    query(path, "DELETE FROM events WHERE seq < 20")
    again = Person("127.0.0.1:1", path)
    room = again.client.rooms["#general"]
    assert [event.seq for event in room.events] == list(range(20, room.last + 1))
    with pytest.raises(LostError):
        await again.client.load_older(room)
    await again.client.stop()


async def test_a_gap_in_the_cache_is_never_shown(server: RunningServer, path: Path) -> None:
    await met(server, path, 30)
    query(path, "DELETE FROM events WHERE seq = 20")
    again = Person("127.0.0.1:1", path)
    room = again.client.rooms["#general"]
    assert [event.seq for event in room.events] == list(range(21, room.last + 1))
    await again.client.stop()


async def test_another_store_empties_it(server: RunningServer, path: Path) -> None:
    await met(server, path, 5)
    query(path, "UPDATE meta SET value = 'another' WHERE key = 'epoch'")
    query(path, "UPDATE events SET text = 'of the other store'")
    again = Person(str(server.address), path)
    assert set(again.texts()) == {"of the other store"}
    running = asyncio.create_task(again.client.run())
    await until(lambda: again.client.status.phase == "online")
    assert again.texts() == [f"message {number}" for number in range(5)]
    await again.client.stop()
    await running
    third = Person("127.0.0.1:1", path)
    assert third.texts() == [f"message {number}" for number in range(5)]
    await third.client.stop()


async def test_a_room_that_was_left_is_forgotten(server: RunningServer, path: Path) -> None:
    ann = Person(str(server.address), path)
    running = asyncio.create_task(ann.client.run())
    await until(lambda: ann.client.status.phase == "online")
    await ann.client.join("#dev")
    await ann.client.leave("#dev")
    await ann.client.stop()
    await running
    again = Person("127.0.0.1:1", path)
    assert list(again.client.rooms) == ["#general"]
    await again.client.stop()


async def test_it_can_be_searched_offline(server: RunningServer, path: Path) -> None:
    ann = Person(str(server.address), path)
    running = asyncio.create_task(ann.client.run())
    await until(lambda: ann.client.status.phase == "online")
    await ann.client.join("#dev")
    bob = await server.enter("bob", "#dev")
    for room, text in (("#general", "The Disk is full"), ("#dev", "a new disk"), ("#dev", "nothing")):
        await bob.tell(room, text)
    await bob.ask(frames.Topic(bob.new_id, "#dev", "disk topic"), frames.Result)
    await until(lambda: ann.client.rooms["#dev"].topic == "disk topic")
    await ann.client.stop()
    await running
    cache = Cache(path)

    async def found(text: str, *rooms: str, limit: int = 10) -> list[str]:
        query = parse(text, date(2026, 11, 30))
        hits = await cache.search(query.matches, query.sender, rooms or ("#general", "#dev"), limit)
        return [event.text for event in hits]

    assert await found("disk") == ["a new disk", "The Disk is full"]
    assert await found("DIS new") == ["a new disk"]
    assert await found("disk", "#general") == ["The Disk is full"]
    assert await found("disk", limit=1) == ["a new disk"]
    assert await found("from:bob") == ["nothing", "a new disk", "The Disk is full"]
    assert await found("disk from:ann") == []
    assert await found("disk after:1980-01-01") == []
    cache.close()


async def test_what_is_counted_is_not_counted_again_after_a_start(path: Path) -> None:
    log = [message(seq) for seq in range(1, 3001)]
    cache, room = Cache(path), Room(ROOM, ME, loaded=True)
    for event in log[:300]:
        room.receive(event)
    room.mark(20)  # offline: the server has not heard of it
    room.state(frames.RoomState(ROOM, 310, "", 2, read=20, unread=290))
    cache.add(room, room.events)
    cache.close()
    cache = Cache(path)
    (room,) = cache.held.rooms
    assert (room.base, room.last, room.unread) == (300 - OPENED, 300, 290)
    for event in log[300:320]:
        room.receive(event)
    assert room.unread == 300
    room.mark(60)
    assert room.unread == 260
    room.state(frames.RoomState(ROOM, 3000, "", 2, read=0, unread=1000, events=log[2950:], complete=False))
    assert room.unread == 3000 - 60
    cache.close()


async def test_a_cache_of_another_version_is_emptied(server: RunningServer, path: Path) -> None:
    await met(server, path, 3)
    query(path, "PRAGMA user_version = 999")
    cache = Cache(path)
    assert cache.held.rooms == []
    cache.close()


def damaged(path: Path) -> Iterator[int]:
    """The file, with each of its pages overwritten in turn."""
    good = path.read_bytes()
    for at in range(0, len(good), 4096):
        path.write_bytes(good[:at] + b"\xa5" * 4096 + good[at + 4096 :])
        yield at // 4096


async def all_of_it(where: str, path: Path) -> list[str]:
    """What one sees who comes back and scrolls up to the beginning."""
    ann = Person(where, path)
    running = asyncio.create_task(ann.client.run())
    await until(lambda: ann.client.status.phase == "online")
    while await ann.client.load_older(ann.client.rooms["#general"], OPENED):
        pass
    await ann.client.stop()
    await running
    return ann.texts()


async def test_a_damaged_cache_is_made_anew(server: RunningServer, path: Path) -> None:
    """Wherever the damage is: it once ended the program at each start, unless it was in the first page."""
    first = await met(server, path, 2 * OPENED)
    for page in damaged(path):
        assert await all_of_it(str(server.address), path) == first.texts()
        cache = Cache(path)
        cache.older("#general", 3 * OPENED, 3 * OPENED)
        assert not cache.problem, f"page {page}: what was met on the way is gone at the next start"
        cache.close()
    assert page > 10


@pytest.mark.parametrize(
    "change",
    [
        *(
            f"rooms SET {one} = {value}"
            for one in ("last", "read", "unread", "members")
            for value in (-1, 2**62)
        ),
        f"events SET time = {limits.TIME + 1}",
        "events SET time = -1",
        f"events SET user = {2**62}",
        f"events SET reply = {2**62} WHERE seq = (SELECT max(seq) FROM events)",
    ],
)
async def test_a_cache_with_numbers_that_cannot_be_is_made_anew(
    server: RunningServer, path: Path, change: str
) -> None:
    """With some the server refused to be asked for anything, with others no calendar went on."""
    first = await met(server, path, 3)
    with closing(database.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE {change}")
        assert connection.changes()
    cache = Cache(path)
    assert not cache.problem
    assert cache.held.rooms == []
    cache.close()
    assert await all_of_it(str(server.address), path) == first.texts()


@pytest.mark.parametrize("place", ["file/cache.sqlite3", "folder"])
async def test_without_a_place_for_it_one_goes_on_and_is_told(
    server: RunningServer, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    ann = await met(server, tmp_path / place, 3)
    assert ann.client._cache is not None
    assert "the cache cannot be used" in ann.client._cache.problem
    assert ann.texts() == [f"message {number}" for number in range(3)]


async def test_the_length_of_a_room_makes_nothing_slower(path: Path) -> None:
    """Each new message once had the whole room looked through: after 20,000 the screen stood still."""

    def work(held: int) -> int:
        cache = Cache(path.with_name(f"{held}.sqlite3"))
        room = Room("#general", 1)
        events = [RoomEvent("#general", seq, 2, "bob", "message", "text", seq) for seq in range(1, held + 51)]
        cache.add(room, events[:held])
        cache.write()
        cache.add(room, events[held:])
        done = instructions(cache._database, cache.write)
        cache.close()
        return done

    assert work(4_000) < 2 * work(100)
