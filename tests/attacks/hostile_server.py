"""What a server that means harm does to a person's keys: `python3 -m tests.attacks.hostile_server`.

The real program in a pseudo-terminal, connected to a server that sends what no honest one would. Printed for
each attack (or for those whose names are given): the longest and the median time from a key to its letter
meanwhile, the processor time that the client needed for all of it, and the first echo of the next start, with
what is in its cache. No key may take longer than a tenth of a second.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from protocol import codec, frames
from protocol.frames import Frame
from tests.benchmarks.window import LETTERS, Window
from tests.support.hostile import HostileServer, event
from tests.support.pty import PROGRAM

ROOM = "#general"
KEYS = 60
PAUSE_SECONDS = 0.03
"""Between two keys, of somebody who types fast."""
MILLION = 1_000_000
GIVE_UP_SECONDS = 20.0

Attack = Callable[[], Iterator[Frame]]


class Measured(NamedTuple):
    """Of one attack, in ms but for the processor's time."""

    longest: float
    median: float
    seconds: float
    restart: float


def _messages(*texts: str) -> Iterator[Frame]:
    for seq, text in enumerate(texts, 1):
        yield event(ROOM, seq, text)


def _about(target: int, count: int, kind: str, body: Callable[[int], frames.Body]) -> Iterator[Frame]:
    """A message, and so many changes of it."""
    yield from _messages(*["hello"] * target)
    for number in range(count):
        change = frames.Event(
            ROOM,
            target + 1 + number,
            number + 2,
            f"user{number}",
            kind,
            0,
            codec.pack(body(number)),
            None,
            target,
        )
        yield change


def marks() -> Iterator[Frame]:
    """Runs of combining marks, which take the square of their length to be sorted."""
    return _messages(*["alice " + "a\u0301\u0316\u0334" + "\u0301\u0316\u0334" * 2700] * 60)


def presence() -> Iterator[Frame]:
    """Ever new names in the list of people."""
    for number in range(20_000):
        yield frames.Presence(ROOM, f"user{number * 7919 % 20_000}", online=True)


def roles() -> Iterator[Frame]:
    """Ever new names with a role."""
    for number in range(20_000):
        yield frames.RoleChanged(ROOM, f"user{number}", frames.OWNER)


def typing() -> Iterator[Frame]:
    """Everybody writes."""
    for number in range(20_000):
        yield frames.Typing(ROOM, user=number + 2, name=f"user{number}")


def formatted() -> Iterator[Frame]:
    """Messages of a megabyte, each line formatted."""
    return _messages(*["*bold* _x_ `code` https://example.com/a ~b~\n" * (MILLION // 50)] * 4)


def quotes() -> Iterator[Frame]:
    """A megabyte of nested quotes and lists."""
    return _messages(*[f"{'> ' * 40}{'- ' * 20}x\n" * (MILLION // 125)] * 4)


def emphasis() -> Iterator[Frame]:
    """Marks that open and never close."""
    return _messages(*["*a _b ~c `d " * (MILLION // 12)] * 4)


def links() -> Iterator[Frame]:
    """A megabyte of links."""
    return _messages(*["[a](https://example.com/(((x) http://a:b:c:d " * (MILLION // 46)] * 4)


def code() -> Iterator[Frame]:
    """Fences that open and close."""
    return _messages(*["```\n" * (MILLION // 4)] * 4)


def names() -> Iterator[Frame]:
    """A megabyte of names that may be somebody's."""
    return _messages(*["@alice @bob " * (MILLION // 12)] * 4)


def joined() -> Iterator[Frame]:
    """Emoji that are joined to one."""
    return _messages(*["👨\u200d" * (MILLION // 7)] * 4)


def replies() -> Iterator[Frame]:
    """Replies to one message that is in view."""
    yield from _messages("hello")
    for seq in range(2, 4_002):
        yield event(ROOM, seq, "yes", reply=1)


def edits_of_what_is_answered() -> Iterator[Frame]:
    """A message with many answers is edited again and again."""
    yield from replies()
    for seq in range(4_002, 6_002):
        yield event(ROOM, seq, f"now {seq}", kind=frames.EDIT, target=1)


def reactions() -> Iterator[Frame]:
    """Reactions to one message, each with another emoji."""
    return _about(1, 20_000, frames.REACTION, lambda number: frames.ReactionBody(chr(0x4E00 + number)))


def reactions_of_many() -> Iterator[Frame]:
    """The same reaction of ever more people."""
    return _about(1, 20_000, frames.REACTION, lambda _: frames.ReactionBody("👍"))


def edits() -> Iterator[Frame]:
    """Edits of one message."""
    yield from _messages("hello")
    for seq in range(2, 20_002):
        yield event(ROOM, seq, f"now {seq}", kind=frames.EDIT, target=1)


def topics() -> Iterator[Frame]:
    """Ever new topics."""
    for seq in range(1, 20_001):
        body = codec.pack(frames.TopicBody(f"{seq} " * 60))
        yield frames.Event(ROOM, seq, 2, "bob", frames.TOPIC, 0, body)


def comings() -> Iterator[Frame]:
    """Ever new people come in."""
    for seq in range(1, 20_001):
        yield event(ROOM, seq, kind=frames.JOIN, user=seq + 1, sender=f"user{seq}")


def nicks() -> Iterator[Frame]:
    """Somebody has ever new names."""
    for seq in range(1, 20_001):
        body = codec.pack(frames.NickBody(f"user{seq}"))
        yield frames.Event(ROOM, seq, 2, f"user{seq - 1}", frames.NICK, 0, body)


def invitations() -> Iterator[Frame]:
    """Invitations to ever new rooms."""
    for number in range(20_000):
        yield frames.Invited(f"#room{number}", "bob", 0)


def ignored() -> Iterator[Frame]:
    """Ever longer lists of ignored people."""
    for number in range(40):
        people = [frames.Person(one + 2, f"user{one}") for one in range(5_000 + number)]
        yield frames.MineChanged(ignored=people)


def levels() -> Iterator[Frame]:
    """Levels of rooms that nobody knows."""
    for number in range(40):
        yield frames.MineChanged(levels={f"#room{one}": "all" for one in range(5_000 + number)})


def heads() -> Iterator[Frame]:
    """Heads of rooms that nobody is in."""
    for number in range(200):
        yield frames.Heads({ROOM: 0, **{f"#room{number}-{one}": 9 for one in range(1_000)}})


def mentions() -> Iterator[Frame]:
    """Everything is meant for alice, in a room that she does not see."""
    for seq in range(1, 10_001):
        yield event("#other", seq, f"alice: {seq}")


def early() -> Iterator[Frame]:
    """Events of rooms that nobody has told of."""
    for number in range(20_000):
        yield event(f"#room{number}", 1)


ATTACKS: dict[str, Attack] = {
    attack.__name__.replace("_", "-"): attack
    for attack in (
        marks, presence, roles, typing, formatted, quotes, emphasis, links, code, names, joined, replies,
        edits_of_what_is_answered, reactions, reactions_of_many, edits, topics, comings, nicks, invitations,
        ignored, levels, heads, mentions, early,
    )
}  # fmt: skip


def _quiet() -> Iterator[Frame]:
    """Nothing, to compare with."""
    return iter(())


async def measure(attack: Attack) -> Measured:
    """What one attack does."""
    server = HostileServer()
    server.rooms = [frames.RoomState(ROOM, 0), frames.RoomState("#other", 0)]
    await server.start()
    with tempfile.TemporaryDirectory() as folder:
        try:
            window = await _open(server, Path(folder))
            try:
                used = window.processor
                pushing = asyncio.create_task(_push(server, attack))
                echoes = await _echoes(window)
                await pushing
                await window.rests(1.0)
                seconds = window.processor - used
            finally:
                window.close()
            began = time.perf_counter()
            window = await _open(server, Path(folder), wait=False)
            try:
                restart = await _first_echo(window) - began
            finally:
                window.close()
        finally:
            await server.stop()
    return Measured(max(echoes) * 1000, statistics.median(echoes) * 1000, seconds, restart * 1000)


async def _open(server: HostileServer, home: Path, *, wait: bool = True) -> Window:
    target = await server.locate()
    command = (*PROGRAM, "--name", "alice", "--server", f"plain://{target.host}:{target.port}")
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LOGNAME": "alice",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    window = Window(command, environment)
    if wait:
        await window.shows("alice on")
        await window.rests(0.5)
    return window


async def _push(server: HostileServer, attack: Attack) -> None:
    data = bytearray()
    for frame in attack():
        data += codec.encode(frame)
    for at in range(0, len(data), 2**16):
        server.push_bytes(bytes(data[at : at + 2**16]))
        await asyncio.sleep(0)


async def _echoes(window: Window) -> list[float]:
    """Seconds from a key to its letter, while it goes on."""
    taken = []
    for number in range(KEYS):
        letter = LETTERS[number % len(LETTERS)]
        since, began = len(window.data), time.perf_counter()
        window.type(letter)
        taken.append(await window.shows(letter, since, GIVE_UP_SECONDS) - began)
        if letter == LETTERS[-1]:
            window.type("\x15")
            await window.rests(0.1)
        await asyncio.sleep(PAUSE_SECONDS)
    return taken


async def _first_echo(window: Window) -> float:
    while True:
        since = len(window.data)
        window.type(LETTERS[0])
        try:
            return await window.shows(LETTERS[0], since, 0.2)
        except RuntimeError:
            continue


async def main(wanted: list[str]) -> None:
    """Measure these attacks, or all."""
    unknown = set(wanted) - ATTACKS.keys()
    if unknown:
        sys.exit(f"no attack is called {', '.join(sorted(unknown))}: {', '.join(ATTACKS)}")
    print(f"{'attack':28}{'longest echo':>14}{'median':>9}{'processor':>11}{'next start':>12}")
    for name, attack in {"(none)": _quiet, **{name: ATTACKS[name] for name in wanted or ATTACKS}}.items():
        try:
            one = await measure(attack)
        except (RuntimeError, TimeoutError) as error:
            print(f"{name:28}{'no echo':>14}  {str(error)[:80]}", flush=True)
            continue
        echo, start = f"{one.longest:,.0f} ms", f"{one.restart:,.0f} ms"
        print(f"{name:28}{echo:>14}{one.median:6.0f} ms{one.seconds:9.1f} s{start:>12}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
