"""Databases of every schema that ever was open in today's server, with all that is in them."""

import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from protocol import frames
from server.errors import StartError
from server.store import copies, restoring, schema
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.data import FOLDER, database
from tests.support.inprocess import RunningServer
from tests.support.wire import text_of

VERSIONS = range(1, schema.VERSION + 1)
OLDER = VERSIONS[:-1]
KEPT = f"{FILE_NAME}.before-schema-{schema.VERSION}"

Content = dict[str, tuple[list[str], list[tuple[object, ...]]]]
"""The columns and rows of each table."""


def content(path: Path, columns: Content | None = None) -> Content:
    """All that is in a database, or what is in these columns of it."""
    found: Content = {}
    connection = sqlite3.connect(path)
    for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        if columns is None or table in columns:
            everything = [row[1] for row in connection.execute(f"PRAGMA table_info ({table})")]
            wanted = everything if columns is None else columns[table][0]
            found[table] = (wanted, sorted(connection.execute(f"SELECT {', '.join(wanted)} FROM {table}")))
    connection.close()
    return found


def version_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(version)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_there_is_a_database_of_every_schema() -> None:
    there = sorted(path.name for path in FOLDER.glob("*.sqlite3"))
    wanted = sorted(database(version).name for version in VERSIONS)
    assert there == wanted, "a new step of the schema? run: python3 -m tests.data"
    assert [version_of(database(version)) for version in VERSIONS] == list(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_is_kept(data: Path, version: int) -> None:
    shutil.copyfile(database(version), data / FILE_NAME)
    before = content(data / FILE_NAME)
    log = SqliteLog(data)
    state = log.load()
    log.close()
    assert version_of(data / FILE_NAME) == schema.VERSION
    before.pop("search", None)  # by which rules the words were found is the index's own business
    assert content(data / FILE_NAME, before) == before
    assert ("epoch", log.epoch) in before["meta"][1]
    assert {user.name: sorted(user.rooms) for user in state.users.values()} == {
        "Ann": ["#dev", "#general"],
        "Zoë": ["#dev", "#general"],
    }
    assert state.rooms["#dev"].topic == "the topic"
    assert state.users[1].reads["#dev"] == 7


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_server_goes_on_with_it(data: Path, version: int) -> None:
    shutil.copyfile(database(version), data / FILE_NAME)
    server = RunningServer(data)
    await server.start()
    try:
        zoe = await server.connect()
        await zoe.log_in("ZOË")
        dev, general = (await zoe.sync()).rooms
        pairs = [(f"ann {number}", f"bob {number} ½ 🙂") for number in range(1, 6)]
        said = [text for pair in pairs for text in pair]
        assert [text_of(event) for event in dev.events if event.cid] == [*said, "as Zoë"]
        assert (dev.topic, general.complete, general.head) == ("the topic", True, 9)
        again = await zoe.tell("#general", "general 1", "bob-general-1")
        assert again == frames.SendResult(4, again.time, dup=True)
        assert (await zoe.tell("#general", "on")).seq == 10
    finally:
        await server.stop()


@pytest.mark.parametrize("version", OLDER)
def test_a_copy_of_the_older_one_is_kept(data: Path, version: int) -> None:
    shutil.copyfile(database(version), data / FILE_NAME)
    SqliteLog(data).close()
    assert names(data) == [FILE_NAME, KEPT]
    assert content(data / KEPT) == content(database(version))
    assert version_of(data / KEPT) == version
    assert stat.S_IMODE((data / KEPT).stat().st_mode) == 0o600
    (data / KEPT).unlink()
    SqliteLog(data).close()
    assert names(data) == [FILE_NAME], "it is up to date: no copy, and no other litter"


def test_a_new_database_leaves_no_copy(data: Path) -> None:
    SqliteLog(data).close()
    assert names(data) == [FILE_NAME]


def test_what_was_in_the_write_ahead_log_is_in_the_copy(data: Path) -> None:
    """An older server was killed, and the newer one is started on what it left."""
    shutil.copyfile(database(1), data / FILE_NAME)
    older = sqlite3.connect(data / FILE_NAME, isolation_level=None)
    older.execute("PRAGMA journal_mode = WAL")
    older.execute("INSERT INTO meta VALUES ('late', 'but stored')")
    SqliteLog(data).close()
    older.close()
    assert ("late", "but stored") in content(data / KEPT)["meta"][1]
    assert ("late", "but stored") in content(data / FILE_NAME)["meta"][1]


def test_without_a_copy_there_is_no_migration(data: Path) -> None:
    shutil.copyfile(database(1), data / FILE_NAME)
    (data / KEPT).mkdir()
    (data / KEPT / "in the way").touch()
    with pytest.raises(StartError, match="a copy of it could not be kept"):
        SqliteLog(data)
    assert version_of(data / FILE_NAME) == 1
    assert names(data) == [FILE_NAME, KEPT]


def test_a_step_that_fails_changes_nothing(data: Path) -> None:
    shutil.copyfile(database(1), data / FILE_NAME)
    connection = sqlite3.connect(data / FILE_NAME)
    connection.execute("ALTER TABLE rooms ADD COLUMN floor TEXT")  # as nobody's code ever did
    connection.close()
    before = content(data / FILE_NAME)
    with pytest.raises(StartError, match="cannot open"):
        SqliteLog(data)
    assert content(data / FILE_NAME) == before
    assert version_of(data / FILE_NAME) == 1


def test_a_restored_backup_is_brought_up_to_date(data: Path) -> None:
    for version in VERSIONS:
        summary, _ = restoring.restore(database(version), data / FILE_NAME)
        assert version_of(data / FILE_NAME) == schema.VERSION
        assert (summary.rooms, summary.users) == (3, 2)
        assert summary == copies.inspect(data / FILE_NAME, data)
        log = SqliteLog(data)
        assert log.epoch == summary.epoch
        log.close()
        assert KEPT not in names(data)
