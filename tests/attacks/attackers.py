"""The attacks: each a coroutine that does harm at a port until it is cancelled.

`python -m tests.attacks.attackers NAME PORT` runs one, after saying `ready` on standard output; what it has
to prepare is done by then.
"""

import asyncio
import itertools
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from protocol import codec, frames, limits
from protocol.frames import Frame, Request
from tests.attacks.peers import Peer, connect, enter, enter_often, flood
from tests.support.wire import text_body

Ready = Callable[[], None]
Attack = Callable[[int, Ready], Coroutine[Any, Any, None]]

ATTACKS: dict[str, tuple[str, Attack]] = {}
"""By name: what it does, and who does it."""

NUMBERS = itertools.count(1000)
PIPELINED = 200
"""Frames in one write."""

MARKS = "e" + "\u0301\u0302\u0303\u0304" * 2000
"""16 KiB of combining marks."""


def attack(name: str, what: str) -> Callable[[Attack], Attack]:
    """This is one of the attacks."""

    def add(function: Attack) -> Attack:
        ATTACKS[name] = (what, function)
        return function

    return add


def packed(*sent: Frame) -> bytes:
    """The frames as they go on a stream."""
    return b"".join(map(codec.encode, sent))


def block(make: Callable[[int], Request[Any]]) -> Callable[[], bytes]:
    """New requests each time, each with a number of its own."""
    return lambda: packed(*(make(next(NUMBERS)) for _ in range(PIPELINED)))


# --- before login


@attack("pings", "a stranger pings without end")
async def pings(port: int, ready: Ready) -> None:
    peer = await connect(port)
    ready()
    await peer.flood(packed(frames.Ping(1)) * PIPELINED)


@attack("deaf", "strangers ping and take no answers; they come back when cut")
async def deaf(port: int, ready: Ready) -> None:
    ready()

    async def again() -> None:
        while True:
            peer = await connect(port)
            peer.deaf()
            await peer.flood(packed(frames.Ping(1)) * PIPELINED)

    await asyncio.gather(*(again() for _ in range(20)))


@attack("strangers", "100 connections ping, send what is no frame, and log in wrongly")
async def strangers(port: int, ready: Ready) -> None:
    peers = [await connect(port) for _ in range(100)]
    ready()
    bad = packed(frames.Ping(1), frames.Login(5, "nobody", token="x" * 40), frames.Rooms(7))
    await flood(peers, bad * PIPELINED)


@attack("come-and-go", "600 connections at a time come, ping and go")
async def come_and_go(port: int, ready: Ready) -> None:
    ready()
    while True:
        peers = await asyncio.gather(*(connect(port) for _ in range(600)))
        for peer in peers:
            await peer.write(packed(frames.Ping(1)) * 2000)
        await asyncio.sleep(1)
        for peer in peers:
            peer.close()


@attack("bad-logins", "logins with tokens and passwords that are none")
async def bad_logins(port: int, ready: Ready) -> None:
    ready()

    async def again() -> None:
        while True:
            peer = await connect(port)
            await peer.ask(frames.Hello([1], "attack"))
            for number in range(20):
                token = "x" * 40 if number % 2 else ""
                await peer.ask(
                    frames.Login(number + 1, "honest0", token=token, password="" if token else "y" * 12)
                )
            peer.close()

    await asyncio.gather(*(again() for _ in range(20)))


# --- one member


def on_many(
    name: str, what: str, data: bytes | Callable[[], bytes], count: int = 50, prepare: str = ""
) -> None:
    """An attack by one member who sends this on so many connections; `prepare`: with a room of their own."""

    async def run(port: int, ready: Ready) -> None:
        peers = await enter_often(port, "eve", count)
        if prepare:
            await peers[0].ask(frames.Create(5, prepare, private=False, limit=0))
        ready()
        await flood(peers, data)

    ATTACKS[name] = (f"one member on {count} connections: {what}", run)


on_many("whois", "whois", block(lambda number: frames.Whois(number, "honest0")))
on_many("members", "members", block(lambda number: frames.Members(number, "#general")))
on_many("online", "online", block(frames.Online))
on_many("watch", "watch", block(lambda number: frames.Watch(number, ["#general"], 1000)))
on_many("rooms-list", "rooms", block(frames.Rooms))
on_many("history", "pages of history", block(lambda number: frames.History(number, "#general")))
on_many("sync", "sync", block(frames.Sync))
on_many("bad-frames", "what is no frame", (b"\x00\x00\x00\x0d\x81\xa1t\xa9no_such_t") * PIPELINED)
on_many(
    "typing",
    "typing on and off",
    packed(frames.Typing("#general", on=True), frames.Typing("#general", on=False)) * PIPELINED,
)
on_many("levels", "set_level", block(lambda number: frames.SetLevel(number, "#general", "all")), 60)
on_many("nicks", "nick", block(lambda number: frames.Nick(number, f"eve{number}")), 10)
on_many(
    "topics",
    "topic of an own room",
    block(lambda number: frames.Topic(number, "#eves", f"{number}")),
    10,
    "#eves",
)
on_many(
    "creates",
    "new rooms",
    block(lambda number: frames.Create(number, f"#room{number}", private=False, limit=0)),
    10,
)
on_many("joins", "leave and join", lambda: packed(*(
    request for _ in range(PIPELINED // 2)
    for request in (frames.Leave(next(NUMBERS), "#general"), frames.Join(next(NUMBERS), "#general", 0))
)), 10)  # fmt: skip
on_many("deletes", "create and delete_room", lambda: packed(*(
    request for number in [next(NUMBERS) for _ in range(PIPELINED // 2)]
    for request in (
        frames.Create(number, f"#gone{number}", private=False, limit=0),
        frames.DeleteRoom(number, f"#gone{number}"),
    )
)), 10)  # fmt: skip
on_many("sends", "sends", block(
    lambda number: frames.Send(number, "#general", f"eve-{number}", text_body("x" * 1000))
), 10)  # fmt: skip
on_many("marks", "16 KiB of combining marks", block(
    lambda number: frames.Send(number, "#general", f"marks-{number}", text_body(MARKS))
), 10)  # fmt: skip
on_many("searches", "searches", block(lambda number: frames.Search(number, words=["honest"])), 10)


@attack("searchers", "20 members search for what takes long")
async def searchers(port: int, ready: Ready) -> None:
    peers = [await enter(port, f"searcher{number}") for number in range(20)]
    ready()
    await flood(peers, block(lambda number: frames.Search(number, words=["a"])))


@attack("half-frames", "one member on 100 connections begins frames of 256 KiB and ends none")
async def half_frames(port: int, ready: Ready) -> None:
    peers = await enter_often(port, "eve", 100)
    ready()
    for peer in peers:
        await peer.write(limits.FRAME.to_bytes(4, "big") + bytes(limits.FRAME - 1))
    await asyncio.Event().wait()


@attack("slow-readers", "60 members ask for pages, are sent what is said, and read nothing")
async def slow_readers(port: int, ready: Ready) -> None:
    peers = [await enter(port, f"slow{number}") for number in range(60)]
    ready()
    for peer in peers:
        peer.deaf()
    loud = [await enter(port, f"loud{number}") for number in range(10)]
    sends = flood(
        loud, block(lambda number: frames.Send(number, "#general", f"{number}", text_body("x" * 15_000)))
    )
    asks = flood(peers, block(lambda number: frames.History(number, "#general")))
    await asyncio.gather(sends, asks)


@attack("direct", "20 members open rooms with everybody")
async def direct(port: int, ready: Ready) -> None:
    peers: list[Peer] = [await enter(port, f"caller{number}") for number in range(20)]
    ready()
    await flood(peers, block(lambda number: frames.Dm(number, f"honest{number % 10}", 0)))


@attack("new-users", "ever new users come in, from loopback")
async def new_users(port: int, ready: Ready) -> None:
    ready()

    async def again() -> None:
        while True:
            peer = await connect(port)
            await peer.ask(frames.Hello([1], "attack"))
            await peer.ask(frames.Login(1, f"new{next(NUMBERS)}"))
            peer.close()

    await asyncio.gather(*(again() for _ in range(10)))


def main() -> None:
    """Run one."""
    name, port = sys.argv[1], int(sys.argv[2])
    os.nice(19)  # on the core of those who measure
    run: Callable[[int, Ready], Awaitable[None]] = ATTACKS[name][1]

    async def attacking() -> None:
        await run(port, lambda: print("ready", flush=True))
        await asyncio.Event().wait()  # all were cut: nothing is left to do

    asyncio.run(attacking())


if __name__ == "__main__":
    main()
