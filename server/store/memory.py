"""The log's twin in memory: for tests of what stands above it. It forgets everything with the process."""

import itertools
import secrets
from collections.abc import Sequence

import msgspec

from protocol import codec, limits, words
from protocol.frames import DELETE, DELETE_ROOM, EDIT, SPOKEN, Event, TextBody
from server.state.entries import AuditRecord, Draft, Entry, gone
from server.state.model import State
from server.store.base import (
    AuditFilter,
    Found,
    Hit,
    Recorded,
    RepeatedError,
    SearchCursor,
    SearchQuery,
    Size,
    Unread,
    fill,
)


class MemoryLog:
    """See `base.Log`."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self._rooms: dict[str, list[Event]] = {}
        self._cids: dict[tuple[int, str], Event] = {}
        self._floors: dict[str, int] = {}
        self._audit: list[AuditRecord] = []
        self._clock_note = b""
        self._audit_removed = 0

    def load(self) -> State:
        """An empty state: nothing is kept."""
        return State()

    def append(self, batch: Sequence[Entry]) -> list[Event | None]:
        """See the port."""
        cids = [
            (entry.user, entry.cid) for entry in batch if isinstance(entry, Draft) and entry.cid is not None
        ]
        if known := {cid: self._cids[cid] for cid in cids if cid in self._cids}:
            raise RepeatedError(known)
        return [self._append(entry) for entry in batch]

    def _append(self, draft: Entry) -> Event | None:
        if not isinstance(draft, Draft):
            if isinstance(draft, AuditRecord):
                self._audit.append(draft)
            return None
        events = self._rooms.setdefault(draft.room, [])
        event = Event(
            room=draft.room,
            seq=len(events) + 1,
            user=draft.user,
            sender=draft.sender,
            kind=draft.kind,
            time=draft.time,
            body=draft.body,
            cid=draft.cid,
            target=draft.target,
            reply=draft.reply,
        )
        events.append(event)
        if draft.audit is not None:
            self._audit.append(draft.audit)
        if draft.cid is not None:
            self._cids[draft.user, draft.cid] = event
        if draft.kind in (DELETE, EDIT) and draft.target is not None:
            self._erase(draft.room, draft.target)
        if draft.kind == DELETE_ROOM:
            self._delete(draft.room)
        return event

    def _erase(self, room: str, target: int) -> None:
        events = self._rooms[room]
        if not any(event.kind == DELETE and event.target == target for event in events):
            return
        for event in tuple(events):
            if event.seq == target or (event.kind == EDIT and event.target == target):
                self._replace(msgspec.structs.replace(event, body=b""))

    def _replace(self, event: Event) -> None:
        self._rooms[event.room][event.seq - 1] = event
        if event.cid is not None:
            self._cids[event.user, event.cid] = event

    def probe(self) -> None:
        """See the port: memory can always be written."""

    def _delete(self, room: str) -> None:
        self._floors.pop(room, None)
        for event in self._rooms.pop(room):
            if event.cid is not None:
                self._cids[event.user, event.cid] = gone(event)

    def purge(self, limit: int) -> bool:  # noqa: ARG002  # a deleted room is gone at once
        """See the port."""
        return False

    def find(self, user: int, cid: str) -> Event | None:
        """See the port."""
        return self._cids.get((user, cid))

    def read(
        self, room: str, *, after: int | None = None, before: int | None = None, limit: int, size: int
    ) -> list[Event]:
        """See the port."""
        start = max(after or 0, self.floor(room))
        events = self._rooms.get(room, [])[start : None if before is None else max(before - 1, 0)]
        newest_first = before is not None
        page: list[Event] = []
        for event in reversed(events) if newest_first else events:
            size -= len(event.body) + limits.EVENT_BYTES
            if len(page) == limit or (page and size < 0):
                break
            page.append(event)
        return page[::-1] if newest_first else page

    def floor(self, room: str) -> int:
        """See the port."""
        return self._floors.get(room, 0)

    def get_message(self, room: str, seq: int) -> Event | None:
        """See the port."""
        events = self._rooms.get(room, [])
        event = events[seq - 1] if 0 < seq <= len(events) else None
        if event is None or event.kind not in SPOKEN:
            return None
        deleted = any(one.kind == DELETE and one.target == seq for one in events)
        return None if deleted else event

    def unread(self, question: Unread, limit: int) -> int:
        """See the port."""
        events = self._rooms.get(question.room, [])[question.seq : question.head]
        silent = {question.user, *question.ignored}
        return min(limit, sum(event.user not in silent and event.kind in SPOKEN for event in events))

    def prune(self, room: str, before: int, limit: int) -> int:
        """See the port."""
        events, floor = self._rooms.get(room, []), self.floor(room)
        old = list(itertools.takewhile(lambda event: event.time < before, events[floor : floor + limit]))
        for event in old:
            self._replace(gone(event))
        self._floors[room] = floor + len(old)
        return len(old)

    def index(self, limit: int) -> bool:  # noqa: ARG002  # what is here is looked through
        """See the port."""
        return False

    def clock_note(self) -> bytes:
        """See the port."""
        return self._clock_note

    def keep_clock_note(self, note: bytes) -> None:
        """See the port."""
        self._clock_note = note

    def tidy(self) -> bool:
        """There is no index."""
        return False

    def search(self, wanted: SearchQuery, seconds: float) -> Found:  # noqa: ARG002  # there is never much
        """See the port."""
        hits: list[Hit] = []
        for room in wanted.rooms:
            low: int | None = None
            for event in reversed(self._rooms.get(room, [])):
                edit = self._last_edit(event)
                body = codec.unpack_body((edit or event).body, TextBody) if event.kind in SPOKEN else None
                if body is None or not words.holds(body.text, wanted.terms):
                    continue
                low = event.time if low is None else min(low, event.time)
                spot = SearchCursor(-low, room, -event.seq)
                if wanted.wants(event.user, event.time) and (wanted.begin is None or spot > wanted.begin):
                    hits.append((spot, event, edit))
        return fill(Found([], []), sorted(hits, key=lambda hit: hit[0]), wanted.limit)

    def _last_edit(self, said: Event) -> Event | None:
        edits = [one for one in self._rooms[said.room] if one.kind == EDIT and one.target == said.seq]
        return edits[-1] if edits else None

    def write_ahead_bytes(self) -> int:
        """There is none."""
        return 0

    def checkpoint(self) -> None:
        """There is nothing to be done."""

    def empty_write_ahead(self) -> bool:
        """It is."""
        return True

    def pause_reading(self) -> None:
        """Likewise."""

    def resume_reading(self) -> None:
        """Likewise."""

    def audit(self, searched: AuditFilter, limit: int) -> list[Recorded]:
        """See the port."""
        first = self._audit_removed + 1
        numbered = [Recorded(number, one) for number, one in enumerate(self._audit, first)]
        return [one for one in numbered if _is_searched(one, searched)][-limit:]

    def prune_audit(self, before: int, limit: int) -> int:
        """See the port."""
        removed = 0
        while self._audit and removed < limit and self._audit[0].time < before:
            self._audit.pop(0)
            removed += 1
        self._audit_removed += removed
        return removed

    def size(self, room: str) -> Size:
        """See the port."""
        stored = self._rooms.get(room, [])[self.floor(room) :]
        return Size(len(stored), sum(len(event.body) for event in stored))

    def close(self) -> None:
        """Nothing to let go of."""


def _is_searched(recorded: Recorded, searched: AuditFilter) -> bool:
    number, one = recorded
    return (
        one.time >= searched.since
        and (searched.before is None or number < searched.before)
        and (searched.user is None or one.actor == searched.user[0] or one.target == searched.user[1])
        and searched.room in ("", one.room)
        and searched.action in ("", one.action)
    )
