"""The settings of the server: file, environment and command line, and what is said of mistakes in them."""

import re
import tomllib
from pathlib import Path

import pytest

from server.config import DEFAULT_LISTEN, Address, Config, Files, Limits, parse, parse_address
from server.config.check import check_config
from server.config.dump import dump
from server.config.fields import SETTINGS, meant, value_of, visible
from server.errors import SettingsError
from server.limits.quotas import NO_QUOTAS, QuotaLimits
from server.limits.throttle import NO_LIMITS, RateLimits


@pytest.fixture(autouse=True)
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the platform's settings file would be; nothing is there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.variable, raising=False)
    return tmp_path / "config" / "chat-server" / "chat-server.toml"


def written(folder: Path, text: str) -> str:
    """A settings file with this in it."""
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def problems(folder: Path, text: str) -> list[str]:
    """What is wrong with a file, without its path and the line."""
    path = written(folder, text)
    with pytest.raises(SettingsError) as raised:
        parse(["--config", path], {})
    assert all(path in problem for problem in raised.value.problems)
    return [re.sub(rf"^{re.escape(path)}(:\d+)?: ", "", problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7777", Address("127.0.0.1", 7777)),
        ("0.0.0.0:0", Address("0.0.0.0", 0)),
        ("chat.example.org:65535", Address("chat.example.org", 65535)),
        ("[::1]:7777", Address("::1", 7777)),
        ("[fe80::1%eth0]:1", Address("fe80::1%eth0", 1)),
    ],
)
def test_an_address_reads_back_as_it_prints(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "host",
        "7777",
        ":7777",
        "host:",
        "host:port",
        "host:-1",
        "host:65536",
        "host:" + "9" * 5000,
        "host:7 7",
        "host:٧",
        "::1:7777",
        "fe80::1",
        "[]:1",
        "[::1]",
        "[::1:7777",
        "host:1.5",
        "tls://",
        "tls://host",
        "tls://plain://host:1",
        "http://host:1",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|brackets|no port"):
        parse_address(text)


# --- the command line


@pytest.mark.parametrize(
    ("text", "address", "secure"),
    [
        ("tls://127.0.0.1:7777", Address("127.0.0.1", 7777, tls=True), True),
        ("PLAIN://[::]:0", Address("::", 0, tls=False), False),
        ("0.0.0.0:1", Address("0.0.0.0", 1), True),
        ("chat.example.org:1", Address("chat.example.org", 1), True),
        ("[2001:db8::1]:1", Address("2001:db8::1", 1), True),
        ("localhost:1", Address("localhost", 1), False),
        ("127.9.9.9:1", Address("127.9.9.9", 1), False),
        ("[::1]:1", Address("::1", 1), False),
    ],
)
def test_what_speaks_tls(text: str, address: Address, *, secure: bool) -> None:
    assert parse_address(text) == address
    assert address.secure == secure


def test_without_arguments_it_listens_on_loopback() -> None:
    config = parse([], {})
    assert config.listen == (parse_address(DEFAULT_LISTEN),)
    assert config.listen[0].host == "127.0.0.1"
    assert config.runtime is None
    assert config.metrics.listen is None
    assert (config.log.level, config.log.format) == ("warning", "text")
    assert config.data.name


def test_what_is_given_counts() -> None:
    arguments = (
        "--listen [::1]:1 --listen 127.0.0.1:0 --data d --runtime r --linger 0.5 --log-level info "
        "--tls-cert c --tls-key k"
    )
    config = parse(arguments.split(), {})
    assert config.listen == (Address("::1", 1), Address("127.0.0.1", 0))
    assert (config.data, config.runtime, config.linger) == (Path("d"), Path("r"), 0.5)
    assert config.log.level == "info"
    assert config.certificate == Files(Path("c"), Path("k"))


@pytest.mark.parametrize("arguments", [["--tls-cert", "c"], ["--tls-key", "k"]])
def test_a_certificate_and_its_key_go_together(arguments: list[str]) -> None:
    with pytest.raises(SettingsError, match="go together"):
        parse(arguments, {})


@pytest.mark.parametrize(
    "arguments",
    [
        ["--listen"],
        ["--listen", "nowhere"],
        ["--lis", "127.0.0.1:1"],
        ["--what"],
        ["more"],
        ["--linger", "long"],
        ["--data"],
        ["--data", ""],
        ["--log-level", "loud"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(arguments, {})
    assert raised.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("chat-server: ")
    assert told.endswith("(chat-server --help shows how)\n")
    assert told.count("\n") == 1


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_end_with_0(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse([argument], {})
    assert raised.value.code == 0
    assert "chat-server" in capsys.readouterr().out


def test_help_names_every_setting_but_the_hidden_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"], {})
    told = capsys.readouterr().out
    assert {key for key, setting in SETTINGS.items() if f"  {setting.flag}" in told} == set(visible())


def test_limits_have_defaults_and_can_be_set_and_switched_off() -> None:
    assert parse([], {}).limits.rate_limits == RateLimits(
        sessions=128, connects=256, guesses=10, guess_seconds=10
    )
    assert parse([], {}).limits.quotas == QuotaLimits(
        messages=50, messages_per_second=10, changes=60, changes_per_second=1, bytes_per_day=256 * 2**20,
        rooms_per_user=100, users_per_hour=100, rooms=50_000, users=50_000,
    )  # fmt: skip
    arguments = "--sessions-per-address 3 --connects-per-address 4 --sends-per-second 5 --sends-at-once 6"
    given = arguments.split()
    limits = RateLimits(sessions=3, connects=4, loopback=True, guesses=10)
    assert parse([*given, "--count-loopback"], {}).limits.rate_limits == limits
    quotas = parse(given, {}).limits.quotas
    assert (quotas.messages, quotas.messages_per_second) == (6, 5)
    off = parse([*given, "--no-limits"], {}).limits
    assert (off.rate_limits, off.quotas) == (NO_LIMITS, NO_QUOTAS)


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "²"])
def test_a_limit_is_a_number_from_1(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--sends-per-second", number], {})
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "expected int" in told


# --- the file


def test_a_file_says_everything(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        listen = ["0.0.0.0:1", "[::]:2"]
        data = "chat"
        [limits]
        sends_per_second = 3
        [metrics]
        listen = "127.0.0.1:9464"
        [log]
        format = "json"
        """,
    )
    config = parse(["--config", path], {})
    assert config.listen == (Address("0.0.0.0", 1), Address("::", 2))
    assert config.data == tmp_path / "chat", "it is beside the file, from wherever one starts"
    assert config.limits == Limits(sends_per_second=3)
    assert config.metrics.listen == Address("127.0.0.1", 9464)
    assert (config.log.format, config.log.level) == ("json", "warning")


def test_the_platforms_file_counts_if_it_is_there_and_no_other_is_named(usual: Path, tmp_path: Path) -> None:
    usual.parent.mkdir(parents=True)
    usual.write_text('[log]\nlevel = "info"')
    other = written(tmp_path, '[log]\nlevel = "error"')
    assert parse([], {}).log.level == "info"
    assert parse(["--config", other], {}).log.level == "error"
    assert parse([], {"CHAT_SERVER_CONFIG": other}).log.level == "error"


def test_an_embedded_server_hears_only_the_client_that_starts_it(usual: Path) -> None:
    usual.parent.mkdir(parents=True)
    usual.write_text("broken")
    config = parse(["--runtime", "r"], {"CHAT_SERVER_METRICS_LISTEN": "127.0.0.1:9464"})
    assert config == Config(runtime=Path("r"))


def test_a_user_without_a_home_has_no_settings_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)

    def nobody(_: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert parse([], {}).data == Path("chat-server")
    assert parse(["--data", str(tmp_path)], {}).data == tmp_path
    assert check_config([]) == 0


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.toml")
    for arguments, environ in ((["--config", missing], {}), ([], {"CHAT_SERVER_CONFIG": missing})):
        with pytest.raises(SettingsError, match="cannot read the settings") as raised:
            parse(arguments, environ)
        assert missing in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("listen = ", "is no TOML file: "),
        ('log = "info"', "log: is a section: write what is in it below a line [log]"),
        ("[lgo]\n", "unknown section [lgo]; the nearest is log"),
        ("[zzz]\n", "unknown section [zzz]"),
        ('[log]\nlevle = "info"', "unknown key log.levle; the nearest is log.level"),
        ('level = "info"', "unknown key level; the nearest is log.level"),
        ('[log]\nlisten = ["0.0.0.0:1"]', "unknown key log.listen; the nearest is listen"),
        ("zzz = 1", "unknown key zzz"),
        ('runtime = "r"', "unknown key runtime"),
        ("[limits]\nsends_per_second = 0", "limits.sends_per_second: expected int >= 1"),
        ('[limits]\nsends_per_second = "1"', "limits.sends_per_second: expected int, got str"),
        ("[limits]\nsends_per_second = true", "limits.sends_per_second: expected int, got bool"),
        ("[limits]\nenabled = 1", "limits.enabled: expected bool, got int"),
        ('[log]\nlevel = "loud"', "log.level: has to be one of debug, info, warning, error"),
        ("[log]\nlevel = ['info']", "log.level: has to be one of debug, info, warning, error"),
        ('listen = "0.0.0.0:1"', 'listen: has to be a list of one or more, as in ["127.0.0.1:7777"]'),
        ("listen = []", 'listen: has to be a list of one or more, as in ["127.0.0.1:7777"]'),
        ('listen = ["nowhere"]', "listen: 'nowhere' is not HOST:PORT, as in 127.0.0.1:7777"),
        ("listen = [7777]", "listen: has to be a text in quotes"),
        ("[listen]\na = 1", 'listen: has to be a list of one or more, as in ["127.0.0.1:7777"]'),
        ("data = 1", "data: has to be a text in quotes"),
        ('data = ""', "data: has to be a text in quotes"),
        ("[metrics]\nlisten = 9464", "metrics.listen: has to be a text in quotes"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(reason)
    assert reason.endswith("TOML file: ") or problem == reason


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, '[log]\nlevel = "loud"\nformat = 7\n')
    with pytest.raises(SettingsError) as raised:
        parse(["--config", path], {"CHAT_SERVER_LISTEN": "nowhere"})
    assert [problem.partition(": ")[0] for problem in raised.value.problems] == [
        f"{path}:2",
        f"{path}:3",
        "CHAT_SERVER_LISTEN",
    ]


def test_no_text_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe")
    for named in (path, tmp_path):
        with pytest.raises(SettingsError, match=str(named)):
            parse(["--config", str(named)], {})


# --- the environment


def test_the_environment_says_everything(tmp_path: Path) -> None:
    environ = {
        "CHAT_SERVER_LISTEN": "0.0.0.0:1, [::]:2",
        "CHAT_SERVER_DATA": str(tmp_path),
        "CHAT_SERVER_LIMITS_SENDS_PER_SECOND": "3",
        "CHAT_SERVER_LIMITS_ENABLED": "false",
        "CHAT_SERVER_METRICS_LISTEN": "",
        "CHAT_SERVER_LOG_LEVEL": "debug",
        "HOME": "/",
    }
    config = parse([], environ)
    assert config.listen == (Address("0.0.0.0", 1), Address("::", 2))
    assert config.data == tmp_path
    assert config.limits == Limits(enabled=False, sends_per_second=3)
    assert config.metrics.listen is None
    assert config.log.level == "debug"


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        (
            "CHAT_SERVER_LOGLEVEL",
            "info",
            "unknown variable CHAT_SERVER_LOGLEVEL; the nearest is CHAT_SERVER_LOG_LEVEL",
        ),
        ("CHAT_SERVER_RUNTIME", "r", "unknown variable CHAT_SERVER_RUNTIME"),
        (
            "CHAT_SERVER_LIMITS_SENDS_PER_SECOND",
            "x",
            "CHAT_SERVER_LIMITS_SENDS_PER_SECOND: expected int, got str",
        ),
        ("CHAT_SERVER_LIMITS_ENABLED", "perhaps", "CHAT_SERVER_LIMITS_ENABLED: expected bool, got str"),
        ("CHAT_SERVER_LISTEN", " ", "CHAT_SERVER_LISTEN: has to be a list of one or more"),
    ],
)
def test_what_is_wrong_in_the_environment_is_said_with_its_name(
    variable: str, value: str, reason: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        parse([], {variable: value})
    (problem,) = raised.value.problems
    assert problem.startswith(reason)


def test_what_kubernetes_says_of_a_service_of_that_name_is_left_alone() -> None:
    environ = {
        "CHAT_SERVER_SERVICE_HOST": "10.0.0.1",
        "CHAT_SERVER_SERVICE_PORT_CHAT": "7777",
        "CHAT_SERVER_PORT": "tcp://10.0.0.1:7777",
        "CHAT_SERVER_PORT_7777_TCP_ADDR": "10.0.0.1",
    }
    assert parse([], environ) == Config()


def test_flags_count_more_than_the_environment_and_that_more_than_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[limits]\nsends_at_once = 1\nsends_per_second = 1\nsessions_per_address = 1")
    environ = {"CHAT_SERVER_LIMITS_SENDS_AT_ONCE": "2", "CHAT_SERVER_LIMITS_SENDS_PER_SECOND": "2"}
    limits = parse(["--config", path, "--sends-at-once", "3"], environ).limits
    assert (limits.sends_at_once, limits.sends_per_second, limits.sessions_per_address) == (3, 2, 1)


# --- what it prints


EVERYTHING = (
    '--listen [::]:1 --listen localhost:2 --data /da"ta --no-limits --sessions-per-address 3 '
    "--connects-per-address 4 --sends-at-once 5 --sends-per-second 6 --count-loopback "
    "--metrics-listen 0.0.0.0:9464 --log-level info --log-format json --tls-cert /c.pem --tls-key /k.pem "
    "--retention 90d --retention #a=forever --registration closed "
    "--metrics-hosts chat.internal --disk-floor 15 --audit-retention 30d "
    "--limits-guesses-at-once 7 --limits-guess-seconds 8 "
    "--limits-changes-at-once 21 --memory 128 --limits-frames-at-once 101 --limits-frames-per-second 15 "
    "--limits-login-frames-at-once 16 --limits-login-frames-per-second 17 "
    "--limits-changes-per-second 9 --limits-megabytes-per-day 10 --limits-rooms-per-user 11 "
    "--limits-rooms 12 --limits-users-per-address 13 --limits-users 14 "
    "--listen tls://127.0.0.1:3 --listen plain://[::]:4"
)


@pytest.mark.parametrize("arguments", ["", EVERYTHING])
def test_the_printed_file_says_the_same(tmp_path: Path, arguments: str) -> None:
    config = parse(arguments.split(), {})
    assert parse(["--config", written(tmp_path, dump(config))], {}) == config


def test_everything_is_every_setting() -> None:
    config = parse(EVERYTHING.split(), {})
    assert [key for key in visible() if value_of(config, key) == SETTINGS[key].default] == []


def test_the_printed_file_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    lines = dump(Config()).splitlines()
    shown = [line.removeprefix("#") if " = " in line and line[1] != " " else line for line in lines]
    tables = tomllib.loads("\n".join(shown))
    flat: set[str] = set()
    for name, one in tables.items():
        flat |= {f"{name}.{key}" for key in one} if isinstance(one, dict) else {name}
    assert flat == set(visible())
    config = parse(["--config", written(tmp_path, "\n".join(shown))], {})
    assert config.metrics.listen == Address("127.0.0.1", 9464), (
        "where the default is none, it shows an example"
    )
    assert parse(["--config", written(tmp_path, "\n".join(lines))], {}) == Config()
    prose = " ".join(" ".join(line.removeprefix("#") for line in lines).split())
    assert [key for key in visible() if SETTINGS[key].why not in prose] == []


def test_a_name_that_is_like_no_other_has_no_nearest() -> None:
    assert meant("zzz", ["listen"]) == ""
    assert meant("limits.foo", ["limits.rooms", "log.level"]) == ""


# --- checking


def test_checking_says_that_a_file_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_config([]) == 0
    assert "no settings file" in capsys.readouterr().out
    path = written(tmp_path, "")
    assert check_config(["--config", path]) == 0
    assert capsys.readouterr().out == f"{path} is right\n"


def test_checking_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, '[log]\n\nlevel = "loud"\nlevle = 1\n[lgo]')
    assert check_config(["--config", path]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    places = [line.removeprefix(f"chat-server: {path}:").partition(": ")[0] for line in told.err.splitlines()]
    assert places == ["3", "4", "5"]


def test_a_file_that_an_editor_of_windows_wrote(tmp_path: Path) -> None:
    assert check_config(["--config", written(tmp_path, '\ufeff[log]\nlevel = "debug"\n')]) == 0


@pytest.mark.parametrize(
    ("listen", "entrance"),
    [
        ([], "open"),
        (["127.0.0.1:0", "[::1]:0", "localhost:0"], "open"),
        (["0.0.0.0:0"], "invite"),
        (["127.0.0.1:0", "192.0.2.1:7777"], "invite"),
        (["chat.example.org:7777"], "invite"),
        (["[::]:7777"], "invite"),
    ],
)
def test_who_may_come_in_depends_on_who_can_reach_it(listen: list[str], entrance: str) -> None:
    arguments = [part for address in listen for part in ("--listen", address)]
    assert parse(arguments, {}).who_may_enter == entrance
    for said in ("open", "invite", "closed"):
        assert parse([*arguments, "--registration", said], {}).who_may_enter == said
