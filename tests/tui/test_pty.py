"""The program in a real terminal: what reaches it, and how it is left behind."""

import base64
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from chat_tui import config
from chat_tui.client.outbox import Outbox
from protocol import frames
from server.config import Address
from tests.support.hostile import TEXTS, event, hostile_server
from tests.support.inprocess import RunningServer
from tests.support.pty import PROGRAM, Terminal, environment
from tests.support.wire import text_of

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind"
)

Open = Callable[..., Terminal]

CRASH = """
import sys
from chat_tui.tui import app
from chat_tui.config import Settings

class Broken(app.ChatApp):
    def on_mount(self):
        self.set_interval(0.05, self.crash)

    def crash(self):
        if getattr(self.screen, "panes", None) is not None and self.screen.panes.current is not None:
            try:
                CRASH
            finally:
                LEAVE

app.ChatApp = Broken
sys.exit(app.run(Settings(), "alice", sys.argv[1]))
"""


@pytest.fixture
async def open_terminal(home: Path) -> AsyncIterator[Open]:
    """Open terminals with the program in them; ends what was started, an embedded server too."""
    opened: list[Terminal] = []

    def open_one(
        *arguments: str,
        command: tuple[str, ...] = PROGRAM,
        size: tuple[int, int] = (80, 24),
        variables: Mapping[str, str] = {},  # never changed
    ) -> Terminal:
        opened.append(Terminal((*command, *arguments), {**environment(home), **variables}, size))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()
    pid = server_pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def server_pid() -> int | None:
    """The embedded server's process, as its runtime file says."""
    runtime = config.local_runtime()
    return int(msgspec.json.decode(runtime.read_bytes())["pid"]) if runtime.exists() else None


def at(server: RunningServer) -> tuple[str, ...]:
    """The arguments that lead to a server."""
    return ("--server", str(server.address), "--name", "alice")


async def test_the_bare_view_leaves_the_mouse_to_the_terminal(
    open_terminal: Open, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server), "--screen-reader", variables={"NO_COLOR": "1"})
    await terminal.sees("Connected as alice")
    assert re.search(rb"\x1b\[[\d;]*(?:3|4|9|10)[0-8][;m]", terminal.raw) is None, "no colours"
    await bob.tell("#general", "alice: copy this")
    await terminal.sees("bob, ")
    terminal.type("\x1b[20~")  # F9
    await terminal.sees("F9 goes back")
    assert "mouse" not in terminal.left_on()
    assert next(line for line in terminal.lines if "copy this" in line).startswith("bob, ")
    terminal.type("\x1b[20~")
    await terminal.until(lambda: "mouse" in terminal.left_on(), "the mouse is taken again")


# --- what reaches the terminal --------------------------------------------------------------------


async def test_typing_resizing_and_leaving(open_terminal: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    terminal.enter("grüße an alle 日本")
    await terminal.sees("│ grüße an alle")
    while (come := await bob.event()).kind != frames.MESSAGE:
        assert come.kind == frames.JOIN
    assert "grüße an alle 日本".encode() in come.body
    for width, height in ((60, 15), (120, 36), (80, 24)):
        terminal.resize(width, height)
        await terminal.until(
            lambda height=height: terminal.lines[height - 1].startswith(" ● alice on"),  # type: ignore[misc]
            f"the status is in the last line of {height}",
        )
        await terminal.sees("│ grüße an alle")
    terminal.type("\x1b[200~two\nlines\x1b[201~")
    await terminal.until(
        lambda: "two" in terminal.text and "lines" in terminal.text, "the paste is in the input"
    )
    terminal.enter("\x1b\rby Alt+Enter")
    while (come := await bob.event()).kind != frames.MESSAGE:
        raise AssertionError(come)
    assert text_of(come) == "two\nlines\nby Alt+Enter"
    terminal.type("\x1b[1;2R")  # Shift+F3
    await terminal.sees("Nothing was searched for yet")
    terminal.type("\x11")
    assert await terminal.ended() == 0


async def test_a_link_opens_its_room_and_asks_nobody(open_terminal: Open, tmp_path: Path) -> None:
    secure = RunningServer(tmp_path / "secure", listen=Address("127.0.0.1", 0, tls=True))
    await secure.start()
    link = f"chat://{secure.address}/#deploys?pin={secure.certificate.pin}"
    terminal = open_terminal("--name", "alice", link)
    await terminal.sees(f"● alice on {secure.address}")
    await terminal.until(lambda: terminal.lines[0].split()[1:2] == ["#deploys"], "it is in that room")
    terminal.type("\x11")
    assert await terminal.ended() == 0
    again = open_terminal()
    await again.sees(f"● alice on {secure.address}")
    again.type("\x11")
    assert await again.ended() == 0
    await secure.stop()


async def test_keys_in_bursts_do_what_they_do_in_their_order(
    open_terminal: Open, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general", "#other")
    await server.enter("alice", "#general", "#other")
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    alt, left, delete = "\x1b", "\x1b[D", "\x7f"
    lines = [
        f"abx{delete}cd{left}{left}X",
        "two",
        f"{alt}2three",
        f"{alt}1four",
        f"five{alt}2{alt}1",
        "\x1b[1;3Bsix",
    ]
    terminal.type("".join(f"{line}\r" for line in lines))
    said: dict[str, list[bytes]] = {"#general": [], "#other": []}
    while sum(map(len, said.values())) < len(lines):
        come = await bob.event()
        if come.kind == frames.MESSAGE:
            said[come.room].append(come.body.split(b"text")[1][1:])
    assert said == {"#general": [b"abXcd", b"two", b"four", b"five"], "#other": [b"three", b"six"]}


async def test_writing_with_characters_of_many_parts_and_completion(
    open_terminal: Open, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    left, alt_left, up, down = "\x1b[D", "\x1b[1;3D", "\x1b[A", "\x1b[B"
    family = "👩‍👩‍👧"
    lines = {
        f"日本{left}x": "日x本",
        f"{family}👍🏽{left}{left}a{left}b": f"ba{family}👍🏽",
        f"{family}e\u0301\x7f\x7fnone": "none",
        f"one two{alt_left}\x0b\x1bx": "one two",  # Ctrl+K and Esc: back from the switcher
        f"/me hugs @b{down}\r\r": "hugs @bob",
        f"two words\x17\x19\x19{up}{down}": "two wordswords",
        "see @bo": "see @bo",
    }
    said = []
    for keys in lines:
        mark = len(terminal.raw)
        if "\x0b" in keys:
            terminal.type(keys.removesuffix("\x1bx"))
            await terminal.sees("Enter goes")
            terminal.type("\x1b")
            await terminal.until(lambda: "Enter goes" not in terminal.text, "the switcher is closed")
        else:
            terminal.type(keys)
        terminal.type("\r")
        while (come := await bob.event()).kind not in frames.SPOKEN:
            assert come.kind == frames.JOIN
        said.append(text_of(come))
        await terminal.until(lambda: len(terminal.raw) > mark, "something is drawn")  # noqa: B023  # awaited here
    assert said == list(lines.values())
    mark = len(terminal.raw)
    terminal.type("\x0c")  # Ctrl+L: all is drawn again
    await terminal.until(lambda: b"see @bo" in terminal.raw[mark:], "the log is sent again")
    harmless(terminal)
    terminal.type("\x11")
    assert await terminal.ended() == 0


async def test_no_byte_of_a_hostile_message_is_obeyed(open_terminal: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    await bob.tell(
        "#general", "MARK1\x1b[2JMARK2\x1b]52;c;aGFja2Vk\x07MARK3\x9b2JMARK4\x1b]0;pwned\x1b\\MARK5"
    )
    terminal = open_terminal(*at(server))
    await terminal.sees("MARK5")
    for name, text in TEXTS.items():
        if len(text) < 3_000 and text.strip():
            await bob.tell("#general", f"alice: {text} {name}-END")
    await bob.tell("#general", "alice: the very end")
    await terminal.sees("the very end")
    terminal.type("\x1b[5~")
    await terminal.sees("(End)")
    harmless(terminal)
    assert b"MARK1MARK2MARK3MARK4" in terminal.raw
    terminal.type("\x11")
    assert await terminal.ended() == 0
    harmless(terminal)


async def test_no_byte_of_a_hostile_server_is_obeyed(open_terminal: Open) -> None:
    async with hostile_server() as hostile:
        text = "".join(TEXTS[name] for name in ("clear", "clipboard", "c1", "bidi", "controls", "markup"))
        hostile.rooms = [frames.RoomState(f"#a{text}", 0, text), frames.RoomState("#b", 0, text)]
        hostile.online = ["alice", f"m{text}"]
        hostile.answers[frames.Topic] = lambda request: frames.Error("no", f"oops {text}", request.id)
        terminal = open_terminal("--server", str(await hostile.locate()), "--name", "alice")
        await terminal.sees("● alice on")
        hostile.push(
            *(
                event("#b", seq, f"alice {text}", sender=f"m{text}", kind=kind, user=seq)
                for seq, kind in enumerate(
                    (
                        frames.MESSAGE,
                        frames.ACTION,
                        frames.TOPIC,
                        frames.JOIN,
                        frames.NICK,
                        frames.LEAVE,
                        text,
                    ),
                    1,
                )
            ),
            event("#b", 8, "the end"),
        )
        terminal.type("\x1b[1;3B")
        await terminal.sees("new messages  (End)")
        terminal.type("\x1b[F")
        await terminal.sees("the end")
        terminal.enter("/topic x")
        await terminal.sees("oops")
        terminal.type("m\t\t\x1b[1;3A\x0b")
        await terminal.sees("a room, @person")
        terminal.type("\x1b")
        await terminal.until(lambda: "a room, @person" not in terminal.text, "it is closed")
        hostile.push(frames.Bye("x", f"gone {text}", reconnect=False))
        await terminal.sees("✕ not connected")
        harmless(terminal)
        assert any(title.startswith("#b") for title in terminal.titles)
        terminal.type("\x11")
        assert await terminal.ended() == 0
        harmless(terminal)


async def test_links_are_made_by_us_alone(open_terminal: Open, server: RunningServer) -> None:
    bob = await server.enter("bob", "#general")
    long = "https://x.org/" + "a" * 90
    await bob.tell(
        "#general", f"\x1b]8;;https://evil.org\x07MARK\x1b]8;;\x07 \x9d8;;https://evil.org\x9cMARK {long}"
    )
    await bob.tell(
        "#general", "[text](https://y.org/é) [x](https://z.org/\x1b]8;;https://evil.org\x07) MARK3"
    )
    terminal = open_terminal(*at(server))
    await terminal.sees("MARK3")
    terminal.resize(60, 20)
    await terminal.until(lambda: terminal.lines[19].startswith(" ● alice on"), "it is drawn anew")
    terminal.type("\x11")
    assert await terminal.ended() == 0
    found = re.findall(rb"\x1b\]8;([^;\x1b\x07]*);([^\x1b\x07]*)(\x1b\\|\x07)", terminal.raw)
    assert terminal.raw.count(b"\x1b]8;") == len(found)
    names = {(target, name) for name, target, _ in found if target}
    assert {target for target, _ in names} == {long.encode(), b"https://y.org/%C3%A9", b"https://z.org/"}
    assert len(names) == 3, "each link has one name, on all its lines and in all drawings"
    assert sum(not target for _, target, _ in found) == sum(bool(target) for _, target, _ in found)


def harmless(terminal: Terminal) -> None:
    """Nothing of the hostile texts has reached the terminal as anything but text."""
    sent = bytes(terminal.raw).decode(errors="ignore")  # the last character may be on its way
    assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200b]", sent)
    for payload in (
        "\x1b]52",
        "\x1bP1000p",
        "\x1b_x",
        "\x1b^y",
        "MARK1\x1b[2J",
        "pwned",
        "\x1bc",
        "2JMARK",
    ):
        assert payload not in sent, payload
    assert sent.count("\x1b[?1049l") <= 1
    assert terminal.titles
    for title in terminal.titles:
        assert re.fullmatch("[^\x00-\x1f\x7f-\x9f]*", title), repr(title)


# --- how it is left -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "status"),
    [
        ("\x11", 0),
        ("/quit\r", 0),
        ("\x03\x03", 0),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
    ],
    ids=["Ctrl+Q", "quit", "Ctrl+C", "SIGTERM", "SIGHUP"],
)
async def test_every_end_gives_the_terminal_back(
    open_terminal: Open, server: RunningServer, way: str | signal.Signals, status: int
) -> None:
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    assert set(terminal.left_on()) >= {"alternate screen", "hidden cursor", "bracketed paste", "termios"}
    if isinstance(way, str):
        terminal.type(way)
    else:
        terminal.signal(way)
    assert await terminal.ended() == status
    assert terminal.left_on() == []
    assert b"Traceback" not in terminal.raw


@pytest.mark.parametrize("leaves", ["pass", "self.exit()"])
@pytest.mark.parametrize(
    "crash", ["raise RuntimeError('broken on purpose')", "self.panic('broken on purpose')"]
)
async def test_a_crash_gives_the_terminal_back_and_says_what_happened(
    open_terminal: Open, server: RunningServer, crash: str, leaves: str
) -> None:
    script = CRASH.replace("CRASH", crash).replace("LEAVE", leaves)
    terminal = open_terminal(str(server.address), command=(sys.executable, "-c", script))
    assert await terminal.ended() == 1
    assert b"\x1b[?1049h" in terminal.raw
    assert terminal.left_on() == []
    assert b"broken on purpose" in terminal.raw[terminal.raw.rfind(b"\x1b[?1049l") :]


@pytest.mark.parametrize(
    "arguments", [("--name", "a b"), ("--server", "host:x", "--name", "a"), ("--nonsense",)]
)
async def test_a_wrong_call_is_refused_where_the_shell_is(
    open_terminal: Open, arguments: tuple[str, ...]
) -> None:
    terminal = open_terminal(*arguments)
    assert await terminal.ended() == 2
    assert terminal.raw.rfind(b"chat-tui: ") > terminal.raw.rfind(b"\x1b[?1049l")
    assert terminal.left_on() == []


# --- the chat on this computer --------------------------------------------------------------------


def count(terminal: Terminal, text: str) -> int:
    """How often a message is in the log."""
    return sum(line.rstrip().endswith(f"│ {text}") or f"│ {text}  " in line for line in terminal.lines)


async def test_the_first_start_asks_and_opens_the_chat_on_this_computer(open_terminal: Open) -> None:
    terminal = open_terminal()
    await terminal.sees("Your name")
    await terminal.sees("tester")
    terminal.type("\x7f" * len("tester"))
    await terminal.until(lambda: "tester" not in terminal.text, "the field is empty")
    terminal.enter("zoe")
    await terminal.sees("● zoe on this computer")
    assert "#general" in terminal.lines[0]
    assert server_pid() is not None
    terminal.type("\x11")
    assert await terminal.ended() == 0
    again = open_terminal()
    await again.sees("● zoe on this computer")
    again.type("\x11")
    assert await again.ended() == 0


async def test_two_share_a_server_that_survives_the_first_and_kill_9(open_terminal: Open) -> None:
    alice = open_terminal("--name", "alice")
    await alice.sees("● alice on this computer")
    bob = open_terminal("--name", "bob")
    await bob.sees("● bob on this computer")
    both = (alice, bob)
    alice.enter("one")
    for one in both:
        await one.until(lambda one=one: count(one, "one") == 1, "alice's message is with both")  # type: ignore[misc]
    pid = server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    alice.enter("two")
    bob.enter("three")
    for one in both:
        for text in ("two", "three"):
            await one.until(lambda one=one, text=text: count(one, text) == 1, f"{text} is there")  # type: ignore[misc]
        await one.sees("on this computer")
        await one.until(lambda one=one: " ● " in one.lines[-1], "connected again")  # type: ignore[misc]
    assert server_pid() not in (None, pid)
    alice.type("\x11")
    assert await alice.ended() == 0
    bob.enter("four")
    await bob.until(lambda: count(bob, "four") == 1, "bob talks on")
    again = open_terminal("--name", "alice")
    await again.until(lambda: count(again, "four") == 1, "all is stored")
    for one in (bob, again):
        assert [count(one, text) for text in ("one", "two", "three", "four")] == [1, 1, 1, 1]


# --- the terminal's own gifts


async def test_who_is_named_while_looking_elsewhere_is_notified_by_the_terminal(
    open_terminal: Open, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    terminal = open_terminal(*at(server), variables={"TERM_PROGRAM": "WezTerm"})
    await terminal.sees("● alice on")
    await bob.tell("#general", "alice: here it is seen")
    await terminal.sees("here it is seen")
    terminal.type("\x1b[O")  # the window loses the focus; nothing on the screen says when the program knows
    for number in range(100):
        await bob.tell("#general", f"alice: come \x1b]0;x\x07back {number}")
        await terminal.sees(f"come back {number}")
        if b"\x1b]777" in terminal.raw:
            break
    note = b"\x1b]777;notify;bob in #general;alice: come back"
    await terminal.until(lambda: note in terminal.raw, "the terminal is asked to notify")
    assert b"here it is seen\x07" not in terminal.raw


async def test_copying_without_a_desktop_asks_the_terminal(
    open_terminal: Open, server: RunningServer
) -> None:
    bob = await server.enter("bob", "#general")
    await bob.tell("#general", "copythis")
    terminal = open_terminal(*at(server))
    await terminal.sees("copythis")
    row = next(number for number, line in enumerate(terminal.lines) if "copythis" in line)
    column = terminal.lines[row].index("copythis") + 2
    for _ in range(2):
        terminal.type(f"\x1b[<0;{column};{row + 1}M\x1b[<0;{column};{row + 1}m")
    terminal.type("\x03")
    asked = b"\x1b]52;c;" + base64.b64encode(b"copythis") + b"\x07"
    await terminal.until(lambda: asked in terminal.raw, "the terminal is asked to copy")
    await terminal.sees("Copied 8 characters")


# --- the person's own editor


def an_editor(folder: Path, script: str) -> dict[str, str]:
    path = folder / "my editor"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return {"VISUAL": f"'{path}' --wait"}


async def test_a_message_is_written_in_ones_own_editor(
    open_terminal: Open, server: RunningServer, tmp_path: Path
) -> None:
    bob = await server.enter("bob", "#general")
    script = f"""
    test "$1" = --wait || exit 9
    echo "in the editor: $(cat "$2")"
    read line
    printf '\\n%s, twice\\n' "$line" >> "$2"
    ls -ld "$(dirname "$2")" > {tmp_path}/folder
    """
    terminal = open_terminal(*at(server), variables=an_editor(tmp_path, script))
    await terminal.sees("● alice on")
    terminal.type("begun here\x07")  # Ctrl+G
    await terminal.sees("in the editor: begun here")
    assert terminal.left_on() == ["window title"]  # all else is the editor's
    await bob.tell("#general", "meanwhile")
    terminal.type("gone on there\n")
    await terminal.sees("meanwhile")
    await terminal.sees("gone on there, twice")
    assert (tmp_path / "folder").read_text(encoding="utf-8").startswith("drwx------")
    terminal.enter("")
    while (come := await bob.event()).sender != "alice" or come.kind != frames.MESSAGE:
        assert come.kind in (frames.JOIN, frames.MESSAGE)
    assert come.body.endswith(b"begun here\ngone on there, twice")
    terminal.type("\x11")
    assert await terminal.ended() == 0
    assert terminal.left_on() == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"EDITOR": "false"}, "false ended with 1; the message is as it was"),
        ({"EDITOR": "no-such-editor -x"}, "no-such-editor can't be started"),
        ({"EDITOR": "vi 'unclosed"}, "makes no sense"),
    ],
)
async def test_an_editor_that_fails_harms_nothing(
    open_terminal: Open, server: RunningServer, variables: dict[str, str], told: str
) -> None:
    terminal = open_terminal(*at(server), variables=variables, size=(120, 36))
    await terminal.sees("● alice on")
    terminal.type("kept text\x07")
    await terminal.sees(told)
    await terminal.sees("kept text")


async def test_a_draft_survives_kill_9(open_terminal: Open, server: RunningServer) -> None:
    terminal = open_terminal(*at(server))
    await terminal.sees("● alice on")
    terminal.type("nearly said")

    def kept() -> bool:
        outbox = Outbox(config.outbox_file(), str(server.address), "alice")
        try:
            return outbox.drafts() == {"#general": "nearly said"}
        finally:
            outbox.close()

    await terminal.until(kept, "the draft is on the disk")
    terminal.signal(signal.SIGKILL)
    await terminal.ended()
    terminal = open_terminal(*at(server))
    await terminal.sees("nearly said")
