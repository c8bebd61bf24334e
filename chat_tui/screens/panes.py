"""What stands around the log of the main screen: rooms, people, completions. Knows names, no widgets."""

from collections.abc import Iterable, Sequence

from textual.color import Color
from textual.content import Content
from textual.style import Style

from chat_tui.colours import name_colour


def room_entries(rooms: Iterable[tuple[str, int]], current: str | None, width: int) -> list[Content]:
    """The rooms with their numbers and unread counts; `current` is the one that is open."""
    return [
        _room_entry(number, name, unread, width, current=name == current)
        for number, (name, unread) in enumerate(rooms, 1)
    ]


def _room_entry(number: int, name: str, unread: int, width: int, *, current: bool) -> Content:
    badge = f" {unread if unread < 1000 else '999+'}" if unread else ""
    label = Content(f"{number if number < 10 else ' '} {name}")
    label = label.truncate(max(0, width - len(badge)), ellipsis=True, pad=True)
    if current:
        label = label.stylize("bold $text-primary")
    elif unread:
        label = label.stylize("bold")
    entry = Content.assemble(label, (badge, "bold $text-accent"))
    return entry.stylize_before("on $primary 15%") if current else entry


def people_entries(names: Iterable[str], me: str, background: Color) -> list[Content]:
    """People, each in the colour that their messages have on this background."""
    return [
        Content.styled(name, "bold $text-primary" if name == me else _colour(name, background))
        for name in names
    ]


def offer(candidates: Sequence[str], chosen: int) -> Content:
    """What may be completed, and which of it is."""
    parts = [
        Content.styled(candidate.strip(), "reverse" if number == chosen else "")
        for number, candidate in enumerate(candidates)
    ]
    # The chosen one must be in view, however many there are.
    return Content("  ").join(parts[max(0, chosen - 3) :])


def _colour(name: str, background: Color) -> Style:
    return Style(foreground=name_colour(name, background))
