"""Carries a plan out: real processes, real sockets, real files; then heals everything and has it judged.

Each client has a proxy of its own, so that its network breaks alone. One history is one folder, with the
store, the outboxes, the records, and what the processes complained about.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from protocol import frames
from server.config import Address
from tests.faults.checker import check
from tests.faults.history import Book, Meant, brief, open_store, read_heads, read_history, read_store
from tests.faults.launch import REAL, PersonProcess, Serving
from tests.faults.network import Network
from tests.faults.person import Reply
from tests.faults.plan import ROOMS, Plan, Step, make_plan
from tests.faults.raw import Raw
from tests.support.waiting import until

REST_SECONDS = 30.0
"""For all to come to rest once everything is whole again."""

EARLY_SECONDS = 2.0
"""For the first to come in; a server that commits late may show nobody for long."""

LOOK_SECONDS = 0.05
"""Between two looks whether they have."""

FLOOD = 400
"""Messages of `LONG` characters: more than the server and the system keep for one who does not read."""

LONG = 15_000

FLOOD_SECONDS = 1.5
"""For a flood to come through; it takes a third of that where nothing else is broken."""

PROXY_BUFFER = 2**14
"""Bytes that the system holds on a proxy's sockets: little, so that slowness reaches the server."""


@dataclass(slots=True)
class Outcome:
    """`wrong`: what was not kept, as sentences; none means that all was."""

    seed: int
    folder: Path
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    stored: int = 0
    acked: int = 0
    kills: int = 0
    cuts: int = 0
    behind: int = 0

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.stored} events stored, {self.acked} acknowledged to raw clients, "
            f"{self.kills} kills, {self.cuts} cuts, {self.behind} times behind, {self.seconds:.1f} s: "
            + (f"{len(self.wrong)} WRONG" if self.wrong else "all kept")
        )

    def report(self) -> str:
        """The sentences, with the seed and where the logs are."""
        return "\n".join([f"seed {self.seed}, logs in {self.folder}:", *self.wrong])


async def run_history(
    seed: int,
    folder: Path,
    length: int = 60,
    program: tuple[str, ...] = REAL,
    rest: float = REST_SECONDS,
    *,
    tls: bool = False,
) -> Outcome:
    """Make the history of a seed against a server, and judge it."""
    driver = Driver(make_plan(seed, length), folder, program, rest, tls=tls)
    begun = asyncio.get_running_loop().time()
    try:
        await driver.run()
    finally:
        await driver.clean_up()
    outcome = driver.judge()
    outcome.seconds = asyncio.get_running_loop().time() - begun
    return outcome


class Driver:
    """See the module."""

    def __init__(self, plan: Plan, folder: Path, program: tuple[str, ...], rest: float, *, tls: bool) -> None:
        self.outcome = Outcome(plan.seed, folder)
        self._plan = plan
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._data = folder / "data"
        self._program = program
        self._rest = rest
        self._server: Serving | None = None
        self._ending: asyncio.Task[None] | None = None
        self._address = Address("127.0.0.1", 0, tls)
        self._proxies: list[Network] = []
        self._persons: list[PersonProcess] = []
        self._raws: list[Raw] = []
        self._meant: list[Book] = []
        self._texts = 0
        self._chance = random.Random(-plan.seed - 1)

    async def run(self) -> None:
        """All of it, to the server's end."""
        (self._folder / "plan.txt").write_text("\n".join(map(str, (self._plan.early, *self._plan.steps))))
        await self._set_up()
        for step in self._plan.steps:
            await self._do(step)
            await asyncio.sleep(step.pause)
        await self._heal()
        await self._come_to_rest()
        await self._end()

    def judge(self) -> Outcome:
        """What the records and the store say, when all has ended."""
        store = read_store(self._data)
        self.outcome.stored = sum(map(len, store.events.values()))
        self.outcome.wrong += check(read_history(self._folder.glob("*.jsonl")), store)
        return self.outcome

    # --- the beginning

    async def _set_up(self) -> None:
        await self._start_server()
        for number in range(len(self._plan.fills) + len(self._plan.buffers)):
            proxy = Network(self._address, buffer=PROXY_BUFFER)
            await proxy.start()
            self._proxies.append(proxy)
            if number < len(self._plan.fills):
                name = f"person{number}"
                fill, cached = self._plan.fills[number], number % 2 == 0
                person = PersonProcess(self._as_ours(proxy.address), name, self._folder, fill, cached=cached)
                self._persons.append(person)
                self._meant.append(Book(self._folder / f"{name}.meant.jsonl"))
            else:
                number -= len(self._plan.fills)
                name = f"raw{number}"
                buffer = self._plan.buffers[number]
                self._raws.append(Raw(self._as_ours(proxy.address), name, self._folder, buffer))
        for person in self._persons:
            await person.start()
        for raw in self._raws:
            raw.begin()
        if self._plan.early:
            await self._users(self._plan.early)
            await self._kill_server()
            await self._start_server()
        await self._until(self._all_in, "came in and is not in #general")
        await self._until(self._all_joined, "did not get into all rooms")

    async def _users(self, count: int) -> None:
        """Come back in the very moment in which so many have come in for the first time."""
        with closing(open_store(self._data)) as database, suppress(TimeoutError):
            async with asyncio.timeout(EARLY_SECONDS):
                while database.execute("SELECT count(*) FROM users").fetchone() < (count,):  # noqa: ASYNC110
                    await asyncio.sleep(0)

    async def _all_in(self) -> list[str]:
        """Who is not in the first room, where everybody is from the start."""
        outside = [raw.name for raw in self._raws if not raw.online or ROOMS[0] not in raw.last]
        for person in self._persons:
            reply = await person.ask("look")
            if reply.phase != "online" or ROOMS[0] not in reply.last:
                outside.append(person.name)
        return outside

    async def _all_joined(self) -> list[str]:
        outside = []
        for raw in self._raws:
            missing = [room for room in ROOMS if room not in raw.last]
            if missing and raw.idle:
                raw.join(missing[0])
            if missing:
                outside.append(raw.name)
        for person in self._persons:
            reply = await person.ask("settle", rooms=ROOMS)
            if not set(ROOMS) <= reply.last.keys():
                outside.append(person.name)
        return outside

    async def _until(self, wanting: Callable[[], Awaitable[list[str]]], what: str) -> None:
        """Come back once nobody is wanting any more; who is at the deadline is reported."""
        deadline = asyncio.get_running_loop().time() + self._rest
        while names := await wanting():
            if asyncio.get_running_loop().time() > deadline:
                self.outcome.wrong += [f"{name} {what}." for name in names]
                return
            await asyncio.sleep(LOOK_SECONDS)

    # --- the server

    async def _start_server(self) -> None:
        if self._ending is not None:
            await self._ending
            self._ending = None
        if self._server is not None:
            return
        try:
            self._server = await Serving.launch(self._data, self._address.written, self._program)
        except AssertionError:  # somebody else got the port meanwhile
            anywhere = replace(self._address, port=0)
            self._server = await Serving.launch(self._data, anywhere.written, self._program)
        self._address = self._as_ours(self._server.address)
        for proxy in self._proxies:
            proxy.target = self._address

    def _as_ours(self, address: Address) -> Address:
        """With TLS, if that is what this history is about."""
        return replace(address, tls=self._address.tls)

    async def _kill_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            self.outcome.kills += 1
            await server.kill()
            self._complain("the server", server.complaints)

    async def _stop_server(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return

        async def stop() -> None:
            status, _, _ = await server.stop()
            self._complain("the server", server.complaints)
            if status != 0:
                self.outcome.wrong.append(f"The server ended with status {status} when it was told to stop.")

        self._ending = asyncio.create_task(stop())

    def _complain(self, who: str, complaints: str) -> None:
        if complaints.strip():
            last = complaints.strip().rpartition("\n")[2]
            self.outcome.wrong.append(f"{who} complained: {last}")
            with (self._folder / "complaints.txt").open("a") as file:
                file.write(f"{who}:\n{complaints}\n")

    # --- the steps

    async def _do(self, step: Step) -> None:
        match step.verb:
            case "kill server":
                await self._kill_server()
            case "stop server":
                await self._stop_server()
            case "start server":
                await self._start_server()
            case "kill person":
                self.outcome.kills += 1
                await self._persons[step.who].kill()
            case "start person":
                await self._persons[step.who].start()
            case "cut" | "cut after" | "stall" | "go on" | "bytes" | "whole" | "late" | "prompt":
                self._break(step)
            case "flood":
                await self._flood(step)
            case _ if step.who < len(self._persons):
                await self._tell_person(step)
            case _:
                self._tell_raw(step)

    def _break(self, step: Step) -> None:
        proxy = self._proxies[step.who]
        match step.verb:
            case "cut":
                self.outcome.cuts += 1
                proxy.cut()
            case "cut after":
                self.outcome.cuts += 1
                proxy.cut_after(step.count % 3000, "up" if step.count % 2 else "down")
            case "stall":
                directions = (("up",), ("down",), ("up", "down"))[step.count % 3]
                proxy.stall(*directions)
            case "go on":
                proxy.go_on()
            case "bytes":
                proxy.piece = 1
            case "whole":
                proxy.piece = 2**16
            case "late":
                proxy.delay = step.count / 10_000 * 0.05
            case "prompt":
                proxy.delay = 0.0

    def _text(self, who: str, size: int = 0) -> str:
        self._texts += 1
        return f"{who} {self._texts} ".ljust(size, "~").rstrip(" ")

    async def _tell_person(self, step: Step) -> None:
        person = self._persons[step.who]
        match step.verb:
            case "say" | "burst":
                for _ in range(step.count if step.verb == "burst" else 1):
                    text = self._text(person.name)
                    self._meant[step.who].write(Meant(step.room, brief(text)))
                    person.tell("say", step.room, text)
            case "topic":
                topic = self._text("topic")
                self._meant[step.who].write(Meant(step.room, brief(topic), frames.TOPIC))
                person.tell("topic", step.room, topic)
            case "join" | "leave" | "older":
                person.tell(step.verb, step.room)
            case "kick" | "promote":
                person.tell(step.verb, step.room, self._name(step.count))
            case "nick":
                await self._rename(step)

    def _name(self, number: int) -> str:
        """What one of the row is called."""
        row = [*(person.called for person in self._persons), *(raw.called for raw in self._raws)]
        return row[number % len(row)]

    async def _rename(self, step: Step) -> None:
        """A person changes the name only on a whole network: whoever loses the answer to that does not know
        any more under which name to come in, and a name is all that a person is, today."""
        person, proxy = self._persons[step.who], self._proxies[step.who]
        if not (person.alive and self._server is not None and proxy.whole):
            return
        name = f"{person.name}-{step.count}"
        reply = await person.ask("nick", text=name)
        if not reply.error:
            person.called = name

    async def _flood(self, step: Step) -> None:
        """More than is kept for one who does not read. Goes on when all is stored, or after a while."""
        raw = self._raws[step.who - len(self._persons)]
        for _ in range(FLOOD):
            raw.say(step.room, self._text(raw.name, LONG))
        with suppress(TimeoutError):
            await until(lambda: raw.idle, FLOOD_SECONDS)

    def _tell_raw(self, step: Step) -> None:
        raw = self._raws[step.who - len(self._persons)]
        match step.verb:
            case "say" | "burst":
                for _ in range(step.count if step.verb == "burst" else 1):
                    raw.say(step.room, self._text(raw.name))
            case "repeat":
                raw.repeat(step.count)
            case "forge":
                raw.forge(step.count, self._text("forged"))
            case "slow" | "quick":
                raw.read_on(reading=step.verb == "quick")
            case _:
                self._move_raw(raw, step)

    def _move_raw(self, raw: Raw, step: Step) -> None:
        match step.verb:
            case "join":
                raw.join(step.room)
            case "leave":
                raw.leave(step.room)
            case "topic":
                raw.topic(step.room, self._text("topic"))
            case "nick":
                raw.nick(f"{raw.name}-{step.count}")
            case "kick":
                raw.kick(step.room, self._name(step.count))
            case "promote":
                raw.promote(step.room, self._name(step.count))

    # --- the end

    async def _heal(self) -> None:
        for proxy in self._proxies:
            proxy.heal()
        for raw in self._raws:
            raw.read_on(reading=True)
        await self._start_server()
        for person in self._persons:
            if not person.alive:
                await person.start()

    async def _come_to_rest(self) -> None:
        await self._until(self._all_joined, "did not get into all rooms again")
        for raw in self._raws:
            if self._chance.random() < 0.5:  # what the others got no answer to may be there or not
                raw.repeat_unanswered()
        await self._until(self._restless, "did not come to rest")

    async def _restless(self) -> list[str]:
        outside = await self._all_joined()
        replies = [await person.ask("look") for person in self._persons]
        heads = read_heads(self._data)
        restless = [
            f"{person.name} ({_state(reply, heads)})"
            for person, reply in zip(self._persons, replies, strict=True)
            if reply.phase != "online" or reply.waiting or reply.busy or reply.last != heads
        ]
        restless += [
            f"{raw.name} (online: {raw.online}, idle: {raw.idle}, at {raw.last} of {heads})"
            for raw in self._raws
            if not raw.idle or raw.last != heads
        ]
        return restless or outside

    async def _end(self) -> None:
        for raw in self._raws:
            self.outcome.acked += len(raw.acked)
            self.outcome.behind += raw.told_heads
            await raw.end()
        for person in self._persons:
            status = await person.quit()
            if status != 0:
                self.outcome.wrong.append(f"{person.name} ended with status {status}.")
        if self._plan.killed:
            await self._kill_server()
        else:
            await self._stop_server()

    async def clean_up(self) -> None:
        """Leave no process, no socket, no task behind."""
        for raw in self._raws:
            await raw.end()
        for person in self._persons:
            await person.kill()
            self._complain(person.name, person.complaints())
        if self._ending is not None:
            await self._ending
        await self._kill_server()
        for proxy in self._proxies:
            await proxy.stop()
        for book in self._meant:
            book.close()


def _state(reply: Reply, heads: dict[str, int]) -> str:
    work = f"{reply.waiting} messages waiting and {reply.busy} commands under way"
    return f"{reply.phase}, with {work}, at {reply.last} of {heads}"
