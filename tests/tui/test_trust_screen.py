"""A server that nobody knows, on the screen: one question, whose answer is no unless a person says yes."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat_tui import config, endpoints
from chat_tui.client.known import KnownServers
from chat_tui.client.trust import Trust, UnknownServerError
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.trust import TrustScreen
from protocol import links
from server.config import Address
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, open_chat, running

DAEMON = 1
"""A user that every Linux has."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server with TLS."""
    running = RunningServer(tmp_path / "data", listen=Address("127.0.0.1", 0, tls=True))
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


def known() -> KnownServers:
    return KnownServers(config.known_servers_file())


async def asked(chat: Chat) -> None:
    """Wait for the question."""
    await chat.until(lambda: isinstance(chat.app.screen, TrustScreen) and "Trust" in chat.text(), "it asks")


def at(server: RunningServer) -> endpoints.RemoteServer | endpoints.LocalServer:
    return endpoints.endpoint(f"tls://{server.address}")


async def test_a_person_who_has_compared_says_yes(server: RunningServer) -> None:
    async with open_chat(at(server), wait=False) as chat:
        await asked(chat)
        shown = " ".join(chat.text().replace("│", " ").split())
        for part in (
            str(server.address),
            "self-signed certificate",
            links.grouped(server.certificate.pin),
            "chat-server pin",
        ):
            assert part in shown
        await chat.press("tab", "enter")
        await chat.online()
    assert known().find(str(server.address)) == server.certificate.pin
    async with open_chat(at(server)) as chat:
        assert chat.status.startswith("● alice")


@pytest.mark.parametrize("keys", [["enter"], ["escape"], ["right", "left", "enter"]], ids="+".join)
async def test_whoever_does_nothing_in_particular_says_no(server: RunningServer, keys: list[str]) -> None:
    async with open_chat(at(server), wait=False, size=(100, 30)) as chat:
        await asked(chat)
        await chat.press(*keys)
        await chat.sees("is not known here", "#log")
        assert chat.status.startswith("✕ not connected, /reconnect tries again")
        assert "chat-tui trust" in " ".join(chat.messages())
        assert not config.known_servers_file().exists()
        assert server.context.state.user_called("alice") is None
        await chat.enter("/reconnect")
        await asked(chat)
        await chat.press("right", "enter")
        await chat.online()


async def test_one_can_leave(server: RunningServer) -> None:
    async with open_chat(at(server), wait=False) as chat:
        await asked(chat)
        await chat.press("ctrl+q")
        await chat.until(lambda: chat.app._exit, "it ends")


async def test_on_a_tiny_screen_one_can_at_least_answer(server: RunningServer) -> None:
    async with open_chat(at(server), wait=False, size=(40, 12)) as chat:
        await asked(chat)
        assert "Cancel" in chat.text()


async def test_a_file_that_cannot_be_written_is_told(server: RunningServer) -> None:
    async with open_chat(at(server), wait=False, size=(100, 30)) as chat:
        await asked(chat)
        config.known_servers_file().mkdir(parents=True)
        await chat.press("tab", "enter")
        await chat.sees("cannot read", "#log")
        assert chat.client.status.phase == "stopped"


async def test_a_changed_key_says_all_that_is_known_and_has_no_key_to_go_on(server: RunningServer) -> None:
    other = f"sha256:{'3f' * 32}"
    known().remember(str(server.address), other)
    async with open_chat(at(server), wait=False, size=(100, 30)) as chat:
        await chat.sees("does not show the key it is known", "#log")
        shown = " ".join(chat.messages())
        for part in (
            links.grouped(other),
            links.grouped(server.certificate.pin),
            "ask who runs it",
            f"chat-tui forget {server.address}",
        ):
            assert part in shown
        assert chat.status.startswith("✕ not connected")
        assert not isinstance(chat.app.screen, TrustScreen)
        known().forget(str(server.address))
        await chat.enter("/reconnect")
        await asked(chat)


async def test_a_hostile_certificate_cannot_reach_the_terminal(server: RunningServer) -> None:
    trust = Trust("host:1", known())
    question = UnknownServerError(trust, server.certificate.pin, "[bold]nothing[/] [@click=app.quit]x[/]")
    known().remember(str(server.address), server.certificate.pin)
    async with open_chat(at(server)) as chat:
        await chat.app.push_screen(TrustScreen(question))
        await asked(chat)
        assert "[bold]nothing[/] [@click=app.quit]x[/]" in " ".join(chat.text().replace("│", " ").split())


@pytest.mark.parametrize("size", [(80, 24), (60, 15)], ids=str)
async def test_it_fits(server: RunningServer, size: tuple[int, int]) -> None:
    async with open_chat(at(server), wait=False, size=size) as chat:
        await asked(chat)
        digits = links.grouped(server.certificate.pin)
        shown = " ".join(chat.text().replace("│", " ").split())
        assert digits in shown
        assert "Cancel" in shown


# --- a Unix socket


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("size", [(100, 30), (60, 15)], ids=str)
async def test_a_socket_of_another_user_is_asked_about_by_that_user(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, DAEMON, DAEMON)
    server = RunningServer(folder / "data")
    await server.start()
    place = f"unix:{server.private_address.path}"
    async with open_chat(endpoints.endpoint(place), wait=False, size=size) as chat:
        await asked(chat)
        shown = "".join(chat.text().replace("│", " ").split())
        assert place in shown
        assert "daemon" in shown
        assert "certificate" not in shown
        assert "Cancel" in shown
        await chat.press("enter")
        await chat.until(lambda: chat.client.status.phase == "stopped", "the answer was no")
        assert server.context.state.user_called("alice") is None
        await chat.enter("/reconnect")
        await asked(chat)
        await chat.press("tab", "enter")
        await chat.online()
    assert known().find(place) == "user:1"
    await server.stop()


# --- links


async def test_a_link_leads_into_its_room_and_is_remembered(server: RunningServer) -> None:
    link = f"chat://{server.address}/#deploys?pin={server.certificate.pin}"
    config.remember(name="alice", server="local", theme="chat-light")
    async with running(ChatApp(config.load(), server=link, keep=True)) as chat:
        await chat.online()
        await chat.until(lambda: chat.topic.startswith("#deploys"), "it is in the room")
        assert chat.rooms == ["1 #deploys", "2 #general"]
    assert config.load() == Settings("alice", f"tls://{server.address}", "chat-light")
    async with running(ChatApp(config.load())) as chat:
        await chat.online()
        assert chat.topic.startswith("#general")


async def test_a_link_on_the_first_run(server: RunningServer) -> None:
    link = f"chat://{server.address}/#deploys?pin={server.certificate.pin}"
    async with running(ChatApp(Settings())) as chat:
        await chat.sees("join a server at")
        await chat.press(*["backspace"] * 20)
        await chat.type("zoe")
        await chat.press("tab", "tab")
        await chat.paste(link)
        await chat.press("enter")
        await chat.online()
        await chat.until(lambda: chat.topic.startswith("#deploys"), "it is in the room")
    assert config.load() == Settings("zoe", f"tls://{server.address}")


async def test_a_server_on_the_command_line_is_not_remembered(server: RunningServer) -> None:
    link = f"chat://{server.address}/?pin={server.certificate.pin}"
    config.remember(name="alice", server="local")
    async with running(ChatApp(config.load(), server=link)) as chat:
        await chat.online()
    assert config.load() == Settings("alice", "local")
