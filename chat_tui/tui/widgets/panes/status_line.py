"""The bottom line: the truth about the connection, and the three keys that one needs first."""

import asyncio
from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from chat_tui.client.updates import Status
from chat_tui.commands.keymap import Keymap
from chat_tui.markup.wrapping import truncate

TICK_SECONDS = 0.5
KEYS = (("help", "help"), ("switch", "rooms"), ("quit", "quit"))
"""The commands whose keys are shown, and a word each; where it is narrow the second goes, then the third."""

REASON = 30
"""Cells of what one said when one went away: a reminder."""


class StatusLine(Widget):
    """Shows a `Status`; counts down by itself while the client waits."""

    ALLOW_SELECT = False

    def __init__(self, keys: Keymap, *, id: str) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        found = [(name, f"{keys.first(name)} {word}") for name, word in KEYS if keys.first(name)]
        fewer = (KEYS, [KEYS[0], KEYS[2]], [KEYS[0]])
        self._keys = ["  ".join(text for name, text in found if name in dict(some)) for some in fewer]
        there = keys.first("nextunread")
        self._there = f" ({there})" if there else ""
        self._status = Status()
        self._where = ""
        self._name = ""
        self._queued = 0
        self._away: str | None = None
        self._typing: Sequence[str] = ()
        self._mentioning = 0
        self._hint = ""
        self._shown: object = None

    def show(
        self,
        status: Status,
        *,
        where: str,
        name: str,
        queued: int,
        away: str | None = None,
        typing: Sequence[str] = (),
        mentioning: int = 0,
    ) -> None:
        """`queued` messages wait to be sent to the server at `where`; `away` is what this person said when
        they went away; `typing` are those who write; `mentioning` rooms have mentions and are not
        in view."""
        shown = (status, where, name, queued, away, tuple(typing), mentioning)
        if shown == self._shown:
            return
        self._shown = shown
        self._status, self._where, self._name, self._queued = status, where, name, queued
        self._away, self._typing, self._mentioning = away, typing, mentioning
        self.auto_refresh = TICK_SECONDS if status.phase == "waiting" else None
        self.refresh()

    def hint(self, text: str) -> None:
        """What the keys do now, where that is not as ever; it goes before all but the connection."""
        if text != self._hint:
            self._hint = text
            self.refresh()

    def render(self) -> Content:
        """One line, as long as the terminal allows; why it is not connected comes last."""
        width = self.size.width
        state = Content.assemble(" ", *self._state(), " ")
        if self._hint:
            return self._with_hint(state, width)
        parts: list[tuple[str, str]] = []
        if self._mentioning:
            left = width - state.cell_length - 3
            mentions = self._mentions(left)
            parts += [("· ", "$foreground 50%"), (f"{mentions} ", "bold $text-accent")]
        if self._queued and self._status.phase != "online":
            messages = f"{self._queued} message{'s' * (self._queued > 1)}"
            parts += [("· ", "$foreground 50%"), (f"{messages} will be sent then ", "$text-accent")]
        if self._away is not None:
            reason = f": {truncate(self._away, REASON)}" if self._away else ""
            parts += [("· ", "$foreground 50%"), (f"you are away{reason} ", "$text-warning")]
        if self._typing:
            left = width - Content.assemble(state, *parts).cell_length - 2
            parts += [("· ", "$foreground 50%"), (f"{typing_text(self._typing, left)} ", "italic")]
        if self._status.phase in ("waiting", "stopped"):
            parts += [("· ", "$foreground 50%"), (f"{self._status.reason} ", "")]
        state = Content.assemble(state, *parts)
        for keys in self._keys:
            left = width - state.cell_length - cell_len(keys) - 1
            if left > 0:
                return Content.assemble(state, " " * left, (keys, "$foreground 60%"), " ")
        return state.rstrip().truncate(width, ellipsis=True)

    def _mentions(self, width: int) -> str:
        """In how many rooms the person is mentioned, with the sign of the room list where space is short."""
        rooms = "1 room" if self._mentioning == 1 else f"{self._mentioning} rooms"
        text = f"{rooms} {'has' if self._mentioning == 1 else 'have'} mentions{self._there}"
        return text if len(text) <= width else f"@ in {rooms}{self._there}"

    def _with_hint(self, state: Content, width: int) -> Content:
        hint = Content.styled(self._hint, "$text-accent")
        if state.cell_length + hint.cell_length >= width:
            state = Content.assemble(" ", self._state()[0], " ")
        left = width - state.cell_length - hint.cell_length - 1
        return Content.assemble(state, " " * max(0, left), hint, " ").truncate(width, ellipsis=True)

    def _state(self) -> list[tuple[str, str]]:
        status = self._status
        match status.phase:
            case "online":
                return [("●", "$text-success"), (f" {self._name} on {self._where}", "")]
            case "connecting":
                again = f" (attempt {status.attempt})" if status.attempt > 1 else ""
                return [("◌", "$text-warning"), (f" connecting to {self._where}{again} …", "")]
            case "waiting":
                left = max(0, round(status.retry_at - asyncio.get_running_loop().time()))
                again = f" in {left} s" if left else ""
                return [("○", "$text-error"), (f" not connected, trying again{again}", "")]
        if status.login is not None:
            return [("✕", "$text-error"), (" not logged in, /reconnect asks again", "")]
        return [("✕", "$text-error"), (" not connected, /reconnect tries again", "")]


def typing_text(names: Sequence[str], width: int) -> str:
    """Who writes, in a few words; names are cut where that is more than `width` cells."""
    if len(names) > 2:
        return "several people are typing…"
    text = ""
    for cells in (width, 16, 8):
        who = " and ".join(truncate(name, cells) for name in names)
        text = f"{who} {'is' if len(names) == 1 else 'are'} typing…"
        if cell_len(text) <= width:
            break
    return text
