"""Rooms: entering, leaving, switching, what is unread in them, and what calls for attention."""

import pytest
from textual.events import MouseScrollDown

from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat, settle, until


async def member(server: RunningServer, *rooms: str) -> None:
    """Alice is in these rooms already."""
    await (await server.enter("alice", "#general", *rooms)).close()


def current(chat: Chat) -> str:
    """The room in view, as the topic line says."""
    return chat.topic.partition("  ")[0]


async def test_join_makes_a_room_and_goes_there_and_leave_comes_back(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await bob.tell("#deploys", "web 4.12 is out")
    async with open_chat(place) as chat:
        await chat.enter("/join deploys")
        await chat.sees("web 4.12 is out", "#log")
        assert current(chat) == "#deploys"
        assert chat.rooms == ["1 #deploys", "2 #general"]
        await chat.until(lambda: chat.people == ["alice", "★bob"], "who is there is shown")
        await chat.enter("/join #new")
        await chat.sees("created by alice", "#log")
        assert chat.rooms == ["1 #deploys", "2 #general", "3 #new"]
        await chat.enter("/leave")
        await chat.until(lambda: current(chat) == "#general", "in #general again")
        await chat.enter("/leave #deploys")
        await chat.until(lambda: chat.rooms == ["1 #general"], "both are left")
        assert (await bob.sync()).rooms[0].members == 1


async def test_without_a_room_one_is_told_how_to_enter_one(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.enter("/leave")
        await chat.until(lambda: chat.rooms == [], "no room is left")
        await chat.enter("anybody there?")
        await chat.sees("You are in no room.", "#log")
        assert chat.composer.text == "anybody there?"
        await chat.press("ctrl+home", "pageup", "alt+down", "alt+1", "ctrl+k", "escape")
        await chat.press(*["backspace"] * 14)
        await chat.enter("/join #general")
        await chat.until(lambda: current(chat) == "#general", "back")


async def test_rooms_lists_all_of_the_server(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#deploys", "#random")
    await bob.ask(frames.Topic(bob.new_id, "#deploys", "What went out"), Result)
    async with open_chat(place, size=(120, 24)) as chat:
        await chat.enter("/rooms")
        await chat.sees("3 rooms on this server", "#log")
        told = [line.split() for line in chat.messages()]
        assert ["#deploys", "1", "person", "What", "went", "out"] in told
        assert ["·", "#general", "2", "people"] in told
        assert ["#random", "1", "person"] in told


async def test_topic_shows_sets_and_removes(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place, size=(120, 24)) as chat:
        await chat.enter("/topic")
        await chat.sees("#general has no topic", "#log")
        await chat.enter("/topic be kind")
        await chat.until(lambda: chat.topic.startswith("#general  be kind"), "the topic is above the log")
        await chat.sees("alice changed the topic to: be", "#log")
        await chat.enter("/topic")
        await chat.sees("The topic of #general: be", "#log")
        await bob.ask(frames.Topic(bob.new_id, "#general", "be very kind"), Result)
        await chat.until(lambda: "be very kind" in chat.topic, "the topic of others is shown")
        await chat.enter("/topic -")
        await chat.until(lambda: chat.topic.split()[:2] == ["#general"], "the topic is gone")


# --- switching ------------------------------------------------------------------------------------


SWITCHES = [
    (["alt+down"], "#random"),
    (["alt+down", "alt+down"], "#deploys"),
    (["alt+up"], "#deploys"),
    (["alt+1"], "#deploys"),
    (["alt+3"], "#random"),
    (["alt+3", "alt+2"], "#general"),
    (["alt+9"], "#general"),
    (["ctrl+k", "r", "n", "enter"], "#random"),
    (["alt+3", "ctrl+k", "enter"], "#general"),  # where one was before
    (["alt+3", "alt+2", "alt+1", "ctrl+k", "down", "enter"], "#random"),
    (["alt+3", "alt+2", "alt+1", "ctrl+k", "down", "down", "up", "up", "enter"], "#general"),
    (["ctrl+k", "r", "escape"], "#general"),
    (["ctrl+k", "n", "e", "w", "down", "enter"], "#new"),
]


async def test_keys_switch_rooms(place: Place, server: RunningServer) -> None:
    await member(server, "#deploys", "#random")
    async with open_chat(place) as chat:
        for keys, room in SWITCHES:
            await chat.press("alt+2")
            await chat.until(lambda: current(chat) == "#general", "in #general")
            await chat.press(*keys)
            await chat.until(lambda room=room: current(chat) == room, f"{keys} go to {room}")  # type: ignore[misc]
            await chat.type("x")
            assert chat.composer.text == "x"
            await chat.press("backspace")


@pytest.mark.parametrize(
    ("argument", "room"), [("1", "#deploys"), ("ran", "#random"), ("#RANDOM", "#random")], ids=str
)
async def test_switch_takes_a_number_or_the_begin_of_a_name(
    place: Place, server: RunningServer, argument: str, room: str
) -> None:
    await member(server, "#deploys", "#random")
    async with open_chat(place, size=(120, 24)) as chat:
        await chat.enter(f"/switch {argument}")
        await chat.until(lambda: current(chat) == room, f"in {room}")
        await chat.enter("/switch nowhere")
        await chat.sees("You are in no room like nowhere.", "#log")


async def test_a_click_switches_rooms(place: Place, server: RunningServer) -> None:
    await member(server, "#deploys", "#random")
    async with open_chat(place) as chat:
        await chat.pilot.click("#rooms", offset=(3, 3))
        await chat.until(lambda: current(chat) == "#random", "in #random")
        await chat.pilot.click("#rooms", offset=(3, 1))
        await chat.until(lambda: current(chat) == "#deploys", "in #deploys")
        await chat.pilot.click("#rooms", offset=(3, 0))
        await chat.pilot.click("#rooms", offset=(3, 15))
        assert current(chat) == "#deploys"


async def test_a_long_list_of_rooms_scrolls(place: Place, server: RunningServer) -> None:
    rooms = [f"#room{number:02}" for number in range(40)]
    await server.enter("alice", *rooms)
    async with open_chat(place) as chat:
        await chat.until(lambda: chat.rooms[-1].startswith("… 20 more"), "there are more than fit")
        await chat.press("alt+up")
        await chat.until(lambda: current(chat) == "#room39", "in the last one")
        await chat.until(lambda: chat.rooms[-1] == "#room39", "which is in view")
        await chat.pilot.click("#rooms", offset=(3, 22))
        assert current(chat) == "#room39"
        await chat.press("alt+1")
        await chat.until(lambda: chat.rooms[0] == "1 #general", "the first one is in view")
        await chat.pilot._post_mouse_events([MouseScrollDown], "#rooms")
        await chat.until(lambda: chat.rooms[0] == "4 #room02", "the wheel scrolls")
        await chat.pilot.click("#rooms", offset=(3, 1))
        await chat.until(lambda: current(chat) == "#room02", "a click takes the one under the mouse")


async def test_each_room_keeps_its_draft(place: Place, server: RunningServer) -> None:
    await member(server, "#deploys")
    async with open_chat(place) as chat:
        await chat.type("half a thought")
        await chat.press("alt+1")
        assert chat.composer.text == ""
        await chat.type("another")
        await chat.press("alt+2")
        assert chat.composer.text == "half a thought"
        await chat.type("!")
        await chat.press("alt+1", "alt+2")
        assert chat.composer.text == "half a thought!"
        await chat.press("alt+1")
        assert chat.composer.text == "another"


async def test_drafts_survive_the_end_of_the_program(place: Place, server: RunningServer) -> None:
    await member(server, "#deploys")
    async with open_chat(place) as chat:
        await chat.type("half a thought")
        await chat.press("alt+1")
        await chat.type("sent")
        await chat.press("enter")
        await chat.type("another")
    async with open_chat(place) as chat:
        assert (current(chat), chat.composer.text) == ("#general", "half a thought")
        await chat.press("alt+1")
        assert chat.composer.text == "another"
        await chat.press("ctrl+u", "alt+2")
    async with open_chat(place) as chat:
        await chat.press("alt+1")
        assert chat.composer.text == ""


async def test_what_is_typed_before_there_is_a_room_is_kept(place: Place) -> None:
    await place.go()
    async with open_chat(place, wait=False) as chat:
        await chat.type("early")
        await chat.press("left")
        await place.come_back()
        await chat.online()
        await chat.type("x")  # the cursor has stayed as well
        assert (current(chat), chat.composer.text) == ("#general", "earlxy")


async def test_a_room_joined_or_left_elsewhere_comes_and_goes(place: Place, server: RunningServer) -> None:
    async with open_chat(place) as chat:
        other = await server.enter("alice")
        await other.join("#elsewhere")
        await chat.until(lambda: chat.rooms == ["1 #elsewhere", "2 #general"], "the new room is listed")
        assert current(chat) == "#general"
        await other.ask(frames.Leave(other.new_id, "#general"), Result)
        await chat.until(lambda: chat.rooms == ["1 #elsewhere"], "the other one is gone")
        assert current(chat) == "#elsewhere"


# --- unread ---------------------------------------------------------------------------------------


async def test_unread_messages_of_other_rooms_are_counted_until_one_goes_there(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await member(server, "#deploys")
    async with open_chat(place) as chat:
        for number in range(3):
            await bob.tell("#deploys", f"deploy {number}")
            await bob.tell("#general", f"chatter {number}")
        await chat.sees("chatter 2", "#log")
        await chat.until(lambda: chat.rooms == ["1 #deploys 3", "2 #general"], "three are unread")
        assert "deploy 0" not in chat.text()
        await chat.press("alt+1")
        await chat.sees("deploy 2", "#log")
        await chat.until(lambda: chat.rooms == ["1 #deploys", "2 #general"], "they are read")


@pytest.mark.parametrize(("drawn", "unread"), [(True, 0), (False, 1)])
async def test_what_was_drawn_before_one_goes_is_read(
    place: Place, server: RunningServer, *, drawn: bool, unread: int
) -> None:
    bob = await server.enter("bob", "#general")
    await member(server, "#deploys")
    async with open_chat(place) as chat:
        await chat.settle()
        chat.main._stale = True  # the next drawing of the panes is always still to come
        await bob.tell("#general", "just in time")
        room = chat.client.rooms["#general"]
        # Not `chat.until`, `chat.sees` and `chat.press`: they would wait for the panes.
        await until(chat.pilot, lambda: room.events[-1].text == "just in time", "it has come")
        if drawn:
            chat.log.refresh_rows()  # whatever the reason
            await until(chat.pilot, lambda: "just in time" in chat.text("#log"), "it is in the log")
        await chat.pilot.press("alt+1")
        await settle(chat.pilot)
        assert current(chat) == "#general"  # as the panes say
        assert (chat.main.panes.room, room.unread) == ("#deploys", unread)


async def test_many_unread_messages_are_not_counted_in_full(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#deploys")
    await server.enter("alice", "#general", "#deploys")
    bob.send(*(bob.say("#deploys", f"line {number}") for number in range(1_100)))
    await bob.tell("#deploys", "last")
    async with open_chat(place) as chat:
        await chat.until(lambda: chat.rooms == ["1 #deplo… 999+", "2 #general"], "about a thousand")


async def test_nothing_is_read_while_scrolled_up(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    for number in range(40):
        await bob.tell("#general", f"line {number}")
    async with open_chat(place) as chat:
        await chat.sees("line 39", "#log")
        await chat.until(lambda: chat.rooms == ["1 #general"], "all is read")
        await chat.press("pageup")
        await bob.tell("#general", "new")
        await chat.until(lambda: chat.rooms == ["1 #general 1"], "it is unread")
        await chat.sees("1 new message")
        await chat.press("end")
        await chat.until(lambda: chat.rooms == ["1 #general"], "it is read")


async def test_nothing_is_read_while_nobody_looks(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.blur()
        await bob.tell("#general", "are you there?")
        await chat.until(lambda: chat.rooms == ["1 #general 1"], "it is unread")
        await chat.sees("are you there?", "#log")
        await chat.focus()
        await chat.until(lambda: chat.rooms == ["1 #general"], "it is read")


async def test_nothing_is_read_behind_a_dialog(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place, size=(80, 50)) as chat:
        await chat.press("f1")
        await chat.until(lambda: not chat.main.is_active, "the help is in front")
        told = await bob.tell("#general", "are you there?")
        room = chat.client.rooms["#general"]
        await chat.until(lambda: room.last == told.seq, "the message is here")
        assert room.unread == 1
        await chat.press("escape")
        await chat.until(lambda: chat.rooms == ["1 #general"], "it is read")


async def test_what_is_read_here_is_read_on_the_other_device(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    other = await server.enter("alice", "#deploys")
    async with open_chat(place) as chat:
        told = await bob.tell("#deploys", "read me")
        await chat.until(lambda: chat.rooms[0] == "1 #deploys 1", "it is unread")
        await chat.press("alt+1")
        await chat.sees("read me", "#log")
        while (marker := await other.next_of(frames.Marker)).room != "#deploys":
            assert marker.room == "#general"
        assert marker.seq >= told.seq


async def test_what_is_read_on_the_other_device_is_read_here(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    other = await server.enter("alice", "#deploys")
    async with open_chat(place) as chat:
        told = await bob.tell("#deploys", "read me")
        await chat.until(lambda: chat.rooms[0] == "1 #deploys 1", "it is unread")
        await other.ask(frames.Read(other.new_id, "#deploys", told.seq), Result)
        await chat.until(lambda: chat.rooms[0] == "1 #deploys", "it is read")


async def test_two_screens_of_one_person_agree(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await server.enter("alice", "#deploys")
    async with open_chat(place) as one, open_chat(place) as other:
        await bob.tell("#deploys", "read me")
        for chat in (one, other):
            await chat.until(lambda chat=chat: chat.rooms[0] == "1 #deploys 1", "unread on both")  # type: ignore[misc]
        await one.press("alt+1")
        await until(other.pilot, lambda: other.rooms[0] == "1 #deploys", "read on both")
        await one.enter("hello from the one")
        await other.press("alt+1")
        await other.sees("hello from the one", "#log")


# --- attention ------------------------------------------------------------------------------------


async def test_a_mention_in_another_room_rings_and_is_shown(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await member(server, "#deploys")
    async with open_chat(place) as chat:
        await bob.tell("#deploys", "nothing for anybody")
        await bob.tell("#general", "Alice: here you see it anyway")
        await chat.until(lambda: chat.rooms[0] == "1 #deploys 1", "both have come")
        await chat.sees("here you see it anyway", "#log")
        assert (chat.bells, chat.toasts) == (0, "")
        await bob.tell("#deploys", "ALICE, have a look at [/] and [bold]this[/bold]")
        await chat.until(lambda: chat.toasts, "it pops up")
        assert chat.bells == 1
        assert chat.toasts == "bob in #deploys: ALICE, have a look at [/] and [bold]this[/bold]"


async def test_a_mention_rings_when_nobody_looks_and_never_for_oneself(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.enter("alice is my name")
        await chat.sees("alice is my name", "#log")
        await chat.blur()
        await bob.tell("#general", "that is malice")
        await chat.until(lambda: chat.rooms == ["1 #general 1"], "it is counted")
        assert chat.bells == 0
        await bob.tell("#general", "are you there, @alice?")
        await chat.sees("are you there, @alice?", "#log")
        await chat.until(lambda: chat.bells, "it rings")
        assert chat.bells == 1


async def test_messages_from_before_do_not_ring(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await server.enter("alice", "#deploys")
    await bob.tell("#deploys", "alice?")
    async with open_chat(place) as chat:
        assert chat.rooms[0] == "1 #deploys @1"
        assert (chat.bells, chat.toasts) == (0, "")
