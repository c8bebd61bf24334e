"""The settings file: read as it is, changed without disturbing what a person wrote there."""

from pathlib import Path

import pytest

from chat_tui import config
from chat_tui.config import ConfigError, Settings, fields


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings of this test are; nothing is there yet."""
    for variable in ("CONFIG", "DATA", "RUNTIME"):
        folder = "DIR" if variable == "RUNTIME" else "HOME"
        where = tmp_path / variable.lower()
        where.mkdir(mode=0o700)
        monkeypatch.setenv(f"XDG_{variable}_{folder}", str(where))
    return tmp_path / "config" / "chat-tui" / "config.toml"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)


def test_where_things_are(path: Path, tmp_path: Path) -> None:
    assert config.config_file() == path
    assert config.outbox_file() == tmp_path / "data" / "chat-tui" / "outbox.sqlite3"
    assert config.local_data() == tmp_path / "data" / "chat-tui" / "server"
    assert config.local_runtime().parent == tmp_path / "runtime" / "chat-tui"


def test_each_data_folder_has_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = config.local_runtime()
    assert config.local_runtime() == first
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    assert config.local_runtime() != first


def test_a_user_that_the_computer_does_not_know_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "zoe")
    assert config.login_name() == "zoe"
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)

    def nobody(_: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert config.login_name() == ""


def test_no_file_means_the_defaults(path: Path) -> None:
    assert config.load() == Settings()
    assert not path.exists()


def test_an_empty_file_means_the_defaults(path: Path) -> None:
    _write(path, "")
    assert config.load() == Settings(name="", server="", theme="chat-dark")


def test_what_is_there_is_read(path: Path) -> None:
    _write(path, 'name = "Zoë"  # me\nserver = "chat.example.org"\n')
    assert config.load() == Settings("Zoë", "chat.example.org", "chat-dark")


def test_what_others_are_told_can_be_set(path: Path) -> None:
    _write(path, "away_minutes = 3\nsend_typing = false\n")
    assert config.load() == Settings(away_minutes=3.0, send_typing=False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name = ", "Invalid value"),
        ("[unfinished", "at end of document"),
        ('name = "a"\nname = "b"', "overwrite"),
        ('nmae = "alice"', "nmae"),
        ("name =\n", "line 1"),
        ("name = 7", r":1: name: has to be"),
        ('name = ["alice"]', r":1: name: has to be"),
        ('[server]\nhost = "a"', r":1: server: has to be"),
        ("away_minutes = -1", r":1: away_minutes: has to be"),
        ("away_minutes = inf", r":1: away_minutes: has to be"),
        ("away_minutes = nan", r":1: away_minutes: has to be"),
        ("send_typing = 1", r":1: send_typing: has to be"),
        ('[keys]\nquit = "f9"\nsend = 1', r":3: keys: send: has to be a key"),
        ("[message_keys]\nedit = ['e', 1]", r":2: message_keys: edit: has to be a key"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(path: Path, text: str, reason: str) -> None:
    _write(path, text)
    with pytest.raises(ConfigError, match=reason) as raised:
        config.load()
    assert str(path) in str(raised.value)


def test_what_windows_writes_at_the_beginning(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('name = "zoe"\n', encoding="utf-8-sig")
    assert config.load().name == "zoe"
    config.remember(server="local")
    assert config.load() == Settings("zoe", "local")


def test_values_that_cannot_be(path: Path) -> None:
    _write(
        path,
        'name = "no way"\nserver = "::::"\nhighlights = ["deploy*", "***"]\n'
        'servers = ["local", "a:1", "", {place = "b:http", name = "no/way"}]\n',
    )
    found = fields.mistakes(config.load())
    places = ["name", "servers", "server", "servers", "servers", "highlights"]
    assert [one.path for one in found] == [(place,) for place in places]
    for field, part in (("name", "letters, digits"), ("server", "in brackets"), ("highlights", "no letter")):
        with pytest.raises(ConfigError, match=part):
            fields.require(config.load(), field)
    fields.require(config.load(), "theme")
    assert fields.mistakes(Settings("zoe", "local", servers=("a", config.Place("b", "eve")))) == []


def test_no_text_at_all(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"name = \xff\xfe")
    with pytest.raises(ConfigError, match=str(path)):
        config.load()
    with pytest.raises(ConfigError, match=str(path)):
        config.remember(name="alice")


def test_a_folder_in_the_files_place(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match=str(path)):
        config.load()
    with pytest.raises(ConfigError, match=str(path)):
        config.remember(name="alice")


def test_remembering_makes_the_file(path: Path) -> None:
    config.remember(name="alice", server="local")
    assert path.read_text() == 'name = "alice"\nserver = "local"\n'
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]
    assert config.load() == Settings("alice", "local")


def test_remembering_keeps_comments_order_and_the_rest(path: Path) -> None:
    _write(path, '# mine\n\ntheme = "chat-light"  # for the sun\nname   = "old" # short\n# the end\n')
    config.remember(name="new")
    assert (
        path.read_text()
        == '# mine\n\ntheme = "chat-light"  # for the sun\nname   = "new" # short\n# the end\n'
    )


def test_remembering_quotes_what_needs_it() -> None:
    config.remember(name='a"b\\c\nd')
    assert config.load().name == 'a"b\\c\nd'


def test_remembering_does_not_overwrite_what_it_cannot_read(path: Path) -> None:
    _write(path, "name = ")
    with pytest.raises(ConfigError, match=str(path)):
        config.remember(name="alice")
    assert path.read_text() == "name = "


def test_a_link_to_the_settings_stays_one(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text('theme = "chat-light"\n')
    path.parent.mkdir()
    path.symlink_to(kept)
    config.remember(name="alice")
    assert path.is_symlink()
    assert kept.read_text() == 'theme = "chat-light"\nname = "alice"\n'


def test_a_folder_that_cannot_be_made(path: Path) -> None:
    path.parent.write_text("in the way")
    with pytest.raises(ConfigError, match=r"config\.toml"):
        config.remember(name="alice")


def test_what_is_wrong_is_told_as_check_config_tells_it(path: Path) -> None:
    _write(path, 'name = "ann"\ntheme = 7\n')
    with pytest.raises(ConfigError) as raised:
        config.load()
    assert str(raised.value) == (
        f"cannot read the settings in {path}:2: theme: has to be a theme: /theme lists them, not 7"
    )
    path.write_text("theme = 7\n[keys]\nquit = 1.5\n")
    with pytest.raises(ConfigError, match=r":1: theme: .*, not 7 \(and 1 more: chat-tui check-config\)$"):
        config.load()
