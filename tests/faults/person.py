"""The real client without a screen, in a process of its own, so that its kill is a real one.

`python -m tests.faults.person ADDRESS NAME CALLED FOLDER FILL [cached]`: its outbox is `FOLDER/NAME.outbox`,
its records go to `FOLDER/NAME.jsonl`, its cache is `FOLDER/NAME.cache` if it has one. It comes in as CALLED.
It takes commands as lines of JSON on stdin, answers each with one on stdout, and ends at the end of stdin,
so it never outlives who started it.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from chat_tui.client import updates
from chat_tui.client.cache import Cache
from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError, RequestError
from chat_tui.client.events import RoomEvent
from chat_tui.client.known import KnownServers
from chat_tui.client.outbox import Outbox
from chat_tui.client.updates import Update
from chat_tui.endpoints import RemoteServer
from protocol import frames
from protocol.frames import Request, Result
from protocol.links import Link
from server.config import Address, parse_address
from server.net.certificate import CERTIFICATE_NAME, read_pin
from tests.faults.history import (
    Acked,
    Began,
    Book,
    Entered,
    Gone,
    Older,
    Refused,
    Restarted,
    Said,
    Seen,
    Shown,
    brief,
)
from tests.support.clients import in_the_clear

R = TypeVar("R", bound=Result)

Verb = Literal["say", "join", "leave", "topic", "nick", "older", "kick", "promote", "settle", "look", "quit"]


class Command(msgspec.Struct, frozen=True):
    """What a person is told to do. `settle`: be in all `rooms`, and send what was refused again."""

    number: int
    verb: Verb
    room: str = ""
    text: str = ""
    rooms: list[str] = []


class Reply(msgspec.Struct, frozen=True):
    """How it went (`error` empty: well), and where the client is: the last seq of each room, unless it is
    known to miss some; how many messages wait; how many other commands are under way."""

    number: int
    error: str = ""
    phase: str = ""
    last: dict[str, int] = {}
    waiting: int = 0
    busy: int = 0


def soon(attempt: int) -> float:
    """A back-off for impatient tests."""
    return min(0.2, 0.02 * attempt) * random.uniform(0.5, 1.0)


class _RecordingClient(Client):
    """Writes down the answers to sends, which a screen never sees."""

    book: Book

    async def ask(self, request: Request[R], taken: Callable[[R], None] | None = None) -> R:
        try:
            result = await super().ask(request, taken)
        except RequestError as error:
            if isinstance(request, frames.Send):
                self.book.write(Refused(request.cid, error.code))
            raise
        if isinstance(request, frames.Send) and isinstance(result, frames.SendResult):
            self.book.write(Acked(request.cid, result.seq, result.dup))
        return result


class Person:
    """One client and its book."""

    def __init__(
        self, address: Address, name: str, called: str, folder: Path, fill: int, *, cached: bool
    ) -> None:
        self._book = Book(folder / f"{name}.jsonl")
        endpoint = _over_tls(address, folder, name) if address.tls else in_the_clear(address)
        outbox = Outbox(folder / f"{name}.outbox", endpoint.label, called)
        cache = Cache(folder / f"{name}.cache") if cached else None
        self._client = _RecordingClient(
            endpoint, called, outbox, self._hear, cache=cache, fill=fill, backoff=soon
        )
        self._client.book = self._book
        self._shown: set[str] = set()
        self._doing: set[asyncio.Task[None]] = set()
        waiting = [
            Said(entry.cid, entry.room, brief(entry.text), kept=True)
            for entry in self._client.sender.pending.values()
        ]
        self._book.write(Began(waiting, fill))
        for room in self._client.rooms:  # from the cache
            self._show_anew(room)

    async def run(self) -> None:
        """Keep connected and obey, until told to quit or until nobody is there to tell."""
        running = asyncio.create_task(self._client.run())
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        while line := await lines.readline():
            command = msgspec.json.decode(line, type=Command)
            if command.verb == "quit":
                break
            if command.verb == "say":  # at once, so that the order is the one of the commands
                self._say(command.room, command.text)
                continue
            task = asyncio.create_task(self._obey(command))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)
        await self._client.stop()
        await running
        for task in tuple(self._doing):
            task.cancel()

    # --- what comes

    def _hear(self, update: Update) -> None:
        match update:
            case updates.StatusChanged(status):
                if status.phase == "online":
                    self._book.write(Entered(self._client.user))
            case updates.Appended(room, events):
                self._book.write(Shown(room, _seen(events)))
            case updates.Prepended(room, events):
                self._book.write(Older(room, _seen(events)))
            case updates.Restarted(room):
                self._show_anew(room)
            case updates.RoomsChanged():
                for gone in sorted(self._shown - self._client.rooms.keys()):
                    self._shown.discard(gone)
                    self._book.write(Gone(gone))

    def _show_anew(self, room: str) -> None:
        held = self._client.rooms[room]
        self._shown.add(room)
        self._book.write(Restarted(room, held.last, _seen(held.events)))

    # --- what is to be done

    def _say(self, room: str, text: str) -> None:
        self._client.say(room, text)
        cid = next(reversed(self._client.sender.pending))
        self._book.write(Said(cid, room, brief(text), kept=True))

    async def _obey(self, command: Command) -> None:
        error = ""
        try:
            await self._do(command)
        except ClientError as problem:
            error = str(problem) or type(problem).__name__
        client = self._client
        last = {name: room.last for name, room in client.rooms.items() if not room.missing}
        waiting, busy = len(client.sender.pending), len(self._doing) - 1
        reply = Reply(command.number, error, client.status.phase, last, waiting, busy)
        sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")
        sys.stdout.buffer.flush()

    async def _do(self, command: Command) -> None:
        client = self._client
        room = client.rooms.get(command.room)
        match command.verb:
            case "join":
                await client.join(command.room)
            case "leave":
                await client.leave(command.room)
            case "topic":
                await client.ask(frames.Topic(1, command.room, command.text))
            case "nick":
                await client.nick(command.text)
            case "kick":
                await client.ask(frames.Kick(1, command.room, command.text))
            case "promote":
                await client.ask(frames.Role(1, command.room, command.text, frames.MODERATOR))
            case "older" if room is not None:
                await client.load_older(room)
            case "settle":
                await self._settle(command.rooms)

    async def _settle(self, rooms: list[str]) -> None:
        for room in rooms:
            if room not in self._client.rooms:
                await self._client.join(room)
        for room in rooms:
            self._client.sender.retry(room)


def _seen(events: Sequence[RoomEvent]) -> list[Seen]:
    return [Seen(event.seq, event.user, event.kind, brief(event.text), event.cid) for event in events]


def _over_tls(address: Address, folder: Path, name: str) -> RemoteServer:
    pin = read_pin(folder / "data" / CERTIFICATE_NAME)
    known = KnownServers(folder / f"{name}.known")
    return RemoteServer(Link(address.host, address.port, tls=True, pin=pin), known)


async def _main(arguments: list[str]) -> None:
    address, name, called, folder, fill, *cached = arguments
    await Person(parse_address(address), name, called, Path(folder), int(fill), cached=bool(cached)).run()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
