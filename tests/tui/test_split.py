"""Two rooms side by side."""

from chat_tui.config import Settings
from chat_tui.tui.widgets.log.message_log import MessageLog
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat


def title(chat: Chat, pane: str) -> str:
    return chat.text(pane).split()[0]


async def titles(chat: Chat, left: str, right: str) -> None:
    """Wait until these are the rooms in the two panes."""
    await chat.until(
        lambda: (title(chat, "#topic"), title(chat, "#topic-beside")) == (left, right), f"{left} and {right}"
    )


async def test_two_rooms_side_by_side(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#deploys", "#general", "#random")
    alice = await server.enter("alice", "#deploys", "#general", "#random")
    await alice.close()
    for number in range(60):
        await bob.tell("#deploys", f"deploy {number}")
    async with open_chat(place, size=(160, 30), settings=Settings(completion_popup=False)) as chat:
        await chat.until(lambda: len(chat.client.rooms) == 3, "all rooms are there")
        rooms = chat.client.rooms
        await chat.enter("/otherpane")
        await chat.sees("There is no room beside this one", "#log")
        await chat.enter("/split #dep")
        await chat.sees("deploy 0", "#log-beside")  # where the new begins
        assert "deploy 59" not in chat.text("#log-beside")
        assert rooms["#deploys"].unread == 60
        log = chat.main.query_one("#log-beside", MessageLog)
        for _ in range(9):
            log.page_down()
            await chat.settle()
        await chat.sees("deploy 59", "#log-beside")
        await chat.until(lambda: not rooms["#deploys"].unread, "all of it is seen")
        await titles(chat, "#general", "#deploys")
        # live in both; what is seen is read, and calls nobody
        await bob.tell("#general", "hello")
        await bob.tell("#deploys", "alice: done")
        await chat.sees("hello", "#log")
        await chat.sees("alice: done", "#log-beside")
        await chat.until(lambda: not rooms["#deploys"].unread, "it is read")
        assert not chat.bells
        # what one asks to be called by calls there as well
        await chat.enter("/highlight rollback")
        await bob.tell("#deploys", "a rollback")
        await chat.sees("@ a rollback", "#log-beside")
        # unless one looks elsewhere, or further up
        await chat.blur()
        await bob.tell("#deploys", "alice: again")
        await chat.until(lambda: chat.bells == 1, "it calls")
        assert rooms["#deploys"].unread == 1
        await chat.focus()
        await chat.until(lambda: not rooms["#deploys"].unread, "it is read now")
        chat.main.query_one("#log-beside", MessageLog).scroll_lines(-3)
        await bob.tell("#deploys", "further down")
        await chat.sees("1 new message", "#log-beside")
        assert rooms["#deploys"].unread == 1
        # going there: what stands where stays
        await chat.type("to general")
        await chat.press("f6")
        await chat.until(lambda: chat.main.panes.current is rooms["#deploys"], "in the other one")
        await titles(chat, "#general", "#deploys")
        assert chat.composer.text == ""
        assert chat.composer.has_focus
        await chat.press("end")
        await chat.sees("further down", "#log-beside")
        await chat.enter("well done")
        await chat.sees("well done", "#log-beside")
        assert "well done" not in chat.text("#log")
        await chat.press("f6")
        assert chat.composer.text == "to general"
        await chat.pilot.click("#log-beside", offset=(40, 20))  # on a message
        await chat.until(lambda: chat.main.panes.current is rooms["#deploys"], "by a click")
        assert chat.main.panes.messages.selected is None
        await chat.enter("/switch #general")
        assert chat.main.panes.current is rooms["#general"]
        await titles(chat, "#general", "#deploys")
        chat.composer.put("")
        await chat.enter("/switch #random")
        await titles(chat, "#random", "#deploys")
        # too narrow for two, and wide again
        await chat.press("f6")
        await chat.pilot.resize_terminal(149, 30)
        await chat.until(lambda: not chat.main.query_one("#log").is_on_screen, "one is left")
        assert title(chat, "#topic-beside") == "#deploys"
        await chat.enter("all the width")
        await chat.sees("all the width", "#log-beside")
        await bob.tell("#random", "who sees it?")
        await chat.until(lambda: rooms["#random"].unread == 1, "nobody does")
        await chat.press("f6")
        await chat.sees("who sees it?", "#log-beside")
        await chat.pilot.resize_terminal(160, 30)
        await chat.sees("all the width", "#log")
        await titles(chat, "#deploys", "#random")
        await chat.press("f5")
        await chat.until(lambda: not chat.main.query_one("#log").is_on_screen, "closed")
        # a room that one leaves does not stay
        await chat.enter("/split #general")
        await chat.sees("hello", "#log")
        await chat.enter("/leave #general")
        await chat.until(lambda: not chat.main.query_one("#log").is_on_screen, "gone")
