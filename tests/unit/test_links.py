"""Addresses and links, as people write them and pass them on, and pins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import links
from protocol.links import Link, LinkError

HEX = "3f" * 31 + "0a"
PIN = f"sha256:{HEX}"


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
    link = links.parse(text)
    assert link == Link(host, port)
    assert links.parse(link.address) == link
    assert links.parse(f"tls://{text.strip()}") == Link(host, port, tls=True)
    assert links.parse(f"PLAIN://{text.strip()}/") == Link(host, port, tls=False)
    assert links.parse(str(link)) == link


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
        ("tls://", "is not HOST:PORT"),
        ("tls://host:80/room", "is not HOST:PORT"),
        ("plain://tls://host", "is not HOST:PORT"),
        ("alice@chat.example.org", "is not HOST:PORT"),
        ("[chat.example.org]:80", "is not HOST:PORT"),
        ("[::1", "is not HOST:PORT"),
        ("::1]:80", "is not HOST:PORT"),
        ("[::1]x:80", "is not HOST:PORT"),
        ("a\0b", "is not HOST:PORT"),
        ("a\x1b[31mb", "is not HOST:PORT"),
        ("a\u202eb", "is not HOST:PORT"),
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
    with pytest.raises(LinkError, match=reason):
        links.parse(text)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("chat://host", Link("host")),
        ("chat://host/", Link("host")),
        ("CHAT://host:80", Link("host", 80)),
        ("chat://host/#general", Link("host", room="#general")),
        ("chat://host#General", Link("host", room="#general")),
        ("chat://[::1]:80/#caf%C3%A9", Link("::1", 80, room="#café")),
        ("chat://[fe80::1%25eth0]/", Link("fe80::1%eth0")),
        ("chat://b%C3%BCcher.example/", Link("bücher.example")),
        (
            f"chat://host:80/#general?invite=a%2Fb%26c&pin={PIN}",
            Link("host", 80, room="#general", invite="a/b&c", pin=PIN),
        ),
        (f"chat://host/?pin={PIN}#general", Link("host", room="#general", pin=PIN)),
        (f"chat://host?pin={PIN.upper()}", Link("host", pin=PIN)),
        ("chat://host/?pin=&new=thing&invite", Link("host")),
        ("chat://host/#general?pin=sha256:" + "Pz8_" * 10 + "Pwo", Link("host", room="#general", pin=PIN)),
    ],
)
def test_links(text: str, link: Link) -> None:
    assert links.parse(text) == link
    assert links.parse(str(link)) == link


def test_a_link_reads_well() -> None:
    link = Link("chat.example.org", room="#general", invite="x y", pin=PIN)
    assert str(link) == f"chat://chat.example.org:7777/#general?invite=x%20y&pin={PIN}"
    assert str(Link("::1", 80)) == "chat://[::1]:80/"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("chat://", "is not HOST:PORT"),
        ("chat:///#general", "is not HOST:PORT"),
        ("chat://me@host/", "is not HOST:PORT"),
        ("chat://host%0a/", "is not HOST:PORT"),
        ("chat://host%2Fpath/", "is not HOST:PORT"),
        ("chat://%ff/", "percent-encoded"),
        ("chat://host/general", "a link is chat://HOST:PORT/#room"),
        ("chat://host/#a?pin=1#b", "a link is chat://HOST:PORT/#room"),
        ("chat://host/#no%20room", "the link's room cannot be: a room's name has letters"),
        ("chat://host/#a%1b[2Jb", "the link's room cannot be"),
        ("chat://host/?pin=md5:00", "is no pin"),
        (f"chat://host/?pin={HEX}", "is no pin"),
        (f"chat://host/?pin={PIN[:-1]}", "is no pin"),
        (f"chat://host/?pin={PIN}0", "is no pin"),
        (f"chat://host/?pin={PIN}&pin=sha256:{'00' * 32}", "says 'pin' twice"),
        ("chat://host/?invite=%1b", "invitation cannot be"),
        ("chat://host/?invite=" + "x" * 200, "invitation cannot be"),
    ],
)
def test_what_is_no_link(text: str, reason: str) -> None:
    with pytest.raises(LinkError, match=reason):
        links.parse(text)


@given(st.one_of(st.text(max_size=40), st.text(max_size=40).map("chat://host/".__add__)))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    try:
        link = links.parse(text)
    except LinkError:
        return
    assert link.host.isprintable()
    assert 0 < link.port < 65536
    assert links.parse(str(link)) == Link(
        link.host, link.port, room=link.room, invite=link.invite, pin=link.pin
    )


@pytest.mark.parametrize(
    ("text", "secure", "place"),
    [
        ("chat.example.org", True, "chat.example.org:7777"),
        ("tls://chat.example.org", True, "chat.example.org:7777"),
        ("plain://chat.example.org", False, "plain://chat.example.org:7777"),
        ("chat://chat.example.org/#a", True, "chat.example.org:7777"),
        ("127.0.0.1", False, "127.0.0.1:7777"),
        ("plain://127.0.0.1", False, "127.0.0.1:7777"),
        ("tls://127.0.0.1", True, "tls://127.0.0.1:7777"),
        ("chat://[::1]/", False, "[::1]:7777"),
        (f"chat://[::1]/?pin={PIN}", True, "tls://[::1]:7777"),
        ("LocalHost:1", False, "LocalHost:1"),
    ],
)
def test_what_is_encrypted(text: str, *, secure: bool, place: str) -> None:
    link = links.parse(text)
    assert (link.secure, link.place) == (secure, place)
    assert links.parse(place).secure == secure


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST"]
)
def test_loopback(host: str) -> None:
    assert links.is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost.example.org", "127.0.0.1.example.org", "", "127.1"],
)
def test_not_loopback(host: str) -> None:
    assert not links.is_loopback(host)


def test_a_pin_is_of_the_key() -> None:
    assert links.pin_of(b"key") == "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"


@pytest.mark.parametrize(
    "text",
    [
        PIN,
        f" {PIN.upper()}\n",
        f"SHA256:{':'.join(HEX[at : at + 2] for at in range(0, 64, 2))}",
        f"sha256: {links.grouped(PIN)}",
        "sha256:" + "Pz8_" * 10 + "Pwo=",
    ],
)
def test_a_pin_in_every_form(text: str) -> None:
    assert links.normal_pin(text) == PIN


def test_a_pin_in_groups() -> None:
    assert links.grouped(PIN) == "3f3f " * 15 + "3f0a"
