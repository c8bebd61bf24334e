"""Rows of a log as plain lines: for a screen reader, and for the terminal's own copying.

Who, when and what, from the first cell on; nothing is drawn around it, and what elsewhere a sign or a colour
says is said in words. Knows rows and widths; of styles only which is the log's own.
"""

from chat_tui.client.mentions import MentionMatcher
from chat_tui.markup.formatting import parse
from chat_tui.markup.wrapping import displayable, wrap
from chat_tui.timeline.rows import Activity, DayLine, Message, Row, Stay
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.block import Block
from chat_tui.tui.widgets.log.log_style import Look
from chat_tui.tui.widgets.log.row_text import text_of
from protocol.text import clean_line

_STATES = {"stored": "", "pending": ", not sent yet", "failed": ", not sent"}


def plain_block(row: Row, timeline: Timeline, look: Look) -> Block:
    """Wrap a row."""
    text = displayable(plain_text(row, timeline, look.me))
    return Block(look.width, text, look.styles.text, wrap(text, look.width))


def plain_text(row: Row, timeline: Timeline, me: str) -> str:
    """A row in words; `me` is the reader's name."""
    if isinstance(row, Message):
        return _message(row, timeline, me)
    if isinstance(row, DayLine):
        return text_of(row)
    clock = timeline.clock(row)
    if isinstance(row, Activity):
        return f"{clock}: {_activity(row)}"
    return f"{clock}, error: {text_of(row)}" if row.kind == "error" else f"{clock}: {text_of(row)}"


def _message(row: Message, timeline: Timeline, me: str) -> str:
    said = text_of(row)
    formatted = None if row.deleted else parse(said)
    said = said if formatted is None else formatted.text
    names_me = not row.mine and MentionMatcher(me).matches(row.text, timeline.people)
    called = ", names you" if names_me else ""
    edited = ", edited" if row.edited else ""
    head = f"{row.name}, {timeline.clock(row)}{called}{edited}{_STATES[row.state]}:"
    lines = ["New messages:"] if row.ruler else []
    if row.reply is not None and not row.deleted:
        lines.append(f"Answer to {clean_line(row.reply.name)}: {clean_line(row.reply.text, 60)}")
    lines += [head, said] if "\n" in said else [f"{head} {said}"]
    if row.state == "failed":
        lines.append(f"Not sent: {row.error}. /retry or /discard" if row.error else "/retry or /discard")
    if row.reactions and not row.deleted:
        kinds = (f"{clean_line(emoji, 16)} {len(who)}" for emoji, who in row.reactions.items())
        lines.append(f"Reactions: {', '.join(kinds)}")
    return "\n".join(lines)


def _activity(row: Activity) -> str:
    return ", ".join(_stay(stay) for stay in row.people.values())


def _stay(stay: Stay) -> str:
    name = stay.new_name
    if stay.created:
        return f"{name} made this room"
    if stay.was_in != stay.is_in:
        return f"{name} came in" if stay.is_in else f"{name} left"
    if stay.is_in and stay.name != name:
        return f"{stay.name} is called {name} now"
    return f"{name} came and went"
