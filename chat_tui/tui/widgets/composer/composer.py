"""Where one writes. Enter sends; a new line, completion and earlier lines have their keys.

Knows nothing of commands or rooms: it hands over what was submitted and asks for candidates to complete.
What opens by itself never gets in the way: a line is sent as it stands unless one has marked something.
Keys may come in bursts, over a slow line or from a machine. So whatever a key does is done here and at
once: a message to somebody, or a binding as Textual runs it, would be overtaken by the letters behind it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from textual import events
from textual.document._edit import Edit
from textual.message import Message
from textual.strip import Strip
from textual.widgets.text_area import EditResult

from chat_tui.commands.completion import Candidate, Completion
from chat_tui.tui.widgets.composer.readline import Readline
from protocol.text import clean_text

ASK_LINES = 10
"""A message of more lines is sent at the second Enter: it was pasted, and perhaps by mistake."""

LONGEST = 32 * 1024
"""Characters that it takes: twice what a message may have, for one shortens it here. All of it is looked at
for each key, so that a pasted megabyte would make each of them take long."""

HISTORY = 200
"""Lines that Up brings back."""

WRITING = frozenset(
    {"backspace", "delete", "ctrl+h", "ctrl+d", "ctrl+w", "alt+backspace", "ctrl+backspace", "ctrl+z"}
)
"""Keys after which the word at the cursor is still being written."""


class Completer(Protocol):
    """Gives candidates for the text up to the cursor; `asked`: by a person, so they are worth a wait."""

    def __call__(self, before: str, *, asked: bool) -> Completion: ...


class Composer(Readline):
    """See the module. `keys` says what the composer's own keys do, see `Keymap.composers`; `first` may take a
    key before it is looked at here, and says whether it did."""

    class Offered(Message):
        """There is this to choose from; the one at `marked` is meant. None left: stop showing them."""

        def __init__(self, candidates: tuple[Candidate, ...], marked: int | None) -> None:
            super().__init__()
            self.candidates = candidates
            self.marked = marked

    class Long(Message):
        """Enter was pressed on so many lines; they are sent if it is pressed again."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    class TooLong(Message):
        """So many characters were to be put in, and did not fit: what stands here is as it was."""

        def __init__(self, characters: int) -> None:
            super().__init__()
            self.characters = characters

    class Escaped(Message):
        """Escape, or End in an empty line: back to where the newest messages are."""

    def __init__(
        self,
        completions: Completer,
        submit: Callable[[str], None],
        keys: Mapping[str, str],
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
        self._keys = keys
        self._first = first
        self.up_when_empty: Callable[[], bool] = lambda: False
        """What Up does where nothing is written; if it returns False, the line before comes back."""
        self._offer: Completion | None = None
        self._marked: int | None = None
        self._at = (0, 0)  # where the cursor was then
        self._put = False  # the marked one is in the text already: Tab again takes the next one instead
        self._refused: int | None = None  # where the word begins for which Esc was pressed
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
        self._refused = None
        self._withdraw()

    @property
    def written(self) -> str:
        """What is being written: while an earlier line is looked at, the one to which one will come back."""
        looked = self._recalled < len(self._history) and self.text == self._history[self._recalled]
        return self._draft if looked else self.text

    @property
    def offering(self) -> bool:
        """Whether there is a list to choose from."""
        return self._offer is not None

    def remember(self, line: str) -> None:
        """Let Up bring this line back."""
        if not self._history or self._history[-1] != line:
            self._history = [*self._history[1 - HISTORY :], line]
        self._recalled = len(self._history)

    async def _on_key(self, event: events.Key) -> None:
        key = event.key
        does = self._keys.get(key)
        if self._first(event) or self._choose(does) or self._do(does, key):
            handled = True
        elif handled := await self._edit(key):
            self._reconsider(writing=key in WRITING)
        elif handled := self.write(event):
            self._reconsider()
        if handled:
            event.stop()
            event.prevent_default()

    def _do(self, does: str | None, key: str) -> bool:
        """Do what is the composer's own to do, unless the key only moves the cursor here."""
        if does and does not in ("complete", "complete_back"):
            self._withdraw()
        match does:
            case "send":
                self._enter()
            case "newline":
                self.insert("\n")
            case "complete" | "complete_back":
                self._complete(-1 if does == "complete_back" else 1)
            case "input_previous" if key == "up" and not self.text and self.up_when_empty():
                pass
            case "input_previous" if key != "up" or self.cursor_at_first_line:
                self._recall(-1)
            case "input_next" if key != "down" or self.cursor_at_last_line:
                self._recall(1)
            case "escape":
                self.post_message(self.Escaped())
            case _ if key == "end" and not self.text:
                self.post_message(self.Escaped())
            case _:
                return False
        return True

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._withdraw()
        # A trailing newline comes with most copied lines; in the editor it would only be in the way.
        self.replace(clean_text(event.text).rstrip("\n"), *self.selection)

    def edit(self, edit: Edit) -> EditResult:
        """As ever, unless the text would be longer than it may: then nothing is put in, for nobody would see
        which part was left out."""
        replaced = len(self.get_text_range(edit.top, edit.bottom))
        if len(edit.text) > replaced and len(self.text) - replaced + len(edit.text) > LONGEST:
            self.post_message(self.TooLong(len(edit.text)))
            return EditResult(self.cursor_location, "")
        return super().edit(edit)

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

    def _reconsider(self, *, writing: bool = True) -> None:
        """The text has changed, or the cursor has moved: offer what fits now, if it may open by itself."""
        before = self._before_cursor()
        offer = self._completions(before, asked=False) if writing and before else Completion(0)
        if self._refused != offer.start:
            self._refused = None
        if offer.opens and offer.candidates and self._refused is None:
            self._open(offer)
            self.post_message(self.Offered(offer.candidates, None))
        else:
            self._withdraw()

    def _open(self, offer: Completion) -> None:
        self._offer, self._marked, self._put = offer, None, False
        self._at = self.cursor_location

    def learned(self) -> None:
        """There may be more to offer than there was."""
        if self._marked is None and self.text:
            self._reconsider()

    def _choose(self, does: str | None) -> bool:
        """Do what a key does to the list; False if it has nothing to do with it."""
        offer = self._offer
        if offer is None or self.cursor_location != self._at:  # a click has moved the cursor
            self._withdraw()
            return False
        match does:
            case "input_previous" | "input_next":
                self._mark(-1 if does == "input_previous" else 1)
            case "send" if not self._put and self._marked is not None:
                self.take(self._marked)
            case "send" if not self._put and offer.sure and self.cursor_at_end_of_text:
                self.take(0)
            case "escape":
                self._refused = offer.start
                self._withdraw()
            case _:
                return False
        return True

    def _mark(self, step: int) -> None:
        offer = self._offer
        if offer is None:
            return
        if self._marked is None:
            self._marked = 0 if step > 0 else len(offer.candidates) - 1
        else:
            self._marked = (self._marked + step) % len(offer.candidates)
        if self._put:
            self._insert(offer, self._marked)
        self.post_message(self.Offered(offer.candidates, self._marked))

    def take(self, index: int) -> None:
        """Put in a candidate: that was it."""
        offer = self._offer
        if offer is not None and index < len(offer.candidates) and self.cursor_location == self._at:
            self._insert(offer, index)
            self._withdraw()
            self._reconsider()  # a command may want something more

    def _complete(self, step: int) -> None:
        """Put in what is marked, or the first one; then the next ones."""
        offer = self._offer
        if offer is None:
            offer = self._completions(self._before_cursor(), asked=True)
            if not offer.candidates:
                return
            self._open(offer)
        if len(offer.candidates) == 1:
            self.take(0)
        elif self._marked is None or self._put:
            self._put = True
            self._mark(step)
        else:
            self._put = True
            self._insert(offer, self._marked)

    def _insert(self, offer: Completion, index: int) -> None:
        row, column = self.cursor_location
        start = column - len(self._before_cursor()) + offer.start  # a word is on one line
        self.replace(offer.candidates[index].text, (row, start), (row, column))
        self._at = self.cursor_location

    def _before_cursor(self) -> str:
        return self.get_text_range((0, 0), self.cursor_location)

    def _withdraw(self) -> None:
        if self._offer is not None:
            self._offer, self._marked, self._put = None, None, False
            self.post_message(self.Offered((), None))

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
