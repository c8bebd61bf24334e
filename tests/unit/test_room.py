"""The model of a room: whatever comes in whatever order, the same is shown in the end."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat_tui.client.events import RoomEvent, from_wire
from chat_tui.client.mentions import MentionMatcher
from chat_tui.client.room import AHEAD, Room
from protocol import codec, frames
from protocol.frames import Event, RoomState
from tests.support.work import calls_made

ROOM = "#room"
ME, OTHER = 1, 2
MEMBERS = 100

Kind = tuple[str, int]
KINDS = st.sampled_from(
    [
        (kind, user)
        for kind in (frames.MESSAGE, frames.TOPIC, frames.JOIN, frames.LEAVE)
        for user in (ME, OTHER)
    ]
    + [(frames.MESSAGE, OTHER)] * 4
)


def decoded(events: Iterable[Event]) -> list[RoomEvent]:
    """As the client has them."""
    return [from_wire(event) for event in events]


@dataclass
class Log:
    """A room as its server has it: every answer it can give, of any moment."""

    kinds: list[Kind]
    events: list[Event] = field(init=False)
    floor: int = 0

    def __post_init__(self) -> None:
        self.events = [_event(seq, kind, user) for seq, (kind, user) in enumerate(self.kinds, 1)]

    def between(self, after: int, before: int) -> list[Event]:
        return self.events[max(after, self.floor) : max(after, before - 1)]

    def topic(self, head: int) -> str:
        topics = [f"topic {event.seq}" for event in self.events[:head] if event.kind == frames.TOPIC]
        return topics[-1] if topics else ""

    def members(self, head: int) -> int:
        kinds = [event.kind for event in self.events[:head]]
        return MEMBERS + kinds.count(frames.JOIN) - kinds.count(frames.LEAVE)

    def unread(self, read: int, head: int) -> int:
        after = max(min(read, head), self.floor)
        return sum(event.kind == frames.MESSAGE and event.user != ME for event in self.events[after:head])

    def calls(self, read: int, after: int, head: int) -> set[int]:
        """The messages of others that name the user, as far as they are unread and held."""
        said = self.events[max(read, after) : head]
        return {one.seq for one in said if one.kind == frames.MESSAGE and one.user != ME and one.seq % 3 == 0}

    def state(self, head: int, cursor: int | None = None, limit: int = 5, read: int = 0) -> RoomState:
        events = self.between(max(cursor or 0, head - limit), head + 1)
        return RoomState(
            room=ROOM,
            head=head,
            topic=self.topic(head),
            members=self.members(head),
            read=read,
            unread=self.unread(read, head),
            events=events,
            complete=(events[0].seq if events else head + 1) <= max(cursor or 0, self.floor) + 1,
            floor=self.floor,
        )


def _event(seq: int, kind: str, user: int) -> Event:
    body = b""
    if kind == frames.MESSAGE:
        body = codec.pack(frames.TextBody(f"text {seq}" + ", user1?" * (seq % 3 == 0)))
    elif kind == frames.TOPIC:
        body = codec.pack(frames.TopicBody(f"topic {seq}"))
    return Event(ROOM, seq, user, f"user{user}", kind, seq, body)


def _whole(room: Room, log: Log) -> None:
    """One run of the log's own events, without a gap or a double."""
    assert [event.seq for event in room.events] == list(range(room.base + 1, room.last + 1))
    for shown, stored in zip(room.events, log.events[room.base : room.last], strict=True):
        assert (shown.kind, shown.user, shown.time) == (stored.kind, stored.user, stored.time)


class Play:
    """Gives a room everything that a server could answer, in an order that Hypothesis chooses."""

    def __init__(self, data: st.DataObject, log: Log, fill: int) -> None:
        self.data = data
        self.log = log
        self.end = len(log.events)
        self.fill = fill
        self.room = Room(ROOM, ME, calls=MentionMatcher("user1"))
        self.cursors = [0]
        self.bases = [0]
        self.read = 0
        self.shown: list[int] = []
        self.guessed = False
        """Whether the unread count may have had to be a guess."""

    def seq(self, lowest: int = 1) -> int:
        return self.data.draw(st.integers(lowest, self.end))

    def one_of(self, values: list[int]) -> int:
        return self.data.draw(st.sampled_from(values))

    def step(self) -> None:
        name = self.data.draw(
            st.sampled_from(["event", "event", "event", "state", "after", "before", "mark", "prune"])
        )
        getattr(self, name)()
        self.cursors.append(self.room.last)
        self.bases.append(self.room.base)
        _whole(self.room, self.log)
        held = [event.seq for event in self.room.events]
        assert self.shown == held, "what was told is not what is held"
        assert self.room.head >= self.room.last
        room = self.room
        calls = self.log.calls(room.read, room.base, room.last)
        assert {seq for seq in room.called if seq > room.base} == calls
        assert all(room.read < seq <= room.last for seq in room.called)

    def event(self) -> None:
        self._receive(self.log.events[self.seq() - 1])

    def _receive(self, event: Event) -> None:
        self.shown += [new.seq for new in self.room.receive(event)]

    def state(self) -> None:
        """An answer to a `sync` or a `join` that was asked for earlier: it may be older than what we have."""
        cursor = self.one_of(self.cursors)
        head = self.seq(max(1, cursor, self.log.floor))
        read = min(self.data.draw(st.integers(0, self.read)), head)
        loaded, lowest = self.room.loaded, self.room.base
        state = self.log.state(head, cursor, self.data.draw(st.integers(0, 6)), read)
        self.guessed |= loaded and read > self.room.read and read < lowest
        if self.room.skip(state.floor):
            self.shown = []
        fresh = self.room.state(state, fill=self.fill)
        if fresh is None:
            self.guessed |= loaded
            self.shown = [event.seq for event in self.room.events]
        else:
            self.shown += [new.seq for new in fresh]

    def after(self) -> None:
        self._history(self.one_of(self.cursors), self.data.draw(st.integers(1, 8)))

    def _history(self, cursor: int, count: int) -> None:
        if self.log.floor > self.room.last:  # then the client asks for the state
            if self.room.skip(self.log.floor):
                self.shown = []
            fresh = self.room.state(self.log.state(self.end, cursor, read=self.read), fill=self.fill)
            self.shown = [event.seq for event in self.room.events]
            assert fresh is None or [new.seq for new in fresh] == self.shown
            return
        start = max(cursor, self.log.floor)
        for event in self.log.between(cursor, start + 1 + count):
            self._receive(event)

    def before(self) -> None:
        base = self.one_of(self.bases)
        if self.room.loaded:
            older = self.room.before(decoded(self.log.between(max(0, base - 4), base + 1)))
            self.shown[:0] = [event.seq for event in older]

    def mark(self) -> None:
        """Read here or on another device; the server may have heard of it, or not yet."""
        seq = self.data.draw(st.integers(0, self.room.head))
        self.guessed |= self.room.read < seq < self.room.base
        before = self.room.read
        assert self.room.mark(seq) == (seq > before)
        if self.data.draw(st.booleans()):
            self.read = max(self.read, self.room.read)

    def prune(self) -> None:
        """The server removes its oldest events; a client that holds them goes on holding them."""
        self.log.floor = self.seq(max(1, self.log.floor))

    def finish(self) -> None:
        """Fetch what is missing, as the client does."""
        self.room.head = max(self.room.head, self.end)
        while self.room.missing:
            before = self.room.last
            self._history(before, 7)
            assert self.room.last > before
        _whole(self.room, self.log)


@given(st.data(), st.lists(KINDS, min_size=1, max_size=40), st.sampled_from([4, 1000]))
def test_any_order_ends_in_the_same_room(data: st.DataObject, kinds: list[Kind], fill: int) -> None:
    play = Play(data, Log(kinds), fill)
    play.state()
    for _ in range(data.draw(st.integers(0, 25))):
        play.step()
    play.finish()
    room, log, end = play.room, play.log, play.end
    assert (room.last, room.head, room.ahead) == (end, end, {})
    assert (room.topic, room.members) == (log.topic(end), log.members(end))
    assert room.unread >= log.unread(room.read, end)
    if not log.floor and (not play.guessed or room.read >= room.base):  # else it may count what is gone
        assert room.unread == log.unread(room.read, end)
    room.state(log.state(end, end, read=room.read))
    assert room.unread == log.unread(room.read, end)


@given(st.permutations(range(1, 13)), st.lists(KINDS, min_size=12, max_size=12))
def test_events_in_any_order_without_any_answer(order: list[int], kinds: list[Kind]) -> None:
    log = Log(kinds)
    room = Room(ROOM, ME, members=MEMBERS, loaded=True)
    told = [new.seq for seq in (*order, *order) for new in room.receive(log.events[seq - 1])]
    assert told == list(range(1, 13))
    assert (room.topic, room.members, room.unread) == (log.topic(12), log.members(12), log.unread(0, 12))


def test_what_is_pruned_behind_what_is_held_changes_nothing() -> None:
    log = Log([(frames.MESSAGE, OTHER)] * 20)
    room = Room(ROOM, ME)
    room.state(log.state(10, limit=10))
    log.floor = 5
    assert not room.skip(5)
    assert len(room.state(log.state(20, 10, limit=50)) or ()) == 10
    assert (room.base, room.last, room.missing, room.has_older) == (0, 20, False, False)


def test_what_is_pruned_before_it_was_seen_is_skipped() -> None:
    log = Log([(frames.MESSAGE, OTHER)] * 20)
    room = Room(ROOM, ME)
    room.state(log.state(10, limit=10))
    log.floor = 12
    state = log.state(20, 10, limit=3)
    assert room.skip(12)
    assert room.state(state) == []
    assert (room.events, room.base, room.missing, room.unread) == ([], 12, True, 8)
    for event in log.between(12, 21):
        room.receive(event)
    assert (room.base, room.last, room.missing, room.unread, room.has_older) == (12, 20, False, 8, False)


def test_a_room_of_which_nothing_is_left_is_empty_and_goes_on() -> None:
    log = Log([(frames.MESSAGE, OTHER)] * 20)
    room = Room(ROOM, ME)
    room.state(log.state(10, limit=10))
    log.floor = 19
    assert room.skip(19)
    log.kinds, log.events = log.kinds[:19], log.events[:19]
    room.state(log.state(19, 10))
    assert (room.last, room.missing, room.unread, room.has_older) == (19, False, 0, False)
    assert len(room.receive(_event(20, frames.MESSAGE, OTHER))) == 1


MESSAGES = Log([(frames.MESSAGE, OTHER)] * 3000)


def test_an_event_that_comes_too_early_waits_for_those_before_it() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10))
    assert room.receive(MESSAGES.events[11]) == []
    assert room.missing
    assert [new.seq for new in room.receive(MESSAGES.events[10])] == [11, 12]
    assert not room.missing


def test_an_answer_that_events_overtook_takes_nothing_back() -> None:
    log = Log(
        [(frames.MESSAGE, OTHER)] * 10
        + [(frames.TOPIC, OTHER), (frames.JOIN, OTHER), (frames.MESSAGE, OTHER)]
    )
    room = Room(ROOM, ME)
    room.state(log.state(10))
    late = log.state(10, 10)
    for event in log.events[10:]:
        room.receive(event)
    assert room.state(late) == []
    assert (room.last, room.topic, room.members, room.unread) == (13, "topic 11", MEMBERS + 1, 11)


def test_a_long_absence_starts_anew_from_the_newest_page_with_the_servers_counts() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10, read=10))
    assert room.state(MESSAGES.state(3000, 10, 50, read=10), fill=2000) is None
    assert (room.base, room.last, room.unread, room.missing) == (2950, 3000, 2990, False)
    assert room.has_older


def test_a_shorter_absence_keeps_what_is_held() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10, read=10))
    assert room.state(MESSAGES.state(2010, 10, 50, read=10), fill=2000) == []
    assert (room.base, room.last, room.head, room.missing) == (5, 10, 2010, True)


def test_starting_anew_keeps_what_came_after_the_answer() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10))
    room.receive(MESSAGES.events[2990])
    room.state(MESSAGES.state(2990, 10), fill=100)
    assert (room.last, room.missing) == (2991, False)


def test_marks_only_rise() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10, limit=10))
    assert room.mark(7)
    assert not room.mark(7)
    assert not room.mark(3)
    assert (room.read, room.unread) == (7, 3)


def test_a_mark_while_events_are_missing_counts_them_when_they_come() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10, limit=10, read=5))
    room.state(MESSAGES.state(20, 10, 0, read=5))
    room.mark(8)
    for event in MESSAGES.events[10:20]:
        room.receive(event)
    assert room.unread == 12


def test_a_mark_before_what_is_held_is_counted_exactly_once_it_can_be() -> None:
    log = Log([(frames.MESSAGE, ME), (frames.MESSAGE, OTHER)] * 50)
    room = Room(ROOM, ME)
    room.state(log.state(100, limit=10))
    room.mark(60)
    assert room.unread == 40, "no more than that can be"
    room.before(decoded(log.between(50, 91)))
    assert (room.base, room.unread) == (50, 20)


def test_what_a_long_absence_skips_is_unread_even_if_the_server_does_not_know_what_was_read() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10))
    room.mark(10)
    assert room.unread == 0
    assert room.state(MESSAGES.state(3000, 10, 50, read=5), fill=2000) is None
    assert (room.read, room.unread) == (10, 2990)


def test_own_messages_and_what_nobody_said_are_not_unread() -> None:
    log = Log([(frames.MESSAGE, ME), (frames.TOPIC, OTHER), (frames.JOIN, OTHER), (frames.MESSAGE, OTHER)])
    room = Room(ROOM, ME, loaded=True)
    for event in log.events:
        room.receive(event)
    assert room.unread == 1


def test_a_flood_ahead_of_a_gap_does_not_grow_without_bound() -> None:
    room = Room(ROOM, ME, loaded=True)
    for seq in range(2, AHEAD + 100):
        room.receive(_event(seq, frames.MESSAGE, OTHER))
    assert len(room.ahead) == AHEAD
    assert room.head == AHEAD + 99


@pytest.mark.parametrize("page", [[1, 2], [3, 4], [7, 8, 9], []])
def test_an_older_page_that_does_not_fit_shows_no_gap(page: list[int]) -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10, limit=4))
    assert room.before(decoded(MESSAGES.events[seq - 1] for seq in page)) == []
    assert room.base == 6


CHANGES = st.sampled_from([frames.MESSAGE, frames.MESSAGE, "answer", frames.EDIT, frames.EDIT, frames.DELETE])


@example(
    [("message", ME, "nobody", 1), ("message", OTHER, "nobody", 1), ("answer", OTHER, "nobody", 2)], 1, 0
)
@example([("message", OTHER, "user1!", 1), ("message", ME, "", 1), ("edit", OTHER, "nobody", 2)], 1, 0)
@given(
    st.lists(
        st.tuples(
            CHANGES, st.sampled_from([ME, OTHER]), st.sampled_from(["user1!", "nobody"]), st.integers(1, 9)
        ),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 6),
    st.integers(0, 10),
)
def test_older_pages_call_as_if_all_had_been_there(
    steps: list[tuple[str, int, str, int]], size: int, read: int
) -> None:
    log = []
    for seq, (kind, user, text, back) in enumerate(steps, 1):
        target = max(1, seq - back) if kind in (frames.EDIT, frames.DELETE) else None
        reply = seq - back if kind == "answer" and seq > back else None
        kind = frames.MESSAGE if kind == "answer" else kind
        log.append(RoomEvent(ROOM, seq, user, f"user{user}", kind, text, seq, target=target, reply=reply))
    end = len(log)
    room = Room(ROOM, ME, base=end, read=read, unread=end, calls=MentionMatcher("user1"), loaded=True)
    while room.base:
        room.before(log[max(0, room.base - size) : room.base])
        called = set(room.called)
        room.look_for_calls()
        assert called == room.called


def test_an_older_page_is_no_more_work_when_much_is_unread() -> None:
    """What had come before was looked through again for each page: seconds, for 20,000 messages."""
    room = Room(ROOM, ME, base=2500, unread=2500, calls=MentionMatcher("user1"), loaded=True)
    older = decoded(MESSAGES.events[:2500])

    first = calls_made(lambda: room.before(older[2400:]))
    assert room.before(older[200:2400])
    assert calls_made(lambda: room.before(older[100:200])) < 2 * first


def test_forgetting_keeps_the_place() -> None:
    room = Room(ROOM, ME)
    room.state(MESSAGES.state(10))
    room.forget()
    assert (room.last, room.events) == (10, [])
    assert [new.seq for new in room.receive(MESSAGES.events[10])] == [11]
