"""What people write is shown as they mean it; nothing is invented, reordered or lost on the way."""

import sys
import time
from types import FrameType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from chat_tui.markup.formatting import LINES, Formatted, Line, parse
from chat_tui.markup.inline import BLOCK, BOLD, BULLET, CODE, HOST, ITALIC, LINK, QUOTE, STRIKE
from chat_tui.markup.wrapping import displayable
from protocol.text import clean_text

LOOKS = {
    BOLD: "b",
    ITALIC: "i",
    STRIKE: "s",
    CODE: "c",
    BLOCK: "B",
    LINK: "l",
    HOST: "h",
    BULLET: "-",
    QUOTE: "q",
}

hard_text = st.lists(
    st.sampled_from(
        [
            *[
                "*",
                "**",
                "***",
                "_",
                "~~",
                "`",
                "``",
                "```",
                "```\n",
                "```py\n",
                "[",
                "](",
                ")",
                "](https://x.org)",
            ],
            *[
                "> ",
                ">> ",
                ">",
                "- ",
                "1. ",
                "* ",
                "\n",
                " ",
                "\\",
                "https://x.org/a_b",
                "HTTP://é.org",
                "mailto:a@b.c",
            ],
            *[
                ":tada:",
                ":x:",
                ":",
                "a",
                "word",
                "é",
                "日",
                "「",
                "e\u0301",
                "\u0301",
                "👨\u200d👩",
                "\u200d",
                "❤\ufe0f",
            ],
            *["\ufe0f", "🇩", "🇪", "👍🏽", "🏽", "א", "\u200f", "@", "#", "'", '"', "(", ".", "/"],
        ]
    ),
    max_size=25,
).map("".join)
any_text = (st.text(max_size=60) | hard_text).map(clean_text).map(displayable)


def shown(text: str) -> str:
    """The text that is shown, with its looks: `b{bold}`."""
    formatted = parse(text)
    if formatted is None:
        return text
    out = ""
    for run in formatted.runs:
        looks = "".join(letter for look, letter in LOOKS.items() if run.looks & look)
        part = formatted.text[run.start : run.end]
        out += f"{looks}{{{part}}}" if looks else part
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** text", "b{bold} text"),
        ("*one* and _two_", "i{one} and i{two}"),
        ("~~gone~~", "s{gone}"),
        ("***both***", "bi{both}"),
        ("**bold *both* bold**", "b{bold }bi{both}b{ bold}"),
        ("(**bold**), *it*: _x_!", "(b{bold}), i{it}: i{x}!"),
        ('**"said"**', 'b{"said"}'),
        ("_foo_bar_", "i{foo_bar}"),
        ("**a *b** c*", "b{a *b} c*"),
        ("*a **b* c**", "i{a **b} c**"),
        ("これは**太字**です", "これはb{太字}です"),
        ("run `ls *.py`!", "run c{ls *.py}!"),
        ("`` a`b ``", "c{a`b}"),
        ("the `Widget`s", "the c{Widget}s"),
        ("**`x`**", "bc{x}"),
    ],
)
def test_emphasis_and_code(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *["snake_case_words", "_private", "__init__ and __main__", "2*3*4", "2 * 3 * 4", "5* and 4* hotels"],
        *["*.py *.txt", "/usr/*/lib/*", "**/*.py and **/*.md", "~/a ~/b", "a~~b", "** alone **", "**"],
        *["****"],
        *["'*' or '*'", "(*)", "(*p)->x * (*q)", "char **argv; int *a, *b;", "f(*args, **kwargs)", "/*b*/"],
        *["*/5 * * * *", "*a*b", "a*b*", "\\*not\\* \\_x_ \\`x\\`", "C:\\_x\\_y", "*two\nlines*"],
        *["don`t won`t"],
        *["`", "``", "` `", "`a", "[/] [\\] [x] [a](b)", "[a](javascript:alert(1))", "x[1]", "/* a */", "*"],
        *["http://", "https://:x", "xhttps://a.org", "://", "mailto:", "mailto:nobody"],
        *[":nope:", "10:30:45", "a:100:b", ": x :", "::", ":TADA", "see: this"],
        *[">_<", ">:(", ">>> repl", "a > b", "-1", "-x", "--flag", "1.5 x", "1.x", "- ", "-", "a - b"],
        *["a\n-b"],
        *["```", "```\n```", "```\n\n```", "```py\nnever closed", "text ```\nx\n```x", "\u200d"],
        *["*\ufe0f\u20e3 *\ufe0f\u20e3", "a_\u0301b_", "a **b**\u0301", ">", "> ", ">\n>"],
    ],
)  # fmt: skip
def test_what_could_be_meant_as_it_stands_is_left(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://x.org/a_b_c?d=*e*#f.", "see l{https://x.org/a_b_c?d=*e*#f}."),
        ("(https://x.org/a_(b))", "(l{https://x.org/a_(b)})"),
        ("<https://x.org>, HTTP://X.ORG", "<l{https://x.org}>, l{HTTP://X.ORG}"),
        ("**https://x.org/** _https://x.org/a_b_", "bl{https://x.org/} il{https://x.org/a_b}"),
        ("mailto:a@b.org", "l{mailto:a@b.org}"),
        ("[the notes](https://x.org/notes)", "l{the notes}h{ (x.org)}"),
        ("[x.org](https://x.org/notes)", "l{x.org}"),
        ("[https://good.com](https://evil.com)", "l{https://good.com}h{ (evil.com)}"),
        ("[x](https://x.org/a_(b))", "l{x}h{ (x.org)}"),
        ("[mail](mailto:a@b.org)", "l{mail}h{ (a@b.org)}"),
        ("https://good.com@evil.com/", "l{https://good.com@evil.com/}h{ (evil.com)}"),
        ("https://аpple.com", "l{https://аpple.com}h{ (xn--pple-43d.com)}"),
        ("[a](https://x.org", "[a](l{https://x.org}"),
        ("`https://x.org`", "c{https://x.org}"),
        ("(https://x.org)and [see https://x.org/[a]]b", "(l{https://x.org})and [see l{https://x.org/[a]}]b"),
        ("https://x.org/doom-x).html!", "l{https://x.org/doom-x).html}!"),
        ("(a) https://x.org/b).c)", "(a) l{https://x.org/b).c})"),
        *(
            (f"see https://x.org/a{sign}", f"see l{{https://x.org/a}}{sign}")
            for sign in ("”", "。", "）", "؟", "»", "」", "’", "،", "।", "…", "!”", "）。", "—", "】", "٪")
        ),
        ("“https://x.org/a”と", "“l{https://x.org/a}”と"),
        ("见https://x.org/a，然后", "见l{https://x.org/a}，然后"),
        (
            "见 https://x.org/a，然后 https://x.org/b。好",
            "见 l{https://x.org/a}，然后 l{https://x.org/b}。好",
        ),
        ("https://x.org/Michelson–Morley_l’Oréal–", "l{https://x.org/Michelson–Morley_l’Oréal}–"),
        ("https://x.org/モーニング・娘", "l{https://x.org/モーニング・娘}"),
    ],
)
def test_links_say_where_they_lead(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":tada: :+1::tada:", "🎉 👍🎉"),
        ("**:TADA:**", "b{🎉}"),
        ("`:tada:` :tada", "c{:tada:} :tada"),
        (":nope:tada: :tada:", ":nope:tada: 🎉"),
    ],
)
def test_names_of_emoji(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_lines_know_their_bullets_and_quotes() -> None:
    formatted = parse("to do:\n- one\n  2. *two*\n* three\n> said\n> > - deep\nend")
    assert formatted is not None
    assert formatted.text == "to do:\n- one\n  2. two\n* three\nsaid\n- deep\nend"
    assert formatted.lines == [
        Line(0, 6),
        Line(7, 12, hang=2),
        Line(13, 21, hang=5),
        Line(22, 29, hang=2),
        Line(30, 34, quote=1),
        Line(35, 41, quote=2, hang=2),
        Line(42, 45),
    ]


@pytest.mark.parametrize(
    ("text", "expected", "language"),
    [
        ("```py\nx = 1\n\n  y\n```", "x = 1\n\n  y", "py"),
        ("```\n*x*\n```", "*x*", ""),
        ("```ls -la\n```", "ls -la", ""),
        ("```ls -la\nx```", "ls -la\nx", ""),
        ("````c++\n`x`\n````", "`x`", "c++"),
    ],
)
def test_blocks_of_code(text: str, expected: str, language: str) -> None:
    formatted = parse(f"a\n{text}\nb")
    assert formatted is not None
    assert formatted.text == f"a\n{expected}\nb"
    assert [(formatted.text[b.start : b.end], b.language) for b in formatted.blocks] == [(expected, language)]
    assert [line.code for line in formatted.lines] == [False, *[True] * (expected.count("\n") + 1), False]


def test_what_stands_before_the_text_of_an_action_is_no_part_of_it() -> None:
    assert parse("*al* waves", len("*al* ")) is None
    formatted = parse("- al *waves*\n- x", len("- al "))
    assert formatted is not None
    assert formatted.text == "- al waves\n- x"
    assert [line.hang for line in formatted.lines] == [0, 2]


# --- places


@pytest.mark.parametrize(
    ("text", "selected", "expected"),
    [
        ("a **bold** c", "bold", "bold"),
        ("a **bold** c", "bol", "bol"),
        ("a **bold** c", "bold c", "**bold** c"),
        ("a **bold** c", "a bo", "a **bo"),
        ("run `ls -la` now", "ls -la", "ls -la"),
        ("run `ls -la` now", "run ls -la", "run `ls -la`"),
        ("x :tada: y", "🎉", ":tada:"),
        ("x :tada: y", "x 🎉", "x :tada:"),
        ("the [notes](https://x.org/n) say", "notes", "notes"),
        ("the [notes](https://x.org/n) say", "notes (x.org)", "[notes](https://x.org/n)"),
        ("the [notes](https://x.org/n) say", "es (x", "[notes](https://x.org/n)"),
        ("the [notes](https://x.org/n) say", "(x.org)", "https://x.org/n"),
        ("the [notes](https://x.org/n) say", "the notes (x.org) say", "the [notes](https://x.org/n) say"),
        ("a\n```py\nx = 1\ny\n```\nb", "x = 1\ny", "x = 1\ny"),
        ("a\n```py\nx = 1\ny\n```\nb", "x = 1\ny\nb", "```py\nx = 1\ny\n```\nb"),
        ("> one\n> two", "one\ntwo", "one\n> two"),
    ],
)
def test_what_was_selected_is_what_was_written(text: str, selected: str, expected: str) -> None:
    formatted = parse(text)
    assert formatted is not None
    start = formatted.text.index(selected)
    begin, end = formatted.written(start, start + len(selected))
    assert text[begin:end] == expected


def check(formatted: Formatted) -> None:
    """The runs cover the shown text, in the order of what was written, and the lines are its lines."""
    source = at = 0
    for run in formatted.runs:
        assert run.start == at < run.end
        at = run.end
        if not run.replaced:
            assert run.source >= source
            assert formatted.source[run.source : run.source_end] == formatted.text[run.start : run.end]
            source = run.source_end
    assert at == len(formatted.text)
    lines = [formatted.text[line.start : line.end] for line in formatted.lines]
    assert "\n".join(lines) == formatted.text
    for line in formatted.lines:
        assert formatted.text[line.start : line.start + line.hang].isascii()


@settings(deadline=None)  # the first name of an emoji loads their table
@given(any_text, st.integers(0, 60), st.integers(0, 60))
@example("[\u200d](https://x.org)", 0, 1)
@example("```\n\u200d\n```", 0, 1)
@example("a **b**\u0301 c", 0, 3)
@example("👨\u200d**x**", 0, 3)
@example("0\u200dhttps://x.org", 0, 1)
@example("mailto:a@\u200d:", 0, 1)
@example("> 0\u200dhttps://x.org", 0, 1)
@example("a `❤`\ufe0f", 0, 1)
def test_nothing_is_invented_or_reordered(text: str, one: int, other: int) -> None:
    formatted = parse(text)
    if formatted is None:
        return
    check(formatted)
    start, end = sorted((min(one, len(formatted.text)), min(other, len(formatted.text))))
    begin, stop = formatted.written(start, end)
    assert 0 <= begin <= stop <= len(text)
    if start < end:
        assert begin < stop
    # Runs are measured one by one, and joiners must not join what was apart.
    for line in formatted.lines:
        parts = [
            formatted.text[max(run.start, line.start) : min(run.end, line.end)]
            for run in formatted.runs
            if run.start < line.end and run.end > line.start
        ]
        assert sum(map(cell_len, parts)) == cell_len(formatted.text[line.start : line.end])
    assert displayable(formatted.text) == formatted.text


@settings(deadline=None)
@given(any_text)
def test_text_without_marks_is_shown_as_it_is(text: str) -> None:
    plain = "".join(character for character in text if character.isalnum() or character in " .,\n")
    formatted = parse(plain)
    assert formatted is None or formatted.text == plain


SIZE = 16_384


@pytest.mark.parametrize(
    "unit",
    [
        *["*", "_", "`", "~", "[", "]", "(", ">", "> ", ">> ", "- ", ":", ":a", ":a:", "\n", "```\n"],
        *["```a\n"],
        *["*a", "*a ", "a* ", "*a* ", "*a _b ", "**a *b ", "`a ``b ", "[a](", "[a](https://x", "[a](https://x()"],
        *["https://", "https://x ", "https://x)", "https://x(", "https://@", "mailto:", "'*", "> > ", "1. "],
        *["[a](https://x.org)", "**a** ", ":tada:", "`a`", "e\u0301*", "*\u200d", "日**", "h", "http"],
        *["``` "],
        *["```x", "`\n", "- - ", "https://x.org/(", "*[a](https://x.org)_"],
    ],
)  # fmt: skip
def test_hostile_texts_take_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        text = displayable((unit * size)[:size])
        started = time.process_time()
        parse(text)
        return time.process_time() - started

    seconds(100)
    # What takes eight times as long for each of eight times the characters never comes near this; a machine
    # that is busy with something else may need a few attempts.
    assert any(seconds(SIZE) < 30 * seconds(SIZE // 8) + 0.02 for _ in range(10))


@pytest.mark.parametrize("unit", ["```x\n", "```\n\u0301\n", "```a b\n", "```\n", "> ```\n"])
@pytest.mark.parametrize("end", ["a\u200d```", "```\u0301", "``` ```", "a```", "`````", ""])
def test_fences_that_begin_no_block_are_looked_through_once(unit: str, end: str) -> None:
    looked = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal looked
        looked += event in ("call", "c_call")

    def calls(fences: int) -> int:
        nonlocal looked
        looked = 0
        text = unit * fences + end
        sys.setprofile(count)
        try:
            parse(text)
        finally:
            sys.setprofile(None)
        return looked

    assert calls(400) < 3 * calls(200)


def test_so_many_lines_are_formatted_and_all_are_shown() -> None:
    code = "```\n" + "x\n" * 2 * LINES + "```"
    text = "*a*\n" * (LINES - 2) + f"{code}\n*last*\n*a*\n*b*"
    formatted = parse(text)
    assert formatted is not None
    lines = [formatted.text[line.start : line.end] for line in formatted.lines]
    assert lines == ["a"] * (LINES - 2) + ["x"] * 2 * LINES + ["last", "*a*", "*b*"]


def test_runs_of_backticks_of_every_length_take_linear_time() -> None:
    text = " ".join("`" * length for length in range(1, 180))
    started = time.process_time()
    parse(text)
    assert time.process_time() - started < 0.1
