"""Addresses, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_tui import endpoints
from chat_tui.client.connection import Target
from chat_tui.endpoints import AddressError, LocalServer, RemoteServer


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("chat.example.org", "chat.example.org", 7777),
        ("chat.example.org:80", "chat.example.org", 80),
        ("  localhost:1 ", "localhost", 1),
        ("127.0.0.1:65535", "127.0.0.1", 65535),
        ("[::1]", "::1", 7777),
        ("[::1]:8000", "::1", 8000),
        ("[fe80::1%eth0]:8000", "fe80::1%eth0", 8000),
        ("bücher.example", "bücher.example", 7777),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    target = endpoints.parse_server(text)
    assert (target.host, target.port) == (host, port)
    assert endpoints.parse_server(str(target)) == target


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not HOST:PORT"),
        ("   ", "is not HOST:PORT"),
        (":80", "is not HOST:PORT"),
        ("[]:80", "is not HOST:PORT"),
        ("two words:80", "is not HOST:PORT"),
        ("http://chat.example.org", "is not HOST:PORT"),
        ("http://chat.example.org:80", "is not HOST:PORT"),
        ("alice@chat.example.org", "is not HOST:PORT"),
        ("[chat.example.org]:80", "is not HOST:PORT"),
        ("[::1", "is not HOST:PORT"),
        ("::1]:80", "is not HOST:PORT"),
        ("[::1]x:80", "is not HOST:PORT"),
        ("a\0b", "is not HOST:PORT"),
        ("::1", r"an IPv6 address goes in brackets: \[::1\]:7777"),
        ("2001:db8::1", r"brackets: \[2001:db8::1\]"),
        ("host:", "is no port"),
        ("host:0", "is no port"),
        ("host:65536", "is no port"),
        ("host:-1", "is no port"),
        ("host:http", "is no port"),
        ("host:٣", "is no port"),
        pytest.param("host:" + "9" * 5000, "is no port", id="5,000 digits"),
    ],
)
def test_what_is_no_address(text: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason):
        endpoints.parse_server(text)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    try:
        target = endpoints.parse_server(text)
    except AddressError:
        return
    assert target.host
    assert 0 < target.port < 65536


def test_the_key_is_not_shown() -> None:
    assert "secret" not in str(endpoints.parse_server("host", key="secret"))


async def test_endpoints_by_name() -> None:
    assert isinstance(endpoints.endpoint(""), LocalServer)
    assert isinstance(endpoints.endpoint("local"), LocalServer)
    remote = endpoints.endpoint("host:80")
    assert isinstance(remote, RemoteServer)
    assert remote.label == "host:80"
    assert await remote.locate() == Target("host", 80)
    with pytest.raises(AddressError):
        endpoints.endpoint("host:http")
