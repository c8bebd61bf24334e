"""Endpoints, by what a person says: a server somewhere, in which way, or the one on this computer."""

from pathlib import Path

import pytest

from chat_tui import config, endpoints
from chat_tui.client.connection import Target
from chat_tui.client.errors import StoppedError
from chat_tui.client.known import CHAIN, KnownServers
from chat_tui.client.trust import Trust
from chat_tui.endpoints import LocalServer, RemoteServer
from protocol.links import LinkError

PIN = f"sha256:{'3f' * 32}"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownServers:
    """What the person of this test knows."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return KnownServers(config.known_servers_file())


def test_the_key_is_not_shown() -> None:
    assert "secret" not in str(Target("host", 1, key="secret"))


async def test_endpoints_by_name(known: KnownServers) -> None:
    for local in ("", "local"):
        endpoint = endpoints.endpoint(local)
        assert isinstance(endpoint, LocalServer)
        assert (endpoint.place, endpoint.room) == ("local", "")
    remote = endpoints.endpoint("host:80")
    assert isinstance(remote, RemoteServer)
    assert (remote.label, remote.place, remote.room) == ("host:80", "host:80", "")
    assert await remote.locate() == Target("host", 80, trust=Trust("host:80", known))
    assert await endpoints.endpoint("plain://host:80").locate() == Target("host", 80)
    assert await endpoints.endpoint("127.0.0.1:80").locate() == Target("127.0.0.1", 80)
    with pytest.raises(LinkError):
        endpoints.endpoint("host:http")


async def test_an_endpoint_by_its_link(known: KnownServers) -> None:
    remote = endpoints.endpoint(f"chat://localhost/#room?invite=code&pin={PIN}")
    assert (remote.label, remote.place, remote.room) == ("localhost:7777", "tls://localhost:7777", "#room")
    trust = Trust("localhost:7777", known, PIN)
    assert await remote.locate() == Target("localhost", 7777, trust=trust, invite="code")
    assert known.find("localhost:7777") == "", "nothing is remembered before a connection is tried"


@pytest.mark.parametrize("how", [PIN, CHAIN])
@pytest.mark.parametrize("text", ["plain://Chat.example.org:80", "127.0.0.1:80"])
async def test_who_is_known_to_speak_tls_is_never_spoken_to_without(
    known: KnownServers, how: str, text: str
) -> None:
    remote = endpoints.endpoint(text)
    known.remember(remote.label, how)
    with pytest.raises(StoppedError, match=f"write tls://{remote.label}.*chat-tui forget {remote.label}"):
        await remote.locate()
    known.forget(remote.label)
    assert (await remote.locate()).trust is None
