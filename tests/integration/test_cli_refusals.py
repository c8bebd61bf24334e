"""What the commands don't do by themselves: start a server, or make a room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.commands import Shell
from tests.support.inprocess import RunningServer

NOWHERE = "no server is known here: say --server HOST:PORT, or --server local for one of your own"


@pytest.fixture
async def shell(tmp_path: Path, server: RunningServer) -> AsyncIterator[Shell]:
    """Alice's commands, at the server in this process."""
    shell = Shell(tmp_path / "alice", server.address)
    yield shell
    await shell.close()


async def test_without_a_known_server_nothing_is_started_and_nothing_sent(tmp_path: Path) -> None:
    nobody = Shell(tmp_path / "nobody", None)
    for command in (
        ("send", "#general", "hello"),
        ("follow", "#general"),
        ("search", "hello"),
        ("login",),
        ("logout",),
    ):
        status, output, told = await nobody.run(*command)
        assert (status, output) == (1, "")
        assert told == f"chat-tui: {NOWHERE}\n"
    assert not list((tmp_path / "nobody").rglob("server*"))


async def test_a_room_that_is_not_there_is_made_only_if_that_is_asked_for(
    shell: Shell, server: RunningServer
) -> None:
    for command in (("send", "#nosuch", "hello"), ("follow", "#nosuch", "--count", "1")):
        assert await shell.run(*command) == (1, "", "chat-tui: there is no room #nosuch; --create makes it\n")
    assert "#nosuch" not in server.context.state.rooms
    assert await shell.run("send", "#nosuch", "hello", "--create") == (0, "", "")
    assert await shell.run("follow", "#another", "--count", "0", "--create") == (0, "", "")
    assert {"#nosuch", "#another"} <= server.context.state.rooms.keys()
