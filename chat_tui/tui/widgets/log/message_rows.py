"""What people said, as blocks: time, name, bar and text, and what stands above and below it.

Knows messages and styles. How a text is formatted it is told by `formatting`; it decides how that looks and
where its lines break.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from chat_tui.client.mentions import mentioned
from chat_tui.markup.formatting import Formatted, parse
from chat_tui.markup.highlighting import highlight
from chat_tui.markup.inline import BOLD, BULLET, CODE, HOST, ITALIC, LINK, QUOTE, STRIKE, is_apart
from chat_tui.markup.urls import Link
from chat_tui.markup.wrapping import Span, cut, displayable, truncate, wrap
from chat_tui.timeline.rows import Message, Reply, State
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.block import Block, Edge, Layer, Segments
from chat_tui.tui.widgets.log.log_style import BAR, TIME, Look
from chat_tui.tui.widgets.log.row_text import text_of
from protocol import frames
from protocol.names import fold
from protocol.text import clean_line

_MARKS = {"stored": BAR, "pending": "… ", "failed": "! "}
_CALLED = "@ "
_MARKED = "▌ "
_QUOTED = "▎ "
_EDITED = " (edited)"
_DOING = {frames.EDIT: " (editing)", frames.DELETE: " (deleting)"}
_NOT = {
    frames.EDIT: "not changed to “{}”",
    frames.DELETE: "not deleted",
    frames.REACTION: "reaction {} not stored",
}
_ERROR_LINES = 3
_REMEDY = "/retry or /discard"
_LEAST = 8
"""With less room than this, text has no hanging indents and quotes no bars."""

_REACTION = 16
"""The cells of one reaction."""

REACTION = "reaction"
"""The key in the meta of a style under which stands with what the chip drawn there reacts."""


def message_block(row: Message, timeline: Timeline, look: Look) -> Block:
    """Wrap a message."""
    styles = look.styles
    failed = [change for change in row.waiting if change.state == "failed"]
    doing = _doing(row)
    if row.waiting:
        row = row.awaited(timeline.me)
    name_style = styles.own if row.mine else look.name_style(row.name)
    calls = not row.mine and not row.deleted and look.mentions.matches(row.text, timeline.people)
    state: State = "failed" if failed else "pending" if doing else row.state
    mark = bar = Segment(_MARKS[state], _mark_style(state, look))
    if calls:
        mark, bar = Segment(_CALLED, styles.called), Segment(BAR, styles.called)
    if row.marked:
        mark = bar = Segment(_MARKED, styles.marked)
    above, first = _head(row, timeline, look, name_style, mark)
    rest = [Segment(" " * look.indent, styles.gutter), bar] if look.indent else [bar]
    body = _body(row, timeline.people, name_style, look, calls=calls)
    if doing:
        body = body._replace(style=styles.pending)
    after: Segments = ()
    below: list[Segments] = []
    if row.state == "failed":
        below = _failure(f"not sent: {row.error}" if row.error else "not sent", look)
    elif (row.edited or row.reactions or doing) and not row.deleted:
        note = doing or (_EDITED if row.edited else "")
        after, below = _foot(row, note, timeline.me, look, rest, _room(body, look))
    for change in failed:
        below += _failure(f"{_NOT[change.kind].format(clean_line(change.text, 40))}: {change.error}", look)
    return Block(
        look.width,
        body.text,
        body.style,
        body.spans,
        first=first,
        rest=rest,
        after=after,
        above=above,
        below=below,
        layers=body.layers,
        edges=body.edges,
        formatted=body.formatted,
    )


class _Body(NamedTuple):
    """The text of a message, and how it is drawn."""

    text: str
    style: Style
    spans: list[Span]
    edges: Sequence[Edge] = ()
    layers: Sequence[Layer] = ()
    formatted: Formatted | None = None


def _body(row: Message, people: set[str], name_style: Style, look: Look, *, calls: bool) -> _Body:
    styles = look.styles
    text = text_of(row)
    if row.deleted:
        return _Body(text, styles.hint + Style(italic=True), wrap(text, look.text_width))
    style = styles.text if row.state == "stored" else styles.pending
    if row.marked:
        style = styles.marked
    lead = 0
    layers: list[Layer] = []
    if row.action:
        style += Style(italic=True)
        lead = len(displayable(row.name)) + 1
        layers.append([(0, lead - 1, name_style + Style(italic=True))])
    formatted = parse(text, lead)
    edges: list[Edge] = []
    if formatted is None:
        spans = wrap(text, look.text_width)
    else:
        text = formatted.text
        spans, edges = _lines(formatted, look)
        layers += [_looks(formatted, look), _colours(formatted, look)]
    if calls or "@" in text:
        layers.append(_names(text, lead, formatted, people, look, calls=calls))
    return _Body(text, style, spans, edges, layers, formatted)


def gutter(clock: str, name: str, name_style: Style, mark: Segment, look: Look) -> list[Segment]:
    """Time, name and bar."""
    name = truncate(name, look.name_width)
    blanks = look.name_width - cell_len(name) + 2
    segments = [Segment(f"{clock:{TIME}}" + " " * blanks, look.styles.time)]
    if name:
        segments.append(Segment(name, name_style))
    return [*segments, Segment(" ", look.styles.gutter), mark]


def _mark_style(state: State, look: Look) -> Style:
    styles = look.styles
    return {"stored": styles.gutter, "pending": styles.pending, "failed": styles.failed}[state]


def _doing(row: Message) -> str:
    """What is on its way to the text of the message, if anything is."""
    kinds = [change.kind for change in row.waiting if change.state == "pending" and change.kind in _DOING]
    return _DOING[kinds[-1]] if kinds and not row.deleted else ""


# --- above


def _head(
    row: Message, timeline: Timeline, look: Look, name_style: Style, mark: Segment
) -> tuple[list[Segments], Segments]:
    """The lines above the text, and what stands before its first line."""
    above: list[Segments] = [_ruler(look)] if row.ruler else []
    grouped = row.grouped and not row.ruler
    clock = timeline.clock(row) if row.show_time or row.ruler else ""
    reply = [] if row.reply is None or row.deleted else [_reply(row.reply, look)]
    if look.inline:
        name = "" if grouped else "*" if row.action else row.name
        return above + reply, gutter(clock, name, name_style, mark, look)
    if not grouped:
        name = truncate(row.name, look.width - TIME - 1)
        above.append([Segment(f"{clock:{TIME}} ", look.styles.time), Segment(name or "?", name_style)])
    return above + reply, [mark]


def _ruler(look: Look) -> Segments:
    """Here begins what is new."""
    word = " new ──"
    return [Segment("─" * max(0, look.width - len(word)) + word[: look.width], look.styles.ruler)]


def _reply(reply: Reply, look: Look) -> Segments:
    """What the message answers, in one line."""
    said = displayable(clean_line(reply.text[: 4 * look.width], look.width))
    formatted = parse(said) if reply.name else None
    name = f"{clean_line(reply.name)}: " if reply.name else ""
    line = f"┌ {name}{said if formatted is None else formatted.text}"
    line = truncate(line, min(look.width - look.indent, look.text_width + len(BAR)))
    return [Segment(" " * look.indent + line, look.styles.hint)]


# --- below


def _foot(
    row: Message, note: str, me: int, look: Look, rest: Segments, room: int
) -> tuple[Segments, list[Segments]]:
    """What stands behind the text, where `room` cells are free, and the lines below it."""
    after: Segments = ()
    below: list[Segments] = []
    if note and room >= len(note):
        after = [Segment(note, look.styles.hint)]
    elif note:
        below.append([*rest, Segment(note.strip(), look.styles.hint)])
    if row.reactions:
        waiting = {one.text for one in row.waiting if one.state == "pending" and one.kind == frames.REACTION}
        below.extend([*rest, *line] for line in _reactions(row.reactions, me, waiting, look))
    return after, below


def _room(body: _Body, look: Look) -> int:
    """The cells that are free behind the text."""
    room = look.text_width - cell_len(body.text[slice(*body.spans[-1])])
    if not body.edges:
        return room
    edge = body.edges[-1]
    return 0 if edge.fill is not None else room - sum(cell_len(part.text) for part in edge.before)


def _reactions(reactions: dict[str, set[int]], me: int, waiting: set[str], look: Look) -> Iterator[Segments]:
    """`👍 3  🎉 1`, the own ones emphasised; those on their way to the server have a `…`."""
    line: list[Segment] = []
    used = 0
    for emoji, who in reactions.items():
        own = me in who
        text = truncate(clean_line(emoji), _REACTION) + f" {len(who):,}" + "…" * (emoji in waiting)
        text = truncate(f"[{text}]" if own else text, look.text_width)
        if line and used + 2 + cell_len(text) > look.text_width:
            yield line
            line, used = [], 0
        if line:
            line.append(Segment("  ", look.styles.reaction))
            used += 2
        style = look.styles.reacted if own else look.styles.reaction
        line.append(Segment(text, style + Style(meta={REACTION: emoji})))
        used += cell_len(text)
    yield line


def _failure(text: str, look: Look) -> list[Segments]:
    """Why something was not stored, in few lines."""
    style = look.styles.failed
    text = displayable(text)
    indent = Segment(" " * (look.indent + len(BAR)), look.styles.gutter)
    lines = [line or " " for line in _wrapped(text, look.text_width)[:_ERROR_LINES]]
    return [[indent, Segment(line, style)] for line in (*lines, *_wrapped(_REMEDY, look.text_width))]


def _wrapped(text: str, width: int) -> list[str]:
    return [text[a:b] for a, b in wrap(text, width)]


# --- the text


def _lines(formatted: Formatted, look: Look) -> tuple[list[Span], list[Edge]]:
    """Where the lines of a formatted text break, and what each has besides."""
    text, width, styles = formatted.text, look.text_width, look.styles
    spans: list[Span] = []
    edges: list[Edge] = []
    for line in formatted.lines:
        if line.code:
            blank = (Segment(" ", styles.code),) if width > _LEAST else ()
            found = cut(text, width - 2 * len(blank), line.start, line.end)
            spans.extend(found)
            edges.extend([Edge(blank, styles.code, width)] * len(found))
            continue
        bars = line.quote if width - line.quote * len(_QUOTED) >= _LEAST else 0
        before = (Segment(_QUOTED * bars, styles.quote),) if bars else ()
        room = width - bars * len(_QUOTED)
        hang = line.hang if room - line.hang >= _LEAST else 0
        found = wrap(text, room - hang, line.start + hang, line.end)
        found[0] = (line.start, found[0][1])
        spans.extend(found)
        edges.append(Edge(before))
        hanging = Edge((*before, Segment(" " * hang, styles.text)) if hang else before)
        edges.extend([hanging] * (len(found) - 1))
    return spans, edges


def _looks(formatted: Formatted, look: Look) -> Layer:
    """The styles of the runs."""
    known: dict[tuple[int, Link | None], Style] = {}
    layer = []
    for run in formatted.runs:
        if run.looks:
            style = known.get((run.looks, run.link))
            if style is None:
                link = Style(link=run.link.target) if run.link is not None else Style.null()
                style = known[run.looks, run.link] = _style(run.looks, look) + link
            layer.append((run.start, run.end, style))
    return layer


def _style(looks: int, look: Look) -> Style:
    styles = look.styles
    style = Style.null()
    for one, its_style in (
        (QUOTE, styles.quote),
        (BULLET, styles.bullet),
        (CODE, styles.code),
        (LINK, styles.link),
        (HOST, styles.host),
    ):
        if looks & one:
            style += its_style
    return style + Style(
        bold=True if looks & BOLD else None,
        italic=True if looks & ITALIC else None,
        strike=True if looks & STRIKE else None,
    )


def _colours(formatted: Formatted, look: Look) -> Layer:
    """The colours of code."""
    return [
        (block.start + start, block.start + end, getattr(look.styles, kind))
        for block in formatted.blocks
        for start, end, kind in highlight(formatted.text[block.start : block.end], block.language)
    ]


# --- names


def _names(
    shown: str, lead: int, formatted: Formatted | None, people: set[str], look: Look, *, calls: bool
) -> Layer:
    """The names of people in the text, and what else calls the reader."""
    found: list[tuple[int, int, Style]] = []
    if calls:
        found += [(*span, look.styles.mention) for span in look.mentions.spans(shown, people)]
    for start, end, name in mentioned(shown, people):
        own = name == fold(look.me)
        found.append((start, end, look.styles.own if own else look.name_style(shown[start + 1 : end])))
    found = [part for part in found if part[0] >= lead]
    layer: list[tuple[int, int, Style]] = []
    for start, end, style in sorted(found, key=lambda part: part[:2]):
        is_free = not layer or layer[-1][1] <= start
        is_text = formatted is None or not formatted.looks_at(start) & (CODE | LINK | HOST)
        if is_free and is_text and is_apart(shown, start, start) and is_apart(shown, end, end):
            layer.append((start, end, style))
    return layer
