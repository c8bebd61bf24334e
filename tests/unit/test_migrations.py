"""The way from one schema to the next, with all that is in a database.

There is only one schema yet, so the tests add a second step to it: what the mechanism does must not wait for
the first release that needs it.
"""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from common import database
from server.errors import StartError
from server.store import schema
from server.store.backup import copying, restoring
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.support.inprocess import RunningServer
from tests.support.sql import query
from tests.support.wire import text_of

KEPT = f"{FILE_NAME}.before-schema-2"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
async def old(data: Path) -> Path:
    """A server of the first schema has been used in `data`."""
    server = RunningServer(data)
    await server.start()
    ann = await server.enter("ann", "#dev")
    await ann.tell("#dev", "said before", "ann-1")
    await server.stop()
    return data


def add_step(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, script))
    monkeypatch.setattr(schema, "VERSION", len(schema.STEPS))


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, old: Path) -> Path:
    """What was used before, and a program whose schema has one step more."""
    add_step(monkeypatch, "ALTER TABLE rooms ADD COLUMN colour TEXT NOT NULL DEFAULT 'green';")
    return old


def version_of(path: Path) -> int:
    ((version,),) = query(path, "PRAGMA user_version")
    assert isinstance(version, int)
    return version


def colours(path: Path) -> set[object]:
    return {colour for (colour,) in query(path, "SELECT colour FROM rooms")}


def contents(path: Path) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    for (table,) in query(path, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"):
        yield str(table), query(path, f"SELECT * FROM {table}")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_database_has_all_steps_and_leaves_no_copy(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_step(monkeypatch, "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;")
    SqliteLog(data).close()
    assert version_of(data / FILE_NAME) == 2
    assert query(data / FILE_NAME, "SELECT * FROM later") == []
    assert names(data) == [FILE_NAME]


async def test_a_server_goes_on_with_the_database_of_an_older_one(newer: Path) -> None:
    server = RunningServer(newer)
    await server.start()
    try:
        ann = await server.connect()
        await ann.log_in("ann")
        (dev,) = [room for room in (await ann.sync()).rooms if room.room == "#dev"]
        assert [text_of(event) for event in dev.events if event.cid] == ["said before"]
        assert (await ann.tell("#dev", "said before", "ann-1")).dup
        assert (await ann.tell("#dev", "on")).seq == dev.head + 1
    finally:
        await server.stop()
    assert colours(newer / FILE_NAME) == {"green"}


def test_a_copy_of_the_older_one_is_kept(newer: Path) -> None:
    before = list(contents(newer / FILE_NAME))
    SqliteLog(newer).close()
    assert KEPT in names(newer)
    assert list(contents(newer / KEPT)) == before
    assert (version_of(newer / KEPT), version_of(newer / FILE_NAME)) == (1, 2)
    assert stat.S_IMODE((newer / KEPT).stat().st_mode) == 0o600
    (newer / KEPT).unlink()
    there = names(newer)
    SqliteLog(newer).close()
    assert names(newer) == there, "it is up to date: no copy, and no other litter"


def test_what_was_in_the_write_ahead_log_is_in_the_copy(newer: Path) -> None:
    """An older server was killed, and the newer one is started on what it left."""
    with closing(database.connect_to_log(newer / FILE_NAME)) as older:
        older.execute("INSERT INTO meta VALUES ('late', 'but stored')")
        SqliteLog(newer).close()
    for name in (KEPT, FILE_NAME):
        assert query(newer / name, "SELECT value FROM meta WHERE key = 'late'") == [("but stored",)]


def test_without_a_copy_there_is_no_migration(newer: Path) -> None:
    (newer / KEPT).mkdir()
    (newer / KEPT / "in the way").touch()
    there = names(newer)
    with pytest.raises(StartError, match="a copy of it could not be kept"):
        SqliteLog(newer)
    assert version_of(newer / FILE_NAME) == 1
    assert names(newer) == there


def test_a_step_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_step(monkeypatch, "CREATE TABLE later (id INTEGER); ALTER TABLE rooms ADD COLUMN floor TEXT;")
    before = list(contents(old / FILE_NAME))
    with pytest.raises(StartError, match="cannot open"):
        SqliteLog(old)
    assert list(contents(old / FILE_NAME)) == before
    assert version_of(old / FILE_NAME) == 1


def test_a_restored_backup_is_brought_up_to_date(newer: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    summary, _ = restoring.restore(newer / FILE_NAME, restored / FILE_NAME)
    assert (version_of(restored / FILE_NAME), colours(restored / FILE_NAME)) == (2, {"green"})
    assert summary == copying.inspect(restored / FILE_NAME, restored)
    assert names(restored) == [FILE_NAME]
