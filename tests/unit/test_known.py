"""The file of known servers: a person may read it and write in it, and nothing in it is guessed at."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chat_tui.client.errors import ClientError
from chat_tui.client.known import CHAIN, KnownServers

PIN, OTHER = f"sha256:{'3f' * 32}", f"sha256:{'a0' * 32}"


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "config" / "known_servers")


def test_nobody_is_known_at_first(known: KnownServers) -> None:
    assert known.find("host:1") == ""
    assert not known.path.parent.exists(), "looking makes no file"
    assert not known.forget("host:1")


def test_what_is_remembered_is_found(known: KnownServers) -> None:
    known.remember("Host:1", PIN)
    known.remember("[::1]:1", CHAIN)
    known.remember("host:2", OTHER)
    assert known.find("host:1") == known.find("HOST:1") == PIN
    assert known.find("[::1]:1") == CHAIN
    assert known.find("host:2") == OTHER
    assert known.find("host:3") == known.find("ost:1") == known.find("host:") == ""
    assert stat.S_IMODE(known.path.stat().st_mode) == 0o600
    head, *lines = known.path.read_text().splitlines()
    assert head.startswith("# ")
    assert lines == [f"host:1 {PIN}", f"localhost:1 {CHAIN}", f"host:2 {OTHER}"]


def test_one_line_for_each(known: KnownServers) -> None:
    for how in (PIN, OTHER, CHAIN):
        known.remember("host:1", how)
        assert known.find("host:1") == how
    assert known.path.read_text().count("host:1") == 1


def test_what_is_forgotten_is_not_known(known: KnownServers) -> None:
    known.remember("host:1", PIN)
    known.remember("host:2", PIN)
    assert known.forget("HOST:1")
    assert known.find("host:1") == ""
    assert known.find("host:2") == PIN
    assert not known.forget("host:1")
    assert known.forget("host:2")
    known.remember("host:1", PIN)
    assert known.find("host:1") == PIN


def test_a_person_may_write_in_it(known: KnownServers) -> None:
    known.path.parent.mkdir()
    pairs = ":".join("3f" for _ in range(32))
    known.path.write_text(f"# mine\n\n  CHAT.example.org:7777\tSHA256:{pairs}   set up by Åsa\nhost:1 chain")
    assert known.find("chat.example.org:7777") == PIN
    assert known.find("host:1") == CHAIN
    known.remember("host:2", OTHER)
    assert known.find("host:1") == CHAIN
    assert known.find("host:2") == OTHER
    text = known.path.read_text()
    assert text.startswith("# mine\n\n")
    assert "set up by Åsa" in text
    known.forget("chat.example.org:7777")
    assert "CHAT" not in known.path.read_text()


@pytest.mark.parametrize("line", ["host:1", "host:1 sha256:00", "host:1 trusted", f"host:1 {PIN[:-1]}"])
def test_what_makes_no_sense_is_no_unknown_server(known: KnownServers, line: str) -> None:
    known.path.parent.mkdir()
    known.path.write_text(f"# one\n{line}\nhost:2 {PIN}\n")
    with pytest.raises(ClientError, match=f"line 2 of {known.path} makes no sense"):
        known.find("host:1")
    assert known.find("host:2") == PIN


def test_a_file_that_cannot_be_read_is_no_empty_file(known: KnownServers) -> None:
    known.path.mkdir(parents=True)
    for use in (known.find, known.forget, lambda address: known.remember(address, PIN)):
        with pytest.raises(ClientError, match=f"cannot read {known.path}"):
            use("host:1")
    known.path.rmdir()
    known.path.write_bytes(b"host:1 \xff\xfe\n")
    with pytest.raises(ClientError, match="cannot read"):
        known.find("host:1")


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    known = KnownServers(tmp_path / "file" / "known_servers")
    with pytest.raises(ClientError, match="cannot write to"):
        known.remember("host:1", PIN)


def test_a_link_stays_one(known: KnownServers, tmp_path: Path) -> None:
    known.path.parent.mkdir()
    (tmp_path / "dotfiles").mkdir()
    known.path.symlink_to(tmp_path / "dotfiles" / "servers")
    known.remember("host:1", PIN)
    assert known.path.is_symlink()
    assert "host:1" in (tmp_path / "dotfiles" / "servers").read_text()


def test_several_programs_write_at_once(known: KnownServers) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: known.remember(f"host:{number}", PIN), range(40)))
    assert all(known.find(f"host:{number}") == PIN for number in range(40))
