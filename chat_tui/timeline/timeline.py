"""What a room's log shows: rows in order, and where its reader is.

Knows events of a room, pending messages and local notices, and makes rows of them: days get a line,
arrivals and departures are condensed, an author's consecutive messages are grouped. Messages can be
changed later (see `changes`). Knows nothing of widths, styles or widgets, and never asks for
events by itself.

Rows are addressed by keys: whole numbers that grow by one from row to row. Rows are added at both ends,
so the key of a stored row never changes; pending messages stand after all stored rows and have the keys
that follow.
"""

from collections.abc import Collection, Iterable, Sequence
from copy import copy
from datetime import tzinfo

from chat_tui.client.events import Pending, RoomEvent
from chat_tui.local_time import LocalTime, clamped
from chat_tui.timeline.changes import Changes
from chat_tui.timeline.rows import Activity, DayLine, Info, Message, NoticeKind, Row, Stay
from chat_tui.timeline.scroll_anchor import ScrollAnchor
from protocol import frames
from protocol.names import fold
from protocol.text import clean_text

_MINUTE_MS = 60_000

_REMADE = -1


class Timeline:
    """The log of one room."""

    def __init__(
        self,
        room: str,
        me: int = 0,
        my_name: str = "",
        tz: tzinfo | None = None,
        ignored: Collection[int] = (),
    ) -> None:
        """`me` is the own user id, `tz` the zone of days and times (None: this computer's). What `ignored`
        users say has no row; call `judge_anew` when they are others."""
        self.room = room
        self._ignored = ignored
        self.title = room
        """What people call the room."""
        self.me = me
        self.my_name = my_name
        self.loading = False
        """Whether older events are on their way."""
        self.unseen = 0
        """Messages of others that the reader has not had on the screen: they are below."""
        self.view = ScrollAnchor()
        self.generation = 0
        """Counts the times when the rows were replaced; keys of another generation mean nothing."""
        self.cleared = False
        """Whether `clear` has hidden what was before."""
        self.pruned = False
        """Whether the server has removed what was before the first event."""
        self.people: set[str] = set()
        """Everybody who may be called by name here, folded. It only grows."""
        self.ruler: int | None = None
        """The key of the message with which the new ones begin; see `set_ruler`."""
        self._cleared_to = 0
        self._has_older = False
        self._times = LocalTime(tz)
        # `_front` is in falling order: the row of key -1 comes first. It always holds the first two rows
        # (a day line and what follows it), which are the ones that `prepend` may have to redo.
        self._front: list[Row] = []
        self._back: list[Row] = []
        self._tail: list[Row] = []
        self._pending: Sequence[Pending] = ()
        self._first_seq = 0
        self._last_seq = 0
        self._seen = 0
        self._read: int | None = None
        self.changes = Changes(self.message, self._touched, ignored)
        self._names: dict[str, str] = {}

    # --- reading ----------------------------------------------------------------------------------

    @property
    def first(self) -> int:
        """The key of the first row."""
        return -len(self._front)

    @property
    def end(self) -> int:
        """The key after the last row."""
        return len(self._back) + len(self._tail)

    def __len__(self) -> int:
        """The number of rows."""
        return self.end - self.first

    @property
    def last_seq(self) -> int:
        """The newest event that was added, whether or not it has a row."""
        return self._last_seq

    @property
    def first_seq(self) -> int:
        """The oldest event that was added, likewise; 0 if there is none."""
        return self._first_seq

    def row(self, key: int) -> Row:
        """The row of a key in `range(first, end)`."""
        if key < 0:
            return self._front[-key - 1]
        stored = len(self._back)
        return self._back[key] if key < stored else self._tail[key - stored]

    @property
    def rows(self) -> list[Row]:
        """All rows; for tests and small logs."""
        return [*reversed(self._front), *self._back, *self._tail]

    @property
    def has_older(self) -> bool:
        """Whether older events exist that are not here. After `clear` none do until `reset`."""
        return self._has_older and not self.cleared

    @has_older.setter
    def has_older(self, value: bool) -> None:
        self._has_older = value

    def clock(self, row: Row) -> str:
        """The local time of a row, `HH:MM`."""
        return self._times.clock(row.time)

    # --- changing ---------------------------------------------------------------------------------

    def append(self, events: Iterable[RoomEvent]) -> None:
        """Add newer events. Events that are here already are ignored."""
        fresh = []
        for event in events:
            if event.seq > self._last_seq:
                fresh.append(event)
                self._last_seq = event.seq
        if not fresh:
            return
        if not self._first_seq:
            self._first_seq = fresh[0].seq
        self.changes.take(fresh)
        self._add(row for event in fresh if (row := self._row_of(event)) is not None)
        if self.view.following:
            self._seen = self._last_seq
        else:
            silent = {self.me, *self._ignored}
            self.unseen += sum(event.spoken and event.user not in silent for event in fresh)
        self._redo_tail()

    def prepend(self, events: Iterable[RoomEvent]) -> None:
        """Add an older page, in rising order. After `clear` it is ignored."""
        older = [event for event in events if event.seq < self._first_seq or not self._first_seq]
        if self.cleared or not older:
            return
        self._first_seq = older[0].seq
        self._last_seq = max(self._last_seq, older[-1].seq)
        self.changes.take(older, older=True)
        out: list[Row] = []
        for event in older:
            row = self._row_of(event)
            if row is not None:
                self._join(out, out[-1] if out else None, row)
        if not out:
            return
        if not self._front:
            self._store(out)
        else:
            self._front.pop()
            kept = -len(self._front)
            # A copy, for it may be grouped now, and what has been seen never changes unnoticed.
            self._join(out, out[-1], copy(self._front.pop()))
            self._front.extend(reversed(out))
            self._keep_place(kept)
        if self.ruler is None:
            self._draw_ruler()
        self._redo_tail()

    def reset(self, events: Iterable[RoomEvent]) -> None:
        """Replace all stored events. Local notices stay, between the events of their time."""
        place = self._place()
        notices = [row for row in self.rows if isinstance(row, Info) and row.local]
        self._empty()
        self.changes.clear()
        self.cleared = False
        self._first_seq = self._last_seq = 0
        rows: list[Row] = []
        self.changes.take(events := list(events))
        for event in events:
            self._first_seq = self._first_seq or event.seq
            if event.seq <= self._last_seq:
                continue
            self._last_seq = event.seq
            row = self._row_of(event)
            if row is None:
                continue
            while notices and notices[0].time < row.time:
                rows.append(notices.pop(0))
            rows.append(row)
        self._add([*rows, *notices])
        self._draw_ruler()
        self._redo_tail()
        self._restore(place)

    def judge_anew(self, events: Iterable[RoomEvent]) -> None:
        """Others are ignored than before; these are the events. What is cleared stays so."""
        cleared, newest = self.cleared, self._last_seq
        self.reset(event for event in events if event.seq > self._cleared_to or not cleared)
        self.cleared, self._last_seq = cleared, newest

    def set_pending(self, pending: Sequence[Pending]) -> None:
        """Replace the messages that are not confirmed yet."""
        self._pending = [entry for entry in pending if not entry.changes]
        self.changes.set_waiting(entry for entry in pending if entry.changes)
        self._redo_tail()

    def notice(self, text: str, kind: NoticeKind, time_ms: int) -> None:
        """Add a local text (the answer of a command, an error) after what is here now."""
        self._add([Info(clamped(time_ms), clean_text(text), kind, local=True)])
        self._redo_tail()

    def clear(self) -> None:
        """Hide everything up to now."""
        self._empty()
        self._read = None
        self.cleared = True
        self._cleared_to = self._last_seq
        self.follow()
        self._redo_tail()

    def know(self, names: Iterable[str]) -> None:
        """These people are here, whether or not they have said anything."""
        for name in names:
            if name not in self._names:
                self._names[name] = name
                self.people.add(fold(name))

    # --- where the new begins

    def set_ruler(self, read: int) -> None:
        """Everything after `read` is new: mark the first message of somebody else after it.

        If that is on an older page, it is marked as soon as it comes.
        """
        self.clear_ruler()
        self._read = read
        self._draw_ruler()

    def clear_ruler(self) -> None:
        """Nothing is new any more."""
        if self.ruler is not None:
            row = self.row(self.ruler)
            if isinstance(row, Message):
                row.ruler = False
                self._touch(self.ruler, row)
        self.ruler = self._read = None

    def show_ruler(self) -> None:
        """Put the reader where the new begins, a little below the top; as near as may be, if that is on an
        older page; where nothing is new, at the bottom."""
        if self._read is None or (self.ruler is None and not self.seeks_ruler):
            self.follow()
            return
        found = self.ruler is not None
        self.view = ScrollAnchor(
            following=False, row=self.first if self.ruler is None else self.ruler, lowered=found
        )
        self._seen = self._read
        self._count_unseen()

    @property
    def seeks_ruler(self) -> bool:
        """Whether the new begins on an older page."""
        return self._read is not None and self.has_older and self._first_seq > self._read + 1

    def _draw_ruler(self) -> None:
        self.ruler = None
        read = self._read
        if read is None or self.seeks_ruler:
            return
        for key in range(self._key_from(read + 1), len(self._back)):
            row = self.row(key)
            if isinstance(row, Message) and not row.mine:
                self.ruler, row.ruler = key, True
                self._touch(key, row)
                return

    # --- one message

    def key_of(self, seq: int) -> int | None:
        """The key of a message; None if it is not here."""
        key = self._key_from(seq)
        return key if key < len(self._back) and self._seq(key) == seq else None

    def message(self, seq: int) -> Message | None:
        """The row of a message; None if it is not here."""
        key = self.key_of(seq)
        row = self.row(key) if key is not None else None
        return row if isinstance(row, Message) else None

    def _touched(self, seq: int) -> None:
        key = self.key_of(seq)
        if key is not None and isinstance(row := self.row(key), Message):
            self._touch(key, row)

    def _touch(self, key: int, row: Message) -> None:
        row.revision += 1
        if key == self.view.row and self.view.width:
            self.view.width = _REMADE  # the reader's line may be another now: it is found by its character

    def show_message(self, seq: int) -> bool:
        """Put the reader at a message, a little below the top, and mark it; whether it is here."""
        key = self.key_of(seq)
        if key is not None and self.mark(seq, on=True):
            self.view = ScrollAnchor(following=False, row=key, lowered=True)
        return key is not None

    def mark(self, seq: int, *, on: bool) -> bool:
        """Mark a message, or mark it no longer; whether it is here."""
        row = self.message(seq)
        if row is not None:
            row.marked = on
            self._touched(seq)
        return row is not None

    # --- what was seen

    def follow(self) -> None:
        """Put the reader at the bottom: everything is seen."""
        self.view.following = True
        self._seen = self._last_seq
        self.unseen = 0

    def saw(self, key: int) -> None:
        """The reader has had the rows up to this one on the screen."""
        if not self.unseen:
            return
        newest = self._seen
        for at in range(min(key, len(self._back) - 1), self.first - 1, -1):
            row = self.row(at)
            if isinstance(row, Message):
                if row.seq <= self._seen:
                    break
                newest = max(newest, row.seq)
                self.unseen -= not row.mine
        self._seen = newest

    def _count_unseen(self) -> None:
        self._seen = min(self._seen, self._last_seq)
        below = (self.row(key) for key in range(self._key_from(self._seen + 1), len(self._back)))
        self.unseen = sum(isinstance(row, Message) and not row.mine for row in below)

    # --- rows -------------------------------------------------------------------------------------

    def _row_of(self, event: RoomEvent) -> Row | None:
        """The row of an event standing alone; None for what this client doesn't show."""
        time = clamped(event.time)
        name = self._name(event.sender)
        match event.kind:
            case frames.MESSAGE | frames.ACTION if event.user in self._ignored:
                return None
            case frames.MESSAGE | frames.ACTION:
                action = event.kind == frames.ACTION
                row = Message(time, event.seq, event.user, name, event.text, action, event.user == self.me)
                row.deleted = not event.text
                self.changes.begin(row, event.reply)
                return row
            case kind if kind in frames.CHANGES:
                return None  # its target shows it
            case frames.CREATE if self.title.startswith("@"):
                return None  # the room of two is simply there
            case frames.JOIN | frames.CREATE | frames.LEAVE | frames.NICK:
                was_in = event.kind in {frames.LEAVE, frames.NICK}
                is_in = event.kind != frames.LEAVE
                new_name = event.text if event.kind == frames.NICK else name
                stay = Stay(name, was_in, event.kind == frames.CREATE, new_name, is_in)
                return Activity(time, {event.user: stay})
            case frames.TOPIC:
                text = (
                    f"{name} changed the topic to: {event.text}"
                    if event.text
                    else f"{name} removed the topic"
                )
                return Info(time, text)
            case _ if event.text:  # what was done, in words
                return Info(time, f"{name} {event.text}")
        return None

    def _name(self, name: str) -> str:
        """The one string for a name that many rows have."""
        if name not in self._names:
            self.know((name,))
        return self._names[name]

    def _key_from(self, seq: int) -> int:
        """The key of the first message with this number or a higher one; else the end of what is stored."""
        low, high = self.first, len(self._back)
        while low < high:
            middle = (low + high) // 2
            at = self._next_message(middle, high)
            if at < high and self._seq(at) < seq:
                low = at + 1
            else:
                high = middle
        return self._next_message(low, len(self._back))

    def _next_message(self, key: int, end: int) -> int:
        while key < end and not self._seq(key):
            key += 1
        return key

    def _seq(self, key: int) -> int:
        row = self.row(key)
        return row.seq if isinstance(row, Message) else 0

    def _add(self, rows: Iterable[Row]) -> None:
        out: list[Row] = self._back if self._front else []
        last = self._last_stored()
        for row in rows:
            last = self._join(out, last, row)
        if out and not self._front:
            self._store(out)

    def _store(self, rows: list[Row]) -> None:
        """Take the first rows of an empty log."""
        self._front = [rows[1], rows[0]]
        self._back = rows[2:]

    def _last_stored(self) -> Row | None:
        if self._back:
            return self._back[-1]
        return self._front[0] if self._front else None

    def _join(self, out: list[Row], last: Row | None, row: Row) -> Row:
        """Put `row` after `last`, which ends `out` or what `out` continues. The row that is last then."""
        day = self._times.day(row.time)
        if last is None or self._times.day(last.time) != day:
            last = DayLine(row.time, day)
            out.append(last)
        if isinstance(row, Activity) and isinstance(last, Activity):
            last.absorb(row)
            return last
        if isinstance(row, Message) and isinstance(last, Message) and row.continues(last):
            row.grouped = True
            row.show_time = row.time // _MINUTE_MS != last.time // _MINUTE_MS
        out.append(row)
        return row

    def _redo_tail(self) -> None:
        self.changes.settle()
        tail: list[Row] = []
        last = self._last_stored()
        shown = [(pending, clean_text(pending.text)) for pending in self._pending]
        for pending, text in sorted([*shown, *self.changes.homeless()], key=lambda one: one[0].time):
            row = Message(
                clamped(pending.time),
                0,
                self.me,
                self.my_name,
                text,
                action=pending.kind == frames.ACTION,
                mine=True,
                state=pending.state,
                error=pending.error,
                quote=self.changes.quote_of(pending.reply) if pending.reply is not None else None,
            )
            last = self._join(tail, last, row)
        self._tail = tail

    def _empty(self) -> None:
        self._front, self._back, self._tail = [], [], []
        self.ruler = None
        self.generation += 1

    # --- the reader's place -----------------------------------------------------------------------

    def _keep_place(self, kept: int) -> None:
        """Hold on to row `kept` if the reader saw what stood before it, which `prepend` has redone: a header
        or a day line, of one line each."""
        view = self.view
        if not view.following and view.row < kept:
            view.line -= kept - view.row
            view.row = kept
            view.char = view.width = 0

    def _place(self) -> int:
        """The seq of the message that the reader sees first, 0 at the bottom."""
        stored = len(self._back)
        key = stored if self.view.following else self._next_message(max(self.view.row, self.first), stored)
        return self._seq(key) if key < stored else 0

    def _restore(self, seq: int) -> None:
        key = self._key_from(seq)
        if seq and key < len(self._back):
            self.view = ScrollAnchor(following=False, row=key)
            self._count_unseen()
        else:
            self.follow()
