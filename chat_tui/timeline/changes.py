"""What is done to messages of one log after they were said: edits, deletions, reactions, answers.

The rows are the timeline's; this finds out what each of them has to show. Of a message on an older page the
changes are known first: they wait for it. Quotes of what is answered are looked up, and change with it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

from chat_tui.client.events import Pending, RoomEvent
from chat_tui.timeline.rows import Message, Quote, Reply
from protocol import frames
from protocol.text import clean_text

Change = Callable[[Message], None]

EARLIER, DELETED, GONE, IGNORED = "an earlier message", "message deleted", "a message that is gone", "…"
"""What stands for the words that are answered."""

_DOING = {
    frames.EDIT: "edit of an earlier message: {}",
    frames.DELETE: "deletion of an earlier message",
    frames.REACTION: "reaction to an earlier message: {}",
}


class Changes:
    """See the module. `find` gives a message's row, `touch` is told which message shows something else."""

    def __init__(
        self, find: Callable[[int], Message | None], touch: Callable[[int], None], ignored: Collection[int]
    ) -> None:
        self._find = find
        self._touch = touch
        self._ignored = ignored
        self._later: defaultdict[int, list[Change]] = defaultdict(list)
        self._quotes: dict[int, Quote] = {}  # of each message that is answered
        self._fetched: dict[int, Reply] = {}
        self._fresh: set[int] = set()
        self._waiting: dict[int, tuple[Pending, ...]] = {}
        self.asked: set[int] = set()
        """What is answered and was asked for, because it is not here."""

    def clear(self) -> None:
        """There are other events now."""
        self._later.clear()
        self._quotes.clear()
        self._fetched.clear()
        self._fresh.clear()
        self.asked.clear()

    # --- events

    def take(self, events: Sequence[RoomEvent], *, older: bool = False) -> None:
        """Take in what these events change, before there are rows of them. `older`: of an older page."""
        for event in reversed(events) if older else events:
            change = self._change_of(event)
            if change is not None and event.target is not None:
                self.change(event.target, change, older=older)

    def _change_of(self, event: RoomEvent) -> Change | None:
        user, text, off = event.user, event.text, event.off
        match event.kind:
            case frames.EDIT if text:
                return lambda row: row.edit(text) if row.user == user else None  # whatever a server says
            case frames.DELETE:
                return lambda row: row.delete(event.sender if row.user != user else "")
            case frames.REACTION if text and user not in self._ignored:
                return lambda row: row.react(text, user, on=not off)
        return None

    def change(self, seq: int, change: Change, *, older: bool = False) -> None:
        """Change a message now, or when it comes. `older`: this happened before all that wait."""
        row = self._find(seq)
        if row is None:
            waiting = self._later[seq]
            waiting.insert(0 if older else len(waiting), change)
            return
        change(row)
        self._touch(seq)
        self._quote_anew(seq)

    def edit(self, seq: int, text: str, *, older: bool = False) -> None:
        """The message has another text now."""
        self.change(seq, lambda row: row.edit(text), older=older)

    def delete(self, seq: int) -> None:
        """The message is gone for good; its place stays."""
        self.change(seq, Message.delete)

    def react(self, seq: int, emoji: str, user: int, *, on: bool = True) -> None:
        """Somebody reacts to the message, or takes it back."""
        self.change(seq, lambda row: row.react(emoji, user, on=on))

    def set_reply(self, seq: int, reply: Reply) -> None:
        """The message answers another."""
        self.change(seq, lambda row: row.answer(reply))

    def begin(self, row: Message, reply: int | None) -> None:
        """A message has a row; it is not in the log yet. `reply` is what it answers."""
        for change in self._later.pop(row.seq, ()):
            change(row)
        row.waiting = self._waiting.get(row.seq, ())
        if reply is not None:
            if reply not in self._quotes:
                self._quotes[reply] = Quote(self.reply_to(reply))
                self._fresh.add(reply)
            row.quote = self._quotes[reply]
        if row.seq in self._quotes:
            self._fresh.add(row.seq)

    def settle(self) -> None:
        """The new rows are in the log: those that answer one another can be found."""
        fresh, self._fresh = self._fresh, set()
        for seq in fresh:
            self._quote_anew(seq)

    # --- quotes

    def quoted(self, seq: int, said: RoomEvent | None) -> None:
        """What is answered, and is on no page here; None if nobody has it any more."""
        if said is None:
            self._fetched[seq] = Reply(seq, "", GONE)
        elif said.user in self._ignored:
            self._fetched[seq] = Reply(seq, "", IGNORED)
        else:
            self._fetched[seq] = Reply(seq, said.sender, said.text)
        self._quote_anew(seq)

    def reply_to(self, seq: int) -> Reply:
        """What stands for a message where it is answered."""
        row = self._find(seq)
        if row is None:
            return self._fetched.get(seq) or Reply(seq, "", EARLIER, known=False)
        return Reply(seq, "", DELETED) if row.deleted else Reply(seq, row.name, row.text)

    def quote_of(self, seq: int) -> Quote:
        """The same for something that is not said yet."""
        return self._quotes.get(seq) or Quote(self.reply_to(seq))

    def _quote_anew(self, seq: int) -> None:
        quote = self._quotes.get(seq)
        if quote is not None:
            quote.reply = self.reply_to(seq)

    # --- what is not confirmed

    def set_waiting(self, pending: Iterable[Pending]) -> None:
        """These changes of ours are not confirmed: their messages show them."""
        now: defaultdict[int, tuple[Pending, ...]] = defaultdict(tuple)
        for entry in pending:
            if entry.target is not None:
                now[entry.target] += (entry,)
        before, self._waiting = self._waiting, dict(now)
        for seq in before.keys() | now.keys():
            row = self._find(seq)
            if row is not None and row.waiting != self._waiting.get(seq, ()):
                row.waiting = self._waiting.get(seq, ())
                self._touch(seq)

    def homeless(self) -> list[tuple[Pending, str]]:
        """Those whose message is not here, and what to show of them."""
        entries = (entry for seq, all_ in self._waiting.items() if self._find(seq) is None for entry in all_)
        return [(entry, _DOING[entry.kind].format(clean_text(entry.text))) for entry in entries]
