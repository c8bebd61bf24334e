"""Searching, and what is there without a connection."""

from chat_tui.config import cache_file
from tests.support.inprocess import RunningServer
from tests.support.screen import Place, open_chat
from tests.support.sql import query


async def test_a_hit_is_found_shown_in_its_room_and_left_again(server: RunningServer, place: Place) -> None:
    bob = await server.enter("bob", "#deploys")
    await bob.tell("#deploys", "the [/] Disk is full")
    for number in range(400):
        bob.send(bob.say("#deploys", f"line {number}"))
    await bob.tell("#deploys", "a new disk came")
    server.clock.seconds += 60
    await bob.tell("#general", "no disk here")
    async with open_chat(place, size=(100, 30)) as chat:
        await chat.enter("/join #deploys")
        await chat.sees("a new disk came", "#log")
        await chat.enter("/switch #general")
        await chat.sees("no disk here", "#log")
        await chat.press("ctrl+f")
        await chat.sees("Search #general")
        await chat.enter("[/] ?!")
        await chat.sees("can't be searched for")
        await chat.press("ctrl+u")
        await chat.enter("elephant")
        await chat.sees("nothing found")
        await chat.press("ctrl+u")
        await chat.enter("disk")
        await chat.sees("1 message")
        await chat.press("ctrl+f")
        await chat.sees("3 messages")
        await chat.sees("Search all rooms")
        found = [line for line in chat.lines() if "isk " in line and "bob" in line]
        assert ["no disk here" in line for line in found] == [True, False, False]
        assert "the [/] Disk is full" in found[2]
        await chat.press("down", "enter")
        await chat.sees("2 of 3", "#hit")
        assert chat.main.panes.room == "#deploys"
        assert "▌ a new disk came" in chat.text("#log")

        # The next one is 400 messages further back.
        await chat.press("n")
        await chat.sees("▌ the [/] Disk is full", "#log")
        assert "▌ a new disk came" not in chat.text("#log")
        assert not chat.log.at_bottom
        await bob.tell("#deploys", "something else")
        assert "▌ the [/] Disk is full" in chat.text("#log")
        await chat.press("n")
        await chat.sees("that was the last of 3", "#hit")
        await chat.press("N", "shift+f3")
        await chat.sees("1 of 3", "#hit")
        assert chat.main.panes.room == "#general"
        await chat.enter("/searchnext")
        await chat.sees("2 of 3", "#hit")
        await chat.press("escape")
        await chat.until(lambda: chat.main.panes.room == "#general" and chat.log.at_bottom, "it is as it was")
        assert not chat.main.query_one("#hit").display
        assert "▌" not in chat.text("#log")

        # Whoever goes to another room has left it.
        await chat.press("f3")
        await chat.sees("3 of 3", "#hit")
        await chat.press("alt+2")
        await chat.until(lambda: chat.main.panes.room == "#general", "gone there")
        assert not chat.main.query_one("#hit").display
        await chat.press("n", "escape")
        assert (chat.composer.text, chat.main.panes.room) == ("n", "#general")
        await chat.press("backspace", "shift+f3")
        await chat.sees("2 of 3", "#hit")

        # Whoever answers stays there.
        await chat.press("f3")
        await chat.sees("3 of 3", "#hit")
        await chat.sees("▌ the [/] Disk is full", "#log")
        await chat.enter("why?")
        await chat.sees("why?", "#log")
        assert (chat.main.panes.room, chat.main.query_one("#hit").display) == ("#deploys", False)

        await server.stop()
        await chat.sees("not connected", "#status")
        await chat.enter("/search NEW dis")
        await chat.sees("1 message: only on this computer, for there is no connection")


async def test_it_opens_with_the_last_state_while_the_server_is_away(
    server: RunningServer, place: Place
) -> None:
    bob = await server.enter("bob")
    await bob.tell("#general", "said before")
    async with open_chat(place) as chat:
        await chat.sees("said before", "#log")
    await server.stop()
    async with open_chat(place, wait=False) as chat:
        await chat.sees("said before", "#log")
        await chat.sees("#general", "#rooms")
        await chat.sees("not connected", "#status")
        await chat.enter("written offline")
        await chat.sees("… written offline", "#log")


async def test_a_cache_that_breaks_is_said_and_costs_nothing_else(
    server: RunningServer, place: Place
) -> None:
    bob = await server.enter("bob")
    async with open_chat(place, size=(120, 36)) as chat:
        query(next(cache_file(place.label, "alice").parent.glob("*.sqlite3")), "DROP TABLE events")
        await bob.tell("#general", "said with a broken cache")
        await chat.sees("said with a broken cache", "#log")
        await chat.until(lambda: chat.main._cache.problem, "the cache was written")
        await bob.tell("#general", "and another")
        await chat.sees("the cache cannot be used", "#log")
