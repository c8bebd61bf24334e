"""What a room's log shows: rows in order, and where its reader is.

Knows events of a room, pending messages and local notices, and makes rows of them: days get a line,
arrivals and departures are condensed, an author's consecutive messages are grouped. Knows nothing of
widths, styles or widgets, and never asks for events by itself.

Rows are addressed by keys: whole numbers that grow by one from row to row. Rows are added at both ends,
so the key of a stored row never changes; pending messages stand after all stored rows and have the keys
that follow.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Literal

from chat_tui.client.events import Pending, PendingState, RoomEvent
from protocol import frames
from protocol.text import clean_text

GROUP_MS = 5 * 60_000
"""Messages of one author further apart than this are not grouped."""

_MINUTE_MS = 60_000
NAMES_SHOWN = 20
"""Names of each kind in one activity row; the others are counted."""

# Times beyond these can't be shown in every time zone (or not at all, on Windows).
_EARLIEST = 2 * 86_400_000
_LATEST = 253_402_300_799_000 - 2 * 86_400_000

# Every offset from UTC is a multiple of this, so all its moments are of one local day.
_QUARTER_MS = 15 * 60_000

NoticeKind = Literal["info", "error"]
State = Literal["stored"] | PendingState


@dataclass(slots=True, eq=False)
class Message:
    """Something a person said. `grouped`: the author's name stands above already."""

    time: int
    seq: int
    user: int
    name: str
    text: str
    action: bool = False
    mine: bool = False
    state: State = "stored"
    error: str = ""
    grouped: bool = False
    show_time: bool = True


@dataclass(slots=True, eq=False)
class DayLine:
    """Stands before the first row of each day. `time` is that row's."""

    time: int
    day: date


@dataclass(slots=True)
class _Stay:
    """What one person did during a run of activity: only its begin and its end count."""

    name: str
    was_in: bool
    created: bool
    new_name: str
    is_in: bool


@dataclass(slots=True, eq=False)
class Activity:
    """A run of arrivals, departures and new names. `revision` counts its changes."""

    time: int
    people: dict[int, _Stay] = field(default_factory=dict)
    revision: int = 0

    def absorb(self, later: "Activity") -> None:
        """Continue this run with a later one."""
        for user, stay in later.people.items():
            known = self.people.get(user)
            if known is None:
                self.people[user] = stay
            else:
                known.new_name, known.is_in = stay.new_name, stay.is_in
        self.revision += 1

    def text(self) -> str:
        """The run condensed: `+ alice, bob  − carol  dave → dan`; `±` came and went (or back)."""
        created: list[str] = []
        joined: list[str] = []
        left: list[str] = []
        renamed: list[str] = []
        both: list[str] = []
        for stay in self.people.values():
            if stay.created:
                created.append(stay.name)
            elif stay.was_in != stay.is_in:
                (joined if stay.is_in else left).append(stay.new_name)
            elif stay.is_in and stay.name != stay.new_name:
                renamed.append(f"{stay.name} → {stay.new_name}")
            else:
                both.append(stay.new_name)
        parts = [
            f"{sign}{_listed(names)}"
            for sign, names in (
                ("created by ", created),
                ("+ ", joined),
                ("− ", left),
                ("", renamed),
                ("± ", both),
            )
            if names
        ]
        return "  ".join(parts)


@dataclass(slots=True, eq=False)
class Info:
    """A line (or several) that nobody said: a new topic, or something local (`local`)."""

    time: int
    text: str
    kind: NoticeKind = "info"
    local: bool = False


Row = Message | DayLine | Activity | Info


@dataclass(slots=True)
class View:
    """The reader's place: at the bottom (`following`), or `line` lines into row `row` at the top.

    `line` may be negative (lines of earlier rows above this one) and out of the row's range: whoever
    knows the heights puts it right. `char` and `width` say for which wrapping `line` was meant.
    """

    following: bool = True
    row: int = 0
    line: int = 0
    char: int = 0
    width: int = 0


class Timeline:
    """The log of one room."""

    def __init__(self, room: str, me: int = 0, my_name: str = "", tz: tzinfo | None = None) -> None:
        """`me` is the own user id, `tz` the zone of days and times (None: this computer's)."""
        self.room = room
        self.title = room
        """What people call the room."""
        self.me = me
        self.my_name = my_name
        self.loading = False
        """Whether older events are on their way."""
        self.unseen = 0
        """Messages of others that came while the reader was not at the bottom."""
        self.view = View()
        self.generation = 0
        """Counts the times when the rows were replaced; keys of another generation mean nothing."""
        self.cleared = False
        """Whether `clear` has hidden what was before."""
        self._has_older = False
        self._tz = tz
        # `_front` is in falling order: the row of key -1 comes first. It always holds the first two rows
        # (a day line and what follows it), which are the ones that `prepend` may have to redo.
        self._front: list[Row] = []
        self._back: list[Row] = []
        self._tail: list[Row] = []
        self._pending: Sequence[Pending] = ()
        self._first_seq = 0
        self._last_seq = 0
        self._names: dict[str, str] = {}
        self._quarter = -1
        self._quarter_day = date.min

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
        return self._local(row.time).strftime("%H:%M")

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
        self._add(row for event in fresh if (row := self._row_of(event)) is not None)
        if not self.view.following:
            self.unseen += sum(event.spoken and event.user != self.me for event in fresh)
        self._redo_tail()

    def prepend(self, events: Iterable[RoomEvent]) -> None:
        """Add an older page, in rising order. After `clear` it is ignored."""
        older = [event for event in events if event.seq < self._first_seq or not self._first_seq]
        if self.cleared or not older:
            return
        self._first_seq = older[0].seq
        self._last_seq = max(self._last_seq, older[-1].seq)
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
        self._redo_tail()

    def reset(self, events: Iterable[RoomEvent]) -> None:
        """Replace all stored events. Local notices stay, between the events of their time."""
        place = self._place()
        notices = [row for row in self.rows if isinstance(row, Info) and row.local]
        self._empty()
        self.cleared = False
        self._first_seq = self._last_seq = 0
        rows: list[Row] = []
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
        self._redo_tail()
        self._restore(place)

    def set_pending(self, pending: Sequence[Pending]) -> None:
        """Replace the messages that are not confirmed yet."""
        self._pending = tuple(pending)
        self._redo_tail()

    def notice(self, text: str, kind: NoticeKind, time_ms: int) -> None:
        """Add a local text (the answer of a command, an error) after what is here now."""
        self._add([Info(_clamped(time_ms), clean_text(text), kind, local=True)])
        self._redo_tail()

    def clear(self) -> None:
        """Hide everything up to now."""
        self._empty()
        self.cleared = True
        self.view.following = True
        self.unseen = 0
        self._redo_tail()

    def follow(self) -> None:
        """Put the reader at the bottom: everything is seen."""
        self.view.following = True
        self.unseen = 0

    # --- rows -------------------------------------------------------------------------------------

    def _row_of(self, event: RoomEvent) -> Row | None:
        """The row of an event standing alone; None for kinds that this client doesn't show."""
        time = _clamped(event.time)
        name = self._names.setdefault(event.sender, event.sender)
        match event.kind:
            case frames.MESSAGE | frames.ACTION:
                action = event.kind == frames.ACTION
                return Message(time, event.seq, event.user, name, event.text, action, event.user == self.me)
            case frames.CREATE if self.title.startswith("@"):
                return None  # the room of two is simply there
            case frames.JOIN | frames.CREATE | frames.LEAVE | frames.NICK:
                was_in = event.kind in {frames.LEAVE, frames.NICK}
                is_in = event.kind != frames.LEAVE
                new_name = event.text if event.kind == frames.NICK else name
                stay = _Stay(name, was_in, event.kind == frames.CREATE, new_name, is_in)
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
        day = self._day(row.time)
        if last is None or self._day(last.time) != day:
            last = DayLine(row.time, day)
            out.append(last)
        if isinstance(row, Activity) and isinstance(last, Activity):
            last.absorb(row)
            return last
        if isinstance(row, Message) and isinstance(last, Message) and _same_group(last, row):
            row.grouped = True
            row.show_time = row.time // _MINUTE_MS != last.time // _MINUTE_MS
        out.append(row)
        return row

    def _redo_tail(self) -> None:
        tail: list[Row] = []
        last = self._last_stored()
        for pending in self._pending:
            row = Message(
                _clamped(pending.time),
                0,
                self.me,
                self.my_name,
                clean_text(pending.text),
                action=pending.kind == frames.ACTION,
                mine=True,
                state=pending.state,
                error=pending.error,
            )
            last = self._join(tail, last, row)
        self._tail = tail

    def _empty(self) -> None:
        self._front, self._back, self._tail = [], [], []
        self.generation += 1

    # --- days -------------------------------------------------------------------------------------

    def _local(self, time: int) -> datetime:
        return datetime.fromtimestamp(time / 1000, tz=UTC).astimezone(self._tz)

    def _day(self, time: int) -> date:
        quarter = time // _QUARTER_MS
        if quarter != self._quarter:
            self._quarter = quarter
            self._quarter_day = self._local(quarter * _QUARTER_MS).date()
        return self._quarter_day

    # --- the reader's place -----------------------------------------------------------------------

    def _keep_place(self, kept: int) -> None:
        """Hold on to row `kept` if the reader saw what stood before it, which `prepend` has redone.

        A header and a day line are one line each.
        """
        view = self.view
        if not view.following and view.row < kept:
            view.line -= kept - view.row
            view.row = kept
            view.char = view.width = 0

    def _place(self) -> int:
        """The seq of the message that the reader sees first, 0 at the bottom."""
        view = self.view
        if not view.following:
            for key in range(max(view.row, self.first), self.end):
                row = self.row(key)
                if isinstance(row, Message) and row.seq:
                    return row.seq
        return 0

    def _restore(self, seq: int) -> None:
        if seq:
            for key in range(self.first, self.end):
                row = self.row(key)
                if isinstance(row, Message) and row.seq >= seq:
                    self.view = View(following=False, row=key)
                    return
        self.follow()


def _same_group(last: Message, row: Message) -> bool:
    same_author = last.user == row.user and last.name == row.name
    return same_author and not (last.action or row.action) and abs(row.time - last.time) <= GROUP_MS


def _clamped(time: int) -> int:
    return min(max(time, _EARLIEST), _LATEST)


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    if more > 0:
        return f"{', '.join(names[:NAMES_SHOWN])} and {more:,} more"
    return ", ".join(names)
