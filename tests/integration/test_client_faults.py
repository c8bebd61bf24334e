"""The client when networks break and processes die: nothing lost, nothing doubled, the same order for all."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat_tui.client import updates
from protocol import frames, limits
from tests.conftest import StartServer
from tests.support.clients import Person
from tests.support.inprocess import RunningServer
from tests.support.processes import ServerProcess
from tests.support.proxy import Direction, Proxy
from tests.support.waiting import until
from tests.support.wire import Wire, text_of

ROOM = "#room"

Meet = Callable[..., Person]
"""Called with a proxy, a name, and what else `Person` takes."""


@pytest.fixture
async def meet() -> AsyncIterator[Meet]:
    """People who are stopped when the test ends."""
    people: list[Person] = []

    def person(proxy: Proxy, name: str, outbox: Path | None = None, fill: int = 2000) -> Person:
        people.append(Person(proxy.address, name, outbox, fill=fill))
        return people[-1]

    yield person
    for one in people:
        await one.stop()


@pytest.fixture
async def proxy(server: RunningServer) -> AsyncIterator[Proxy]:
    """The network between a client and the server in this process."""
    proxy = Proxy(server.address)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def _tell_many(wire: Wire, first: int, last: int) -> list[str]:
    """Say `first` to `last`; return the texts."""
    texts = [str(number) for number in range(first, last + 1)]
    for number, start in enumerate(range(0, len(texts), 200)):
        requests = [
            wire.say(ROOM, text, f"many-{first}-{number}-{text}") for text in texts[start : start + 200]
        ]
        wire.send(*requests)
        for request in requests:
            assert isinstance(await wire.answer(request.id), frames.Ok)
    return texts


async def _stored(wire: Wire, room: str = ROOM) -> list[str]:
    """What was said in the room, as the server has it."""
    texts: list[str] = []
    after = 0
    while True:
        page = await wire.ask(frames.History(wire.new_id, room, after=after, limit=200), frames.HistoryResult)
        for event in page.events:
            after = event.seq
            if event.kind == frames.MESSAGE:
                texts.append(text_of(event))
        if page.complete or not page.events:
            return texts


# --- coming back


@pytest.mark.parametrize("missed", [1, 3, 120, 700])
async def test_a_cut_brings_exactly_what_was_missed(
    meet: Meet, server: RunningServer, proxy: Proxy, missed: int
) -> None:
    alice, wire = meet(proxy, "alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    before = await _tell_many(wire, 1, 5)
    await alice.sees(ROOM, *before)
    seen = alice.client.rooms[ROOM].last
    proxy.refusing = True
    proxy.cut()
    await alice.phase("waiting")
    during = await _tell_many(wire, 6, 5 + missed)
    proxy.refusing = False
    await alice.sees(ROOM, *before, *during)
    assert alice.missed == list(range(seen + 1, seen + 1 + missed))
    assert alice.client.rooms[ROOM].unread == 5 + missed
    after = await _tell_many(wire, 6 + missed, 10 + missed)
    await alice.sees(ROOM, *before, *during, *after)


async def test_after_a_long_absence_a_room_starts_anew_and_scrolls_back(
    meet: Meet, server: RunningServer, proxy: Proxy
) -> None:
    alice, wire = meet(proxy, "alice", fill=100), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    before = await _tell_many(wire, 1, 5)
    await alice.sees(ROOM, *before)
    proxy.refusing = True
    proxy.cut()
    during = await _tell_many(wire, 6, 206)
    proxy.refusing = False
    await alice.sees(ROOM, *during[-50:])
    assert updates.Restarted(ROOM) in alice.heard
    room = alice.client.rooms[ROOM]
    assert room.unread == 206
    while room.has_older:
        assert await alice.client.load_older(room)
    assert alice.texts(ROOM) == before + during


async def test_rooms_joined_left_and_changed_meanwhile(
    meet: Meet, server: RunningServer, proxy: Proxy
) -> None:
    alice = meet(proxy, "alice")
    await alice.start(ROOM, "#left")
    proxy.refusing = True
    proxy.cut()
    await alice.phase("waiting")
    phone = await server.enter("alice", "#joined")
    await phone.ask(frames.Leave(phone.new_id, "#left"), frames.Result)
    await phone.ask(frames.Topic(phone.new_id, ROOM, "new"), frames.Result)
    proxy.refusing = False
    await alice.phase("online")
    assert alice.client.rooms.keys() == {"#general", ROOM, "#joined"}
    assert alice.client.rooms[ROOM].topic == "new"


async def test_another_store_voids_what_is_held(meet: Meet, server: RunningServer, tmp_path: Path) -> None:
    proxy = Proxy(server.address)
    await proxy.start()
    alice, wire = meet(proxy, "alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    await alice.sees(ROOM, *await _tell_many(wire, 1, 8))
    other = RunningServer(tmp_path / "restored")
    await other.start()
    try:
        await other.enter("bob", ROOM)  # so that alice is the same user there, by her number
        there = await other.enter("alice", ROOM)
        past = await _tell_many(there, 100, 130)  # more than alice has of the first
        proxy.target = other.address
        proxy.cut()
        await alice.sees(ROOM, *past)
        assert alice.client.rooms[ROOM].last == 34
    finally:
        await alice.stop()
        await proxy.stop()
        await other.stop()


# --- sending


async def test_what_is_typed_offline_is_sent_on_return_in_order(
    meet: Meet, server: RunningServer, proxy: Proxy
) -> None:
    alice, wire = meet(proxy, "alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    proxy.refusing = True
    proxy.cut()
    await alice.phase("waiting")
    texts = [f"offline {number}" for number in range(30)]
    for text in texts:
        alice.client.say(ROOM, text)
    assert [entry.text for entry in alice.client.sender.in_room(ROOM)] == texts
    proxy.refusing = False
    await alice.sees(ROOM, *texts)
    await alice.settled()
    assert await _stored(wire) == texts


async def test_typed_before_the_first_connection(meet: Meet, server: RunningServer, proxy: Proxy) -> None:
    alice = meet(proxy, "alice")
    for number in range(5):
        alice.client.say("#general", str(number))
    await alice.start()
    await alice.sees("#general", "0", "1", "2", "3", "4")
    assert await _stored(await server.enter("bob"), "#general") == ["0", "1", "2", "3", "4"]


async def test_a_cut_between_send_and_answer_stores_once(
    meet: Meet, server: RunningServer, proxy: Proxy
) -> None:
    alice, wire = meet(proxy, "alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    proxy.stall("down")
    alice.client.say(ROOM, "once")
    assert (await wire.event(ROOM)).kind == frames.JOIN
    assert (await wire.event(ROOM)).kind == frames.MESSAGE  # it is stored, and alice does not know
    assert alice.client.sender.pending
    proxy.cut()
    proxy.go_on()
    await alice.sees(ROOM, "once")
    await alice.settled()
    alice.client.say(ROOM, "more")
    await alice.sees(ROOM, "once", "more")
    assert await _stored(wire) == ["once", "more"]


async def test_a_cut_before_the_send_arrives_stores_once(
    meet: Meet, server: RunningServer, proxy: Proxy
) -> None:
    alice, wire = meet(proxy, "alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    proxy.cut_after(10, "up")
    alice.client.say(ROOM, "once")
    await alice.sees(ROOM, "once")
    await alice.settled()
    assert await _stored(wire) == ["once"]
    assert [status.phase for status in alice.statuses].count("online") == 2


async def test_single_bytes_and_delays_change_nothing(
    meet: Meet, server: RunningServer, proxy: Proxy
) -> None:
    proxy.piece = 1
    alice, wire = meet(proxy, "alice"), await server.enter("bob", ROOM)
    await alice.start(ROOM)
    texts = await _tell_many(wire, 1, 30)
    await alice.sees(ROOM, *texts)
    proxy.piece, proxy.delay = 2**16, 0.02
    alice.client.say(ROOM, "late")
    await alice.sees(ROOM, *texts, "late")
    assert alice.missed == []


@pytest.mark.parametrize("seed", range(4))
async def test_any_faults_lose_and_double_nothing(meet: Meet, server: RunningServer, seed: int) -> None:
    chance = random.Random(seed)
    proxies = [Proxy(server.address), Proxy(server.address)]
    for proxy in proxies:
        await proxy.start()
    people = [meet(proxies[0], "alice", fill=30), meet(proxies[1], "bob", fill=2000)]
    for person in people:
        await person.start(ROOM)
    said: dict[str, list[str]] = {"alice": [], "bob": []}
    for number in range(150):
        person = chance.choice(people)
        text = f"{person.client.name} {number}"
        said[person.client.name].append(text)
        person.client.say(ROOM, text)
        if number % 5 == 0:
            _disturb(chance, chance.choice(proxies))
        await asyncio.sleep(0.001)
    for proxy in proxies:
        proxy._left.clear()
        proxy.piece, proxy.delay, proxy.refusing = 2**16, 0.0, False
        proxy.go_on()
    for person in people:
        await person.settled()
    stored = await _stored(await server.enter("carol", ROOM))
    assert [[text for text in stored if text.startswith(name)] for name in said] == list(said.values())
    for person in people:
        room = person.client.rooms[ROOM]
        await person.reaches(ROOM, server.context.state.rooms[ROOM].head)
        while room.has_older:
            await person.client.load_older(room)
        assert person.texts(ROOM) == stored
        await person.stop()
    for proxy in proxies:
        await proxy.stop()


def _disturb(chance: random.Random, proxy: Proxy) -> None:
    direction: Direction = chance.choice(("up", "down"))
    match chance.randrange(6):
        case 0:
            proxy.cut()
        case 1:
            proxy.cut_after(chance.randrange(400), direction)
        case 2:
            proxy.stall(direction)
        case 3:
            proxy.go_on()
        case 4:
            proxy.piece = chance.choice((1, 7, 2**16))
        case 5:
            proxy.refusing = not proxy.refusing
            proxy.cut()


# --- processes that die


async def test_a_killed_server_loses_and_doubles_nothing(
    meet: Meet, start_server: StartServer, tmp_path: Path
) -> None:
    process = await start_server()
    address = process.address
    proxy = Proxy(address)
    await proxy.start()
    people = [meet(proxy, name, tmp_path / name) for name in ("alice", "bob")]
    for person in people:
        await person.start(ROOM)
    said = [f"{number}" for number in range(120)]
    for number, text in enumerate(said):
        for person in people:
            person.client.say(ROOM, f"{person.client.name} {text}")
        if number % 40 == 30:
            process = await _kill_amid(process, people, start_server)
        await asyncio.sleep(0)
    for person in people:
        await person.settled()
    await until(lambda: len(people[0].texts(ROOM)) == len(people[1].texts(ROOM)) == 240)
    assert people[0].texts(ROOM) == people[1].texts(ROOM)
    async with await Wire.connect(process.address) as wire:
        await wire.enter("carol", ROOM)
        stored = await _stored(wire)
    assert stored == people[0].texts(ROOM)
    for person in people:
        name = person.client.name
        assert [text for text in stored if text.startswith(name)] == [f"{name} {text}" for text in said]
        await person.stop()
    await proxy.stop()


async def _kill_amid(
    process: ServerProcess, people: list[Person], start_server: StartServer
) -> ServerProcess:
    """Kill the server while both wait for answers, and start it again in the same place."""
    before = [len(person.client.sender.pending) for person in people]
    await until(
        lambda: all(len(one.client.sender.pending) < was for one, was in zip(people, before, strict=True))
    )
    assert all(person.client.sender.pending for person in people), "the kill came too late to matter"
    await process.kill()
    await until(lambda: all(person.client.status.phase != "online" for person in people))
    return await start_server(listen=(str(process.address),))


async def test_a_killed_client_leaves_what_waits_to_the_next(
    meet: Meet, server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    path, wire = tmp_path / "outbox", await server.enter("bob", ROOM)
    alice = meet(proxy, "alice", path)
    await alice.start(ROOM)
    proxy.stall("down")
    for number in range(10):
        alice.client.say(ROOM, str(number))
    await until(lambda: server.context.state.rooms[ROOM].head == 4)  # the first is stored, unknown to alice
    alice.kill()
    proxy.go_on()
    assert alice.client.sender.pending
    again = meet(proxy, "alice", path)
    assert [entry.text for entry in again.client.sender.in_room(ROOM)] == [
        str(number) for number in range(10)
    ]
    await again.start()
    await again.settled()
    assert await _stored(wire) == [str(number) for number in range(10)]


async def test_two_clients_of_one_person_share_an_outbox(
    meet: Meet, server: RunningServer, proxy: Proxy, tmp_path: Path
) -> None:
    path, wire = tmp_path / "outbox", await server.enter("bob", ROOM)
    await (await server.enter("alice", ROOM)).close()
    first = meet(proxy, "alice", path)
    for number in range(20):
        first.client.say(ROOM, str(number))
    second = meet(proxy, "alice", path)
    first.begin()
    second.begin()
    for person in (first, second):
        await person.settled()
    assert await _stored(wire) == [str(number) for number in range(20)]


# --- a reader that is too slow


@pytest.mark.parametrize("fill", [2000, 60])
async def test_a_slow_reader_is_told_and_fetches(meet: Meet, server: RunningServer, fill: int) -> None:
    proxy = Proxy(server.address, buffer=8192)
    await proxy.start()
    alice, wire = meet(proxy, "alice", fill=fill), await server.enter("bob", ROOM)
    await alice.start(ROOM, "#left")
    room = alice.client.rooms[ROOM]
    proxy.stall("down")
    count = 0
    while not any(session.lagging for session in server.sessions):
        await wire.tell(ROOM, f"{count} " + "x" * (limits.BODY - 100))
        count += 1
    for _ in range(100):  # these it is not told of
        await wire.tell(ROOM, f"{count}")
        count += 1
    phone = await server.enter("alice", "#joined")
    await phone.ask(frames.Leave(phone.new_id, "#left"), frames.Result)
    await wire.ask(frames.Topic(wire.new_id, ROOM, "while behind"), frames.Result)
    head = server.context.state.rooms[ROOM].head
    proxy.go_on()
    await until(lambda: room.last == head)
    assert (room.topic, room.unread, room.missing) == ("while behind", count, False)
    while room.has_older:
        await alice.client.load_older(room)
    assert [int(text.split()[0]) for text in alice.texts(ROOM)] == list(range(count))
    await until(lambda: alice.client.rooms.keys() == {"#general", ROOM, "#joined"})
    assert [status.phase for status in alice.statuses].count("online") == 1, "it was cut off for being slow"
    await alice.stop()
    await proxy.stop()
