"""The message log on a screen: where it stands and what it draws."""

import gc
from typing import Any

import pytest
from rich.cells import cell_len
from textual.color import Color
from textual.events import MouseScrollUp
from textual.strip import Strip

from chat_tui.client.events import Pending, RoomEvent
from chat_tui.tui.colours import contrast
from chat_tui.tui.widgets.log import log_rows, log_style, message_log
from chat_tui.tui.widgets.log.message_log import MessageLog
from tests.support.screen import until
from tests.tui.log_screen import (
    ME,
    START,
    LogApp,
    app_of,
    event,
    long_timeline,
    running,
    screen,
    texts,
    timeline,
    top,
)

# --- lines ----------------------------------------------------------------------------------------


async def test_a_message_has_time_name_and_text_at_the_bottom() -> None:
    async with running(timeline([event(1, "hello"), event(2, "again"), event(3, "later", minutes=1)])) as (
        log,
        _,
    ):
        lines = screen(log)
        assert lines[-5].strip() == "the beginning of #room"
        assert lines[-4].strip("─ ") == "Monday, 23 November 2026"
        assert lines[-3] == "12:00       user2 │ hello"
        assert lines[-2] == " " * 18 + "│ again"
        assert lines[-1] == "12:01" + " " * 13 + "│ later"
        assert not any(lines[:-5])


async def test_names_have_a_wider_column_from_80_cells_on() -> None:
    made = timeline([RoomEvent("#room", 1, 2, "a name of more than fourteen", "message", "x", START)])
    async with running(made, (81, 5)) as (log, pilot):
        assert screen(log)[-1] == "12:00  a name of mor… │ x"
        await pilot.resize_terminal(80, 5)
        assert screen(log)[-1] == "12:00  a name of… │ x"


async def test_narrow_logs_put_names_on_lines_of_their_own() -> None:
    async with running(timeline([event(1, "word " * 8), event(2, "more")]), (30, 6)) as (log, _):
        assert screen(log)[-4:] == [
            "12:00 user2",
            "│ word word word word word",
            "│ word word word",
            "│ more",
        ]


async def test_long_lines_are_wrapped_under_the_text_and_bounded() -> None:
    async with running(timeline([event(1, "word " * 60)]), (200, 6)) as (log, _):
        found = list(texts(log))
        assert [len(line) for line in found] == [119, 119, 59]
        assert log_style.TEXT == 120


async def test_wide_characters_are_counted_as_two_cells() -> None:
    made = timeline([RoomEvent("#room", 1, 2, "山田太郎さん", "message", "日本語" * 20, START)])
    async with running(made, (60, 6)) as (log, _):
        assert screen(log)[-4].startswith("12:00   山田太郎… │ 日本語")
        assert all(cell_len(log.render_line(y).text) == 60 for y in range(6))


async def test_actions_pending_and_failed_messages() -> None:
    made = timeline([event(1, "waves", 3, "action")])
    made.set_pending(
        [
            Pending("a", "#room", "message", "soon", START),
            Pending("b", "#room", "message", "never", START, "failed", "too long"),
        ]
    )
    async with running(made, (81, 8)) as (log, _):
        lines = screen(log)[-5:]
        assert lines[0].endswith("* │ user3 waves")
        assert lines[1].endswith("me … soon")
        assert lines[2].endswith("! never")
        assert lines[3].strip() == "not sent: too long"
        assert lines[4].strip() == "/retry or /discard"


async def test_markup_is_shown_as_it_was_written() -> None:
    hostile = "[/ [@click=app.quit]x[/] [bold]b[/bold] \\[x]"
    made = timeline(
        [RoomEvent("#room", 1, 2, "[/]", "message", hostile, START), event(2, hostile, 3, "topic")]
    )
    made.notice(hostile, "error", START)
    async with running(made, (120, 8)) as (log, pilot):
        assert sum(hostile in line for line in screen(log)) == 3
        assert "[/] │" in screen(log)[-3]
        assert not any(
            "@click" in (segment.style.meta if segment.style else {}) for segment in log.render_line(7)
        )
        await pilot.click(MessageLog, offset=(40, 7))
        assert app_of(pilot).is_running


async def test_an_empty_room_is_friendly() -> None:
    async with running(timeline(), (50, 6)) as (log, pilot):
        assert screen(log)[-1].strip() == "Nothing here yet. Say hello."
        made = timeline()
        made.loading = True
        log.show(made)
        await pilot.pause()
        assert [line.strip() for line in screen(log)[-2:]] == ["loading older messages …", ""]
        made.loading = False
        made.clear()
        log.refresh_rows()
        assert "Nothing" not in "".join(screen(log))


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "\n" * 50_000,
        "日本" * 10_000,
        "👨\u200d👩\u200d👧" * 1_000,
        "❤\ufe0f\u0301" * 500,
        "\u200d" * 500,
        "e" + "\u0301" * 5_000,
        "שלום עולם " * 100,
        " " * 10_000,
        "\t" * 1_000,
    ],
    ids=["line", "newlines", "wide", "family", "hearts", "joiners", "marks", "hebrew", "blanks", "tabs"],
)
async def test_any_text_fills_lines_exactly_at_any_width(text: str) -> None:
    made = timeline(
        [RoomEvent("#room", 1, 2, text[:50], "message", text, START), event(2, text, 3, "action")]
    )
    made.set_pending([Pending("a", "#room", "message", text, START, "failed", text)])
    async with running(made, (120, 10)) as (log, pilot):
        for width in (1, 2, 25, 46):
            await pilot.resize_terminal(width, 10)
            while log.size.width != width:
                await pilot.pause()
            for move in (log.page_up, log.to_top, log.page_down):
                move()
                widths = [
                    (
                        log.render_line(y).cell_length,
                        sum(map(cell_len, (part.text for part in log.render_line(y)))),
                    )
                    for y in range(10)
                ]
                assert widths == [(width, width)] * 10


# --- where it stands ------------------------------------------------------------------------------


async def test_the_bottom_is_followed() -> None:
    made = long_timeline()
    async with running(made) as (log, _):
        assert list(texts(log))[-1] == "text 200"
        made.append([event(201)])
        log.refresh_rows()
        assert list(texts(log))[-1] == "text 201"
        assert log.at_bottom


async def test_scrolled_up_nothing_moves_and_new_messages_are_counted() -> None:
    made = long_timeline()
    async with running(made) as (log, pilot):
        log.page_up()
        await pilot.pause()
        before = screen(log)
        assert before[-1].strip() == "↓ newest  (End)"
        made.append([event(201, user=3), event(202, user=ME), event(203, user=4)])
        log.refresh_rows()
        assert [line.rstrip(" ▐") for line in screen(log)[:-1]] == [line.rstrip(" ▐") for line in before[:-1]]
        assert screen(log)[-1].strip() == "↓ 2 new messages  (End)"
        await pilot.click(MessageLog, offset=(40, 19))
        assert log.at_bottom
        assert made.unseen == 0
        assert list(texts(log))[-1] == "text 203"
        await pilot.pause()
        assert app_of(pilot).at_bottom == [False, True]


async def test_scrolling_by_lines_pages_and_wheel() -> None:
    async with running(long_timeline()) as (log, pilot):
        assert top(log) == "text 181"
        log.scroll_lines(-1)
        assert (top(log), log.at_bottom) == ("text 180", False)
        log.scroll_lines(1)
        assert (top(log), log.at_bottom) == ("text 181", True)
        log.page_up()
        assert top(log) == "text 163"
        log.page_down()
        assert log.at_bottom
        await pilot._post_mouse_events([MouseScrollUp], widget=MessageLog)
        assert top(log) == "text 178"
        log.to_top()
        assert screen(log)[0].strip(" ▐") == "the beginning of #room"
        log.scroll_lines(-5)
        assert screen(log)[0].strip(" ▐") == "the beginning of #room"
        log.to_bottom()
        assert top(log) == "text 181"


async def test_a_log_that_fits_does_not_scroll() -> None:
    async with running(long_timeline(5)) as (log, _):
        before = screen(log)
        for move in (log.page_up, log.to_top, lambda: log.scroll_lines(-3), log.page_down):
            move()
            assert screen(log) == before
            assert log.at_bottom


async def test_older_messages_come_in_above_without_moving_anything() -> None:
    made = long_timeline(100, first=101)
    made.has_older = True
    older = [event(seq, f"first line\nsecond line\ntext {seq}", user=seq % 7 + 2) for seq in range(1, 101)]
    async with running(made) as (log, pilot):
        await pilot.pause()
        assert app_of(pilot).wanted == []
        log.to_top()
        await pilot.pause()
        assert app_of(pilot).wanted == [made]
        made.loading = True
        log.refresh_rows()
        before = screen(log)
        assert before[0].strip(" ▐") == "loading older messages …"
        made.prepend(older)
        made.loading = made.has_older = False
        log.refresh_rows()
        after = screen(log)
        assert [line.strip(" ▐") for line in after[2:-1]] == [line.strip(" ▐") for line in before[2:-1]]
        assert list(texts(log))[:3] == ["second line", "text 100", "text 101"]
        log.to_top()
        await pilot.pause()
        assert app_of(pilot).wanted == [made]


async def test_older_messages_join_the_group_of_the_first() -> None:
    async with running(timeline([event(2)])) as (log, _):
        assert screen(log)[-1] == "12:00       user2 │ text 2"
        assert log.timeline is not None
        log.timeline.prepend([event(1)])
        log.refresh_rows()
        assert screen(log)[-2:] == ["12:00       user2 │ text 1", " " * 18 + "│ text 2"]


async def test_older_messages_are_asked_for_once_until_the_reader_moves() -> None:
    made = long_timeline(100)
    made.has_older = True
    async with running(made) as (log, pilot):
        log.to_top()
        for _ in range(3):
            log.refresh_rows()
            await pilot.pause()
        assert len(app_of(pilot).wanted) == 1
        log.scroll_lines(1)
        await pilot.pause()
        assert len(app_of(pilot).wanted) == 2
        made.loading = True
        log.scroll_lines(1)
        await pilot.pause()
        assert len(app_of(pilot).wanted) == 2


async def test_a_short_log_asks_for_older_messages_by_itself() -> None:
    made = long_timeline(3)
    made.has_older = True
    async with running(made) as (_, pilot):
        await pilot.pause()
        assert app_of(pilot).wanted == [made]


async def test_the_top_message_stays_when_the_size_changes() -> None:
    made = timeline(
        event(seq, f"{seq}: " + "word " * (seq % 9 * 12), user=seq % 7 + 2) for seq in range(1, 101)
    )
    async with running(made, (120, 20)) as (log, pilot):
        log.scroll_lines(-60)
        log.scroll_lines(-3)
        number = made.view.row
        for width, height in ((60, 20), (35, 12), (100, 30), (120, 20)):
            await pilot.resize_terminal(width, height)
            assert made.view.row == number


async def test_the_same_words_stay_at_the_top_of_a_long_message() -> None:
    made = timeline([event(1, " ".join(f"w{number}" for number in range(2_000))), event(2)])
    async with running(made, (120, 20)) as (log, pilot):
        log.to_top()
        log.scroll_lines(20)
        word = top(log).split()[0]
        for width in (60, 90):
            await pilot.resize_terminal(width, 20)
            assert word in top(log).split()


async def test_each_room_is_found_where_it_was_left() -> None:
    one, other = long_timeline(), long_timeline(50, first=1_000)
    async with running(one) as (log, pilot):
        log.scroll_lines(-70)
        here = top(log)
        log.show(other)
        await pilot.pause()
        assert list(texts(log))[-1] == "text 1049"
        log.show(one)
        await pilot.pause()
        assert top(log) == here
        assert app_of(pilot).at_bottom == [False, True, False]


async def test_clear_shows_only_what_comes() -> None:
    made = long_timeline()
    async with running(made) as (log, _):
        log.page_up()
        made.clear()
        log.refresh_rows()
        assert list(texts(log)) == []
        made.append([event(300, "new")])
        log.refresh_rows()
        assert list(texts(log)) == ["new"]


async def test_only_what_is_near_the_window_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped: list[Any] = []
    original = log_rows.block_of

    def counting(row: Any, *rest: Any) -> Any:
        wrapped.append(row)
        return original(row, *rest)

    monkeypatch.setattr(log_rows, "block_of", counting)
    made = long_timeline(20_000)
    async with running(made) as (log, pilot):
        made.append(event(seq) for seq in range(20_001, 21_001))
        log.refresh_rows()
        await pilot.pause()
        log.to_top()
        await pilot.pause()
        await pilot.resize_terminal(60, 20)
        assert len(wrapped) < 200


async def test_the_cache_of_rows_is_bounded_by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "CACHED_LINES", 1_000)
    made = timeline(event(seq, "x\n" * 300, user=seq % 5 + 2) for seq in range(1, 101))
    async with running(made) as (log, _):
        for _ in range(200):
            log.page_up()
        assert 1 < len(log._blocks._blocks) < 10


async def test_a_line_that_was_drawn_goes_without_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "CACHED_LINES", 40)
    async with running(long_timeline(1_000)) as (log, pilot):
        gc.collect()
        gc.disable()
        try:
            before = _strips()
            for _ in range(40):
                log.page_up()
                await pilot.pause()
            # A line has up to four strips: as wrapped, with its place, as wide as the log, in its colours.
            assert _strips() - before < 4 * message_log.CACHED_LINES + 200
        finally:
            gc.enable()


def _strips() -> int:
    return sum(isinstance(one, Strip) for one in gc.get_objects())


# --- looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light", "nord"])
async def test_names_can_be_read_in_every_theme_and_lines_are_filled(theme: str) -> None:
    async with running(long_timeline(5)) as (log, pilot):
        pilot.app.theme = theme
        await pilot.pause()
        styles = {segment.text: segment.style for segment in log.render_line(19)}
        name = styles["user7"]
        assert name is not None
        background = log.background_colors[1]
        colour = Color.from_rich_color(name.color)
        if theme.startswith("ansi"):
            assert colour.ansi in range(1, 7)  # what that looks like is the terminal's business
        else:
            assert contrast(colour, background) >= 4.5
            drawn = log.render_lines(log.size.region)
            assert all(
                part.style and part.style.bgcolor == background.rich_color for line in drawn for part in line
            )


async def test_a_new_theme_changes_rows_that_were_drawn() -> None:
    async with running(long_timeline(5)) as (log, pilot):
        before = [segment.style for segment in log.render_line(19)]
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert [segment.style for segment in log.render_line(19)] != before


async def test_without_a_timeline_everything_is_harmless() -> None:
    app = LogApp(timeline())
    app.log_widget = MessageLog()
    async with app.run_test(size=(40, 6)) as pilot:
        log = app.log_widget
        for move in (log.page_up, log.page_down, log.to_top, log.to_bottom, log.refresh_rows):
            move()
        await pilot.click(MessageLog, times=2)
        assert screen(log) == [""] * 6
        log.show(timeline([event(1, "hello")]))
        await pilot.pause()
        assert screen(log)[-1].endswith("hello")


async def test_who_asks_before_the_drawing_hears_already_that_all_fits() -> None:
    """Else a room that was opened where its new begins, and is seen whole, would stay unread."""
    async with running(timeline()) as (log, pilot):
        made = timeline([event(1), event(2)])
        made.set_ruler(1)
        made.show_ruler()
        log.show(made)
        assert log.at_bottom
        assert log.drawn_to == 0
        await until(pilot, lambda: log.drawn_to == 2, "it is drawn")
        assert log.at_bottom


async def test_what_changes_nothing_that_is_seen_draws_nothing() -> None:
    made = long_timeline(40)
    async with running(made) as (log, pilot):
        log.refresh_rows()
        assert not log._repaint_required
        made.append([event(41)])
        log.refresh_rows()
        assert log._repaint_required
        await until(pilot, lambda: log.drawn_to == 41, "it is drawn")
        log.page_up()
        await pilot.pause()
        log.refresh_rows()
        assert not log._repaint_required
        made.append([event(42)])  # only the count below changes
        log.refresh_rows()
        assert log._repaint_required
