"""Private rooms, rooms of two, roles and moderation, as people type and see them."""

import pytest

from chat_tui import config
from chat_tui.client.events import Pending
from chat_tui.client.outbox import Outbox
from chat_tui.client.place import Place as Where
from protocol import frames
from protocol.names import direct_room
from server.session import Session
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire

ALICE, BOB = 2, 1
TWO = direct_room(ALICE, BOB)


@pytest.fixture
async def bob(server: RunningServer) -> Wire:
    """User 1; alice will be user 2."""
    return await server.enter("bob")


def current(chat: Chat) -> str:
    return chat.main.panes.current.title if chat.main.panes.current is not None else ""


async def in_room(chat: Chat, title: str) -> None:
    await chat.until(lambda: current(chat) == title, f"in {title}")


# --- rooms of two


async def test_msg_goes_to_the_room_with_somebody(place: Place, bob: Wire) -> None:
    async with open_chat(place) as chat:
        await chat.enter("/msg @bob lunch at 12?")
        await in_room(chat, "@bob")
        await chat.sees("lunch at 12?", "#log")
        await chat.until(lambda: chat.messages()[-1:] == ["lunch at 12?"], "it is stored")
        await chat.until(lambda: chat.rooms == ["1 #general", "Direct", "2 @bob"], "the room is listed")
        assert chat.topic == "@bob"
        assert "the beginning of @bob" in chat.text("#log")
        assert "created" not in chat.text("#log")
        assert (await bob.event(TWO)).kind == frames.CREATE
        await chat.until(lambda: chat.people == ["alice", "bob"], "both are there")
        await chat.press("alt+1")
        await in_room(chat, "#general")
        await chat.enter("/query BOB")
        await in_room(chat, "@bob")
        await chat.enter("/msg nobody hello")
        await chat.sees("nobody here is called nobody", "#log")
        await chat.enter("/leave")
        await chat.sees("that is for channels", "#log")


async def test_who_is_written_to_hears_it_wherever_they_look(place: Place, bob: Wire) -> None:
    async with open_chat(place) as chat:
        await do(bob, frames.Dm, "alice")
        await chat.until(lambda: TWO in chat.client.rooms, "the room is there")
        await chat.settle()
        assert chat.rooms == ["1 #general"]  # nothing has been said in it
        await bob.tell(TWO, "psst [bold]there[/bold]")
        await chat.until(lambda: chat.toasts, "it pops up")
        assert (chat.toasts, chat.bells) == ("bob: psst [bold]there[/bold]", 1)
        await chat.until(lambda: chat.rooms == ["1 #general", "Direct", "2 @bob @1"], "it is unread")
        await chat.pilot.click("#rooms", offset=(3, 2))  # the heading is no room
        assert current(chat) == "#general"
        await chat.pilot.click("#rooms", offset=(3, 3))
        await in_room(chat, "@bob")
        await chat.until(lambda: chat.rooms[-1] == "2 @bob", "it is read")
        await bob.tell(TWO, "there you are")
        await chat.sees("there you are", "#log")
        assert chat.bells == 1
        await do(bob, frames.Nick, "rob")
        await chat.until(lambda: chat.rooms[-1] == "2 @rob", "the room has the new name")
        await chat.until(lambda: chat.topic == "@rob", "everywhere")


async def test_many_rooms_of_both_kinds_scroll(place: Place, server: RunningServer, bob: Wire) -> None:
    alice = await server.enter("alice", *(f"#room{number:02}" for number in range(15)))
    for number in range(15):
        other = await server.enter(f"user{number:02}")
        room = (await do(other, frames.Dm, "alice")).room.room
        await other.tell(room, "hello")
    await alice.close()
    async with open_chat(place) as chat:
        await chat.press("alt+up")
        await in_room(chat, "@user14")
        await chat.until(lambda: chat.rooms[-1] == "@user14", "the last one is in view")
        await chat.pilot.click("#rooms", offset=(3, 21))
        await in_room(chat, "@user13")
        await chat.press("alt+1")
        await chat.until(lambda: chat.rooms[0] == "1 #general", "the first one is in view")
    assert bob is not None


async def test_names_of_both_kinds_are_completed_and_found(place: Place, bob: Wire) -> None:
    async with open_chat(place) as chat:
        await do(bob, frames.Dm, "alice")
        await bob.tell(TWO, "hello")
        await chat.until(lambda: len(chat.rooms) == 3, "the room is listed")
        await chat.type("/switch @b")
        await chat.press("tab")
        assert chat.composer.text == "/switch @bob "
        await chat.press("enter")
        await in_room(chat, "@bob")
        await chat.enter("/switch gen")
        await in_room(chat, "#general")
        await chat.enter("/switch bo")
        await in_room(chat, "@bob")
        await chat.press("ctrl+k")
        await chat.type("gen")
        await chat.press("enter")
        await in_room(chat, "#general")
        await chat.press("ctrl+k")
        await chat.type("@bob")
        await chat.press("enter")
        await in_room(chat, "@bob")
        await chat.press("ctrl+k")
        await chat.type("@alice")
        await chat.sees("write to them")
        await chat.press("enter")
        await in_room(chat, "@alice")  # a pad for oneself


# --- private rooms


async def test_a_private_room_is_made_and_somebody_invited(
    place: Place, server: RunningServer, bob: Wire
) -> None:
    async with open_chat(place, size=(170, 24)) as chat:
        await chat.enter("/create #plans private")
        await in_room(chat, "#plans")
        await chat.until(lambda: chat.rooms == ["1 #general", "2 #plans*"], "it is marked")
        assert chat.topic.startswith("#plans (private)")
        await chat.until(lambda: chat.people == ["★alice"], "who owns it is marked")
        await chat.enter("/create #plans")
        await chat.sees("no room can be made under the name #plans", "#log")
        await chat.enter("/invite bob")
        await chat.sees("alice invited bob", "#log")
        await bob.next_of(frames.Invited)
        await bob.join("#plans")
        await chat.sees("+ bob", "#log")
        await chat.enter("/role bob mod")
        await chat.sees("alice made bob a moderator", "#log")
        await chat.until(lambda: chat.people == ["★alice", "+bob"], "so is who moderates it")
        await chat.enter("/public")
        await chat.sees("alice made the room public", "#log")
        await chat.until(lambda: chat.rooms == ["1 #general", "2 #plans"], "the mark has gone")
        await chat.enter("/members")
        await chat.sees("2 people are in #plans:", "#log")
        await chat.sees("★ alice  owner, online", "#log")
        await chat.sees("+ bob    moderator, online", "#log")
    assert "#plans" in server.context.state.rooms


async def test_an_invitation_is_seen_and_taken(place: Place, bob: Wire) -> None:
    await do(bob, frames.Create, "#plans", private=True)
    async with open_chat(place, size=(170, 24)) as chat:
        await do(bob, frames.Invite, "#plans", "alice")
        await chat.until(lambda: chat.toasts.startswith("bob invites you to #plans"), "it pops up")
        assert chat.bells == 1
        await chat.sees("/join #plans enters, /leave #plans", "#log")
        await chat.enter("/rooms")
        await chat.sees("! #plans      1 person  you are invited", "#log")
        await chat.enter("/join #plans")
        await in_room(chat, "#plans")


# --- moderation


async def test_bans_and_mutes_with_and_without_an_end(place: Place, server: RunningServer, bob: Wire) -> None:
    async with open_chat(place, size=(170, 40)) as chat:
        await chat.enter("/join #room")
        await in_room(chat, "#room")
        await bob.join("#room")
        await chat.enter("/mute bob 10m take a breath")
        await chat.sees("alice muted bob until 2026-11-23 12:10: take a breath", "#log")
        await chat.enter("/bans")
        await chat.sees("bob: muted by alice until 2026-11-23 12:10: take a breath", "#log")
        await chat.enter("/unmute bob")
        await chat.sees("alice lets bob speak again", "#log")
        await chat.enter("/ban bob 7 days")
        await chat.sees("7 is no time, as in 10m, 2h or 7d", "#log")
        assert server.context.state.rooms["#room"].bans == {}
        await chat.enter("/ban bob 900000w")
        await chat.sees("900000w is no time", "#log")
        await chat.enter("/kick bob")
        await chat.sees("alice removed bob", "#log")
        await chat.enter("/ban bob far too much noise")
        await chat.sees("alice banned bob: far too much noise", "#log")
        assert server.context.state.rooms["#room"].bans[BOB].until is None
        await chat.enter("/bans")
        await chat.sees("bob: banned by alice for good: far too much noise", "#log")
        await chat.enter("/unban bob")
        await chat.sees("alice lifted the ban of bob", "#log")
        await chat.enter("/unban bob")
        await chat.sees("bob is not banned from #room", "#log")
        await chat.enter("/bans")
        await chat.sees("Nobody is banned or muted in #room", "#log")
        await chat.enter("/role bob king")
        await chat.sees("king is no role: owner, moderator or member", "#log")


async def test_an_administrator_keeps_people_and_addresses_out(
    place: Place, server: RunningServer, bob: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = property(lambda one: "192.0.2.7" if one.ready and one.user.name == "bob" else "127.0.0.1")
    monkeypatch.setattr(Session, "address", far)  # all come from loopback here
    async with open_chat(place, size=(170, 40)) as chat:
        await chat.enter("/serverbans")
        await chat.sees("only the server's administrators may ban from the server", "#log")
        server.context.state.users[ALICE].admin = True
        await chat.enter("/serverban bob 10m noise")
        await chat.sees("bob is banned from this server.", "#log")
        await chat.sees("A ban keeps out a name, not a person", "#log")
        await chat.sees("They were connected from 192.0.2.7: /serverban 192.0.2.7 bans that, too.", "#log")
        assert (await bob.ended()).details["reason"] == "noise"
        await chat.enter("/serverban 192.0.2.7/24 10 minutes")
        await chat.sees("10 is no time", "#log")
        await chat.enter("/serverban 192.0.2.7/24")
        await chat.sees("192.0.2.0/24 is banned from this server.", "#log")
        await chat.enter("/serverban 192.0.2.x/24")
        await chat.sees("192.0.2.x/24 is no network, as 192.0.2.0/24 or 2001:db8::/48", "#log")
        await chat.enter("/serverban 0.0.0.0/0")
        await chat.sees("0.0.0.0/0 is too large, that keeps everybody out", "#log")
        await chat.enter("/serverban @127.0.0.1")  # a name
        await chat.sees("nobody here is called 127.0.0.1", "#log")
        await chat.enter("/serverbans")
        await chat.sees("bob: banned by alice until 2026-11-23 12:10: noise", "#log")
        await chat.sees("192.0.2.0/24: banned by alice for good", "#log")
        await chat.enter("/serverunban 192.0.2.0/24")
        await chat.sees("192.0.2.0/24 is no longer banned from this server.", "#log")
        await chat.enter("/serverunban @bob")
        await chat.sees("bob is no longer banned from this server.", "#log")
        await chat.enter("/serverbans")
        await chat.sees("Nobody is banned from this server.", "#log")


async def test_who_may_not_is_told_who_may(place: Place, server: RunningServer, bob: Wire) -> None:
    await bob.join("#room")
    async with open_chat(place, size=(170, 24)) as chat:
        await chat.enter("/join #room")
        await in_room(chat, "#room")
        await chat.enter("/kick bob")
        await chat.sees("only moderators of #room may kick; /members shows them", "#log")
        await chat.enter("/private")
        await chat.sees("only owners of #room may make it private or public", "#log")
        await do(bob, frames.Mute, "#room", "alice", 60)
        await chat.enter("may I?")
        await chat.sees("you are muted in #room until", "#log")
    assert server.context.state.rooms["#room"].mutes.keys() == {ALICE}


async def test_a_room_is_deleted_by_who_names_it_twice(
    place: Place, server: RunningServer, bob: Wire
) -> None:
    async with open_chat(place, size=(170, 24)) as chat:
        await chat.enter("/join #old")
        await in_room(chat, "#old")
        await bob.join("#old")
        await chat.enter("/deleteroom #old")
        await chat.sees("/deleteroom #old #old", "#log")
        await chat.enter("/deleteroom old #new")
        await chat.sees("#old and #new are two rooms", "#log")
        assert "#old" in server.context.state.rooms
        await chat.enter("/deleteroom old #OLD")
        await in_room(chat, "#general")
        await chat.until(lambda: chat.rooms == ["1 #general"], "it is in no list any more")
        while (await bob.event("#old")).kind != frames.DELETE_ROOM:
            pass
    assert "#old" not in server.context.state.rooms


async def test_who_is_removed_sees_why_where_they_look(place: Place, bob: Wire) -> None:
    await bob.join("#room")
    async with open_chat(place, size=(170, 24)) as chat:
        await chat.enter("/join #room")
        await in_room(chat, "#room")
        await do(bob, frames.Kick, "#room", "alice", "[/] too [bold]loud[/bold]")
        await in_room(chat, "#general")
        await chat.sees("#room: bob removed alice: [/] too [bold]loud[/bold]", "#log")
        assert chat.bells == 1


async def test_what_can_no_longer_be_sent_is_told(place: Place, server: RunningServer, bob: Wire) -> None:
    await bob.join("#room")
    outbox = Outbox(config.outbox_file(), place.label, "alice")
    outbox.add(Pending("cid", "@1:9", frames.MESSAGE, "for carl", 0, place=Where("before", "", "carl")))
    outbox.close()
    async with open_chat(place, size=(170, 24)) as chat:
        await chat.sees("Not sent to @carl: for carl - the server went back to a backup", "#log")
        await chat.enter("/retry @carl")
        await chat.sees("Sending 1 message again", "#log")
        await chat.until(lambda: not chat.client.sender._sending, "it is refused again")
        await chat.enter("/discard @carl")
        await chat.sees("Discarded 1; the last text is in the input line", "#log")
        assert chat.composer.text == "for carl"
        await chat.press("ctrl+u")
        await chat.enter("/join #room")
        await in_room(chat, "#room")
        await chat.until(lambda: chat.people, "it is all there")
        await place.go()
        await chat.sees("○ not connected", "#status")
        await chat.enter("from the train")
        again = await place.come_back()
        ann = await again.enter("bob")
        await do(ann, frames.Ban, "#room", "alice")
        await chat.sees("You are in #room no longer", "#log")
        await chat.sees("Not sent to #room: from the train - you are not in #room", "#log")
        await chat.enter("/discard #room")
        await chat.sees("Discarded 1; the last text is in the input line", "#log")
        assert chat.composer.text == "from the train"
    assert server is not None
