"""A server whose certificate the system accepts, or not, or no longer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chat_tui.client.known import CHAIN, KnownServers
from protocol import links
from server.config import Files
from tests.integration.trust.conftest import LINK, Intercept, Meet, Serve, stopped
from tests.support.authority import Authority, pin_of, self_signed
from tests.support.waiting import until


async def test_a_chain_is_enough_and_its_renewal_too(
    serve: Serve, meet: Meet, authority: Authority, known: KnownServers
) -> None:
    files = authority.issue()
    server = await serve(files)
    port = server.address.port
    alice = meet(port)
    await alice.start("#a")
    assert known.find(f"localhost:{port}") == CHAIN
    authority.issue(into=files)
    await until(lambda: server.certificate.pin == pin_of(files))
    await server.stop()
    await serve(files, port=port)
    await until(lambda: [status.phase for status in alice.statuses].count("online") == 2)


@pytest.mark.parametrize("bad", ["expired", "not yet", "another host", "self-signed", "another authority"])
@pytest.mark.parametrize("before", [False, True], ids=["unknown", "known by its chain"])
async def test_a_chain_that_is_not_accepted(
    serve: Serve,
    meet: Meet,
    authority: Authority,
    known: KnownServers,
    tmp_path: Path,
    bad: str,
    *,
    before: bool,
) -> None:
    """A question if nothing is known; a hard stop where there was a good one."""
    kinds: dict[str, Callable[[], tuple[Files, str]]] = {
        "expired": lambda: (authority.issue(days=(-10, -1)), "expired"),
        "not yet": lambda: (authority.issue(days=(1, 10)), "not yet valid"),
        "another host": lambda: (authority.issue("chat.example.org"), "not valid for 'localhost'"),
        "self-signed": lambda: (self_signed(tmp_path / "evil"), "self-signed certificate"),
        "another authority": lambda: (
            Authority(tmp_path / "evil", "Evil").issue(),
            "local issuer certificate",
        ),
    }
    files, problem = kinds[bad]()
    server = await serve(files)
    port = server.address.port
    if before:
        known.remember(f"localhost:{port}", CHAIN)
    alice = meet(port)
    alice.begin()
    reason = await stopped(alice)
    question = alice.client.status.question
    assert problem in reason
    assert server.context.state.user_called("alice") is None
    if before:
        assert question is None
        assert f"chat-tui forget localhost:{port}" in reason
        assert known.find(f"localhost:{port}") == CHAIN
    else:
        assert question is not None
        assert problem in question.problem
        assert question.pin == pin_of(files)
        assert known.find(f"localhost:{port}") == ""


async def test_a_good_chain_of_somebody_else_does_not_replace_a_pin(
    serve: Serve,
    meet: Meet,
    intercept: Intercept,
    authority: Authority,
) -> None:
    """An attacker with a certificate that the whole world accepts."""
    server = await serve()
    port, pin = server.address.port, server.certificate.pin
    alice = meet(port, LINK, pin)
    await alice.start()
    await server.stop()
    evil = await intercept(authority.issue(), await serve(), port)
    assert links.grouped(pin) in await stopped(alice)
    assert evil.heard == b""


async def test_in_the_midst_of_a_session_by_chain(
    serve: Serve,
    meet: Meet,
    intercept: Intercept,
    authority: Authority,
    tmp_path: Path,
) -> None:
    server = await serve(authority.issue())
    port = server.address.port
    alice = meet(port)
    await alice.start("#a")
    await server.stop()
    evil = await intercept(self_signed(tmp_path / "evil"), await serve(), port)
    assert "self-signed certificate" in await stopped(alice)
    assert evil.heard == b""


async def test_a_link_with_a_pin_does_not_get_around_a_chain(
    serve: Serve, meet: Meet, authority: Authority, known: KnownServers, tmp_path: Path
) -> None:
    files = self_signed(tmp_path / "evil")
    server = await serve(files)
    port = server.address.port
    known.remember(f"localhost:{port}", CHAIN)
    alice = meet(port, LINK, pin_of(files))
    alice.begin()
    assert "self-signed certificate" in await stopped(alice)
    await server.stop()
    good = authority.issue()
    await serve(good, port=port)
    other = meet(port, LINK, pin_of(files))
    other.begin()
    assert links.grouped(pin_of(good)) in await stopped(other)
    await meet(port, LINK, pin_of(good)).start()
    assert known.find(f"localhost:{port}") == CHAIN
