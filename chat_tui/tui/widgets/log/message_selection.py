"""Choosing one message of the log, by key or by mouse, to do something with it.

A part of the log, in a module of its own. Knows timelines and what lines are in view; nothing of what is done
with the message.
"""

from textual import events
from textual.geometry import Offset
from textual.message import Message as Posted
from textual.widget import Widget

from chat_tui.timeline.rows import Message
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.block import Block
from chat_tui.tui.widgets.log.message_rows import REACTION

Line = tuple[int, int, Block]
"""A line on the screen: the key of its row, its number in the row's block, the block."""


class MessageClicked(Posted):
    """Somebody has clicked on a message."""

    def __init__(self, seq: int) -> None:
        super().__init__()
        self.seq = seq


class ReactionClicked(Posted):
    """Somebody has clicked on a reaction below a message."""

    def __init__(self, seq: int, emoji: str) -> None:
        super().__init__()
        self.seq = seq
        self.emoji = emoji


class QuoteWanted(Posted):
    """A message is in view that answers another, which is not in the log."""

    def __init__(self, timeline: Timeline, seq: int) -> None:
        """`seq` is the one that is answered."""
        super().__init__()
        self.timeline = timeline
        self.seq = seq


class MessageSelection(Widget):
    """See the module. `selected` is the message that something is to be done with, by its `seq`."""

    selected: int | None = None
    _timeline: Timeline | None
    _lines: list[Line | None]
    _pressed_at: Offset | None = None

    def to_top(self) -> None:
        """Show the oldest row that is here."""
        raise NotImplementedError

    def _lay_out_if_needed(self) -> None:
        raise NotImplementedError

    def _moved(self) -> None:
        raise NotImplementedError

    def _block(self, timeline: Timeline, key: int) -> Block:
        raise NotImplementedError

    def _is_row(self, key: int) -> bool:
        return self._timeline is not None and self._timeline.first <= key < self._timeline.end

    def select_message(self, seq: int | None) -> None:
        """Mark a message as the one that is meant, and bring it into view; None: no one."""
        self.selected = seq
        self.refresh()
        timeline = self._timeline
        key = timeline.key_of(seq) if timeline is not None and seq is not None else None
        if timeline is None or key is None:
            return
        self._lay_out_if_needed()
        height, view = self._block(timeline, key).height, timeline.view
        seen = sum(line is not None and line[0] == key for line in self._lines)
        top = next((line for line in self._lines if line is not None), None)
        if seen < min(height, len(self._lines)) and top is not None:
            lines = len(self._lines) - view.following  # the bar below takes one then
            view.following = False
            view.row, view.line, view.width = key, 0 if key <= top[0] else height - lines, 0
            self._moved()

    def select_next(self, step: int) -> int | None:
        """Choose the next message upwards (-1) or downwards; none is chosen yet: the lowest in view."""
        timeline = self._timeline
        self._lay_out_if_needed()
        keys = [line[0] for line in self._lines if line is not None]
        if timeline is None or not keys:
            return None
        here = timeline.key_of(self.selected) if self.selected is not None else None
        row = stepped(timeline, keys[-1], -1) if here is None else stepped(timeline, here + step, step)
        if row is not None:
            self.select_message(row.seq)
        elif here is not None and step < 0:
            self.to_top()
        return row.seq if row is not None else None

    def _want_quotes(self, timeline: Timeline) -> None:
        for key in {line[0] for line in self._lines if line is not None}:
            row = timeline.row(key) if self._is_row(key) else None
            reply = row.reply if isinstance(row, Message) else None
            if reply is not None and not reply.known and reply.seq not in timeline.changes.asked:
                timeline.changes.asked.add(reply.seq)
                self._post(QuoteWanted(timeline, reply.seq))

    def _post(self, message: Posted) -> None:
        # Who draws or scrolls us is taken for the sender, and a message is not given to its sender.
        self.post_message(message.set_sender(self))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A press may become a click on a message."""
        self._pressed_at = event.screen_offset

    def _click_message(self, event: events.Click) -> None:
        timeline, at = self._timeline, event.y - self.gutter.top
        line = self._lines[at] if 0 <= at < len(self._lines) else None
        if timeline is None or line is None or not self._is_row(line[0]):
            return
        row = timeline.row(line[0])
        if isinstance(row, Message) and row.seq and not row.deleted:
            emoji = event.style.meta.get(REACTION)
            self._post(ReactionClicked(row.seq, emoji) if emoji else MessageClicked(row.seq))


def stepped(timeline: Timeline, key: int, step: int) -> Message | None:
    """The first message from a row on, upwards (-1) or downwards, with which something can be done."""
    while timeline.first <= key < timeline.end:
        row = timeline.row(key)
        if isinstance(row, Message) and row.seq and not row.deleted:
            return row
        key += step
    return None
