"""TLS as the server speaks it: to those who do, to those who don't, and to those who mean harm."""

import asyncio
import os
import re
import signal
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol import VERSION, codec, errors, frames, limits, links
from protocol.frames import Event
from server.config import Address, Limits
from server.net.certificate import KEY_NAME
from server.net.tls import DENIED
from server.session import Session
from tests.conftest import StartServer
from tests.support.authority import Authority, locked, pin_of
from tests.support.inprocess import RunningServer
from tests.support.processes import ServerProcess, run_server
from tests.support.waiting import SECONDS, until
from tests.support.wire import Wire, any_certificate, text_of

TLS = Address("127.0.0.1", 0, tls=True)
LISTEN = "tls://127.0.0.1:0"


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server in this process that speaks TLS."""
    running = RunningServer(tmp_path / "data", listen=TLS)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


def over_tls(address: Address) -> Address:
    """The address that a server says on its first line, which says nothing of TLS."""
    return Address(address.host, address.port, tls=True)


def seen_pin(wire: Wire) -> str:
    """The pin of the certificate that the server has shown."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    shown = wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    key = x509.load_der_x509_certificate(shown).public_key()
    return links.pin_of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


# --- as an operator meets it


async def test_it_says_its_pin_and_the_way_in_on_stderr(start_server: StartServer, tmp_path: Path) -> None:
    server = await start_server("--registration", "open", listen=(LISTEN, "127.0.0.1:0", "0.0.0.0:0"))
    first, plain, every = server.addresses
    async with await Wire.connect(over_tls(first)) as wire:
        pin = seen_pin(wire)
        await wire.enter("ann")
    async with await Wire.connect(Address("127.0.0.1", every.port, tls=True)) as wire:
        assert seen_pin(wire) == pin
    async with await Wire.connect(plain) as wire:
        await wire.enter("bob")
    status, output, told = await server.stop()
    assert (status, output) == (0, ""), "one line for each address, and nothing else"
    lines = told.splitlines()
    assert len(lines) == 2
    for line, host, port in zip(
        lines, ("127.0.0.1", socket.gethostname()), (first.port, every.port), strict=True
    ):
        assert pin in line
        link = re.search("'(chat://.*)'", line)
        assert link is not None
        assert links.parse(link[1]) == links.Link(host, port, room="#general", pin=pin)
    assert await run_pin("--data", str(tmp_path / "data")) == (0, f"{pin}\n")
    again = await start_server(listen=(LISTEN,))
    async with await Wire.connect(over_tls(again.address)) as wire:
        assert seen_pin(wire) == pin


async def run_pin(*arguments: str) -> tuple[int, str]:
    """`chat-server pin`: exit status, output."""
    status, output, _ = await run_server("pin", *arguments)
    return status, output


async def test_the_pin_is_told_as_clients_show_it(start_server: StartServer, tmp_path: Path) -> None:
    await (await start_server(listen=(LISTEN,))).stop()
    status, output, told = await run_server("pin", "--data", str(tmp_path / "data"))
    assert status == 0
    assert told == f"chat-tui shows it as: {links.grouped(output.strip())}\n"


async def test_a_pin_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    status, output, told = await run_server("pin", "--data", str(tmp_path / "nowhere"))
    assert (status, output) == (1, "")
    assert str(tmp_path / "nowhere") in told
    assert "when it first listens with TLS" in told
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "broken.pem").write_text("no certificate")
    status, output, told = await run_server("pin", "--tls-cert", str(tmp_path / "broken.pem"))
    assert (status, output) == (1, "")
    assert "broken.pem holds no certificate" in told


async def test_a_listener_on_loopback_needs_no_certificate(start_server: StartServer, tmp_path: Path) -> None:
    server = await start_server()
    assert await server.stop() == (0, "", "")
    assert not (tmp_path / "data" / KEY_NAME).exists()


async def test_plain_to_the_world_is_a_choice_with_a_warning(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = await start_server("--registration", "open", listen=("plain://0.0.0.0:0",))
    async with await Wire.connect(Address("127.0.0.1", server.address.port)) as wire:
        await wire.enter("ann")
    status, output, told = await server.stop()
    assert (status, output) == (0, "")
    (line,) = told.splitlines()
    assert "0.0.0.0:0 is not encrypted" in line
    assert not (tmp_path / "data" / KEY_NAME).exists()


async def test_the_key_is_made_for_its_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        server = await ServerProcess.start(tmp_path / "data", listen=(LISTEN,))
    finally:
        os.umask(before)
    await server.stop()
    assert stat.S_IMODE((tmp_path / "data" / KEY_NAME).stat().st_mode) == 0o600


async def test_a_given_certificate(start_server: StartServer, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    files = authority.issue()
    given = ("--tls-cert", str(files.certificate), "--tls-key", str(files.key))
    server = await start_server(*given, listen=(LISTEN,))
    trusting = ssl.create_default_context(cafile=authority.root)
    async with await Wire.connect(Address("localhost", server.address.port), tls=trusting) as wire:
        assert seen_pin(wire) == pin_of(files)
        await wire.enter("ann")
    _, _, told = await server.stop()
    assert pin_of(files) in told
    assert "?pin=" not in told, "the key of such a certificate may change with the next renewal"
    assert await run_pin("--tls-cert", str(files.certificate)) == (0, f"{pin_of(files)}\n")


async def test_a_certificate_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    files = locked(Authority(tmp_path / "authority").issue())
    common = ("--listen", LISTEN, "--data", str(tmp_path / "data"), "--tls-cert", str(files.certificate))
    status, output, told = await run_server(*common, "--tls-key", str(files.key))
    assert (status, output) == (1, "")
    assert told.startswith("chat-server: cannot use the certificate: ")
    assert "password" in told
    status, output, told = await run_server(*common)
    assert (status, output) == (1, "")
    assert "tls.cert and tls.key go together" in told


@pytest.mark.parametrize("signalled", [True, False])
async def test_a_new_certificate_is_for_new_connections(
    start_server: StartServer, tmp_path: Path, *, signalled: bool
) -> None:
    authority = Authority(tmp_path / "authority")
    files, new = authority.issue(), authority.issue()
    server = await start_server(
        "--tls-cert", str(files.certificate), "--tls-key", str(files.key), listen=(LISTEN,)
    )
    address = over_tls(server.address)
    old = await Wire.connect(address)
    await old.enter("ann", "#a")
    before = pin_of(files)
    assert seen_pin(old) == before
    kept = files.certificate.stat()
    files.certificate.write_bytes(new.certificate.read_bytes())
    files.key.write_bytes(new.key.read_bytes())
    if signalled:
        os.kill(server.pid, signal.SIGHUP)

    async def shown() -> str:
        async with await Wire.connect(address) as wire:
            return seen_pin(wire)

    async with asyncio.timeout(SECONDS):
        while (pin := await shown()) == before:
            pass
    assert pin == pin_of(new)
    assert kept.st_mtime_ns != files.certificate.stat().st_mtime_ns
    await old.tell("#a", "I am still here")
    await old.close()
    status, _, told = await server.stop()
    assert status == 0
    assert f"another key now: {pin}" in told


async def test_a_hangup_signal_changes_nothing_if_nothing_has_changed(start_server: StartServer) -> None:
    server = await start_server(listen=(LISTEN,))
    wire = await Wire.connect(over_tls(server.address))
    await wire.enter("ann", "#a")
    os.kill(server.pid, signal.SIGHUP)
    await wire.tell("#a", "still here")
    async with await Wire.connect(over_tls(server.address)) as again:
        assert seen_pin(again) == seen_pin(wire)
    await wire.close()
    assert (await server.stop())[0] == 0


# --- to those who speak it


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_versions(secure: RunningServer, version: ssl.TLSVersion) -> None:
    context = any_certificate()
    context.minimum_version = context.maximum_version = version
    async with await Wire.connect(secure.address, tls=context) as wire:
        await wire.enter("ann", "#a")
        await wire.tell("#a", "x" * 15_000)
        await wire.settled()


@pytest.mark.parametrize("bad", ["old version", "no forward secrecy"])
async def test_what_is_too_weak_is_refused(secure: RunningServer, bad: str) -> None:
    context = any_certificate()
    if bad == "old version":
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    else:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        await Wire.connect(secure.address, tls=context)
    await secure.enter("ann")


async def test_a_handshake_may_come_in_pieces(secure: RunningServer) -> None:
    """Byte by byte, with everything behind it as well."""
    wire = await secure.connect(raw=True)
    come, go = ssl.MemoryBIO(), ssl.MemoryBIO()
    mine = any_certificate().wrap_bio(come, go, server_hostname="localhost")

    async def send() -> None:
        for byte in go.read():
            wire.send_bytes(bytes((byte,)))
            await wire.writer.drain()
            await asyncio.sleep(0)

    while True:
        try:
            mine.do_handshake()
            break
        except ssl.SSLWantReadError:
            await send()
            come.write(await wire.reader.read(2**16))
    mine.write(codec.encode(frames.Ping(5)))
    await send()
    said = b""
    while not said:
        come.write(await wire.reader.read(2**16))
        try:
            said = mine.read()
        except ssl.SSLWantReadError:
            continue
    assert said == codec.encode(frames.Pong(5))


async def test_a_slow_reader_of_a_real_process(start_server: StartServer) -> None:
    """On the loop that servers run on: its queue is bounded, nobody waits for it, and it can catch up."""
    server = await start_server(listen=(LISTEN,))
    address = over_tls(server.address)
    async with (
        await Wire.connect(address) as ann,
        await Wire.connect(address) as eve,
        await Wire.connect(address, buffer=4096) as bob,
    ):
        for wire, name in ((ann, "ann"), (eve, "eve"), (bob, "bob")):
            await wire.enter(name, "#a")
        first = (await ann.tell("#a", "x")).seq
        last = first + 4000
        reading = asyncio.create_task(read_until(eve, last))
        before = memory(server.pid)
        for number in range(20):
            sent = [ann.say("#a", f"{number} ".ljust(15_000, "x")) for _ in range(200)]
            ann.send(*sent)
            for request in sent:
                assert isinstance(await ann.answer(request.id, SECONDS), frames.Ok)
            ann.aside.clear()
        await reading
        assert memory(server.pid) - before < 50_000_000 < 4000 * 15_000
        heads = await bob.next_of(frames.Heads, SECONDS)
        got = [frame.seq for frame in bob.aside if isinstance(frame, Event) and frame.room == "#a"]
        assert got == list(range(got[0], got[-1] + 1))
        assert got[-1] < heads.heads["#a"] == last
        page = await bob.ask(frames.History(bob.new_id, "#a", after=last - 1), frames.HistoryResult)
        assert [event.seq for event in page.events] == [last]
        assert text_of(page.events[0]).startswith("19 ")


async def read_until(wire: Wire, seq: int) -> None:
    """Read events up to that one; there must be no gap."""
    before = seq - 4000
    while before < seq:
        event = await wire.event("#a")
        wire.aside.clear()
        if event.kind == frames.MESSAGE and event.seq > seq - 4000:
            assert event.seq == before + 1
            before = event.seq


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- to those who don't


@pytest.mark.parametrize(
    ("greeting", "name"),
    [
        (b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n", "HTTP"),
        (b"NICK ann\r\nUSER ann 0 * :Ann\r\n", "IRC"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "SSH"),
    ],
)
async def test_who_speaks_something_else_gets_one_line(
    secure: RunningServer, greeting: bytes, name: str
) -> None:
    wire = await secure.connect(raw=True)
    wire.send_bytes(greeting)
    async with asyncio.timeout(SECONDS):
        answer = await wire.reader.read()
    assert answer.endswith(b"\r\n")
    assert answer.count(b"\n") == 1
    assert name in answer.decode("ascii")


@pytest.mark.parametrize("data", [codec.encode(frames.Hello([VERSION])), b"\x17\x03\x03\x00\x01x", b"?"])
async def test_who_speaks_without_tls_is_told_so_in_our_own_words(secure: RunningServer, data: bytes) -> None:
    wire = await secure.connect(raw=True)
    wire.send_bytes(data)
    (bye,) = await wire.rest()
    assert isinstance(bye, frames.Bye)
    assert (bye.code, bye.reconnect) == (errors.TLS_REQUIRED, False)
    assert "tls://" in bye.text


@pytest.mark.parametrize(
    "data",
    [
        b"\x16",
        b"\x16\x03\x01\xff\xff" + b"x" * 70_000,
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(508),
        b"\x16\x03\x01\x40\x00" + b"\x01\xff\xff\xff" + bytes(16380),
    ],
    ids=["one byte", "too long", "nonsense", "zeros", "endless hello"],
)
async def test_broken_handshakes_harm_nobody(secure: RunningServer, data: bytes) -> None:
    ann = await secure.enter("ann", "#a")
    wire = await secure.connect(raw=True)
    wire.send_bytes(data)
    await ann.tell("#a", "still here")
    wire.writer.transport.abort()
    await secure.until(lambda: len(secure.context.sessions) == 1)
    await ann.tell("#a", "and here")


async def test_garbage_behind_the_handshake_ends_the_connection(secure: RunningServer) -> None:
    ann, eve = await secure.enter("ann", "#a"), await secure.enter("eve", "#a")
    below = eve.writer.transport._ssl_protocol._transport  # type: ignore[attr-defined]
    below.write(b"\x17\x03\x03\x00\x20" + b"forged" * 6)
    with pytest.raises((EOFError, ssl.SSLError, ConnectionError)):
        await eve.next_of(frames.Welcome)
    await secure.until(lambda: len(secure.context.sessions) == 1)
    await ann.tell("#a", "still here")


def begun(server: RunningServer) -> list[Session]:
    """The sessions in the midst of a handshake."""
    transports = [(session, session._transport._tls) for session in server.sessions]  # type: ignore[attr-defined]
    return [session for session, tls in transports if not (tls.fresh or tls.ready)]


async def test_a_handshake_that_never_ends_is_cut(secure: RunningServer) -> None:
    silent, slow = await secure.connect(raw=True), await secure.connect(raw=True)
    slow.send_bytes(b"\x16\x03\x01\x02\x00\x01")
    await secure.until(lambda: len(begun(secure)) == 1)
    secure.clock.seconds += limits.HANDSHAKE_SECONDS
    secure.context.housekeeping()
    assert len(secure.context.sessions) == 2
    secure.clock.seconds += 1
    secure.context.housekeeping()
    for wire in (silent, slow):
        async with asyncio.timeout(SECONDS):
            assert await wire.reader.read() == DENIED
    await secure.until(lambda: not secure.context.sessions)


async def test_who_never_ends_the_handshake_counts_at_the_door(tmp_path: Path) -> None:
    limits = Limits(sessions_per_address=2, count_loopback=True)
    server = RunningServer(tmp_path, limits, listen=TLS)
    await server.start()
    try:
        first, _ = await server.connect(raw=True), await server.connect(raw=True)
        await server.until(lambda: len(server.sessions) == 2)
        with pytest.raises(ssl.SSLError, match=r"(?i)access denied"):
            await server.connect()
        first.writer.transport.abort()
        await until(lambda: len(server.sessions) == 1)
        await server.enter("ann")
    finally:
        await server.stop()


async def test_who_comes_while_the_server_stops_is_sent_away(secure: RunningServer) -> None:
    secure.context._closing = True
    with pytest.raises(ssl.SSLError, match=r"(?i)access denied"):
        await secure.connect()
