"""Pictures of every screen. After a change: `pytest --snapshot-update`, and look at each new picture."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion

from chat_tui import config
from chat_tui.client import entrance
from chat_tui.client.connection import Target
from chat_tui.client.errors import ClientError
from chat_tui.client.events import Pending
from chat_tui.client.known import KnownServers
from chat_tui.client.outbox import Outbox
from chat_tui.client.trust import Trust, UnknownServerError
from chat_tui.config import Settings
from chat_tui.markup.shortcodes import load
from chat_tui.timeline.rows import Message, Reply
from chat_tui.tui.app import ChatApp
from chat_tui.tui.screens.first_run import FirstRun
from chat_tui.tui.screens.login import LoginScreen
from chat_tui.tui.screens.password import PasswordScreen
from protocol import codec, frames, limits
from protocol.frames import Result
from protocol.links import pin_of
from protocol.names import direct_room
from tests.support.cast import do
from tests.support.inprocess import RunningServer
from tests.support.places import Serve
from tests.support.screen import NOW, Chat, Place, open_chat, running
from tests.support.wire import Wire, text_body
from tests.tui.conversation import DISK, LONG, has_read, play
from tests.tui.conversation import conversation as conversation  # fixtures
from tests.tui.conversation import server as server

Size = tuple[int, int]

Look = tuple[Size, str]

DARK, LIGHT = "chat-dark", "chat-light"
LOOKS: list[Look] = [((80, 24), DARK), ((120, 36), DARK), ((60, 20), DARK), ((120, 36), LIGHT)]
"""Three sizes dark and one light: a theme changes colours only, and the largest picture has most of them."""
LOW: list[Look] = [((80, 24), DARK), ((120, 36), DARK), ((60, 15), DARK), ((120, 36), LIGHT)]
"""For what has to fit into few lines."""

FORMATTED: list[tuple[str, str]] = [
    ("jonas", "The disk is full *again*: `df -h /srv` says **98%** :fire:"),
    ("aiko", ("> it was the disk\nIt is always the disk. See https://wiki.example.org/disk_full "
             "and [my notes](https://notes.example.org/2026/11).")),
    ("aiko", ("To do:\n- move the logs to the other volume, all of them, before the backup at 04:00 begins\n"
             "- ~~order a new disk~~ done")),
    ("jonas", ("```python\ndef free(path: str) -> float:\n    # in percent\n"
              "    used = shutil.disk_usage(path)\n    return 100 * used.free / used.total\n```")),
    ("aiko", "mira: could you look at it? @jonas and I are on the train"),
    ("jonas", "something said in haste"),
    ("jonas", "thank you :+1:"),
]  # fmt: skip
"""Who, and what in which format."""


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> Callable[[Chat], bool]:
    """Compare the screen with its picture."""
    pictures = snapshot.use_extension(SVGImageExtension)

    def same(chat: Chat) -> bool:
        return bool(chat.app.export_screenshot(title="chat-tui", simplify=True) == pictures)

    return same


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this computer stands, and nobody tries to connect again."""
    monkeypatch.setattr(time, "time_ns", lambda: int(NOW * 1e9))
    monkeypatch.setattr(entrance, "FIRST_DELAY", 3600.0)
    monkeypatch.setattr(entrance, "LONGEST_DELAY", 3600.0)


@asynccontextmanager
async def scene(place: Place, size: Size = (80, 24), theme: str = "chat-dark") -> AsyncIterator[Chat]:
    """The chat with the conversation in it, as mira sees it."""
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.until(lambda: len(chat.client.rooms) == 4, "all rooms are there")
        await chat.sees("thank you", "#log")
        await chat.settle()
        yield chat


def looks(wanted: list[Look]) -> pytest.MarkDecorator:
    """Have the test once for each size and theme; the pictures are named by them."""
    ids = [f"{width}x{height}-{theme}" for (width, height), theme in wanted]
    return pytest.mark.parametrize(("size", "theme"), wanted, ids=ids)


@looks([*LOOKS, ((60, 15), DARK)])
async def test_conversation(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    await play(server)
    async with scene(place, size, theme) as chat:
        assert picture(chat)


@looks(LOOKS)
async def test_formatted_messages(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    for name, text in FORMATTED:
        server.clock.seconds += 30
        await people[name].tell("#general", text)
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.sees("The disk is full", "#log")
        made = chat.main._timelines.of("#general")
        asked, hasty, last = (row.seq for row in made.rows[-3:] if isinstance(row, Message))
        made.changes.set_reply(asked, Reply(asked - 3, "aiko", FORMATTED[2][1]))
        made.changes.delete(hasty)
        made.changes.edit(last, "thank you both :+1:")
        for user in (chat.client.user, 1_000, 1_001):
            made.changes.react(last, "🎉", user)
        made.changes.react(last, "👀", 1_000)
        await chat.press("end")
        await chat.sees("thank you both", "#log")
        assert picture(chat)


async def discuss(server: RunningServer) -> int:
    """A question that was edited, answered and reacted to; something that was deleted. Returns its place."""
    people = await play(server)

    async def change(name: str, kind: str, target: int, body: bytes = b"") -> None:
        await do(people[name], frames.Send, "#general", f"{name} {kind}", body, kind, target)

    server.clock.seconds += 60
    hasty = (await people["aiko"].tell("#general", "something said in haste")).seq
    asked = (await people["jonas"].tell("#general", "Shall we move the relaese to Wednesday?")).seq
    await change("jonas", frames.EDIT, asked, text_body("Shall we move the release to Wednesday?"))
    await change("aiko", frames.DELETE, hasty)
    await do(people["aiko"], frames.Send, "#general", "reply", text_body("Fine with me."), reply=asked)
    for name, emoji in (("aiko", "👍"), ("Zoë", "👍"), (LONG, "🎉")):
        await change(name, frames.REACTION, asked, codec.pack(frames.ReactionBody(emoji)))
    await has_read(server)
    return asked


@looks(LOOKS)
async def test_a_chosen_message_among_changed_ones(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    asked = await discuss(server)
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.sees("Fine with me.", "#log")
        chat.client.changes.react(chat.client.rooms["#general"], asked, "👍")
        await chat.enter("Then it is Wednesday.")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        await chat.sees("[👍 3]", "#log")
        await chat.press("f4")
        await chat.settle()
        assert picture(chat)


@looks(LOOKS)
async def test_an_edit_and_an_answer_that_wait(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    """One is being written, others are not stored."""
    asked = await discuss(server)
    outbox = Outbox(config.outbox_file(), place.label, "mira")
    outbox.add(Pending("cid", "#general", frames.EDIT, "so be it", int(NOW * 1000), target=asked))
    outbox.fail("cid", "only jonas can edit what jonas said")
    outbox.close()
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.enter("Then it is Wednsday.")
        await chat.until(lambda: len(chat.client.sender.pending) == 1, "it is stored")
        await place.go()
        await chat.sees("○ not connected", "#status")
        await chat.enter("/edit Then it is Wednesday.")
        chat.client.changes.react(chat.client.rooms["#general"], asked, "🎉")
        await chat.type("Let us tell the others")
        await chat.press("f4", "up", "r")
        await chat.sees("Reply to aiko", "#mode")
        soon = asyncio.get_running_loop().time() + 8.45
        chat.client.status = replace(chat.client.status, retry_at=soon)
        chat.main._draw()
        await chat.sees("(editing)", "#log")
        assert picture(chat)


@looks(LOOKS)
async def test_editing(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    await discuss(server)
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.enter("Then it is Wednsday.")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        await chat.press("up")
        await chat.sees("Editing your message", "#mode")
        assert picture(chat)


@looks(LOOKS)
async def test_a_room_with_new_messages(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    for number in range(30):
        server.clock.seconds += 30
        await people["aiko"].tell("#general", f"measurement {number}: {number * 7 % 13} ms")
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.sees("new messages", "#log")
        assert picture(chat)


@looks(LOOKS)
async def test_some_away_some_typing(
    place: Place,
    server: RunningServer,
    picture: Callable[[Chat], bool],
    monkeypatch: pytest.MonkeyPatch,
    size: Size,
    theme: str,
) -> None:
    monkeypatch.setattr(limits, "TYPING_LASTS", 3600)
    people = await play(server)
    await people["aiko"].ask(frames.Away(90, text="on the train"), Result)
    await people["jonas"].ask(frames.Idle(90, on=True), Result)
    async with scene(place, size, theme) as chat:
        await chat.enter("/online")
        await chat.sees("6 people are online", "#log")
        for name in ("Zoë", LONG):
            people[name].send(frames.Typing("#general"))
            await chat.until(
                lambda name=name: name in chat.client.company.typing.names("#general"),  # type: ignore[misc]
                f"{name} types",
            )
        await chat.until(lambda: chat.client.rooms["#general"].people.away == 2, "they are away")
        await chat.settle()
        assert picture(chat)


@looks(LOW)
async def test_scrolled_up_with_new_messages(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    for number in range(20):
        server.clock.seconds += 30
        await people["aiko"].tell("#general", f"measurement {number}: {number * 7 % 13} ms")
    await has_read(server)
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.sees("measurement 19", "#log")
        await chat.press("pageup")
        for number in range(3):
            await people["jonas"].tell("#general", f"new {number}")
        await chat.sees("3 new messages")
        await chat.until(lambda: chat.main.servers.title._shown.startswith("(16 new)"), "all are counted")
        await chat.settle()
        assert picture(chat)


@looks([*LOOKS, ((60, 15), DARK)])
async def test_reconnecting_with_pending_and_failed_messages(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    await play(server)
    outbox = Outbox(config.outbox_file(), place.label, "mira")
    outbox.add(Pending("cid", "#general", frames.MESSAGE, "the whole log", int(NOW * 1000) - 5 * 60_000))
    outbox.fail("cid", "a message has at most 16,384 bytes, this one 52,117: send it in parts")
    outbox.close()
    async with scene(place, size, theme) as chat:
        await place.go()
        await chat.sees("○ not connected", "#status")
        await chat.enter("Is it only me, or is the server gone?")
        await chat.enter("/me waits")
        await chat.until(lambda: "2 messages will" in chat.status or size[0] < 80, "both wait")
        await chat.type("and a draft")
        soon = asyncio.get_running_loop().time() + 8.45
        chat.client.status = replace(chat.client.status, retry_at=soon)
        chat.main._draw()
        await chat.sees("in 8 s", "#status")
        assert picture(chat)


@looks(LOW)
async def test_help(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    await play(server)
    async with scene(place, size, theme) as chat:
        await chat.press("f1")
        await chat.sees("Esc closes")
        await chat.until(lambda: chat.app.screen.query_one(".scroll").max_scroll_y, "its length is known")
        await chat.settle()
        assert picture(chat)


@looks(LOOKS)
async def test_switcher(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    await play(server)
    async with scene(place, size, theme) as chat:
        await chat.press("ctrl+k")
        await chat.sees("Esc closes")
        still_cursors(chat)
        assert picture(chat)
        await chat.type("#ra")
        await chat.sees("join or make")
        assert picture(chat)


@looks(LOOKS)
async def test_completion(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    await people["jonas"].ask(frames.Away(90, text="making coffee"), Result)
    load()
    async with scene(place, size, theme) as chat:
        await chat.until(lambda: chat.client.rooms["#general"].people.away, "jonas is away")
        await chat.type("/m")
        await chat.press("down")
        await chat.settle()
        assert picture(chat)
        await chat.press("ctrl+u")
        await chat.type("/invite ")
        await chat.press("up", "up")
        await chat.settle()
        assert picture(chat)
        await chat.press("ctrl+u")
        await chat.type("well done :th")
        await chat.press("down", "down")
        await chat.settle()
        assert picture(chat)


@looks(LOW)
async def test_first_run(picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    async with running(ChatApp(Settings(theme=theme)), size) as chat:
        await chat.until(lambda: isinstance(chat.app.screen, FirstRun), "it asks")
        for field in chat.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        await chat.press("ctrl+u", *["backspace"] * 20)
        await chat.press("enter")
        await chat.sees("at least one letter")
        await chat.type("mira")
        assert picture(chat)


class Doubtful:
    """A server that is not the one it should be, as far as anybody can tell; a client's `Endpoint`."""

    label = "chat.example.org:7777"
    trust = Trust(label, KnownServers(Path("nowhere/known")))
    key, other = (pin_of(name) for name in (b"its key", b"another key"))

    def __init__(self, error: ClientError) -> None:
        self._error = error

    async def locate(self) -> Target:
        """What is found when one connects."""
        raise self._error


@looks(LOW)
async def test_an_unknown_server(picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    unknown = Doubtful(UnknownServerError(Doubtful.trust, Doubtful.key, "self-signed certificate"))
    async with open_chat(unknown, "mira", size, settings=Settings(theme=theme), wait=False) as chat:
        await chat.sees("Trust")
        assert picture(chat)


@looks(LOW)
async def test_a_server_with_another_key(picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    changed = Doubtful(Doubtful.trust.changed(Doubtful.key, Doubtful.other))
    async with open_chat(changed, "mira", size, settings=Settings(theme=theme), wait=False) as chat:
        await chat.sees("chat-tui forget")
        await chat.settle()
        assert picture(chat)


@looks(LOOKS)
async def test_an_empty_room(serve: Serve, picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    async with open_chat(Place(await serve()), "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.enter("/clear")
        await chat.enter("/leave")
        await chat.until(lambda: not chat.client.rooms, "no room is left")
        await chat.enter("/rooms")
        await chat.sees("on this server")
        assert picture(chat)


@looks(LOOKS)
async def test_completion_and_a_notification(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    async with scene(place, size, theme) as chat:
        await chat.enter("/topix")
        await chat.press("ctrl+u")
        await chat.type("/")
        await chat.press("tab", "tab")
        await people["jonas"].tell("#random", "mira, there is cake")
        await chat.sees("jonas in #random: mira,")
        await chat.until(lambda: chat.client.rooms["#random"].wanting == 1, "it is counted")
        assert picture(chat)


def still_cursors(chat: Chat) -> None:
    for field in chat.app.screen.query("Input"):
        field.cursor_blink = False  # type: ignore[attr-defined]


@looks(LOW)
async def test_login(serve: Serve, picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    server = await serve("invite")
    async with open_chat(Place(server), "mira", size, settings=Settings(theme=theme), wait=False) as chat:
        await chat.until(lambda: isinstance(chat.app.screen, LoginScreen), "it asks")
        still_cursors(chat)
        await chat.enter("not the password")
        await chat.sees("don't go together")
        await chat.type("a password")
        assert picture(chat)


@looks(LOW)
async def test_registering(serve: Serve, picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    server = await serve("invite")
    async with open_chat(Place(server), "mira", size, settings=Settings(theme=theme), wait=False) as chat:
        await chat.until(lambda: isinstance(chat.app.screen, LoginScreen), "it asks")
        still_cursors(chat)
        await chat.type("a password")
        await chat.press("tab", "down")
        await chat.sees("Invitation")
        await chat.press("shift+tab")
        await chat.type("k3m9x2abk3m9x2abk3m9")
        assert picture(chat)


@looks(LOW)
async def test_new_password(serve: Serve, picture: Callable[[Chat], bool], size: Size, theme: str) -> None:
    async with open_chat(Place(await serve()), "mira", size, settings=Settings(theme=theme)) as chat:
        chat.client.identity.registered = True
        await chat.enter("/password")
        await chat.until(lambda: isinstance(chat.app.screen, PasswordScreen), "it asks")
        still_cursors(chat)
        await chat.type("the old one")
        await chat.press("tab")
        await chat.type("the new one")
        await chat.press("enter")
        await chat.sees("not the same")
        assert picture(chat)


async def moderate(server: RunningServer) -> dict[str, Wire]:
    """A private room with roles and what is done in it, and two who write to mira alone."""
    people = await play(server)
    mira = people["mira"] = await server.enter("mira", "#general")
    jonas, aiko, zoe = people["jonas"], people["aiko"], people["Zoë"]
    server.clock.seconds += 60
    await do(mira, frames.Create, "#plans", private=True)
    for name, wire in (("jonas", jonas), ("aiko", aiko), ("Zoë", zoe)):
        await do(mira, frames.Invite, "#plans", name)
        if wire is not zoe:
            await wire.join("#plans")
    await do(mira, frames.Role, "#plans", "jonas", frames.MODERATOR)
    await do(mira, frames.Topic, "#plans", "Moving offices; not a word outside")
    server.clock.seconds += 60
    await aiko.tell("#plans", "I have seen three places, the second one has a balcony.")
    await do(jonas, frames.Invite, "#plans", LONG)
    await people[LONG].join("#plans")
    await people[LONG].tell("#plans", "Shall I tell the landlord?")
    await do(jonas, frames.Mute, "#plans", LONG, 600, "not a word outside")
    await do(jonas, frames.Kick, "#plans", "Zoë", "later, perhaps")
    await do(mira, frames.Ban, "#plans", "deploy", 7 * 24 * 3600)
    await do(mira, frames.Read, "#plans", server.context.state.rooms["#plans"].head)
    for wire in (jonas, zoe):
        room = (await do(wire, frames.Dm, "mira")).room.room
        await wire.tell(room, "Have you got a minute?")
    await do(zoe, frames.Create, "#running", private=True)
    await do(zoe, frames.Invite, "#running", "mira")
    await people.pop("mira").close()
    return people


@looks(LOOKS)
async def test_private_rooms_roles_and_rooms_of_two(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    await moderate(server)
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.sees("Zoë invites you to #running")
        await chat.enter("/switch #plans")
        await chat.sees("#plans (private)", "#topic")
        await chat.sees("banned deploy", "#log")
        await chat.until(
            lambda: len(chat.main.panes.current.people.listed if chat.main.panes.current else ()) == 4,
            "all are there",
        )
        await chat.settle()
        assert picture(chat)


@looks(LOOKS)
async def test_a_room_of_two_and_lists(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await moderate(server)
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.enter("/msg jonas Always. Which one?")
        await chat.sees("Which one?", "#log")
        await chat.until(lambda: not chat.client.sender.pending, "it is stored")
        await chat.enter("/rooms")
        await chat.sees("#running", "#log")
        await chat.until(
            lambda: len(chat.main.panes.current.people.listed if chat.main.panes.current else ()) == 2,
            "both are there",
        )
        state = server.context.state
        mira, zoe = state.by_name["mira"], state.by_name["zoë"]
        await people["Zoë"].tell(direct_room(mira.id, zoe.id), "a minute?")
        await chat.sees("Zoë: a minute?")
        await chat.settle()
        assert picture(chat)


@looks(LOOKS)
async def test_searching(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    await people["jonas"].tell("#random", f"{DISK} I have said so for as long as anybody can remember.")
    async with open_chat(place, "mira", size, settings=Settings(theme=theme)) as chat:
        await chat.press("ctrl+f")
        still_cursors(chat)
        if size == (60, 20):
            await chat.sees("Messages that have")
            assert picture(chat)
        await chat.enter("th in:*")
        await chat.sees(" messages")
        await chat.sees("all rooms")
        assert picture(chat)
        await chat.press("down", "down", "enter")
        await chat.sees("3 of", "#hit")
        assert picture(chat)
        if size == (60, 20):
            await server.stop()
            await chat.sees("not connected", "#status")
            await chat.press("ctrl+f")
            still_cursors(chat)
            await chat.enter(" on:2020-02-29")
            await chat.sees("nothing found")
            assert picture(chat)


@looks(LOOKS)
async def test_what_wants_attention(
    place: Place, server: RunningServer, picture: Callable[[Chat], bool], size: Size, theme: str
) -> None:
    people = await play(server)
    mira = await server.enter("mira")
    await do(mira, frames.SetLevel, "#random", frames.MUTED)
    await mira.close()
    await people["jonas"].tell("#random", "mira, there is some cake left")
    await people["jonas"].join("#deploys")
    await people["jonas"].tell("#deploys", "Mira: is 4.12.11 the one with the fix?")
    await people["jonas"].tell("#deploys", "the staging box is full again")
    direct = (await people["aiko"].ask(frames.Dm(91, "mira"), frames.JoinResult)).room.room
    for text in ("are you on the train?", "I have a seat"):
        await people["aiko"].tell(direct, text)
    settings = Settings(theme=theme, highlights=("staging",))
    async with open_chat(place, "mira", size, settings=settings) as chat:
        await chat.until(lambda: len(chat.client.rooms) == 5, "all rooms are there")
        await chat.sees("thank you", "#log")
        await chat.until(lambda: chat.client.rooms["#deploys"].mentions == 2, "all is counted")
        await chat.settle()
        assert picture(chat)
