"""The first start: two questions, and never again."""

import getpass
import socket
from collections.abc import Iterator

import pytest

from chat_tui import config
from chat_tui.config import Settings
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.first_run import FirstRun
from tests.support.accounts import registered
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, running


async def asked(chat: Chat) -> None:
    """Wait for the questions."""
    await chat.until(lambda: isinstance(chat.app.screen, FirstRun) and "Welcome" in chat.text(), "it asks")


@pytest.fixture(autouse=True)
def login_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests is called `zoe`."""
    monkeypatch.setenv("LOGNAME", "zoe")


async def test_enter_takes_the_login_name_and_opens_general_on_this_computer(place: Place) -> None:
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await asked(chat)
        assert getpass.getuser() == "zoe"
        shown = chat.text()
        assert "Your name" in shown
        assert "zoe" in shown
        assert "on this computer" in shown
        assert "host:port" in shown
        await chat.press("enter")
        await chat.online()
        assert chat.topic.startswith("#general")
        assert chat.status.startswith("● zoe")
    assert config.load() == Settings(name="zoe", server="local")


async def test_what_was_chosen_is_not_asked_again(place: Place) -> None:
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await asked(chat)
        await chat.press(*["backspace"] * 3)
        await chat.enter("Åsa")
        await chat.online()
    async with running(ChatApp(config.load(), endpoint=place)) as chat:
        await chat.online()
        assert chat.people == ["Åsa"]


async def test_a_server_can_be_joined(server: RunningServer) -> None:
    await server.enter("bob", "#general")
    async with running(ChatApp(Settings())) as chat:
        await asked(chat)
        await chat.press("tab", "tab")
        await chat.enter(str(server.address))
        await chat.online()
        assert chat.people == ["bob", "zoe"]
        assert str(server.address) in chat.status
    assert config.load() == Settings(name="zoe", server=str(server.address))


@pytest.mark.parametrize(
    ("name", "problem"),
    [("", "at least one letter or digit"), ("-x", "begins with a letter or a digit"), ("a b", "not ' '")],
)
async def test_a_name_that_cannot_be_is_explained(place: Place, name: str, problem: str) -> None:
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await asked(chat)
        await chat.press(*["backspace"] * 3)
        await chat.enter(name)
        await chat.sees(problem)
        assert isinstance(chat.app.screen, FirstRun)
        await chat.press(*["backspace"] * 3)
        await chat.enter("zoe")
        await chat.online()


async def test_an_address_that_cannot_be_is_explained(server: RunningServer) -> None:
    async with running(ChatApp(Settings())) as chat:
        await asked(chat)
        await chat.press("tab", "tab")
        await chat.enter("chat.example.org:seven")
        await chat.sees("'seven' is no port")
        await chat.press(*["backspace"] * 30)
        await chat.enter(str(server.address))
        await chat.online()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where no server listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


async def test_an_address_where_nobody_is_is_not_remembered(nobody: str, server: RunningServer) -> None:
    async with running(ChatApp(Settings()), (100, 30)) as chat:
        await asked(chat)
        await chat.press(*["backspace"] * 3)
        await chat.type("dora")
        await chat.press("tab", "tab")
        await chat.enter(f"plain://{nobody}")
        await chat.sees("Not connected")
        told = " ".join(" ".join(chat.messages()).split())
        for part in (nobody, "connection refused", "/reconnect", "Ctrl+Q ends the program"):
            assert part in told
        assert "Say hello" not in chat.text()
        assert "beginning of" not in chat.text()
    assert config.load() == Settings()
    async with running(ChatApp(config.load()), (100, 30)) as chat:
        await asked(chat)
        for typed in ("dora", f"plain://{nobody}"):
            assert typed in chat.text()
        await chat.press("tab", "tab", *["backspace"] * 40)
        await chat.enter(str(server.address))
        await chat.online()
        assert chat.people == ["dora"]
    assert config.load() == Settings("dora", str(server.address))


async def test_an_address_is_remembered_once_the_server_asks_who_one_is(server: RunningServer) -> None:
    await registered(server, "zoe")
    place = f"unix:{server.private_address.path}"
    async with running(ChatApp(Settings())) as chat:
        await asked(chat)
        await chat.press("tab", "tab")
        await chat.enter(place)
        await chat.sees("is registered")
        await chat.until(lambda: config.load() == Settings("zoe", place), "it is remembered")


async def test_join_without_an_address_is_explained(place: Place) -> None:
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await asked(chat)
        await chat.press("tab", "down", "enter")
        await chat.sees("is not HOST:PORT")


async def test_a_name_on_the_command_line_is_not_asked_for(place: Place) -> None:
    async with running(ChatApp(Settings(), name="carol", endpoint=place)) as chat:
        await chat.online()
        assert chat.people == ["carol"]


async def test_the_command_line_counts_more_than_what_is_remembered(place: Place) -> None:
    async with running(ChatApp(Settings(name="alice", server="local"), name="carol", endpoint=place)) as chat:
        await chat.online()
        assert chat.people == ["carol"]


async def test_a_login_name_that_cannot_be_a_name_is_not_proposed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "DOMAIN\\user")
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await asked(chat)
        assert "DOMAIN" not in chat.text()
        await chat.enter("dora")
        await chat.online()
        assert chat.people == ["dora"]


@pytest.mark.parametrize("size", [(80, 24), (60, 15), (40, 14)], ids=str)
async def test_it_fits(place: Place, size: tuple[int, int]) -> None:
    async with running(ChatApp(Settings(), endpoint=place), size) as chat:
        await asked(chat)
        for text in ("zoe", "on this computer", "join a server at", "Start"):
            assert text in chat.text()


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_one_can_leave_without_answering(place: Place, key: str) -> None:
    async with running(ChatApp(Settings(), endpoint=place)) as chat:
        await asked(chat)
        await chat.press(key)
        await chat.until(lambda: chat.app._exit, "it ends")
    assert config.load() == Settings()
