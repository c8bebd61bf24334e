"""Servers with TLS on the command line: no questions, clear words, and commands that say whom to trust."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol import frames, links
from server.config import Address
from tests.support.authority import Authority
from tests.support.commands import Command, Shell, home
from tests.support.inprocess import RunningServer
from tests.support.wire import text_of

PIN = f"sha256:{'3f' * 32}"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server with TLS."""
    running = RunningServer(tmp_path / "data", listen=Address("127.0.0.1", 0, tls=True))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    """Alice's commands; each says where it goes."""
    shell = Shell(tmp_path / "alice", None)
    yield shell
    await shell.close()


def known_file(shell: Shell) -> Path:
    return Path(shell.env["XDG_CONFIG_HOME"]) / "chat-tui" / "known_servers"


async def run(shell: Shell, *arguments: str) -> tuple[int, str, str]:
    """A command that takes no name."""
    return await (await Command.start(*arguments, env=shell.env)).ended()


async def test_an_unknown_server_is_an_error_that_says_what_to_do(
    shell: Shell, server: RunningServer
) -> None:
    for command in (("send", "#a", "text"), ("follow", "#a")):
        status, output, told = await shell.run(*command, "--server", f"tls://{server.address}")
        assert (status, output) == (1, "")
        assert told.startswith(f"chat-tui: {server.address} is not known here")
        assert f"chat-tui trust {server.address} --pin sha256:…" in told
        assert told.count("\n") == 1
    assert not known_file(shell).exists()


async def test_a_link_with_the_pin_goes_everywhere(shell: Shell, server: RunningServer) -> None:
    bob = await server.enter("bob", "#a")
    link = f"chat://{server.address}/?pin={server.certificate.pin}"
    assert await shell.run("send", "#a", "hello", "--create", "--server", link) == (0, "", "")
    event = await bob.event("#a")
    while event.kind != frames.MESSAGE:
        event = await bob.event("#a")
    assert text_of(event) == "hello"
    status, output, _ = await shell.run("follow", "#a", "--server", link, "--since", "all", "--count", "3")
    assert status == 0
    assert len(output.splitlines()) == 3
    assert known_file(shell).stat().st_mode & 0o777 == 0o600
    assert await shell.run("send", "#a", "again", "--server", f"tls://{server.address}") == (0, "", "")


async def test_trust_and_forget(shell: Shell, server: RunningServer) -> None:
    address, pin = str(server.address), server.certificate.pin
    send = ("send", "#a", "text", "--create", "--server", f"tls://{address}")
    assert await run(shell, "trust", address, "--pin", pin) == (0, "", "")
    assert await shell.run(*send) == (0, "", "")
    status, _, told = await run(shell, "trust", address, "--pin", PIN)
    assert status == 1
    for part in (links.grouped(pin), links.grouped(PIN), f"chat-tui forget {address}"):
        assert part in told
    assert await run(shell, "forget", address) == (0, "", "")
    assert await run(shell, "forget", address) == (1, "", f"chat-tui: {address} is not known here\n")
    assert await run(shell, "trust", f"chat://{address}/?pin={PIN}") == (0, "", "")
    status, _, told = await shell.run(*send)
    assert status == 1
    assert "does not show the key it is known by" in told
    assert links.grouped(pin) in told


async def test_a_changed_key_ends_a_follower(shell: Shell, server: RunningServer) -> None:
    link = f"chat://{server.address}/?pin={server.certificate.pin}"
    follower = await shell.start("follow", "#a", "--since", "all", "--create", "--server", link)
    assert "create" in await follower.line()
    port = server.address.port
    await server.stop()
    other = RunningServer(server.data.with_name("other"), listen=Address("127.0.0.1", port, tls=True))
    await other.start()
    status, _, told = await follower.ended()
    assert status == 1
    assert f"chat-tui forget {server.address}" in told.splitlines()[-1]
    await other.stop()


async def test_a_server_known_by_its_chain(shell: Shell, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    listen = Address("127.0.0.1", 0, tls=True)
    server = RunningServer(tmp_path / "data", listen=listen, certificate=authority.issue())
    await server.start()
    address = f"localhost:{server.address.port}"
    shell.env["SSL_CERT_FILE"] = str(authority.root)
    assert await shell.run("send", "#a", "text", "--create", "--server", f"tls://{address}") == (0, "", "")
    assert f"{address} chain" in known_file(shell).read_text()
    status, _, told = await run(shell, "trust", address, "--pin", server.certificate.pin)
    assert status == 1
    assert f"{address} is known by its certificate" in told
    assert f"chat-tui forget {address}" in told
    await server.stop()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("trust", "host:1"), "give the pin that `chat-server pin` prints"),
        (("trust", "host:1", "--pin", "sha256:00"), "is no pin"),
        (("trust", "host:http", "--pin", PIN), "is no port"),
        (("trust", f"chat://host/?pin=sha256:{'00' * 32}", "--pin", PIN), "another pin than --pin"),
        (("trust",), "required"),
        (("forget",), "required"),
        (("forget", "a b"), "is not HOST:PORT"),
        (("chat://host/?pin=1",), "is no pin"),
        (("open", "chat://host/room"), "a link is chat://HOST:PORT/#room"),
        (("--name", "ann", "chat://host:0/"), "is no port"),
        (("send", "#a", "text", "--server", "chat://host/?pin=1"), "is no pin"),
        (("--server", "chat://ho st/"), "is not HOST:PORT"),
    ],
)
async def test_wrong_calls_end_with_2(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    status, output, told = await (await Command.start(*arguments, env=home(tmp_path))).ended()
    assert (status, output) == (2, "")
    assert says in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ([], []),
        (["chat://h"], ["open", "chat://h"]),
        (["CHAT://h", "--name", "x"], ["open", "CHAT://h", "--name", "x"]),
        (["--name", "x", "chat://h"], ["--name", "x", "open", "chat://h"]),
        (["--name=x", "chat://h"], ["--name=x", "open", "chat://h"]),
        (["--server", "chat://h"], ["--server", "chat://h"]),
        (["--server", "chat://h", "send", "#a", "x"], ["--server", "chat://h", "send", "#a", "x"]),
        (["send", "#a", "chat://h"], ["send", "#a", "chat://h"]),
        (["open", "chat://h"], ["open", "chat://h"]),
        (["--version"], ["--version"]),
    ],
)
def test_a_link_stands_for_open(arguments: list[str], meant: list[str]) -> None:
    from chat_tui.cli.main import with_open

    assert with_open(arguments) == meant
