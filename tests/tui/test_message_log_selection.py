"""Selecting text in the message log, and what is copied."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import SELECT_ALL, Selection

from chat_tui.timeline.rows import Message
from chat_tui.tui.widgets.log.message_log import MessageLog
from tests.tui.log_screen import event, long_timeline, running, texts, timeline


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down(MessageLog, offset=start)
    await pilot.hover(MessageLog, offset=end)
    await pilot.mouse_up(MessageLog, offset=end)
    await pilot.pause()


def selected(pilot: Pilot[None]) -> str | None:
    return pilot.app.screen.get_selected_text()


def is_painted(part: Segment, pilot: Pilot[None]) -> bool:
    colour = pilot.app.screen.get_component_rich_style("screen--selection").bgcolor
    return part.style is not None and part.style.bgcolor == colour


async def test_a_part_of_a_message_is_copied_as_it_was_written() -> None:
    text = "The quick brown fox jumps over the lazy dog and runs away from it all"
    async with running(timeline([event(1, text)]), (60, 6)) as (log, pilot):
        assert list(texts(log)) == [
            "The quick brown fox jumps over the lazy",
            "dog and runs away from it all",
        ]
        await drag(pilot, (20 + 4, 4), (20 + 6, 5))
        assert selected(pilot) == "quick brown fox jumps over the lazy dog and"
        # From the gutter: from the text's begin.
        await drag(pilot, (2, 4), (20 + 2, 4))
        assert selected(pilot) == "The"


async def test_several_messages_are_copied_with_time_and_name() -> None:
    made = timeline([event(1, "first one", 2), event(2, "second one", 3), event(3, "waves", 4, "action")])
    async with running(made, (60, 8)) as (_, pilot):
        await drag(pilot, (20 + 6, 5), (20 + 10, 7))
        assert selected(pilot) == "[12:00] user2: one\n[12:00] user3: second one\n[12:00] * user4 waves"
        await drag(pilot, (2, 4), (3, 6))
        assert selected(pilot) == "— Monday, 23 November 2026 —\n[12:00] user2: first one"


async def test_cells_are_not_characters() -> None:
    cases = [
        ("日本語のテキスト", 2, 4, "本語"),
        ("👨\u200d👩\u200d👧 family", 3, 8, "family"),
        ("👨\u200d👩\u200d👧 family", 0, 2, "👨\u200d👩\u200d👧 "),
        ("👨\u200d👩\u200d👧 family", 1, 4, "👨\u200d👩\u200d👧 fa"),
        ("❤\ufe0f❤\ufe0f x", 4, 5, " x"),
        ("ae\u0301o", 0, 1, "ae\u0301"),
    ]
    async with running(timeline(), (60, 6)) as (log, pilot):
        for text, start, end, expected in cases:
            log.show(timeline([event(1, text)]))
            await pilot.pause()
            await drag(pilot, (20 + start, 5), (20 + end, 5))
            assert selected(pilot) == expected
            painted = [log.render_line(y) for y in range(6)]
            assert all(
                line.cell_length == sum(cell_len(part.text) for part in line) == 60 for line in painted
            )
            assert "".join(part.text for part in painted[5] if is_painted(part, pilot)) == expected


async def test_what_is_selected_is_painted() -> None:
    async with running(timeline([event(1, "hello world")]), (60, 6)) as (log, pilot):
        await drag(pilot, (20 + 6, 5), (20 + 10, 5))
        painted = [part for part in log.render_line(5) if is_painted(part, pilot)]
        assert [part.text for part in painted] == ["world"]
        assert all(part.style and part.style.color != part.style.bgcolor for part in painted)
        await pilot.press("escape")
        assert not any(is_painted(part, pilot) for part in log.render_line(5))


async def test_a_selection_holds_on_to_its_text() -> None:
    made = long_timeline(50, first=51)
    async with running(made, (60, 12)) as (log, pilot):
        await drag(pilot, (20, 5), (59, 7))
        text = selected(pilot)
        assert text
        made.append([event(200)])
        made.prepend([event(seq, user=seq % 7 + 2) for seq in range(1, 51)])
        log.page_up()
        log.refresh_rows()
        await pilot.pause()
        assert selected(pilot) == text
        await pilot.resize_terminal(50, 12)
        await pilot.pause()
        assert not selected(pilot)


async def test_another_room_or_new_rows_drop_the_selection() -> None:
    made = long_timeline()
    async with running(made) as (log, pilot):
        await drag(pilot, (20, 5), (59, 7))
        log.show(long_timeline())
        assert log not in pilot.app.screen.selections
        await drag(pilot, (20, 5), (59, 7))
        assert log.timeline is not None
        log.timeline.reset([event(seq) for seq in range(1, 400)])
        log.refresh_rows()
        assert log not in pilot.app.screen.selections


async def test_a_double_click_selects_a_word() -> None:
    text = "see https://example.org/a?b=c, (now) 日本 end"
    places = [
        (1, "see"),
        (3, None),
        (4, "https://example.org/a?b=c"),
        (31, "(now)"),
        (32, "now"),
        (38, "日本"),
        (58, None),
    ]
    async with running(timeline([event(1, text)]), (90, 6)) as (_, pilot):
        for column, expected in places:
            await pilot.click(MessageLog, offset=(24 + column, 5), times=2)
            assert (selected(pilot) or None) == expected


async def test_a_triple_click_selects_the_message() -> None:
    text = "word " * 30 + "end"
    async with running(timeline([event(1, "before", 3), event(2, text), event(3, "after", 3)])) as (_, pilot):
        await pilot.click(MessageLog, offset=(30, 17), times=3)
        assert selected(pilot) == text


async def test_a_selection_from_outside_is_what_is_visible() -> None:
    made = long_timeline()
    async with running(made, (60, 6)) as (log, pilot):
        pilot.app.screen.selections = {log: SELECT_ALL}
        text = selected(pilot)
        assert text is not None
        assert [line.partition(": ")[2] for line in text.splitlines()] == list(texts(log))
        last = made.row(made.end - 1)
        assert isinstance(last, Message)
        pilot.app.screen.selections = {log: Selection(None, Offset(0, (made.end - 1) * 2**20))}
        assert selected(pilot) == "\n".join(text.splitlines()[:-1])
