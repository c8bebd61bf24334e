"""The command line of the server."""

import argparse
from pathlib import Path

import pytest

from server.config import DEFAULT_LISTEN, Address, parse, parse_address
from server.throttle import NO_LIMITS, Allowance


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
        "host:7 7",
        "host:٧",
        "::1:7777",
        "fe80::1",
        "[]:1",
        "[::1]",
        "[::1:7777",
        "host:1.5",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        parse_address(text)
    assert str(raised.value)


def test_without_arguments_it_listens_on_loopback() -> None:
    config = parse([])
    assert config.listen == (parse_address(DEFAULT_LISTEN),)
    assert config.listen[0].host == "127.0.0.1"
    assert config.runtime is None
    assert config.data.name


def test_what_is_given_counts() -> None:
    arguments = [
        "--listen",
        "[::1]:1",
        "--listen",
        "127.0.0.1:0",
        "--data",
        "d",
        "--runtime",
        "r",
        "--linger",
        "0.5",
    ]
    config = parse(arguments)
    assert config.listen == (Address("::1", 1), Address("127.0.0.1", 0))
    assert (config.data, config.runtime, config.linger) == (Path("d"), Path("r"), 0.5)


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
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(arguments)
    assert raised.value.code == 2
    assert "usage: chat-server" in capsys.readouterr().err


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_end_with_0(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        parse([argument])
    assert raised.value.code == 0
    assert "chat-server" in capsys.readouterr().out


def test_limits_have_defaults_and_can_be_set_and_switched_off() -> None:
    assert parse([]).allowance == Allowance()
    given = ["--sessions-per-address", "3", "--connects-per-address", "4", "--sends-per-second", "5"]
    assert parse(given).allowance == Allowance(sessions=3, connects=4, sends_per_second=5)
    assert parse([*given, "--no-limits"]).allowance == NO_LIMITS


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "²"])
def test_a_limit_is_a_number_from_1(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--sends-per-second", number])
    assert ended.value.code == 2
    assert "--no-limits" in capsys.readouterr().err


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
    assert parse(arguments).entrance == entrance
    for said in ("open", "invite", "closed"):
        assert parse([*arguments, "--entrance", said]).entrance == said
