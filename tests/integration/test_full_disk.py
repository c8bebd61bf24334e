"""A disk that takes no more: senders are told so, readers go on, and with space again so does everything."""

import asyncio
import ctypes
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protocol import errors, frames
from protocol.frames import Error, Event, Request
from server.store.sqlite import FILE_NAME
from tests.conftest import Dial, StartServer
from tests.support.clients import Person
from tests.support.processes import ServerProcess
from tests.support.waiting import SECONDS
from tests.support.wire import Wire, text_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process, and mounts")

ROOM = "#general"
LARGE = "x" * 15_000


class Limit:
    """No file may grow: works for everybody, and fails as a quota does."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.server: ServerProcess

    def fill(self) -> None:
        largest = max(path.stat().st_size for path in self.data.iterdir())
        self._limit(largest)

    def free(self) -> None:
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class Small(Limit):
    """A file system of its own that fills up, also while SQLite folds its log into the file: needs root."""

    SIZE = "size=6m"

    def fill(self) -> None:
        """It is small enough to fill by what is said."""

    def free(self) -> None:
        subprocess.run(["mount", "-o", "remount,size=60m", str(self.data)], check=True)


@pytest.fixture(params=[Limit, Small])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Limit]:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    kind: type[Limit] = request.param
    if kind is Limit:
        yield Limit(data)
        return
    options = ["-t", "tmpfs", "-o", f"{Small.SIZE},mode=0700"]
    mount = subprocess.run(["mount", *options, "chat-tests", str(data)], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("needs root, to mount a small file system")
    try:
        yield Small(data)
    finally:
        subprocess.run(["umount", "--lazy", str(data)], check=True)


async def refused(wire: Wire, *requests: Request[Any]) -> None:
    """All of them are answered with `storage`, and say why."""
    wire.send(*requests)
    for request in requests:
        answer = await wire.answer(request.id)
        assert isinstance(answer, Error), answer
        assert answer.code == errors.STORAGE
        assert "nothing was stored" in answer.text
        assert "disk" in answer.text


async def events(wire: Wire, room: str = ROOM) -> list[Event]:
    """All that the server has of a room."""
    found: list[Event] = []
    while True:
        last = found[-1].seq if found else 0
        page = await wire.ask(frames.History(wire.new_id, room, after=last, limit=200), frames.HistoryResult)
        found += page.events
        if page.complete:
            return found


async def test_senders_are_told_and_readers_go_on(
    start_server: StartServer, dial: Dial, disk: Limit, tmp_path: Path
) -> None:
    disk.server = server = await start_server("--disk-floor", "0")  # full, and not only nearly
    ann, bob, eve = [await dial(server.address) for _ in range(3)]
    for wire, name in ((ann, "ann"), (bob, "bob"), (eve, "eve")):
        await wire.enter(name, "#b")
    await bob.ask(frames.Watch(bob.new_id, [ROOM]), frames.WatchResult)
    zoe = Person(server.address, "zoe", tmp_path / "outbox")
    await zoe.start()
    for number in range(5):
        await ann.tell(ROOM, f"{number} {LARGE}", f"c{number}")
    await zoe.said(ROOM, 5)
    await bob.settled()
    known = zoe.client.rooms[ROOM].last

    disk.fill()
    said = [f"{number} {LARGE}" for number in range(5)]
    for padding in (LARGE, ""):  # what is too large for the last of the space leaves it to what is smaller
        for number in range(len(said), 500):
            text = f"{number} {padding}"
            request = ann.say(ROOM, text)
            ann.send(request)
            if isinstance(await ann.answer(request.id), Error):
                break
            said.append(text)
    assert len(said) < 400
    before = [await events(bob), await events(bob, "#b")]
    assert [text_of(event) for event in before[0] if event.kind == frames.MESSAGE] == said

    # Nobody can store anything, alone or together with others.
    await asyncio.gather(
        refused(ann, *(ann.say(ROOM, LARGE, f"more {number}") for number in range(20))),
        refused(eve, *(eve.say("#b", LARGE, f"eve's {number}") for number in range(20))),
    )
    await refused(ann, frames.Join(ann.new_id, "#" + "n" * 60, 0))
    await refused(ann, frames.Topic(ann.new_id, ROOM, "🙂" * 300))
    zoe.client.say(ROOM, LARGE)
    stranger = await dial(server.address)
    await stranger.hello()
    await refused(stranger, frames.Login(stranger.new_id, "stranger"))

    # Reading, presence, coming and going are as ever.
    assert [await events(bob), await events(bob, "#b")] == before
    b, general = (await eve.sync()).rooms
    assert (general.head, b.head) == (before[0][-1].seq, before[1][-1].seq)
    await ann.close()
    presence = await bob.next_of(frames.Presence)
    assert (presence.name, presence.online) == ("ann", False)
    ann = await dial(server.address)
    await ann.enter("ann")
    assert (await bob.next_of(frames.Presence)).online
    seen = [frame.seq for frame in bob.aside if isinstance(frame, Event) and frame.room == ROOM]
    assert seen == [event.seq for event in before[0] if event.seq > known]
    assert len(zoe.client.sender.pending) == 1

    # There is space again: what was refused is stored, once and behind the rest.
    disk.free()
    await zoe.settled()
    last = (await events(bob))[-1]
    assert (last.seq, text_of(last)) == (before[0][-1].seq + 1, LARGE)
    for number in range(20):
        assert (await ann.tell(ROOM, LARGE, f"more {number}")).seq == last.seq + 1 + number
        assert not (await eve.tell("#b", LARGE, f"eve's {number}")).dup
    await stranger.ask(frames.Login(stranger.new_id, "stranger"), frames.LoginResult)
    await zoe.stop()
    stored = [await events(bob), await events(bob, "#b")]
    await server.kill()
    server = await start_server()
    bob = await dial(server.address)
    await bob.enter("bob")
    assert [await events(bob), await events(bob, "#b")] == stored
    for room in stored:
        assert [event.seq for event in room] == list(range(1, len(room) + 1))


# --- nothing may be written at all


def without_roots_powers() -> None:
    """Have the program about to be run obey a file's permissions, also if root runs it."""
    drop_from_bounding_set, may_ignore_permissions = 24, 1
    ctypes.CDLL(None).prctl(drop_from_bounding_set, may_ignore_permissions, 0, 0, 0)


@pytest.mark.parametrize("what", ["file", "folder"])
async def test_a_store_that_may_not_be_written_is_a_clear_error(
    start_server: StartServer, dial: Dial, tmp_path: Path, what: str
) -> None:
    data = tmp_path / "data"
    server = await start_server()
    async with await dial(server.address) as ann:
        await ann.enter("ann")
        await ann.tell(ROOM, "kept")
    await server.stop()
    place = data if what == "folder" else data / FILE_NAME
    (data / "server.lock").unlink()
    place.chmod(0o500 if what == "folder" else 0o400)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server", "--listen", "127.0.0.1:0", "--data", str(data),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=without_roots_powers,
    )  # fmt: skip
    async with asyncio.timeout(SECONDS):
        output, told = await process.communicate()
    place.chmod(0o700)
    assert (process.returncode, output) == (1, b"")
    (line,) = told.decode().splitlines()
    assert line.startswith("chat-server: cannot ")
    assert str(place) in line
    server = await start_server()
    async with await dial(server.address) as ann:
        (state,) = (await ann.enter("ann")).rooms
        assert text_of(state.events[-1]) == "kept"
