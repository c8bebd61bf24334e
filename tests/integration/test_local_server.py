"""The chat on this computer: who comes first starts it, others find it, it goes after the last has left."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from chat_tui import config
from chat_tui.client.connection import Target
from chat_tui.client.errors import ClientError
from chat_tui.endpoints import LocalServer
from protocol import errors, frames
from server.config import Address
from tests.support.clients import Person
from tests.support.commands import Command, home
from tests.support.users import SOMEBODY_ELSE, as_user
from tests.support.waiting import until
from tests.support.wire import Wire, text_of

HERE = ("--server", "local")
ALICE = ("--name", "alice", *HERE)

LINGER = 0.3
"""Seconds that a server of these tests stays when everybody has left."""


class Here:
    """This computer, for one test: its folders, those who look for its chat, and no process left behind."""

    def __init__(self) -> None:
        self.data = config.local_data()
        self.runtime = config.local_runtime()
        self.clients: list[LocalServer] = []
        self._pids: set[int] = set()

    def client(self, linger: float = 30) -> LocalServer:
        """One who looks for the chat; a server that they start goes after so many seconds."""
        self.clients.append(LocalServer(self.data, self.runtime, linger=linger))
        return self.clients[-1]

    def pid(self) -> int:
        """The process that serves now."""
        pid = int(json.loads(self.runtime.read_bytes())["pid"])
        self._pids.add(pid)
        return pid

    async def kill(self) -> None:
        """As a power cut does."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not _alive(pid))
        for client in self.clients:
            if client._process is not None and client._process.pid == pid:
                client._process.wait()  # until its last thread is gone

    async def close(self) -> None:
        """Stop what was started, and wait for it."""
        with suppress(OSError, ValueError, TypeError, KeyError):  # as some tests leave the file
            self.pid()
        for pid in self._pids:
            if _alive(pid):
                os.kill(pid, signal.SIGTERM)
        for client in self.clients:
            if client._process is not None:
                await asyncio.to_thread(client._process.wait, 20)
        await until(lambda: not any(map(_alive, self._pids)))


def _alive(pid: int) -> bool:
    """Whether it runs; a zombie, whose parent has not looked yet, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A home of its own, for this process and those it starts."""
    places = home(tmp_path / "home")
    for variable, place in places.items():
        monkeypatch.setenv(variable, place)
    return places


@pytest.fixture
async def here(env: dict[str, str]) -> AsyncIterator[Here]:
    """This computer, empty."""
    assert env
    here = Here()
    yield here
    await here.close()


def _address(target: Target) -> Address:
    assert target.owner is not None
    return Address("", 0, path=str(target.owner.path))


async def _enter(target: Target, name: str) -> Wire:
    wire = await Wire.connect(_address(target))
    await wire.log_in(name, target.key)
    await wire.sync()
    return wire


async def test_the_first_starts_it_and_the_second_finds_it(here: Here) -> None:
    first = await here.client().locate()
    second = await here.client().locate()
    assert first == second
    assert first.owner is not None
    assert first.key == "", "the system says who comes"
    alice = await _enter(first, "alice")
    async with await _enter(second, "bob") as bob:
        await bob.tell("#general", "hello")
        assert (await alice.event("#general")).kind == frames.JOIN
        assert (await alice.event("#general")).kind == frames.MESSAGE
    await alice.close()


async def test_what_it_leaves_on_the_disk_is_private(here: Here) -> None:
    await here.client().locate()
    assert here.runtime.stat().st_mode & 0o777 == 0o600
    assert here.runtime.with_suffix(".sock").stat().st_mode & 0o777 == 0o600
    assert here.runtime.parent.stat().st_mode & 0o777 == 0o700
    assert here.data.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("stale", [False, True])
async def test_started_at_the_same_moment_they_end_up_on_one(here: Here, *, stale: bool) -> None:
    if stale:
        await here.client().locate()
        await here.kill()
    targets = await asyncio.gather(*(here.client().locate() for _ in range(6)))
    assert len(set(targets)) == 1
    async with await _enter(targets[0], "alice") as alice:
        await alice.tell("#general", "hello")
    started = [client for client in here.clients[stale:] if client._process is not None]
    assert len(started) == 1, "each started a server, and waited until it had failed"


async def test_processes_that_start_at_the_same_moment_end_up_on_one(here: Here, env: dict[str, str]) -> None:
    commands = [await Command.start("send", "#general", str(number), *ALICE, env=env) for number in range(4)]
    for command in commands:
        assert await command.ended() == (0, "", "")
    async with await _enter(await here.client().locate(), "bob") as bob:
        page = await bob.ask(frames.History(bob.new_id, "#general"), frames.HistoryResult)
    assert sum(event.kind == frames.MESSAGE for event in page.events) == 4


async def test_it_outlives_the_one_who_started_it(here: Here, env: dict[str, str]) -> None:
    command = await Command.start("send", "#general", "the first words", *ALICE, env=env)
    assert (await command.ended())[0] == 0
    assert _alive(here.pid())
    assert os.getsid(here.pid()) == here.pid(), "a Ctrl+C in the first one's terminal would end it"
    follower = await Command.start(
        "follow", "#general", "--since", "all", "--count", "3", "--json", *HERE, env=env
    )
    _, output, _ = await follower.ended()
    assert [json.loads(line)["text"] for line in output.splitlines()][2] == "the first words"


async def test_it_goes_after_the_last_has_left_and_comes_back_with_everything(here: Here) -> None:
    target = await here.client(LINGER).locate()
    pid = here.pid()
    async with await _enter(target, "alice") as alice:
        await alice.tell("#general", "hello")
        async with await _enter(target, "bob"):
            pass
        await asyncio.sleep(2 * LINGER)  # it stays as long as somebody is there
        assert _alive(pid)
    await until(lambda: not _alive(pid))
    assert not here.runtime.exists()
    again = await here.client().locate()
    assert here.pid() != pid
    assert again == target
    async with await _enter(again, "alice") as alice:
        page = await alice.ask(frames.History(alice.new_id, "#general"), frames.HistoryResult)
        assert [text_of(event) for event in page.events if event.kind == frames.MESSAGE] == ["hello"]


async def test_it_goes_when_nobody_came_at_all(here: Here) -> None:
    await here.client(LINGER).locate()
    pid = here.pid()
    await until(lambda: not _alive(pid))


async def test_who_comes_back_within_the_linger_keeps_it(here: Here) -> None:
    target = await here.client(1.0).locate()
    pid = here.pid()
    await (await _enter(target, "alice")).close()
    async with await _enter(target, "alice"):
        await asyncio.sleep(1.2)
        assert _alive(pid)


async def test_after_a_kill_the_next_starts_anew(here: Here) -> None:
    client = here.client()
    first = await client.locate()
    killed = here.pid()
    await here.kill()
    assert here.runtime.exists(), "nothing is stale"
    assert await client.locate() == first
    assert here.pid() != killed


async def test_a_client_goes_on_after_a_kill(here: Here, tmp_path: Path) -> None:
    alice = Person(here.client(), "alice", tmp_path / "outbox")
    await alice.start()
    alice.client.say("#general", "one")
    await alice.settled()
    await here.kill()
    alice.client.say("#general", "two")
    await alice.settled()
    await alice.sees("#general", "one", "two")
    await alice.stop()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"address": "tls://127.0.0.1:9", "key": "x", "pin": "x"}'],
)
async def test_a_runtime_file_without_a_server_is_stale(here: Here, content: bytes) -> None:
    here.runtime.parent.mkdir(mode=0o700, parents=True)
    here.runtime.write_bytes(content)
    target = await here.client().locate()
    await (await _enter(target, "alice")).close()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]"])
async def test_a_runtime_file_that_is_being_written_is_waited_for(here: Here, content: bytes) -> None:
    target = await here.client().locate()
    here.pid()
    whole = here.runtime.read_bytes()
    here.runtime.write_bytes(content)
    looking = asyncio.create_task(here.client().locate())
    await asyncio.sleep(0.1)
    assert not looking.done()
    here.runtime.write_bytes(whole)
    assert await looking == target


async def test_a_runtime_file_that_makes_no_sense_is_said(here: Here) -> None:
    await here.client().locate()
    here.pid()
    here.runtime.write_text('{"address": "nowhere at all", "key": "x"}')
    with pytest.raises(ClientError, match="makes no sense"):
        await here.client().locate()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
async def test_a_runtime_file_of_somebody_else_is_refused(here: Here) -> None:
    await here.client().locate()
    here.pid()
    os.chown(here.runtime, 12345, -1)
    with pytest.raises(ClientError, match="belongs to user 12345"):
        await here.client().locate()


async def test_a_data_folder_that_cannot_be_used(here: Here, env: dict[str, str]) -> None:
    here.data.parent.mkdir(parents=True)
    here.data.write_text("a file is in the way")
    with pytest.raises(ClientError, match=f"cannot use .*{here.data}"):
        await here.client().locate()
    command = await Command.start("send", "#general", "text", *ALICE, env=env)
    status, _, told = await command.ended()
    assert status == 1
    assert told.startswith("chat-tui: cannot use ")
    assert told.count("\n") == 1


async def test_a_runtime_folder_that_cannot_be_used(here: Here) -> None:
    here.runtime.parent.write_text("a file is in the way")
    with pytest.raises(ClientError, match=r"cannot use .*chat-tui"):
        await here.client().locate()


async def test_a_server_that_cannot_start_says_why(here: Here) -> None:
    here.data.mkdir(parents=True)
    (here.data / "chat.sqlite3").write_bytes(b"this is no database, and long enough to look like one" * 100)
    with pytest.raises(ClientError, match="does not start: chat-server: cannot open the database"):
        await here.client().locate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
async def test_nobody_else_comes_in_even_where_they_reach_the_socket(here: Here) -> None:
    target = await here.client().locate()
    folder = here.runtime.parent
    for place in (folder, *(above for above in folder.parents if above != Path("/"))):
        place.chmod(place.stat().st_mode | 0o011)
    here.runtime.with_suffix(".sock").chmod(0o666)
    path = _address(target).path
    with as_user(SOMEBODY_ELSE, path) as connected:
        wire = Wire(*await asyncio.open_unix_connection(sock=connected))
        assert (await wire.hello()).auth == ["key", "open"]
        for key in ("", "guess"):
            assert await wire.refused(frames.Login(wire.new_id, "mallory", key=key)) == errors.DENIED
        assert await wire.refused(frames.Sync(wire.new_id)) == errors.OUT_OF_ORDER
        await wire.close()
    await (await _enter(target, "alice")).close()


async def test_two_homes_have_two_chats(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await here.client().locate()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    other = Here()
    try:
        assert await other.client().locate() != first
    finally:
        await other.close()


async def test_it_starts_wherever_one_stands(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with a `server` of its own in it must not be taken for ours."""
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "__init__.py").touch()
    (tmp_path / "server" / "__main__.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    target = await here.client().locate()
    await (await _enter(target, "alice")).close()
