"""Whose process listens: on a Unix socket the system says, on plain loopback nobody does."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from chat_tui.client import dial
from chat_tui.client.connection import Target
from chat_tui.client.errors import RequestError, StoppedError
from chat_tui.client.identity import Attempt, Identity
from chat_tui.client.known import KnownServers
from chat_tui.client.tokens import Saved, Tokens
from chat_tui.client.trust import SocketOwner, UnknownUserError
from chat_tui.endpoints import RemoteServer
from common import sockets
from protocol import errors, frames, links
from tests.integration.trust.conftest import stopped
from tests.support.clients import Person
from tests.support.puppet import Puppet
from tests.support.users import acting_as

DAEMON = 1
"""A user that every Linux has."""

root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be other users"
)


@pytest.fixture
def known(tmp_path: Path) -> KnownServers:
    return KnownServers(tmp_path / "known_servers")


def theirs(path: Path) -> socket.socket:
    """A socket of ours on which another user listens."""
    made = sockets.listening(path)
    with acting_as(DAEMON):
        made.listen()  # it is then that the system notes who it is
    return made


async def connect(owner: SocketOwner) -> None:
    connection = await dial.connect(Target("", 0, owner=owner), lambda _: None)
    connection.close()


@root
async def test_another_users_process_is_told_nothing(tmp_path: Path, known: KnownServers) -> None:
    path = tmp_path / "chat.sock"
    owner = SocketOwner(path, known)
    with theirs(path) as listener:
        with pytest.raises(UnknownUserError, match="another user of this computer, daemon") as asked:
            await connect(owner)
        with pytest.raises(StoppedError, match="who is not its owner"):
            await connect(SocketOwner(path))  # as the chat on this computer: nobody else can be right
        for _ in range(2):
            peer, _ = await asyncio.get_running_loop().sock_accept(listener)
            with peer:
                assert await asyncio.get_running_loop().sock_recv(peer, 1000) == b""
        asked.value.accept()
        await connect(owner)


@root
async def test_who_is_trusted_is_that_user_and_no_other(tmp_path: Path, known: KnownServers) -> None:
    path = tmp_path / "chat.sock"
    owner = SocketOwner(path, known)
    owner.trust(DAEMON + 1)
    with theirs(path), pytest.raises(StoppedError, match="chat-tui forget unix:"):
        await connect(owner)


@root
def test_a_folder_of_another_user_is_asked_about(tmp_path: Path, known: KnownServers) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, DAEMON, DAEMON)
    with sockets.listening(folder / "chat.sock"), pytest.raises(UnknownUserError, match="daemon"):
        SocketOwner(folder / "chat.sock", known).check_place()


async def test_on_plain_loopback_no_token_is_sent(tmp_path: Path) -> None:
    """As when the server is down, and another user of this computer listens there."""
    impostor = Puppet()
    await impostor.start()
    where, tokens = str(impostor.address), Tokens(tmp_path / "tokens")
    tokens.keep("alice", Saved(where, "alice", "a secret token", "epoch"))
    alice = Person(impostor.address, "alice", identity=Identity(where, "alice", tokens))
    await alice.start()
    await alice.stop()
    logins = [frame for frame in impostor.asked if isinstance(frame, frames.Login)]
    assert [(login.name, login.token) for login in logins] == [("alice", "")]
    await impostor.stop()


async def test_on_plain_loopback_no_password_is_sent() -> None:
    impostor = Puppet()
    await impostor.start()
    link = links.parse(f"plain://{impostor.address}")
    connection = await dial.connect(Target(link.host, link.port), lambda _: None)
    await connection.greet("tests")
    who = Identity("here", "alice")
    for register in (False, True):
        who.use(Attempt("a secret password", register=register))
        with pytest.raises((RequestError, StoppedError)) as refused:
            await who.enter(connection, "")
        assert getattr(refused.value, "code", errors.NOT_PRIVATE) == errors.NOT_PRIVATE
    connection.close()
    assert impostor.count(frames.Login) == impostor.count(frames.Register) == 0
    await impostor.stop()


@pytest.mark.parametrize("text", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST."])
async def test_a_server_known_under_one_name_of_loopback_is_known_under_all(
    known: KnownServers, text: str
) -> None:
    known.remember("127.0.0.1:7788", f"sha256:{'3f' * 32}")
    for written in (f"plain://{text}:7788", f"{text}:7788"):
        alice = Person(RemoteServer(links.parse(written), known), "alice")
        alice.begin()
        assert "spoke TLS before: write tls://" in await stopped(alice)
        await alice.stop()
    other = RemoteServer(links.parse(f"plain://{text}:7789"), known)
    assert (await other.locate()).port == 7789
