"""What a person feels of a chat program, measured in a pseudo-terminal: one run of one program.

Times are from the key or the message to the bytes that show it, in ms unless said otherwise.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.benchmarks.generator import quantiles
from tests.benchmarks.programs import BACKLOG, ROOM, Program
from tests.benchmarks.window import LETTERS, SIZE, Window, marker

STARTS = 5
SAMPLES = 150
SETTLED_SAMPLES = 20
RATE = 1_000
"""Messages per second of the load."""
LOAD_SECONDS = 8.0
IDLE_SECONDS = 10.0
FLOOD = 20_000
PLAYED_BACK = 10_000
MANY = 100_000
TYPING_SECONDS = 0.02
"""Between the keys that are typed while a program starts."""
BURST_SECONDS = 0.06
"""With no bytes for so long, a drawing is complete."""
OTHER_SIZE = (100, 30)

Figures = dict[str, float]


async def measure(kind: type[Program]) -> Figures:
    """All figures of one program."""
    with tempfile.TemporaryDirectory() as folder:
        program = kind(Path(folder))
        await program.serve()
        try:
            return await _start(program) | await _use(program)
        finally:
            await program.close()


async def _start(program: Program) -> Figures:
    await _start_once(program)  # writes its settings, reads itself from the disk
    starts = [await _start_once(program) for _ in range(STARTS)]
    return {name: statistics.median(start[name] for start in starts) for name in starts[0]}


async def _start_once(program: Program) -> Figures:
    window = Window(program.command, program.environment)
    try:
        typing = asyncio.create_task(_type_all(window))
        painted = await window.paints() - window.started
        echoed = await _first_echo(window) - window.started
        await typing
        await program.connected(window)
        await window.rests(0.3)
        window.type(program.clear)
        await window.rests()
        began = time.perf_counter()
        window.type(program.quit)
        ended = await window.ends() - began
    finally:
        window.close()
    return {"first paint": painted * 1000, "first echo": echoed * 1000, "exit": ended * 1000}


async def _type_all(window: Window) -> None:
    for letter in LETTERS:
        window.type(letter)
        await asyncio.sleep(TYPING_SECONDS)


async def _first_echo(window: Window) -> float:
    """When one of the letters came; those that a program throws away at its start never come."""
    waiting = [asyncio.create_task(window.shows(letter)) for letter in LETTERS]
    done, others = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    return min(task.result() for task in done)


class _Talk:
    """Somebody else, who says things in the room, and numbers them."""

    def __init__(self, program: Program, window: Window) -> None:
        self._program = program
        self._window = window
        self._count = 0

    def say(self, count: int = 1) -> str:
        """Say so many things at once. The mark of the last one."""
        self._count += count
        mark = marker(self._count)
        lines = [f"{self._count - left} what somebody says of a morning" for left in range(count - 1, 0, -1)]
        self._program.say([*lines, f"{mark} {self._count}"])
        return mark

    async def shown(self, count: int = 1) -> float:
        """Say so many things: seconds until the last is on the screen."""
        since, began = len(self._window.data), time.perf_counter()
        return await self._window.shows(self.say(count), since) - began

    async def keep_on(self, until: Callable[[], bool]) -> None:
        """Say `RATE` things a second."""
        began, said = time.perf_counter(), 0
        while not until():
            due = int((time.perf_counter() - began) * RATE)
            for _ in range(due - said):
                self._count += 1
                self._program.say([f"{self._count} what somebody says of a morning"])
            said = due
            await asyncio.sleep(0.001)


async def _use(program: Program) -> Figures:
    window = Window(program.command, program.environment)
    try:
        talk = _Talk(program, window)
        await program.connected(window)
        await _join(program, window)
        await talk.shown()
        await window.rests(0.5)
        figures = {"memory": window.memory}
        figures["idle"] = await _processor(window, asyncio.sleep(IDLE_SECONDS))
        figures |= _named("echo", await _echoes(program, window))
        figures |= _named("message", await _messages(talk, window))
        figures |= await _under_load(program, window, talk)
        figures["flood"] = await talk.shown(FLOOD)
        await window.rests()
        figures["backlog"] = await _backlog(program, window)
        figures |= await _with_many(program, window, talk)
    finally:
        window.close()
    return figures


async def _join(program: Program, window: Window) -> None:
    window.type(f"/join {ROOM}\r")
    await program.entered()
    await window.rests(0.5)


async def _processor(window: Window, meanwhile: Awaitable[object]) -> float:
    """Percent of one core that the program used."""
    used, began = window.processor, time.perf_counter()
    await meanwhile
    return (window.processor - used) / (time.perf_counter() - began) * 100


def _named(name: str, seconds: list[float]) -> Figures:
    return {f"{name} {which}": value * 1000 for which, value in quantiles(seconds).items()}


async def _echoes(program: Program, window: Window, pause: float = 0.01) -> list[float]:
    """Seconds from a key to its letter."""
    taken = []
    for number in range(SAMPLES):
        letter = LETTERS[number % len(LETTERS)]
        since, began = len(window.data), time.perf_counter()
        window.type(letter)
        taken.append(await window.shows(letter, since) - began)
        if letter == LETTERS[-1]:
            window.type(program.clear)
            await asyncio.sleep(0.1)
        await asyncio.sleep(pause)
    window.type(program.clear)
    await asyncio.sleep(0.1)
    return taken


async def _messages(talk: _Talk, window: Window) -> list[float]:
    taken = []
    for _ in range(SAMPLES):
        taken.append(await talk.shown())
        await window.rests(0.02)
    return taken


async def _under_load(program: Program, window: Window, talk: _Talk) -> Figures:
    until = time.perf_counter() + LOAD_SECONDS
    stopped = False
    load = asyncio.create_task(talk.keep_on(lambda: stopped))
    await asyncio.sleep(0.5)
    used = await _processor(window, asyncio.sleep(until - time.perf_counter()))
    echoes = await _echoes(program, window, 0.03)
    stopped = True
    await load
    await program.heard()
    await talk.shown()
    return {"processor": used, **_named("loaded echo", echoes)}


async def _backlog(program: Program, window: Window) -> float:
    """Seconds from Enter to the newest message of a room with much in it."""
    mark = marker(PLAYED_BACK)
    lines = [f"{number} what somebody said yesterday" for number in range(PLAYED_BACK - 1)]
    for start in range(0, len(lines), 1000):
        program.say(lines[start : start + 1000], BACKLOG)
        await program.heard()
    program.say([mark], BACKLOG)
    await program.heard()
    window.type(f"/join {BACKLOG}")
    await window.rests()
    since, began = len(window.data), time.perf_counter()
    window.type("\r")
    return await window.shows(mark, since) - began


async def _with_many(program: Program, window: Window, talk: _Talk) -> Figures:
    window.type(f"/join {ROOM}\r")  # back into view
    await window.rests(0.5)
    for _ in range((MANY - FLOOD) // 2000):
        await talk.shown(2000)
        await program.heard()
    await window.rests(0.4)
    figures = {"memory with many": window.memory}
    figures["resize"] = await _settled(window, lambda turn: window.resize((OTHER_SIZE, SIZE)[turn % 2]))
    figures["page"] = await _settled(window, lambda _: window.type(program.page_up))
    return figures


async def _settled(window: Window, act: Callable[[int], None]) -> float:
    """The median time from an act until all that comes of it has come."""
    taken = []
    for turn in range(SETTLED_SAMPLES):
        await window.rests(0.2)
        began = time.perf_counter()
        act(turn)
        while window.last < began:  # noqa: ASYNC110  # a thousandth matters to nobody here
            await asyncio.sleep(0.001)
        taken.append((await window.rests(BURST_SECONDS) - began) * 1000)
    return statistics.median(taken)
