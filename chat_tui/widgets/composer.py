"""Where one writes. Enter sends; a new line, completion and earlier lines have their keys.

Knows nothing of commands or rooms: it hands over what was submitted and asks for candidates to complete.
Keys may come in bursts, over a slow line or from a machine. So whatever a key does is done here and at
once: a message to somebody, or a binding as Textual runs it, would be overtaken by the letters behind it.
"""

import asyncio
from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from chat_tui.commands.completion import Completion
from protocol.text import clean_text

ASK_LINES = 10
"""A message of more lines is sent at the second Enter: it was pasted, and perhaps by mistake."""

HISTORY = 200
"""Lines that Up brings back."""

NEWLINE_KEYS = frozenset({"shift+enter", "alt+enter", "ctrl+j"})


class Composer(TextArea):
    """See the module. `completions` gives candidates for the text up to the cursor.

    `first` may take a key before it is looked at here; it says whether it did.
    """

    class Offered(Message):
        """Tab has these candidates; the one at `chosen` is in the text now. None left: stop showing them."""

        def __init__(self, candidates: tuple[str, ...], chosen: int) -> None:
            super().__init__()
            self.candidates = candidates
            self.chosen = chosen

    class Long(Message):
        """Enter was pressed on so many lines; they are sent if it is pressed again."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    class Escaped(Message):
        """Escape, or End in an empty line: back to where the newest messages are."""

    def __init__(
        self,
        completions: Callable[[str], Completion],
        submit: Callable[[str], None],
        first: Callable[[events.Key], bool] = lambda _: False,
        *,
        id: str,  # noqa: A002  # Textual's name
    ) -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            compact=True,
            tab_behavior="focus",
        )
        self._completions = completions
        self._submit = submit
        self._first = first
        self._offer: Completion | None = None
        self._chosen = 0
        self.given = ""
        """The text that was put here last; all others a person has written."""
        self._history: list[str] = []
        self._recalled = 0
        self._draft = ""
        self._asked = ""

    def render_line(self, y: int) -> Strip:
        """As ever, but for a width of nothing, in which Textual can't wrap a placeholder."""
        return super().render_line(y) if self.content_size.width > 0 else Strip.blank(self.size.width)

    def put(self, text: str) -> None:
        """Replace what is there, cursor at the end."""
        self.given = text
        self.load_text(text)
        self.move_cursor(self.document.end)
        self._recalled = len(self._history)
        self._withdraw()

    def remember(self, line: str) -> None:
        """Let Up bring this line back."""
        if not self._history or self._history[-1] != line:
            self._history = [*self._history[1 - HISTORY :], line]
        self._recalled = len(self._history)

    async def _on_key(self, event: events.Key) -> None:
        handled = True
        key = event.key
        if self._first(event):
            pass
        elif key == "enter":
            self._enter()
        elif key in NEWLINE_KEYS:
            self.insert("\n")
        elif key in ("tab", "shift+tab"):
            self._complete(-1 if key == "shift+tab" else 1)
        elif key == "up" and self.cursor_at_first_line:
            self._recall(-1)
        elif key == "down" and self.cursor_at_last_line:
            self._recall(1)
        elif key == "escape" or (key == "end" and not self.text):
            self.post_message(self.Escaped())
        else:
            handled = await self._edit(key)
        if key not in ("tab", "shift+tab"):
            self._withdraw()
        if handled:
            event.stop()
            event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._withdraw()
        # A trailing newline comes with most copied lines; in the editor it would only be in the way.
        self.replace(clean_text(event.text).rstrip("\n"), *self.selection)

    def _enter(self) -> None:
        lines = self.text.strip().count("\n") + 1
        if lines > ASK_LINES and self._asked != self.text:
            self._asked = self.text
            self.post_message(self.Long(lines))
        elif self.text.strip():
            self._asked = ""
            self._submit(self.text)

    async def _edit(self, key: str) -> bool:
        """Do now what a key of the editor does, if it is one."""
        for binding in self._bindings.key_to_bindings.get(key, ()):
            await self.run_action(binding.action)
            return True
        return False

    async def caught_up(self) -> None:
        """Wait until all keys that have come so far have done what they do."""
        done = asyncio.Event()
        if self.call_later(done.set):
            await done.wait()

    # --- completion

    def _complete(self, step: int) -> None:
        row, column = self.cursor_location
        if self._offer is None:
            before = self.document.get_line(row)[:column]
            offer = self._completions(before)
            if not offer.candidates:
                return
            self._offer, self._chosen = offer, 0 if step > 0 else len(offer.candidates) - 1
        else:
            self._chosen = (self._chosen + step) % len(self._offer.candidates)
        offer = self._offer
        self.replace(offer.candidates[self._chosen], (row, offer.start), (row, column))
        if len(offer.candidates) == 1:
            self._withdraw()
        else:
            self.post_message(self.Offered(offer.candidates, self._chosen))

    def _withdraw(self) -> None:
        if self._offer is not None:
            self._offer = None
            self.post_message(self.Offered((), 0))

    # --- earlier lines

    def _recall(self, step: int) -> None:
        wanted = self._recalled + step
        if not 0 <= wanted <= len(self._history):
            return
        if self._recalled == len(self._history):
            self._draft = self.text
        self._recalled = wanted
        self.load_text(self._draft if wanted == len(self._history) else self._history[wanted])
        self.move_cursor(self.document.end)
