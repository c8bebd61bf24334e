"""What a client knows of one room: a pure model, no connection and no clock.

The events it holds are one run without a gap, from some `seq` to `last`. What comes next in order is
appended; what was had before is dropped; what comes too early is kept aside until the gap before it has
been fetched (`missing` tells). So it does not matter in what order pages and live events arrive. What the
server has pruned, up to its `floor`, can't be fetched: a run that ends below it can't be gone on with.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec
from msgspec.structs import replace

from chat_tui.client.acts import Act
from chat_tui.client.events import NAME, TOPIC, RoomEvent, from_wire
from chat_tui.client.mentions import MentionMatcher
from chat_tui.client.people import People
from protocol import frames
from protocol.text import clean_line

ROLES = 10_000
"""Members who are more than that, at most: a server that tells of more means harm."""

AHEAD = 10_000
"""Events kept aside at most. Beyond that the gap is fetched, and those behind it again."""

FILL = 2_000
"""Missed events that are fetched all, in ten pages. After a longer absence a room starts anew from its newest
page, and the rest comes as one scrolls up."""


class Room(msgspec.Struct):
    """See the module. `me` is the own user's id; `base` the `seq` before the first event held. Up to
    `counted`, events are in `topic`, `members` and the like already, up to `tallied` in `unread`. Up to
    `floor` the server has none any more. What `ignored` users say is held as everything, but does not count
    as unread, and nobody should show it (see `hides`). `called` are the unread events that name the person,
    as `calls` says, as far as they have been held; `levels` the person's choice for rooms. `about` are the
    events held that change or answer one, by its `seq`, in order.

    `partner` is who a direct room is with, `role` the own one, `roles` those of others, by name, who are more
    than members (as far as the room is watched), `born` as on the wire.
    """

    name: str
    me: int
    topic: str = ""
    members: int = 0
    head: int = 0
    read: int = 0
    unread: int = 0
    base: int = 0
    events: list[RoomEvent] = msgspec.field(default_factory=list)
    about: dict[int, list[RoomEvent]] = msgspec.field(default_factory=dict)
    people: People = msgspec.field(default_factory=People)
    ignored: AbstractSet[int] = frozenset()
    calls: MentionMatcher = msgspec.field(default_factory=MentionMatcher)
    called: set[int] = msgspec.field(default_factory=set)
    levels: Mapping[str, str] = msgspec.field(default_factory=dict)
    ahead: dict[int, RoomEvent] = msgspec.field(default_factory=dict)
    counted: int = 0
    tallied: int = 0
    floor: int = 0
    loaded: bool = False
    direct: bool = False
    partner: str = ""
    private: bool = False
    role: str = frames.MEMBER
    roles: dict[str, str] = msgspec.field(default_factory=dict)
    born: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return f"@{self.partner}" if self.direct else self.name

    @property
    def level(self) -> str:
        """What of it calls the person: one of `frames.EVERYTHING`, `MENTIONS`, `MUTED`; see `mentions`."""
        return self.levels.get(self.name, self.usual_level)

    @property
    def usual_level(self) -> str:
        """What calls a person who has chosen nothing."""
        return frames.EVERYTHING if self.direct else frames.MENTIONS

    @property
    def everything(self) -> bool:
        """Whether each message calls the person."""
        return self.level == frames.EVERYTHING

    @property
    def muted(self) -> bool:
        """Whether nothing calls the person."""
        return self.level == frames.MUTED

    @property
    def mentions(self) -> int:
        """How many unread messages are meant for the person, as far as they are known (see `uncounted`)."""
        return self.unread if self.direct and self.everything else len(self.called)

    @property
    def wanting(self) -> int:
        """How many unread messages call the person."""
        return self.unread if self.everything else len(self.called)

    @property
    def behind(self) -> bool:
        """Whether there may be unread events before those held."""
        return self.unread > 0 and self.read < self.base and self.has_older

    @property
    def uncounted(self) -> bool:
        """Whether there may be mentions among them."""
        return self.behind and not (self.direct and self.everything)

    @property
    def unused(self) -> bool:
        """Whether it is a direct room in which nobody has said anything: somebody only had a look."""
        return self.direct and self.head <= 1 and not self.events[1:]

    @property
    def last(self) -> int:
        """The highest `seq` held: the cursor to resume from."""
        return self.base + len(self.events)

    @property
    def missing(self) -> bool:
        """Whether the server has events, as far as we know, that must be fetched."""
        return bool(self.ahead) or self.head > self.last

    @property
    def has_older(self) -> bool:
        """Whether there are events before those held, as far as the server still has them."""
        return self.base > self.floor

    @property
    def pruned(self) -> bool:
        """Whether the server has removed what was before the events held."""
        return 0 < self.base <= self.floor

    def receive(self, event: frames.Event) -> list[RoomEvent]:
        """Take an event in; return those that are new and in order now (often just this one)."""
        self.head = max(self.head, event.seq)
        if event.seq <= self.last:
            return []
        if event.seq > self.last + 1 and len(self.ahead) >= AHEAD:
            return []
        self.ahead[event.seq] = from_wire(event)
        return self._advance()

    def _advance(self) -> list[RoomEvent]:
        fresh: list[RoomEvent] = []
        while (event := self.ahead.pop(self.last + 1, None)) is not None:
            self.events.append(event)
            for seq in _meant(event):
                self.about.setdefault(seq, []).append(event)
            fresh.append(event)
            self._count(event)
        return fresh

    def _count(self, event: RoomEvent) -> None:
        if event.seq > self.tallied:
            self.tallied = event.seq
            self.unread += self._unseen(event)
        self.calls.know(event.sender)
        self._look_at(event)
        if event.seq <= self.counted:
            return
        self.counted = event.seq
        match event.kind:
            case frames.TOPIC:
                self.topic = event.text
            case frames.JOIN:
                self.members += 1
            case frames.LEAVE:
                self._one_less(event.sender)
            case frames.NICK:
                self._rename(event)
            case _ if event.act is not None:
                self._act(event.act)

    def _act(self, act: Act) -> None:
        match act:
            case frames.VisibilityBody():
                self.private = act.private
            case frames.RoleBody():
                if act.user == self.me:
                    self.role = act.role
                self.give_role(act.name, act.role)
            case frames.AboutBody() if act.removed:
                self._one_less(act.name)

    def give_role(self, name: str, role: str) -> None:
        """Somebody, who may be oneself, is that from now on."""
        self.roles.pop(name, None)
        if role != frames.MEMBER and len(self.roles) < ROLES:
            self.roles[name] = role

    def _one_less(self, name: str) -> None:
        self.members = max(0, self.members - 1)
        self.roles.pop(name, None)

    def _rename(self, event: RoomEvent) -> None:
        if self.direct and event.user != self.me:
            self.partner = event.text
        if event.sender in self.roles:
            self.roles[event.text] = self.roles.pop(event.sender)

    def removes_me(self, event: RoomEvent) -> bool:
        """Whether the user is in the room no longer after this event."""
        if isinstance(event.act, frames.AboutBody):
            return event.act.removed and event.act.user == self.me
        return event.kind == frames.DELETE_ROOM or (event.kind == frames.LEAVE and event.user == self.me)

    def _unseen(self, event: RoomEvent) -> bool:
        return event.spoken and event.user != self.me and event.seq > self.read and not self.hides(event)

    def hides(self, event: RoomEvent) -> bool:
        """Whether this is something that the user does not want to read."""
        return event.spoken and event.user in self.ignored

    def _look_at(self, event: RoomEvent) -> None:
        """Does it call the person, or change whether another one does?"""
        if self._unseen(event) and event.text and (self.calls.matches(event.text) or self._answers_me(event)):
            self.called.add(event.seq)
        elif event.kind == frames.EDIT and event.target is not None:
            said = self._held(event.target)
            if said is not None and said.spoken and said.user == event.user and event.text:
                self._look_at(replace(said, text=event.text))
                if not (self.calls.matches(event.text) or self._answers_me(said)):
                    self.called.discard(said.seq)
        elif event.kind == frames.DELETE and event.target is not None:
            self.called.discard(event.target)

    def _look_again(self, event: RoomEvent) -> None:
        """With what came of it since."""
        self._look_at(event)
        for change in self.about.get(event.seq, ()):
            if change.target == event.seq:
                self._look_at(change)

    def _held(self, seq: int) -> RoomEvent | None:
        return self.events[seq - self.base - 1] if self.base < seq <= self.last else None

    def _answers_me(self, event: RoomEvent) -> bool:
        """Whether it answers something that the person has said, as far as that is held."""
        said = self._held(event.reply) if event.reply is not None else None
        return said is not None and said.user == self.me

    def notifies(self, event: RoomEvent) -> bool:
        """Whether the person wants to be told of it at once."""
        if self.muted or not self._unseen(event):
            return False
        return self.everything or event.seq in self.called

    def waits_since(self) -> int:
        """When the first of the unread messages was said that call the person, else the first one; 0 if it is
        older than all that are held."""
        first = min(self.called, default=0) if not self.everything else 0
        at = max(first or self.read + 1, self.read + 1) - self.base - 1
        if at < 0:
            return 0
        return next((event.time for event in self.events[at:] if self._unseen(event)), 0)

    def look_for_calls(self) -> None:
        """The person is called by something else than before."""
        self.called = {seq for seq in self.called if self.floor < seq <= self.base}
        for event in self.events[max(0, self.read - self.base) :]:
            self._look_at(event)

    def judge_anew(self) -> bool:
        """Others are ignored than before: count what is unread. False: only the server can."""
        self.called.clear()
        self.look_for_calls()
        if self.read < self.base:
            return False
        self._recount()
        return True

    def state(self, state: frames.RoomState, *, fill: int = FILL) -> list[RoomEvent] | None:
        """Take in what the server says of the room; events that it did not count yet may have come before.

        Returns the events that are new and in order now. None: what was held is void, because more than
        `fill` events lie between; the newest page is held instead.
        """
        self.born = state.born
        afresh = not self.loaded or (not state.complete and state.head - self.last > fill)
        if state.head >= self.counted:
            self.counted = state.head
            self.topic = clean_line(state.topic, TOPIC)
            self.members = state.members
            self.direct = state.kind == frames.DIRECT
            self.partner = clean_line(state.partner, NAME)
            self.private, self.role = state.private, state.role
        if state.head >= self.tallied and state.read >= self.read:
            self._read_to(state.read)
            self.unread = state.unread
            self.tallied = state.head
        elif state.read > self.read:
            self.mark(state.read)
        if afresh:
            self.restart(state.events, state.head)
            return None
        self.head = max(self.head, state.head)
        return [new for event in state.events for new in self.receive(event)]

    def skip(self, floor: int) -> bool:
        """The server has no events up to `floor` any more. Returns whether what was held is void: it ends
        below that, and nothing will ever join on to it."""
        self.floor = max(self.floor, floor)
        if not self.loaded or self.last >= self.floor:
            return False
        self.base = self.floor
        self._drop()
        self.ahead = {seq: event for seq, event in self.ahead.items() if seq > self.base}
        self.head = max(self.head, self.base)
        self.unread = min(self.unread, max(0, self.tallied - self.base))  # what is gone is not unread
        self.tallied = max(self.tallied, self.base)
        self.called = {seq for seq in self.called if seq > self.base}
        return True

    def restart(self, events: list[frames.Event], head: int) -> None:
        """Forget all events and hold these, the room's newest, instead; and what came after them."""
        self.base = events[0].seq - 1 if events else head
        # What is skipped can't be counted one by one any more, but it is no more than this.
        self.unread += max(0, self.base - max(self.tallied, self.read))
        self._drop()
        self.tallied = max(self.tallied, self.base)
        self.loaded = True
        for event in events:
            self.ahead[event.seq] = from_wire(event)
        self.ahead = {seq: event for seq, event in self.ahead.items() if seq > self.base}
        self._advance()
        self.head = max(self.head, head, self.last)

    def before(self, page: list[RoomEvent]) -> list[RoomEvent]:
        """Take in events from before the first one held; return those that join on without a gap."""
        expected = self.base
        kept: list[RoomEvent] = []
        for event in reversed(page):
            if event.seq == expected:
                kept.append(event)
                expected -= 1
        kept.reverse()
        self.events[:0] = kept
        self.base -= len(kept)
        for event in reversed(kept):
            for seq in _meant(event):
                self.about.setdefault(seq, []).insert(0, event)
        if self.unread:
            self._look_before(kept)
        if self.base <= self.read < self.base + len(kept):
            self._recount()
        return kept

    def _look_before(self, kept: list[RoomEvent]) -> None:
        """Whom a page calls that came before the rest, and whom what answers it: nothing else has changed."""
        for event in kept:
            if event.target is None or event.target <= self.base:  # else it comes with what it changes
                self.called.discard(event.seq)
                self._look_again(event)
            for answer in self.about.get(event.seq, ()):
                if answer.reply == event.seq:
                    self._look_again(answer)

    def mark(self, seq: int) -> bool:
        """Raise the read marker; return whether it rose."""
        if seq <= self.read:
            return False
        self._read_to(seq)
        if seq >= self.base:
            self._recount()
        else:  # of those in between we know only how many there may be
            self.unread = min(self.unread, max(0, self.tallied - seq))
        return True

    def _read_to(self, seq: int) -> None:
        self.read = seq
        self.called = {call for call in self.called if call > seq}

    def _recount(self) -> None:
        self.unread = sum(map(self._unseen, self.events[self.read - self.base :]))
        self.tallied = self.last

    def forget(self) -> None:
        """Hold no events, only where they ended: for who follows a room and keeps nothing."""
        self.base = self.last
        self._drop()
        self.called.clear()

    def _drop(self) -> None:
        self.events.clear()
        self.about.clear()


def _meant(event: RoomEvent) -> set[int]:
    """What it changes or answers."""
    return {seq for seq in (event.target, event.reply) if seq is not None}
