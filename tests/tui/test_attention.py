"""What wants attention: the two numbers, going where one is wanted, muting, words that call."""

from chat_tui import config
from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat

ROOMS = ("#general", "#deploys", "#noise", "#plans")


def here(chat: Chat) -> str:
    return chat.main.panes.current.title if chat.main.panes.current is not None else ""


async def member(server: RunningServer) -> None:
    """Alice is in all rooms, and has read all there is."""
    alice = await server.enter("alice", *ROOMS)
    for room in ROOMS:
        await alice.ask(frames.Read(alice.new_id, room, 10_000), Result)
    await alice.close()


async def test_going_where_one_is_wanted(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", *ROOMS)
    await member(server)
    direct = (await bob.ask(frames.Dm(bob.new_id, "alice"), frames.JoinResult)).room.room
    async with open_chat(place) as chat, open_chat(place, size=(60, 20)) as narrow:
        await chat.press("alt+4")
        await chat.enter("/notify NONE")
        await chat.sees("#plans is muted", "#log")
        await narrow.until(lambda: narrow.client.rooms["#plans"].muted, "muted on the other device")
        await chat.enter("/notify loud")
        await chat.sees("/notify takes all", "#log")
        await chat.press("alt+3")
        await chat.enter("/highlight disk*")
        await chat.sees("disk* notifies you", "#log")
        await chat.press("alt+2")
        assert here(chat) == "#general"
        chat.bells = 0
        await bob.tell("#noise", "nothing for anybody")
        await bob.tell("#plans", "nor this")
        server.clock.seconds += 60
        await bob.tell("#deploys", "the first")
        await bob.tell("#deploys", "the disks are full")
        server.clock.seconds += 60
        await bob.tell(direct, "psst")
        rooms = ["1 #deplo… 1 @1", "2 #general", "3 #noise 1", "4 #plans 1", "Direct", "5 @bob @1"]
        await chat.until(lambda: chat.rooms == rooms, "both numbers")
        assert chat.main.servers.title._shown.startswith("(2) #general")
        rung = chat.bells
        assert rung
        server.clock.seconds += 60
        await bob.tell("#plans", "alice: quietly")
        await chat.until(lambda: chat.rooms[3] == "4 #plans 1 @1", "counted, but nobody is told")
        assert chat.bells == rung
        # The other device has no list of rooms in view, nor the word.
        await narrow.sees("@ in 2 rooms (Alt+A)", "#status")

        for room in ("#deploys", "@bob", "#plans", "#noise"):
            await chat.press("alt+a")
            await chat.until(lambda room=room: here(chat) == room, f"in {room}")  # type: ignore[misc]
            await chat.until(lambda: not chat.main.panes.current.unread, "it is read")  # type: ignore[union-attr]
        assert chat.main.servers.title._shown == "#noise - chat-tui"
        await narrow.until(lambda: "want" not in narrow.status, "read on the other device")
        await chat.press("alt+a")
        assert here(chat) == "#general"
        assert "back in #general" in chat.toasts
        await chat.press("alt+a")
        assert here(chat) == "#general"
        assert "No unread messages or mentions" in chat.toasts
        assert config.load().highlights == ("disk*",)
        await chat.enter("/unhighlight DISK*")
        await chat.sees("DISK* no longer notifies you", "#log")
        assert config.load().highlights == ()


async def test_a_room_that_one_does_not_finish_is_no_dead_end(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", *ROOMS)
    await member(server)
    for room in ("#noise", "#plans"):
        bob.send(*(bob.say(room, f"alice {number}") for number in range(60)))
        await bob.tell(room, "alice, the last")
        server.clock.seconds += 60
    async with open_chat(place) as chat:
        await chat.until(lambda: chat.rooms[2:] == ["3 #noise @61", "4 #plans @61"], "all are counted")
        await chat.press("alt+2")
        for room in ("#noise", "#plans", "#general"):
            await chat.press("alt+a")
            assert here(chat) == room
        await chat.press("alt+a")
        assert here(chat) == "#noise", "who begins anew is led through all of them again"
