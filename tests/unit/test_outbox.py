"""What waits to be sent survives everything that can happen to a program on its own computer."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from chat_tui.client.errors import ClientError
from chat_tui.client.events import Pending
from chat_tui.client.outbox import Outbox
from chat_tui.client.place import UNKNOWN, Place
from tests.support.sql import query

SERVER, NAME = "chat.example.org:7777", "Alice"


def _entry(cid: str, text: str = "hi", room: str = "#room", place: Place = UNKNOWN) -> Pending:
    return Pending(cid, room, "message", text, 1_700_000_000_000, place=place)


def _cids(box: Outbox) -> list[str]:
    return [entry.cid for entry in box.load()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an outbox may be; its folder is not there yet."""
    return tmp_path / "data" / "outbox.sqlite3"


def test_entries_survive_reopening_whole_and_in_order(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    entries = [
        _entry(f"cid{number}", f"text {number}\n\0 ü 🎉", f"#room{number % 3}", Place("e", str(number), "x"))
        for number in range(50)
    ]
    for entry in entries:
        box.add(entry)
    box.close()
    again = Outbox(path, SERVER, NAME)
    assert again.load() == entries
    again.close()


def test_an_entry_keeps_the_place_it_was_meant_for(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    box.add(_entry("old"))
    box.add(_entry("new", place=Place("epoch", "born", "bob")))
    assert [entry.place for entry in box.load()] == [UNKNOWN, Place("epoch", "born", "bob")]
    assert UNKNOWN.other(Place("epoch", "born")) == Place("epoch", "born").other(UNKNOWN) == ""
    box.close()


def test_what_was_confirmed_is_gone(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    for cid in ("a", "b", "c"):
        box.add(_entry(cid))
    box.remove("b")
    box.remove("never there")
    box.close()
    box = Outbox(path, SERVER, NAME)
    assert _cids(box) == ["a", "c"]
    box.close()


def test_a_refusal_and_its_reason_survive_and_keep_the_place(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    for cid in ("a", "b", "c"):
        box.add(_entry(cid))
    box.fail("b", "you are not in #room")
    box.close()
    box = Outbox(path, SERVER, NAME)
    assert [(entry.cid, entry.state, entry.error) for entry in box.load()] == [
        ("a", "pending", ""),
        ("b", "failed", "you are not in #room"),
        ("c", "pending", ""),
    ]
    box.retry([replace(box.load()[1], place=Place("epoch", "born", "bob"))])
    assert box.load()[1].place == Place("epoch", "born", "bob")
    assert [entry.state for entry in box.load()] == ["pending"] * 3
    box.close()


def test_entries_belong_to_a_server_and_a_name(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    box.add(_entry("mine"))
    for server, name, cids in [
        (SERVER, "bob", []),
        ("other.example.org:7777", NAME, []),
        (SERVER, "ALICE", ["mine"]),
    ]:
        other = Outbox(path, server, name)
        assert _cids(other) == cids
        other.close()
    box.close()


def test_a_new_name_takes_what_waits_along(path: Path) -> None:
    box, elsewhere = Outbox(path, SERVER, NAME), Outbox(path, "elsewhere", NAME)
    box.add(_entry("here"))
    elsewhere.add(_entry("there"))
    box.rename("Carol")
    box.add(_entry("later"))
    assert _cids(box) == ["here", "later"]
    assert _cids(elsewhere) == ["there"]
    for opened in (box, elsewhere):
        opened.close()
    box = Outbox(path, SERVER, "carol")
    assert _cids(box) == ["here", "later"]
    box.close()


def test_two_at_once_on_one_file(path: Path) -> None:
    first, second = Outbox(path, SERVER, NAME), Outbox(path, SERVER, NAME)
    for number in range(20):
        (first, second)[number % 2].add(_entry(f"cid{number}"))
    assert _cids(first) == _cids(second) == [f"cid{number}" for number in range(20)]
    second.remove("cid0")
    first.remove("cid0")
    assert len(_cids(first)) == 19
    first.close()
    second.close()


def _fill(path: Path, tag: str) -> None:
    box = Outbox(path, SERVER, NAME)
    for number in range(100):
        box.add(_entry(f"{tag}{number}"))
    box.close()


def test_processes_that_open_and_write_one_file_at_once(path: Path) -> None:
    processes = [
        multiprocessing.get_context("spawn").Process(target=_fill, args=(path, tag)) for tag in "xyz"
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    box = Outbox(path, SERVER, NAME)
    for tag in "xyz":
        assert [cid for cid in _cids(box) if cid[0] == tag] == [f"{tag}{number}" for number in range(100)]
    box.close()


def test_what_was_added_survives_a_kill(path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.unit.test_outbox import NAME, SERVER, Outbox, _entry\n"
        "box = Outbox(Path(sys.argv[1]), SERVER, NAME); box.add(_entry('a')); box.add(_entry('b'))\n"
        "print('added', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program, path], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"added\n"
        os.kill(process.pid, signal.SIGKILL)
    box = Outbox(path, SERVER, NAME)
    assert _cids(box) == ["a", "b"]
    box.close()


def test_a_cid_is_there_once(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    box.add(_entry("a"))
    with pytest.raises(ClientError, match="unsent"):
        box.add(_entry("a"))
    assert _cids(box) == ["a"]
    box.close()


def test_without_a_file_nothing_is_left() -> None:
    box = Outbox(None, SERVER, NAME)
    box.add(_entry("a"))
    assert _cids(box) == ["a"]
    box.close()
    box = Outbox(None, SERVER, NAME)
    assert _cids(box) == []
    box.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "outbox.sqlite3"
    with pytest.raises(ClientError, match=r"cannot keep unsent messages in .*outbox\.sqlite3"):
        Outbox(path, SERVER, NAME)


def test_a_folder_where_the_file_should_be(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ClientError, match="cannot keep unsent messages in"):
        Outbox(path, SERVER, NAME)


@pytest.mark.parametrize("page", [None, 2, 4, 6])
def test_a_damaged_file_is_put_aside_and_kept(path: Path, page: int | None) -> None:
    box = Outbox(path, SERVER, NAME)
    for number in range(50):
        box.add(_entry(f"cid{number}", "x" * 300))
    box.close()
    damaged = bytearray(path.read_bytes())
    if page is None:
        damaged[:] = b"my shopping list\n" * 500
    else:
        damaged[4096 * (page - 1) : 4096 * page] = b"\xa5" * 4096
    path.write_bytes(damaged)
    box = Outbox(path, SERVER, NAME)
    (aside,) = [file for file in path.parent.iterdir() if "damaged" in file.name]
    assert aside.read_bytes() == damaged
    assert str(aside) in box.problem
    box.add(_entry("new"))
    assert _cids(box) == ["new"]
    box.close()
    box = Outbox(path, SERVER, NAME)
    assert (_cids(box), box.problem) == (["new"], "")
    box.close()


def test_a_disk_that_refuses(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    box.add(_entry("before"))
    (pages,) = box._database.execute("PRAGMA page_count").fetchone()
    box._database.execute(f"PRAGMA max_page_count = {pages}")  # as a full disk
    with pytest.raises(ClientError, match="cannot keep unsent messages"):
        box.add(_entry("big", "x" * 100_000))
    assert _cids(box) == ["before"]
    box.close()


def test_a_disk_that_refuses_half_way_changes_nothing(path: Path) -> None:
    box = Outbox(path, SERVER, NAME)
    for cid in ("a", "b"):
        box.add(_entry(cid))
        box.fail(cid, "refused")
    kept = box.load()
    for event in ("DELETE", "UPDATE"):
        box._database.execute(
            f"CREATE TRIGGER {event}_ BEFORE {event} ON outbox WHEN old.cid = 'b' "
            "BEGIN SELECT RAISE (ABORT, 'full'); END"
        )
    with pytest.raises(ClientError, match="full"):
        box.remove("a", "b")
    with pytest.raises(ClientError, match="full"):
        box.retry(kept)
    assert box.load() == kept
    box.close()


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    Outbox(path, SERVER, NAME).close()
    assert path.parent.stat().st_mode & 0o077 == 0
    assert query(path, "SELECT count(*) FROM outbox") == [(0,)]
