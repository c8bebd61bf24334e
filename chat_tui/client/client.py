"""The client: keeps a connection, the rooms and the outbox in step with a server.

`run` connects, logs in, resumes where it was, sends what waits, and does so again after every loss, with a
jittered back-off, until `stop`. Its user calls the methods and gets `updates`. Events are placed by
`seq` alone (see `room`), so it does not matter what came before the answer to what.
"""

import asyncio
import time
from collections.abc import Callable, Container
from contextlib import suppress
from typing import TypeVar

from chat_tui.client import updates
from chat_tui.client.arrivals import Arrivals
from chat_tui.client.cache import Account, Cache
from chat_tui.client.changes import Changes
from chat_tui.client.company import Company
from chat_tui.client.connection import Connection
from chat_tui.client.entrance import Endpoint, backoff, enter
from chat_tui.client.errors import ClientError, LoginError, LostError, RequestError, StoppedError
from chat_tui.client.events import NAME, ROOM, RoomEvent, from_wire
from chat_tui.client.gaps import Gaps
from chat_tui.client.identity import Identity
from chat_tui.client.invitations import Invitations
from chat_tui.client.outbox import Outbox
from chat_tui.client.place import Place
from chat_tui.client.reads import ReadMarkers
from chat_tui.client.room import FILL, Room
from chat_tui.client.searching import Searching
from chat_tui.client.sender import Sender
from chat_tui.client.updates import Status, Update
from chat_tui.client.wakeups import Wakeups
from protocol import errors, frames, limits
from protocol.frames import Frame, Request, Result
from protocol.names import fold
from protocol.text import clean_line

R = TypeVar("R", bound=Result)

PAGE = 50
"""Events fetched when a room is entered, and when one scrolls up."""

CLOSE_SECONDS = 1.0
"""For the last words to a server that takes nothing any more: nobody shall wait longer to quit."""


class Client:
    """See the module. Read `rooms`, `status`, `name`; say things by `sender`; `listen` gets every update."""

    def __init__(
        self,
        endpoint: Endpoint,
        name: str,
        outbox: Outbox,
        listen: Callable[[Update], None],
        *,
        identity: Identity | None = None,
        cache: Cache | None = None,
        fill: int = FILL,
        backoff: Callable[[int], float] = backoff,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.endpoint = endpoint
        self.name = name
        self.identity = identity or Identity(endpoint.label, name)
        self.rooms: dict[str, Room] = {}
        self.status = Status()
        self.sender = Sender(outbox, self.ask, listen, self._place)
        self.changes = Changes(self.sender, self.ask, self.identity, cache)
        self.invitations = Invitations(listen)
        self._reads = ReadMarkers(self.ask, self._later)
        self._tell = listen
        self._cache = cache
        self._fill = fill
        self._backoff = backoff
        self._wakeups = Wakeups(self._woke, wall)
        self._connection: Connection | None = None
        self._attempt: asyncio.Task[Connection] | None = None
        self.user, self._epoch = 0, ""
        self._early_heads: dict[str, int] = {}
        self._early_markers: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()
        self._stopping = False
        if cache is not None:
            account = cache.held.account
            self.user, self._epoch = account.user, account.epoch
            self.rooms = {room.name: room for room in cache.held.rooms}
        self.company = Company(self.ask, self._later, self._listen, self.rooms, cache, self._resync, name)
        self.searching = Searching(self.ask, self.rooms, lambda: self.name, cache, self.company.hides)
        self._arrivals = Arrivals(
            self.rooms, lambda: self.ask(self._sync()), self._met, self._replay, self._later
        )
        self._gaps = Gaps(self.rooms, self.ask, self._later, fill, self._missed, self._begin_anew)

    def _listen(self, update: Update) -> None:
        """Tell our user; the cache first, so that what they act on is what it holds."""
        if self._cache is not None:
            self._cache.hear(update, self.rooms)
        self._tell(update)

    # --- keeping connected

    async def run(self) -> None:
        """Stay connected until `stop`. Returns then; whatever else happens is told by `status`.

        Begins with what the cache holds.
        """
        if self._stopping:
            return  # before this had its turn; the cache is closed
        if self.rooms:
            self._listen(updates.RoomsChanged())
        self._wakeups.start()
        attempt = 0
        while not self._stopping:
            attempt += 1
            self._tell_status(Status("connecting", self.status.reason, attempt))
            try:
                self._attempt = asyncio.create_task(self._connect())
                connection = await self._attempt
                attempt = 0
                reason = await asyncio.shield(connection.closed)  # `stop` waits for it too
            except ClientError as error:
                reason = error
            except asyncio.CancelledError:
                if not self._stopping:
                    raise
                break
            self._disconnected()
            if not self._stopping:
                await self._pause(reason, attempt)

    async def _pause(self, reason: ClientError, attempt: int) -> None:
        self._hurry.clear()
        if isinstance(reason, StoppedError):
            if isinstance(reason, LoginError) and reason.code == errors.LOGGED_OUT:
                self.identity.ended()
            self._tell_status(updates.stopped(reason))
            await self._hurry.wait()
            return
        delay = reason.after + self._backoff(attempt + 1)
        retry_at = asyncio.get_running_loop().time() + delay
        self._tell_status(Status("waiting", str(reason), attempt, retry_at))
        try:
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        except TimeoutError:
            pass

    async def _connect(self) -> Connection:
        target = await self.endpoint.locate()
        connection, login = await enter(target, self.identity, self._receive)
        self._connection = connection
        if self.user not in (0, login.user):
            self.rooms.clear()  # the name is somebody else's now, and so is what we held
            self._reads.clear()
        self.user = login.user
        self._renamed(clean_line(login.name, NAME))
        try:
            await self.company.entered(connection)
            mine = self.company.mine
            self._synced(await connection.request(self._sync(), lambda result: mine.take(result.mine)))
        except RequestError as error:
            connection.close()
            raise LostError(str(error)) from error
        except BaseException:
            connection.close()
            raise
        self._tell_status(Status("online"))
        self._replay()
        self._resume()
        return connection

    def _sync(self) -> frames.Sync:
        cursors = {name: room.last for name, room in self.rooms.items() if room.loaded}
        return frames.Sync(1, self._epoch, cursors, PAGE)

    def _synced(self, result: frames.SyncResult) -> None:
        self._epoch = result.epoch
        if self._cache is not None:
            self._cache.remember(Account(self._epoch, self.user))
        heads = {clean_line(state.room, ROOM): state.head for state in result.rooms}
        lost: list[str] = []
        for name, room in tuple(self.rooms.items()):
            # We hold events that the server has not: they were another store's.
            if result.reset or name not in heads or heads[name] < room.last:
                del self.rooms[name]
                self._reads.drop(name)
                if name not in heads and not result.reset:
                    lost.append(room.title)
        for state in result.rooms:
            self._load(state)
        self._listen(updates.RoomsChanged())
        for title in lost:
            self._listen(updates.Told(f"You are in {title} no longer"))
        self.invitations.take(result.invitations)

    def _place(self, name: str) -> Place:
        room = self.rooms.get(name)
        return Place(self._epoch, room.born, room.partner) if room is not None else Place(self._epoch)

    def _resume(self) -> None:
        """Do what had to wait for a connection."""
        self.sender.resume()
        self._reads.send_soon()
        self.company.resume()

    def _disconnected(self) -> None:
        self._connection = None
        self.sender.lost()
        self._arrivals.clear()
        self._early_heads.clear()
        self._early_markers.clear()
        self.company.lost()

    def _woke(self) -> None:
        """The computer was asleep: what we know of the connection is old."""
        if self._connection is not None and self.status.phase == "online":
            self._connection.prove()
        elif self.status.phase == "waiting":
            self.reconnect()

    def reconnect(self) -> None:
        """Don't wait any longer for the next attempt."""
        self._hurry.set()

    async def stop(self) -> None:
        """End: tell the server what was read, say bye. What is not sent stays in the outbox."""
        deadline = asyncio.get_running_loop().time() + CLOSE_SECONDS
        self._stopping = True
        self._wakeups.stop()
        self.company.stop()
        self._hurry.set()
        if self._attempt is not None:
            self._attempt.cancel()
        if self._connection is not None:
            with suppress(TimeoutError):  # a marker that is lost is not worth keeping a person waiting
                async with asyncio.timeout_at(deadline):
                    await self._reads.send()
        for task in tuple(self._tasks):
            task.cancel()
        if self._connection is not None:
            await self._connection.end(deadline)
        self.sender.close()
        if self._cache is not None:
            self._cache.close()

    def _tell_status(self, status: Status) -> None:
        self.status = status
        self._listen(updates.StatusChanged(status))

    def _later(self, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask(self, request: Request[R], taken: Callable[[R], None] | None = None) -> R:
        """See `requests.Ask`. Texts in the answer are not sanitized."""
        if self._connection is None or self.status.phase != "online":
            raise LostError("not connected: try again when the server is back")
        return await self._connection.request(request, taken)

    # --- frames from the server

    def _receive(self, frame: Frame) -> None:
        match frame:
            case frames.Event():
                self._event(frame)
            case frames.Marker():
                self._marked(frame.room, frame.seq)
            case frames.Ping():
                self._heads(frame.heads)
            case frames.Heads():
                self._left_out(frame.heads)
            case frames.Invited():
                self.invitations.receive(frame)
            case _:
                self.company.receive(frame)

    def _left_out(self, heads: dict[str, int]) -> None:
        """We were too slow, and the server has left something out."""
        if self.status.phase == "online":
            for name in self.rooms.keys() - heads.keys():
                self._gone(name)  # left from another device, or removed
            self._arrivals.meet()
            self.company.missed()
        self._heads(heads)

    def _event(self, event: frames.Event) -> None:
        room = self.rooms.get(event.room)
        online = self.status.phase == "online"
        if room is None or not online:
            self._arrivals.keep(event)
            if online and not self._arrivals.awaits(event.room):
                self._arrivals.meet()
            return
        self._appended(room, room.receive(event))
        read = from_wire(event) if event.kind not in frames.SPOKEN else None
        if read is not None and event.kind == frames.NICK and event.user == self.user:
            self._renamed(read.text)
        if read is not None and room.removes_me(read):
            self._gone(room.name)
            if event.user != self.user:
                self._listen(updates.Told(f"{room.title}: {read.sender} {read.text}", call=True))
        elif room.missing:
            self._gaps.close(room)

    def _replay(self) -> None:
        """Take in what came before the answer that told of its room."""
        early = self._arrivals.take()
        heads, self._early_heads = self._early_heads, {}
        markers, self._early_markers = self._early_markers, {}
        for event in early:
            self._event(event)
        self._heads(heads)
        for name, seq in markers.items():
            self._marked(name, seq)

    def _marked(self, name: str, seq: int) -> None:
        """Another device has read up to there."""
        if self.status.phase != "online":
            self._early_markers[name] = seq  # perhaps of what only the answer to `sync` tells of
            return
        room = self.rooms.get(name)
        if room is not None and room.mark(min(seq, room.head)):
            self._listen(updates.RoomChanged(name))

    def _appended(self, room: Room, fresh: list[RoomEvent], *, missed: bool = False) -> None:
        if not fresh:
            return
        self.sender.seen(room.name, (event.cid for event in fresh if event.user == self.user))
        self.company.heard(room.name, {event.user for event in fresh if event.spoken})
        self._listen(updates.Appended(room.name, fresh, missed))

    def _missed(self, room: Room, fresh: list[RoomEvent]) -> None:
        self._appended(room, fresh, missed=True)

    def _heads(self, heads: dict[str, int]) -> None:
        if self.status.phase != "online":
            self._early_heads |= heads  # they may be newer than the answer to `sync` that is on its way
            return
        for name, head in heads.items():
            room = self.rooms.get(name)
            if room is None:
                self._arrivals.meet()
            elif head > room.last:
                room.head = max(room.head, head)
                self._gaps.close(room)

    def _load(self, state: frames.RoomState, *, missed: bool = True) -> Room:
        name = clean_line(state.room, ROOM)
        room = self.rooms.get(name)
        if room is None or (room.loaded and room.born != state.born):  # else another room of that name
            room = self.rooms[name] = Room(name, self.user)
            self._reads.drop(name)
        room.me = self.user
        self.company.meet(room)
        if room.skip(state.floor):
            self._listen(updates.Restarted(name))
        fresh = room.state(state, fill=self._fill)
        if fresh is None:
            self.sender.seen(name, (event.cid for event in room.events if event.user == self.user))
            self._listen(updates.Restarted(name))
        else:
            self._appended(room, fresh, missed=missed)
        if room.read > state.read:
            self._reads.put(name, room.read)
        self._listen(updates.RoomChanged(name))
        if room.missing:
            self._gaps.close(room)
        return room

    async def _begin_anew(self, room: Room) -> None:
        await self._load_again(lambda name: name == room.name and self.rooms.get(name) is room)

    async def _load_again(self, wanted: Callable[[str], bool]) -> None:
        for state in (await self.ask(self._sync())).rooms:
            if wanted(clean_line(state.room, ROOM)):
                self._load(state)

    def _resync(self) -> None:
        async def work() -> None:
            with suppress(ClientError):  # not connected: the next sync tells the same
                await self._load_again(lambda name: name in self.rooms)

        self._later(work())

    @property
    def body_limit(self) -> int:
        """Bytes of what is said at once, at most."""
        return self._connection.limits.body if self._connection is not None else limits.BODY

    def say(self, room: str, text: str, kind: str = frames.MESSAGE, reply: int | None = None) -> None:
        """Say something, now or as soon as there is a connection; see `Sender.send` for what it raises."""
        self.sender.send(room, text, kind, reply=reply, limit=self.body_limit)
        self.company.said()

    # --- rooms

    async def join(self, room: str) -> Room:
        """Enter a room, making it if it is new. Raises `ClientError`."""
        return await self._enter_room(room, frames.Join(1, room, PAGE))

    async def create(self, room: str, *, private: bool) -> Room:
        """Make a room. Raises `ClientError`."""
        return await self._enter_room(room, frames.Create(1, room, private, PAGE))

    async def dm(self, name: str) -> Room:
        """The room with somebody; one that is known is so without a connection too. Raises `ClientError`."""
        direct = (room for room in self.rooms.values() if room.direct)
        known = next((room for room in direct if fold(room.partner) == fold(name)), None)
        if known is not None:
            self._listen(updates.RoomsChanged(known.name))
            return known
        return await self._enter_room("@", frames.Dm(1, name, PAGE))

    async def _enter_room(self, room: str, request: Request[frames.JoinResult]) -> Room:
        self._arrivals.joining.add(room)
        try:
            result = await self.ask(request)
        finally:
            self._arrivals.joining.discard(room)
        entered = self._load(result.room, missed=False)
        self.invitations.answered(entered.name)
        self._replay()
        self._listen(updates.RoomsChanged(entered.name))
        return entered

    def _met(self, result: frames.SyncResult, gone: Container[str]) -> None:
        """Which rooms we are in, as the server said a moment ago."""
        for state in result.rooms:
            if clean_line(state.room, ROOM) not in gone:
                self._load(state)
        self.invitations.take(result.invitations)
        self._listen(updates.RoomsChanged())

    async def leave(self, room: str) -> None:
        """Leave a room. Raises `ClientError`."""
        await self.ask(frames.Leave(1, room))
        self._gone(room)

    def _gone(self, room: str) -> None:
        self._arrivals.gone(room)
        self.invitations.answered(room)
        self.company.mine.left(room)
        if self.rooms.pop(room, None) is not None:
            self._reads.drop(room)
            self._listen(updates.RoomsChanged())

    async def nick(self, name: str) -> None:
        """Be called `name` from now on. Raises `ClientError`."""
        before = self.name
        result = await self.ask(frames.Nick(1, name))
        self._renamed(clean_line(result.name, NAME))
        self.identity.gave_up(before)

    def _renamed(self, name: str) -> None:
        """We have another name, given here or on another device: the next login is under that one."""
        if name and name != self.name:
            self.name = name
            self.identity.renamed(name)
            self.sender.rename(name)
            self.company.renamed(name)
            self._tell_status(self.status)

    async def load_older(self, room: Room, limit: int = PAGE) -> list[RoomEvent]:
        """Get the page before what we hold, from the cache or the server. Raises `ClientError`."""
        if not room.has_older:
            return []
        older: list[RoomEvent] = []
        if self._cache is not None:
            older = room.before(self._cache.older(room.name, room.base + 1, limit))
        if not older:
            page = await self.ask(frames.History(1, room.name, before=room.base + 1, limit=limit))
            if self.rooms.get(room.name) is not room:
                return []  # left meanwhile, and perhaps entered again: that one begins elsewhere
            room.floor = max(room.floor, page.floor)
            older = room.before([from_wire(event) for event in page.events])
        if older:
            self._listen(updates.Prepended(room.name, older))
        return older

    def mark_read(self, room: Room, seq: int) -> None:
        """The user has read the room up to `seq`."""
        if room.mark(seq):
            self._reads.put(room.name, seq)
            self._listen(updates.RoomChanged(room.name))
            self._reads.send_soon()
