"""The load: many raw clients in one process of its own, which counts and times what comes.

It must not be the bottleneck, so receivers only count bytes; in each room one witness counts events, and at
the end every receiver of a room must have got exactly the witness's bytes. Says how busy it was itself.
"""

import asyncio
import json
import os
import random
import resource
import ssl
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgpack

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]

EVENT = msgpack.packb({"t": "event"})[1:]
OK = msgpack.packb({"t": "ok"})[1:]
PING = msgpack.packb({"t": "ping"})[1:]
PRESENCE = tuple(msgpack.packb({"t": kind})[1:] for kind in ("presence", "people"))
SETTLE_SECONDS = 60
STAY_SECONDS = 10
"""Between signs of life: the server ends sessions that are silent for 35 s."""


@dataclass(slots=True)
class Load:
    """A workload: rooms of so many members, of whom so many send."""

    port: int
    rooms: int = 1
    members: int = 100
    senders: int = 10
    window: int = 16
    seconds: float = 5.0
    rate: float = 0.0
    text: int = 100
    tls: bool = False


def frame(**fields: object) -> bytes:
    """A frame as it goes on the wire."""
    payload: bytes = msgpack.packb(fields)
    return len(payload).to_bytes(4, "big") + payload


def pings_in(data: bytes) -> int:
    """The bytes of pings in `data`: who came in later gets them later, so they are not compared."""
    size, at = 0, data.find(PING)
    while at >= 0:
        if at >= 5:
            size += 4 + int.from_bytes(data[at - 5 : at - 1], "big")
        at = data.find(PING, at + 1)
    return size


class Peer(asyncio.Protocol):
    """One client: logs in, joins its room if it has one, then counts. `on_payload` gets every frame."""

    def __init__(self, name: str, room: str, token: str = "") -> None:
        self.name = name
        self.room = room
        self.token = token
        self.received = 0
        self.events = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.synced: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_payload: Callable[[bytes], None] | None = None
        self._buffer = bytearray()
        self._transport: asyncio.Transport
        self._sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: everything up to being in the room goes out at once, as the wire allows after login."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(
            frame(t="hello", v=[1], client="benchmark")
            + frame(t="login", id=1, name=self.name, token=self.token)
        )

    def data_received(self, data: bytes) -> None:
        """Count; look inside only where somebody wants to."""
        self.received += len(data) - pings_in(data)
        if self.synced.done() and self.on_payload is None:
            return
        self._buffer += data
        start, size = 0, len(self._buffer)
        while size - start >= 4:
            end = start + 4 + int.from_bytes(self._buffer[start : start + 4], "big")
            if end > size:
                break
            payload = bytes(self._buffer[start + 4 : end])
            start = end
            if not self.synced.done():
                self._enter(msgpack.unpackb(payload))
            elif self.on_payload is not None:
                self.on_payload(payload)
        del self._buffer[:start]

    def _enter(self, message: dict[str, Any]) -> None:
        if message["t"] == "ok" and message["re"] == 1:
            self.token = message.get("result", {}).get("token", self.token)
        if message["t"] in ("error", "bye"):
            self.ready.set_exception(RuntimeError(str(message)))
        elif message["t"] == "ok" and message["re"] == 1 and self.room:
            self.ask(t="join", id=2, room=self.room, limit=0)
        elif message["t"] == "ok" and message["re"] == 3:
            self.synced.set_result(None)
        elif message["t"] == "ok":
            self.ready.set_result(None)

    def begin(self) -> None:
        """Count from here on."""
        self.received = self.events = 0

    def say(self, text: str) -> None:
        """Send one message."""
        self._sent += 1
        body = msgpack.packb({"text": text})
        cid = f"{os.getpid()}-{self.name}-{self._sent}"
        self._transport.write(frame(t="send", id=10 + self._sent, room=self.room, cid=cid, body=body))

    def ask(self, **fields: object) -> None:
        """Send another request."""
        self._transport.write(frame(**fields))

    def stay(self) -> None:
        """Give a sign of life."""
        if not self._transport.is_closing():
            self.ask(t="pong")

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()


def context(load: Load) -> ssl.SSLContext | None:
    """What the connections are made with: no benchmark needs to know whom it measures."""
    if not load.tls:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def crowd(load: Load, names: Iterable[tuple[str, str]]) -> list[Peer]:
    """Bring people in and up to date; names and rooms. They sync when all are there, so that nobody has to be
    told of everybody else's joining."""
    peers = await log_in(load, names, at_once=100)
    await sync(peers)
    return peers


async def log_in(
    load: Load, names: Iterable[tuple[str, str]], at_once: int, tokens: dict[str, str] | None = None
) -> list[Peer]:
    """Bring people in, some at once; names and rooms, and tokens by name of those who have one."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(at_once)
    tls = context(load)

    async def one(name: str, room: str) -> Peer:
        async with gate:
            peer = Peer(name, room, (tokens or {}).get(name, ""))
            await loop.create_connection(lambda: peer, "127.0.0.1", load.port, ssl=tls)
            await peer.ready
            return peer

    return await asyncio.gather(*(one(name, room) for name, room in names))


async def sync(peers: list[Peer]) -> None:
    """Bring people up to date, and keep them there."""
    for peer in peers:
        peer.ask(t="sync", id=3, limit=0)
    await asyncio.gather(*(peer.synced for peer in peers))
    loop = asyncio.get_running_loop()

    def stay() -> None:
        for peer in peers:
            peer.stay()
        loop.call_later(STAY_SECONDS, stay)

    stay()


def room_names(load: Load) -> list[tuple[str, str]]:
    """Who is where."""
    return [
        (f"u{room}-{member}", f"#bench{room}") for room in range(load.rooms) for member in range(load.members)
    ]


async def fan_out(load: Load) -> dict[str, float]:
    """Deliveries per second in a closed loop: each sender has `window` messages without an answer."""
    peers = await crowd(load, room_names(load))
    by_room: defaultdict[str, list[Peer]] = defaultdict(list)
    for peer in peers:
        by_room[peer.room].append(peer)
    await settled(peers)
    for peer in peers:
        peer.begin()
    loop = ClosedLoop("x" * load.text)
    for room in by_room.values():
        for peer in room[: load.senders]:
            loop.add_sender(peer)
        for peer in room[load.senders : load.senders + 1]:
            add_witness(peer)
    began, busy = time.perf_counter(), time.process_time()
    loop.start(load.window)
    await asyncio.sleep(load.seconds)
    elapsed, busy = time.perf_counter() - began, time.process_time() - busy
    counted, loop.running = loop.acknowledged, False
    await settled(peers)
    check(by_room, load.senders, loop.acknowledged)
    for peer in peers:
        peer.close()
    return {
        "deliveries": counted * load.members / elapsed,
        "sends": counted / elapsed,
        "acknowledged": loop.acknowledged,
        "busy": busy / elapsed,
    }


class ClosedLoop:
    """Senders that say the next thing when one is acknowledged, while `running`."""

    def __init__(self, text: str) -> None:
        self.acknowledged = 0
        self.running = True
        self._text = text
        self._senders: list[Peer] = []

    def add_sender(self, peer: Peer) -> None:
        """Let it send when the loop starts."""

        def on_payload(payload: bytes) -> None:
            if payload.startswith(OK, 1):
                self.acknowledged += 1
                if self.running:
                    peer.say(self._text)

        peer.on_payload = on_payload
        self._senders.append(peer)

    def start(self, window: int) -> None:
        """Each sender says so many things at once."""
        for peer in self._senders:
            for _ in range(window):
                peer.say(self._text)


def add_witness(peer: Peer) -> None:
    """Count the events that it gets."""

    def on_payload(payload: bytes) -> None:
        peer.events += payload.startswith(EVENT, 1)

    peer.on_payload = on_payload


async def settled(peers: list[Peer]) -> None:
    """Wait until nothing comes any more."""
    before = -1
    for _ in range(SETTLE_SECONDS * 2):
        await asyncio.sleep(0.5)
        now = sum(peer.received for peer in peers)
        if now == before:
            return
        before = now
    raise RuntimeError("the server does not come to rest")


def check(by_room: dict[str, list[Peer]], senders: int, acknowledged: int) -> None:
    """Everybody got everything: the same bytes, and as many events as were acknowledged."""
    for room, members in by_room.items():
        if len({peer.received for peer in members[senders:]}) > 1:
            raise RuntimeError(f"the receivers in {room} got different amounts")
    witnessed = sum(room[senders].events for room in by_room.values() if len(room) > senders)
    if witnessed != acknowledged:
        raise RuntimeError(f"{acknowledged} messages were acknowledged, the witnesses saw {witnessed}")


async def latency(load: Load) -> dict[str, float]:
    """Milliseconds from send to delivery, at `rate` messages per second, at ten of the receivers."""
    peers = await crowd(load, room_names(load))
    taken: list[float] = []

    def on_payload(payload: bytes) -> None:
        if payload.startswith(EVENT, 1):
            sent = msgpack.unpackb(msgpack.unpackb(payload)["body"])["text"].split()[0]
            taken.append((time.perf_counter_ns() - int(sent)) / 1e6)

    for peer in peers[-10:]:
        peer.on_payload = on_payload
    began, busy = time.perf_counter(), time.process_time()
    due, count = began, 0
    while due < began + load.seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        peers[count % load.senders].say(f"{time.perf_counter_ns()} ".ljust(load.text, "x"))
        count += 1
        due += random.expovariate(load.rate)
    busy = (time.process_time() - busy) / (time.perf_counter() - began)
    await settled(peers)
    for peer in peers:
        peer.close()
    return {**quantiles(taken), "busy": busy}


def quantiles(values: list[float]) -> dict[str, float]:
    """The median and the 99th percentile."""
    cut = statistics.quantiles(values, n=100)
    return {"p50": cut[49], "p99": cut[98]}


async def idle(load: Load, pid: int, kept: str) -> dict[str, float]:
    """Bytes of the server's memory per idle session; logins with the tokens in that file, and first syncs,
    per second."""
    tokens = json.loads(Path(kept).read_bytes())  # noqa: ASYNC240  # before the clock runs
    before = resident(pid)
    began, busy = time.perf_counter(), time.process_time()
    peers = await log_in(load, idlers(load), at_once=200, tokens=tokens)
    elapsed, busy = time.perf_counter() - began, time.process_time() - busy
    began = time.perf_counter()
    await sync(peers)
    syncing = time.perf_counter() - began
    await settled(peers)
    used = resident(pid) - before
    for peer in peers:
        peer.close()
    return {
        "kB": used / load.members / 1024,
        "logins": load.members / elapsed,
        "busy": busy / elapsed,
        "syncs": load.members / syncing,
    }


async def make_users(load: Load, kept: str) -> dict[str, float]:
    """Let the users of `idle` log in once, so that they exist, and keep their tokens in a file."""
    peers = await crowd(load, idlers(load))
    Path(kept).write_text(json.dumps({peer.name: peer.token for peer in peers}), encoding="utf-8")  # noqa: ASYNC240
    for peer in peers:
        peer.close()
    return {}


async def gather(load: Load) -> dict[str, float]:
    """Let the users of `come_back` join their room, so that they are in it."""
    for peer in await crowd(load, room_names(load)):
        peer.close()
    return {}


class Returning(Peer):
    """One who comes back and looks at their room: counts what they are told of who is there."""

    def __init__(self, name: str, room: str) -> None:
        super().__init__(name, "")
        self._place = room
        self.told = self.told_bytes = 0
        self.on_payload = self._count

    def _enter(self, message: dict[str, Any]) -> None:
        if message["t"] == "ok" and message["re"] == 1:
            self.ask(t="sync", id=2, limit=0)
            self.ask(t="watch", id=3, rooms=[self._place], limit=50)
            self.synced.set_result(None)  # all that comes now is counted
        super()._enter(message)

    def _count(self, payload: bytes) -> None:
        if payload.startswith(PRESENCE, 1):
            self.told += 1
            self.told_bytes += len(payload) + 4
        elif payload.startswith(OK, 1) and b"\xa2re\x03" in payload[:16]:
            self.told_bytes += len(payload) + 4


async def come_back(load: Load) -> dict[str, float]:
    """All people of a room log in as fast as they can, and watch it: what they are told of each other."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(200)
    tls = context(load)

    async def one(name: str, room: str) -> Returning:
        async with gate:
            _, peer = await loop.create_connection(
                lambda: Returning(name, room), "127.0.0.1", load.port, ssl=tls
            )
            await peer.ready
            return peer

    names = room_names(load)
    random.Random(1).shuffle(names)
    began, busy = time.perf_counter(), time.process_time()
    peers = await asyncio.gather(*(one(name, room) for name, room in names))
    elapsed = time.perf_counter() - began
    await settled([*peers])
    busy = (time.process_time() - busy) / (time.perf_counter() - began)
    for peer in peers:
        peer.close()
    return {
        "login": elapsed,
        "MB": sum(peer.told_bytes for peer in peers) / 1e6,
        "frames": sum(peer.told for peer in peers),
        "busy": busy,
    }


def idlers(load: Load) -> list[tuple[str, str]]:
    """People who go to no room of their own."""
    return [(f"idle{number}", "") for number in range(load.members)]


def resident(pid: int) -> int:
    """A process's resident memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


async def history(load: Load, events: int) -> dict[str, float]:
    """Milliseconds for a page of 50 events at a random place, one after the other."""
    (peer,) = await crowd(load, [("reader", "#archive")])
    answered = asyncio.Event()
    peer.on_payload = lambda _: answered.set()
    taken = []
    until = time.perf_counter() + load.seconds
    number = 100
    while time.perf_counter() < until:
        number += 1
        answered.clear()
        began = time.perf_counter()
        peer.ask(t="history", id=number, room="#archive", before=random.randrange(100, events), limit=50)
        await answered.wait()
        taken.append((time.perf_counter() - began) * 1000)
    peer.close()
    return quantiles(taken)


def main() -> None:
    """`generator KIND LOAD EXTRA`, as JSON; the result goes to standard output, as JSON."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    kind, load, extra = sys.argv[1], Load(**json.loads(sys.argv[2])), json.loads(sys.argv[3])
    kinds: dict[str, Callable[..., Coroutine[Any, Any, dict[str, float]]]] = {
        "fan_out": fan_out,
        "latency": latency,
        "idle": idle,
        "gather": gather,
        "come_back": come_back,
        "make_users": make_users,
        "history": history,
    }
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(kinds[kind](load, *extra))))


if __name__ == "__main__":
    main()
