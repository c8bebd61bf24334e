"""What was said before: on entering, scrolling up, after a restart."""

import pytest

from protocol import frames
from server.config.retention import Retention
from server.delivery import retention
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire


async def talk(bob: Wire, count: int, first: int = 1, room: str = "#general") -> None:
    """Say `line 1`, `line 2` and so on."""
    last = first + count - 1
    bob.send(*(bob.say(room, f"line {number}") for number in range(first, last)))
    await bob.tell(room, f"line {last}")


def numbers(chat: Chat) -> list[int]:
    """Which lines of `talk` are in view."""
    return [int(text.removeprefix("line ")) for text in chat.messages() if text.startswith("line ")]


async def test_the_latest_messages_are_shown_at_once(place: Place, server: RunningServer) -> None:
    await talk(await server.enter("bob", "#general"), 120)
    async with open_chat(place) as chat:
        await chat.until(lambda: numbers(chat)[-1:] == [120], "the newest is in view")
        assert numbers(chat) == list(range(numbers(chat)[0], 121))
        assert len(numbers(chat)) >= 20
        assert chat.messages()[-1] == "+ alice"


async def test_where_the_server_has_removed_what_was_before_is_no_beginning(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    await talk(bob, 10)
    server.clock.seconds += 86_400
    bob.send(frames.Ping(1))  # a day without a word would end it
    await bob.settled()
    assert await retention.prune(server.context, Retention(3600)) == 12
    async with open_chat(place) as chat:
        await chat.sees("earlier messages are gone from the server", "#log")
        await talk(bob, 3, 11)
        await chat.until(lambda: numbers(chat) == [11, 12, 13], "what comes is shown")
        assert "gone from the server" in chat.text("#log")
        assert "the beginning of" not in chat.text("#log")


@pytest.mark.parametrize("keys", [("pageup",), ("ctrl+home",)], ids=str)
async def test_scrolling_up_loads_what_was_before_down_to_the_beginning(
    place: Place, server: RunningServer, keys: tuple[str, ...]
) -> None:
    await talk(await server.enter("bob", "#general"), 230)
    async with open_chat(place) as chat:
        seen: set[int] = set()
        before = 0

        def moved() -> bool:
            if "loading older messages" in chat.text("#log"):
                return False
            seen.update(numbers(chat))
            return "the beginning of #general" in chat.text("#log") or min(seen, default=0) != before

        await chat.until(lambda: moved() and 230 in seen, "the newest is in view")
        while "the beginning of #general" not in chat.text("#log"):
            before = min(seen, default=0)
            await chat.press(*keys)
            await chat.until(moved, "older messages have come")
        assert 1 in seen
        if keys == ("pageup",):
            assert seen == set(range(1, 231))
        await chat.press("ctrl+end")
        await chat.until(lambda: 230 in numbers(chat), "the newest is in view again")


async def test_reading_further_up_is_not_disturbed(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await talk(bob, 100)
    async with open_chat(place) as chat:
        await chat.until(lambda: 100 in numbers(chat), "the newest is in view")
        while "the beginning of #general" not in chat.text("#log"):  # then nothing is left to load
            await chat.press("ctrl+home")
        await chat.press("pagedown")
        await chat.until(lambda: "the beginning" not in chat.text("#log"), "the middle is in view")
        read = [line.rstrip(" ▐") for line in chat.lines("#log")[:-1]]
        for number in (101, 102, 103):
            await talk(bob, 1, number)
            await chat.sees(f"↓ {number - 100} new message")
        assert [line.rstrip(" ▐") for line in chat.lines("#log")[:-1]] == read
        await chat.press("end")
        await chat.until(lambda: numbers(chat)[-1] == 103, "End goes to the newest")
        assert "new message" not in chat.text("#log")


async def test_the_bar_goes_to_the_newest_by_a_click_and_by_escape(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    await talk(bob, 60)
    async with open_chat(place) as chat:
        await chat.until(lambda: 60 in numbers(chat), "the newest is in view")
        for number, go in enumerate(("click", "escape", "ctrl+end"), 61):
            await chat.press("pageup")
            await talk(bob, 1, number)
            await chat.sees("1 new message")
            if go == "click":
                await chat.pilot.click("#log", offset=(20, chat.log.size.height - 1))
            else:
                await chat.press(go)
            await chat.until(lambda number=number: numbers(chat)[-1] == number, go)  # type: ignore[misc]


async def test_saying_something_goes_to_the_newest(place: Place, server: RunningServer) -> None:
    await talk(await server.enter("bob", "#general"), 60)
    async with open_chat(place) as chat:
        await chat.until(lambda: 60 in numbers(chat), "the newest is in view")
        await chat.press("pageup")
        await chat.sees("↓ newest  (End)")
        await chat.enter("I am here")
        await chat.until(lambda: chat.messages()[-1] == "I am here", "one sees what one said")


async def test_a_room_that_is_entered_later_shows_its_latest_messages(
    place: Place, server: RunningServer
) -> None:
    await talk(await server.enter("bob", "#deploys"), 80, room="#deploys")
    async with open_chat(place) as chat:
        await chat.enter("/join #deploys")
        await chat.until(lambda: 80 in numbers(chat), "the newest is in view")
        await chat.press("ctrl+home")
        await chat.until(lambda: not chat.client.rooms["#deploys"].has_older, "older messages have come")
        await chat.press("ctrl+home")
        await chat.until(lambda: numbers(chat)[:1] == [1], "and all before")


async def test_a_restart_loses_nothing(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await talk(bob, 5)
        await chat.enter("mine")
        await chat.until(lambda: chat.messages()[-1] == "mine" and not chat.client.sender.pending, "stored")
        before = chat.messages()
        assert numbers(chat) == [1, 2, 3, 4, 5]
    await talk(bob, 5, 6)
    await place.go()
    again = await place.come_back()
    async with open_chat(place) as chat:
        await chat.until(lambda: 10 in numbers(chat), "what came meanwhile is there too")
        assert chat.messages()[: len(before)] == before
        assert numbers(chat) == list(range(1, 11))
        assert chat.messages().count("mine") == 1
    assert again.context.state.rooms["#general"].head >= 13


async def test_a_long_absence_begins_with_what_was_missed_first(place: Place, server: RunningServer) -> None:
    async with open_chat(place) as chat:
        await chat.blur()
        await place.go()
        await chat.sees("○ not connected")
        server = await place.come_back()
        await talk(await server.enter("bob", "#general"), 300)
        await chat.sees("287 new messages", "#log")
        assert numbers(chat)[0] == 1
        await chat.sees("300", "#rooms")
        await chat.press("end")  # whoever presses a key is there, so all of it is read then
        assert numbers(chat)[-1] == 300
        assert len(chat.client.rooms["#general"].events) > 300
