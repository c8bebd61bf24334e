"""Private folders and files: what the module makes, what it refuses, and that everybody uses it."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from chat_tui import config
from chat_tui.client.cache import Cache
from chat_tui.client.known import KnownServers
from chat_tui.client.outbox import Outbox
from chat_tui.client.tokens import Saved, Tokens
from chat_tui.commands.hints import Hints
from chat_tui.commands.keymap import Keymap
from chat_tui.tui import commands as _all  # noqa: F401  # fills the registry
from chat_tui.tui.widgets.composer.drafts import Drafts
from common import private_files
from server.errors import StartError
from server.net.certificate import Certificate
from server.store import folder
from server.store.sqlite import SqliteLog

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")

SOMEBODY_ELSE = 12345

gives_away = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


@pytest.fixture(params=[0o000, 0o022, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nobody, everybody, and not even oneself may write what is made."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def check_private(top: Path) -> list[Path]:
    """Everything below is its owner's alone; all the files there are."""
    below = list(top.rglob("*"))
    loose = {str(path): oct(mode(path)) for path in below if mode(path) & 0o077}
    assert not loose
    return [path for path in below if path.is_file()]


# --- what the module makes


@pytest.mark.usefixtures("umask")
def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    private_files.make_folder(tmp_path / "a" / "b" / "c")
    private_files.write(tmp_path / "a" / "written", b"1")
    private_files.make_file(tmp_path / "a" / "made")
    private_files.append(tmp_path / "a" / "added", b"1")
    private_files.append(tmp_path / "a" / "added", b"2")
    assert [mode(tmp_path / "a" / one) for one in ("", "b", "b/c")] == [0o700] * 3
    assert [mode(tmp_path / "a" / one) for one in ("written", "made", "added")] == [0o600] * 3
    assert private_files.read(tmp_path / "a" / "added") == b"12"


def test_a_file_of_ours_that_others_may_read_becomes_private(tmp_path: Path) -> None:
    for use in (private_files.make_file, private_files.read, lambda path: private_files.append(path, b"")):
        path = tmp_path / "loose"
        path.write_bytes(b"kept")
        path.chmod(0o644)
        use(path)
        assert (mode(path), path.read_bytes()) == (0o600, b"kept")


def test_a_folder_of_our_own_becomes_private_and_others_stay_as_they_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_files.make_folder(tmp_path)
    assert mode(tmp_path) == 0o755, "an operator may have meant it so"
    private_files.make_own_folder(tmp_path)
    assert mode(tmp_path) == 0o700


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    private_files.write(path, b"old")
    (tmp_path / "in the way").mkdir()
    with private_files.draft(path) as new:
        new.write_bytes(b"half")
        with pytest.raises(OSError, match="directory"):
            private_files.place(new, tmp_path / "in the way")
    (tmp_path / "in the way").rmdir()
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


# --- what it refuses


@pytest.mark.parametrize(
    "use",
    [private_files.make_file, private_files.read, lambda path: private_files.append(path, b"secret")],
    ids=["make", "read", "append"],
)
def test_a_link_that_somebody_laid_is_not_followed(tmp_path: Path, use: Callable[[Path], object]) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    with pytest.raises(OSError, match="it is a link"):
        use(tmp_path / "link")
    (tmp_path / "nowhere").symlink_to(tmp_path / "not there")
    with pytest.raises(OSError, match="it is a link"):
        use(tmp_path / "nowhere")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "not there").exists()


def test_a_write_takes_the_place_of_a_link_and_not_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    private_files.write(tmp_path / "link", b"ours")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert private_files.read(tmp_path / "link") == b"ours"


def test_a_pipe_neither_hangs_us_nor_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for use in (private_files.make_file, private_files.read, private_files.open_to_append):
        with pytest.raises(OSError, match="no regular file"):
            use(tmp_path / "pipe")


@gives_away
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_bytes(b"")
    for path in (theirs / "file", theirs):
        os.chown(path, SOMEBODY_ELSE, SOMEBODY_ELSE)
    for use in (private_files.make_file, private_files.read, private_files.open_to_append):
        with pytest.raises(PermissionError, match="it belongs to user 12345"):
            use(theirs / "file")
    for make in (private_files.make_folder, private_files.make_own_folder, private_files.make_strict_folder):
        with pytest.raises(PermissionError, match="it belongs to user 12345"):
            make(theirs)


def test_a_folder_that_everybody_writes_to_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(PermissionError, match="everybody may write"):
        private_files.make_folder(shared)
    assert mode(shared) == 0o1777


def test_a_strict_folder_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(NotADirectoryError, match="remove it"):
        private_files.make_strict_folder(tmp_path / "link")


# --- who uses it


@pytest.mark.usefixtures("umask")
def test_all_that_the_client_keeps_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    config.remember(name="ann")
    KnownServers(config.known_servers_file()).remember("there:7777", "chain")
    Tokens(config.tokens_folder()).keep("ann", Saved("there", "ann", "secret", "epoch"))
    Hints(config.hints_file(), Keymap({}, {})).begin()
    outbox = Outbox(config.outbox_file(), "there", "ann")
    Drafts(outbox).keep("#general", "not sent yet")
    cache = Cache(config.cache_file("there", "ann"))
    try:
        names = {path.name for path in check_private(tmp_path)}
    finally:
        outbox.close()
        cache.close()
    assert {"config.toml", "known_servers", "hints", "outbox.sqlite3", "outbox.sqlite3-wal"} <= names
    assert cache.problem == ""


@pytest.mark.usefixtures("umask")
def test_all_that_the_server_keeps_is_private(tmp_path: Path) -> None:
    data = tmp_path / "some" / "where"
    with folder.take(data):
        Certificate(data, None, lambda: 0)
        log = SqliteLog(data)
        try:
            log.load()
            names = {path.name for path in check_private(tmp_path)}
        finally:
            log.close()
    assert {"tls-key.pem", "tls-cert.pem", "chat.sqlite3", "chat.sqlite3-wal", "server.lock"} <= names


@gives_away
def test_no_secret_goes_into_a_file_that_another_user_made_beforehand(tmp_path: Path) -> None:
    theirs = tmp_path / "data" / "tls-key.pem"
    private_files.make_folder(theirs.parent)
    theirs.write_bytes(b"")
    os.chown(theirs, SOMEBODY_ELSE, SOMEBODY_ELSE)
    with pytest.raises(StartError, match="it belongs to user 12345"):
        Certificate(tmp_path / "data", None, lambda: 0)
    assert theirs.read_bytes() == b""


def test_a_draft_goes_wherever_a_signal_ends_the_program(tmp_path: Path) -> None:
    """A backup that was stopped in the very moment in which its file was made left that behind."""

    def stop_at(number: int) -> bool:
        """Be stopped in that line of those that run before the draft is filled; False if there are fewer."""
        lines = 0

        def trace(frame: FrameType, event: str, _: object) -> Any:
            nonlocal lines
            if frame.f_code.co_filename != private_files.__file__:
                return None
            lines += event == "line"
            if event == "line" and lines == number:
                sys.settrace(None)
                raise SystemExit(143)
            return trace

        sys.settrace(trace)
        try:
            with private_files.draft(tmp_path / "target"):
                sys.settrace(None)
                return False
        except SystemExit:
            return True
        finally:
            sys.settrace(None)

    number = 1
    while stop_at(number):
        assert list(tmp_path.iterdir()) == [], f"stopped in line {number}"
        number += 1
    assert number > 3
