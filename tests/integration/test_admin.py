"""What an operator does with the store, as they do it: commands beside real servers, on real files."""

import asyncio
import json
import signal
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from protocol import codec, frames
from server.__main__ import COMMANDS
from server.net.certificate import KEY_NAME, Certificate
from server.state.entries import Draft, StoredReadMarker
from server.state.model import SERVER_LOG, USER
from server.store import schema
from server.store.sqlite import FILE_NAME, SqliteLog
from tests.conftest import Dial, StartServer
from tests.support.processes import ServerProcess, run_server
from tests.support.sql import query
from tests.support.waiting import SECONDS, until
from tests.support.wire import Wire, text_body

ROOM = "#general"
NOW = 2_000_000_000_000
"""Later than any clock that runs the tests: these events are never old."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def fill(data: Path, *drafts: Draft) -> None:
    """Make a store with ann, a room, and these events behind `create` and `join`."""
    data.mkdir(mode=0o700)
    log = SqliteLog(data)
    log.append([Draft(SERVER_LOG, 0, "ann", USER, 0, codec.pack(frames.NickBody("ann")))])
    log.append([Draft(ROOM, 1, "ann", kind, 1000) for kind in (frames.CREATE, frames.JOIN)])
    log.append([StoredReadMarker(ROOM, 1, 2), *drafts])
    log.close()


def say(text: str, *, room: str = ROOM, time: int = NOW) -> Draft:
    return Draft(room, 1, "ann", frames.MESSAGE, time, text_body(text), f"cid of {text[:30].strip()}")


async def run(command: str, data: Path, *arguments: object) -> list[str]:
    """Run a command that must succeed; the lines that it prints."""
    status, output, told = await run_server(command, *map(str, arguments), "--data", str(data))
    assert (status, told) == (0, "")
    return output.splitlines()


async def refused(command: str, data: Path, *arguments: object) -> str:
    """Run a command that must fail; what it says about it."""
    status, output, told = await run_server(command, *map(str, arguments), "--data", str(data))
    assert (status, output) == (1, "")
    (line,) = told.splitlines()
    assert line.startswith("chat-server: ")
    return line


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def texts(server: ServerProcess, dial: Dial) -> list[str]:
    """What ann sees of the room."""
    async with await dial(server.address) as ann:
        (state,) = (await ann.enter("ann")).rooms
        bodies = [codec.unpack_body(event.body, frames.TextBody) for event in state.events]
    return [body.text for body in bodies if body is not None]


# --- backup


async def test_a_backup_under_load_is_whole_and_holds_nobody_up(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    fill(data, *(say(f"{number} " + "x" * 1000) for number in range(20_000)))
    server = await start_server()
    ann = await dial(server.address)
    await ann.enter("ann")
    first = (await ann.tell(ROOM, "acknowledged before")).seq
    done = asyncio.Event()
    longest = 0.0

    async def talk() -> int:
        nonlocal longest
        last, clock = first, asyncio.get_running_loop().time
        while not done.is_set():
            began = clock()
            last = (await ann.tell(ROOM, "meanwhile")).seq
            longest = max(longest, clock() - began)
        return last

    talking = asyncio.create_task(talk())
    backup = tmp_path / "backup.db"
    (line,) = await run("backup", data, backup)
    done.set()
    last = await talking

    ((number, head),) = query(backup, f"SELECT id, head FROM rooms WHERE name = '{ROOM}'")
    ((count, ends),) = query(backup, f"SELECT count(*), max(seq) FROM events WHERE room = {number}")
    assert first <= head == count == ends <= last
    assert last > first + 10, "the server went on meanwhile"
    assert longest < 5
    size = f"{backup.stat().st_size / 1e6:,.1f} MB"
    assert line == f"backed up to {backup}: {size}, rooms: 1, users: 1, events: {head:,}"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert names(tmp_path) == ["backup.db", "data"]
    assert query(backup, "PRAGMA journal_mode") == [("delete",)], "one file, that can be read anywhere"


async def test_a_backup_holds_what_a_killed_server_had_stored(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    server = await start_server()
    async with await dial(server.address) as ann:
        await ann.enter("ann")
        await ann.tell(ROOM, "stored")
        await server.kill()
    await run("backup", data, tmp_path / "backup.db")
    await run("restore", tmp_path / "other", tmp_path / "backup.db")
    again = await start_server(data=tmp_path / "other")
    assert await texts(again, dial) == ["stored"]


async def test_a_backup_has_the_key_that_clients_know(data: Path, tmp_path: Path) -> None:
    fill(data)

    def pin(folder: Path) -> str:
        """By what a server is known that begins in this folder: it makes a key if there is none."""
        return Certificate(folder, None, lambda: 1_795_435_200_000).pin

    known, backup = pin(data), tmp_path / "backup.db"
    key = tmp_path / f"backup.db.{KEY_NAME}"
    lines = await run("backup", data, backup)
    assert lines[1] == f"the server's key is in {key}"
    assert (stat.S_IMODE(key.stat().st_mode), key.read_bytes()) == (0o600, (data / KEY_NAME).read_bytes())
    backup.unlink()
    assert f"{key} is there already" in await refused("backup", data, backup)
    await run("backup", data, backup, "--force")

    elsewhere, other = tmp_path / "elsewhere", tmp_path / "other"
    assert "same pin" in (await run("restore", elsewhere, backup))[-1]
    assert stat.S_IMODE((elsewhere / KEY_NAME).stat().st_mode) == 0o600
    assert pin(elsewhere) == known
    other.mkdir()
    newer = pin(other)
    assert f"is in {key}" in (await run("restore", other, backup))[-1]
    assert pin(other) == newer != known


async def test_a_backup_replaces_nothing_unless_told_to(data: Path, tmp_path: Path) -> None:
    fill(data, say("one"))
    backup = tmp_path / "backup.db"
    backup.write_text("precious")
    assert "--force" in await refused("backup", data, backup)
    assert backup.read_text() == "precious"
    await run("backup", data, backup, "--force")
    assert query(backup, "SELECT count(*) FROM events") == [(4,)]
    for itself in (data / FILE_NAME, data / ".." / "data" / FILE_NAME):
        assert "the database itself" in await refused("backup", data, itself, "--force")


async def test_a_backup_that_cannot_be_is_a_clear_error(data: Path, tmp_path: Path) -> None:
    assert f"no database {data / FILE_NAME}" in await refused("backup", data, tmp_path / "backup.db")
    assert names(tmp_path) == []
    fill(data)
    assert "No such file" in await refused("backup", data, tmp_path / "nowhere" / "backup.db")
    assert "there already" in await refused("backup", data, tmp_path)
    (data / FILE_NAME).write_bytes(b"a diary" * 1000)
    assert "not a database" in await refused("backup", data, tmp_path / "backup.db")
    assert names(tmp_path) == ["data"]


async def test_a_damaged_store_is_not_backed_up_over_a_good_one(data: Path, tmp_path: Path) -> None:
    fill(data, *(say(f"{number} " * 100) for number in range(300)))
    backup = tmp_path / "backup.db"
    await run("backup", data, backup)
    good = backup.read_bytes()
    damage(data / FILE_NAME)
    assert "damaged" in await refused("backup", data, backup, "--force")
    assert backup.read_bytes() == good
    assert names(tmp_path) == ["backup.db", "data"]


def damage(file: Path) -> None:
    """Write nonsense over the index of cids, as a bad disk would."""
    ((page,),) = query(file, "SELECT rootpage FROM sqlite_schema WHERE name = 'cids'")
    ((size,),) = query(file, "PRAGMA page_size")
    content = bytearray(file.read_bytes())
    content[(page - 1) * size : page * size] = b"\xa5" * size
    file.write_bytes(content)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_backup_that_is_stopped_leaves_nothing(
    data: Path, tmp_path: Path, number: signal.Signals
) -> None:
    fill(data, *(say(f"{number} " + "x" * 10_000) for number in range(6_000)))
    target = tmp_path / "backups"
    target.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "backup", "--data", str(data), str(target / "backup.db"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await until(lambda: names(target))
    process.send_signal(number)
    async with asyncio.timeout(SECONDS):
        assert await process.communicate() == (b"", b"")
    assert process.returncode == 128 + number
    assert names(target) == []
    assert names(data) == [FILE_NAME]


# --- restore


def kept_in(data: Path) -> list[Path]:
    """The stores that restores have set aside."""
    return list(data.glob(f"{FILE_NAME}.before-restore-*"))


async def test_a_restore_keeps_what_was_there(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    fill(data, say("one"))
    await run("backup", data, tmp_path / "backup.db")
    server = await start_server()
    async with await dial(server.address) as ann:
        await ann.enter("ann")
        await ann.tell(ROOM, "two")
        await server.kill()  # so that a part of it is in the write-ahead log
    first, second = await run("restore", data, tmp_path / "backup.db")
    assert first.startswith(f"restored from {tmp_path / 'backup.db'}: ")
    assert first.endswith("rooms: 1, users: 1, events: 3")
    (kept,) = kept_in(data)
    assert second == f"what was there is kept in {kept}"
    # The first two are of the killed one.
    assert names(data) == ["admin.json", "admin.sock", FILE_NAME, kept.name, "server.lock"]
    server = await start_server()
    assert await texts(server, dial) == ["one"]
    await server.stop()

    await run("restore", data, kept)
    server = await start_server()
    assert await texts(server, dial) == ["one", "two"]


async def test_a_log_without_its_database_does_not_spoil_the_restored_one(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    """As after somebody removed only the file that they knew of."""
    fill(data, say("one"))
    await run("backup", data, tmp_path / "backup.db")
    server = await start_server()
    async with await dial(server.address) as ann:
        await ann.enter("ann")
        await ann.tell(ROOM, "two")
        await server.kill()
    (data / FILE_NAME).unlink()
    log = (data / f"{FILE_NAME}-wal").read_bytes()
    await run("restore", data, tmp_path / "backup.db")
    (kept,) = [path for path in kept_in(data) if path.name.endswith("-wal")]
    assert kept.read_bytes() == log
    assert await texts(await start_server(), dial) == ["one"]


async def test_two_restores_in_one_second_keep_both(data: Path, tmp_path: Path) -> None:
    fill(data, say("one"))
    await run("backup", data, tmp_path / "backup.db")
    for _ in range(3):
        await run("restore", data, tmp_path / "backup.db")
    assert len(kept_in(data)) == 3


async def test_a_restore_waits_for_no_running_server(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    fill(data, say("one"))
    await run("backup", data, tmp_path / "backup.db")
    server = await start_server()
    assert "another chat-server" in await refused("restore", data, tmp_path / "backup.db")
    assert await texts(server, dial) == ["one"]


@pytest.mark.parametrize("what", ["missing", "text", "other", "damaged", "newer", "folder"])
async def test_a_file_that_is_no_backup_changes_nothing(data: Path, tmp_path: Path, what: str) -> None:
    fill(data, *(say(f"{number} " * 100) for number in range(300)))
    before = (data / FILE_NAME).read_bytes()
    file = tmp_path / "file"
    if what == "folder":
        file.mkdir()
    elif what == "text":
        file.write_text("a diary\n" * 1000)
    elif what == "other":
        query(file, "CREATE TABLE events (text)")
    elif what != "missing":
        await run("backup", data, file)
        if what == "damaged":
            damage(file)
        else:
            query(file, f"PRAGMA user_version = {schema.VERSION + 1}")
    told = await refused("restore", data, file)
    expected = {
        "missing": "no database",
        "text": "not a database",
        "other": "no database of a chat-server",
        "damaged": "damaged",
        "newer": "newer chat-server",
        "folder": "no database",
    }
    assert expected[what] in told
    assert str(file) in told
    assert (data / FILE_NAME).read_bytes() == before
    assert names(data) == [FILE_NAME, "server.lock"]


async def test_a_damaged_store_is_set_aside_as_it_is(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    fill(data, say("one"))
    await run("backup", data, tmp_path / "backup.db")
    (data / FILE_NAME).write_bytes(b"nonsense" * 1000)
    await run("restore", data, tmp_path / "backup.db")
    (kept,) = kept_in(data)
    assert kept.read_bytes() == b"nonsense" * 1000
    assert await texts(await start_server(), dial) == ["one"]


# --- export


async def test_an_export_has_every_event_as_it_was(data: Path) -> None:
    hidden = 'a "quoted"\nline \x1b[31m \x07 \x9b \u202e\u200b end ½ 🙂'
    fill(
        data,
        say("hello"),
        Draft(ROOM, 1, "ann", frames.ACTION, 5, text_body(hidden), "c1"),
        Draft(ROOM, 1, "ann", frames.TOPIC, 6, codec.pack(frames.TopicBody("topic"))),
        Draft(ROOM, 1, "ann", frames.NICK, 7, codec.pack(frames.NickBody("zoe"))),
        Draft(ROOM, 1, "zoe", frames.MESSAGE, 8, b"\xc1 no msgpack", "c2"),
        Draft("#b", 1, "zoe", "from the future", 9, b"\x00\xff"),
        Draft(ROOM, 1, "ann", frames.EDIT, 10, text_body("hallo"), "c3", 3),
        Draft(ROOM, 1, "ann", frames.REACTION, 11, codec.pack(frames.ReactionBody("🎉")), "c4", 3),
        Draft(ROOM, 1, "ann", frames.DELETE, 12, b"", "c5", 4),
        Draft(ROOM, 1, "ann", frames.MESSAGE, 13, text_body("yes"), "c6", None, 3),
    )
    lines = await run("export", data)
    assert all(line.isprintable() for line in lines)

    def event(seq: int, kind: str, time: int, **fields: object) -> dict[str, object]:
        usual = {"room": ROOM, "seq": seq, "user": 1, "from": "ann", "kind": kind, "time": time, "cid": None}
        return usual | fields

    assert [json.loads(line) for line in lines] == [
        event(1, "from the future", 9, **{"room": "#b", "from": "zoe"}, body="AP8="),
        event(1, "create", 1000),
        event(2, "join", 1000),
        event(3, "message", NOW, cid="cid of hello", text="hello"),
        event(4, "action", 5, cid="c1"),
        event(5, "topic", 6, text="topic"),
        event(6, "nick", 7, text="zoe"),
        event(7, "message", 8, **{"from": "zoe"}, cid="c2", body="wSBubyBtc2dwYWNr"),
        event(8, "edit", 10, cid="c3", target=3, text="hallo"),
        event(9, "reaction", 11, cid="c4", target=3, emoji="🎉", on=True),
        event(10, "delete", 12, cid="c5", target=4),
        event(11, "message", 13, cid="c6", reply=3, text="yes"),
    ]  # fmt: skip


async def test_an_export_of_one_room_into_a_file_beside_a_server(
    start_server: StartServer, dial: Dial, data: Path, tmp_path: Path
) -> None:
    server = await start_server()
    ann = await dial(server.address)
    await ann.enter("ann", "#straße")
    await ann.tell("#strasse", "one")
    await ann.tell(ROOM, "elsewhere")
    file = tmp_path / "export.jsonl"
    assert await run("export", data, "--room", "Straße", "--output", file) == []
    assert [json.loads(line)["kind"] for line in file.read_text().splitlines()] == [
        "create",
        "join",
        "message",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "--force" in await refused("export", data, "--output", file)
    await run("export", data, "--output", file, "--force")
    assert len(file.read_text().splitlines()) == 6
    assert "no room #none" in await refused("export", data, "--room", "none")
    assert "database itself" in await refused("export", data, "--output", data / FILE_NAME, "--force")
    await ann.tell(ROOM, "nobody noticed")


async def test_an_export_takes_no_more_memory_the_more_there_is(data: Path, tmp_path: Path) -> None:
    fill(data, *(say(f"{number} " + "x" * 2000) for number in range(20_000)))
    measured = (
        "import resource, sys; from server.admin import store; "
        "before = resource.getrusage(0).ru_maxrss; "
        f"store.export(['--data', {str(data)!r}, '--output', {str(tmp_path / 'all')!r}]); "
        "print(resource.getrusage(0).ru_maxrss - before)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", measured, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert (tmp_path / "all").stat().st_size > 40_000_000
    assert int(output) < 20_000  # KiB


async def test_who_stops_reading_ends_an_export(data: Path) -> None:
    fill(data, *(say(f"{number} " + "x" * 1000) for number in range(1000)))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "export", "--data", str(data),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline())["kind"] == "create"
    process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
    async with asyncio.timeout(SECONDS):
        assert process.stderr is not None
        assert await process.stderr.read() == b""
        assert await process.wait() == 1


# --- prune


def mixed(count: int) -> Iterable[Draft]:
    for number in range(count):
        yield say(f"old {number} " + "x" * 1000, time=1000)
        yield say(f"old {number} in another " + "x" * 1000, room="#b", time=1000)
    yield say("new")
    yield say("new in another", room="#b")


async def test_prune_removes_what_is_old_and_gives_its_room_back(
    start_server: StartServer, dial: Dial, data: Path
) -> None:
    fill(data, *mixed(800))
    size = (data / FILE_NAME).stat().st_size
    assert await run("prune", data, "--older-than", "90d", "--room", "b") == [
        "#b: 800",
        "removed: 800 events",
    ]
    assert await run("prune", data, "--older-than", "90d") == [f"{ROOM}: 802", "removed: 802 events"]
    assert await run("prune", data, "--older-than", "90d") == ["removed: 0 events"]
    assert (data / FILE_NAME).stat().st_size < size / 4
    server = await start_server()
    assert await texts(server, dial) == ["new"]
    ann = await dial(server.address)
    await ann.enter("ann")
    await repeated(ann)
    assert [json.loads(line)["text"] for line in await run("export", data)] == ["new in another", "new"]


async def repeated(ann: Wire) -> None:
    old = say("old 7 " + "x" * 1000)
    again = await ann.ask(frames.Send(ann.new_id, ROOM, str(old.cid), old.body), frames.SendResult)
    assert again == frames.SendResult(3 + 7, 1000, dup=True)


async def test_a_dry_run_only_counts_beside_a_server(
    start_server: StartServer, dial: Dial, data: Path
) -> None:
    fill(data, *mixed(3))
    server = await start_server()
    counted = await run("prune", data, "--older-than", "1w", "--dry-run")
    assert counted == ["#b: 3", f"{ROOM}: 5", "would remove: 8 events"]
    assert "no room #none" in await refused(
        "prune", data, "--older-than", "1w", "--room", "none", "--dry-run"
    )
    assert len(await texts(server, dial)) == 4


async def test_prune_without_a_store_makes_none(data: Path) -> None:
    assert "no database" in await refused("prune", data, "--older-than", "1d")
    assert "no database" in await refused("prune", data, "--older-than", "1d", "--dry-run")
    assert not (data / FILE_NAME).exists()


# --- called wrongly


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["backup"], "FILE"),
        (["restore"], "FILE"),
        (["prune"], "--older-than"),
        (["prune", "--older-than", "0d"], "as in 90d"),
        (["prune", "--older-than", "90"], "as in 90d"),
        (["prune", "--older-than", "-1d"], "--older-than"),
        (["prune", "--older-than", "1d", "--room", "a b"], "letters, digits"),
        (["export", "--room", ""], "at least one letter"),
        (["--retention", "ever"], "as in 90d"),
        (["--retention", "#a!b=1d"], "letters, digits"),
        (["nonsense"], "nonsense"),
    ],
)
async def test_wrong_usage_ends_with_2(arguments: list[str], told: str) -> None:
    status, output, errors = await run_server(*arguments)
    assert (status, output) == (2, "")
    assert told in errors
    assert "Traceback" not in errors


async def test_each_command_has_its_help() -> None:
    status, output, _ = await run_server("--help")
    assert status == 0
    for command in COMMANDS:
        assert command in output
        status, helped, _ = await run_server(command, "--help")
        assert status == 0
        assert helped.startswith(f"usage: chat-server {command}")
