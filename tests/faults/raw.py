"""A raw client that keeps to PROTOCOL.md, written apart from the product's own client.

It does what that one never would: repeats cids long after, sends other texts under known cids, pipelines,
and stops reading. Its records have the same form. It runs in the driver's process: what is killed under it
is its connection.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from protocol import codec, frames
from protocol.errors import RemoteProtocolError
from protocol.frames import Error, Event, Frame, Ok
from server.config import Address
from tests.faults.history import (
    Acked,
    Began,
    Book,
    Entered,
    Forged,
    Gone,
    Jumped,
    Leaked,
    Meant,
    Refused,
    Restarted,
    Said,
    Seen,
    Shown,
    brief,
    text_of,
)
from tests.support.wire import Wire, text_body

FOREVER = 10**6
PAUSE = 0.03
"""Seconds before it connects again."""

Answered = Callable[[Ok | Error], None]


class Raw:
    """See the module. `name` is its name in the history; its user may take others."""

    def __init__(self, address: Address, name: str, folder: Path, buffer: int) -> None:
        self.name = name
        self.book = Book(folder / f"{name}.jsonl")
        self.sent: list[tuple[Said, bytes]] = []
        self.acked: set[str] = set()
        self.last: dict[str, int] = {}
        self.told_heads = 0
        self._address = address
        self._buffer = buffer
        self._user = 0
        self._called = name
        self._doubtful = ""
        self._wire: Wire | None = None
        self._online = False
        self._left_out = False
        self._link = 0
        self._numbers = 0
        self._reads: dict[int, Answered] = {}
        self._heads: dict[str, int] = {}
        self._live: dict[str, int] = {}
        self._ahead: dict[str, dict[int, Seen]] = {}
        self._early: list[Event] = []
        self._fetching: set[str] = set()
        self._out: set[str] = set()
        self._reading = asyncio.Event()
        self._reading.set()
        self._running: asyncio.Task[None] | None = None
        self.book.write(Began())

    # --- coming and going

    def begin(self) -> None:
        """Connect, and again after each loss."""
        self._running = asyncio.create_task(self._run())

    async def end(self) -> None:
        """Hang up for good."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self.book.close()

    @property
    def online(self) -> bool:
        """It is in, and has synced."""
        return self._online

    @property
    def called(self) -> str:
        """The name it believes that its user has."""
        return self._called

    @property
    def idle(self) -> bool:
        """It waits for no answer."""
        return self._online and not self._reads

    def read_on(self, *, reading: bool) -> None:
        """Take what comes, or leave it in the socket."""
        (self._reading.set if reading else self._reading.clear)()

    async def _run(self) -> None:
        while True:
            try:
                await self._one_link()
            except (OSError, EOFError, TimeoutError, RemoteProtocolError):
                pass  # cut, or no server there
            finally:
                self._online = False
            await asyncio.sleep(PAUSE)

    async def _one_link(self) -> None:
        wire = await Wire.connect(self._address, buffer=self._buffer)
        try:
            if not await self._log_in(wire):
                return
            self._link += 1
            self._wire = wire
            self._left_out = False
            for fresh in (self._reads, self._live, self._ahead, self._early, self._fetching, self._out):
                fresh.clear()
            self._ask(lambda number: frames.Sync(number, "", self.last, 200), self._synced)
            while True:
                await self._reading.wait()
                frame = await wire.next(FOREVER)
                await self._reading.wait()
                self._receive(frame)
        finally:
            self._wire = None
            wire.writer.transport.abort()

    async def _log_in(self, wire: Wire) -> bool:
        """Come in. After a change of name without an answer nobody but the server knows which one holds."""
        name = self._doubtful or self._called
        login = await wire.log_in(name)
        if self._doubtful:
            self._doubtful = ""
            if login.user != self._user:
                return False  # it was not changed: this is somebody new
            self._called = name
        self._user = login.user
        self.book.write(Entered(login.user))
        return True

    # --- what it does

    def say(self, room: str, text: str) -> None:
        """Send a message that was never sent before, if it is connected."""
        if not self._online:
            return
        said = Said(f"{self.name}-{len(self.sent)}", room, brief(text), link=self._link)
        self.sent.append((said, text_body(text)))
        self._send(self.sent[-1])

    def repeat(self, index: int) -> None:
        """Send a message again, however old it is."""
        if self._online and self.sent:
            said, body = self.sent[index % len(self.sent)]
            self._send((msgspec.structs.replace(said, link=self._link), body))

    def repeat_unanswered(self) -> None:
        """Send all again that was not acknowledged."""
        for number, (said, _) in enumerate(self.sent):
            if said.cid not in self.acked:
                self.repeat(number)

    def _send(self, sent: tuple[Said, bytes]) -> None:
        said, body = sent
        self.book.write(said)
        self._ask(
            lambda number: frames.Send(number, said.room, said.cid, body),
            lambda answer: self._answered(said.cid, answer),
        )

    def forge(self, index: int, text: str) -> None:
        """Say something else under a cid that stands for a message."""
        acked = [said for said, _ in self.sent if said.cid in self.acked]
        if self._online and acked:
            said = acked[index % len(acked)]
            self.book.write(Forged(said.cid, said.room, brief(text)))
            self._ask(
                lambda number: frames.Send(number, said.room, said.cid, text_body(text)),
                lambda answer: self._answered(said.cid, answer),
            )

    def join(self, room: str) -> None:
        """Be in the room."""

        def joined(answer: Ok | Error) -> None:
            if isinstance(answer, Ok):
                self._begin_room(codec.convert(answer.result, frames.JoinResult).room)
                self._replay()

        if self._online:
            self._out.discard(room)
            self._ask(lambda number: frames.Join(number, room, 50), joined)

    def leave(self, room: str) -> None:
        """Be in the room no longer."""
        if self._online:
            self._ask(lambda number: frames.Leave(number, room), lambda _: None)

    def kick(self, room: str, name: str) -> None:
        """Have somebody be in the room no longer; whoever may not is refused."""
        if self._online:
            self._ask(lambda number: frames.Kick(number, room, name), lambda _: None)

    def promote(self, room: str, name: str) -> None:
        """Let somebody do that too."""
        if self._online:
            self._ask(lambda number: frames.Role(number, room, name, frames.MODERATOR), lambda _: None)

    def topic(self, room: str, topic: str) -> None:
        """Set the room's topic."""
        if self._online:
            self.book.write(Meant(room, brief(topic), frames.TOPIC))
            self._ask(lambda number: frames.Topic(number, room, topic), lambda _: None)

    def nick(self, name: str) -> None:
        """Be called otherwise."""

        def renamed(answer: Ok | Error) -> None:
            self._doubtful = ""
            if isinstance(answer, Ok):
                self._called = name

        if self._online and not self._doubtful:
            self._doubtful = name
            self._ask(lambda number: frames.Nick(number, name), renamed)

    def _ask(self, make: Callable[[int], frames.Request[Any]], answered: Answered) -> None:
        if self._wire is not None and not self._wire.writer.is_closing():
            self._numbers += 1
            self._reads[self._numbers] = answered
            self._wire.send(make(self._numbers))

    # --- what comes

    def _receive(self, frame: Frame) -> None:
        match frame:
            case Ok(re=number) | Error(re=int(number)):
                answered = self._reads.pop(number, None)
                if answered is not None:
                    answered(frame)
            case Event():
                self._event(frame)
            case frames.Heads(heads):
                self.told_heads += 1
                self._left_out = True
                self._live.clear()
                self._told(heads)
            case frames.Ping(n, heads):
                if self._wire is not None:
                    self._wire.send(frames.Pong(n))
                self._told(heads)
            case frames.Bye():
                raise EOFError

    def _told(self, heads: dict[str, int]) -> None:
        for room, head in heads.items():
            if room in self.last:
                self._advance(room, head)

    def _answered(self, cid: str, answer: Ok | Error) -> None:
        if isinstance(answer, Ok):
            result = codec.convert(answer.result, frames.SendResult)
            self.book.write(Acked(cid, result.seq, result.dup))
            self.acked.add(cid)
        else:
            self.book.write(Refused(cid, answer.code))

    def _synced(self, answer: Ok | Error) -> None:
        if isinstance(answer, Error):
            raise EOFError(answer.text)  # noqa: TRY004  # not a wrong type: a refusal
        rooms = codec.convert(answer.result, frames.SyncResult).rooms
        for room in self.last.keys() - {state.room for state in rooms}:
            self._forget(room)
        for state in rooms:
            self._begin_room(state)
            if not self._left_out:
                self._live[state.room] = state.head
        self._online = True
        self._replay()

    def _begin_room(self, state: frames.RoomState) -> None:
        if state.room not in self.last:
            self.last[state.room] = state.head if not state.events else state.events[0].seq - 1
            page = [_seen(event) for event in state.events]
            self.last[state.room] += len(page)
            self.book.write(Restarted(state.room, self.last[state.room], page))
        for event in state.events:
            self._ahead.setdefault(state.room, {})[event.seq] = _seen(event)
        self._advance(state.room, state.head)

    def _replay(self) -> None:
        early, self._early[:] = self._early[:], []
        for event in early:
            self._event(event)

    def _event(self, event: Event) -> None:
        own = event.user == self._user
        if event.room in self._out:
            self.book.write(Leaked(event.room, event.seq))
        if not self._online or event.room not in self.last:
            if self._online and event.kind == frames.LEAVE and own:
                return
            self._early.append(event)
            return
        live = self._live.get(event.room)
        if live is not None and event.seq != live + 1:
            self.book.write(Jumped(event.room, live, event.seq))
        self._live[event.room] = event.seq
        self._ahead.setdefault(event.room, {})[event.seq] = _seen(event)
        self._advance(event.room, event.seq)
        if event.kind == frames.LEAVE and own:
            self._forget(event.room)
        elif event.kind == frames.KICK and self._is_about_me(event):
            self._out.add(event.room)
            self._forget(event.room)

    def _is_about_me(self, event: Event) -> bool:
        about = codec.unpack_body(event.body, frames.AboutBody)
        return about is not None and about.user == self._user

    def _forget(self, room: str) -> None:
        self.book.write(Gone(room))
        for known in (self.last, self._heads, self._live, self._ahead):
            known.pop(room, None)

    def _advance(self, room: str, head: int) -> None:
        """Rule 1: show what follows what was shown; fetch what is missing."""
        ahead = self._ahead.setdefault(room, {})
        shown: list[Seen] = []
        while (seen := ahead.pop(self.last[room] + 1, None)) is not None:
            shown.append(seen)
            self.last[room] += 1
        if shown:
            self.book.write(Shown(room, shown))
        for seq in [seq for seq in ahead if seq <= self.last[room]]:
            del ahead[seq]
        head = self._heads[room] = max(head, self._heads.get(room, 0))
        if head > self.last[room]:
            self._fetch(room)

    def _fetch(self, room: str) -> None:
        if room in self._fetching:
            return
        self._fetching.add(room)

        def fetched(answer: Ok | Error) -> None:
            self._fetching.discard(room)
            if isinstance(answer, Error) or room not in self.last:
                return
            page = codec.convert(answer.result, frames.HistoryResult)
            for event in page.events:
                self._ahead.setdefault(room, {})[event.seq] = _seen(event)
            head = max((event.seq for event in page.events), default=0)
            self._advance(room, head if page.complete else head + 1)

        self._ask(lambda number: frames.History(number, room, after=self.last[room], limit=200), fetched)


def _seen(event: Event) -> Seen:
    return Seen(event.seq, event.user, event.kind, text_of(event.kind, event.body), event.cid)
