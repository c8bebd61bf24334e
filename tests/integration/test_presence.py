"""Who is there, over real sockets: lists of watched rooms, being away, typing."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from protocol import errors, frames, limits
from protocol.frames import Frame, Result
from server.delivery import presence
from server.session import TYPED
from tests.support.inprocess import RunningServer
from tests.support.waiting import SECONDS
from tests.support.wire import Wire

ROOM = "#a"


def of_kind(come: list[Frame], kind: type[Frame]) -> list[Frame]:
    return [frame for frame in come if isinstance(frame, kind)]


async def watch(wire: Wire, *rooms: str, limit: int = 200) -> frames.WatchResult:
    return await wire.ask(frames.Watch(wire.new_id, list(rooms), limit), frames.WatchResult)


async def away(wire: Wire, text: str = "") -> None:
    await wire.ask(frames.Away(wire.new_id, on=True, text=text), Result)


async def back(wire: Wire) -> None:
    await wire.ask(frames.Away(wire.new_id, on=False), Result)


async def idle(wire: Wire, *, on: bool = True) -> None:
    await wire.ask(frames.Idle(wire.new_id, on), Result)


async def told(wire: Wire) -> frames.Presence:
    return await wire.next_of(frames.Presence)


# --- coming and going


async def test_it_goes_to_those_who_watch(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    assert await watch(ann, ROOM, ROOM) == frames.WatchResult(
        {ROOM: ["ann", "bob"]}, counts={ROOM: frames.Count(2)}, roles={ROOM: {"ann": frames.OWNER}}
    )
    await ann.settled()
    eve = await server.enter("eve")
    assert of_kind(await ann.settled(), frames.Presence) == []
    await eve.join(ROOM)
    assert await told(ann) == frames.Presence(ROOM, "eve", online=True)
    assert await ann.next() == frames.People(ROOM, 3)
    phone = await server.enter("eve")
    await phone.close()
    await server.until(lambda: len(server.sessions) == 3)
    await eve.ask(frames.Nick(90, "zoe"), frames.LoginResult)
    assert await told(ann) == frames.Presence(ROOM, "eve", online=False)
    assert await told(ann) == frames.Presence(ROOM, "zoe", online=True)
    await eve.close()
    assert await told(ann) == frames.Presence(ROOM, "zoe", online=False)
    assert await ann.next() == frames.People(ROOM, 2)
    await bob.ask(frames.Leave(90, ROOM), Result)
    assert await told(ann) == frames.Presence(ROOM, "bob", online=False)
    assert await watch(ann) == frames.WatchResult({})
    await bob.join(ROOM)
    assert of_kind([*await bob.settled(), *await ann.settled()], frames.Presence) == []


async def test_who_has_left_watches_no_longer(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", "#a", "#b"), await server.enter("bob", "#b")
    await watch(ann, "#a", "#b")
    await ann.ask(frames.Leave(91, "#a"), Result)
    await bob.join("#a")
    await bob.close()
    assert await told(ann) == frames.Presence("#b", "bob", online=False)
    assert of_kind(await ann.settled(), frames.Presence) == []


async def test_only_so_many_rooms_are_watched(server: RunningServer) -> None:
    ann = await server.enter("ann")
    rooms = ["#general"] * (limits.WATCHED_ROOMS + 1)
    assert await ann.refused(frames.Watch(90, rooms)) == errors.BAD_FRAME
    assert await ann.refused(frames.Watch(91, ["#general"], 1001)) == errors.BAD_FRAME


# --- lists


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of two, four or eight people."""
    monkeypatch.setattr(limits, "LISTS", (2, 4, 8))


@pytest.mark.usefixtures("short_lists")
async def test_a_list_has_only_so_many(server: RunningServer) -> None:
    wires = {name: await server.enter(name, ROOM) for name in ("ann", "Bob", "cat", "dan", "eve")}
    await away(wires["ann"], "lunch")
    looking = wires["eve"]
    assert await watch(looking, ROOM, limit=1) == frames.WatchResult(
        {ROOM: ["Bob", "cat"]},
        {ROOM: 3},
        counts={ROOM: frames.Count(5, 1)},
        roles={ROOM: {"ann": frames.OWNER}},
    )
    assert await watch(looking, ROOM, limit=8) == frames.WatchResult(
        {ROOM: ["Bob", "cat", "dan", "eve", "ann"]},
        away={ROOM: {"ann": "lunch"}},
        counts={ROOM: frames.Count(5, 1)},
        roles={ROOM: {"ann": frames.OWNER}},
    )
    await watch(looking, ROOM, limit=2)
    await back(wires["ann"])
    assert (await told(looking), await told(looking), await looking.next()) == (
        frames.Presence(ROOM, "cat", online=False),  # pushed off the end
        frames.Presence(ROOM, "ann", online=True),
        frames.People(ROOM, 5),
    )
    await wires["Bob"].close()
    assert (await told(looking), await told(looking), await looking.next()) == (
        frames.Presence(ROOM, "Bob", online=False),
        frames.Presence(ROOM, "cat", online=True),  # moved up
        frames.People(ROOM, 4),
    )
    await wires["dan"].close()  # was in no list
    assert await looking.next() == frames.People(ROOM, 3)


@pytest.mark.usefixtures("short_lists")
async def test_many_rooms_share_the_longest_list(server: RunningServer) -> None:
    rooms = ["#a", "#b", "#c"]
    wires = [await server.enter(name, *rooms) for name in ("ann", "bob", "cat", "dan")]
    assert (await watch(wires[0], *rooms, limit=8)).online == {room: ["ann", "bob"] for room in rooms}


async def test_what_changes_at_once_is_told_at_once(server: RunningServer) -> None:
    """Thirty who come while changes are gathered are one telling, and the numbers come once."""
    ann = await server.enter("ann", ROOM)
    wires = [await server.enter(f"p{number:02}", ROOM) for number in range(30)]
    for wire in wires:
        await wire.close()
    await server.until(lambda: len(server.sessions) == 1)
    await watch(ann, ROOM)
    await ann.settled()
    presence_ = server.context.hub.presence
    presence_._not_before = asyncio.get_running_loop().time() + SECONDS  # until we say so
    for number in range(30):
        await server.enter(f"p{number:02}")
    assert of_kind(await ann.settled(), frames.Presence) == []
    assert presence_._timer is not None
    presence_._timer.cancel()
    presence_._tell()
    come = await ann.settled()
    assert [frame.name for frame in come if isinstance(frame, frames.Presence)] == [
        f"p{number:02}" for number in range(30)
    ]
    assert of_kind(come, frames.People) == [frames.People(ROOM, 31)]


async def test_the_more_look_the_longer_is_gathered(server: RunningServer) -> None:
    wires = [await server.enter(f"ann{number % 2}", ROOM) for number in range(40)]
    for wire in wires:
        await watch(wire, ROOM)
    hub = server.context.hub
    before = asyncio.get_running_loop().time()
    await server.enter("bob", ROOM)
    await told(wires[0])
    after = asyncio.get_running_loop().time()
    wait = presence.GATHER_SECONDS + 40 / presence.TELLINGS_PER_SECOND
    assert before + wait <= hub.presence._not_before <= after + wait * 1.1


async def test_nobody_watching_costs_nothing(server: RunningServer) -> None:
    ann = await server.enter("ann", ROOM)
    await watch(ann, ROOM)
    await ann.close()
    await server.until(lambda: not server.sessions)
    await server.enter("bob", ROOM)
    presence_ = server.context.hub.presence
    assert (presence_._lists, presence_._watching, presence_._stale) == ({}, {}, set())


@dataclass
class Looker:
    """A session that watches the room, and what it believes."""

    wire: Wire
    limit: int
    people: dict[str, tuple[bool, str]] = field(default_factory=dict)
    count: tuple[int, int] = (0, 0)

    async def look(self) -> None:
        """Watch the room anew."""
        result = await watch(self.wire, ROOM, limit=self.limit)
        self.hear()
        away_ = result.away.get(ROOM, {})
        self.people = {name: (name in away_, away_.get(name, "")) for name in result.online[ROOM]}
        self.count = (result.counts[ROOM].total, result.counts[ROOM].away)

    def hear(self) -> None:
        """Take in what has come."""
        for frame in self.wire.aside:
            match frame:
                case frames.Presence(_, name, True, away, text):
                    self.people[name] = (away, text)
                case frames.Presence(_, name):
                    self.people.pop(name, None)
                case frames.People(_, total, away):
                    self.count = (total, away)
        self.wire.aside.clear()


class Crowd:
    """People who come and go by chance, and what is true of them."""

    def __init__(self, server: RunningServer, seed: int) -> None:
        self.server = server
        self.random = random.Random(seed)
        self.names = {number: f"p{number:02}" for number in range(12)}
        self.sessions: dict[int, list[tuple[Wire, bool]]] = {number: [] for number in self.names}
        self.away: dict[int, str] = {}
        self.members = set(self.names)
        self.renamed = 0

    async def step(self) -> None:
        """One of them does something."""
        number = self.random.choice(list(self.names))
        sessions = self.sessions[number]
        if not sessions or self.random.random() < 0.2:
            wire = await self.server.connect()
            await wire.log_in(self.names[number])
            if unattended := self.random.random() < 0.5:
                await idle(wire)
            await wire.sync(limit=0)
            sessions.append((wire, unattended))
            return
        at = self.random.randrange(len(sessions))
        wire, unattended = sessions[at]
        match self.random.choice(["go", "go", "idle", "idle", "away", "back", "nick", "leave", "join"]):
            case "go":
                del sessions[at]
                await wire.close()
            case "idle":
                sessions[at] = (wire, not unattended)
                await idle(wire, on=not unattended)
            case "away":
                self.away[number] = self.random.choice(["", "lunch", "gone fishing"])
                await away(wire, self.away[number])
            case "back":
                self.away.pop(number, None)
                await back(wire)
            case "nick":
                self.renamed += 1
                self.names[number] = f"{self.random.choice('aqz')}{self.renamed}"
                await wire.ask(frames.Nick(wire.new_id, self.names[number]), frames.LoginResult)
            case "leave" if number in self.members:
                self.members.discard(number)
                await wire.ask(frames.Leave(wire.new_id, ROOM), Result)
            case "join":
                self.members.add(number)
                await wire.join(ROOM, 0)

    def truth(self, *lookers: str) -> list[tuple[bool, str, str]]:
        """Who is there: away, name, text; in order. The lookers always are."""
        there = [(False, name, "") for name in lookers]
        for number in self.members:
            if sessions := self.sessions[number]:
                away_ = number in self.away or all(unattended for _, unattended in sessions)
                there.append((away_, self.names[number], self.away.get(number, "")))
        return sorted(there)


@pytest.mark.usefixtures("short_lists")
@pytest.mark.parametrize("seed", range(4))
async def test_what_is_seen_is_true_in_the_end(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random comings and goings: at each quiet moment all who look see what is so."""
    monkeypatch.setattr(presence, "GATHER_SECONDS", 0.01)
    crowd = Crowd(server, seed)
    for name in crowd.names.values():
        wire = await server.enter(name, ROOM)
        await wire.close()
    lookers = [Looker(await server.enter(f"m{limit}", ROOM), limit) for limit in (2, 4, 8)]
    late = Looker(await server.enter("m9", ROOM), 2)
    for looker in lookers:
        await looker.look()
    for _ in range(15):
        for _ in range(crowd.random.randrange(1, 20)):
            await crowd.step()
            if crowd.random.random() < 0.1:
                await late.look()
        truth = crowd.truth("m2", "m4", "m8", "m9")
        count = (len(truth), sum(one[0] for one in truth))
        seen = [looker for looker in (*lookers, late) if looker.people]
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                while not all(looker.count == count and right(looker, truth) for looker in seen):
                    for looker in seen:
                        looker.wire.aside += await looker.wire.settled()
                        looker.hear()
        for looker in seen:
            assert looker.people == {name: (away_, text) for away_, name, text in truth[: looker.limit]}
            assert looker.count == count


def right(looker: Looker, truth: list[tuple[bool, str, str]]) -> bool:
    return looker.people == {name: (away_, text) for away_, name, text in truth[: looker.limit]}


# --- being away


async def test_away_is_said_once_for_all_devices(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    phone = await server.enter("bob")
    await watch(ann, ROOM)
    await away(bob, "at\x1b[31m lunch\nuntil one")
    text = "at lunch until one"
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True, away=True, text=text)
    assert await ann.next() == frames.People(ROOM, 2, 1)
    assert await phone.next_of(frames.MineChanged) == frames.MineChanged(away=True, text=text)
    assert of_kind(await bob.settled(), frames.MineChanged) == []
    await idle(phone)
    await idle(phone, on=False)  # who touches a key has not said that they are back
    assert of_kind(await ann.settled(), frames.Presence) == []
    await back(phone)
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True)
    assert await bob.next_of(frames.MineChanged) == frames.MineChanged()


async def test_who_says_so_and_is_gone_is_away_all_the_same(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    phone = await server.enter("bob")
    await watch(ann, ROOM)
    bob.send(frames.Away(90, text="off"), frames.Bye("quit"))
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True, away=True, text="off")
    assert await phone.next_of(frames.MineChanged) == frames.MineChanged(away=True, text="off")


async def test_away_stays_over_everything(server: RunningServer) -> None:
    bob = await server.enter("bob", ROOM)
    await away(bob, "holidays")
    await bob.close()
    await server.stop()
    again = RunningServer(server.data)
    await again.start()
    try:
        ann, bob = await again.enter("ann", ROOM), await again.connect()
        await bob.log_in("bob")
        await watch(ann, ROOM)
        assert (await bob.sync()).mine == frames.MineResult(away=True, text="holidays")
        assert await told(ann) == frames.Presence(ROOM, "bob", online=True, away=True, text="holidays")
    finally:
        await again.stop()


async def test_a_user_is_away_when_all_sessions_are_idle(server: RunningServer) -> None:
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    await watch(ann, ROOM)
    phone = await server.enter("bob")
    await idle(bob)
    assert of_kind(await ann.settled(), frames.Presence) == []
    await idle(phone)
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True, away=True)
    await idle(bob, on=False)
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True)
    await bob.close()  # and the one that is left is idle
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True, away=True)


async def test_who_comes_back_idle_was_never_there(server: RunningServer) -> None:
    ann = await server.enter("ann", ROOM)
    await (await server.enter("bob", ROOM)).close()
    await server.until(lambda: len(server.sessions) == 1)
    await watch(ann, ROOM)
    bob = await server.connect()
    await bob.log_in("bob")
    await idle(bob)
    await bob.sync()
    assert await told(ann) == frames.Presence(ROOM, "bob", online=True, away=True)


async def test_a_reason_has_its_length(server: RunningServer) -> None:
    ann = await server.enter("ann")
    assert await ann.refused(frames.Away(90, text="x" * (limits.AWAY + 1))) == errors.TOO_LARGE
    await away(ann, "x" * limits.AWAY)


async def test_the_list_of_all_says_who_is_away(server: RunningServer) -> None:
    ann = await server.enter("ann")
    await away(await server.enter("bob", ROOM), "lunch")
    assert await ann.ask(frames.Online(90), frames.OnlineResult) == frames.OnlineResult(
        [
            frames.PersonInfo("ann", ["#general"]),
            frames.PersonInfo("bob", [ROOM, "#general"], away=True, text="lunch"),
        ],
        2,
    )


# --- typing


@pytest.fixture
async def three(server: RunningServer) -> tuple[Wire, Wire, Wire]:
    """Ann and Bob, who look at the room, and Cat, who is in it and does not."""
    ann, bob = await server.enter("ann", ROOM), await server.enter("bob", ROOM)
    cat = await server.enter("cat", ROOM)
    for wire in (ann, bob):
        await watch(wire, ROOM)
        await wire.settled()
    return ann, bob, cat


def types(server: RunningServer, name: str, *, on: bool = True) -> frames.Typing:
    user = server.context.state.user_called(name)
    assert user is not None
    return frames.Typing(ROOM, on, user.id, user.name)


async def test_typing_goes_to_who_looks(server: RunningServer, three: tuple[Wire, Wire, Wire]) -> None:
    ann, bob, cat = three
    phone = await server.enter("ann")
    await watch(phone, ROOM)
    await phone.settled()
    ann.send(frames.Typing(ROOM, user=99, name="bob"))
    assert await bob.next_of(frames.Typing) == types(server, "ann")
    ann.send(frames.Typing(ROOM, on=False))
    assert await bob.next_of(frames.Typing) == types(server, "ann", on=False)
    come = [*await ann.settled(), *await phone.settled(), *await cat.settled()]
    assert of_kind(come, frames.Typing) == []


async def test_typing_is_told_every_few_seconds(
    server: RunningServer, three: tuple[Wire, Wire, Wire]
) -> None:
    ann, bob, _ = three
    for _ in range(50):
        ann.send(frames.Typing(ROOM), frames.Typing(ROOM, on=False))
    await ann.settled()
    assert of_kind(await bob.settled(), frames.Typing) == [
        types(server, "ann"), types(server, "ann", on=False)
    ]  # fmt: skip
    server.clock.seconds += limits.TYPING_SECONDS - 0.5
    ann.send(frames.Typing(ROOM), frames.Typing(ROOM))
    await ann.settled()
    assert of_kind(await bob.settled(), frames.Typing) == [types(server, "ann")]


async def test_nobody_types_in_so_many_rooms_at_once(server: RunningServer) -> None:
    """Nor is it remembered of more, also of rooms that were left."""
    rooms = [f"#room{number:02}" for number in range(TYPED + 4)]
    bob = await server.enter("bob", *rooms)
    ann = await server.enter("ann", *rooms)
    (session,) = (one for one in server.sessions if one.user.name == "ann")
    await watch(bob, *rooms[-8:])
    await bob.settled()
    ann.send(*(frames.Typing(room) for room in rooms))
    await ann.settled()
    told = of_kind(await bob.settled(), frames.Typing)
    assert [sign.room for sign in told if isinstance(sign, frames.Typing)] == rooms[-8:TYPED]
    await ann.ask(frames.Leave(ann.new_id, rooms[0]), Result)
    server.clock.seconds += limits.TYPING_LASTS
    ann.send(frames.Typing(rooms[-1]))
    await ann.settled()
    assert len(of_kind(await bob.settled(), frames.Typing)) == 1
    assert session._typed.keys() == {rooms[-1]}


async def test_typing_where_one_is_not_goes_nowhere(
    server: RunningServer, three: tuple[Wire, Wire, Wire]
) -> None:
    _, bob, _ = three
    eve = await server.connect()
    eve.send(frames.Typing(ROOM))
    await eve.log_in("eve")
    await eve.sync()
    eve.send(frames.Typing(ROOM), frames.Typing("#nowhere"))
    assert [*await eve.settled(), *of_kind(await bob.settled(), frames.Typing)] == []


async def test_in_a_crowd_nobody_is_told_who_types(
    three: tuple[Wire, Wire, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, cat = three
    monkeypatch.setattr(presence, "TYPING_WATCHERS", 1)
    cat.send(frames.Typing(ROOM))
    await cat.settled()
    assert of_kind([*await ann.settled(), *await bob.settled()], frames.Typing) == []


async def test_who_is_behind_is_not_told_who_types(
    server: RunningServer, three: tuple[Wire, Wire, Wire]
) -> None:
    ann, bob, _ = three
    (session,) = [one for one in server.sessions if one.user.name == "bob"]
    session.lagging = True
    ann.send(frames.Typing(ROOM))
    await ann.settled()
    session.lagging = False
    assert of_kind(await bob.settled(), frames.Typing) == []
