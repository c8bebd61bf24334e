"""How wide a log is, and in which styles it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

from rich.style import Style

from chat_tui.client.mentions import MentionMatcher

WIDE = 80
MEDIUM = 56
NARROW = 45
"""From WIDE cells on names have a wide column, below MEDIUM a small one; below NARROW they stand on lines of
their own. In a terminal of 80 columns with both panes the log has 50."""

WIDE_NAMES, NAMES, SMALL_NAMES = 14, 10, 8
TEXT = 120
"""Text is not wider than this: longer lines are hard to read."""

TIME = 5
BAR = "│ "


_CODE = ("keyword", "string", "number", "function", "comment", "removed")


@dataclass(frozen=True, slots=True)
class Styles:
    """The styles of all parts of a log. Those of code have no background of their own."""

    text: Style
    time: Style
    gutter: Style
    day: Style
    activity: Style
    info: Style
    error: Style
    pending: Style
    failed: Style
    own: Style
    hint: Style
    ruler: Style
    called: Style
    mention: Style
    marked: Style
    link: Style
    host: Style
    quote: Style
    bullet: Style
    reaction: Style
    reacted: Style
    code: Style
    keyword: Style
    string: Style
    number: Style
    function: Style
    comment: Style
    removed: Style


PARTS = {f"message-log--{part.name}" for part in fields(Styles) if part.name != "text"} | {
    "message-log--new",
    "message-log--newest",
    "message-log--thumb",
    "message-log--chosen",
}
"""The component classes of a log: its styles, the bar at its end and the mark beside it."""

CSS = """
MessageLog {
    width: 1fr;
    height: 1fr;
    background: $background;
    color: $foreground;

    & > .message-log--time { color: $foreground 55%; }
    & > .message-log--gutter { color: $foreground 20%; }
    & > .message-log--day { color: $foreground 60%; }
    & > .message-log--activity { color: $foreground 60%; }
    & > .message-log--info { color: $text-secondary; }
    & > .message-log--error { color: $text-error; }
    & > .message-log--pending { color: $foreground 55%; }
    & > .message-log--failed { color: $text-error; text-style: bold; }
    & > .message-log--own { color: $text-primary; text-style: bold; }
    & > .message-log--hint { color: $foreground 55%; }
    & > .message-log--ruler { color: $text-accent; }
    & > .message-log--called { color: $text-accent; text-style: bold; }
    & > .message-log--mention { background: $accent; color: auto; text-style: bold; }
    & > .message-log--marked { color: $text-warning; text-style: bold; }
    & > .message-log--link { color: $text-secondary; text-style: underline; }
    & > .message-log--host { color: $foreground 60%; text-style: none; }
    & > .message-log--quote { color: $foreground 70%; }
    & > .message-log--bullet { color: $text-accent; }
    & > .message-log--reaction { color: $foreground 80%; }
    & > .message-log--reacted { color: $text-primary; text-style: bold; }
    & > .message-log--code { background: $panel; color: $foreground; }
    & > .message-log--keyword { color: $text-accent; }
    & > .message-log--string { color: $text-success; }
    & > .message-log--number { color: $text-warning; }
    & > .message-log--function { color: $text-primary; }
    & > .message-log--comment { color: $foreground 60%; text-style: italic; }
    & > .message-log--removed { color: $text-error; }
    & > .message-log--new { background: $accent; color: auto; text-style: bold; }
    & > .message-log--newest { color: $foreground 60%; }
    & > .message-log--thumb { color: $foreground 30%; }
    & > .message-log--chosen { background: $primary-muted; }

    /* The terminal's own colours have no shades: what is faint is dim, what is lit is reversed. */
    &:ansi {
        & > .message-log--time, & > .message-log--gutter, & > .message-log--day, & > .message-log--activity,
        & > .message-log--pending, & > .message-log--hint, & > .message-log--host, & > .message-log--quote,
        & > .message-log--newest, & > .message-log--thumb { text-style: dim; }
        & > .message-log--comment { text-style: dim italic; }
        & > .message-log--mention, & > .message-log--new {
            background: $background;
            color: $accent;
            text-style: bold reverse;
        }
        & > .message-log--code { color: $secondary; }
        & > .message-log--chosen { text-style: reverse; }
    }
}
"""


def styles_of(text: Style, component: Callable[[str], Style]) -> Styles:
    """The styles as a widget has them: `component` gives that of a class."""
    parts = [component(f"message-log--{part.name}") for part in fields(Styles) if part.name != "text"]
    styles = Styles(text, *parts)
    inks = {part: _ink(getattr(styles, part)) for part in _CODE}
    return replace(styles, **inks)


def _ink(style: Style) -> Style:
    return Style(color=style.color, bold=style.bold, italic=style.italic, underline=style.underline)


@dataclass(frozen=True)
class Look:
    """What the shape of a row depends on besides the row itself.

    `me` is the reader's name; the `words` call them as it does. `plain`: lines without anything around them.
    """

    width: int
    styles: Styles
    name_style: Callable[[str], Style] = field(compare=False)
    background: object = None
    me: str = ""
    words: tuple[str, ...] = ()
    plain: bool = False

    @cached_property
    def mentions(self) -> MentionMatcher:
        """What mentions the reader."""
        return MentionMatcher(self.me, self.words)

    @cached_property
    def inline(self) -> bool:
        """Whether names stand in a column beside the text."""
        return self.width >= NARROW

    @cached_property
    def name_width(self) -> int:
        """The cells of the column of names."""
        if self.width >= WIDE:
            return WIDE_NAMES
        return NAMES if self.width >= MEDIUM else SMALL_NAMES

    @cached_property
    def indent(self) -> int:
        """The cells before the bar beside the text."""
        return TIME + 2 + self.name_width + 1 if self.inline else 0

    @cached_property
    def text_width(self) -> int:
        """The cells that text may take."""
        return max(1, min(TEXT, self.width - self.indent - len(BAR)))
