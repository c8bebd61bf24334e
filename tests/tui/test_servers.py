"""Several servers side by side in one program."""

import asyncio
import socket
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_tui import config
from chat_tui.client import client
from chat_tui.client.outbox import Outbox
from chat_tui.commands import connection_summary
from chat_tui.config import Place as Remembered
from chat_tui.config import Settings, server_list
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.login import LoginScreen
from chat_tui.tui.screens.switcher import Switcher
from chat_tui.tui.screens.trust import TrustScreen
from server.config import Address
from tests.support.inprocess import RunningServer
from tests.support.proxy import Proxy
from tests.support.screen import Chat, Place, open_chat, running


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A second server."""
    running = RunningServer(tmp_path / "other")
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


def on(chat: Chat, where: object) -> bool:
    """Whether that server is the one in view, and connected."""
    return chat.client.endpoint.label == str(where) and chat.client.status.phase == "online"


def written() -> dict[str, Any]:
    return tomllib.loads(config.config_file().read_text())


async def test_two_servers(place: Place, server: RunningServer, other: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await other.enter("carol", "#general", "#cats")
    async with open_chat(place, size=(100, 24)) as chat:
        home = chat.main
        assert "Servers" not in chat.text("#rooms")
        await chat.press("f12")
        await chat.sees("There is no other server", "#log")
        await chat.enter("/disconnect")
        await chat.sees("This is your only server", "#log")

        # one more
        await chat.enter(f"/connect {other.address}")
        await chat.until(lambda: on(chat, other.address), "the other one is in view")
        away = chat.main
        assert away is not home
        await chat.online()
        await chat.until(lambda: written().get("servers") == [str(other.address)], "it is remembered")
        await chat.sees("● chat.exampl", "#rooms")
        await chat.enter("/join #cats")
        await chat.until(lambda: chat.topic.startswith("#cats"), "in a room there")
        await chat.type("half a message")

        # what happens on the one that is not in view
        drawn = home.panes.messages.drawn_to
        await bob.tell("#general", "one")
        await chat.sees(" 1", "#rooms")
        assert chat.rooms[-1].endswith("1")
        assert home.panes.messages.drawn_to == drawn  # it has drawn nothing
        await chat.until(
            lambda: chat.main.servers.title._shown.startswith("(1 new) #cats"), "the title counts it"
        )
        await bob.tell("#general", "alice: come and see")
        await chat.until(
            lambda: "bob in #general on chat.example.org: alice: come" in chat.toasts, "told where"
        )
        assert chat.bells == 1
        await chat.enter("!")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        assert other.context.state.rooms["#cats"].head > server.context.state.rooms["#deploys"].head

        # there and back: room, draft and place are kept
        await chat.type("another")
        await chat.press("alt+s")
        await chat.until(lambda: chat.main is home, "back")
        await chat.sees("come and see", "#log")
        await chat.until(lambda: not home.client.rooms["#general"].unread, "it is read now")
        await chat.press("f12")
        await chat.until(lambda: chat.main is away, "there again")
        assert chat.composer.text == "another"
        assert chat.composer.has_focus
        assert chat.topic.startswith("#cats")
        chat.composer.put("")

        # by name, by number, by the mouse, by the switcher
        await chat.enter("/servers")
        await chat.sees(f"  1 {place.label}", "#log")
        await chat.sees(f"· 2 {other.address}", "#log")
        await chat.enter("/server chat.ex")
        await chat.until(lambda: chat.main is home, "by its name")
        await chat.enter("/server 2")
        await chat.until(lambda: chat.main is away, "by its number")
        await chat.enter("/server nowhere")
        await chat.sees("You are on no server like nowhere", "#log")
        lines = chat.lines("#rooms")
        await chat.pilot.click(
            "#rooms", offset=(3, next(y for y, line in enumerate(lines) if "chat.ex" in line))
        )
        await chat.until(lambda: chat.main is home, "by a click")
        await chat.press("ctrl+k")
        await chat.until(lambda: isinstance(chat.app.screen, Switcher), "the switcher is open")
        await chat.type("#cats")
        await chat.sees(f"on {other.address}")
        await chat.press("enter")
        await chat.until(lambda: chat.main is away and chat.topic.startswith("#cats"), "by the switcher")

        # the same again
        await chat.press("f12")
        await chat.enter(f"/connect {other.address}")
        await chat.until(lambda: chat.main is away, "there is one only")
        await chat.sees("already", "#log")

        # away from it
        await chat.enter("/disconnect")
        await chat.until(lambda: chat.main is home, "the first one is in view")
        await chat.sees(f"You have left {other.address}", "#log")
        await chat.until(lambda: not away.is_attached, "it is taken down")
        assert "Servers" not in chat.text("#rooms")
        assert written()["servers"] == []
        assert home.client.status.phase == "online"
        await other.until(lambda: [user.name for user in other.context.hub.online()] == ["carol"])


async def test_what_another_server_asks_waits_until_one_goes_there(
    place: Place, tmp_path: Path, other: RunningServer
) -> None:
    closed = RunningServer(tmp_path / "closed", registration="closed")
    unknown = RunningServer(tmp_path / "unknown", listen=Address("127.0.0.1", 0, tls=True))
    for one in (closed, unknown):
        await one.start()
    places = (str(other.address), "no place", str(closed.address), f"tls://{unknown.address}")
    try:
        async with open_chat(place, settings=Settings(servers=places), size=(120, 24)) as chat:
            for text in (f"● {other.address}", " log in", " trust it?"):
                await chat.sees(text, "#rooms")
            assert chat.main.is_active
            assert "alice on chat.example.org" in chat.status
            await chat.sees("no place: ", "#log")
            await chat.press("f12")
            await chat.until(lambda: on(chat, other.address), "the second one")
            await chat.press("f12")
            await chat.until(lambda: isinstance(chat.app.screen, LoginScreen), "it asks who one is")
            await chat.press("escape")
            await chat.until(lambda: chat.main.is_active, "not now")
            await chat.press("f12")
            await chat.until(
                lambda: isinstance(chat.app.screen, TrustScreen), "it asks whether it is the one"
            )
            await chat.press("escape")
            await chat.until(lambda: chat.main.is_active, "no")
            await chat.press("f12")
            await chat.until(lambda: "alice on chat.example.org" in chat.status, "round once")
            await chat.press("f12", "f12")
            await chat.until(lambda: str(closed.address) == chat.client.endpoint.label, "there again")
            await chat.sees("Servers", "#rooms")
            assert chat.main.is_active  # it has asked
            await chat.enter("/disconnect tls")
            await chat.sees("You are on no server like tls", "#log")
            await chat.enter("/disconnect 4")
            await chat.sees(f"You have left {unknown.address}", "#log")
            assert len(chat.main.servers.clients) == 3
    finally:
        for one in (closed, unknown):
            await one.stop()


async def test_nobody_waits_longer_to_leave_three_servers_than_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CLOSE_SECONDS", 2.0)
    servers = [RunningServer(tmp_path / str(number)) for number in range(3)]
    proxies = []
    for server in servers:
        await server.start()
        proxies.append(Proxy(server.address))
        await proxies[-1].start()
    first, *others = [str(proxy.address) for proxy in proxies]
    app = ChatApp(Settings(name="alice", server=first, servers=tuple(others)))
    try:
        async with running(app) as chat:
            await chat.online()
            for server in servers[1:]:
                bob = await server.enter("bob", "#general")
                await bob.tell("#general", "read this")
            clients = app._servers.clients
            await chat.until(
                lambda: sum(connection_summary.unread(one)[0] for one in clients) == 2, "it came"
            )
            for proxy in proxies:
                proxy.stall()
            for _ in servers:
                await chat.type("unsent")
                await chat.press("f12")
            await chat.until(lambda: not any(map(sum, map(connection_summary.unread, clients))), "it is read")
            loop = asyncio.get_running_loop()
            began = loop.time()
            await chat.press("ctrl+q")
        assert loop.time() - began < 3.5  # two that would be told what was read, and take nothing
        for label in (first, *others):
            assert Outbox(config.outbox_file(), label, "alice").drafts() == {"#general": "unsent"}
    finally:
        for proxy in proxies:
            await proxy.stop()
        for server in servers:
            await server.stop()


def test_what_is_remembered() -> None:
    config.remember(name="alice", server="chat.example.org")
    server_list.add("chat.example.org:7777")  # it is the first one
    server_list.add("b:1", "alice")
    server_list.add("c:1", "alicia")
    assert config.load().servers == ("b:1", Remembered("c:1", "alicia"))
    server_list.first("b:1")
    assert (config.load().server, len(config.load().servers)) == ("b:1", 2)
    assert server_list.beside(config.load())[0] == Remembered("chat.example.org")
    server_list.forget("chat://b:1")
    server_list.forget("c:1")
    assert config.load() == Settings(name="alice", server="chat.example.org")
    server_list.first("d:1")
    config.remember(server=config.LOCAL, servers=[])
    server_list.first("e:1")
    assert not config.load().servers  # nobody starts a server at home for ever who was there once


async def _give_up(chat: Chat, closed_port: int) -> None:
    """Try an address where nobody listens."""
    await chat.enter(f"/connect 127.0.0.1:{closed_port}")
    await chat.until(lambda: len(chat.main.servers.screens) == 2 and chat.main.query("#log"), "it is opened")
    await chat.sees("it is not remembered yet", "#log")
    assert "servers" not in written()
    await chat.enter("/disconnect")
    await chat.sees(f"You have left 127.0.0.1:{closed_port}", "#log")


async def test_an_address_is_remembered_once_it_has_answered(place: Place, other: RunningServer) -> None:
    async with open_chat(place, size=(140, 24)) as chat:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            closed_port = nobody.getsockname()[1]
            await _give_up(chat, closed_port)
        await chat.enter(f"/connect {other.address}")
        await chat.until(lambda: on(chat, other.address), "connected")
        await chat.until(lambda: written().get("servers") == [str(other.address)], "it is remembered")
