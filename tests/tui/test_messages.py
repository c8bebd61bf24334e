"""One message on the screen: chosen by key and mouse, edited, answered, reacted to, deleted, copied."""

from contextlib import closing

import pytest

from chat_tui.tui.widgets.composer import compose_area
from protocol import codec, frames
from protocol.frames import Event
from server.state.entries import Draft
from server.store.sqlite import SqliteLog
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat
from tests.support.wire import Wire, text_body, text_of

ROOM = "#general"


@pytest.fixture
async def bob(server: RunningServer) -> Wire:
    """Somebody else, who has asked something."""
    wire = await server.enter("bob", ROOM)
    await wire.tell(ROOM, "who is there?")
    return wire


async def sent(bob: Wire) -> Event:
    """The next thing that alice sends."""
    while (event := await bob.event(ROOM)).kind not in frames.SENT or event.sender != "alice":
        pass
    return event


async def log_of(bob: Wire) -> list[Event]:
    return list((await do(bob, frames.History, ROOM, limit=200)).events)


def doing(chat: Chat) -> str:
    return chat.text("#mode").strip() if chat.main.query_one("#mode").display else ""


async def test_by_keys(place: Place, bob: Wire) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        for text in ("I am heer", "and here"):
            await chat.enter(text)
        await chat.until(lambda: not chat.client.sender.pending, "both are stored")
        first, second = await sent(bob), await sent(bob)

        # Up in an empty line: the last message; again: earlier lines, as ever.
        await chat.press("up")
        assert (doing(chat)[:20], chat.composer.text) == ("Editing your message", "and here")
        await chat.press("up")
        assert (doing(chat), chat.composer.text) == ("", "and here")
        await chat.press("up")
        assert chat.composer.text == "I am heer"
        await chat.press("down", "down", "ctrl+u")
        # Straight to earlier lines; the next Up in an empty line edits all the same.
        await chat.press("up", "ctrl+up")
        assert (doing(chat), chat.composer.text) == ("", "and here")
        await chat.press("ctrl+u", "up")
        assert doing(chat)[:20] == "Editing your message"
        await chat.press("escape")

        # The one before: what was being written stays, and comes back.
        await chat.type("a draft")
        await chat.press("f4", "k")
        assert "e edit  r reply  + react  d delete  c copy  Esc" in chat.status
        await chat.press("e")
        assert chat.composer.text == "I am heer"
        await chat.press("backspace", "backspace", "backspace", *"ere", "enter")
        assert (chat.composer.text, doing(chat), chat.log.selected) == ("a draft", "", None)
        edit = await sent(bob)
        assert (edit.kind, edit.target, text_of(edit)) == ("edit", first.seq, "I am here")
        await chat.sees("I am here (edited)", "#log")

        # An answer to somebody else's, with what was being written.
        await chat.press("f4", "up", "up")
        assert "e edit" not in chat.status
        await chat.press("r")
        assert doing(chat) == "Reply to bob: who is there? - Esc cancels"
        await chat.press("escape")
        assert (chat.composer.text, doing(chat)) == ("a draft", "")
        await chat.press("f4", "up", "up", "r", "enter")
        answer = await sent(bob)
        assert (text_of(answer), answer.reply) == ("a draft", second.reply or first.seq - 2)
        await chat.sees("┌ bob: who is there?", "#log")

        # Reactions, by name, and back.
        await chat.press("f4", "up", "up", "up", "plus")
        await chat.enter(":thumbsup:")
        reaction = await sent(bob)
        assert codec.unpack_body(reaction.body, frames.ReactionBody) == frames.ReactionBody("👍")
        await chat.sees("[👍 1]", "#log")
        await do(bob, frames.Send, ROOM, "b1", reaction.body, frames.REACTION, reaction.target)
        await chat.sees("[👍 2]", "#log")
        await chat.enter("/reactions")
        await chat.sees("👍 alice, bob", "#log")
        await chat.press("f4", "up", "up", "up")
        assert chat.log.selected == reaction.target
        await chat.press("escape")

        # Deleting asks once; another key is none for the message, nor for the line.
        await chat.press("f4", "up", "d")
        assert "Delete this message for good?" in chat.status
        await chat.press("x")
        assert (chat.composer.text, chat.log.selected) == ("", second.seq)
        await chat.press("d", "d")
        delete = await sent(bob)
        assert (delete.kind, delete.target) == ("delete", second.seq)
        await chat.sees("message deleted", "#log")

        # A letter that means nothing there goes into the line.
        await chat.press("f4")
        await chat.type("quite")
        assert (chat.composer.text, chat.log.selected) == ("quite", None)
        await chat.press("f4", "escape", "f4", "enter", "f4", "j")
        assert (chat.composer.text, chat.log.selected) == ("quite", None)
    assert [bool(event.body) for event in await log_of(bob) if event.seq == second.seq] == [False]


async def test_by_commands(place: Place, bob: Wire) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.enter("/reactions")
        await chat.sees("Nobody has reacted here yet", "#log")
        await chat.enter("/edit nothing yet")
        await chat.sees("no message of yours", "#log")
        await chat.enter("/reply it is me")
        answer = await sent(bob)
        assert answer.reply is not None
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        await chat.enter("/edit it is I")
        assert text_of(await sent(bob)) == "it is I"
        await chat.enter("/react no-such-emoji")
        await chat.sees("no-such-emoji is no emoji", "#log")
        await chat.type("/react :tad")
        await chat.press("tab", "enter")
        reaction = await sent(bob)
        assert reaction.target == answer.seq
        assert codec.unpack_body(reaction.body, frames.ReactionBody) == frames.ReactionBody("🎉")
        await chat.sees("[🎉 1]", "#log")
        await chat.enter("/react tada")
        reaction = await sent(bob)
        assert codec.unpack_body(reaction.body, frames.ReactionBody) == frames.ReactionBody("🎉", on=False)

        # On the chosen one: a slash does not leave it.
        await chat.press("f4", "up")
        await chat.enter("/react 👋🏽")
        reaction = await sent(bob)
        assert reaction.target == answer.reply
        assert chat.log.selected is None
        await chat.press("f4", "up")
        await chat.enter("/delete")
        await chat.sees("only they and moderators", "#log")
        await chat.enter("/copy")
        await chat.until(lambda: chat.app.clipboard == "it is I", "it is copied")
        await chat.enter("/delete")
        await chat.until(lambda: "Delete this message for good?" in chat.status, "it asks")
        await chat.press("d")
        assert ((await sent(bob)).target, chat.composer.text) == (answer.seq, "")
        await chat.enter("/edit")
        await chat.sees("no message of yours", "#log")


async def test_what_one_has_chosen_and_written_stays_until_it_is_done(place: Place, bob: Wire) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        for text in ("first", "second"):
            await chat.enter(text)
        first, _ = await sent(bob), await sent(bob)
        await chat.until(lambda: not chat.client.sender.pending, "both are stored")

        # A key that does something else does not leave it, nor does a slash that was taken back.
        await chat.press("f4", "up", "/", "backspace", "/", *"del", "f8")
        assert chat.log.selected == first.seq
        await chat.press(*"ete", "enter")
        await chat.until(lambda: "Delete this message for good?" in chat.status, "it asks")
        await chat.press("d")
        assert (await sent(bob)).target == first.seq
        await chat.press("f4", "/", "backspace", "j")
        assert chat.composer.text == ""
        assert chat.log.selected is None
        await chat.press("f4", "/", "backspace")
        await chat.paste("said to nobody")
        await chat.press("enter")
        assert chat.log.selected is None
        assert text_of(await sent(bob)) == "said to nobody"

        # A half-written edit that one leaves is no less than a line.
        await chat.press("up", "up")
        assert doing(chat) == ""
        await chat.press("ctrl+u", "f4", "k", "e")
        assert chat.composer.text == "second"
        await chat.press("escape")
        await chat.enter("/join #other")
        await chat.sees("#other", "#topic")
        await chat.press("alt+up")
        await chat.sees("#general", "#topic")
        await chat.press("f4", "k", "e")
        await chat.type(" thoughts")
        await chat.press("alt+down")
        await chat.sees("#other", "#topic")
        await chat.press("up")
        assert chat.composer.text == "second thoughts"
        await chat.press("ctrl+u")

        # A line that was brought back is not being written.
        await chat.press("alt+up", "ctrl+up", "alt+down", "alt+up")
        assert chat.composer.text == ""

        # What one does is an answer too.
        await chat.press("f4", "k", "k", "r")
        await chat.enter("/me nods")
        answer = await sent(bob)
        assert (answer.kind, answer.reply, doing(chat)) == (frames.ACTION, first.seq - 2, "")


async def test_by_the_mouse(place: Place, bob: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.sees("who is there?", "#log")
        line = next(y for y, text in enumerate(chat.lines("#log")) if "who is there?" in text)

        async def click(x: int, y: int) -> None:
            await chat.pilot.click("#log", offset=(x, y))
            await chat.settle()

        await click(30, line)
        assert "r reply" in chat.status
        await chat.press("plus")
        await chat.enter("👍")
        await chat.sees("[👍 1]", "#log")
        (y,) = (y for y, text in enumerate(chat.lines("#log")) if "👍" in text)
        x = chat.lines("#log")[y].index("👍") + 1
        await click(x, y)
        await sent(bob)
        assert codec.unpack_body((await sent(bob)).body, frames.ReactionBody) == frames.ReactionBody(
            "👍", on=False
        )
        await chat.until(lambda: "👍" not in chat.text("#log"), "it is taken back")
        # Twice on the same one: none. The click that brings the terminal its focus is none for a message.
        line = next(y for y, text in enumerate(chat.lines("#log")) if "who is there?" in text)
        await click(30, line)
        assert chat.log.selected is not None
        await chat.press("escape")
        monkeypatch.setattr(compose_area, "CLICK_SECONDS", 3600.0)
        await chat.blur()
        await chat.focus()
        await click(30, line)
        assert chat.log.selected is None


async def test_what_is_not_stored_says_so(place: Place) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.enter("mine")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        seq = chat.client.rooms[ROOM].last
        await place.go()
        await chat.until(lambda: chat.client.status.phase == "waiting", "the server is gone")
        await chat.enter("/edit mine, corrected")
        await chat.enter("/react 🎉")
        await chat.sees("… mine, corrected (editing)", "#log")
        await chat.sees("[🎉 1…]", "#log")
        with closing(SqliteLog(place.server.data)) as store:  # as if somebody had been faster
            store.append([Draft(ROOM, 1, "bob", frames.DELETE, 0, b"", "gone", seq)])
        await place.come_back()
        await chat.sees("not changed to “mine, corrected”", "#log")
        await chat.sees("message deleted", "#log")
        await chat.until(
            lambda: all(one.state == "failed" for one in chat.client.sender.pending.values()), "both"
        )
        await chat.enter("/discard")
        assert chat.composer.text == "mine, corrected"
        await chat.until(lambda: "not changed" not in chat.text("#log"), "it is given up")


async def test_a_room_change_and_a_deletion_leave_no_mode_behind(place: Place, bob: Wire) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.enter("mine")
        await chat.enter("/join #other")
        await chat.sees("#other", "#topic")
        await chat.enter("/switch #general")
        await chat.type("a draft")
        await chat.press("f4", "e")
        assert chat.composer.text == "mine"
        await chat.press("alt+down")
        await chat.sees("#other", "#topic")
        assert (chat.composer.text, doing(chat), chat.log.selected) == ("", "", None)
        await chat.press("alt+up")
        await chat.until(lambda: chat.composer.text == "a draft", "the draft is there again")
        said = (await bob.tell(ROOM, "to be deleted")).seq
        await chat.sees("to be deleted", "#log")
        await chat.press("f4")
        assert chat.log.selected == said
        await do(bob, frames.Send, ROOM, "gone", b"", frames.DELETE, said)
        await chat.until(lambda: chat.log.selected is None, "it can't be chosen any more")
        assert "Esc" not in chat.status


async def test_a_quote_of_what_is_not_here_is_fetched_when_it_is_seen(place: Place, bob: Wire) -> None:
    asked = (await log_of(bob))[-1].seq
    for number in range(60):
        await bob.tell(ROOM, f"filler {number}")
    await do(bob, frames.Send, ROOM, "r", text_body("nobody?"), reply=asked)
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.sees("┌ bob: who is there?", "#log")
        assert chat.client.rooms[ROOM].base > asked
        # Going up by messages scrolls, and loads what is older.
        await chat.press("ctrl+home", "f4", *["up"] * 20)
        await chat.until(lambda: chat.client.rooms[ROOM].base == 0, "older ones were loaded")
        await chat.press(*["up"] * 15)
        await chat.sees("│ who is there?", "#log")


@pytest.mark.usefixtures("bob")
async def test_a_drag_is_no_click(place: Place) -> None:
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.sees("who is there?", "#log")
        line = next(y for y, text in enumerate(chat.lines("#log")) if "who is there?" in text)
        x = chat.lines("#log")[line].index("who")
        await chat.pilot.mouse_down("#log", offset=(x, line))
        await chat.pilot.hover("#log", offset=(x + 6, line))
        await chat.pilot.mouse_up("#log", offset=(x + 6, line))
        await chat.settle()
        assert chat.log.selected is None
        assert isinstance(chat.main.get_selected_text(), str)
