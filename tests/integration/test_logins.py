"""The client's logins: tokens that are kept, passwords that are given once, and what is never sent."""

import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client.errors import LoginError, RequestError
from chat_tui.client.identity import Attempt, Identity
from chat_tui.client.tokens import Saved, Tokens
from protocol import errors, frames
from protocol.frames import Result
from protocol.links import Link
from server.config import Address
from tests.support.accounts import OTHER, PASSWORD, administrator, login, refused, registered
from tests.support.clients import Person
from tests.support.commands import Shell
from tests.support.inprocess import RunningServer
from tests.support.places import Serve, own_address
from tests.support.pty import Terminal
from tests.support.waiting import until

ROOM = "#general"

Meet = Callable[..., Person]
"""Called with a server or its address, a name, and the folder of the tokens if they are on disk."""


@pytest.fixture
async def meet() -> AsyncIterator[Meet]:
    """People who are stopped when the test ends."""
    people: list[Person] = []

    def person(
        where: RunningServer | Address, name: str, folder: Path | None = None, attempt: Attempt | None = None
    ) -> Person:
        address = where.private_address if isinstance(where, RunningServer) else where
        who = Identity(str(address), name, Tokens(folder))
        if attempt is not None:
            who.use(attempt)
        people.append(Person(address, name, identity=who))
        return people[-1]

    yield person
    for one in people:
        await one.stop()


def asked(person: Person) -> LoginError:
    """What a person is asked for."""
    question = person.client.status.login
    assert question is not None, person.client.status
    return question


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]


def devices(server: RunningServer, name: str) -> int:
    user = server.context.state.user_called(name)
    return len(user.devices) if user is not None else 0


# --- the client


async def test_the_token_is_used_for_every_connection_after_the_first(
    server: RunningServer, meet: Meet
) -> None:
    bob = meet(server, "bob")
    await bob.start()
    for _ in range(3):
        seen = len(bob.statuses)
        bob.client._connection._transport.abort()  # type: ignore[union-attr]
        await until(lambda seen=seen: "online" in [one.phase for one in bob.statuses[seen:]])  # type: ignore[misc]
    assert devices(server, "bob") == 1


async def test_a_password_is_given_once_and_the_next_start_needs_none(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    await registered(server)
    first = meet(server, "ann", tmp_path / "tokens")
    first.begin()
    await first.phase("stopped")
    assert (asked(first).code, asked(first).entrance) == (errors.BAD_LOGIN, "open")
    first.client.identity.use(Attempt(OTHER))
    first.client.reconnect()
    await until(lambda: "don't go together" in first.client.status.reason)
    first.client.identity.use(Attempt(PASSWORD))
    first.client.reconnect()
    await first.phase("online")
    assert first.client.identity.registered
    await first.stop()
    second = meet(server, "ann", tmp_path / "tokens")
    await second.start()
    assert [status.phase for status in second.statuses] == ["connecting", "online"]
    (kept,) = contents(tmp_path / "tokens")
    assert PASSWORD.encode() not in kept


async def test_registering_is_a_login(serve: Serve, meet: Meet, tmp_path: Path) -> None:
    server = await serve("invite")
    ann = meet(server, "ann", tmp_path / "tokens", Attempt(PASSWORD, register=True, invite="wrong"))
    ann.begin()
    await ann.phase("stopped")
    assert (asked(ann).code, asked(ann).entrance) == (errors.BAD_INVITE, "invite")
    assert ann.client.identity.invite == "wrong"
    ann.client.identity.use(Attempt(PASSWORD, register=True, invite=await server.first_invite()))
    ann.client.reconnect()
    await ann.phase("online")
    assert ann.client.identity.admin
    await ann.stop()
    await meet(server, "ann", tmp_path / "tokens").start()


async def test_who_was_away_while_renamed_elsewhere_is_the_same_user(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    away = meet(server, "bob", tmp_path / "laptop")
    await away.start()
    user = away.client.user
    await away.stop()
    wire = await server.enter("bob")
    await wire.ask(frames.Nick(wire.new_id, "robert"), frames.LoginResult)
    back = meet(server, "bob", tmp_path / "laptop")
    await back.start()
    assert (back.client.user, back.client.name) == (user, "robert")
    assert [one.name for one in server.context.state.users.values()] == ["robert"]
    tokens = Tokens(tmp_path / "laptop")
    assert tokens.name_of(str(server.private_address), "bob") == "robert"
    back.client.say(ROOM, "still me")
    await back.settled()


async def test_who_gives_up_a_name_here_may_start_anew_under_it(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    bob = meet(server, "bob", tmp_path / "tokens")
    await bob.start()
    await bob.client.nick("robert")
    await bob.stop()
    for name in ("robert", "bob"):
        await meet(server, name, tmp_path / "tokens").start()
    assert sorted(one.name for one in server.context.state.users.values()) == ["bob", "robert"]


async def test_a_token_that_has_ended_stops_the_client_and_is_forgotten(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    bob = meet(server, "bob", tmp_path / "tokens")
    await bob.start()
    await bob.stop()
    (device,) = server.context.state.user_called("bob").devices  # type: ignore[union-attr]
    wire = await server.enter("bob")
    await wire.ask(frames.EndDevice(wire.new_id, device), Result)
    again = meet(server, "bob", tmp_path / "tokens")
    again.begin()
    await again.phase("stopped")
    assert asked(again).code == errors.TOKEN_ENDED
    assert "log in again" in again.client.status.reason
    assert contents(tmp_path / "tokens") == []
    again.client.identity.use(Attempt())  # the name is enough here, and a person has said so
    again.client.reconnect()
    await again.phase("online")


async def test_who_is_logged_out_elsewhere_is_told_at_once(server: RunningServer, meet: Meet) -> None:
    wire = await registered(server)
    ann = meet(server, "ann", None, Attempt(PASSWORD))
    await ann.start()
    await wire.ask(frames.ChangePassword(wire.new_id, OTHER, PASSWORD), Result)
    await ann.phase("stopped")
    assert asked(ann).code == errors.LOGGED_OUT
    assert "password was changed" in ann.client.status.reason
    ann.client.reconnect()
    await until(lambda: ann.client.status.login is not None and asked(ann).code == errors.BAD_LOGIN)
    ann.client.identity.use(Attempt(OTHER))
    ann.client.reconnect()
    await ann.phase("online")


async def test_another_store_at_the_same_address_is_a_new_beginning(serve: Serve) -> None:
    """Its token means nothing there, and nobody has logged this device out."""
    old = await serve(data="old")
    new = await serve(data="new")
    tokens = Tokens(None)
    token = (await login(old, "bob")).token
    bob = Person(new.private_address, "bob", identity=Identity("here", "bob", tokens))
    tokens.keep("bob", Saved("here", "bob", token, old.context.epoch))
    try:
        await bob.start()
        assert devices(new, "bob") == 1
    finally:
        await bob.stop()
    found = tokens.find("here", "bob")
    assert found is not None
    assert (found.token != token, found.epoch) == (True, new.context.epoch)


async def test_a_password_waits_for_an_answer(serve: Serve, meet: Meet) -> None:
    """A password is kept for the next attempt if the connection breaks before there is an answer."""
    server = await serve()
    await registered(server)
    address = server.private_address
    ann = meet(address, "ann", None, Attempt(PASSWORD))
    await server.stop()
    ann.begin()
    await ann.phase("waiting")
    assert ann.client.identity._attempt == Attempt(PASSWORD)
    assert PASSWORD not in repr(ann.client.identity._attempt)


async def test_a_disk_that_refuses_keeps_nobody_out(
    server: RunningServer, meet: Meet, tmp_path: Path
) -> None:
    (tmp_path / "tokens").mkdir(mode=0o500)
    if os.access(tmp_path / "tokens", os.W_OK):  # root writes everywhere
        (tmp_path / "tokens").rmdir()
        (tmp_path / "tokens").symlink_to("/proc/nothing")
    bob = meet(server, "bob", tmp_path / "tokens")
    await bob.start()
    assert "cannot keep the login" in bob.client.identity.problem


async def test_no_secret_leaves_where_others_can_read_along(serve: Serve, meet: Meet) -> None:
    server = await serve("open", host="0.0.0.0")
    await registered(server)
    address = own_address(server.address.port)
    ann = meet(address, "ann", None, Attempt(PASSWORD))
    ann.begin()
    await ann.phase("stopped")
    assert asked(ann).code == errors.NOT_PRIVATE
    assert "not encrypted" in ann.client.status.reason
    # With a name alone it gets in, and no token comes or goes.
    bob = meet(address, "bob")
    await bob.start()
    assert not bob.client.identity.known
    with pytest.raises(RequestError) as refusal:
        await bob.client.ask(frames.ChangePassword(1, PASSWORD))
    assert refusal.value.code == errors.NOT_PRIVATE
    assert server.context.state.user_called("bob").password == ""  # type: ignore[union-attr]


# --- the command line


@pytest.fixture
async def shell_at(tmp_path: Path) -> AsyncIterator[Callable[..., Shell]]:
    """Commands of a person, at any server; what still runs when the test ends is killed."""
    shells: list[Shell] = []

    def open_shell(server: RunningServer | Address, name: str = "ann") -> Shell:
        address = server.private_address if isinstance(server, RunningServer) else server
        shells.append(Shell(tmp_path / name, address, name))
        return shells[-1]

    yield open_shell
    for shell in shells:
        await shell.close()


ShellAt = Callable[..., Shell]


def token_files(shell: Shell) -> list[Path]:
    return list((Path(shell.env["XDG_DATA_HOME"]) / "chat-tui" / "tokens").glob("*"))


async def test_login_keeps_a_token_and_send_needs_nothing_more(
    server: RunningServer, shell_at: ShellAt
) -> None:
    await administrator(server)
    shell = shell_at(server)
    where = str(server.private_address)
    done = await shell.run("login", "--password-file", "-", given=f"{PASSWORD}\n".encode())
    assert done == (0, f"ann is logged in on {where}, an administrator\n", "")
    (kept,) = token_files(shell)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert await shell.run("send", ROOM, "hello") == (0, "", "")
    assert await shell.run("logout") == (0, f"ann is logged out of {where} here\n", "")
    assert token_files(shell) == []
    assert devices(server, "ann") == 1
    status, _, told = await shell.run("send", ROOM, "hello")
    assert status == 1
    assert "chat-tui login --name ann" in told
    assert (await shell.run("logout"))[2] == f"chat-tui: ann is not logged in on {where} here\n"


@pytest.mark.parametrize("how", ["environment", "file", "stdin"])
async def test_send_takes_a_password_from(
    server: RunningServer, shell_at: ShellAt, tmp_path: Path, how: str
) -> None:
    await registered(server)
    shell = shell_at(server)
    match how:
        case "environment":
            shell.env["CHAT_TUI_PASSWORD"] = PASSWORD
            done = await shell.run("send", ROOM, "hello")
            del shell.env["CHAT_TUI_PASSWORD"]
        case "file":
            (tmp_path / "secret").write_text(f"{PASSWORD}\nnot this\n")
            done = await shell.run("send", ROOM, "hello", "--password-file", str(tmp_path / "secret"))
        case _:
            done = await shell.run("send", ROOM, "hello", "--password-file", "-", given=PASSWORD.encode())
    assert done == (0, "", "")
    assert await shell.run("send", ROOM, "again") == (0, "", "")  # with the token


@pytest.mark.parametrize("command", ["send", "follow", "login"])
async def test_without_a_password_a_script_is_told_what_to_do(
    server: RunningServer, shell_at: ShellAt, command: str
) -> None:
    await registered(server)
    arguments = {"send": (ROOM, "hello"), "follow": (ROOM,), "login": ()}[command]
    status, output, told = await shell_at(server).run(command, *arguments)
    assert (status, output) == (1, "")
    assert "it needs its password" in told
    assert "CHAT_TUI_PASSWORD" in told
    assert told.count("\n") == 1


async def test_a_wrong_password_is_an_error_and_not_asked_again(
    server: RunningServer, shell_at: ShellAt
) -> None:
    await registered(server)
    shell = shell_at(server)
    shell.env["CHAT_TUI_PASSWORD"] = OTHER
    status, _, told = await shell.run("send", ROOM, "hello")
    assert status == 1
    assert "don't go together" in told
    assert OTHER not in told


async def test_a_token_that_has_ended_is_replaced_by_the_password_that_is_given(
    server: RunningServer, shell_at: ShellAt
) -> None:
    wire = await registered(server)
    shell = shell_at(server)
    shell.env["CHAT_TUI_PASSWORD"] = PASSWORD
    assert (await shell.run("login"))[0] == 0
    await wire.ask(frames.ChangePassword(wire.new_id, OTHER, PASSWORD), Result)
    shell.env["CHAT_TUI_PASSWORD"] = OTHER
    assert await shell.run("send", ROOM, "hello") == (0, "", "")


async def test_register_makes_an_account(serve: Serve, shell_at: ShellAt) -> None:
    server = await serve("invite")
    shell = shell_at(server)
    status, _, told = await shell.run("register")
    assert (status, "an account needs a password" in told) == (1, True)
    shell.env["CHAT_TUI_PASSWORD"] = PASSWORD
    assert "invitation" in (await shell.run("register"))[2]
    code = await server.first_invite()
    assert (await shell.run("register", "--invite", code))[0] == 0
    del shell.env["CHAT_TUI_PASSWORD"]
    assert await shell.run("send", ROOM, "hello") == (0, "", "")
    assert await refused(server, "ann") == errors.BAD_LOGIN


async def test_follow_logs_in_too(server: RunningServer, shell_at: ShellAt) -> None:
    wire = await registered(server)
    await wire.tell(ROOM, "hello")
    shell = shell_at(server)
    shell.env["CHAT_TUI_PASSWORD"] = PASSWORD
    status, output, told = await shell.run("follow", ROOM, "--since", "all", "--count", "3", "--json")
    assert (status, told) == (0, "")
    assert '"text": "hello"' in output
    assert devices(server, "ann") == 2


async def test_on_an_open_server_nobody_is_asked(server: RunningServer, shell_at: ShellAt) -> None:
    shell = shell_at(server, "bob")
    for _ in range(3):
        assert await shell.run("send", ROOM, "hello") == (0, "", "")
    assert devices(server, "bob") == 1


async def test_a_command_never_sends_a_password_where_others_can_read_along(
    serve: Serve, shell_at: ShellAt
) -> None:
    server = await serve("open", host="0.0.0.0")
    await registered(server)
    shell = shell_at(own_address(server.address.port))
    shell.env["CHAT_TUI_PASSWORD"] = PASSWORD
    for command in (("send", ROOM, "x"), ("login",), ("register",)):
        status, _, told = await shell.run(*command)
        assert status == 1
        assert "not encrypted" in told


async def test_a_renamed_user_is_found_by_the_old_name(server: RunningServer, shell_at: ShellAt) -> None:
    shell = shell_at(server, "bob")
    assert (await shell.run("send", ROOM, "one"))[0] == 0
    wire = await server.enter("bob")
    await wire.ask(frames.Nick(wire.new_id, "robert"), frames.LoginResult)
    for text in ("two", "three"):
        assert (await shell.run("send", ROOM, text))[0] == 0
    page = await wire.ask(frames.History(wire.new_id, ROOM), frames.HistoryResult)
    said = [event.sender for event in page.events if event.kind == frames.MESSAGE]
    assert said == ["bob", "robert", "robert"]


async def test_standard_input_is_one_thing_only(server: RunningServer, shell_at: ShellAt) -> None:
    status, _, told = await shell_at(server).run("send", ROOM, "-", "--password-file", "-", given=b"x")
    assert status == 2
    assert "both the text and the password" in told


async def test_at_a_terminal_the_password_is_asked_for_and_not_shown(
    server: RunningServer, shell_at: ShellAt
) -> None:
    await registered(server)
    shell = shell_at(server)
    who = ["--name", "ann", "--server", str(server.private_address)]
    command = [sys.executable, "-m", "chat_tui", "send", ROOM, "hello", *who]
    terminal = Terminal(command, {**os.environ, **shell.env})
    try:
        await terminal.sees("Password for ann:")
        terminal.enter(PASSWORD)
        assert await terminal.ended() == 0
        assert PASSWORD.encode() not in terminal.raw
    finally:
        terminal.close()
    assert await shell.run("send", ROOM, "again") == (0, "", "")


async def test_a_link_is_all_that_an_invited_person_needs(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data", listen=Address("127.0.0.1", 0, tls=True), registration="invite")
    await server.start()
    shell = Shell(tmp_path / "ann", None, "ann")
    try:
        assert server.certificate is not None
        code, pin = await server.first_invite(), server.certificate.pin
        link = str(Link("127.0.0.1", server.address.port, room="#general", invite=code, pin=pin))
        shell.env["CHAT_TUI_PASSWORD"] = PASSWORD
        status, _, told = await shell.run("register", "--server", link)
        assert status == 0, told
        del shell.env["CHAT_TUI_PASSWORD"]
        assert await shell.run("send", "--server", link, ROOM, "I am in") == (0, "", "")
        (ann,) = server.context.state.users.values()
        assert (ann.name, ann.admin) == ("ann", True)
    finally:
        await shell.close()
        await server.stop()
