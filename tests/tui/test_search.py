"""`/search`: what this computer has, also while there is no connection."""

import sqlite3

from chat_tui.config import cache_file
from tests.support.inprocess import RunningServer
from tests.support.screen import Place, open_chat


async def test_search_finds_words_in_this_room_also_offline(server: RunningServer, place: Place) -> None:
    bob = await server.enter("bob")
    async with open_chat(place, size=(120, 36)) as chat:
        await bob.tell("#general", "the Disk is full")
        await bob.tell("#general", "[/] nothing here")
        await bob.tell("#general", "a new disk came")
        await chat.sees("a new disk came", "#log")
        await chat.enter("/search disk")
        await chat.sees("2 messages with disk:", "#log")
        await chat.sees("bob: the Disk is full", "#log")
        await server.stop()
        await chat.sees("not connected", "#status")
        await chat.enter("/search NEW disk")
        await chat.sees("1 message with NEW disk:", "#log")
        await chat.enter("/search [/]")
        await chat.sees("bob: [/] nothing here", "#log")
        await chat.enter("/search elephant")
        await chat.sees("0 messages with elephant", "#log")


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
        with sqlite3.connect(next(cache_file(place.label, "alice").parent.glob("*.sqlite3"))) as database:
            database.execute("DROP TABLE events")
        database.close()
        await bob.tell("#general", "said with a broken cache")
        await chat.sees("said with a broken cache", "#log")
        await chat.until(lambda: chat.main._cache.problem, "the cache was written")
        await bob.tell("#general", "and another")
        await chat.sees("the cache cannot be used", "#log")
