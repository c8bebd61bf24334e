"""Accounts over real sockets, as somebody tries who should not get in, read along, or stop the others."""

import asyncio
import statistics
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from protocol import VERSION, codec, errors, frames
from protocol.frames import Result
from server.auth import passwords
from server.auth.passwords import Hasher
from server.config import Limits
from tests.conftest import StartServer
from tests.support.accounts import OTHER, PASSWORD, login, refused, registered
from tests.support.inprocess import RunningServer
from tests.support.places import Serve, own_address
from tests.support.wire import Wire

# --- guessing


def some(guesses: int = 3) -> Limits:
    return Limits(guesses_at_once=guesses)


async def test_who_guesses_a_password_has_to_wait_and_its_owner_has_not(serve: Serve) -> None:
    server = await serve("open", some())
    made = await login(server, "eve")
    owner = await server.connect()
    mine = await owner.register("ann", PASSWORD)
    server.context.accounts.login_attempts._known.clear()  # nobody has come in from here lately
    for _ in range(3):
        assert await refused(server, "ann", password=OTHER) == errors.BAD_LOGIN
    wire = await server.connect()
    await wire.hello()
    wire.send(frames.Login(1, "ann", password=PASSWORD))
    answer = await wire.answer(1)
    assert isinstance(answer, frames.Error)
    assert answer.code == errors.RATE_LIMITED
    assert answer.retry_after is not None
    assert 0 < answer.retry_after <= 10_000
    # A token needs no guess, and says that its owner is here: then only what was guessed here counts.
    await login(server, "ann", token=mine.token)
    await login(server, "ann", password=PASSWORD)
    await login(server, "eve", token=made.token)
    server.clock.seconds += 60
    assert await refused(server, "bob", password=OTHER) == errors.BAD_LOGIN


async def test_right_passwords_cost_nothing(serve: Serve) -> None:
    server = await serve("open", some(2))
    await registered(server)
    for _ in range(6):
        await login(server, "ann", password=PASSWORD)


async def test_guesses_on_many_connections_at_once_all_count(serve: Serve) -> None:
    server = await serve("open", some())
    await registered(server)
    server.context.accounts.login_attempts._known.clear()
    wires = [await server.connect() for _ in range(10)]
    for wire in wires:
        await wire.hello()
        wire.send(frames.Login(1, "ann", password=OTHER))
    answers = [await wire.answer(1) for wire in wires]
    codes = [answer.code for answer in answers if isinstance(answer, frames.Error)]
    assert codes.count(errors.BAD_LOGIN) == 3
    assert codes.count(errors.RATE_LIMITED) == 7


async def test_the_old_password_is_not_guessed_on_an_open_session_either(serve: Serve) -> None:
    server = await serve("open", some())
    wire = await registered(server)
    codes = [
        await wire.refused(frames.ChangePassword(wire.new_id, OTHER, f"{OTHER} {number}"))
        for number in range(4)
    ]
    assert codes == [errors.BAD_LOGIN] * 3 + [errors.RATE_LIMITED]


async def test_invitations_are_not_guessed(serve: Serve) -> None:
    server = await serve("invite", some())
    code = await server.first_invite()
    wire = await server.connect()
    await wire.hello()
    codes = [await wire.refused(frames.Register(wire.new_id, "eve", PASSWORD, "guess")) for _ in range(4)]
    assert codes == [errors.BAD_INVITE] * 3 + [errors.RATE_LIMITED]
    server.clock.seconds += 60
    await wire.ask(frames.Register(wire.new_id, "ann", PASSWORD, code), frames.LoginResult)


async def test_too_many_logins_at_once_are_told_to_come_again(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "QUEUE", 4)
    wires = [await server.connect() for _ in range(8)]
    for wire in wires:
        await wire.hello()
        wire.send(frames.Login(1, "nobody", password=OTHER))
    answers = [await wire.answer(1) for wire in wires]
    busy = [answer for answer in answers if isinstance(answer, frames.Error) and answer.retry_after]
    assert len(busy) == 4
    assert {answer.code for answer in busy} == {errors.RATE_LIMITED}
    assert await refused(server, "nobody", password=OTHER) == errors.BAD_LOGIN


async def test_hashing_passwords_does_not_keep_the_others_waiting(server: RunningServer) -> None:
    ann = await server.enter("ann")
    wires = [await server.connect() for _ in range(20)]
    for wire in wires:
        await wire.hello()
        wire.send(frames.Login(1, "nobody", password=OTHER))
    await server.until(lambda: server.context.accounts.hasher._waiting == len(wires))
    done = 0
    while server.context.accounts.hasher._waiting:
        await ann.tell("#general", "hello")
        done += 1
    assert done > 20  # each takes some milliseconds, and the hashes half a second
    for wire in wires:
        assert isinstance(await wire.answer(1), frames.Error)


async def test_the_time_of_an_answer_does_not_tell_whether_there_is_such_a_user(
    start_server: StartServer, tmp_path: Path
) -> None:
    process = await start_server(listen=(f"unix:{tmp_path}/s",))
    async with await Wire.connect(process.address) as wire:
        await wire.register("ann", PASSWORD)
    async with await Wire.connect(process.address) as wire:
        await wire.log_in("open")
    taken: dict[str, list[float]] = {"ann": [], "nobody": [], "open": []}
    async with await Wire.connect(process.address) as wire:
        await wire.hello()
        texts = set()
        for _ in range(15):
            for name, times in taken.items():
                began = time.perf_counter()
                number = wire.new_id
                wire.send(frames.Login(number, name, password=OTHER))
                answer = await wire.answer(number)
                times.append(time.perf_counter() - began)
                assert isinstance(answer, frames.Error)
                texts.add((answer.code, answer.text))
    assert len(texts) == 1
    middle = sorted(statistics.median(times) for times in taken.values())
    assert middle[-1] < 2 * middle[0], taken  # without the work for nobody it is thirty times


# --- secrets stay secret


async def test_secrets_are_in_the_store_as_hashes_only_and_not_in_the_log(
    start_server: StartServer, tmp_path: Path
) -> None:
    process = await start_server(
        "--registration", "invite", data=tmp_path / "chat", listen=(f"unix:{tmp_path}/s",)
    )
    assert process._process.stderr is not None
    printed = (await process._process.stderr.readline()).decode()
    code = printed.split()[-1]
    secrets = [PASSWORD, OTHER, code]
    async with await Wire.connect(process.address) as wire:
        secrets.append((await wire.register("ann", PASSWORD, code)).token)
        await wire.ask(frames.ChangePassword(9, OTHER, PASSWORD), Result)
        secrets.append((await wire.ask(frames.MakeInvite(10), frames.MakeInviteResult)).code)
        wire.send_map({"t": "login", "id": 11, "name": "ann", "password": [OTHER]})
        wire.send_map({"t": "register", "id": 12, "name": 5, "password": OTHER, "invite": secrets[-1]})
        wire.send_map({"t": "password", "id": 13, "new": OTHER, "old": {"x": PASSWORD}})
        for number in (11, 12, 13):
            answer = await wire.answer(number)
            assert isinstance(answer, frames.Error)
            assert not any(secret in answer.text for secret in secrets)
    async with await Wire.connect(process.address) as wire:
        secrets.append((await wire.log_in("ann", password=OTHER)).token)
    stored = b"".join(
        path.read_bytes()
        for path in (tmp_path / "chat").iterdir()
        if path.name not in ("admin.json", "admin.sock")
    )
    _, output, log = await process.stop()
    stored += b"".join(path.read_bytes() for path in (tmp_path / "chat").iterdir())
    assert b"$argon2id$" in stored
    for secret in secrets:
        assert secret.encode() not in stored
        assert secret not in output + log
    assert not (tmp_path / "chat" / "admin.json").exists()
    assert (tmp_path / "chat" / "chat.sqlite3").stat().st_mode & 0o077 == 0


async def test_a_hash_from_weaker_days_is_made_anew(server: RunningServer) -> None:
    wire = await registered(server)
    user = server.context.state.user_called("ann")
    assert user is not None
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    user.password = weak
    assert await refused(server, "ann", password=OTHER) == errors.BAD_LOGIN
    assert user.password == weak
    await login(server, "ann", password=PASSWORD)
    assert "m=19456,t=2,p=1" in user.password
    await login(server, "ann", password=PASSWORD)
    assert await wire.settled() == []


async def test_the_work_of_a_hash_is_that_of_owasp() -> None:
    hasher = Hasher()
    made = await hasher.hash(PASSWORD)
    hasher.close()
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize("loopback", [True, False], ids=["loopback", "network"])
async def test_no_secret_is_taken_or_told_where_others_can_read_along(
    serve: Serve, *, loopback: bool
) -> None:
    """Plain loopback is no better than the network: who listens there may be any user of the computer."""
    server = await serve("open", host="127.0.0.1" if loopback else "0.0.0.0")
    made = await registered(server)
    token = (await login(server, "bob")).token
    async with await Wire.connect(server.address if loopback else own_address(server.address.port)) as wire:
        await wire.hello()
        assert await wire.refused(frames.Register(1, "eve", PASSWORD)) == errors.NOT_PRIVATE
        assert await wire.refused(frames.Login(2, "ann", password=PASSWORD)) == errors.NOT_PRIVATE
        assert await wire.refused(frames.Login(3, "bob", token=token)) == errors.NOT_PRIVATE
        result = await wire.ask(frames.Login(4, "bob"), frames.LoginResult)
        assert (result.token, result.device) == ("", "")
        assert await wire.refused(frames.ChangePassword(5, PASSWORD)) == errors.NOT_PRIVATE
        assert (await wire.ask(frames.Devices(6), frames.DevicesResult)).devices[0].current is False
        wire.send(frames.Logout(7))
        assert (await wire.ended()).code == errors.LOGGED_OUT
    assert await made.settled() == []
    await login(server, "bob", token=token)  # that one lives


# --- strange frames


@pytest.mark.parametrize(
    "fields",
    [
        {"t": "login", "name": "ann", "token": 5},
        {"t": "login", "name": "ann", "password": None},
        {"t": "login", "name": "ann", "password": b"bytes and bytes"},
        {"t": "register", "name": "ann"},
        {"t": "register", "name": "ann", "password": ["x"] * 8},
        {"t": "register", "name": "ann", "password": PASSWORD, "invite": 7},
        {"t": "register", "name": "", "password": PASSWORD},
        {"t": "register", "name": "x" * 200, "password": PASSWORD},
    ],
    ids=str,
)
async def test_wrong_types_before_login(server: RunningServer, fields: dict[str, object]) -> None:
    wire = await server.connect()
    await wire.hello()
    wire.send_map({"id": 5, **fields})
    answer = await wire.answer(5)
    assert isinstance(answer, frames.Error)
    assert answer.code in (errors.BAD_FRAME, errors.BAD_NAME)
    assert not server.context.state.users
    await wire.ask(frames.Login(6, "ann"), frames.LoginResult)


@pytest.mark.parametrize(
    "fields",
    [
        {"t": "password"},
        {"t": "password", "new": 5},
        {"t": "end_device"},
        {"t": "end_device", "device": ["x"]},
        {"t": "end_device", "device": "x" * 129},
        {"t": "make_invite", "uses": 0},
        {"t": "make_invite", "uses": 10_001},
        {"t": "make_invite", "uses": True},
        {"t": "make_invite", "days": -1},
        {"t": "make_invite", "days": 2**60},
        {"t": "make_invite", "room": 5},
        {"t": "end_invite", "invite": None},
        {"t": "add_user", "name": "x"},
        {"t": "set_admin", "name": "ann", "admin": "yes"},
        {"t": "set_disabled", "name": "ann", "disabled": 1},
    ],
    ids=str,
)
async def test_wrong_types_after_login(server: RunningServer, fields: dict[str, object]) -> None:
    wire = await registered(server)
    wire.send_map({"id": 5, **fields})
    answer = await wire.answer(5)
    assert isinstance(answer, frames.Error)
    assert answer.code in (errors.BAD_FRAME, errors.UNKNOWN_TYPE)
    assert await wire.settled() == []


async def test_a_login_that_is_cut_off_harms_nobody(server: RunningServer) -> None:
    """Its connection goes while its password is being looked at."""
    await registered(server)
    for _ in range(5):
        wire = await Wire.connect(server.private_address)
        wire.send(frames.Hello([VERSION]), frames.Login(1, "ann", password=PASSWORD))
        await wire.writer.drain()
        wire.writer.transport.abort()
    await server.until(lambda: not server.context._working)
    await login(server, "ann", password=PASSWORD)


async def test_a_server_that_stops_answers_the_logins_that_are_under_way(server: RunningServer) -> None:
    wires = [await server.connect() for _ in range(4)]
    for wire in wires:
        await wire.hello()
        wire.send(frames.Register(1, f"user{wires.index(wire)}x", PASSWORD))
    await server.until(lambda: len(server.context._working) == 4)
    reading = [asyncio.create_task(wire.rest()) for wire in wires]
    server._server.stop()
    assert server._waiting is not None
    await server._waiting
    for task in reading:
        answer, bye = await task
        assert isinstance(answer, frames.Ok), answer
        assert codec.convert(answer.result, frames.LoginResult).token
        assert isinstance(bye, frames.Bye)
    server._waiting = None
