"""The server goes and comes back: nothing is lost, nothing is doubled, and the status says the truth."""

import asyncio

import pytest

from chat_tui.client import entrance
from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire, text_of


async def stored(server: RunningServer, room: str = "#general") -> list[str]:
    """Everything said in a room, as the server has it."""
    async with await Wire.connect(server.address) as reader:
        await reader.enter("reader", room)
        page = await reader.ask(frames.History(reader.new_id, room, after=0, limit=200), frames.HistoryResult)
        return [text_of(event) for event in page.events if event.kind in frames.SPOKEN]


async def cut(server: RunningServer) -> None:
    """Break every connection, as a network does: without a word."""
    for session in tuple(server.sessions):
        session._transport._transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0)


async def offline(chat: Chat) -> None:
    """Wait until the status says so."""
    await chat.until(lambda: "not connected" in chat.status or "connecting" in chat.status, "not connected")


async def test_the_status_says_that_the_server_is_gone_and_that_it_is_back(
    place: Place,
) -> None:
    async with open_chat(place) as chat:
        assert chat.status.startswith("● alice on chat.example.org:7777")
        await place.go()
        await chat.until(lambda: chat.status.startswith("○ not connected, trying again"), "it is gone")
        assert "· the server stops" in chat.status
        assert chat.people == []
        await chat.sees("· no server at ", "#status")
        await place.come_back()
        await chat.online()
        assert chat.people == ["alice"]


async def test_what_was_missed_is_shown_once_and_counted(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await server.enter("alice", "#deploys")
    await bob.tell("#general", "before")
    async with open_chat(place) as chat:
        await chat.sees("before", "#log")
        await place.go()
        await offline(chat)
        back = RunningServer(server.data)
        await back.start()
        bob = await back.enter("bob")
        for number in range(5):
            await bob.tell("#general", f"missed {number}")
            await bob.tell("#deploys", f"deploy {number}")
        place.server = back
        await chat.online()
        await chat.until(lambda: "missed 4" in chat.messages(), "all is there")
        assert [text for text in chat.messages() if "alice" not in text] == [
            "before",
            "reconnected: 5 missed messages",
            *(f"missed {number}" for number in range(5)),
        ]
        assert chat.rooms[0] == "1 #deploys 5"
        await chat.press("alt+1")
        await chat.until(lambda: chat.messages()[-1] == "deploy 4", "the other room as well")
        assert [text for text in chat.messages() if text.startswith("deploy")] == [
            f"deploy {number}" for number in range(5)
        ]
        await bob.tell("#deploys", "and on")
        await chat.until(lambda: chat.messages()[-1] == "and on", "and on")
    await back.stop()


async def test_what_was_typed_meanwhile_is_shown_as_pending_and_sent_in_order(
    place: Place,
) -> None:
    async with open_chat(place) as chat:
        await chat.enter("before")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        await place.go()
        await offline(chat)
        await chat.enter("one")
        await chat.enter("/me two")
        await chat.enter("three")
        shown = chat.text("#log")
        for text in ("… one", "… alice two", "… three"):
            assert text in shown
        await chat.until(lambda: "3 messages will be sent then" in chat.status, "the status counts them")
        back = await place.come_back()
        await chat.until(lambda: not chat.client.sender.pending, "they are stored")
        await chat.until(lambda: "… " not in chat.text("#log"), "and shown so")
        assert chat.messages()[-4:] == ["before", "one", "alice two", "three"]
        assert await stored(back) == ["before", "one", "two", "three"]


@pytest.mark.parametrize("times", [1, 5])
async def test_a_network_that_breaks_while_one_writes_doubles_nothing(
    place: Place, server: RunningServer, times: int
) -> None:
    said = []
    async with open_chat(place) as chat:
        for number in range(times):
            for part in ("a", "b"):
                said.append(f"{part}{number}")
                await chat.enter(said[-1])
                await cut(server)
            chat.client.reconnect()
        await chat.until(lambda: not chat.client.sender.pending, "all is stored")
        await chat.online()
        await chat.until(lambda: [text for text in chat.messages() if text in said] == said, "all is shown")
        assert await stored(server) == said


async def test_commands_that_need_the_server_say_that_it_is_gone(place: Place) -> None:
    async with open_chat(place, size=(120, 30)) as chat:
        await place.go()
        await offline(chat)
        for line in ("/join #x", "/rooms", "/online", "/nick bob", "/topic x", "/leave"):
            before = chat.text("#log").count("not connected: try again when the server is back")
            await chat.enter(line)
            await chat.until(
                lambda before=before: chat.text("#log").count("not connected: try again") == before + 1,  # type: ignore[misc]
                line,
            )
        assert chat.rooms == ["1 #general"]


async def test_rooms_and_history_stay_readable_without_a_server(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await server.enter("alice", "#deploys")
    await bob.tell("#deploys", "web is out")
    async with open_chat(place) as chat:
        await place.go()
        await offline(chat)
        await chat.press("alt+1", "pageup")
        await chat.sees("web is out", "#log")
        await chat.press("f1", "escape", "ctrl+k")
        await chat.press("escape")
        await chat.type("x")
        assert chat.composer.text == "x"


async def test_reconnect_does_not_wait(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "FIRST_DELAY", 3600.0)
    monkeypatch.setattr(entrance, "LONGEST_DELAY", 3600.0)
    async with open_chat(place) as chat:
        await place.go()
        await chat.sees("trying again in", "#status")
        await place.come_back()
        await chat.enter("/reconnect")
        await chat.online()


async def test_the_status_counts_down_what_the_server_asked_for_and_reconnect_does_not_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.context.RETURNS_PER_SECOND", 1e-6)  # as if there were thousands
    monkeypatch.setattr("random.uniform", lambda _, high: high)
    async with open_chat(place, size=(100, 24)) as chat:
        await place.go()
        await chat.sees("not connected, trying again in 60 s", "#status")
        await chat.sees("trying again in 59 s · the server stops", "#status")
        await place.come_back()
        await chat.enter("/reconnect")
        await chat.online()


async def test_what_was_not_sent_before_the_end_is_sent_after_the_next_start(
    place: Place,
) -> None:
    async with open_chat(place) as chat:
        await place.go()
        await offline(chat)
        await chat.enter("do not forget me")
        await chat.sees("… do not forget me", "#log")
        await chat.enter("/quit")
        await chat.until(lambda: chat.app._exit, "it ends")
    back = await place.come_back()
    async with open_chat(place) as chat:
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        await chat.sees("│ do not forget me", "#log")
    async with open_chat(place) as chat:
        await chat.sees("│ do not forget me", "#log")
    assert await stored(back) == ["do not forget me"]


async def test_a_message_that_the_server_refuses_says_why_and_can_be_tried_again_or_given_up(
    place: Place, server: RunningServer
) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.enter("/join #deploys")
        await chat.until(lambda: chat.rooms == ["1 #deploys", "2 #general"], "two rooms")
        await place.go()
        await offline(chat)
        await chat.enter("first")
        await chat.enter("second")
        back = RunningServer(server.data)
        await back.start()
        other = await back.enter("alice")
        await other.ask(frames.Leave(other.new_id, "#deploys"), Result)
        place.server = back
        await chat.until(lambda: chat.rooms == ["1 #general"], "she is not in that room any more")
        failed = chat.client.sender.in_room
        await chat.until(lambda: [one.state for one in failed("#deploys")] == ["failed"] * 2, "refused")
        await chat.enter("/join #deploys")
        await chat.sees("! first", "#log")
        await chat.sees("! second", "#log")
        await chat.sees("not sent: ", "#log")
        await chat.enter("/retry")
        await chat.until(lambda: not failed("#deploys"), "they are stored now")
        await chat.until(lambda: "not sent" not in chat.text("#log"), "and shown so")
        assert await stored(back, "#deploys") == ["first", "second"]
        await chat.enter("/retry")
        await chat.sees("Nothing has failed here", "#log")
    await back.stop()


async def test_a_store_that_was_put_back_is_shown_as_it_is(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await bob.tell("#general", "of the old store")
    async with open_chat(place) as chat:
        await chat.sees("of the old store", "#log")
        await place.go()
        await offline(chat)
        back = await place.come_back(server.data.with_name("other"))
        await chat.online()
        await (await back.enter("bob", "#general")).tell("#general", "of the new store")
        await chat.sees("of the new store", "#log")
        assert "of the old store" not in chat.text("#log")
        await chat.enter("still works")
        await chat.until(lambda: not chat.client.sender.pending, "stored")
        assert await stored(back) == ["of the new store", "still works"]
