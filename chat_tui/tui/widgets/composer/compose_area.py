"""Where messages are written: the composer, and the lines above it that say what is being written.

Owns what is being written in the room in view (a message, an edit, a reply, a reaction), the drafts of all
rooms, and the message that is selected to do something with. While one is selected the composer's keys come
here first; one that has no meaning for a message goes on to what is being written, which stays as it is.
"""

import time
from collections.abc import Callable
from pathlib import Path

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from chat_tui.client.changes import message, newest
from chat_tui.client.client import Client
from chat_tui.client.errors import ClientError
from chat_tui.client.events import RoomEvent
from chat_tui.client.outbox import Outbox
from chat_tui.commands.completion import Completion
from chat_tui.commands.keymap import Keymap
from chat_tui.commands.parser import Call, CommandError, Say, parse
from chat_tui.commands.targets import emoji_called, joined
from chat_tui.config import Settings
from chat_tui.tui.redraw import redraw_soon
from chat_tui.tui.terminal import editor
from chat_tui.tui.timers import call_after
from chat_tui.tui.widgets.composer.completion_source import CompletionSource
from chat_tui.tui.widgets.composer.composer import LONGEST, Composer
from chat_tui.tui.widgets.composer.drafts import Drafts
from chat_tui.tui.widgets.composer.mode import ComposeMode, Kind, describe
from chat_tui.tui.widgets.panes.hint import Hint
from chat_tui.tui.widgets.panes.layout import Column
from chat_tui.tui.widgets.room_panes import RoomPanes
from protocol.text import clean_text

LINES, ABOVE = 10, 4
"""The composer grows to so many lines, where there are that many and some others above and below."""

DRAFT_SECONDS = 1.0
"""What is being written is on the disk so long after it was typed."""

CLICK_SECONDS = 0.3
"""A click so soon after the terminal got the focus was meant for the terminal."""


class ComposeArea(Column):
    """See the module. `mode` is None while an ordinary message is written."""

    class Sent(Message):
        """A message was sent to the room in view."""

    class KeysChanged(Message):
        """Keys do something else now than usual: what, in a few words, or "" if they don't."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(
        self,
        client: Client,
        keys: Keymap,
        panes: RoomPanes,
        source: CompletionSource,
        outbox: Outbox,
        run: Callable[[Call], None],
        *,
        id: str,  # noqa: A002  # Textual's name
    ) -> None:
        """`run` carries out a command. No message: letters that were typed behind it would overtake one."""
        super().__init__(id=id)
        self._client = client
        self._run = run
        self._keys = keys
        self._panes = panes
        self._source = source
        self._drafts = Drafts(outbox)
        self.composer = Composer(self._complete, self._submit, keys.composers(), self._first, id="composer")
        self.composer.up_when_empty = self._edit_last
        self.hint = Hint(id="hint")
        self.prompt = Static("", id="prompt", markup=False)
        self.mode: ComposeMode | None = None
        self._command_begun = False  # a command for the selected message is being typed
        self._command: Call | None = None  # that command; it has yet to see which message is meant
        self._asking = False  # whether the selected message shall be deleted
        self._past = False  # Up was pressed where Up had begun an edit
        self._focused_at = 0.0
        self._sends_typing = True
        self._draft_due = False
        self.lent: Path | None = None
        """The file for which the terminal is lent to an editor."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static("", id="excess", markup=False)
        yield Static("", id="mode", markup=False)
        yield self.hint
        with Horizontal(id="compose"):
            yield self.prompt
            yield self.composer

    def apply(self, settings: Settings) -> None:
        """Do as the settings say."""
        self._sends_typing = settings.send_typing
        self._source.opens = settings.completion_popup
        if settings.screen_reader:
            self.composer.cursor_blink = False

    def show_name(self, name: str) -> None:
        """Who writes."""
        if str(self.prompt.content) != name:  # an update lays the whole screen out anew
            self.prompt.update(Content(name))

    def fit(self, height: int) -> None:
        """What is being written shall not push itself off a screen of that height."""
        self.composer.styles.max_height = max(1, min(LINES, height - ABOVE))

    def terminal_focused(self) -> None:
        """The terminal has the focus (again)."""
        self._focused_at = time.monotonic()

    # --- from room to room

    def change_room(self, name: str) -> None:
        """The person goes from the room in view to this one: keep what is being written, and go on with what
        was being written there."""
        # What was typed before there was a room is meant for the first one, and may be on its way still.
        kept = self._panes.room is None and self.composer.text
        self.cancel()
        self.keep_draft()
        self._client.company.typing.stopped()
        if not kept:
            self.composer.put("")
            self._put(self._drafts.of(name))

    def show_room(self, title: str | None) -> None:
        """Say in the empty composer where one writes."""
        text = "You are in no room: /join one, /rooms lists them" if title is None else f"Message {title}"
        self.composer.placeholder = Content(text)  # a plain string would be markup

    @on(Composer.Changed)
    def _keep_draft_soon(self) -> None:
        if not self._draft_due:
            self._draft_due = True
            call_after(self, DRAFT_SECONDS, self.keep_draft)

    def keep_draft(self) -> None:
        """Write what is in the composer to the disk, if that has changed."""
        self._draft_due = False
        try:
            self._drafts.keep(self._panes.room, self._draft())
        except ClientError as error:
            self._panes.complain(str(error))

    def _draft(self) -> str:
        """What is being written for this room, and shall be there again after a restart."""
        if self.mode is not None and self.mode.kept is not None:
            return self.mode.kept
        if self.lent is not None:
            return clean_text(editor.text_of(self.lent))
        return self.composer.written

    # --- sending

    def _submit(self, line: str) -> None:
        try:
            meant = parse(line)
            if isinstance(meant, Say):
                self._send(meant.text)
        except (CommandError, ClientError) as error:
            self._panes.complain(str(error))
            return
        self.composer.remember(line)
        kept = self.mode.kept if self.mode is not None else None
        if isinstance(meant, Call) and (self._command_begun or self.answering is not None):
            self._command = meant
        else:
            self._forget()
        self.composer.put(kept or "")
        self.keep_draft()
        if isinstance(meant, Call):
            self._run(meant)

    def _send(self, text: str) -> None:
        mode, room = self.mode, joined(self._panes.current)
        if mode is not None and mode.kind == "edit":
            self._client.changes.edit(room, mode.seq, text)
        elif mode is not None and mode.kind == "react":
            self._client.changes.toggle(room, mode.seq, emoji_called(text))
        else:
            self._client.say(room.name, text, reply=self.answering)
            self._panes.to_newest()
            self.post_message(self.Sent().set_sender(self))

    @on(Composer.Changed)
    def _measure(self) -> None:
        """Say that the server won't take this, while there is time to make it shorter."""
        excess = self._client.sender.excess(self.composer.text, self._client.body_limit)
        line = self.query_one("#excess", Static)
        line.display = excess > 0
        if excess:
            line.update(f"{excess:,} bytes too long for one message: make it shorter, or send it in parts")

    @on(Composer.Changed)
    def _tell_typing(self) -> None:
        text = self.composer.text
        if self._panes.room is not None and self._sends_typing and (not text or text != self.composer.given):
            self._client.company.typing.typed(self._panes.room, text)

    @on(Composer.Long)
    def _ask_long(self, message: Composer.Long) -> None:
        self.app.notify(f"{message.lines} lines: {self._keys.first('send')} again sends them", timeout=5)

    @on(Composer.TooLong)
    def _refuse_too_long(self, message: Composer.TooLong) -> None:
        if message.characters == 1:
            self.app.bell()
            return
        self.app.notify(
            f"{message.characters:,} characters are too many: a message can have up to {LONGEST:,}. "
            "Nothing was inserted.",
            severity="error",
            markup=False,
        )

    async def edit_in_editor(self) -> None:
        """Let the person write on in their own editor. Raises `ClientError`."""
        if self.lent is not None:  # the key was pressed twice
            return
        with editor.text_file(self.composer.text) as self.lent:
            try:
                text = await editor.edit(self.app, self.lent)
            finally:
                self.lent = None
                redraw_soon(self)
        self._put(clean_text(text))

    def _put(self, text: str) -> None:
        """Go on writing this, if that can be."""
        if len(text) <= LONGEST:
            self.composer.put(text)
            return
        kept = editor.keep(text)
        self._panes.complain(f"{len(text):,} characters are too many for a message: they are in {kept}")

    # --- completion

    def _complete(self, before: str, *, asked: bool) -> Completion:
        found = self._source.complete(before, asked=asked)
        for load in self._source.loads:
            self._load(load)
        return found

    @work(group="completion")
    async def _load(self, load: Callable[[], object]) -> None:
        await load()  # type: ignore[misc]
        self.composer.learned()

    # --- edits, replies, reactions

    @property
    def answering(self) -> int | None:
        """The message that is being answered, by its `seq`."""
        return self.mode.seq if self.mode is not None and self.mode.kind == "reply" else None

    def begin(self, kind: Kind, seq: int, *, by_up: bool = False) -> None:
        """Let the person write what a message says now, a reply, or with what they react."""
        room = self._panes.current
        about = message(room, seq) if room is not None else None
        if room is None or about is None:
            raise ClientError("There is no such message (any more).")
        if kind == "edit" and about.user != room.me:
            raise ClientError(f"That message is by {about.sender}: only {about.sender} can edit it.")
        self.cancel()
        kept = None if kind == "reply" else self.composer.text
        given = about.text if kind == "edit" else ""
        self.mode = ComposeMode(kind, seq, kept, given, by_up)
        if kept is not None:
            self.composer.put(given)
        self._panes.messages.select_message(seq)
        self._show_mode()

    def cancel(self) -> None:
        """Select no message, write what was written before; Up brings a half-written edit back."""
        mode, text = self.mode, self.composer.text
        self._forget()
        if mode is not None and mode.kept is not None:
            if text.strip() and text != mode.given:
                self.composer.remember(text)
            self.composer.put(mode.kept)

    def _forget(self) -> None:
        self.mode = self._command = None
        self._command_begun = self._asking = False
        self._panes.messages.select_message(None)
        self._show_mode()

    def command_done(self, call: Call) -> None:
        """A command has run: what it was for is not selected any more."""
        if call is self._command:
            self.cancel()

    def _edit_last(self) -> bool:
        """Edit the last message that this person has sent; False if there is none, or it is not wanted."""
        past, self._past = self._past, False
        room = self._panes.current
        last = newest(room, mine=True) if room is not None and not past else None
        if last is not None:
            self.begin("edit", last.seq, by_up=True)
        return last is not None

    # --- the selected message

    def select_message(self) -> None:
        """Select the lowest message in view, or the one before the selected one."""
        if self.mode is None:
            self._panes.messages.select_next(-1)
            self.composer.focus()  # its keys are those of the selected message
            self._show_mode()

    def ask_to_delete(self, seq: int) -> None:
        """Delete this message if the person says once more that it shall be. Raises `ClientError`."""
        if self._panes.current is not None:
            self._client.changes.check_delete(self._panes.current, seq)
        self.cancel()
        self._panes.messages.select_message(seq)
        self.composer.focus()
        self._ask()

    def click_message(self, seq: int) -> None:
        """Select a message that was clicked, or clear the selection by clicking again."""
        if self.mode is not None or time.monotonic() - self._focused_at < CLICK_SECONDS:
            return
        again = seq == self._panes.messages.selected
        self.cancel()
        if not again:
            self._panes.messages.select_message(seq)
            self.composer.focus()
        self._show_mode()

    def check_selected(self) -> None:
        """Let go of a message that was deleted meanwhile."""
        selected = self._panes.messages.selected
        if self.mode is None and selected is not None and self._event(selected) is None:
            self._forget()

    def _first(self, event: events.Key) -> bool:
        """Take a key before the composer gets it; whether it is done with."""
        if self._command_begun and not self.composer.text and self._command is None:
            self._command_begun = False  # the slash was taken back
        selected = self._panes.messages.selected is not None
        if self.mode is None and selected and not self._command_begun:
            return self._act_on_message(event)
        name = self._keys.command_at(event.key)
        if name == "escape" and not self.composer.offering:
            busy = self.mode is not None or selected
            self.cancel()
            return busy
        if name == "select_up" and self.composer.cursor_at_first_line:
            self.select_message()
            return True
        mode = self.mode
        if name == "input_previous" and mode is not None and mode.by_up and self.composer.text == mode.given:
            self.cancel()  # an earlier line is wanted
            self._past = event.key == "up"  # for that one the composer asks `_edit_last` first
        return False

    def _act_on_message(self, event: events.Key) -> bool:
        name = self._keys.on_message(event.key)
        if self._asking:
            self._asking = False
            if name == "delete":
                self._attempt(self._delete)
            self._show_mode()
            return True
        if name:
            self._attempt(lambda: self._do_to_message(name))
            return True
        if event.character == "/" and not self.composer.text:
            self._command_begun = True
        elif event.is_printable or event.key in ("backspace", "tab"):
            self.cancel()
        return False

    def _do_to_message(self, name: str) -> None:
        selected = self._panes.messages.selected or 0
        match name:
            case "message_up":
                self._step(-1)
            case "message_down":
                self._step(1)
            case "deselect":
                self.cancel()
            case "delete":
                self._ask()
            case "copy":
                about = self._event(selected)
                self.cancel()
                if about is not None:
                    self.app.copy_to_clipboard(about.text)
            case "edit" | "reply" | "react":
                self.begin(name, selected)

    def _attempt(self, act: Callable[[], None]) -> None:
        try:
            act()
        except ClientError as error:
            self.cancel()
            self._panes.complain(str(error))

    def _step(self, step: int) -> None:
        if self._panes.messages.select_next(step) is None and step > 0:
            self.cancel()  # below the newest is the composer
        self._show_mode()

    def _ask(self) -> None:
        room, seq = self._panes.current, self._panes.messages.selected
        if room is not None and seq is not None:
            self._client.changes.check_delete(room, seq)
            self._asking = True
            self._show_mode()

    def _delete(self) -> None:
        room, seq = self._panes.current, self._panes.messages.selected
        self.cancel()
        if room is not None and seq is not None:
            self._client.changes.delete(room, seq)

    # --- what is being done, for the person to see

    def _event(self, seq: int | None) -> RoomEvent | None:
        room = self._panes.current
        return message(room, seq) if room is not None and seq is not None else None

    def _show_mode(self) -> None:
        """Say above the composer what is being written, and in the status line what the keys do.

        A click must not move what stands in the log, so what is only selected has no line of its own.
        """
        mode, text = self.mode, ""
        if mode is not None:
            timeline = self._panes.timeline
            row = timeline.message(mode.seq)
            text = describe(mode, self._event(mode.seq), timeline.clock(row) if row is not None else "")
        line = self.query_one("#mode", Static)
        line.display = bool(text)
        line.update(Content(text))
        selected = self._event(self._panes.messages.selected) if mode is None else None
        keys = self._keys_on(selected) if selected is not None else ""
        self.post_message(self.KeysChanged(keys).set_sender(self))
        redraw_soon(self)

    def _keys_on(self, selected: RoomEvent) -> str:
        if self._asking:
            key = self._keys.first_on_message("delete")
            return f"Delete this message for good? {key} deletes it, any other key cancels"
        names = ["reply", "react", "copy", "deselect"]
        room = self._panes.current
        if room is not None and self._client.changes.may_delete(room, selected):
            names.insert(2, "delete")
        if room is not None and selected.user == room.me:
            names.insert(0, "edit")
        keys = ((self._keys.first_on_message(name), name) for name in names)
        return "  ".join(key if name == "deselect" else f"{key} {name}" for key, name in keys if key)
