"""Without TLS, with TLS that breaks, and what may be said at all."""

import socket

import pytest

from chat_tui.client import dial
from chat_tui.client.errors import StoppedError
from chat_tui.client.known import KnownServers
from chat_tui.client.trust import Trust, UnknownServerError
from chat_tui.endpoints import RemoteServer
from protocol import links
from server.config import Address, Limits
from tests.integration.trust.conftest import LINK, Meet, Serve, stopped
from tests.support.authority import Authority
from tests.support.inprocess import RunningServer
from tests.support.proxy import Proxy
from tests.support.puppet import Puppet
from tests.support.waiting import until

# --- without TLS


@pytest.mark.parametrize("how", ["pin", "chain"])
async def test_no_tls_where_there_was_is_a_hard_stop(
    serve: Serve, meet: Meet, authority: Authority, known: KnownServers, how: str
) -> None:
    server = await serve(authority.issue() if how == "chain" else None)
    port = server.address.port
    alice = meet(port, *(() if how == "chain" else (LINK, server.certificate.pin)))
    await alice.start()
    await server.stop()
    plain = await serve(port=port, tls=False)
    reason = await stopped(alice)
    assert "spoke TLS before, and does not now" in reason
    assert f"chat-tui forget localhost:{port}" in reason
    assert "plain://" not in reason
    for text in ("plain://localhost:{port}", "localhost:{port}"):
        other = meet(port, text)
        other.begin()
        assert f"write tls://localhost:{port}" in await stopped(other)
    assert not plain.context.sessions
    known.forget(f"localhost:{port}")
    await meet(port, "localhost:{port}").start()


async def test_no_tls_where_it_was_asked_for(serve: Serve, meet: Meet, known: KnownServers) -> None:
    server = await serve(tls=False)
    port = server.address.port
    alice = meet(port)
    alice.begin()
    reason = await stopped(alice)
    assert f"localhost:{port} does not speak TLS" in reason
    assert f"plain://localhost:{port}" in reason
    assert known.find(f"localhost:{port}") == ""


async def test_tls_where_none_was_asked_for(serve: Serve, meet: Meet) -> None:
    server = await serve()
    alice = meet(server.address.port, "localhost:{port}")
    alice.begin()
    assert await stopped(alice) == "this port speaks TLS: write tls:// before the server's address"


async def test_tls_of_somebody_else_where_none_was_asked_for(meet: Meet) -> None:
    """OpenSSL's answer to what is no TLS."""
    puppet = Puppet()
    puppet.greeting = b"\x15\x03\x01\x00\x02\x02\x46"
    await puppet.start()
    alice = meet(puppet.address.port, "localhost:{port}")
    alice.begin()
    assert await stopped(alice) == "this port speaks TLS: write tls:// before the server's address"
    await alice.stop()
    await puppet.stop()


# --- networks and servers that break


async def test_a_handshake_that_is_cut_off_is_tried_again(serve: Serve, meet: Meet) -> None:
    server = await serve()
    proxy = Proxy(server.address)
    await proxy.start()
    alice = meet(proxy.address.port, LINK, server.certificate.pin)
    try:
        proxy.cut_after(100, "down")
        alice.begin()
        await alice.phase("online")
        reasons = [status.reason for status in alice.statuses if status.phase == "waiting"]
        assert len(reasons) == 1
        assert "broke off before the connection was encrypted" in reasons[0] or "reset" in reasons[0]
        proxy.piece = 1
        proxy.cut()
        await until(lambda: [status.phase for status in alice.statuses].count("online") == 2)
    finally:
        await alice.stop()
        await proxy.stop()


async def test_a_server_that_never_answers_the_handshake(meet: Meet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dial, "CONNECT_SECONDS", 0.2)
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    alice = meet(port)
    alice.begin()
    await alice.phase("waiting")
    assert alice.client.status.reason == f"localhost:{port} does not answer"
    silent.close()


async def test_quitting_in_the_midst_of_a_handshake(serve: Serve, meet: Meet) -> None:
    server = await serve()
    proxy = Proxy(server.address)
    await proxy.start()
    proxy.stall("down")
    alice = meet(proxy.address.port)
    alice.begin()
    await until(lambda: proxy.passed["up"])
    await alice.stop()
    await until(lambda: not server.sessions)
    await proxy.stop()


async def test_who_is_sent_away_at_the_door_comes_again(serve: Serve, meet: Meet) -> None:
    server = await serve(limits=Limits(sessions_per_address=1, count_loopback=True))
    bob = await server.enter("bob")
    alice = meet(server.address.port, LINK, server.certificate.pin)
    alice.begin()
    await until(lambda: any(status.phase == "waiting" for status in alice.statuses))
    reason = next(status.reason for status in alice.statuses if status.phase == "waiting")
    assert "has too many from here" in reason
    await bob.close()
    await alice.phase("online")


def test_a_certificate_that_makes_no_sense(known: KnownServers) -> None:
    check = Trust("host:1", known, f"sha256:{'3f' * 32}").begin()
    with pytest.raises(StoppedError, match="certificate makes no sense"):
        check.examine(b"no certificate")


async def test_who_connects_by_hand_is_told_too(serve: Serve, known: KnownServers) -> None:
    server = await serve()
    target = await RemoteServer(links.parse(f"tls://localhost:{server.address.port}"), known).locate()
    with pytest.raises(UnknownServerError, match="is not known here"):
        await dial.connect(target, lambda _: None)


# --- what may be said


async def test_secrets_are_for_connections_that_nobody_reads(serve: Serve, known: KnownServers) -> None:
    async def private(port: int, text: str) -> bool:
        link = links.parse(text.format(port=port))
        connection = await dial.connect(await RemoteServer(link, known).locate(), lambda _: None)
        answer = connection.private
        connection.close()
        await connection.closed
        return answer

    server, plain = await serve(), await serve(tls=False, data="plain")
    known.remember(f"localhost:{server.address.port}", server.certificate.pin)
    assert await private(server.address.port, "tls://localhost:{port}")
    for host in ("localhost", "127.0.0.1"):  # who listens there may be any user of this computer
        assert not await private(plain.address.port, f"plain://{host}:{{port}}")
    outside = own_address()
    every = RunningServer(plain.data.with_name("every"), listen=Address(outside, 0, tls=False))
    await every.start()
    try:
        assert not await private(every.address.port, f"plain://{outside}:{{port}}")
    finally:
        await every.stop()


def own_address() -> str:
    """This computer's address in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # says nothing; only chooses the way
        except OSError:
            pytest.skip("no network here")
        return str(probe.getsockname()[0])
