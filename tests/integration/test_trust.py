"""Whom the client believes: real servers, real certificates, and somebody in between who has neither."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from chat_tui.client import dial
from chat_tui.client.errors import StoppedError
from chat_tui.client.known import CHAIN, KnownServers
from chat_tui.client.trust import Trust, UnknownServerError
from chat_tui.endpoints import RemoteServer
from protocol import codec, frames, links
from protocol.frames import Event
from server.certificate import CERTIFICATE_NAME
from server.config import Address, Files
from server.throttle import NO_LIMITS, Allowance
from tests.support.authority import Authority, pin_of, self_signed
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.interceptor import Interceptor
from tests.support.proxy import Proxy
from tests.support.puppet import Puppet
from tests.support.waiting import until
from tests.support.wire import text_body

Serve = Callable[..., Awaitable[RunningServer]]
Meet = Callable[..., Person]


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    """What alice's computer remembers."""
    return KnownServers(tmp_path / "known_servers")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The one that alice's computer believes."""
    authority = Authority(tmp_path / "authority")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.root))
    return authority


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    """Start servers with TLS; the later ones with the same data, on the port that they are told."""
    started: list[RunningServer] = []

    async def start(
        certificate: Files | None = None,
        *,
        port: int = 0,
        tls: bool = True,
        data: str = "data",
        allowance: Allowance = NO_LIMITS,
    ) -> RunningServer:
        listen = Address("127.0.0.1", port, tls)
        server = RunningServer(tmp_path / data, allowance, listen=listen, certificate=certificate)
        await server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def meet(known: KnownServers) -> AsyncIterator[Meet]:
    """Alice at a port, by whatever she was told."""
    people: list[Person] = []

    def make(port: int, text: str = "tls://localhost:{port}", pin: str = "") -> Person:
        link = links.parse(text.format(port=port, pin=pin))
        people.append(Person(RemoteServer(link, known), "alice"))
        return people[-1]

    yield make
    for person in people:
        await person.stop()


@pytest.fixture
async def intercept() -> AsyncIterator[Callable[..., Awaitable[Interceptor]]]:
    """Put somebody in a server's place."""
    there: list[Interceptor] = []

    async def start(files: Files, onward: RunningServer, port: int, greeting: bytes = b"") -> Interceptor:
        there.append(Interceptor(files, onward.address, greeting))
        await there[-1].start(port)
        return there[-1]

    yield start
    for one in there:
        await one.stop()


LINK = "chat://localhost:{port}/#general?pin={pin}"


async def stopped(person: Person) -> str:
    """Come back once the client has stopped; why it has."""
    await person.phase("stopped")
    return person.client.status.reason


# --- one's own certificate


async def test_an_unknown_server_is_a_question_and_then_known(
    serve: Serve, meet: Meet, known: KnownServers
) -> None:
    server = await serve()
    port = server.address.port
    alice = meet(port)
    alice.begin()
    reason = await stopped(alice)
    question = alice.client.status.question
    assert question is not None
    assert (question.address, question.pin) == (f"localhost:{port}", server.certificate.pin)
    assert "self-signed certificate" in question.problem
    assert f"chat-tui trust localhost:{port} --pin sha256:…" in reason
    assert question.pin not in reason, "who copies it from here has checked nothing"
    assert known.find(f"localhost:{port}") == ""
    assert server.core.state.user_called("alice") is None
    question.accept()
    alice.client.reconnect()
    await alice.phase("online")
    assert alice.client.status.question is None
    assert known.find(f"localhost:{port}") == server.certificate.pin
    await meet(port).start("#a")


async def test_an_unknown_server_is_not_tried_again_by_itself(serve: Serve, meet: Meet) -> None:
    server = await serve()
    alice = meet(server.address.port)
    alice.begin()
    await stopped(alice)
    assert [status.phase for status in alice.statuses] == ["connecting", "stopped"]
    alice.client.reconnect()
    await until(lambda: len(alice.statuses) == 4)
    assert alice.client.status.question is not None, "asked again, by who asked again"


async def test_the_links_pin_is_enough(serve: Serve, meet: Meet, known: KnownServers) -> None:
    server = await serve()
    port = server.address.port
    await meet(port, LINK, server.certificate.pin).start("#a")
    assert known.find(f"localhost:{port}") == server.certificate.pin
    await meet(port).start("#a")


async def test_the_links_pin_is_remembered_before_the_server_is_met(
    serve: Serve, meet: Meet, known: KnownServers
) -> None:
    server = await serve()
    port, pin = server.address.port, server.certificate.pin
    await server.stop()
    alice = meet(port, LINK, pin)
    alice.begin()
    await alice.phase("waiting")
    assert known.find(f"localhost:{port}") == pin
    await serve(port=port)
    await alice.phase("online")


async def test_another_key_than_the_links_is_a_hard_stop(
    serve: Serve, meet: Meet, intercept: Callable[..., Awaitable[Interceptor]], tmp_path: Path
) -> None:
    server = await serve()
    files = self_signed(tmp_path / "evil")
    evil = await intercept(files, server, 0)
    port = evil._listener.sockets[0].getsockname()[1]
    alice = meet(port, LINK, server.certificate.pin)
    alice.begin()
    reason = await stopped(alice)
    for part in (links.grouped(server.certificate.pin), links.grouped(pin_of(files)), "ask who runs it"):
        assert part in reason
    assert f"chat-tui forget localhost:{port}" in reason
    assert alice.client.status.question is None
    assert (evil.met, bytes(evil.heard)) == (1, b"")


async def test_another_key_than_the_remembered_one_is_a_hard_stop(
    serve: Serve,
    meet: Meet,
    intercept: Callable[..., Awaitable[Interceptor]],
    known: KnownServers,
    tmp_path: Path,
) -> None:
    server = await serve()
    port, pin = server.address.port, server.certificate.pin
    alice = meet(port, LINK, pin)
    await alice.start("#a")
    await server.stop()
    moved = await serve()
    files = self_signed(tmp_path / "evil")
    # It even speaks first, and would like to be obeyed before it is looked at.
    forged = Event("#a", 3, 99, "eve", frames.MESSAGE, 1, text_body("forged"))
    evil = await intercept(files, moved, port, codec.encode(forged) + codec.encode(frames.Marker("#a", 2)))
    reason = await stopped(alice)
    for part in (links.grouped(pin), links.grouped(pin_of(files)), f"chat-tui forget localhost:{port}"):
        assert part in reason
    assert alice.client.status.question is None, "nobody is asked to go on"
    assert (evil.met, bytes(evil.heard)) == (1, b"")
    await until(lambda: not evil.open)  # we have hung up
    assert alice.texts("#a") == []
    assert known.find(f"localhost:{port}") == pin
    alice.client.say("#a", "for the right one only")
    alice.client.reconnect()
    await until(lambda: evil.met == 2)
    await stopped(alice)
    assert evil.heard == b""
    await evil.stop()
    await moved.stop()
    await serve(port=port)
    alice.client.reconnect()
    await alice.settled()
    await alice.sees("#a", "for the right one only")


async def test_a_server_set_up_anew_is_forgotten_by_hand(
    serve: Serve, meet: Meet, known: KnownServers
) -> None:
    server = await serve()
    port, pin = server.address.port, server.certificate.pin
    first = meet(port, LINK, pin)
    await first.start()
    await server.stop()
    anew = await serve(port=port, data="new")
    for text in ("tls://localhost:{port}", LINK):  # a link that was sent out is no reason to believe it
        alice = meet(port, text, anew.certificate.pin)
        alice.begin()
        assert f"chat-tui forget localhost:{port}" in await stopped(alice)
        assert known.find(f"localhost:{port}") == pin
    await stopped(first)
    known.forget(f"localhost:{port}")
    first.client.reconnect()  # the old link's pin is forgotten with it
    await until(lambda: first.client.status.question is not None)
    assert known.find(f"localhost:{port}") == ""
    await meet(port, LINK, anew.certificate.pin).start()
    first.client.reconnect()
    await first.phase("online")


async def test_a_renewed_certificate_with_the_same_key_is_no_news(
    serve: Serve, meet: Meet, tmp_path: Path
) -> None:
    server = await serve()
    port, pin = server.address.port, server.certificate.pin
    alice = meet(port, LINK, pin)
    await alice.start()
    before = (tmp_path / "data" / CERTIFICATE_NAME).read_bytes()
    await server.stop()
    (tmp_path / "data" / CERTIFICATE_NAME).unlink()
    await serve(port=port)
    assert (tmp_path / "data" / CERTIFICATE_NAME).read_bytes() != before
    await alice.phase("online")


async def test_who_cannot_remember_does_not_connect(serve: Serve, known: KnownServers, meet: Meet) -> None:
    server = await serve()
    known.path.mkdir()
    alice = meet(server.address.port, LINK, server.certificate.pin)
    alice.begin()
    await alice.phase("waiting")
    assert f"cannot read {known.path}" in alice.client.status.reason
    assert not server.core.sessions


# --- a chain


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
    assert server.core.state.user_called("alice") is None
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
    intercept: Callable[..., Awaitable[Interceptor]],
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
    intercept: Callable[..., Awaitable[Interceptor]],
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
    assert not plain.core.sessions
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
    await until(lambda: not server.core.sessions)
    await proxy.stop()


async def test_who_is_sent_away_at_the_door_comes_again(serve: Serve, meet: Meet) -> None:
    server = await serve(allowance=Allowance(sessions=1, connects=None, loopback=True))
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
    assert await private(plain.address.port, "plain://localhost:{port}")
    assert await private(plain.address.port, "plain://127.0.0.1:{port}")
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
