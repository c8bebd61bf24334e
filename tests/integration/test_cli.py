"""`chat-tui send` and `chat-tui follow` as scripts use them: real processes, exit codes, pipes, signals."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from protocol import errors, frames, limits
from server.config import Address
from tests.conftest import StartServer
from tests.support.commands import Command, Shell, home
from tests.support.inprocess import RunningServer
from tests.support.proxy import Proxy
from tests.support.puppet import Puppet, message
from tests.support.waiting import SECONDS, until
from tests.support.wire import Wire, text_of

ROOM = "#room"
LOCAL = ("--server", "local")


@pytest.fixture
async def shell_at(tmp_path: Path) -> AsyncIterator[Callable[[Address], Shell]]:
    """Alice's commands, at any address; what still runs when the test ends is killed."""
    shells: list[Shell] = []

    def open_shell(address: Address) -> Shell:
        shells.append(Shell(tmp_path / "alice", address))
        return shells[-1]

    yield open_shell
    for shell in shells:
        await shell.close()


@pytest.fixture
def shell(shell_at: Callable[[Address], Shell], server: RunningServer) -> Shell:
    """Alice's commands, at the server in this process."""
    return shell_at(server.address)


@pytest.fixture
async def wire(server: RunningServer) -> Wire:
    """Bob, in the room."""
    return await server.enter("bob", ROOM)


async def _texts(wire: Wire) -> list[str]:
    page = await wire.ask(frames.History(wire.new_id, ROOM, after=0, limit=200), frames.HistoryResult)
    return [text_of(event) for event in page.events if event.kind == frames.MESSAGE]


async def _tell_many(wire: Wire, count: int, padding: str = "") -> int:
    """Say 0, 1, 2 …; return the last one's `seq`."""
    requests = [wire.say(ROOM, f"{number}{padding}") for number in range(count)]
    for start in range(0, count, 200):
        wire.send(*requests[start : start + 200])
        for request in requests[start : start + 200]:
            assert isinstance(await wire.answer(request.id), frames.Ok)
    return int((await wire.ask(frames.Sync(wire.new_id), frames.SyncResult)).rooms[-1].head)


async def _joined(server: RunningServer, name: str = "alice") -> None:
    """Come back once a follower is connected and in the room for good, not just for a look."""

    def there() -> bool:
        user = server.context.state.user_called(name)
        return user is not None and ROOM in user.rooms and bool(server.context.hub._by_user.get(user.id))

    await until(there)


# --- send


async def test_send_stores_a_message(shell: Shell, wire: Wire) -> None:
    assert await shell.run("send", ROOM, "hello there") == (0, "", "")
    assert await shell.run("send", "room", "without the #") == (0, "", "")
    assert await _texts(wire) == ["hello there", "without the #"]


async def test_send_reads_standard_input(shell: Shell, wire: Wire) -> None:
    assert await shell.run("send", ROOM, "-", given="line 1\n\n  line 3 ü\n\n".encode()) == (0, "", "")
    assert await _texts(wire) == ["line 1\n\n  line 3 ü"]


async def test_send_takes_bytes_that_are_no_text(shell: Shell, wire: Wire) -> None:
    assert (await shell.run("send", ROOM, "-", given=b"a\xffb"))[0] == 0
    assert (await shell.run("send", ROOM, b"c\xffd"))[0] == 0
    assert await _texts(wire) == ["a\ufffdb", "c\ufffdd"]


async def test_a_cid_is_stored_once(shell: Shell, wire: Wire) -> None:
    for _ in range(3):
        assert await shell.run("send", ROOM, "deployed", "--cid", "deploy-42") == (0, "", "")
    status, output, told = await shell.run("send", ROOM, "another text", "--cid", "deploy-42")
    assert (status, output) == (1, "")
    assert told.startswith("chat-tui: cid 'deploy-42' was used for another message")
    assert await _texts(wire) == ["deployed"]


async def test_a_message_that_is_too_long(shell: Shell, wire: Wire) -> None:
    status, output, told = await shell.run("send", ROOM, "-", given=b"x" * 20_000)
    assert (status, output) == (1, "")
    assert told == "chat-tui: too long: this is 20,009 bytes; the server takes 16,384; send it in parts\n"
    assert (await shell.run("send", ROOM, "-", given=b"x" * (limits.BODY - 9)))[0] == 0
    assert len(await _texts(wire)) == 1


async def test_search_prints_what_matches(shell: Shell, server: RunningServer, wire: Wire) -> None:
    for text in ("the disk is full", "nothing", "a new\ndisk"):
        server.clock.seconds += 1
        await wire.tell(ROOM, text)
    status, output, told = await shell.run("search", "dis", f"in:{ROOM}")
    assert (status, output, told) == (1, "", f"chat-tui: You are not in {ROOM}: /join {ROOM} first\n")
    assert await shell.run("send", ROOM, "here I am") == (0, "", "")
    status, output, told = await shell.run("search", "dis", f"in:{ROOM}", "--json")
    assert [json.loads(line)["text"] for line in output.splitlines()] == ["the disk is full", "a new\ndisk"]
    assert (status, told) == (0, "")
    status, output, _ = await shell.run("search", "disk", "--count", "1")
    assert (status, output[19:]) == (0, f" {ROOM} <bob> a new\n    disk\n")
    assert await shell.run("search", "elephant") == (0, "", "")
    status, output, told = await shell.run("search", "disk", "on:friday")
    assert (status, output) == (1, "")
    assert told.startswith("chat-tui: on:friday is no day: write it as on:20")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("send", ROOM, "", *LOCAL), "there is no text to send"),
        (("send", ROOM, "-", *LOCAL), "there is no text to send"),
        (("send", ROOM), "required: text"),
        (("send", "#no way", "text"), "letters, digits"),
        (("send", "#", "text"), "at least one letter"),
        (("send", "#" + "x" * 70, "text"), "at most"),
        (("send", ROOM, "text", "--cid", ""), "no id of 1 to 64"),
        (("send", ROOM, "text", "--cid", "x" * 65), "no id of 1 to 64"),
        (("send", ROOM, "text", "--server", "host:http"), "is no port"),
        (("send", ROOM, "text", "--name", "no way"), "letters, digits"),
        (("send", ROOM, "text", "--name", b"\xff"), "begins with a letter"),
        (("follow", "#no way"), "letters, digits"),
        (("search", "words", "--count", "-1"), "'-1' is no number from 0"),
        (("follow", ROOM, "--since", "yesterday"), "neither 'all' nor an event's number"),
        (("follow", ROOM, "--since", "9" * 30), "neither 'all' nor an event's number"),
        (("follow", ROOM, "--count", "many"), "is no number from 0"),
        (("search", b"caf\xe9"), "'caf\\udce9' is not UTF-8"),
        (("search", "disk", b"from:\xff"), "is not UTF-8"),
        (("register", "--invite", b"\xff"), "is not UTF-8"),
        (("frobnicate",), "invalid choice"),
    ],
)
async def test_wrong_calls_end_with_2(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    status, output, told = await (await Command.start(*arguments, env=home(tmp_path))).ended()
    assert (status, output) == (2, "")
    assert says in told
    assert "Traceback" not in told


async def test_who_has_no_name_that_can_be_has_to_say_one(tmp_path: Path) -> None:
    env = home(tmp_path) | {"LOGNAME": "DOMAIN\\user"}
    status, output, told = await (await Command.start("send", ROOM, "text", *LOCAL, env=env)).ended()
    assert (status, output) == (2, "")
    assert "nobody knows who you are: say --name NAME" in told


async def test_a_password_that_is_no_text(shell: Shell, server: RunningServer) -> None:
    bad = os.fsdecode(b"caf\xe9caf\xe9")
    shell.env["CHAT_TUI_PASSWORD"] = bad
    wrong = (1, "", "chat-tui: the password in CHAT_TUI_PASSWORD is not UTF-8\n")
    assert await shell.run("register") == wrong
    assert server.context.state.user_called("alice") is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
async def test_a_full_disk_is_one_line(shell: Shell, server: RunningServer, wire: Wire) -> None:
    await wire.tell(ROOM, "a disk")
    assert (await shell.run("send", ROOM, "another disk"))[0] == 0
    who = ("--name", "alice", "--server", str(server.address))
    for arguments in (("follow", ROOM, "--since", "all", *who), ("search", "disk", *who), ("check-config",)):
        full = os.open("/dev/full", os.O_WRONLY)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chat_tui", *arguments),
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, **shell.env},
        )
        os.close(full)
        status, _, told = await Command(process).ended()
        assert (status, told) == (1, "chat-tui: cannot go on: No space left on device\n")


async def test_no_server_there_is_one_line(shell: Shell, server: RunningServer) -> None:
    await server.stop()
    for arguments in (("send", ROOM, "text"), ("follow", ROOM)):
        status, output, told = await shell.run(*arguments)
        assert (status, output) == (1, "")
        assert told == f"chat-tui: no server at {server.address}: connection refused\n"


async def test_a_host_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    for host in ("a..b", "x" * 70 + ".invalid"):
        command = await Command.start("send", ROOM, "text", "--server", host, env=home(tmp_path))
        status, _, told = await command.ended()
        assert (status, told) == (1, f"chat-tui: no server at {host}:7777: no host can be called that\n")


async def test_settings_say_who_and_where(tmp_path: Path, server: RunningServer, wire: Wire) -> None:
    env = home(tmp_path / "carol")
    settings = Path(env["XDG_CONFIG_HOME"]) / "chat-tui" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(f'name = "carol"\nserver = "{server.address}"\n')
    assert (await (await Command.start("send", ROOM, "hi", env=env)).ended())[0] == 0
    sent = await wire.event(ROOM)
    while sent.kind != frames.MESSAGE:
        sent = await wire.event(ROOM)
    assert sent.sender == "carol"
    settings.write_text('name = "carol"\nserver = "::::"\n')
    for arguments in (("send", ROOM, "hi"), ()):
        status, _, told = await (await Command.start(*arguments, env=env)).ended()
        assert (status, told.startswith(f"chat-tui: {settings}: server: an IPv6")) == (1, True)
    status, output, _ = await (await Command.start("check-config", env=env)).ended()
    assert (status, output.startswith(f"{settings}:2: server: an IPv6")) == (1, True)
    settings.write_text('name = "carol"\ntheme = "nope"\n')
    status, output, _ = await (await Command.start("check-config", env=env)).ended()
    assert (status, output.startswith(f"{settings}:2: theme: there is no theme 'nope'")) == (1, True)
    settings.write_text("name = ")
    status, _, told = await (await Command.start("send", ROOM, "hi", env=env)).ended()
    assert status == 1
    assert told.startswith(f"chat-tui: cannot read the settings in {settings}: ")


async def test_many_sends_at_once(shell: Shell, wire: Wire) -> None:
    ended = await asyncio.gather(*(shell.run("send", ROOM, str(number)) for number in range(6)))
    assert {status for status, _, _ in ended} == {0}
    assert sorted(await _texts(wire)) == [str(number) for number in range(6)]


async def test_a_server_that_wants_it_later_gets_it_later(shell_at: Callable[[Address], Shell]) -> None:
    sent: list[str] = []
    puppet = Puppet()

    def busy(send: frames.Send) -> frames.Frame:
        sent.append(send.cid)
        if len(sent) < 3:
            return frames.Error(errors.RATE_LIMITED, "too fast", send.id, retry_after=5)
        return puppet.ok(send, frames.SendResult(1, 0))

    puppet.answers[frames.Send] = busy
    await puppet.start()
    assert await shell_at(puppet.address).run("send", ROOM, "text", "--cid", "mine") == (0, "", "")
    assert sent == ["mine"] * 3
    await puppet.stop()


@pytest.mark.parametrize("how", ["lost", "storage", "refused", "later"])
async def test_a_search_that_cannot_go_on_prints_what_it_found(
    shell_at: Callable[[Address], Shell], how: str
) -> None:
    puppet = Puppet()
    asked: list[str] = []

    def search(request: frames.Search) -> frames.Frame | None:
        asked.append(request.cursor)
        if len(asked) == 1:
            return puppet.ok(request, frames.SearchResult([message(3)], [], "more"))
        match how:
            case "lost":
                puppet.hang_up()
                return None
            case "storage":
                return frames.Error(errors.STORAGE, "no disk", request.id)
            case "refused":
                return frames.Error(errors.BAD_FRAME, "no such page", request.id)
        if len(asked) < 4:
            return frames.Error(errors.RATE_LIMITED, "too fast", request.id, retry_after=5)
        return puppet.ok(request, frames.SearchResult([message(2)], [], ""))

    puppet.answers[frames.Search] = search
    await puppet.start()
    status, output, told = await shell_at(puppet.address).run("search", "text", "--json")
    await puppet.stop()
    texts = [json.loads(line)["text"] for line in output.splitlines()]
    if how == "later":
        assert (status, texts, told) == (0, ["text 2", "text 3"], "")
        assert asked == ["", "more", "more", "more"]
    else:
        assert (status, texts, asked) == (1, ["text 3"], ["", "more"])
        assert told.startswith("chat-tui: ")
        assert len(told.splitlines()) == 1


# --- follow


async def test_follow_prints_what_happens_from_now_on(
    shell: Shell, server: RunningServer, wire: Wire
) -> None:
    await wire.tell(ROOM, "before")
    follower = await shell.start("follow", ROOM, "--json")
    await _joined(server)
    seq = (await wire.tell(ROOM, "zwei\nZeilen", "c1")).seq
    event = await follower.event()
    assert event == {
        "room": ROOM,
        "seq": seq,
        "cid": "c1",
        "from": "bob",
        "kind": "message",
        "text": "zwei\nZeilen",
        "time": server.clock.ms(),
    }
    assert list(event) == ["room", "seq", "cid", "from", "kind", "text", "time"]
    await wire.ask(frames.Topic(wire.new_id, ROOM, "new"), frames.Result)
    event = await follower.event()
    assert (event["kind"], event["text"], event["cid"]) == ("topic", "new", None)


async def test_who_only_follows_is_there_but_away(shell: Shell, server: RunningServer, wire: Wire) -> None:
    await shell.start("follow", ROOM)
    await _joined(server)
    online = await wire.ask(frames.Online(wire.new_id), frames.OnlineResult)
    assert [(person.name, person.away) for person in online.people] == [("alice", True), ("bob", False)]


async def test_follow_for_people(shell: Shell, wire: Wire) -> None:
    await wire.tell(ROOM, "hello\n2026-01-01 00:00:00 #room <root> forged")
    await wire.ask(wire.say(ROOM, "waves", kind=frames.ACTION), frames.SendResult)
    await wire.ask(frames.Topic(wire.new_id, ROOM, "news"), frames.Result)
    await wire.ask(frames.Nick(wire.new_id, "bobby"), frames.LoginResult)
    _, output, _ = await shell.run("follow", ROOM, "--since", "2", "--count", "5")
    lines = output.splitlines()
    assert lines[0].endswith(f"{ROOM} <bob> hello")
    assert lines[1] == "    2026-01-01 00:00:00 #room <root> forged", "it could be taken for somebody's line"
    assert lines[2].endswith(f"{ROOM} * bob waves")
    assert lines[3].endswith(f"{ROOM} -- bob set the topic: news")
    assert lines[4].endswith(f"{ROOM} -- bob is now called bobby")
    assert lines[5].endswith(f"{ROOM} -- alice: join")
    assert len(lines) == 6


async def test_follow_says_if_the_room_has_less_than_it_had(shell: Shell, wire: Wire) -> None:
    """As after a backup was restored."""
    follower = await shell.start("follow", ROOM, "--since", "1000")
    assert follower.process.stderr is not None
    async with asyncio.timeout(SECONDS):
        told = (await follower.process.stderr.readline()).decode()
    assert "the server went back to a backup" in told
    assert "after event 3; --since" in told  # alice's `join`
    await wire.tell(ROOM, "on")
    assert (await follower.line()).endswith("<bob> on")


async def test_follow_since(shell: Shell, wire: Wire) -> None:
    last = await _tell_many(wire, 230)
    status, output, _ = await shell.run("follow", ROOM, "--json", "--since", "all", "--count", "232")
    assert status == 0
    events = [json.loads(line) for line in output.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, 233))
    assert [event["text"] for event in events[2:]] == [str(number) for number in range(230)]
    _, output, _ = await shell.run("follow", ROOM, "--json", "--since", str(last - 2), "--count", "2")
    assert [json.loads(line)["text"] for line in output.splitlines()] == ["228", "229"]
    assert await shell.run("follow", ROOM, "--since", "all", "--count", "0") == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals_end_it_in_order(
    shell: Shell, server: RunningServer, wire: Wire, number: signal.Signals
) -> None:
    follower = await shell.start("follow", ROOM)
    await _joined(server)
    await wire.tell(ROOM, "hello")
    assert (await follower.line()).endswith("<bob> hello")
    assert await follower.stop(number) == (0, "", "")


async def test_a_signal_ends_it_in_the_midst_of_a_flood(shell: Shell, wire: Wire) -> None:
    await _tell_many(wire, 3000, "x" * 100)
    follower = await shell.start("follow", ROOM, "--since", "all")
    await follower.line()
    status, output, told = await follower.stop(signal.SIGTERM)
    assert (status, told) == (0, "")
    assert len(output.splitlines()) < 2990


async def test_hostile_text_cannot_reach_the_terminal(shell: Shell, wire: Wire) -> None:
    nasty = "".join(map(chr, range(160))) + "\x1b[2J\x1b]52;c;aGk=\x07\x9b31m\u202eevil\u2066\ufeff"
    await wire.tell(ROOM, nasty, "cid \x1b[2J\x9b31m\x7f")
    await wire.ask(frames.Topic(wire.new_id, ROOM, nasty), frames.Result)
    for form in ((), ("--json",)):
        _, output, _ = await shell.run("follow", ROOM, "--since", "2", "--count", "2", *form)
        assert "evil" in output
        unwanted = [one for one in output if ord(one) in (*range(9), *range(11, 32), *range(127, 160))]
        assert unwanted == []
        assert not set("\u202e\u2066\ufeff") & set(output)


async def test_output_that_cannot_show_a_letter(shell: Shell, wire: Wire) -> None:
    await wire.tell(ROOM, "Grüße 🎉")
    shell.env["PYTHONIOENCODING"] = "ascii"
    status, output, told = await shell.run("follow", ROOM, "--since", "2", "--count", "1")
    assert (status, told) == (0, "")
    assert output.endswith("<bob> Gr??e ?\n")
    _, output, _ = await shell.run("follow", ROOM, "--since", "2", "--count", "1", "--json")
    assert json.loads(output)["text"] == "Gr??e ?"


async def test_it_ends_when_nobody_reads_any_more(tmp_path: Path, server: RunningServer, wire: Wire) -> None:
    """Without waiting for something to write."""
    await wire.tell(ROOM, "hello")
    reading, writing = os.pipe()
    who = ("--name", "alice", "--server", str(server.address), "--since", "1", "--count", "99")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chat_tui", "follow", ROOM, *who),
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, **home(tmp_path)},
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        for _ in range(3):  # two joins and a message
            await asyncio.to_thread(pipe.readline)
    assert await Command(process).ended() == (0, "", "")


async def test_head_ends_it_without_a_word(shell: Shell, server: RunningServer, wire: Wire) -> None:
    await _tell_many(wire, 600)
    program = (
        f"{sys.executable} -m chat_tui follow '{ROOM}' --name alice --server {server.address} --since all"
    )
    piped = await asyncio.create_subprocess_shell(
        f"set -o pipefail; {program} | head -1",
        executable="/bin/bash",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **shell.env},
    )
    status, output, told = await Command(piped).ended()
    assert (status, told) == (0, "")
    assert len(output.splitlines()) == 1


async def test_follow_survives_restarts_of_the_server(
    shell_at: Callable[[Address], Shell], start_server: StartServer
) -> None:
    process = await start_server()
    address = process.address
    shell = shell_at(address)
    async with await Wire.connect(address) as wire:
        await wire.enter("bob", ROOM)
        follower = await shell.start("follow", ROOM, "--json", "--since", "0")
        seqs = [(await wire.tell(ROOM, str(number))).seq for number in range(3)]
        got = [(await follower.event())["seq"] for _ in range(4)]
        assert got[:2] == [1, 2]
    for kill in (False, False, True):
        await (process.kill() if kill else process.stop())
        assert "; trying again" in await follower.told()
        process = await start_server(listen=(str(address),))
        async with await Wire.connect(address) as wire:
            await wire.enter("bob", ROOM)
            seqs += [(await wire.tell(ROOM, str(number))).seq for number in range(60)]
        while len(got) < seqs[-1]:
            got.append((await follower.event())["seq"])
    assert got == list(range(1, seqs[-1] + 1))
    assert (await follower.stop(signal.SIGTERM))[:2] == (0, "")


async def test_follow_over_a_network_that_breaks(
    shell_at: Callable[[Address], Shell], server: RunningServer, wire: Wire
) -> None:
    proxy = Proxy(server.address)
    await proxy.start()
    follower = await shell_at(proxy.address).start("follow", ROOM, "--json", "--since", "all")
    assert (await follower.event())["seq"] == 1
    for number in range(40):
        if number % 20 == 10:
            proxy.cut_after(50, "down")
        await wire.tell(ROOM, str(number))
    got = [await follower.event() for _ in range(42)]
    assert [event["seq"] for event in got] == list(range(2, 44))
    await follower.kill()
    await proxy.stop()


async def test_a_room_that_one_is_taken_out_of(shell: Shell, server: RunningServer, wire: Wire) -> None:
    follower = await shell.start("follow", ROOM)
    await _joined(server)
    phone = await server.enter("alice")
    await phone.ask(frames.Leave(phone.new_id, ROOM), frames.Result)
    await wire.tell(ROOM, "not for alice")
    status, output, told = await follower.ended()
    assert (status, told) == (1, f"chat-tui: {ROOM} is not open to you any more\n")
    assert "not for alice" not in output


# --- what it costs


@pytest.mark.parametrize(
    "arguments", [("send", ROOM, "text"), ("follow", ROOM, "--count", "1", "--since", "0")]
)
async def test_neither_loads_the_screen(
    tmp_path: Path, server: RunningServer, wire: Wire, arguments: tuple[str, ...]
) -> None:
    await wire.tell(ROOM, "hello")
    program = (
        "import sys\nfrom chat_tui.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, *arguments, "--name", "alice", "--server", str(server.address)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **home(tmp_path)},
    )
    _, told = await process.communicate()
    assert process.returncode == 0
    loaded = set(told.decode().split())
    assert "chat_tui" in loaded
    assert not loaded & {"textual", "rich", "server", "tomlkit"}


async def test_version_and_help(tmp_path: Path) -> None:
    env = home(tmp_path)
    assert await (await Command.start("--version", env=env)).ended() == (0, "chat-tui 0.1.0\n", "")
    status, output, told = await (await Command.start("send", "--help", env=env)).ended()
    assert (status, told) == (0, "")
    assert "--cid" in output
