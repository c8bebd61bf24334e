"""Pictures of what stands side by side: servers, and rooms. See `test_snapshots`."""

from collections.abc import Callable

import pytest

from chat_tui.config import Settings
from tests.support.inprocess import RunningServer
from tests.support.places import Serve
from tests.support.screen import Chat, Place, open_chat
from tests.tui.conversation import conversation, play
from tests.tui.conversation import server as server
from tests.tui.test_snapshots import DARK, LIGHT, LOOKS, Size, looks, picture, scene, still

__all__ = ["conversation", "picture", "still"]  # fixtures


@pytest.mark.parametrize("theme", [DARK, LIGHT])
async def test_two_rooms_side_by_side(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], theme: str
) -> None:
    await play(server)
    async with scene(place, (160, 36), theme) as chat:
        await chat.enter("/split #deploys")
        await chat.sees("4.12.11", "#log-beside")
        await chat.until(lambda: not chat.client.rooms["#deploys"].unread, "it is read")
        await chat.sees("2 online", "#topic-beside")
        assert picture(chat)


@looks(LOOKS)
async def test_several_servers(
    place: Place,
    server: RunningServer,
    serve: Serve,
    picture: Callable[[Chat], bool],
    size: Size,
    theme: str,
) -> None:
    """One that is online, one that asks who one is, one that is not there."""
    await play(server)
    online, closed, gone = [
        await serve(entrance, data=name) for name, entrance in (("a", None), ("b", "closed"), ("c", None))
    ]
    await gone.stop()
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.until(lambda: len(chat.client.rooms) == 4, "all rooms are there")
        home, servers = chat.main, chat.main.servers
        for label, one in (("lunch.example.net:7777", online), ("plant:7777", closed), ("[::9]:7777", gone)):
            there = Place(one)
            there.label = label
            servers.open("", "mira", there)
        servers.show(home)
        phases = ["online", "online", "stopped", "waiting"]
        await chat.until(
            lambda: [one.status.phase for one in servers.clients] == phases, "all are as they are"
        )
        olga = await online.enter("olga", "#general")
        for text in ("pizza?", "or soup?"):
            await olga.tell("#general", text)
        await chat.until(lambda: servers.title._shown.startswith("(15 new)"), "all are counted")
        if size[0] > 100:
            await chat.press("ctrl+k")
            await chat.type("lunch")
            await chat.sees("on lunch.example.net")
        assert picture(chat)
