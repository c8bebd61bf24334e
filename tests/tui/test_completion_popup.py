"""The list of what can be completed: when it opens, what it does to keys, and that it is never in the way."""

from textual import events

from chat_tui.config import Settings
from chat_tui.markup import shortcodes
from chat_tui.tui.widgets.composer.completion_popup import MARK, ROWS
from protocol import frames
from protocol.frames import Result
from tests.support.inprocess import RunningServer
from tests.support.screen import Chat, Place, open_chat


def offered(chat: Chat) -> list[str]:
    """The lines of the list; none if it is folded away."""
    return (
        [line.rstrip() for line in chat.lines("#completion")]
        if chat.main.query_one("#completion").display
        else []
    )


def names(chat: Chat) -> list[str]:
    return [line.removeprefix(MARK).strip().split("  ")[0] for line in offered(chat)]


async def test_it_opens_while_one_types_and_takes_what_was_marked(
    place: Place, server: RunningServer
) -> None:
    other = await server.enter("Bernadette", "#general", "#deploys", "#elsewhere")
    await other.ask(frames.Topic(other.new_id, "#elsewhere", "Far away"), Result)
    bob = await server.enter("bob", "#general")
    await (await server.enter("alice", "#general", "#deploys")).close()
    await bob.ask(frames.Away(90, text="lunch"), Result)
    await bob.tell("#general", "hello")
    async with open_chat(place, size=(100, 24)) as chat:
        await chat.press("alt+2")
        await chat.until(lambda: len(chat.people) == 3, "all are there")
        log, composer = chat.log, chat.composer

        # commands: Enter takes what can only be that one, and then their arguments are offered
        await chat.type("/rol")
        await chat.until(lambda: names(chat) == ["/role name role"], "the command is offered")
        assert "Make somebody owner, moderator" in offered(chat)[0]
        await chat.press("enter")
        assert composer.text == "/role "
        await chat.until(lambda: names(chat) == ["○ bob", "● Bernadette"], "who spoke last is first")
        assert "away: lunch" in offered(chat)[0]
        await chat.press("down", "down", "enter")
        assert composer.text == "/role Bernadette "
        await chat.until(lambda: names(chat) == ["owner", "moderator", "member"], "roles are offered")
        await chat.press("up")
        assert offered(chat)[2].startswith(MARK + "member")
        await chat.press("up", "tab")
        assert composer.text == "/role Bernadette moderator "
        await chat.press("tab")
        assert composer.text == "/role Bernadette member "  # Tab again: the next one
        await chat.press("ctrl+z", "ctrl+u")

        # it lies over the log, on the composer, and moves neither
        before = (log.region, composer.region)
        await chat.type("/")
        await chat.until(lambda: len(offered(chat)) == ROWS, "it shows some")
        assert " more" in offered(chat)[-1]
        offer = chat.main.query_one("#completion")
        assert (log.region, composer.region) == before
        assert offer.region.bottom == log.region.bottom == chat.main.query_one("#compose").region.y
        await chat.pilot._post_mouse_events([events.MouseScrollDown], offer)
        await chat.until(lambda: "/help" not in offered(chat)[0], "the wheel goes on in it")
        await chat.press("up")
        await chat.until(
            lambda: "/quit" in offered(chat)[-2 if " more" in offered(chat)[-1] else -1], "the last"
        )
        assert chat.app.focused is composer

        # a click takes an entry
        await chat.press("ctrl+u")
        await chat.type("ask @b")
        await chat.until(lambda: names(chat) == ["○ bob", "● Bernadette"], "names are offered")
        await chat.pilot.click("#completion", offset=(5, 1))
        await chat.until(lambda: composer.text == "ask @Bernadette ", "the click is taken")
        await chat.type("x")
        assert composer.text == "ask @Bernadette x"
        await chat.press("ctrl+u")

        # rooms that one is not in
        await chat.type("/join #else")
        await chat.until(lambda: names(chat) == ["#elsewhere"], "the server has told of it")
        assert "Far away" in offered(chat)[0]
        await chat.press("ctrl+u")

        # emoji, of which the names come when they are loaded
        await chat.type("well done :tad")
        await chat.until(lambda: names(chat) == ["🎉 :tada:"], "the emoji is offered")
        await chat.press("enter")
        assert composer.text == "well done 🎉 "
        await chat.press("enter")
        await chat.sees("│ well done 🎉", "#log")


async def test_it_is_never_in_the_way(place: Place, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    shortcodes.load()
    for number in range(40):
        await bob.tell("#general", f"line {number}")
    async with open_chat(place) as chat:
        await chat.sees("line 39", "#log")
        # what ends with a name is sent as it stands
        for line in ("thanks @bo", "see #gen", "at :30", ":D"):
            await chat.enter(line)
            await chat.sees(f"│ {line}", "#log")
        await chat.type("two")
        await chat.press("ctrl+j")
        await chat.type("/topi")
        assert not offered(chat)
        await chat.press("backspace", "backspace", "backspace", "backspace", "backspace")
        await chat.type("lines @bo")
        await chat.press("down", "enter", "enter")
        await chat.sees("│ lines @bob", "#log")
        # Esc closes it for this word, and does nothing else
        await chat.press("pageup")
        top = chat.lines("#log")[0]
        await chat.type("@b")
        await chat.until(lambda: offered(chat), "it is open")
        await chat.press("escape")
        await chat.type("o")
        await chat.until(lambda: not offered(chat), "it is closed")
        assert chat.lines("#log")[0] == top
        await chat.type("b and @b")
        await chat.until(lambda: offered(chat), "open again for another word")
        # Up and Down are for it while it is open, else for earlier lines
        await chat.press("escape", "up")
        assert chat.composer.text == "two\nlines @bob "
        await chat.press("down")
        assert chat.composer.text == "@bob and @b"
        await chat.press("escape")
        await chat.until(lambda: chat.log.at_bottom, "a second Esc goes to the newest message")
        # a plain word opens nothing, but Tab completes it, and Enter after Tab sends
        await chat.press("ctrl+u")
        await server.enter("Bea", "#general")
        await chat.until(lambda: len(chat.people) == 3, "all are there")
        await chat.type("thanks b")
        assert not offered(chat)
        await chat.press("tab")
        await chat.until(
            lambda: [line[:6] for line in offered(chat)] == ["▸ ● bo", "  ● Be"], "both are offered"
        )
        await chat.press("shift+tab", "enter")
        await chat.sees("│ thanks Bea", "#log")
        assert not offered(chat)
        # what was clicked away is not put in somewhere else
        await chat.type("hello @b")
        await chat.press("down")
        await chat.pilot.click("#composer", offset=(2, 0))
        await chat.press("enter")
        await chat.sees("│ hello @b", "#log")
    async with open_chat(place, settings=Settings(completion_popup=False)) as chat:
        await chat.until(lambda: len(chat.people) == 3, "all are there")
        await chat.type("@b")
        assert not offered(chat)
        await chat.press("tab")
        assert chat.composer.text in ("@bob ", "@Bea ")
        await chat.until(lambda: len(offered(chat)) == 2, "Tab shows what there is")


async def test_it_fits_where_there_is_hardly_any_space(place: Place, server: RunningServer) -> None:
    await server.enter("bartholomew-fitzgerald-the-third", "#general")
    async with open_chat(place, size=(60, 20)) as chat:
        for width, height in ((60, 20), (20, 10), (20, 5), (8, 4)):
            await chat.pilot.resize_terminal(width, height)
            for typed in ("/", "@b", ":sm"):
                await chat.type(typed)
                await chat.settle()
                await chat.press("down")
                lines = offered(chat)
                room = chat.log.size.height
                assert len(lines) <= min(ROWS, max(room, 0))
                assert not lines or any(line.startswith(MARK.strip()) for line in lines)
                assert typed in chat.text("#composer") or width < 20
                await chat.press("escape", "ctrl+u")
