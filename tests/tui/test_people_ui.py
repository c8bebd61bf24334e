"""The other people on the screen: who is away, who writes, whom one does not want to read."""

import pytest
from textual.events import MouseScrollDown

from chat_tui.client import watching
from chat_tui.config import Settings
from chat_tui.tui.widgets.panes.status_line import typing_text
from protocol import frames, limits
from protocol.frames import Frame, Result
from server import session
from tests.support.hostile import hostile_server
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire

ROOM = "#general"


async def away(wire: Wire, text: str = "") -> None:
    await wire.ask(frames.Away(wire.new_id, text=text), Result)


async def watch(wire: Wire) -> None:
    await wire.ask(frames.Watch(wire.new_id, [ROOM]), frames.WatchResult)


async def typed(wire: Wire) -> list[Frame]:
    """What has come of typing by now."""
    return [frame for frame in await wire.settled() if isinstance(frame, frames.Typing)]


# --- away


async def test_who_is_away_is_listed_last_with_a_mark(place: Place, server: RunningServer) -> None:
    await away(await server.enter("Adam"), "lunch")
    bob = await server.enter("bob")
    async with open_chat(place) as chat:
        await chat.until(lambda: chat.people == ["alice", "bob", "○ Adam"], "Adam is away")
        assert chat.lines("#people")[0].strip() == "2 + 1 away"
        await away(bob)
        await chat.until(lambda: chat.people == ["alice", "○ Adam", "○ bob"], "bob too")
        await chat.enter("/people")
        await chat.until(lambda: chat.topic.endswith("1 online, 2 away"), "the numbers are in view")


@pytest.mark.parametrize(
    ("width", "heading"), [(80, "2 + 1 away"), (120, "People 2, 1 away")], ids=["80", "120"]
)
async def test_the_heading_has_the_numbers(
    place: Place, server: RunningServer, width: int, heading: str
) -> None:
    await server.enter("bob")
    await away(await server.enter("Adam"))
    async with open_chat(place, size=(width, 24)) as chat:
        await chat.until(lambda: chat.lines("#people")[0].strip() == heading, heading)


async def test_away_and_back(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob")
    async with open_chat(place) as chat:
        await watch(bob)
        await chat.enter("/away lunch [/] ")
        assert await bob.next_of(frames.Presence) == frames.Presence(
            ROOM, "alice", online=True, away=True, text="lunch [/]"
        )
        await chat.sees("you are away: lunch [/]", "#status")
        await chat.sees("or a message", "#log")
        await chat.enter("/back")
        assert not (await bob.next_of(frames.Presence)).away
        await chat.sees("You are back", "#log")
        assert "away" not in chat.status
        await chat.enter("/away")
        await chat.sees("· you are away ", "#status")
        await chat.enter("/whois bob")
        await chat.type("a draft")
        await chat.sees("· you are away ", "#status")  # neither says that one is back
        await chat.press("enter")
        await chat.until(lambda: "away" not in chat.status, "a message does")
        await chat.enter("/back")
        await chat.sees("You are not away", "#log")


async def test_who_is_away_sees_it_after_a_restart(place: Place) -> None:
    async with open_chat(place) as chat:
        await chat.enter("/away holidays")
        await chat.sees("you are away: holidays", "#status")
    async with open_chat(place) as chat:
        await chat.sees("you are away: holidays", "#status")


async def test_nobody_at_the_keys_is_away(place: Place, server: RunningServer) -> None:
    await server.enter("bob")
    async with open_chat(place, settings=Settings(away_minutes=0.2 / 60)) as chat:
        await chat.until(lambda: chat.people == ["bob", "○ alice"], "alice is away by herself")
        assert "away" not in chat.status  # that is for what one has said
        chat.client.company.idling.after(3600)
        await chat.press("f1")  # whatever key, wherever
        await chat.press("escape")
        await chat.until(lambda: chat.people == ["alice", "bob"], "she is back")


async def test_away_can_be_switched_off(place: Place) -> None:
    async with open_chat(place, settings=Settings(away_minutes=0)) as chat:
        assert chat.client.company.idling._timer is None
        await chat.press("a")
        assert not chat.client.company.idling.idle


# --- typing


async def test_who_types_is_shown_and_nothing_moves(place: Place, server: RunningServer) -> None:
    wires = [await server.enter(name) for name in ("bob", "carol", "dave")]
    async with open_chat(place) as chat:
        before = [widget.region for widget in chat.main.query("*")]
        wires[0].send(frames.Typing(ROOM))
        await chat.sees("· bob is typing…", "#status")
        wires[1].send(frames.Typing(ROOM))
        await chat.sees("· bob and carol are typing…", "#status")
        wires[2].send(frames.Typing(ROOM))
        await chat.sees("· several people are typing…", "#status")
        assert [widget.region for widget in chat.main.query("*")] == before
        for wire in wires[:2]:
            wire.send(frames.Typing(ROOM, on=False))
        await chat.sees("· dave is typing…", "#status")
        await wires[2].tell(ROOM, "there it is")
        await chat.sees("there it is", "#log")
        await chat.until(lambda: "typing" not in chat.status, "he has said it")


@pytest.mark.parametrize(
    ("names", "width", "text"),
    [
        (["bob"], 14, "bob is typing…"),
        (["bob", "carol"], 30, "bob and carol are typing…"),
        (["bartholomew-fitzgerald-the-third"], 45, "bartholomew-fitzgerald-the-third is typing…"),
        (["bartholomew-fitzgerald-the-third"], 42, "bartholomew-fit… is typing…"),
        (["zoe", "bartholomew-fitzgerald-the-third"], 32, "zoe and barthol… are typing…"),
        (["bob", "carol", "dave"], 9, "several people are typing…"),
    ],
)
def test_who_types_in_few_words(names: list[str], width: int, text: str) -> None:
    assert typing_text(names, width) == text


async def test_typing_in_another_room_is_not_shown(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#other")
    async with open_chat(place) as chat:
        await enter_other(chat)
        bob.send(frames.Typing("#other"))
        await chat.sees("bob is typing…", "#status")
        await chat.enter(f"/switch {ROOM}")
        await chat.until(lambda: "typing" not in chat.status, "it is in the other room")


async def enter_other(chat: Chat) -> None:
    """Go to another room, and know who is there."""
    await chat.enter("/join #other")
    await chat.until(lambda: chat.topic.startswith("#other"), "it is in view")
    await chat.until(lambda: chat.client.rooms["#other"].people.total, "it is watched")


async def test_others_are_told_that_one_types(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob")
    async with open_chat(place) as chat:
        await watch(bob)
        await bob.settled()
        await chat.type("/me wav")
        await chat.press(*["backspace"] * 7)
        assert await typed(bob) == []
        await chat.type("hel")
        typing = await bob.next_of(frames.Typing)
        assert (typing.room, typing.name, typing.on) == (ROOM, "alice", True)
        await chat.press(*["backspace"] * 3)
        assert not (await bob.next_of(frames.Typing)).on


async def test_a_draft_that_comes_back_is_not_typed(
    place: Place, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "TYPING_SECONDS", 0)
    bob = await server.enter("bob", "#other")
    async with open_chat(place) as chat:
        await enter_other(chat)
        await bob.ask(frames.Watch(bob.new_id, [ROOM, "#other"]), frames.WatchResult)
        await chat.type("a draft")
        assert (await bob.next_of(frames.Typing)).room == "#other"
        await chat.press("alt+1")
        await chat.until(lambda: chat.composer.text == "", "the draft stays behind")
        assert await bob.next_of(frames.Typing) == frames.Typing(
            "#other", on=False, user=chat.client.user, name="alice"
        )
        await chat.press("alt+2")
        await chat.until(lambda: chat.composer.text == "a draft", "the draft is back")
        assert await typed(bob) == []
        await chat.type("!")
        assert (await bob.next_of(frames.Typing)).room == "#other"


async def test_typing_can_be_kept_to_oneself(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob")
    async with open_chat(place, settings=Settings(send_typing=False)) as chat:
        await watch(bob)
        await chat.enter("hello")
        while (await bob.next_of(frames.Event)).kind != frames.MESSAGE:
            pass
        assert [frame for frame in bob.aside if isinstance(frame, frames.Typing)] == []
        bob.send(frames.Typing(ROOM))
        await chat.sees("bob is typing…", "#status")


# --- who somebody is


async def test_whois(place: Place, server: RunningServer) -> None:
    bob = await server.enter("Bob", ROOM, "#ops")
    await server.enter("carol", "#ops")
    async with open_chat(place, size=(120, 36)) as chat:
        await chat.enter("/whois BOB")
        await chat.sees("Bob is online", "#log")
        await chat.sees("known here since 2026-11-23 12:00", "#log")
        await chat.sees(f"with you in {ROOM}", "#log")
        assert "#ops" not in chat.text("#log")
        await away(bob, "lunch [/]")
        await chat.enter("/whois bob")
        await chat.sees("Bob is away: lunch [/]", "#log")
        server.clock.seconds += 3600
        await bob.close()
        await chat.until(lambda: chat.people == ["alice", "carol"], "he is gone")
        await server.context.writer.drain()
        await chat.enter("/whois bob")
        await chat.sees("Bob is offline, last seen 2026-11-23 13:00", "#log")
        await chat.enter("/whois nobody")
        await chat.sees("nobody here is called nobody", "#log")


async def test_online_shows_who_is_away(place: Place, server: RunningServer) -> None:
    await away(await server.enter("bob"), "lunch")
    async with open_chat(place) as chat:
        await chat.enter("/online")
        await chat.sees("2 people are online (○ away):", "#log")
        await chat.sees("○ bob    #general  - lunch", "#log")
        await chat.sees("  alice  #general", "#log")


# --- ignored people


async def test_ignored_people_are_not_seen(place: Place, server: RunningServer) -> None:
    bob, carol = await server.enter("bob", "#other"), await server.enter("carol")
    await bob.tell(ROOM, "from bob")
    await carol.tell(ROOM, "from carol")
    async with open_chat(place) as chat:
        await enter_other(chat)
        await chat.enter(f"/switch {ROOM}")
        await chat.sees("from bob", "#log")
        await chat.enter("/ignore bob")
        await chat.sees("You no longer see messages", "#log")
        assert "from bob" not in chat.text("#log")
        assert "from carol" in chat.text("#log")
        await bob.tell("#other", "alice, alice, alice")
        await bob.tell(ROOM, "more from bob")
        bob.send(frames.Typing(ROOM))
        await carol.tell(ROOM, "more from carol")
        await chat.sees("more from carol", "#log")
        await chat.settle()
        assert "more from bob" not in chat.text("#log")
        assert (chat.bells, chat.toasts, chat.rooms) == (0, "", ["1 #general", "2 #other"])
        assert "typing" not in chat.status
        await chat.enter("/ignored")
        await chat.sees("You ignore bob", "#log")
        await chat.enter("/whois bob")
        await chat.sees("you ignore them", "#log")
        await chat.enter("/unignore bob")
        await chat.sees("more from bob", "#log")
        assert "from bob" in chat.text("#log")
        await chat.until(lambda: chat.rooms[1] == "2 #other @1", "it counts now")
        await chat.enter("/ignored")
        await chat.sees("You ignore nobody", "#log")


async def test_another_device_ignores_somebody(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob")
    await bob.tell(ROOM, "from bob")
    async with open_chat(place) as chat:
        await chat.sees("from bob", "#log")
        phone = await server.enter("alice")
        await phone.ask(frames.Ignore(90, "bob"), frames.Person)
        await chat.until(lambda: "from bob" not in chat.text("#log"), "it is hidden here too")


async def test_ignored_people_are_hidden_without_a_server(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob")
    await bob.tell(ROOM, "from bob")
    async with open_chat(place) as chat:
        await chat.enter("/ignore bob")
        await chat.enter("from alice")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
    await place.go()
    async with open_chat(place, wait=False) as chat:
        await chat.sees("from alice", "#log")
        assert "from bob" not in chat.text("#log")


async def test_a_wall_of_ignored_messages_is_no_end(place: Place, server: RunningServer) -> None:
    """What lies before it is found, though the pages between show nothing."""
    bob, carol = await server.enter("bob"), await server.enter("carol")
    await carol.tell(ROOM, "before it")
    for number in range(180):
        await bob.tell(ROOM, f"wall {number}")
    alice = await server.enter("alice")
    await alice.ask(frames.Ignore(90, "bob"), frames.Person)
    async with open_chat(place) as chat:
        await chat.sees("before it", "#log")
        assert "wall" not in chat.text("#log")


# --- long lists


async def test_scrolling_the_people_asks_for_more(
    place: Place, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LISTS", (25, 30, 40))
    for size, name in zip(limits.LISTS, ("FEW", "MANY", "MOST"), strict=True):
        monkeypatch.setattr(watching, name, size)
    for number in range(50):
        await server.enter(f"p{number:02}")
    async with open_chat(place) as chat:
        await chat.sees("People 51", "#people")
        await chat.until(lambda: chat.people[-1] == "… 30 more", "the first are listed")
        assert len(chat.client.rooms[ROOM].people.listed) == 25
        await scroll_to(chat, "p28")
        assert len(chat.client.rooms[ROOM].people.listed) == 40
        await scroll_to(chat, "p37")
        assert chat.people[-1] == "… 12 more"


async def scroll_to(chat: Chat, name: str) -> None:
    """Turn the wheel until that person is in view."""
    for _ in range(30):
        if name in chat.people:
            return
        await chat.pilot._post_mouse_events([MouseScrollDown], "#people")
        await chat.settle()
    await chat.until(lambda: name in chat.people, f"{name} is in view")


# --- a hostile server


async def test_names_and_reasons_of_others_are_text(place: Place) -> None:  # noqa: ARG001  # a home
    async with hostile_server() as hostile, open_chat(hostile, size=(120, 30)) as chat:
        text = "[bold red]x[/] [/]\x1b[2J\x1b]52;c;x\x07"
        hostile.push(
            frames.Presence("#general", "mallory[/]", online=True, away=True, text=text),
            frames.Typing("#general", user=3, name=text),
            frames.MineChanged(away=True, text=text),
        )
        await chat.sees("○ mallory", "#people")
        count = frames.Count(limits.INTEGER, limits.INTEGER)
        many = frames.WatchResult({ROOM: ["alice", text]}, counts={ROOM: count})
        hostile.answers[frames.Watch] = lambda _: many
        hostile.push(frames.People(ROOM, limits.INTEGER, limits.INTEGER))
        await chat.sees("… 90071992547", "#people")
        assert "alice" in chat.people
        await chat.sees("you are away: [bold red]x[/] [/]", "#status")
        hostile.answers[frames.Whois] = lambda _: frames.WhoisResult(
            7, text, text, text, limits.TIME, limits.TIME, text, [text]
        )
        await chat.enter("/whois x")
        await chat.sees("[bold red]x[/] [/] is [bold red]x[/] [/]", "#log")
        hostile.answers[frames.Mine] = lambda _: frames.MineResult(ignored=[frames.Person(7, text)])
        await chat.enter("/ignored")
        await chat.sees("You ignore [bold red]x[/] [/]", "#log")
