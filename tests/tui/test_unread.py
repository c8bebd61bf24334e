"""Where the new begins: shown when one comes into a room, and it stays until one has done with it."""

from itertools import pairwise

from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire


async def member(server: RunningServer) -> None:
    """Alice is in both rooms already, and has read all there is."""
    alice = await server.enter("alice", "#general", "#other")
    for room in ("#general", "#other"):
        await alice.ask(frames.Read(alice.new_id, room, 10_000), Result)
    await alice.close()


async def talk(wire: Wire, room: str, *numbers: int) -> None:
    for number in numbers:
        await wire.tell(room, f"line {number}")


async def read(chat: Chat) -> None:
    """Wait until what is on the screen counts as read."""
    await chat.until(lambda: not chat.client.rooms["#general"].unread, "it is read")


def ruler(chat: Chat) -> str | None:
    """The line below the ruler, if it is on the screen."""
    lines = chat.lines("#log")
    for line, below in pairwise(lines):
        if line.rstrip(" ▐").endswith(" new ──"):
            return below.split("│ ")[1].rstrip(" ▐")
    return None


async def test_a_room_opens_where_the_new_begins(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#other")
    await talk(bob, "#other", *range(-20, 0))
    await member(server)
    await talk(bob, "#other", *range(40))
    async with open_chat(place) as chat:
        await chat.press("alt+2")
        await chat.until(lambda: ruler(chat) == "line 0", "the ruler is above the first new message")
        lines = chat.lines("#log")
        assert next(at for at, line in enumerate(lines) if " new ──" in line) == len(lines) // 3
        assert "new messages  (End)" in lines[-1]
        assert chat.rooms[1] == "2 #other 40"
        for _ in range(2):
            await chat.press("pagedown")
        await chat.press("pagedown")
        await chat.until(lambda: chat.rooms[1] == "2 #other", "it is read at the end")
        await chat.press("pageup", "pageup")
        assert ruler(chat) == "line 0", "what is read does not move it"
        await chat.press("escape")
        await chat.press("pageup", "pageup")
        assert "line 0" in chat.messages()
        assert ruler(chat) is None


async def test_few_new_messages_are_all_in_view(place: Place, server: RunningServer) -> None:
    await member(server)
    bob = await server.enter("bob", "#general", "#other")
    await talk(bob, "#other", 1, 2, 3)
    async with open_chat(place) as chat:
        await chat.press("alt+2")
        await chat.until(lambda: ruler(chat) == "line 1", "the ruler is there")
        assert chat.log.at_bottom
        await talk(bob, "#other", 4)
        await chat.sees("line 4", "#log")
        assert ruler(chat) == "line 1"
        await chat.enter("hello")
        await chat.until(lambda: ruler(chat) is None, "who answers has seen it")


async def test_the_first_room_opens_there_too(place: Place, server: RunningServer) -> None:
    await member(server)
    bob = await server.enter("bob", "#general")
    await talk(bob, "#general", *range(40))
    for _ in range(2):  # without a cache, and with one
        async with open_chat(place) as chat:
            await chat.until(lambda: ruler(chat) == "line 0", "the ruler is there")
            assert not chat.log.at_bottom


async def test_leaving_a_room_that_is_read_ends_it_and_else_it_stays(
    place: Place, server: RunningServer
) -> None:
    await member(server)
    bob = await server.enter("bob", "#general", "#other")
    await talk(bob, "#general", 1, 2)
    await talk(bob, "#other", *range(40))
    async with open_chat(place) as chat:
        await chat.until(lambda: ruler(chat) == "line 1", "new in the first room")
        await read(chat)
        await chat.press("alt+2")
        await chat.until(lambda: ruler(chat) == "line 0", "new in the other")
        await chat.press("pagedown")
        here = chat.messages()
        await chat.press("alt+1")
        await chat.until(lambda: "line 2" in chat.messages(), "in the first again")
        assert ruler(chat) is None
        await chat.press("alt+2")
        await chat.until(lambda: chat.messages() == here, "where one was")
        await chat.press("pageup")
        assert ruler(chat) == "line 0"


async def test_what_comes_while_one_looks_elsewhere_is_new(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await talk(bob, "#general", 1)
    async with open_chat(place) as chat:
        await talk(bob, "#general", 2)
        await chat.sees("line 2", "#log")
        assert ruler(chat) is None
        await read(chat)
        await chat.blur()
        await talk(bob, "#general", 3, 4)
        await chat.sees("line 4", "#log")
        assert ruler(chat) == "line 3"
        await chat.focus()
        await talk(bob, "#general", 5)
        await chat.sees("line 5", "#log")
        assert ruler(chat) == "line 3"
        await read(chat)
        await chat.blur()
        await talk(bob, "#general", 6)
        await chat.sees("line 6", "#log")
        assert ruler(chat) == "line 6"


async def test_what_was_missed_is_new(place: Place, server: RunningServer) -> None:
    await member(server)
    bob = await server.enter("bob", "#general")
    await talk(bob, "#general", 1)
    async with open_chat(place) as chat:
        await chat.until(lambda: ruler(chat) == "line 1", "connected")
        await read(chat)
        await place.go()
        await chat.sees("not connected", "#status")
        back = RunningServer(server.data)
        await back.start()
        bob = await back.enter("bob")
        await talk(bob, "#general", *range(2, 50))
        place.server = back
        await chat.online()
        await chat.until(lambda: ruler(chat) == "line 2", "the first that was missed is marked, and in view")
        assert "reconnected: 48 missed messages" in chat.messages()
        assert "new messages  (End)" in chat.lines("#log")[-1]
    await back.stop()


async def test_what_was_read_elsewhere_is_not_new(place: Place, server: RunningServer) -> None:
    await member(server)
    bob = await server.enter("bob", "#general")
    await talk(bob, "#general", *range(40))
    await member(server)
    async with open_chat(place) as chat:
        await chat.sees("line 39", "#log")
        assert ruler(chat) is None


async def test_clear_takes_the_ruler_along(place: Place, server: RunningServer) -> None:
    await member(server)
    bob = await server.enter("bob", "#general")
    await talk(bob, "#general", 1)
    async with open_chat(place) as chat:
        await chat.until(lambda: ruler(chat) == "line 1", "new")
        await chat.enter("/clear")
        await talk(bob, "#general", 2)
        await chat.sees("line 2", "#log")
        assert ruler(chat) is None


async def test_a_room_opens_where_the_new_begins_however_far_back_that_is(
    place: Place, server: RunningServer
) -> None:
    """A new device holds the newest page only; what lies before it has not been seen, nor is it read."""
    await member(server)
    bob = await server.enter("bob", "#general")
    await talk(bob, "#general", *range(400))
    async with open_chat(place) as chat:
        await chat.until(lambda: ruler(chat) == "line 0", "the ruler is there, and in view")
        assert chat.client.rooms["#general"].unread == 400
        assert "new messages  (End)" in chat.lines("#log")[-1]
        await chat.press("ctrl+end")
        await read(chat)
