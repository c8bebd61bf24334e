"""Any message at any width is drawn in lines of just that width, and each place of it is found again."""

from dataclasses import fields

from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from chat_tui.client.events import Pending
from chat_tui.timeline.rows import Message, Reply
from chat_tui.timeline.timeline import Timeline
from chat_tui.tui.widgets.log.block import Block
from chat_tui.tui.widgets.log.log_rows import block_of
from chat_tui.tui.widgets.log.log_style import Look, Styles
from chat_tui.tui.widgets.log.row_text import text_of
from protocol.text import clean_text
from tests.tui.log_screen import ME, START, event, timeline
from tests.unit.test_formatting import hard_text

STYLES = Styles(*[Style(color="red", bgcolor="black")] * len(fields(Styles)))

code = st.tuples(st.sampled_from(["", "py", "sh", "json", "x"]), hard_text).map(
    "```{0[0]}\n{0[1]}\n```".format
)
text = (st.text(max_size=80) | hard_text | code | st.tuples(hard_text, code).map("\n".join)).map(clean_text)
widths = st.integers(1, 400) | st.integers(1, 60)


def look(width: int) -> Look:
    return Look(width, STYLES, lambda _: Style(bold=True), None, "me", ("word",))


@st.composite
def messages(draw: st.DrawFn) -> tuple[Timeline, Message]:
    """A message with anything that a message can have."""
    said = draw(text)
    if draw(st.integers(0, 4)) == 0:
        made = timeline()
        made.set_pending([Pending("a", "#room", "message", said, START, "failed", draw(text))])
    else:
        kind = draw(st.sampled_from(["message", "action"]))
        made = timeline([event(1, "x", 3), event(2, said, draw(st.sampled_from([ME, 3, 4])), kind)])
        if draw(st.booleans()):
            made.changes.set_reply(2, Reply(1, draw(text), draw(text)))
        for emoji in draw(st.lists(text, max_size=5)):
            made.changes.react(2, emoji, draw(st.sampled_from([ME, 4])))
        if draw(st.booleans()):
            made.changes.edit(2, draw(text))
        if draw(st.integers(0, 9)) == 0:
            made.changes.delete(2)
        if draw(st.booleans()):
            made.set_ruler(1)
        made.know(draw(st.lists(text, max_size=2)))
    row = made.rows[-1]
    assert isinstance(row, Message)
    return made, row


def check(block: Block, width: int, source: str) -> None:
    assert block.height >= 1
    at = 0
    for line in range(block.height):
        strip = block.strip(line)
        assert strip.cell_length == sum(cell_len(segment.text) for segment in strip) == width
        assert "\n" not in strip.text
        start, end = block.position(line, 0), block.position(line, 2**30)
        assert at <= start <= end
        at = start
    assert block.written() == source
    for position in (0, len(block.text) // 2, len(block.text)):
        line, column = block.place(position)
        assert 0 <= line < block.height
        assert block.position(line, column) <= position
        part = block.written((0, 0), (line, column))
        assert part in source
        selected = block.selected_strip(line, 0, 0, column, Style(reverse=True))
        assert selected.cell_length == sum(cell_len(segment.text) for segment in selected) == width


# The first code and the first name of an emoji load their libraries.
@settings(deadline=None)
@given(messages(), widths)
def test_any_message_fits_any_width(message: tuple[Timeline, Message], width: int) -> None:
    made, row = message
    check(block_of(row, made, look(width)), width, text_of(row))


@settings(deadline=None)
@given(text, st.integers(1, 30))
@example("- \u0301", 1)
@example("```\n日本\n```", 1)
@example("> > 日本", 2)
def test_any_text_fits_a_narrow_log(said: str, width: int) -> None:
    made = timeline([event(1, said, 3)])
    row = made.rows[-1]
    check(block_of(row, made, look(width)), width, text_of(row))
