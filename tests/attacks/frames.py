"""Frames that no client sends: `python3 -m tests.attacks.frames [--seed N] [--frames N]`.

Connections one after another, before login or after it, each with some hundred frames in any order: whole
ones with any values, ones with a field changed, missing or of another type, maps of other kinds, and at last,
now and then, bytes that are no frame. Whatever comes, the server stays up, and each request is answered once.
The same seed makes the same frames.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from protocol import codec, frames
from protocol.frames import Error, Ok, Request
from server.config import Address, parse_address
from tests.support.processes import ServerProcess
from tests.support.waiting import SECONDS
from tests.support.wire import Wire

LENGTH = 200
"""Frames on one connection, about."""

AT_ONCE = 8
"""Connections at a time."""

LEFT_OUT = (frames.Bye, frames.Logout, frames.Register, frames.ChangePassword)
"""They would end the connection at once, or set passwords that nobody knows any more."""

TEXTS = (
    "",
    "#general",
    "#fuzz",
    "#",
    "ann",
    "bob",
    "\x00",
    "e\u0301" * 40,
    "🙂" * 30,
    "x" * 500,
    "\u202e",
    "-1",
)
NUMBERS = (0, 1, 2, 50, 255, 2**31, 2**53 - 1, 2**53, 2**63 - 1, 2**64 - 1, -1, -(2**63))
ODD: tuple[Any, ...] = (
    None,
    True,
    1.5,
    float("nan"),
    "x",
    b"x",
    [],
    {},
    [[[[]]]],
    {"": 0},
    2**64 - 1,
    ["#general"] * 9,
)


class Maker:
    """Makes maps; `number` is the id of the last request."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 0

    def map(self) -> tuple[dict[str, Any], bool]:
        """A map, and whether it has to be answered with its id."""
        kind = self.random.choice([kind for kind in frames.FROM_CLIENT if kind not in LEFT_OUT])
        made = {
            field.encode_name: self.value(msgspec.inspect.type_info(field.type))
            for field in msgspec.structs.fields(kind)
            if field.required or self.random.random() < 0.5
        }
        request = issubclass(kind, Request)
        self._mutate(made)
        made["t"] = kind.__struct_config__.tag if self.random.random() < 0.97 else "no such type"
        if request:
            self.number += 1
            made["id"] = self.number
        else:
            made.pop("id", None)
            made.pop("re", None)
        return made, request

    def _mutate(self, made: dict[str, Any]) -> None:
        if made and self.random.random() < 0.3:
            key = self.random.choice(sorted(made))
            if self.random.random() < 0.3:
                del made[key]
            else:
                made[key] = self.random.choice(ODD)
        if self.random.random() < 0.05:
            made["of a newer client"] = self.random.choice(ODD)

    def value(self, kind: msgspec.inspect.Type) -> Any:
        """Something of this type, within its bounds or not."""
        match kind:
            case msgspec.inspect.BoolType():
                return self.random.random() < 0.5
            case msgspec.inspect.IntType():
                return self.random.choice(NUMBERS)
            case msgspec.inspect.StrType():
                return self.random.choice(TEXTS)
            case msgspec.inspect.BytesType():
                return self.random.choice(
                    (b"", b"\x81\xa4text\xa2hi", self.random.randbytes(60), bytes(17000))
                )
            case msgspec.inspect.LiteralType(values=values):
                return self.random.choice([*values, "else"])
            case msgspec.inspect.ListType(item_type=item):
                return [self.value(item) for _ in range(self.random.randrange(4))]
            case msgspec.inspect.DictType(value_type=item):
                return {text: self.value(item) for text in TEXTS[: self.random.randrange(4)]}
            case msgspec.inspect.UnionType(types=types):
                return self.value(self.random.choice(types))
        return None

    def garbage(self) -> bytes:
        """Bytes that end a connection, or would."""
        data = self.random.randbytes(self.random.randrange(1, 300))
        if self.random.random() < 0.5:
            return data
        return len(data).to_bytes(codec.LENGTH_BYTES, "big") + data


class Fuzz:
    """All of it: `sent` frames so far; `answers` by code, where they were errors."""

    def __init__(self, address: Address, seed: int) -> None:
        self._address = address
        self._maker = Maker(seed)
        self._connections = 0
        self.sent = 0
        self.answers: Counter[str] = Counter()

    async def run(self, count: int, told: Callable[[], None] = lambda: None) -> None:
        """Send so many frames; raises `AssertionError` if one is answered twice, or none in time."""
        while self.sent < count:
            await asyncio.gather(*(self._connection() for _ in range(AT_ONCE)))
            told()

    async def _connection(self) -> None:
        self._connections += 1
        turn, maker = self._connections, self._maker
        async with await Wire.connect(self._address) as wire:
            if turn % 4 and not await self._enter(wire, ("ann", "bob", "cleo")[turn % 3]):
                return
            maker.number = max(maker.number, wire.new_id)
            unanswered: set[int] = set()
            for _ in range(LENGTH):
                if wire.writer.transport.is_closing():
                    break
                made, request = maker.map()
                if request:
                    unanswered.add(maker.number)
                wire.send_map(made)
                self.sent += 1
            if turn % 5 == 0:
                wire.send_bytes(maker.garbage())
            await self._take(wire, unanswered)

    async def _enter(self, wire: Wire, name: str) -> bool:
        """Whether it is in; another one's frames may have ended all connections of its user."""
        try:
            await wire.log_in(name)
            await wire.sync()
        except (EOFError, ConnectionError):
            return False
        return True

    async def _take(self, wire: Wire, unanswered: set[int]) -> None:
        """Take the answers, until all are there or the server has ended the connection."""
        answered: set[int] = set()
        try:
            async with asyncio.timeout(SECONDS):
                while unanswered - answered:
                    frame = await wire.next()
                    if isinstance(frame, Ok | Error) and frame.re is not None:
                        assert frame.re not in answered, f"answered twice: {frame}"
                        answered.add(frame.re)
                        self.answers[frame.code if isinstance(frame, Error) else "ok"] += 1
        except (EOFError, ConnectionError):
            return


def memory_of(pid: int) -> float:
    """What the process has in memory, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1e3


async def attack(seed: int, count: int) -> int:
    """Run it against a server process, and print."""
    with tempfile.TemporaryDirectory() as folder:
        server = await ServerProcess.start(Path(folder))
        fuzz = Fuzz(parse_address(str(server.address)), seed)
        next_line = 0

        def told() -> None:
            nonlocal next_line
            if fuzz.sent >= next_line:
                print(f"{fuzz.sent:9,} frames, server {memory_of(server.pid):.0f} MB", flush=True)
                next_line += count // 10

        await fuzz.run(count, told)
        async with await Wire.connect(server.address) as wire:
            await wire.log_in("honest")
            await wire.sync()
        status, _, complaints = await server.stop()
    print(f"seed {seed}: {fuzz.sent:,} frames, answered: {dict(fuzz.answers.most_common())}")
    print(f"the server ended with {status}" + (f", and said:\n{complaints[-3000:]}" if complaints else ""))
    return status or bool(complaints) or fuzz.answers["internal"] > 0


def main() -> int:
    """Run it; the status is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.attacks.frames", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=1_000_000)
    given = parser.parse_args()
    return asyncio.run(attack(given.seed, given.frames))


if __name__ == "__main__":
    sys.exit(main())
