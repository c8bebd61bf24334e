"""What the user says, on its way to the server: kept, sent in order, confirmed.

A message is written to the outbox, shown as pending, and sent when there is a connection; it is sent again
with the same cid until the server has stored or refused it, so it arrives once however often the network
breaks. In one room a message is sent only after the one before it is settled: nothing overtakes one that
is repeated. What was written for a room that is another one now is not sent, see `place`. Knows requests and
the outbox, nothing of connections or of what rooms hold.
"""

import asyncio
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Container, Iterable
from contextlib import suppress

from msgspec.structs import replace

from chat_tui.client import updates
from chat_tui.client.errors import ClientError, LostError, RequestError
from chat_tui.client.events import Pending, PendingState
from chat_tui.client.outbox import Outbox
from chat_tui.client.place import UNKNOWN, Place
from protocol import codec, errors, frames, limits
from protocol.errors import LocalProtocolError

RETRY_SECONDS = 1.0
"""Before a message is sent again that the server could not store."""

EVENT_HEAD = 64
"""More bytes than a message's body has beside its text."""

TEMPORARY = frozenset({errors.STORAGE, errors.INTERNAL})
"""Codes after which the same message may be sent again."""

TRIES = 5
"""How often a message is sent at which the server fails for a bug of its own: those behind it wait for it."""


class Sender:
    """See the module. `pending` holds what is not confirmed, by cid, oldest first."""

    def __init__(
        self,
        outbox: Outbox,
        request: Callable[[frames.Send], Awaitable[frames.SendResult]],
        listen: Callable[[updates.Update], None],
        place: Callable[[str], Place] = lambda _: UNKNOWN,
    ) -> None:
        """`place` says what is known of a room now."""
        self.pending: dict[str, Pending] = {entry.cid: entry for entry in outbox.load()}
        self._outbox = outbox
        self._request = request
        self._listen = listen
        self._place = place
        self._connected = False
        self._queues: defaultdict[str, deque[str]] = defaultdict(deque)
        for entry in self.pending.values():
            self._queues[entry.room].append(entry.cid)
        self._sending: dict[str, asyncio.Task[None]] = {}

    def send(
        self,
        room: str,
        text: str,
        kind: str = frames.MESSAGE,
        *,
        target: int | None = None,
        reply: int | None = None,
        off: bool = False,
        limit: int = limits.BODY,
    ) -> Pending:
        """Say or change something: kept on disk, shown as pending, sent now or when there is a connection.

        Raises `ClientError` if its body has over `limit` bytes or the disk refuses; nothing was said then.
        """
        try:
            codec.body(frames.TextBody(text), limit)
        except LocalProtocolError as error:
            raise ClientError(f"too long: {error}. Send it in parts") from error
        now = time.time_ns() // 1_000_000
        cid = secrets.token_hex(12)
        place = self._place(room)
        entry = Pending(cid, room, kind, text, now, target=target, reply=reply, off=off, place=place)
        self._outbox.add(entry)
        self.pending[entry.cid] = entry
        self._queues[room].append(cid)
        self._listen(updates.PendingChanged(room))
        self._start(room)
        return entry

    @staticmethod
    def excess(text: str, limit: int) -> int:
        """By how many bytes a message with this text is longer than `limit`; 0 if it can be said."""
        if 4 * len(text) + EVENT_HEAD < limit:
            return 0
        return max(0, len(codec.pack(frames.TextBody(text))) - limit)

    def in_room(self, room: str) -> list[Pending]:
        """What is not confirmed in a room, oldest first."""
        return [entry for entry in self.pending.values() if entry.room == room]

    def stranded(self, rooms: Container[str]) -> list[Pending]:
        """What was refused in rooms that are none of these: nobody will see it there."""
        return [
            entry for entry in self.pending.values() if entry.state == "failed" and entry.room not in rooms
        ]

    def retry(self, room: str) -> int:
        """Send what was refused in this room again; return how many.

        Who asks for it sees where it would go: words that reach whom they were meant for are for the room as
        it is now. What is said of a certain message stays for the one that it was written of.
        """
        now = self._place(room)
        again = [
            replace(entry, place=now if _plain(entry) and entry.place.same_people(now) else entry.place)
            for entry in self.in_room(room)
            if entry.state == "failed"
        ]
        self._outbox.retry(again)
        for entry in again:
            self._replace(entry, None)
        self._queues[room] = deque(entry.cid for entry in self.in_room(room))
        self._start(room)
        return len(again)

    def discard(self, room: str) -> list[Pending]:
        """Give up what the server refused in this room; return it."""
        failed = [entry for entry in self.in_room(room) if entry.state == "failed"]
        self._outbox.remove(*(entry.cid for entry in failed))
        for entry in failed:
            del self.pending[entry.cid]
        self._listen(updates.PendingChanged(room))
        return failed

    # --- what the client calls

    def resume(self) -> None:
        """There is a connection (again), and it is known what rooms are now: send what waits."""
        self._connected = True
        for room in sorted({entry.room for entry in self.pending.values()}):
            self._start(room)

    def lost(self) -> None:
        """There is no connection: what a room is when there is one again is not known."""
        self._connected = False

    def seen(self, room: str, cids: Iterable[str | None]) -> None:
        """These messages of ours stand in the room now: they are not pending any more."""
        confirmed = [cid for cid in cids if cid is not None and self._confirm(cid)]
        if confirmed:
            self._listen(updates.PendingChanged(room))

    def rename(self, name: str) -> None:
        """The user has another name now."""
        with suppress(ClientError):  # what waits is sent all the same, as long as this program runs
            self._outbox.rename(name)

    def close(self) -> None:
        """Stop sending; what is not confirmed stays in the outbox."""
        for task in self._sending.values():
            task.cancel()
        self._outbox.close()

    # --- inside

    def _start(self, room: str) -> None:
        if self._connected and room not in self._sending:
            self._sending[room] = asyncio.get_running_loop().create_task(self._work(room))

    async def _work(self, room: str) -> None:
        try:
            await self._send_in_order(room)
        finally:
            del self._sending[room]

    async def _send_in_order(self, room: str) -> None:
        failures = 0
        while entry := self._next(room):
            if problem := _misplaced(entry, self._place(room)):
                self._fail(entry, problem)
                continue
            send = frames.Send(1, room, entry.cid, _body(entry), entry.kind, entry.target, entry.reply)
            try:
                await self._request(send)
            except LostError:
                return  # it stays in the outbox; `resume` sends it again, with the same cid
            except RequestError as error:
                if error.retry_after is not None:
                    await asyncio.sleep(error.retry_after / 1000)
                    continue
                failures += error.code == errors.INTERNAL
                if error.code in TEMPORARY and failures < TRIES:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                self._fail(entry, str(error))
            else:
                self.seen(room, [entry.cid])
            failures = 0

    def _next(self, room: str) -> Pending | None:
        queue = self._queues[room]  # to look through all that waits, for each message, takes seconds
        while queue:
            entry = self.pending.get(queue[0])
            if entry is not None and entry.state == "pending":
                return entry
            queue.popleft()
        return None

    def _fail(self, entry: Pending, error: str) -> None:
        with suppress(ClientError):  # after a restart it is sent, and refused, again
            self._outbox.fail(entry.cid, error)
        self._replace(entry, error)

    def _replace(self, entry: Pending, error: str | None) -> None:
        state: PendingState = "pending" if error is None else "failed"
        self.pending[entry.cid] = replace(entry, state=state, error=error or "")
        self._listen(updates.PendingChanged(entry.room))

    def _confirm(self, cid: str) -> bool:
        if self.pending.pop(cid, None) is None:
            return False
        with suppress(ClientError):  # after a restart it is sent again, which its cid makes harmless
            self._outbox.remove(cid)
        return True


def _plain(entry: Pending) -> bool:
    """Whether it means the same wherever it is said."""
    return entry.reply is None and not entry.changes


def _misplaced(entry: Pending, now: Place) -> str:
    """Why it must not be sent, for it would be about another message or to another person; else empty."""
    other = entry.place.other(now)
    if not other or (_plain(entry) and not entry.direct):
        return ""
    if not _plain(entry):
        return f"{other}: that message may be another one now"
    if not entry.place.same_people(now):
        known = f"and this is @{now.partner} now" if now.partner else "with whom you have no such room now"
        return f"{other}: it was for {entry.title}, {known}"
    return f"{other}: see that this is whom you mean, and try again"


def _body(entry: Pending) -> bytes:
    if entry.kind == frames.DELETE:
        return b""
    if entry.kind == frames.REACTION:
        return codec.pack(frames.ReactionBody(entry.text, on=not entry.off))
    return codec.pack(frames.TextBody(entry.text))
