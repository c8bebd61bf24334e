"""The rows of a log: what was said, days, comings and goings, notices.

Knows what each kind of row consists of; nothing of their order, of widths or of styles.
"""

from copy import copy
from datetime import date
from typing import Literal

import msgspec

from chat_tui.client.events import Pending, PendingState
from protocol import frames, limits

NAMES_SHOWN = 20
"""Names of each kind in one activity row; the others are counted."""

GROUP_MS = 5 * 60_000
"""Messages of one author further apart than this are not grouped."""

NoticeKind = Literal["info", "error"]
State = Literal["stored"] | PendingState


class Reply(msgspec.Struct, frozen=True):
    """What a message answers: its number, who said it, and how it begins.

    Without a name `text` says what stands for it; not `known`: it has to be asked for.
    """

    seq: int
    name: str
    text: str
    known: bool = True


class Quote(msgspec.Struct, eq=False, gc=False):
    """What is answered: all that answer the same have this one, and it is changed once for all."""

    reply: Reply


# As small as it can be, and nothing for the collector: there is one for each message, and none can be part of
# a cycle.
class Message(msgspec.Struct, eq=False, gc=False):
    """Something a person said. `grouped`: the author's name stands above already.

    `reactions` says who reacted with what, in the order of the first of each kind. `ruler`: what is new
    begins here. `marked`: the reader was led to it. `waiting`: changes of ours that are not confirmed.
    `revision` counts the changes that are shown; only the timeline makes any.
    """

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
    edited: bool = False
    deleted: bool = False
    deleted_by: str = ""
    quote: Quote | None = None
    reactions: dict[str, set[int]] | None = None
    ruler: bool = False
    waiting: tuple[Pending, ...] = ()
    marked: bool = False
    revision: int = 0

    def continues(self, last: "Message") -> bool:
        """Whether it belongs into one group with the message before it."""
        same_author = last.user == self.user and last.name == self.name
        return same_author and not (last.action or self.action) and abs(self.time - last.time) <= GROUP_MS

    def edit(self, text: str) -> None:
        """Another text takes the place of the first."""
        if not self.deleted:
            self.text, self.edited = text, True

    def delete(self, by: str = "") -> None:
        """Only the place stays, and who did it if that was somebody else."""
        self.text, self.deleted, self.deleted_by, self.reactions = "", True, by, None

    def react(self, emoji: str, user: int, *, on: bool) -> None:
        """Somebody reacts, or takes it back."""
        reactions = self.reactions = self.reactions or {}
        if self.deleted or (emoji not in reactions and len(reactions) >= limits.REACTIONS):
            return
        who = reactions.setdefault(emoji, set())
        (who.add if on else who.discard)(user)
        if not who:
            del reactions[emoji]

    def awaited(self, me: int) -> "Message":
        """As it will be when what is on its way has arrived; what is being deleted is still to be read."""
        later = copy(self)
        later.reactions = {emoji: set(who) for emoji, who in (self.reactions or {}).items()}
        for change in self.waiting:
            if change.state == "pending" and change.kind == frames.EDIT:
                later.edit(change.text)
            elif change.state == "pending" and change.kind == frames.REACTION:
                later.react(change.text, me, on=not change.off)
        return later

    @property
    def reply(self) -> Reply | None:
        """What it answers, as that reads now."""
        return self.quote.reply if self.quote is not None else None

    def answer(self, reply: Reply) -> None:
        """It answers another message."""
        self.quote = Quote(reply)


class DayLine(msgspec.Struct, eq=False):
    """Stands before the first row of each day. `time` is that row's."""

    time: int
    day: date


class Stay(msgspec.Struct):
    """What one person did during a run of activity: only its begin and its end count."""

    name: str
    was_in: bool
    created: bool
    new_name: str
    is_in: bool


class Activity(msgspec.Struct, eq=False):
    """A run of arrivals, departures and new names. `revision` counts its changes."""

    time: int
    people: dict[int, Stay] = msgspec.field(default_factory=dict)
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


class Info(msgspec.Struct, eq=False):
    """A line (or several) that nobody said: a new topic, or something local (`local`)."""

    time: int
    text: str
    kind: NoticeKind = "info"
    local: bool = False


Row = Message | DayLine | Activity | Info


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    if more > 0:
        return f"{', '.join(names[:NAMES_SHOWN])} and {more:,} more"
    return ", ".join(names)
