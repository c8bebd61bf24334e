"""Ctrl+K: rooms, people and commands in one list."""

import pytest

from chat_tui.tui.screens.help import HelpScreen
from chat_tui.tui.screens.switcher import Switcher, Target, find
from protocol import frames
from protocol.frames import Result
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat

TARGETS = [
    Target("room", "#general"),
    Target("room", "#web-deploys"),
    Target("room", "@zoe"),
    Target("person", "@deborah"),
    Target("command", "/leave", aliases=("part",)),
    Target("command", "/deleteroom"),
]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("", ["#general", "#web-deploys", "@zoe", "@deborah", "/leave", "/deleteroom"]),
        ("de", ["@deborah", "/deleteroom", "#web-deploys"]),
        ("DE", ["@deborah", "/deleteroom", "#web-deploys"]),
        ("#", ["#general", "#web-deploys"]),
        ("#de", ["#web-deploys"]),
        ("@", ["@zoe", "@deborah"]),
        ("@de", ["@deborah"]),
        ("/", ["/leave", "/deleteroom"]),
        ("/de", ["/deleteroom"]),
        ("part", ["/leave"]),
        ("wdp", ["#web-deploys"]),
        ("xyz", []),
    ],
)
def test_find(wanted: str, names: list[str]) -> None:
    assert [target.name for target in find(wanted, TARGETS)] == names


def listed(chat: Chat) -> list[str]:
    """What is listed from top to bottom."""
    screen = chat.app.screen
    return [target.name for target in screen._found] if isinstance(screen, Switcher) else []


async def test_it_goes_everywhere(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    zoe = await server.enter("zoe", "#general")
    alice = await server.enter("alice", "#general", "#deploys")
    room = (await do(zoe, frames.Dm, "alice")).room.room
    await zoe.tell(room, "have you got a minute?")
    await alice.close()
    await bob.ask(frames.Away(bob.new_id, text="lunch"), Result)
    await bob.tell("#deploys", "4.12 is live")
    async with open_chat(place, size=(100, 24)) as chat:

        def at(title: str) -> bool:
            return (
                chat.main.is_active
                and chat.main.panes.current is not None
                and chat.main.panes.current.title == title
            )

        await chat.until(lambda: len(chat.client.rooms) == 3, "all rooms are there")
        await chat.press("alt+2")
        await chat.until(lambda: at("#general"), "in #general")
        await chat.sees("○ bob", "#people")
        await chat.press("ctrl+k")
        await chat.until(lambda: listed(chat), "it is open")
        assert set(listed(chat)[:2]) == {"@zoe", "#deploys"}
        assert listed(chat)[2:4] == ["#general", "@bob"]  # here; and somebody with whom there is no room yet
        assert "@alice" not in listed(chat)
        for text in ("1 new", "you are here", "away: lunch", "F1"):
            await chat.sees(text)
        await chat.type("@zo")
        await chat.press("enter")
        await chat.until(lambda: at("@zoe"), "in the room with zoe")
        await chat.press("ctrl+k", "enter")
        await chat.until(lambda: at("#general"), "back where one was")
        await chat.press("ctrl+k")
        await chat.type("bob")
        await chat.press("enter")
        await chat.until(lambda: at("@bob"), "a room with bob is made")
        # a click, with the mouse
        await chat.press("ctrl+k")
        await chat.type("#deploys")
        await chat.pilot.click("OptionList", offset=(3, 0))
        await chat.until(lambda: at("#deploys"), "the click goes there")
        # commands: done, or begun
        await chat.press("ctrl+k")
        await chat.type("/help")
        await chat.press("enter")
        await chat.until(lambda: isinstance(chat.app.screen, HelpScreen), "the help is open")
        await chat.press("escape")
        await chat.until(lambda: chat.main.is_active, "it is closed")
        await chat.type("half a message")
        await chat.press("ctrl+k")
        await chat.type("whois")
        await chat.press("enter")
        await chat.until(lambda: chat.composer.text == "/whois ", "the command waits for a name")
        await chat.sees("○ bob", "#completion")
        await chat.sees("Your text is kept: Up brings it back")
        await chat.press("escape", "ctrl+up")
        assert chat.composer.text == "half a message"
        # Esc and Ctrl+K close it
        for key in ("escape", "ctrl+k"):
            await chat.press("ctrl+k")
            await chat.until(lambda: listed(chat), "it is open")
            await chat.press(key)
            await chat.until(lambda: at("#deploys"), "it is closed, and one is where one was")
