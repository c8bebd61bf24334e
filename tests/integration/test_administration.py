"""`chat-server user` and `chat-server invite`, as an operator runs them: beside a server and without one."""

import asyncio
import json
import os
import re
import stat
import sys
from pathlib import Path

import pytest

from protocol import errors, frames
from server.app import ADMIN_NAME
from tests.conftest import StartServer
from tests.support import preloaded
from tests.support.accounts import OTHER, PASSWORD
from tests.support.processes import ServerProcess
from tests.support.pty import Terminal
from tests.support.waiting import SECONDS
from tests.support.wire import Wire


def at(data: Path) -> tuple[str]:
    """A socket beside the data folder, for passwords and tokens."""
    return (f"unix:{data}.sock",)


class Operator:
    """Runs commands on one data folder; `server` runs beside them, or none does."""

    def __init__(self, data: Path, server: ServerProcess | None) -> None:
        self.data = data
        self.server = server

    async def run(self, command: str, *arguments: str, given: str = "") -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        data = ("--data", str(self.data))
        process = await preloaded.start("server", command, *arguments, *data, env=os.environ)
        async with asyncio.timeout(SECONDS):
            output, told = await process.communicate(given.encode())
        assert process.returncode is not None
        return process.returncode, output.decode(), told.decode()

    async def done(self, command: str, *arguments: str, given: str = "") -> str:
        """The output of a command that must succeed."""
        status, output, told = await self.run(command, *arguments, given=given)
        assert status == 0, told
        return output

    async def fails(self, command: str, *arguments: str, given: str = "") -> str:
        """The one line on stderr of a command that must not."""
        status, output, told = await self.run(command, *arguments, given=given)
        assert (status, output) == (1, "")
        assert told.startswith("chat-server: ")
        assert told.count("\n") == 1
        return told


@pytest.fixture(params=["beside a server", "without one"])
async def operator(request: pytest.FixtureRequest, start_server: StartServer, tmp_path: Path) -> Operator:
    """Each command has to work in both ways."""
    data = tmp_path / "data"
    if request.param == "without one":
        return Operator(data, None)
    return Operator(data, await start_server("--registration", "invite", data=data, listen=at(data)))


async def test_users(operator: Operator) -> None:
    assert await operator.done("user", "add", "Ann", given=f"{PASSWORD}\n") == (
        "Ann: an administrator, logged in on 0 devices\n"
    )
    await operator.done("user", "add", "bob", given=PASSWORD)
    assert "NAME_TAKEN" not in await operator.fails("user", "add", "BOB", given=PASSWORD)
    assert "at least 8 characters" in await operator.fails("user", "add", "eve", given="short\n")
    assert await operator.done("user", "admin", "bob") == "bob: an administrator, logged in on 0 devices\n"
    assert await operator.done("user", "admin", "bob", "--off") == "bob: a member, logged in on 0 devices\n"
    assert "switched off" in await operator.done("user", "disable", "bob")
    listed = (await operator.done("user", "list")).splitlines()
    assert [line.split()[:4] for line in listed] == [
        ["NAME", "ROLE", "PASSWORD", "DEVICES"],
        ["Ann", "admin", "yes", "0"],
        ["bob", "off", "yes", "0"],
    ]
    assert "switched off" not in await operator.done("user", "enable", "bob")
    assert "nobody here is called nobody" in await operator.fails("user", "disable", "nobody")


async def test_invitations(operator: Operator) -> None:
    await operator.done("user", "add", "ann", given=PASSWORD)
    code = (await operator.done("invite", "make", "--room", "lunch", "--uses", "2", "--days", "3")).strip()
    assert re.fullmatch("[a-z2-9]{20}", code)
    listed = await operator.done("invite", "list")
    assert "2 of 2" in listed
    assert "#lunch" in listed
    assert code not in listed
    number = listed.splitlines()[1].split()[0]
    if operator.server is not None:
        async with await Wire.connect(operator.server.address) as wire:
            await wire.register("bob", PASSWORD, code)
        assert "1 of 2" in await operator.done("invite", "list")
    await operator.done("invite", "end", number)
    assert await operator.done("invite", "list") == "ID  USES LEFT  UNTIL  BY  ROOM\n"
    assert "no invitation" in await operator.fails("invite", "end", number)


async def test_bans(operator: Operator) -> None:
    await operator.done("user", "add", "Ann", given=PASSWORD)
    await operator.done("user", "add", "bob", given=PASSWORD)
    told = (await operator.done("ban", "add", "bob", "--for", "2h", "--reason", "spam")).splitlines()
    assert told[0] == "bob is kept out"
    assert "not a person" in told[1]  # what a ban can't do
    await operator.done("ban", "add", "--address", "192.0.2.7/24")
    head, *listed = (await operator.done("ban", "list")).splitlines()
    assert head.split() == ["WHO", "SINCE", "UNTIL", "BY", "REASON"]
    bob, network = (line.split() for line in listed)
    assert (bob[0], bob[-2:], network[0], network[-2:]) == ("bob", ["-", "spam"], "192.0.2.0/24", ["-", "-"])
    assert "is an administrator" in await operator.fails("ban", "add", "Ann")
    assert "one of the two" in await operator.fails("ban", "add")
    assert "no address" in await operator.fails("ban", "add", "--address", "bob")
    await operator.done("ban", "lift", "bob")
    assert "is not banned" in await operator.fails("ban", "lift", "bob")
    assert len((await operator.done("ban", "list")).splitlines()) == 2


async def test_rooms(operator: Operator) -> None:
    done, fails = operator.done, operator.fails
    await done("user", "add", "Ann", given=PASSWORD)
    assert await done("room", "create", "Lunch") == "#lunch is there; who comes in first owns it\n"
    assert "needs" not in await done("room", "create", "#plans", "--private", "--owner", "ann")
    assert "give it an owner" in await fails("room", "create", "#hidden", "--private")
    assert "there already" not in await fails("room", "create", "lunch", "--owner", "nobody")
    assert "there is a room" in await fails("room", "create", "lunch")
    await done("room", "topic", "plans", "what next")
    await done("room", "visibility", "plans", "public")
    assert "needs an owner" not in await fails("room", "role", "plans", "nobody", "member")
    assert await done("room", "list") == (
        "NAME    KIND    MEMBERS  TOPIC\n#lunch  public  0\n#plans  public  1        what next\n"
    )
    shown = (await done("room", "show", "plans")).splitlines()
    assert shown[:2] == ["#plans: public, 1 members", "topic: what next"]
    assert shown[2].startswith("events: 4 stored, 0.0 MB; the newest is number 4")
    assert [line.split() for line in shown[-2:]] == [["MEMBER", "ROLE", "ONLINE"], ["Ann", "owner", "-"]]
    assert "--yes" in await fails("room", "delete", "plans")
    assert await done("room", "delete", "plans", "--yes") == "#plans is deleted\n"
    assert "no room #plans" in await fails("room", "show", "plans")

    lines = (await done("audit", "--room", "plans")).splitlines()
    assert [re.split("  +", line)[1:] for line in lines] == [
        ["WHO", "WHAT", "TO WHOM", "ROOM", "MORE"],
        ["-", "make room", "Ann", "#plans"],
        ["-", "topic", "-", "#plans"],
        ["-", "public", "-", "#plans"],
        ["-", "delete room", "-", "#plans", "4 events"],
    ]
    found = await done("audit", "--user", "ann", "--since", "1h", "--limit", "1", "--json")
    (told,) = map(json.loads, found.splitlines())
    assert (told["action"], told["target"], told["by"], told["user"]) == ("make room", "Ann", "", 0)
    assert "TIME" in await done("audit", "--action", "nothing")


async def test_somebody_must_type_the_name_of_a_room_to_delete_it(tmp_path: Path) -> None:
    operator = Operator(tmp_path / "data", None)
    await operator.done("user", "add", "ann", given=PASSWORD)
    await operator.done("room", "create", "lunch")
    command = [sys.executable, "-m", "server", "room", "delete", "lunch", "--data", str(operator.data)]
    for typed, status, said in (("lunhc", 1, "nothing was deleted"), ("#lunch", 0, "#lunch is deleted")):
        terminal = Terminal(command, os.environ)
        try:
            await terminal.sees("go on:")
            terminal.enter(typed)
            await terminal.sees(said)
            assert await terminal.ended() == status
        finally:
            terminal.close()


async def test_what_was_changed_without_a_server_is_so_in_the_next(
    start_server: StartServer, tmp_path: Path
) -> None:
    operator = Operator(tmp_path / "data", None)
    await operator.done("user", "add", "ann", given=PASSWORD)
    assert not (operator.data / ADMIN_NAME).exists()
    server = await start_server("--registration", "closed", data=operator.data, listen=at(operator.data))
    async with await Wire.connect(server.address) as wire:
        assert (await wire.log_in("ann", password=PASSWORD)).admin


async def test_sessions_of_a_running_server_feel_it_at_once(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = await start_server(data=tmp_path / "data", listen=at(tmp_path / "data"))
    operator = Operator(tmp_path / "data", server)
    assert stat.S_IMODE((operator.data / ADMIN_NAME).stat().st_mode) == 0o600
    async with await Wire.connect(server.address) as bob, await Wire.connect(server.address) as again:
        await bob.register("bob", PASSWORD)
        assert "now" in await operator.done("user", "list")
        assert "0 devices" in await operator.done("user", "password", "bob", given=OTHER)
        assert (await bob.ended()).code == errors.LOGGED_OUT
        await again.log_in("bob", password=OTHER)
        assert "0 devices" in await operator.done("user", "delete-devices", "bob")
        assert (await again.ended()).code == errors.LOGGED_OUT
    async with await Wire.connect(server.address) as bob:
        await bob.log_in("bob", password=OTHER)
        await operator.done("user", "disable", "bob")
        assert (await bob.ended()).code == errors.DENIED


async def test_what_a_killed_server_left_behind_is_no_hindrance(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = await start_server(data=tmp_path / "data", listen=at(tmp_path / "data"))
    await server.kill()
    assert (tmp_path / "data" / ADMIN_NAME).exists()
    await Operator(tmp_path / "data", None).done("user", "add", "ann", given=PASSWORD)


async def test_a_folder_without_a_chat_is_told_and_not_made(tmp_path: Path) -> None:
    operator = Operator(tmp_path / "typo", None)
    assert "there is no chat in" in await operator.fails("user", "list")
    assert not operator.data.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("user",),
        ("user", "add"),
        ("user", "add", "ann", "--password", PASSWORD),
        ("user", "nonsense"),
        ("invite", "make", "--uses", "0"),
        ("invite", "make", "--days", "x"),
    ],
)
async def test_what_is_called_wrongly_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    status, output, told = await Operator(tmp_path / "data", None).run(*arguments)
    assert (status, output) == (2, "")
    assert told.startswith(f"chat-server {arguments[0]}")
    assert told.endswith(" --help shows how)\n")
    assert told.count("\n") == 1


async def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "server", "user", "add", "ann", "--data", str(tmp_path / "data")]
    terminal = Terminal(command, os.environ)
    try:
        await terminal.sees("Password for ann:")
        terminal.enter(PASSWORD)
        await terminal.sees("Once more:")
        terminal.enter(PASSWORD)
        await terminal.sees("ann: an administrator")
        assert PASSWORD.encode() not in terminal.raw
    finally:
        terminal.close()


async def test_a_fresh_server_prints_one_code_and_tells_it_again_until_it_is_used(
    start_server: StartServer, tmp_path: Path
) -> None:
    codes = []
    for _ in range(2):
        server = await start_server(
            "--registration", "invite", data=tmp_path / "data", listen=at(tmp_path / "data")
        )
        assert server._process.stderr is not None
        line = (await server._process.stderr.readline()).decode()
        assert "there is no administrator yet" in line
        codes.append(line.split()[-1])
        if len(codes) == 2:
            async with await Wire.connect(server.address) as wire:
                await wire.hello()
                assert await wire.refused(frames.Register(1, "ann", PASSWORD, codes[0])) == errors.BAD_INVITE
                result = await wire.ask(frames.Register(2, "ann", PASSWORD, codes[1]), frames.LoginResult)
                assert result.admin
        await server.stop()
    server = await start_server(
        "--registration", "invite", data=tmp_path / "data", listen=at(tmp_path / "data")
    )
    assert (await server.stop())[2] == ""
