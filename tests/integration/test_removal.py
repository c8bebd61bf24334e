"""What is deleted is gone: no file of the server or of a client holds it, wherever it has been."""

import asyncio
import random
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from chat_tui import endpoints
from chat_tui.client.cache import Cache
from chat_tui.client.client import Client
from chat_tui.client.outbox import Outbox
from chat_tui.client.removal import LogEmptier
from protocol import codec, frames
from server.config.retention import Retention
from server.delivery import checkpoints, retention
from server.state.entries import Draft
from server.store.backup import copying
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.waiting import until
from tests.support.wire import Wire

SECRET, EDITED = "xyzzysecret", "plughsecret"


def holding(folder: Path, *words: str) -> list[str]:
    """The files that have one of the words in them, whatever else they have."""
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
    )


async def say_and_edit(wire: Wire, room: str = "#general") -> int:
    """Something said and edited, that the index of words has too; its seq."""
    seq = (await wire.tell(room, f"the first text, {SECRET}")).seq
    body = codec.pack(frames.TextBody(f"the second one, {EDITED}"))
    await do(wire, frames.Send, room, "an-edit", body, frames.EDIT, seq)
    found = await wire.ask(frames.Search(wire.new_id, words=[EDITED]), frames.SearchResult)
    assert [event.seq for event in found.events] == [seq]
    return seq


async def time_passes(server: RunningServer) -> None:
    """Until the next time that the log is due to be emptied."""
    server.context.housekeeping()
    server.clock.seconds += checkpoints.SECONDS
    server.context.housekeeping()


@pytest.fixture
async def ann(server: RunningServer) -> AsyncIterator[Wire]:
    ann = await server.enter("ann", "#dev")
    yield ann
    await ann.close()


async def test_a_deleted_message_is_in_no_file_of_the_server(server: RunningServer, ann: Wire) -> None:
    seq = await say_and_edit(ann)
    assert holding(server.data, SECRET) == holding(server.data, EDITED) != []
    await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
    await time_passes(server)
    await until(lambda: holding(server.data, SECRET, EDITED) == [])
    assert (await ann.tell("#general", "and on it goes")).seq == seq + 3


async def test_nor_in_a_backup_that_is_made_right_afterwards(
    server: RunningServer, ann: Wire, tmp_path: Path
) -> None:
    seq = await say_and_edit(ann)
    await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
    with copying.reading(server.data / FILE_NAME) as source:
        copying.copy(source, tmp_path / "backup")
    assert holding(server.data, SECRET, EDITED) != [], "the log is not emptied yet"
    assert holding(tmp_path, SECRET, EDITED) == holding(server.data, SECRET, EDITED)
    assert SECRET.encode() not in (tmp_path / "backup").read_bytes()
    assert EDITED.encode() not in (tmp_path / "backup").read_bytes()


async def test_nor_after_a_crash_and_a_new_start(server: RunningServer, ann: Wire, tmp_path: Path) -> None:
    seq = await say_and_edit(ann)
    await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
    crashed = tmp_path / "crashed"
    shutil.copytree(server.data, crashed, ignore=shutil.ignore_patterns("*.sock"))  # what kill -9 leaves
    assert holding(crashed, SECRET, EDITED) == [f"{FILE_NAME}-wal"]
    with closing(SqliteLog(crashed)) as log:
        log.load()
        assert holding(crashed, SECRET, EDITED) == []


async def test_nor_after_a_stop(server: RunningServer, ann: Wire) -> None:
    seq = await say_and_edit(ann)
    await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
    await server.stop()
    assert holding(server.data, SECRET, EDITED) == []
    assert not server.data.joinpath(f"{FILE_NAME}-wal").exists()


async def test_a_deleted_room_is_in_no_file_of_the_server(server: RunningServer, ann: Wire) -> None:
    await say_and_edit(ann, "#dev")
    await do(ann, frames.Topic, "#dev", f"all about {SECRET}")
    await do(ann, frames.DeleteRoom, "#dev")
    await time_passes(server)
    await until(lambda: holding(server.data, SECRET, EDITED) == [])


async def test_pruned_messages_are_in_no_file_of_the_server(server: RunningServer, ann: Wire) -> None:
    await say_and_edit(ann)
    server.clock.seconds += 60
    assert await retention.prune(server.context, Retention(1)) > 0
    await time_passes(server)
    await until(lambda: holding(server.data, SECRET, EDITED) == [])


async def test_a_search_that_goes_on_is_waited_for(server: RunningServer, ann: Wire) -> None:
    """With many who search there is always one, and the log could never be emptied."""
    seq = await say_and_edit(ann)
    log = server.context.log
    assert isinstance(log, SqliteLog)
    with log._searcher_turn:
        log._searching.execute("BEGIN")
        assert log._searching.execute("SELECT count(*) FROM events").fetchall()
        await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
        emptying = asyncio.create_task(server.context.checkpoints.empty())
        await ann.tell("#general", "nobody who writes waits for it")
        assert not emptying.done()
        log._searching.execute("ROLLBACK")
    assert await emptying
    assert holding(server.data, SECRET, EDITED) == []


async def test_another_program_that_reads_is_told_of(
    server: RunningServer, ann: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    seq = await say_and_edit(ann)
    with copying.reading(server.data / FILE_NAME) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM events").fetchall()
        await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
        await time_passes(server)
        server.clock.seconds += checkpoints.LATE_SECONDS
        server.context.housekeeping()
        await until(lambda: "another program has been reading the database" in caplog.text)
        other.execute("ROLLBACK")
        server.context.housekeeping()
        await until(lambda: holding(server.data, SECRET, EDITED) == [])


def test_no_split_of_a_page_leaves_a_trace(tmp_path: Path) -> None:
    """SQLite leaves a row that moves to another page also where it was: of 6,000 texts some thirty."""
    numbers = random.Random(9)
    heads: dict[str, int] = {}
    alive: dict[tuple[str, int], bytes] = {}
    removed: set[bytes] = set()
    with closing(SqliteLog(tmp_path)) as log:
        log.load()
        log._writing.execute("PRAGMA synchronous = OFF")
        for batch in range(300):
            drafts = []
            for number in range(20):
                room = f"#{numbers.randrange(30)}"
                heads[room] = heads.get(room, 0) + 1
                padding = "-" * numbers.choice((0, 5, 30, 100, 400, 1500, 6000))
                text = f"secret{batch:03}x{number:02}y {padding}"
                alive[room, heads[room]] = text[:13].encode()
                drafts.append(Draft(room, 1, "ann", frames.MESSAGE, batch, codec.pack(frames.TextBody(text))))
            for room, seq in numbers.sample(sorted(alive), 10):
                heads[room] = heads.get(room, 0) + 1
                removed.add(alive.pop((room, seq)))
                drafts.append(Draft(room, 1, "ann", frames.DELETE, batch, target=seq))
            log.append(drafts)
            log.index(1000)
    found = set(re.findall(rb"secret\d{3}x\d\dy", (tmp_path / FILE_NAME).read_bytes()))
    assert set(alive.values()) <= found
    assert found & removed == set()


# --- clients


class Person:
    """A client with all its files in one folder."""

    def __init__(self, server: RunningServer, folder: Path, name: str) -> None:
        where = str(server.address)
        self.folder = folder
        self.cache = Cache(folder / "cache.sqlite3")
        self.outbox = Outbox(folder / "outbox.sqlite3", where, name)
        self.client = Client(endpoints.endpoint(where), name, self.outbox, lambda _: None, cache=self.cache)
        self.running = asyncio.create_task(self.client.run())

    def texts(self) -> list[str]:
        return [event.text for event in self.client.rooms["#general"].events if event.spoken]

    def files(self) -> list[str]:
        return holding(self.folder, SECRET)

    async def stop(self) -> None:
        await self.client.stop()
        await self.running


@pytest.fixture
async def zoe(server: RunningServer, tmp_path: Path) -> AsyncIterator[Person]:
    zoe = Person(server, tmp_path / "zoe", "zoe")
    await until(lambda: zoe.client.status.phase == "online")
    yield zoe
    await zoe.stop()


async def removed_by(ann: Wire, zoe: Person) -> None:
    """Ann has said something, which is in zoe's cache, and deleted it."""
    seq = (await ann.tell("#general", f"to be deleted: {SECRET}")).seq
    await until(lambda: any(SECRET in text for text in zoe.texts()))
    zoe.cache.write()
    assert zoe.files() != []
    await do(ann, frames.Send, "#general", "a-delete", b"", frames.DELETE, seq)
    await until(lambda: zoe.client.rooms["#general"].last > seq)
    zoe.cache.write()


async def test_a_deleted_message_is_in_no_file_of_a_client(ann: Wire, zoe: Person) -> None:
    await removed_by(ann, zoe)
    assert zoe.cache._emptier._timer is not None, "it is to be emptied soon"
    await zoe.cache._emptier.empty()
    assert zoe.files() == []


async def test_nor_after_the_client_has_ended(ann: Wire, zoe: Person) -> None:
    await removed_by(ann, zoe)
    await zoe.stop()
    assert zoe.files() == []


async def test_nor_after_a_crash_and_the_next_start_of_the_client(
    ann: Wire, zoe: Person, tmp_path: Path
) -> None:
    await removed_by(ann, zoe)
    shutil.copytree(zoe.folder, tmp_path / "crashed")  # what kill -9 leaves
    assert holding(tmp_path / "crashed", SECRET) != []
    again = Cache(tmp_path / "crashed" / "cache.sqlite3")
    assert again._emptier._timer is not None, "it is to be emptied soon"
    await again._emptier.empty()
    assert holding(tmp_path / "crashed", SECRET) == []
    again.close()


async def test_what_was_sent_and_deleted_is_not_in_the_outbox_either(zoe: Person) -> None:
    zoe.outbox.keep_draft("#general", f"a draft of {SECRET}")
    zoe.client.sender.send("#general", f"sent: {SECRET}")
    await until(lambda: zoe.outbox.load() == [])
    zoe.outbox.keep_draft("#general", "")
    assert "outbox.sqlite3-wal" in zoe.files()
    assert zoe.outbox._emptier._timer is not None, "it is to be emptied soon"
    await zoe.outbox._emptier.empty()
    assert not [name for name in zoe.files() if name.startswith("outbox")]


async def test_a_log_that_somebody_reads_is_emptied_later(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "outbox.sqlite3", "server", "zoe")
    box.keep_draft("#general", SECRET)
    with copying.reading(tmp_path / "outbox.sqlite3") as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM drafts").fetchall()
        box.keep_draft("#general", "")
        emptier = LogEmptier(tmp_path / "outbox.sqlite3")
        await emptier.empty()
        assert holding(tmp_path, SECRET) != []
        assert emptier._timer is not None
        other.execute("ROLLBACK")
    await emptier.empty()
    assert holding(tmp_path, SECRET) == []
    emptier.close()
    box.close()
