"""A server that means harm: what it sends reaches the screen as text only, and never ends the program."""

import re
import unicodedata
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from protocol import codec, frames, limits
from protocol.limits import Limits
from protocol.text import clean_line, clean_text
from tests.support.hostile import TEXTS, HostileServer, event, hostile_server
from tests.support.screen import Chat, open_chat, strips_of

UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff]")
HUGE = limits.INTEGER

MIXED = " ".join(text for text in TEXTS.values() if len(text) < 200)

texts = pytest.mark.parametrize(
    "text",
    [MIXED, *(TEXTS[name] for name in ("markup", "long", "wide", "lines", "marks", "joiners", "empty"))],
    ids=["mixed", "markup", "long", "wide", "lines", "marks", "joiners", "empty"],
)


@pytest.fixture
async def hostile() -> AsyncIterator[HostileServer]:
    async with hostile_server() as server:
        yield server


def check(chat: Chat) -> None:
    """The screen has only text on it, nothing to click that text has made, and the program lives."""
    for strip in strips_of(chat.app):
        for segment in strip:
            assert not UNWANTED.search(segment.text), repr(segment.text)
            meta = segment.style.meta if segment.style else {}
            assert "@click" not in meta, meta
    assert chat.app.is_running
    assert not chat.app._exit


async def works(chat: Chat) -> None:
    """One can go on."""
    check(chat)
    chat.composer.put("")
    await chat.enter("/version")
    await chat.until(lambda: "chat-tui 0." in chat.text("#log"), "commands work")
    check(chat)


def first_word(text: str) -> str:
    """As much of a text as stands in one line wherever it is shown."""
    words = clean_line(text).split()
    return words[0][:3] if words else ""


def shown(text: str, part: str) -> bool:
    """Whether what is left of `part` when it is cleaned stands in `text`."""
    wanted = unicodedata.normalize("NFC", first_word(part))
    return wanted in unicodedata.normalize("NFC", text)


# --- texts ----------------------------------------------------------------------------------------


@texts
async def test_messages_and_their_senders(hostile: HostileServer, text: str) -> None:
    hostile.rooms = [
        frames.RoomState(
            "#general",
            4,
            events=[
                event("#general", 1, f"first {text}"),
                event("#general", 2, text, sender=text, kind=frames.ACTION),
                event("#general", 3, f"alice {text}", sender=text, user=7),
                event("#general", 4, "the end"),
            ],
        )
    ]
    async with open_chat(hostile) as chat:
        await chat.sees("the end", "#log")
        check(chat)
        await chat.blur()
        hostile.push(event("#general", 5, f"alice: {text}"), event("#general", 6, "now the end"))
        await chat.sees("now the end", "#log")
        await chat.until(lambda: chat.bells == 1, "it rings")
        for key in ("pageup", "ctrl+home", "pagedown", "ctrl+end"):
            await chat.press(key)
            check(chat)
        await works(chat)


@pytest.mark.parametrize("text", [TEXTS["markup"], TEXTS["closing"], TEXTS["percent"]])
async def test_markup_is_shown_as_it_was_written(hostile: HostileServer, text: str) -> None:
    hostile.rooms[0] = frames.RoomState(
        "#general", 1, text, events=[event("#general", 1, text, sender="[/]")]
    )
    async with open_chat(hostile, size=(200, 24)) as chat:
        shown = text.replace("`", "")  # our own formatting
        await chat.sees(shown, "#log")
        await chat.sees(text, "#topic")
        await chat.sees("[/] │ ", "#log")
        for line, found in enumerate(chat.lines()):
            if text in found or shown in found:
                first = max(found.find(text), found.find(shown))
                for column in range(first, first + len(shown), 12):
                    await chat.pilot.click(offset=(column, line))
        assert not chat.app._exit
        await works(chat)


@texts
async def test_what_is_done_to_people_and_rooms(hostile: HostileServer, text: str) -> None:
    def happened(seq: int, kind: str, body: frames.Body, room: str = "#general") -> frames.Event:
        return msgspec.structs.replace(event(room, seq, kind=kind, sender=text), body=codec.pack(body))

    hostile.rooms = [
        frames.RoomState("#general", 0, private=True, role=text, born=text),
        frames.RoomState("@1:2", 1, kind=frames.DIRECT, partner=text, events=[event("@1:2", 1, text)]),
        frames.RoomState(f"@{text[:50]}", 2, kind=text, partner="x", role=text),
    ]
    hostile.online = ["alice", text]
    about = frames.AboutBody(9, text, text, limits.TIME)
    short, term = text[:200], frames.Term(text[:200], limits.TIME, limits.TIME, text[:200])
    people = [frames.MemberInfo(short, short, online=True), frames.MemberInfo("x", frames.OWNER)] * 100
    hostile.answers = {
        frames.Members: lambda _: frames.MembersResult(people, HUGE),  # and never the last ones
        frames.Bans: lambda _: frames.BansResult([frames.Punished(short, term, term)] * 100),
        frames.Dm: lambda _: frames.JoinResult(frames.RoomState("#dm", 0, short, kind=short, partner=short)),
        frames.Role: lambda request: frames.Error(short, short, request.id),
    }
    async with open_chat(hostile) as chat:
        kinds = sorted(frames.ABOUT_SOMEBODY)
        hostile.push(*(happened(seq, kind, about) for seq, kind in enumerate(kinds, 1)))
        hostile.push(
            happened(7, frames.ROLE, frames.RoleBody(1, text, text)),
            happened(8, frames.ROLE, frames.RoleBody(9, text, frames.OWNER)),
            happened(9, frames.BAN, frames.TextBody(text)),
            happened(10, frames.MUTE, frames.AboutBody(9, text, text, 0)),
            happened(11, frames.VISIBILITY, frames.VisibilityBody(private=False)),
            frames.Invited(text, text, limits.TIME),
            frames.Invited("#x", text, 0),
            event("@1:2", 2, text, sender=text),
            event("#general", 12, "the end"),
        )
        await chat.sees("the end", "#log")
        check(chat)
        for command in ("/members", "/bans", "/rooms", "/msg x", "/switch @", "/role x owner"):
            await chat.enter(command)
            await chat.settle()
            check(chat)
        await chat.press("ctrl+k")
        await chat.type("@")
        check(chat)
        await chat.press("escape")
        hostile.push(happened(13, frames.KICK, frames.AboutBody(1, text, text, removed=True)))
        await chat.until(lambda: "#general" not in chat.client.rooms, "out of the room")
        await works(chat)


@texts
async def test_topics_names_and_what_happens(hostile: HostileServer, text: str) -> None:
    def happened(kind: str, seq: int, **fields: Any) -> frames.Event:
        return event("#general", seq, sender=text, kind=kind, user=seq, **fields)

    hostile.rooms[0] = frames.RoomState("#general", 0, text)
    hostile.online = ["alice", text]
    async with open_chat(hostile) as chat:
        assert shown(chat.topic, text)
        assert shown(chat.text("#people"), text)
        hostile.push(
            happened(frames.JOIN, 1),
            happened(frames.NICK, 2),
            happened(frames.TOPIC, 3),
            happened(frames.LEAVE, 4),
            frames.Presence("#general", f"x{text}", online=True),
            event("#general", 5, "the end"),
        )
        await chat.sees("the end", "#log")
        check(chat)
        assert shown(chat.text("#log"), text)
        hostile.push(event("#general", 6, kind=frames.TOPIC, sender="x"), event("#general", 7, "more"))
        await chat.sees("more", "#log")
        await works(chat)


@texts
async def test_rooms_in_the_list_the_topic_line_the_input_the_switcher_and_the_title(
    hostile: HostileServer, text: str
) -> None:
    hostile.rooms = [
        frames.RoomState(text, 0, text),
        frames.RoomState(f"#{text}", 1, text, unread=3, events=[event(f"#{text}", 1, "hello")]),
        frames.RoomState("#zoo", 0),
    ]
    async with open_chat(hostile, wait=False) as chat:
        await chat.until(lambda: len(chat.client.rooms) > 1, "the rooms are there")
        for _ in range(3):
            await chat.press("alt+down")
            check(chat)
        assert shown(chat.text("#rooms"), text)
        assert chat.main.panes.current is not None
        title = chat.main.servers.title._shown
        assert not UNWANTED.search(title)
        await chat.press("ctrl+k")
        await chat.until(lambda: not chat.main.is_active, "the switcher is open")
        check(chat)
        await chat.type(first_word(text) or "z")
        check(chat)
        await chat.press("escape")
        await chat.type("see #")
        await chat.press("tab", "tab")
        check(chat)
        await works(chat)


@texts
async def test_names_that_tab_offers(hostile: HostileServer, text: str) -> None:
    hostile.online = ["alice", f"zz{text}", f"zz1{text}", f"zz2 {text}"]
    async with open_chat(hostile) as chat:
        await chat.until(lambda: len(chat.people) >= 3, "they are there")
        await chat.type("zz")
        for _ in range(4):
            await chat.press("tab")
            check(chat)
        await chat.pilot.click("#people", offset=(1, 2))
        await works(chat)


@texts
async def test_mentions_pop_up_as_they_are(hostile: HostileServer, text: str) -> None:
    hostile.rooms = [frames.RoomState("#general", 0), frames.RoomState("#other", 0)]
    async with open_chat(hostile) as chat:
        hostile.push(event("#other", 1, f"alice {text}", sender=f"m{text}"))
        await chat.until(lambda: chat.toasts, "something pops up")
        await chat.settle()
        check(chat)
        assert len(chat.toasts) <= 200
        hostile.push(*(event("#other", seq, f"alice {seq}") for seq in range(2, 200)))
        await chat.until(lambda: chat.toasts.endswith(": alice 199"), "the last one is shown")
        assert len(chat.app._notifications) == 1
        await works(chat)


@texts
async def test_errors_lists_and_farewells(hostile: HostileServer, text: str) -> None:
    def refuse(request: frames.Request[Any]) -> frames.Error:
        return frames.Error("no", f"oops {text}", request.id)

    for kind in (frames.Join, frames.Topic, frames.Nick, frames.Leave):
        hostile.answers[kind] = refuse
    hostile.rooms = [frames.RoomState("#general", 0), frames.RoomState(f"#x{text}", 0, text)]
    hostile.online = ["alice", text]
    async with open_chat(hostile) as chat:
        for line in ("/join #yyy", "/topic x", "/nick x", "/leave", "/rooms", "/online"):
            await chat.enter(line)
            await chat.until(lambda: chat.messages(), "an answer")
            check(chat)
        await chat.enter("/clear")
        hostile.answers[frames.Send] = refuse
        await chat.enter("hello")
        await chat.sees("not sent: ", "#log")
        check(chat)
        hostile.push(frames.Bye("shutdown", f"bye {text}", reconnect=False))
        await chat.sees("✕ not connected, /reconnect tries again", "#status")
        assert shown(chat.status, f"bye {text}")
        await works(chat)


@texts
async def test_a_name_that_the_server_gives_us(hostile: HostileServer, text: str) -> None:
    hostile.answers[frames.Login] = lambda _: frames.LoginResult(1, text)
    async with open_chat(hostile) as chat:
        assert shown(chat.status, text)
        hostile.push(event("#general", 1, f"hello {text}"))
        await chat.sees("hello", "#log")
        await works(chat)


async def test_a_text_is_shown_as_far_as_a_body_may_be_long(hostile: HostileServer) -> None:
    """All of a megabyte was formatted, wrapped and kept: five seconds, and again at each start."""
    async with open_chat(hostile) as chat:
        hostile.push(event("#general", 1, "x" * 1_000_000), event("#general", 2, "y" * limits.BODY))
        await chat.until(lambda: chat.client.rooms["#general"].last == 2, "both are there")
        long, longest = (one.text for one in chat.client.rooms["#general"].events)
        assert long == "x" * limits.BODY + f"\n… ({1_000_000 - limits.BODY:,} characters more are not shown)"
        assert longest == "y" * limits.BODY
        await works(chat)


# --- numbers and order ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, HUGE], ids=str)
async def test_absurd_numbers(hostile: HostileServer, number: int) -> None:
    late = min(number, limits.TIME)
    hostile.rooms[0] = frames.RoomState(
        "#general",
        number,
        "",
        number,
        number,
        number,
        [event("#general", 1, "hello", time=late, user=number)],
    )
    hostile.limits = Limits(body=number, silence=max(1, number), ping=number)
    async with open_chat(hostile) as chat:
        hostile.push(
            frames.Marker("#general", number),
            frames.Heads({"#general": number, "#nowhere": number}),
            frames.Ping(number, {"#general": number}),
            event("#general", max(1, number), "late", time=late, user=number),
            frames.Error("no", "about nothing", None, retry_after=number),
        )
        await chat.enter("hello")
        await chat.press("pageup", "ctrl+home", "ctrl+end")
        hostile.push(event("#general", 2, "two", time=0), event("#general", 3, "three", time=late))
        await works(chat)


@pytest.mark.parametrize("number", [-1, HUGE + 1, 2**63, 2**64 - 1], ids=str)
@pytest.mark.parametrize("field", ["head", "members", "read", "unread", "time"])
async def test_numbers_that_cannot_be_are_refused(hostile: HostileServer, field: str, number: int) -> None:
    """They ended the program, and again at each start: no column of a database and no calendar has them."""
    state = frames.RoomState("#general", 1, events=[event("#general", 1, "hello")])
    good = hostile.rooms = [state]
    if field == "time":
        hostile.rooms = [msgspec.structs.replace(state, events=[event("#general", 1, "hello", time=number)])]
    else:
        hostile.rooms = [msgspec.structs.replace(state, **{field: number})]
    async with open_chat(hostile, wait=False) as chat:
        await chat.sees("the server's answer makes no sense: Expected `", "#status")
        await works(chat)
        hostile.rooms = good
        await chat.enter("/reconnect")
        await chat.sees("hello", "#log")


async def test_a_frame_that_cannot_be_ends_the_connection(hostile: HostileServer) -> None:
    async with open_chat(hostile) as chat:
        hostile.push(frames.Heads({"#general": 2**63}))
        await chat.sees("this is no chat server, or a broken", "#status")
        await chat.sees("broken one: heads: Expected", "#log")
        await works(chat)
        await chat.enter("/reconnect")
        await chat.online()


async def test_a_server_that_allows_no_silence_is_called_silent(hostile: HostileServer) -> None:
    hostile.limits = Limits(silence=0)
    async with open_chat(hostile, wait=False) as chat:
        await chat.sees("the server has been silent", "#status")
        await works(chat)


async def test_gaps_repeats_and_disorder(hostile: HostileServer) -> None:
    def history(_: frames.History) -> frames.HistoryResult:
        # Never what was asked for.
        return frames.HistoryResult([event("#general", seq, f"page {seq}") for seq in (9, 3, 900, 1)])

    hostile.answers[frames.History] = history
    hostile.rooms[0] = frames.RoomState(
        "#general",
        50,
        events=[event("#general", seq, f"state {seq}") for seq in (7, 7, 3, 40)],
        complete=False,
    )
    async with open_chat(hostile) as chat:
        for seq in (60, 2, 60, HUGE, 5, 1):
            hostile.push(event("#general", seq, f"live {seq}"))
        for head in range(100, 120):
            hostile.push(frames.Heads({"#general": head}))
        await chat.press("pageup", "ctrl+home", "ctrl+end")
        await works(chat)
        asked = sum(isinstance(request, frames.History) for request in hostile.asked)
        assert asked < 200


async def test_heads_that_it_cannot_serve_are_not_asked_for_endlessly(hostile: HostileServer) -> None:
    async with open_chat(hostile) as chat:
        hostile.push(frames.Heads({"#general": 10}))
        await chat.until(lambda: any(isinstance(one, frames.History) for one in hostile.asked), "it is asked")
        await works(chat)
        for _ in range(50):
            await chat.settle()
        assert sum(isinstance(request, frames.History) for request in hostile.asked) < 5


async def test_older_pages_that_lead_nowhere_are_not_asked_for_endlessly(hostile: HostileServer) -> None:
    hostile.rooms[0] = frames.RoomState(
        "#general", 50, events=[event("#general", 50, "hello")], complete=False
    )
    async with open_chat(hostile) as chat:
        await chat.sees("hello", "#log")
        for _ in range(50):
            await chat.settle()
        await works(chat)
        assert sum(isinstance(request, frames.History) for request in hostile.asked) < 20


async def test_kinds_nobody_knows_and_bodies_nobody_can_read(hostile: HostileServer) -> None:
    async with open_chat(hostile, size=(120, 24)) as chat:
        hostile.push(
            event("#general", 1, kind="poll"),
            event("#general", 2, kind="\x1b[2J"),
            frames.Event("#general", 3, 6, "mallory", frames.MESSAGE, 0, b"\xc1\xff"),
            frames.Event("#general", 4, 6, "mallory", frames.TOPIC, 0, b""),
            frames.Event("#general", 5, 6, "mallory", frames.NICK, 0, b"\x00"),
            event("#general", 6, "the end"),
        )
        hostile.push_map({"t": "a frame of next year", "x": 1})
        hostile.push_map({"no": "type"})
        hostile.push_map({"t": "ok", "re": 12345, "result": {}})
        hostile.push_map({"t": "error", "re": 12345, "code": "x", "text": "y"})
        hostile.push_map({"t": "login", "id": 1, "name": "x"})
        await chat.sees("the end", "#log")
        await chat.sees("(this client can't read this message)", "#log")
        await works(chat)


@pytest.mark.parametrize(
    "kind", [frames.Sync, frames.Watch, frames.Join, frames.Rooms, frames.Online, frames.Send]
)
async def test_answers_that_make_no_sense(hostile: HostileServer, kind: type[frames.Request[Any]]) -> None:
    hostile.answers[kind] = lambda request: frames.Ok(request.id, {"rooms": 7, "online": [], "seq": "x"})
    async with open_chat(hostile, wait=False) as chat:
        for line in ("/join #yyy", "/rooms", "/online", "hello"):
            chat.composer.put("")
            await chat.enter(line)
        await works(chat)


async def test_answers_that_never_come(hostile: HostileServer) -> None:
    for kind in (
        frames.Join,
        frames.Rooms,
        frames.Online,
        frames.Send,
        frames.History,
        frames.Read,
        frames.Watch,
    ):
        hostile.answers[kind] = lambda _: None
    async with open_chat(hostile, wait=False) as chat:
        await chat.until(lambda: chat.status.startswith("●"), "connected")
        for line in ("/join #yyy", "/rooms", "/online", "hello", "/topic x"):
            await chat.enter(line)
        await works(chat)


@pytest.mark.parametrize(
    "data", [b"\xff" * 100, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x00"]
)
async def test_bytes_that_are_no_frames(hostile: HostileServer, data: bytes) -> None:
    async with open_chat(hostile) as chat:
        hostile.push_bytes(data)
        await chat.sees("✕ not connected", "#status")
        await chat.sees("no chat server", "#status")
        await works(chat)
        await chat.enter("/reconnect")
        await chat.online()


async def test_rooms_that_come_and_go_all_the_time(hostile: HostileServer) -> None:
    async with open_chat(hostile) as chat:
        hostile.rooms = [frames.RoomState(f"#r{number}", 1) for number in range(30)]
        for number in range(30):
            hostile.push(
                event(f"#r{number}", 1, kind=frames.JOIN, user=1),
                event("#general", number + 1, kind=frames.LEAVE, user=1),
            )
        await chat.until(lambda: "#r29" in chat.client.rooms, "the last one is there")
        assert "#general" not in chat.client.rooms
        await chat.settle()
        await works(chat)


async def test_a_thousand_rooms(hostile: HostileServer) -> None:
    hostile.rooms = [
        frames.RoomState(f"#room{number}", 0, "t" * 400, unread=number) for number in range(1_000)
    ]
    async with open_chat(hostile) as chat:
        await chat.press("alt+up", "ctrl+k")
        await chat.type("99")
        check(chat)
        await chat.press("escape")
        await works(chat)


def test_the_texts_would_do_harm() -> None:
    assert (
        sum(bool(UNWANTED.search(text.replace("\n", "").replace("\t", ""))) for text in TEXTS.values()) >= 6
    )
    assert all(
        not UNWANTED.search(clean_text(text).replace("\n", "").replace("\t", "")) for text in TEXTS.values()
    )
