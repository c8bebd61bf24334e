"""A server with a certificate of its own: pins in links, pins that are remembered, one question."""

from pathlib import Path

from chat_tui.client.known import KnownServers
from protocol import codec, frames, links
from protocol.frames import Event
from server.net.certificate import CERTIFICATE_NAME
from tests.integration.trust.conftest import LINK, Intercept, Meet, Serve, stopped
from tests.support.authority import pin_of, self_signed
from tests.support.waiting import until
from tests.support.wire import text_body


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
    assert server.context.state.user_called("alice") is None
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
    serve: Serve, meet: Meet, intercept: Intercept, tmp_path: Path
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
    intercept: Intercept,
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
    assert not server.sessions
