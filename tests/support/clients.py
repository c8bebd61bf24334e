"""A real client whose updates are written down as a screen would, and checked while they come."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from chat_tui.client import updates
from chat_tui.client.cache import Cache
from chat_tui.client.client import Client
from chat_tui.client.entrance import Endpoint
from chat_tui.client.events import RoomEvent
from chat_tui.client.identity import Identity
from chat_tui.client.known import KnownServers
from chat_tui.client.outbox import Outbox
from chat_tui.client.room import FILL
from chat_tui.client.updates import Status, Update
from chat_tui.endpoints import RemoteServer
from protocol.links import Link
from server.config import Address
from tests.support.waiting import until


def soon(attempt: int) -> float:  # noqa: ARG001  # a back-off has it
    """A back-off for tests: hardly any."""
    return 0.02


def in_the_clear(where: Address) -> RemoteServer:
    """A server without TLS, at whatever address."""
    if where.path:
        return RemoteServer(Link("", 0, path=where.path), KnownServers(Path("nowhere/known")))
    return RemoteServer(Link(where.host, where.port, tls=False), KnownServers(Path("nowhere/known")))


class Person:
    """A client with files for its outbox and cache. `shown`: what a screen shows that hears only updates."""

    def __init__(
        self,
        where: Address | Endpoint,
        name: str,
        outbox: Path | None = None,
        *,
        cache: Path | None = None,
        identity: Identity | None = None,
        fill: int = FILL,
        backoff: Callable[[int], float] = soon,
        wall: Callable[[], float] = time.time,
    ) -> None:
        endpoint = in_the_clear(where) if isinstance(where, Address) else where
        self.heard: list[Update] = []
        self.statuses: list[Status] = []
        self.shown: dict[str, list[RoomEvent]] = {}
        self.client = Client(
            endpoint,
            name,
            Outbox(outbox, "here", name),
            self._hear,
            cache=None if cache is None else Cache(cache),
            identity=identity,
            fill=fill,
            backoff=backoff,
            wall=wall,
        )
        for room in self.client.rooms.values():
            self.shown[room.name] = list(room.events)
        self.running: asyncio.Task[None] | None = None

    def _hear(self, update: Update) -> None:
        self.heard.append(update)
        match update:
            case updates.StatusChanged(status):
                assert status == self.client.status
                self.statuses.append(status)
            case updates.Appended(room, events):
                assert events
                self.shown.setdefault(room, []).extend(events)
            case updates.Prepended(room, events):
                self.shown[room][:0] = events
            case updates.Restarted(room):
                self.shown[room] = list(self.client.rooms[room].events)
            case updates.RoomsChanged():
                for gone in self.shown.keys() - self.client.rooms.keys():
                    del self.shown[gone]
        if isinstance(update, updates.Appended | updates.Prepended | updates.Restarted):
            shown = [event.seq for event in self.shown[update.room]]
            assert shown == list(range(shown[0], shown[-1] + 1)) if shown else True, shown

    # --- coming and going

    def begin(self) -> None:
        """Begin to connect."""
        self.running = asyncio.create_task(self.client.run())

    async def start(self, *rooms: str) -> None:
        """Connect, log in, join the rooms."""
        self.begin()
        await self.phase("online")
        for room in rooms:
            await self.client.join(room)

    async def stop(self) -> None:
        """Quit as a person does. Harmless if it has ended."""
        if self.running is not None:
            await self.client.stop()
            await self.running
            self.running = None

    def kill(self) -> None:
        """End without a word and without putting anything in order, as a kill -9 of this client would."""
        client = self.client
        if self.running is not None:
            self.running.cancel()
            self.running = None
        for task in (*client._tasks, *client.sender._sending.values()):
            task.cancel()
        if client._connection is not None:
            client._connection._transport.abort()
        client.sender._outbox.close()

    # --- looking

    @property
    def told(self) -> list[str]:
        """What it was told that no room tells of."""
        return [update.text for update in self.heard if isinstance(update, updates.Told)]

    async def phase(self, phase: str) -> None:
        """Come back in that phase."""
        await until(lambda: self.client.status.phase == phase)

    def texts(self, room: str) -> list[str]:
        """What was said in the room, as far as it is shown."""
        return [event.text for event in self.shown.get(room, ()) if event.spoken]

    async def sees(self, room: str, *texts: str) -> None:
        """Come back once exactly this was said in the room."""
        try:
            await until(lambda: self.texts(room) == list(texts))
        except TimeoutError:
            assert self.texts(room) == list(texts)
            raise

    async def said(self, room: str, count: int) -> None:
        """Come back once so many messages are shown in the room."""
        await until(lambda: len(self.texts(room)) == count)

    async def unread(self, room: str, count: int) -> None:
        """Come back once so many are unread in the room."""
        await until(lambda: self.client.rooms[room].unread == count)

    async def reaches(self, room: str, head: int) -> None:
        """Come back once all events up to that one are held."""
        await until(lambda: self.client.rooms[room].last == head)

    async def settled(self) -> None:
        """Come back once nothing waits to be sent."""
        await until(lambda: not self.client.sender.pending)

    @property
    def missed(self) -> list[int]:
        """The `seq` of all events that were told as missed."""
        return [
            event.seq
            for update in self.heard
            if isinstance(update, updates.Appended) and update.missed
            for event in update.events
        ]
