"""What one sees when the chat is open, at every size, and that one can write in it."""

import pytest
from textual.css.query import NoMatches
from textual.events import MouseScrollDown

from chat_tui import config
from chat_tui.tui.widgets.log.message_log import MessageLog
from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import Place, open_chat
from tests.support.wire import text_of

SIZES = [(80, 24), (120, 36), (60, 20), (60, 15), (200, 60)]


async def test_rooms_log_people_topic_input_and_status(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general", "#deploys")
    await bob.ask(frames.Topic(bob.new_id, "#general", "Releases on Thursdays"), Result)
    await bob.tell("#general", "good morning")
    async with open_chat(place) as chat:
        await chat.sees("good morning", "#log")
        assert len(chat.lines()) == 24
        assert chat.lines("#rooms")[0].strip() == "Rooms"
        assert chat.rooms == ["1 #general"]
        assert chat.topic.startswith("#general  Releases on Thursdays")
        assert chat.lines("#people")[0].strip() == "People 2"
        assert chat.people == ["alice", "bob"]
        assert chat.messages()[-2:] == ["good morning", "+ alice"]
        assert chat.lines("#compose")[0].strip() == "alice Message #general"
        assert chat.status.startswith("● alice on chat.example.org:7777")
        assert chat.status.endswith("Ctrl+Q quit")
        rooms, log, people = (chat.main.query_one(f"#{part}") for part in ("rooms", "log", "people"))
        assert rooms.region.right <= log.region.x
        assert log.region.right <= people.region.x


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_size_can_be_used(place: Place, server: RunningServer, size: tuple[int, int]) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place, size=size) as chat:
        await bob.tell("#general", "can you read this?")
        await chat.sees("can you read this?", "#log")
        await chat.enter("yes I can")
        while text_of(event := await bob.event()) != "yes I can":
            assert event.sender in ("alice", "bob")
        await chat.sees("yes I can", "#log")
        assert chat.composer.text == ""
        assert "#general" in chat.topic
        assert chat.status.startswith("● alice")
        assert chat.main.query_one("#compose").region.bottom == size[1] - 1
        assert all(len(line) <= size[0] for line in chat.lines())


async def test_below_80_columns_the_panes_fold_away_and_keys_bring_them(place: Place) -> None:
    async with open_chat(place, size=(79, 24)) as chat:
        assert chat.main.query_one("#log").region.width >= 78
        assert not any(line.startswith("Rooms") or "People" in line for line in chat.lines())
        await chat.press("f7")
        await chat.until(lambda: chat.rooms == ["1 #general"], "F7 shows the rooms")
        await chat.press("f8")
        await chat.until(lambda: chat.people == ["alice"], "F8 shows the people")
        await chat.press("f7", "f8")
        await chat.until(lambda: chat.main.query_one("#log").region.width >= 78, "both are folded again")
        await chat.pilot.resize_terminal(80, 24)
        await chat.sees("Rooms")
        await chat.sees("People")
        await chat.press("f7", "f8")
        await chat.until(lambda: chat.main.query_one("#log").region.width >= 78, "the panes are hidden")


async def test_a_new_size_shows_everything_at_once(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.enter("word " * 30 + "end")
        await chat.sees("end", "#log")
        for width, height in ((30, 8), (120, 40), (60, 15)):
            await chat.pilot.resize_terminal(width, height)
            await chat.sees("end", "#log")
            assert len(chat.lines()) == height
            assert chat.status.startswith("● alice")


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (20, 5), (300, 4)], ids=str)
async def test_absurd_sizes_do_no_harm(place: Place, size: tuple[int, int]) -> None:
    async with open_chat(place) as chat:
        await chat.enter("hello")
        await chat.pilot.resize_terminal(*size)
        await chat.press("pageup", "f7", "f8", "x", "f1", "escape")
        await chat.pilot.resize_terminal(80, 24)
        await chat.sees("hello", "#log")


async def test_a_room_without_messages_is_friendly(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.enter("/clear")
        await chat.enter("/join #quiet")
        await chat.sees("Message #quiet", "#compose")
        await chat.sees("created by alice", "#log")


async def test_long_names_are_cut_in_the_panes_and_shown_in_full_where_there_is_room(
    place: Place, server: RunningServer
) -> None:
    room = "#" + "long-room-name-" * 4
    long = await server.enter("bartholomew-fitzgerald-the-third", "#general", room)
    async with open_chat(place, size=(120, 24)) as chat:
        await long.tell("#general", "hello")
        await chat.enter(f"/join {room}")
        await chat.until(lambda: len(chat.rooms) == 2, "the room is in the list")
        assert chat.rooms[1].startswith("2 #long-room-")
        assert chat.rooms[1].endswith("…")
        await chat.until(lambda: len(chat.people) == 2, "both are there")
        assert chat.people[1].startswith("★bartholo")
        assert chat.people[1].endswith("…")
        await chat.enter("/online")
        await chat.sees("bartholomew-fitzgerald-the-third", "#log")


# --- writing --------------------------------------------------------------------------------------


async def test_ctrl_j_begins_a_new_line_and_enter_sends_them_as_one(
    place: Place, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.type("first")
        await chat.press("ctrl+j")
        await chat.type("second")
        assert chat.composer.text == "first\nsecond"
        assert [line.strip() for line in chat.lines("#composer")] == ["first", "second"]
        await chat.press("enter")
        await chat.sees("second", "#log")
        said = [event for event in [await bob.event(), await bob.event()] if event.kind == frames.MESSAGE]
        assert [text_of(event) for event in said] == ["first\nsecond"]
        assert chat.lines("#compose")[0].strip() == "alice Message #general"


async def test_the_input_grows_and_leaves_room_for_the_log(place: Place) -> None:
    async with open_chat(place, size=(60, 15)) as chat:
        for _ in range(14):
            await chat.type("line")
            await chat.press("ctrl+j")
        assert chat.main.query_one("#compose").region.height <= 10
        assert chat.log.region.height >= 3
        assert chat.status.startswith("● alice")


async def test_pasted_lines_stay_in_the_input_until_enter(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.paste("/quit\r\ntwo\x1b[2J\x9b31m\nthree\n")
        assert chat.composer.text == "/quit\ntwo\nthree"
        assert not [event for event in await bob.settled() if isinstance(event, frames.Event)][1:]
        await chat.press("home", "ctrl+home", "/")
        await chat.until(lambda: chat.composer.text, "it is still there")


async def test_many_lines_are_sent_at_the_second_enter(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.paste("\n".join(map(str, range(11))))
        await chat.press("enter")
        await chat.sees("11 lines: Enter again sends them")
        await chat.press("end", "!", "enter")  # it is another text now: asked again
        assert chat.composer.text.endswith("10!")
        await chat.press("enter")
        assert chat.composer.text == ""
        while (come := await bob.event()).kind != frames.MESSAGE:
            assert come.kind == frames.JOIN
        assert text_of(come) == "\n".join(map(str, range(11))) + "!"


async def test_what_is_pasted_is_sent_as_one_message(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.type("look: ")
        await chat.paste("one\ntwo\n")
        await chat.press("enter")
        while (event := await bob.event()).kind != frames.MESSAGE:
            assert event.kind == frames.JOIN
        assert text_of(event) == "look: one\ntwo"


async def test_up_brings_earlier_lines_back_and_down_the_draft(place: Place) -> None:
    async with open_chat(place) as chat:
        for line in ("first", "second", "/topic"):
            await chat.enter(line)
        await chat.type("draft")
        seen = []
        for key in ("up", "up", "up", "up", "down", "down", "down", "down"):
            await chat.press(key)
            seen.append(chat.composer.text)
        assert seen == ["/topic", "second", "first", "first", "second", "/topic", "draft", "draft"]


async def test_nothing_is_sent_for_an_empty_line(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await bob.settled()
        for line in ("", "   "):
            await chat.enter(line)
        assert not chat.client.sender.pending
        assert await bob.settled() == []


async def test_typing_goes_to_the_input_wherever_one_clicked(place: Place) -> None:
    async with open_chat(place) as chat:
        for selector in ("#log", "#rooms", "#people", "#status", "#topic"):
            await chat.pilot.click(selector)
            await chat.type("x")
        assert chat.composer.text == "xxxxx"


async def test_a_click_on_somebody_writes_their_name(place: Place, server: RunningServer) -> None:
    await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await chat.until(lambda: chat.people == ["alice", "bob"], "bob is there")
        await chat.pilot.click("#people", offset=(2, 2))
        assert chat.composer.text == "bob: "
        await chat.type("hi ")
        await chat.pilot.click("#people", offset=(2, 2))
        assert chat.composer.text == "bob: hi bob "


async def test_people_come_and_go(place: Place, server: RunningServer) -> None:
    async with open_chat(place) as chat:
        assert chat.people == ["alice"]
        zoe = await server.enter("Zoë", "#general")
        await server.enter("bob", "#general")
        await chat.until(lambda: chat.people == ["alice", "bob", "Zoë"], "they are listed by name")
        assert chat.lines("#people")[0].strip() == "People 3"
        await zoe.close()
        await chat.until(lambda: chat.people == ["alice", "bob"], "she is gone")


async def test_five_thousand_people_are_counted_and_scrolled(place: Place) -> None:
    async with open_chat(place) as chat:
        room = chat.main.panes.current
        assert room is not None
        names = [f"person{number:04}" for number in range(1000)]
        counts = {room.name: frames.Count(5000)}
        room.people.restart(room.name, frames.WatchResult({room.name: names}, counts=counts))
        chat.main._draw()
        await chat.sees("People 5000", "#people")
        assert chat.people[-1].startswith("…")
        assert chat.people[0] == "person0000"
        await chat.pilot._post_mouse_events([MouseScrollDown], "#people")
        await chat.until(lambda: chat.people[0] == "person0003", "the list has moved")


async def test_a_drawing_that_was_due_when_the_program_ended_harms_nobody(place: Place) -> None:
    async with open_chat(place) as chat:
        main = chat.main
    with pytest.raises(NoMatches):
        main.query_one(MessageLog)  # it is down
    main._draw()


async def test_a_damaged_outbox_is_told_of_and_kept(place: Place) -> None:
    file = config.outbox_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("rubbish" * 1000)
    async with open_chat(place, size=(200, 24)) as chat:
        await chat.sees("The damaged file is kept as", "#log")
        await chat.enter("said all the same")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
    (kept,) = file.parent.glob(f"{file.name}.damaged-*")
    assert kept.read_text() == "rubbish" * 1000


async def test_times_follow_the_computer_into_another_zone(
    place: Place, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = await server.enter("bob", "#general")
    async with open_chat(place) as chat:
        await bob.tell("#general", "noon")
        await chat.sees("12:00", "#log")
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        chat.main._check_zone()  # as its timer does
        await chat.sees("21:00", "#log")
        assert "12:00" not in chat.text("#log")
        monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # it is the next day there
        chat.main._check_zone()
        await chat.sees("Tuesday, 24 November 2026", "#log")
        assert "Monday" not in chat.text("#log")
