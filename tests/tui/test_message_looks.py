"""How messages look in the log: formatting, links, names, and what stands around the text."""

import re
from collections.abc import Iterator

import pytest
from rich.style import Style
from textual.pilot import Pilot

from chat_tui.client.events import Pending
from chat_tui.timeline.rows import Message, Reply
from chat_tui.tui.widgets.log.message_log import MessageLog
from protocol import limits
from tests.tui.log_screen import ME, START, event, long_timeline, running, screen, texts, timeline


def styled(log: MessageLog, text: str) -> Style:
    """The style of the segments that make up `text` together, which must look alike."""
    for y in range(log.size.height):
        segments = list(log.render_line(y))
        line = "".join(segment.text for segment in segments)
        if text not in line:
            continue
        start = line.index(text)
        end = start + len(text)
        at = 0
        styles = []
        for segment in segments:
            if at < end and at + len(segment.text) > start:
                styles.append(_bare(segment.style))
            at += len(segment.text)
        assert all(style == styles[0] for style in styles), styles
        return styles[0]
    raise AssertionError(f"{text!r} is not shown:\n" + "\n".join(screen(log)))


def _bare(style: Style | None) -> Style:
    assert style is not None
    return style.clear_meta_and_links()


def component(log: MessageLog, name: str) -> Style:
    return log.get_component_rich_style(f"message-log--{name}")


def links(log: MessageLog) -> Iterator[tuple[str, str, str]]:
    """Every part of a link: its text, its target and its name for the terminal."""
    for strip in log.render_lines(log.size.region):
        for segment in strip:
            if segment.style is not None and segment.style.link is not None:
                yield segment.text, segment.style.link, segment.style.link_id


# --- formatting


async def test_emphasis_is_drawn_without_its_marks() -> None:
    made = timeline([event(1, "a **bold** *slanted* ~~struck~~ `code` end")])
    async with running(made, (81, 6)) as (log, _):
        assert list(texts(log)) == ["a bold slanted struck code end"]
        assert styled(log, "bold").bold
        assert styled(log, "slanted").italic
        assert styled(log, "struck").strike
        assert styled(log, "code").bgcolor == component(log, "code").bgcolor != styled(log, "end").bgcolor
        assert not styled(log, "end").bold


async def test_lists_hang_and_quotes_have_bars() -> None:
    made = timeline(
        [event(1, "- " + "word " * 9 + "\n10. " + "item " * 8 + "\n> " + "said " * 9 + "\n> > deep")]
    )
    async with running(made, (60, 12)) as (log, _):
        assert list(texts(log)) == [
            "- word word word word word word word",
            "  word word",
            "10. item item item item item item item",
            "    item",
            "▎ said said said said said said said",
            "▎ said said",
            "▎ ▎ deep",
        ]


async def test_narrow_logs_have_no_room_for_indents() -> None:
    made = timeline([event(1, "> > - " + "word " * 4)])
    async with running(made, (10, 8)) as (log, _):
        assert list(texts(log)) == ["- word", "word", "word", "word"]


async def test_code_is_a_block_that_keeps_its_blanks_and_is_coloured() -> None:
    code = "def f(x):\n    return  'a string', " + "1234567890" * 4
    made = timeline([event(1, f"look:\n```python\n{code}\n```\ndone")])
    async with running(made, (60, 10)) as (log, _):
        assert list(texts(log)) == [
            "look:",
            " def f(x):",
            "     return  'a string', 1234567890123",
            " 456789012345678901234567890",
            "done",
        ]
        assert styled(log, "def").color == component(log, "keyword").color
        assert styled(log, "'a string'").color == component(log, "string").color
        assert styled(log, "4567890123456").color == component(log, "number").color
        background = component(log, "code").bgcolor
        for y in (6, 7, 8):
            text = "".join(
                part.text for part in log.render_line(y) if part.style and part.style.bgcolor == background
            )
            assert len(text) == 39
        assert styled(log, "done").bgcolor != background


async def test_code_of_a_language_nobody_knows_is_plain() -> None:
    made = timeline([event(1, "```brainfuck\ndef x\n```"), event(2, "```\ndef y\n```", 3)])
    async with running(made, (60, 10)) as (log, _):
        assert styled(log, "def x") == styled(log, "def y")


async def test_a_message_can_be_changed_while_it_is_shown() -> None:
    made = timeline([event(1, "*one*"), event(2, "two", 3)])
    async with running(made, (60, 6)) as (log, _):
        made.changes.edit(1, "one and a **half**")
        log.refresh_rows()
        assert list(texts(log)) == ["one and a half (edited)", "two"]
        made.changes.delete(1)
        log.refresh_rows()
        assert list(texts(log)) == ["message deleted", "two"]
        assert styled(log, "message deleted").italic


# --- links


async def test_links_lead_to_their_target_on_every_line() -> None:
    url = "https://example.org/" + "a" * 60
    made = timeline([event(1, f"see {url} and [this](https://x.org/b)!")])
    async with running(made, (60, 8)) as (log, _):
        found = list(links(log))
        assert "".join(text for text, target, _ in found if target == url) == url
        assert len([text for text, target, _ in found if target == url]) == 3
        assert len({name for _, target, name in found if target == url}) == 1
        assert [(text, target) for text, target, _ in found if target != url] == [
            ("this", "https://x.org/b"),
            (" (x.org)", "https://x.org/b"),
        ]
        assert len({name for _, _, name in found}) == 2
        assert styled(log, "this").underline
        assert not styled(log, "(x.org)").underline


async def test_a_selected_link_is_still_a_link() -> None:
    made = timeline([event(1, "see https://example.org/ now")])
    async with running(made, (60, 6)) as (log, pilot):
        await pilot.click(MessageLog, offset=(30, 5), times=2)
        assert pilot.app.screen.get_selected_text() == "https://example.org/"
        assert {(target, name) for _, target, name in links(log)} == {
            ("https://example.org/", next(links(log))[2])
        }


async def test_nothing_in_a_text_makes_a_link_but_a_link() -> None:
    hostile = (
        "[link=https://evil.org]x[/link] [@click=app.quit]y[/] \\[z](file:///etc/passwd) javascript:alert(1)"
    )
    async with running(timeline([event(1, hostile)]), (160, 6)) as (log, _):
        assert [target for _, target, _ in links(log)] == ["https://evil.org"]


# --- names


async def test_who_is_called_by_name_sees_it() -> None:
    made = timeline(
        [event(1, "me: look, @me, @user3 @nobody! some"), event(2, "hello", 3), event(3, "@ME?", ME)]
    )
    async with running(made, (81, 8)) as (log, _):
        assert screen(log)[-3] == "12:00           user2 @ me: look, @me, @user3 @nobody! some"
        called, mention = component(log, "called"), component(log, "mention")
        assert [part.style.color for part in log.render_line(5) if part.text == "@ " and part.style] == [
            called.color
        ]
        assert styled(log, "@me").bgcolor == mention.bgcolor
        assert styled(log, "@user3") == styled(log, "user3")
        assert not styled(log, "@nobody").bold
        assert styled(log, "some").bgcolor != mention.bgcolor
        assert screen(log)[-1].endswith("me │ @ME?")
        assert styled(log, "@ME").bgcolor != mention.bgcolor


async def test_the_mark_of_a_call_goes_down_the_message() -> None:
    made = timeline([event(1, "me: " + "word " * 20)])
    async with running(made, (60, 6)) as (log, _):
        called = component(log, "called").color
        parts = [part for y in (3, 4, 5) for part in log.render_line(y)]
        assert [part.text for part in parts if part.style and part.style.color == called] == [
            "@ ",
            "│ ",
            "│ ",
        ]


async def test_names_and_words_call_only_where_they_are_text() -> None:
    made = timeline([event(1, "`me` https://x.org/me.html meow theme"), event(2, "deploy now", 3)])
    async with running(made, (81, 8)) as (log, _):
        mention = component(log, "mention").bgcolor
        assert styled(log, "https://x.org/me.html").bgcolor != mention
        assert styled(log, "now").bgcolor != mention
        log.call_me(["deploy"])
        assert styled(log, "deploy").bgcolor == mention
        assert " @ deploy" in screen(log)[-1]


async def test_a_person_who_comes_in_is_known_by_name() -> None:
    made = timeline([event(1, "@zoë and @user9. end")])
    async with running(made, (60, 8)) as (log, _):
        plain = styled(log, "end")
        assert styled(log, "@zoë") == plain
        made.know(["Zoë", "user9"])
        log.refresh_rows()
        assert styled(log, "@zoë").color != plain.color
        assert styled(log, "@user9").color != plain.color
        assert styled(log, ". end") == plain


async def test_a_new_name_of_ones_own_is_seen_at_once() -> None:
    made = timeline([event(1, "neo: hello")])
    async with running(made, (60, 8)) as (log, _):
        assert "│ neo" in screen(log)[-1]
        made.my_name = "Neo"
        log.refresh_rows()
        assert "@ neo" in screen(log)[-1]


# --- around the text


async def test_replies_reactions_and_edits_stand_around_the_text() -> None:
    made = timeline([event(1, "first"), event(2, "an answer", 3)])
    made.changes.set_reply(2, Reply(1, "user2", "the *first*\nwords of a long message that goes on and on"))
    made.changes.edit(2, "an answer")
    for user in (4, 5, ME):
        made.changes.react(2, "👍", user)
    made.changes.react(2, "🎉", 4)
    async with running(made, (60, 8)) as (log, _):
        assert screen(log)[-3:] == [
            " " * 18 + "┌ user2: the first words of a long messa…",
            "12:00       user3 │ an answer (edited)",
            " " * 18 + "│ [👍 3]  🎉 1",
        ]
        assert styled(log, "[👍 3]").bold
        assert not styled(log, "🎉 1").bold
        assert styled(log, "(edited)") == styled(log, "┌ user2")


async def test_they_do_so_in_a_narrow_log() -> None:
    made = timeline([event(1, "x", 3)])
    made.changes.set_reply(1, Reply(9, "user2", "the first words of it"))
    made.changes.edit(1, "an answer that is long")
    for number in range(6):
        made.changes.react(1, chr(0x1F600 + number), 4)
    async with running(made, (26, 10)) as (log, _):
        assert screen(log)[-6:] == [
            "12:00 user3",
            "┌ user2: the first words…",
            "│ an answer that is long",
            "│ (edited)",
            "│ 😀 1  😁 1  😂 1  😃 1",
            "│ 😄 1  😅 1",
        ]


async def test_very_many_reactions_are_the_first_ones() -> None:
    made = timeline([event(1, "x", 3)])
    for number in range(60):
        made.changes.react(1, f"a very long name {number}\nof nothing", 4)
    async with running(made, (60, 30)) as (log, _):
        assert len([line for line in screen(log) if "very" in line]) == limits.REACTIONS // 2


async def test_a_deleted_message_has_nothing_around_it() -> None:
    made = timeline([event(1, "x", 3), event(2, "waves", 3, "action")])
    for seq in (1, 2):
        made.changes.set_reply(seq, Reply(9, "user2", "said"))
        made.changes.react(seq, "👍", 4)
        made.changes.edit(seq, "y")
        made.changes.delete(seq)
    async with running(made, (60, 8)) as (log, _):
        assert list(texts(log)) == ["message deleted", "message deleted"]
        assert not any("┌" in line or "👍" in line or "edited" in line for line in screen(log))


async def test_a_pending_message_is_formatted_too() -> None:
    made = timeline()
    made.set_pending([Pending("a", "#room", "message", "**soon**", START)])
    async with running(made, (60, 4)) as (log, _):
        assert screen(log)[-1].endswith("… soon")
        assert styled(log, "soon").bold


# --- where the new begins


async def test_the_ruler_says_what_is_new_and_names_the_author_again() -> None:
    made = timeline([event(1), event(2), event(3)])
    made.set_ruler(1)
    async with running(made, (60, 6)) as (log, _):
        assert screen(log)[-3:] == [
            "─" * 52 + " new ──",
            "12:00       user2 │ text 2",
            " " * 18 + "│ text 3",
        ]
        made.clear_ruler()
        log.refresh_rows()
        assert screen(log)[-2:] == [" " * 18 + "│ text 2", " " * 18 + "│ text 3"]


async def test_a_room_is_opened_where_the_new_begins() -> None:
    made = long_timeline(200)
    made.set_ruler(150)
    made.show_ruler()
    async with running(made, (60, 30)) as (log, pilot):
        lines = screen(log)
        assert lines[10].startswith("─" * 50)
        assert lines[11].rstrip(" ▐").endswith("│ text 151")
        assert lines[-1].strip() == "↓ 32 new messages  (End)"
        log.page_down()
        assert screen(log)[-1].strip() == "↓ 4 new messages  (End)"
        log.page_up()
        assert screen(log)[-1].strip() == "↓ 4 new messages  (End)"
        log.page_down()
        log.page_down()
        await pilot.pause()
        assert log.at_bottom
        assert made.unseen == 0


async def test_a_room_with_few_new_messages_is_opened_at_its_bottom() -> None:
    made = long_timeline(200)
    made.set_ruler(190)
    made.show_ruler()
    async with running(made, (60, 30)) as (log, _):
        assert log.at_bottom
        assert screen(log)[19].startswith("─" * 50)


async def test_the_place_holds_when_messages_around_it_change() -> None:
    made = timeline(event(seq, "word " * 40 + str(seq), user=seq % 7 + 2) for seq in range(1, 60))
    async with running(made, (60, 20)) as (log, _):
        log.scroll_lines(-100)
        log.scroll_lines(-2)

        def shown() -> list[str]:
            return [line.rstrip(" ▐") for line in screen(log)]

        before = shown()
        here = made.row(made.view.row)
        assert isinstance(here, Message)
        for seq in (here.seq - 1, here.seq - 2):
            made.changes.edit(seq, "short")
            made.changes.react(seq, "👍", 4)
            log.refresh_rows()
            assert shown() == before
        made.set_ruler(here.seq - 1)  # it stands above the lines that are in view
        log.refresh_rows()
        assert shown() == before
        made.clear_ruler()
        log.refresh_rows()
        assert shown() == before
        made.changes.edit(here.seq, "very short")
        log.refresh_rows()
        assert made.row(made.view.row) is here
        assert shown()[0].endswith("very short (edited)")


# --- copying


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> str | None:
    await pilot.mouse_down(MessageLog, offset=start)
    await pilot.hover(MessageLog, offset=end)
    await pilot.mouse_up(MessageLog, offset=end)
    await pilot.pause()
    return pilot.app.screen.get_selected_text()


async def test_what_is_copied_is_what_was_written() -> None:
    text = "run `make test` **now** :tada:"
    async with running(timeline([event(1, text)]), (60, 6)) as (log, pilot):
        assert list(texts(log)) == ["run make test now 🎉"]
        assert await drag(pilot, (20 + 4, 5), (20 + 12, 5)) == "make test"
        assert await drag(pilot, (20, 5), (20 + 12, 5)) == "run `make test`"
        assert await drag(pilot, (20 + 14, 5), (20 + 19, 5)) == "**now** :tada:"
        assert await drag(pilot, (3, 5), (20 + 1, 5)) == "ru"
        await pilot.click(MessageLog, offset=(30, 5), times=3)
        assert pilot.app.screen.get_selected_text() == text


async def test_several_messages_are_copied_with_their_marks() -> None:
    made = timeline([event(1, "**one**", 2), event(2, "> *two*\nx", 3), event(3, "`three`", 4)])
    async with running(made, (60, 8)) as (_, pilot):
        copied = await drag(pilot, (20, 4), (30, 7))
        assert copied == "[12:00] user2: **one**\n[12:00] user3: > *two*\nx\n[12:00] user4: `three`"


async def test_code_is_copied_as_code() -> None:
    made = timeline([event(1, "```py\nif x:\n    y()\n```")])
    async with running(made, (60, 6)) as (_, pilot):
        assert await drag(pilot, (21, 4), (21 + 5, 5)) == "if x:\n    y("
        assert await drag(pilot, (21, 4), (21 + 6, 5)) == "if x:\n    y()"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light", "nord"])
async def test_all_of_it_is_drawn_in_every_theme(theme: str) -> None:
    made = timeline(
        [event(1, "**b** `c` https://x.org [l](https://x.org) @me\n```py\nx = 1 # c\n```\n> q\n- l")]
    )
    made.changes.react(1, "👍", ME)
    made.set_ruler(0)
    async with running(made, (60, 14)) as (log, pilot):
        pilot.app.theme = theme
        await pilot.pause()
        shown = "\n".join(screen(log))
        assert all(part in shown for part in ("new", "x = 1 # c", "▎ q", "[👍 1]"))
        for strip in log.render_lines(log.size.region):
            assert strip.cell_length == 60
            assert not re.search("[\x00-\x1f]", strip.text)
