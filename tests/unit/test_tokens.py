"""The tokens on the client's disk."""

import os
import stat
from pathlib import Path

import pytest

from chat_tui.client.errors import ClientError
from chat_tui.client.tokens import Saved, Tokens

SERVER = "chat.example.org:7777"


def saved(name: str = "ann", token: str = "secret", server: str = SERVER) -> Saved:
    return Saved(server, name, token, "epoch")


@pytest.fixture(params=["disk", "memory"])
def tokens(request: pytest.FixtureRequest, tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "tokens" if request.param == "disk" else None)


def test_a_login_is_found_by_server_and_name(tokens: Tokens) -> None:
    assert tokens.find(SERVER, "ann") is None
    tokens.keep("Ann", saved())
    tokens.keep("bob", saved("bob", "other"))
    assert tokens.find(SERVER, "ANN") == saved()
    assert tokens.find(SERVER, "bob") == saved("bob", "other")
    assert tokens.find("other.example.org:7777", "ann") is None


def test_who_was_renamed_is_found_by_the_name_before(tokens: Tokens) -> None:
    tokens.keep("ann", saved("anna"))
    assert tokens.name_of(SERVER, "ann") == "anna"
    assert tokens.name_of(SERVER, "bob") == "bob"


def test_a_token_is_dropped_under_all_its_names(tokens: Tokens) -> None:
    for name in ("ann", "anna"):
        tokens.keep(name, saved("anna"))
    tokens.keep("bob", saved("bob", "other"))
    tokens.drop("secret")
    assert [tokens.find(SERVER, name) is not None for name in ("ann", "anna", "bob")] == [False, False, True]


def test_a_name_is_forgotten_and_its_token_may_stay(tokens: Tokens) -> None:
    for name in ("ann", "anna"):
        tokens.keep(name, saved("anna"))
    tokens.forget(SERVER, "ann")
    tokens.forget(SERVER, "ann")
    assert tokens.find(SERVER, "ann") is None
    assert tokens.find(SERVER, "anna") is not None


def test_nobody_else_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    before = os.umask(0)
    try:
        tokens = Tokens(folder)
        tokens.keep("ann", saved())
        tokens.keep("ann", saved(token="new"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (path,) = folder.iterdir()  # and no draft is left
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens.find(SERVER, "ann") == saved(token="new")


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"token": 5}', b"[]"])
def test_a_damaged_file_is_no_login(tmp_path: Path, damage: bytes) -> None:
    tokens = Tokens(tmp_path)
    tokens.keep("ann", saved())
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage)
    assert tokens.find(SERVER, "ann") is None
    tokens.drop("secret")
    tokens.keep("ann", saved())
    assert tokens.find(SERVER, "ann") == saved()


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("no folder")
    with pytest.raises(ClientError, match="cannot keep the login"):
        Tokens(tmp_path / "tokens").keep("ann", saved())
    with pytest.raises(ClientError, match="cannot read the login"):
        Tokens(tmp_path / "tokens").find(SERVER, "ann")
